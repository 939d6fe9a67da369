//! Vectors: purse transactions (self-computed with an independent library, keys arbitrary), and published ones for DES,
//! 3DES (NIST CAVP), SM3 and SM4 (GM/T examples), CBC-MAC (GB/T 15852.1), SM2 (GB/T 32918.5).

use tongka_base::Algorithm::{self, Sm4, Tdes};
use tongka_crypto::*;

fn h<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn up(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

const ISSUER: &str = "02002900FFFFFFFF";
const CARD: &str = "4290000000012345";

fn card_key(algorithm: Algorithm, master: &str) -> Key16 {
    diversify_levels(algorithm, &Key16::new(h(master)), &[h(ISSUER), h(CARD)])
}

const GPK: &str = "11223344556677888877665544332211";
const GLK: &str = "A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8";
const GTK: &str = "C0C1C2C3C4C5C6C7D0D1D2D3D4D5D6D7";
const GMK: &str = "E0E1E2E3E4E5E6E7F0F1F2F3F4F5F6F7";
const GUK: &str = "20212223242526273031323334353637";
const GOK: &str = "50515253545556576061626364656667";

#[test]
fn v1_two_level_diversification() {
    let cases = [
        (Tdes, GPK, "88C375F460B0A52D0D5CA811892AC3CF", "766C8F1DE0E9881D45C136D5368846AE"),
        (Tdes, GLK, "C138C7FFC91A1D27FB82DB378349ED8F", "D75F9E6E90C7BCC98908DF0482E522EF"),
        (Tdes, GTK, "0CDAE4DFD69FD38E8AAB913B715A5FF9", "103FCCB43F66C475C4718468FF56CB80"),
        (Tdes, GMK, "C0366831BD68F5E64242E2EF5D7A7713", "2EB69E7B30DD24253DE0EA41DC32CFAB"),
        (Tdes, GUK, "FEB16687C99805FC4D0FD3784ED46C9E", "A7839D6BAE8A99629950CF01EC1132F3"),
        (Tdes, GOK, "A2124545C77D259959BC59D9C99180E2", "B9287436538D7855EC72A8410B6A3C5D"),
        (Sm4, GPK, "322749E26BD19C6D058FD074D7716A19", "24FC66A1A840C52CACB4ED95E64AB3B9"),
        (Sm4, GLK, "3EDE690B6FB4AB80A6BA58442F7EDB71", "A462EF9840A76310D1E69FC3CE4A03A4"),
        (Sm4, GTK, "00E85D9AC66F9C1417DA9864AC886D6C", "1D34EE7F79A2B3018B815E1BB4D13C0A"),
        (Sm4, GMK, "07CDB3FCD1DDD4E7D70554F6B1B62DCA", "1FE9521C0AB0909D30C04DDF520798FC"),
        (Sm4, GUK, "F2E9D223808D76A3DE5E4465A27342BB", "3C973BD6196284C23C96255B81E0F6BB"),
        (Sm4, GOK, "C2B8B15AC31819BDDE790677176C1219", "343BC864969DB95A0E6D2005C6E598D9"),
    ];
    for (algorithm, master, issuer, card) in cases {
        assert_eq!(up(&diversify(algorithm, &h(master), &h(ISSUER))), issuer);
        assert_eq!(up(card_key(algorithm, master).bytes()), card);
    }
}

#[test]
fn v2_v3_purchase_and_compound_purchase() {
    let cases = [
        (Tdes, 0x06, "CCF13639D81B2E15", "989F1A9E", "F864AC5C", "E0A0D839"),
        (Tdes, 0x09, "CCF13639D81B2E15", "70E3E4B1", "F864AC5C", "3DE06E64"),
        (Sm4, 0x06, "CB7100B386B62801842BA47E19DF5004", "07067D26", "66E1612C", "50E081FB"),
        (Sm4, 0x09, "CB7100B386B62801842BA47E19DF5004", "2D504BA7", "66E1612C", "033A253D"),
    ];
    for (algorithm, tti, session, mac1, mac2, tac) in cases {
        let input = SessionInput { random: h("5A6B7C8D"), counter: h("0123"), tail: h("0A17") };
        let key = session_key(algorithm, &card_key(algorithm, GPK), input, Sm4SessionPadding::Pad80);
        let fields = PurchaseFields {
            amount: 200,
            tti,
            terminal: h("112233445566"),
            terminal_txn: h("00000A17"),
            date: h("20250131"),
            time: h("083015"),
        };
        assert_eq!(up(key.bytes()), session);
        assert_eq!(up(&purchase_mac1(&key, &fields)), mac1);
        assert_eq!(up(&purchase_mac2(&key, &fields)), mac2);
        let tac_key = card_key(algorithm, GTK);
        assert_eq!(up(&purchase_tac(algorithm, &tac_key, &fields)), tac);
        let data = tac_data(200, tti, h("112233445566"), 0xA17, h("20250131"), h("083015"));
        assert_eq!(up(&tac_purchase(algorithm, tac_key.bytes(), &data)), tac);
        for kernel in Kernel::available(algorithm) {
            let issuer = diversify(algorithm, &h(GTK), &h(ISSUER));
            let record = TacInput { issuer_key: 0, card_factor: h(CARD), data };
            let mut out = [[0; 4]; 3];
            tac_batch_with(kernel, algorithm, &[issuer], &[record; 3], &mut out);
            assert_eq!(out.map(|t| up(&t)), [tac; 3], "{kernel:?}");
        }
    }
}

#[test]
fn v4_load() {
    for (algorithm, session, mac1, mac2, tac) in [
        (Tdes, "8C9DE275BA0A6DFA", "263E5B32", "F64C119A", "1BFF898D"),
        (Sm4, "089D3745AE97226855475BCA28F3395E", "5F3F7E64", "7F4EA2CD", "7A4C2A13"),
    ] {
        let input = SessionInput { random: h("91A2B3C4"), counter: h("0045"), tail: h("8000") };
        let key = session_key(algorithm, &card_key(algorithm, GLK), input, Sm4SessionPadding::Pad80);
        let fields = LoadFields {
            old_balance: 1000,
            online_counter: 0x45,
            amount: 5000,
            tti: 2,
            terminal: h("310000000001"),
            date: h("20250201"),
            time: h("101112"),
        };
        assert_eq!(up(key.bytes()), session);
        assert_eq!(up(&load_mac1(&key, &fields)), mac1);
        assert_eq!(up(&load_mac2(&key, &fields)), mac2);
        assert_eq!(load_tac(algorithm, &card_key(algorithm, GTK), &fields).map(|t| up(&t)).as_deref(), Some(tac));
        assert_eq!(load_tac(algorithm, &card_key(algorithm, GTK), &LoadFields { amount: u32::MAX, ..fields }), None);
    }
}

#[test]
fn v5_secure_messaging() {
    for (algorithm, update, block) in [(Tdes, "AB74759E", "CD5BB672"), (Sm4, "0B04FFFD", "E4AEF531")] {
        let key = card_key(algorithm, GMK);
        let mac =
            |command: &str| up(&secure_mac(algorithm, key.bytes(), &h("4156B52B"), &hex::decode(command).unwrap()));
        assert_eq!(mac("04D695180820351231"), update);
        assert_eq!(mac("841E000004"), block);
    }
}

#[test]
fn v6_unload_and_overdraft() {
    let input = SessionInput { random: h("91A2B3C4"), counter: h("0045"), tail: h("8000") };
    let key = session_key(Tdes, &card_key(Tdes, GUK), input, Sm4SessionPadding::Pad80);
    let fields = UnloadFields {
        old_balance: 6000,
        online_counter: 0x45,
        amount: 1000,
        tti: 3,
        terminal: h("310000000001"),
        date: h("20250201"),
        time: h("101112"),
    };
    assert_eq!(up(key.bytes()), "FA8A2DAFA42531E8");
    assert_eq!(up(&unload_mac1(&key, &fields)), "CB2D69BD");
    assert_eq!(up(&unload_mac2(&key, &fields)), "29F45304");
    assert_eq!(unload_mac3(&key, &fields).map(|m| up(&m)).as_deref(), Some("1DB29203"));
    assert_eq!(unload_mac3(&key, &UnloadFields { amount: 6001, ..fields }), None);

    let key = session_key(Tdes, &card_key(Tdes, GOK), input, Sm4SessionPadding::Pad80);
    let fields = OverdraftFields {
        balance: 6000,
        online_counter: 0x45,
        old_limit: h("000000"),
        new_limit: h("000320"),
        tti: 7,
        terminal: h("310000000001"),
        date: h("20250201"),
        time: h("101112"),
    };
    assert_eq!(up(key.bytes()), "11C67E89B32FB94D");
    assert_eq!(up(&overdraft_mac1(&key, &fields)), "BDCC6682");
    assert_eq!(up(&overdraft_mac2(&key, &fields)), "19267BBC");
    assert_eq!(up(&overdraft_tac(Tdes, &card_key(Tdes, GTK), &fields)), "BD1DE2E9");
}

#[test]
fn v7_mohurd_two_levels() {
    let factors = [h("2000FF0000000000"), h("0000000090002030")];
    let dpk = diversify_levels(Tdes, &Key16::new(h(GPK)), &factors);
    let dtk = diversify_levels(Tdes, &Key16::new(h(GTK)), &factors);
    assert_eq!(up(dpk.bytes()), "28EFE83CF6306ACE3A87F136AEE5FF69");
    assert_eq!(up(dtk.bytes()), "5FBDED4779BCDC323F0CB1AC4CA82C0B");
    let input = SessionInput { random: h("52B58B73"), counter: h("0005"), tail: h("1A2B") };
    let key = session_key(Tdes, &dpk, input, Sm4SessionPadding::Pad80);
    let fields = PurchaseFields {
        amount: 1,
        tti: 6,
        terminal: h("200000000007"),
        terminal_txn: h("00001A2B"),
        date: h("20110402"),
        time: h("154217"),
    };
    assert_eq!(up(key.bytes()), "FB28F816B0F4DA28");
    assert_eq!(up(&purchase_mac1(&key, &fields)), "8C230C26");
    assert_eq!(up(&purchase_tac(Tdes, &dtk, &fields)), "E80B993B");
}

#[test]
fn check_values_and_key_loading() {
    assert_eq!(up(&kcv(Tdes, &h(GPK))), "491510");
    assert_eq!(up(&kcv(Sm4, &h(GPK))), "8B901D");
    let (transport, key) = (card_key(Tdes, GMK), card_key(Tdes, GPK));
    let cipher = wrap_key(Tdes, transport.bytes(), h("3E0100"), key.bytes());
    assert_eq!(up(&cipher), "ED2919F0BDF2BDFB00E8B0D1229A118409D35739341FABAE");
    let command = [&h::<5>("84D401001C")[..], &cipher].concat();
    assert_eq!(up(&secure_mac(Tdes, transport.bytes(), &h("4156B52B"), &command)), "457741D8");
    assert!(!format!("{key:?}").contains("76"), "a key never shows");
}

#[test]
fn published_des_and_3des() {
    assert_eq!(up(&des_encrypt(&h("0123456789ABCDEF"), &h("4E6F772069732074"))), "3FA40E8A984D4815");
    // NIST CAVP, TECBMMT2: two-key triple DES, block by block.
    let cases = [
        ("ad192fd064b5579e7a4fb3c8f794f22a", "13bad542f3652d67", "908e543cf2cb254f"),
        ("259df16e7af804fe83b90e9bf7c7e557", "a4619c433bbd6787", "9e06de155c483c6b"),
        ("259df16e7af804fe83b90e9bf7c7e557", "c07c81728f9ac9fa", "cfd834dbc8bd5830"),
    ];
    for (key, plain, cipher) in cases {
        assert_eq!(hex::encode(tdes_encrypt(&h(key), &h(plain))), cipher);
        assert_eq!(hex::encode(tdes_decrypt(&h(key), &h(cipher))), plain);
    }
}

#[test]
fn published_sm3_sm4_and_cbc_mac() {
    let digests = [
        ("", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
        ("61", "623476ac18f65a2909e43c7fec61b49c7e764a91a18ccb82f1917a29c86c5e88"),
        ("616263", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    ];
    for (message, digest) in digests {
        assert_eq!(hex::encode(sm3(&hex::decode(message).unwrap())), digest);
    }
    assert_eq!(
        hex::encode(sm3(&b"abcd".repeat(16))),
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    );
    let key = "0123456789abcdeffedcba9876543210";
    assert_eq!(hex::encode(sm4_encrypt(&h(key), &h(key))), "681edf34d206965e86b3e94f536e4246");
    // GB/T 15852.1 Appendix B, padding with a one bit and zeros.
    let macs = [
        ("", "8c338e5a27e349beae39214feda97099"),
        ("54686973206973207468652074657374206d65737361676520666f72206d6163", "4b6553af3c4e27448412315ac7849535"),
        ("54686973206973207468652074657374206d65737361676520", "421ad1690aa152e2846fa2a5d83445a9"),
    ];
    for (message, tag) in macs {
        assert_eq!(hex::encode(mac_sm4(&h(key), [0; 16], &hex::decode(message).unwrap())), tag);
    }
}

#[test]
fn published_sm2_signature_and_refusals() {
    let private = h("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8");
    let public: [u8; 65] = h("04\
        09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
        CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13");
    assert_eq!(sm2_public_key(&private), Some(public));
    let der = hex::decode(
        "3046022100F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3\
         022100B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
    )
    .unwrap();
    assert!(sm2_verify(&public, b"message digest", &der));
    assert!(!sm2_verify(&public, b"message digesT", &der));
    let own = sm2_sign(&private, b"a file").unwrap();
    let mut pieces = Sm2Verifier::new(&public).unwrap();
    pieces.update(b"a ");
    pieces.update(b"file");
    assert!(pieces.verify(&own));
    let mut signer = Sm2Signer::new(&private).unwrap();
    signer.update(b"a ");
    signer.update(b"file");
    assert!(sm2_verify(&public, b"a file", &signer.sign()) && Sm2Signer::new(&[0; 32]).is_none());
    // No input makes it panic; every single-bit change is refused.
    for bit in 0..der.len() * 8 {
        let mut bent = der.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        assert!(!sm2_verify(&public, b"message digest", &bent), "bit {bit}");
    }
    for length in 0..der.len() {
        assert!(!sm2_verify(&public, b"message digest", &der[..length]));
    }
    assert!(Sm2Verifier::new(&[4; 65]).is_none() && sm2_public_key(&[0; 32]).is_none());
    assert!(sm2_sign(&[0xFF; 32], b"x").is_none());
}

#[test]
fn external_authentication_and_encrypted_data() {
    let key = h(GPK);
    let challenge = h("0102030405060708");
    assert_eq!(external_authentication(Tdes, &key, &challenge), tdes_encrypt(&key, &challenge));
    let cipher = sm4_encrypt(&key, &h("01020304050607080000000000000000"));
    let folded: [u8; 8] = std::array::from_fn(|i| cipher[i] ^ cipher[i + 8]);
    assert_eq!(external_authentication(Sm4, &key, &challenge), folded);
    // Seven bytes and their length fill a block: no padding is added.
    assert_eq!(secure_encrypt(Tdes, &key, &[1; 7]).unwrap().len(), 8);
    assert_eq!(secure_encrypt(Tdes, &key, &[1; 8]).unwrap().len(), 16);
    assert_eq!(secure_encrypt(Sm4, &key, &[1; 256]), None);
}
