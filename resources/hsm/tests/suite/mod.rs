//! The contract, as a function over a device.
#![allow(unreachable_pub, dead_code)] // each test binary uses its part

use tongka_base::Algorithm::{self, Sm4, Tdes};
use tongka_crypto::{Key16, SessionInput, Sm4SessionPadding, TacInput, sm2_verify, tac_purchase};
use tongka_hsm::{Component, Hsm, HsmCode, KeyBlock, KeyRef, KeySpec, Session, Usage};

/// What a device can do.
#[derive(Clone, Copy)]
pub struct Abilities {
    /// Algorithms of symmetric keys.
    pub algorithms: &'static [Algorithm],
    /// Whether it signs.
    pub sm2: bool,
    /// Whether it makes the MAC of a file.
    pub file_mac: bool,
}

impl Abilities {
    /// Everything.
    pub const ALL: Self = Self { algorithms: &[Tdes, Sm4], sm2: true, file_mac: true };
}

/// Test masters: purchase, load, TAC, maintenance, unload and overdraft keys.
pub const MASTERS: [(Usage, &str); 4] = [
    (Usage::Purchase, "11223344556677888877665544332211"),
    (Usage::Load, "A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8"),
    (Usage::Tac, "C0C1C2C3C4C5C6C7D0D1D2D3D4D5D6D7"),
    (Usage::AppMaintenance, "E0E1E2E3E4E5E6E7F0F1F2F3F4F5F6F7"),
];

const ISSUER: [u8; 8] = [0x02, 0x00, 0x29, 0x00, 0xFF, 0xFF, 0xFF, 0xFF];
const CARD: [u8; 8] = [0x42, 0x90, 0x00, 0x00, 0x00, 0x01, 0x23, 0x45];

pub fn spec(name: &str, usage: Usage, algorithm: Algorithm) -> KeySpec {
    KeySpec { name: name.to_owned(), usage, algorithm, version: 1, index: 1 }
}

fn bytes(hex_text: &str) -> Vec<u8> {
    hex::decode(hex_text).unwrap()
}

fn key(hex_text: &str) -> Key16 {
    Key16::new(bytes(hex_text).try_into().unwrap())
}

/// Components that make a key: all but the last are arbitrary.
fn components(algorithm: Algorithm, value: &str, count: u8) -> Vec<Component> {
    let mut rest: [u8; 16] = bytes(value).try_into().unwrap();
    let mut parts: Vec<[u8; 16]> =
        (1..count).map(|n| std::array::from_fn(|i| (i as u8).wrapping_mul(37) ^ n.wrapping_mul(91))).collect();
    for part in &parts {
        rest.iter_mut().zip(part).for_each(|(r, p)| *r ^= p);
    }
    parts.push(rest);
    let component =
        |value: [u8; 16]| Component { kcv: tongka_crypto::kcv(algorithm, &value), value: Key16::new(value) };
    parts.into_iter().map(component).collect()
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, tongka_hsm::HsmError>, code: HsmCode) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code, code, "{error}");
    for (_, value) in MASTERS {
        assert!(!error.to_string().to_uppercase().contains(&value[..8]), "an error shows a key");
    }
}

fn name(usage: Usage, algorithm: Algorithm) -> String {
    format!("national.{}.{}", usage.code().to_lowercase(), if algorithm == Sm4 { "sm4" } else { "3des" })
}

/// Runs the contract. `console` is where components can be entered; its keys are those of `hsm`.
pub fn run(console: &dyn Hsm, hsm: &dyn Hsm, abilities: Abilities) {
    hsm.check().unwrap();
    assert!(!hsm.info().model.is_empty());
    for algorithm in abilities.algorithms {
        ceremony(console, hsm, *algorithm);
        vectors(hsm, *algorithm);
        batches(hsm, *algorithm);
        blocks(console, hsm, *algorithm, abilities.file_mac);
        purposes(hsm, *algorithm);
    }
    if abilities.sm2 {
        signatures(hsm);
    }
}

fn ceremony(console: &dyn Hsm, hsm: &dyn Hsm, algorithm: Algorithm) {
    for (n, (usage, value)) in MASTERS.iter().enumerate() {
        let spec = spec(&name(*usage, algorithm), *usage, algorithm);
        let parts = components(algorithm, value, 2 + n as u8);
        let expected = tongka_crypto::kcv(algorithm, key(value).bytes());
        let info = console.import_components(&spec, &parts, Some(expected)).unwrap();
        assert_eq!((info.kcv, &info.spec), (expected, &spec));
        refused(console.import_components(&spec, &parts, None), HsmCode::Exists);
    }
    let value = MASTERS[0].1;
    let new = spec("never", Usage::Purchase, algorithm);
    refused(console.import_components(&new, &components(algorithm, value, 1), None), HsmCode::Components);
    refused(console.import_components(&new, &components(algorithm, value, 6), None), HsmCode::Components);
    let mut twice = components(algorithm, value, 3);
    twice[2] = Component { value: twice[0].value.clone(), kcv: twice[0].kcv };
    refused(console.import_components(&new, &twice, None), HsmCode::Components);
    let mut wrong = components(algorithm, value, 3);
    wrong[1].kcv[0] ^= 1;
    refused(console.import_components(&new, &wrong, None), HsmCode::Kcv);
    refused(console.import_components(&new, &components(algorithm, value, 2), Some([0; 3])), HsmCode::Kcv);
    for bad in ["", "Upper", "with space", &"x".repeat(49)] {
        refused(
            console.import_components(&spec(bad, Usage::Load, algorithm), &components(algorithm, value, 2), None),
            HsmCode::Value,
        );
        refused(hsm.generate(&spec(bad, Usage::Load, algorithm)), HsmCode::Value);
    }
    let names: Vec<String> = hsm.keys().unwrap().into_iter().map(|k| k.spec.name).collect();
    assert!(!names.contains(&"never".to_owned()), "nothing half-done: {names:?}");
    let kcv = if algorithm == Tdes { "491510" } else { "8B901D" };
    assert_eq!(hsm.kcv(KeyRef::stored(&name(Usage::Purchase, algorithm))).unwrap(), *bytes(kcv));
}

/// Published values of one purchase, load, command under secure messaging and key-load encryption.
fn vectors(hsm: &dyn Hsm, algorithm: Algorithm) {
    let tdes = algorithm == Tdes;
    let pick = |of_tdes: &str, of_sm4: &str| bytes(if tdes { of_tdes } else { of_sm4 });
    let factors = [ISSUER, CARD];
    let of = |usage| name(usage, algorithm);
    let (purchase, load, tac, maintenance) =
        (of(Usage::Purchase), of(Usage::Load), of(Usage::Tac), of(Usage::AppMaintenance));
    let card = |name| KeyRef { name, factors: &factors };
    let session = |random: &str, counter: &str, tail: &str| Session {
        input: SessionInput {
            random: bytes(random).try_into().unwrap(),
            counter: bytes(counter).try_into().unwrap(),
            tail: bytes(tail).try_into().unwrap(),
        },
        padding: Sm4SessionPadding::Pad80,
    };
    let data = bytes("000000C80611223344556620250131083015");
    let mac1 = hsm.session_mac(card(&purchase), session("5A6B7C8D", "0123", "0A17"), &data).unwrap();
    assert_eq!(mac1, *pick("989F1A9E", "07067D26"));
    let data = bytes("000000C80611223344556600000A1720250131083015");
    let right: [u8; 4] = pick("E0A0D839", "50E081FB").try_into().unwrap();
    assert_eq!(hsm.tac(card(&tac), &data).unwrap(), right);
    hsm.verify_tac(card(&tac), &data, right).unwrap();
    refused(hsm.verify_tac(card(&tac), &data, [right[0], right[1], right[2], right[3] ^ 1]), HsmCode::Mac);
    refused(hsm.verify_tac(card(&load), &data, right), HsmCode::WrongUsage);
    let at = session("5A6B7C8D", "0123", "0A17");
    let mac1_data = bytes("000000C80611223344556620250131083015");
    hsm.verify_session_mac(card(&purchase), at, &mac1_data, mac1).unwrap();
    refused(hsm.verify_session_mac(card(&purchase), at, &mac1_data, [0; 4]), HsmCode::Mac);

    let at = session("91A2B3C4", "0045", "8000");
    let (mac1_data, mac2_data) =
        (bytes("000003E80000138802310000000001"), bytes("000013880231000000000120250201101112"));
    let mac1: [u8; 4] = pick("263E5B32", "5F3F7E64").try_into().unwrap();
    let mac2 = hsm.authorise(card(&load), at, &mac1_data, mac1, &mac2_data).unwrap();
    assert_eq!(mac2, *pick("F64C119A", "7F4EA2CD"));
    let wrong = [mac1[0] ^ 1, mac1[1], mac1[2], mac1[3]];
    refused(hsm.authorise(card(&load), at, &mac1_data, wrong, &mac2_data), HsmCode::Mac);

    let challenge = [0x41, 0x56, 0xB5, 0x2B];
    let mac = hsm.secure_mac(card(&maintenance), &challenge, &bytes("04D695180820351231")).unwrap();
    assert_eq!(mac, *pick("AB74759E", "0B04FFFD"));

    // A city's key, stored: what is diversified from it is what is diversified over both levels.
    let city = spec(&format!("city.dtk.{}", tcp_letter(algorithm)), Usage::Tac, algorithm);
    let info = hsm.derive(KeyRef { name: &tac, factors: &[ISSUER] }, &city).unwrap();
    assert_eq!(info.kcv, hsm.kcv(KeyRef { name: &tac, factors: &[ISSUER] }).unwrap());
    assert_eq!(hsm.tac(KeyRef { name: &city.name, factors: &[CARD] }, &data).unwrap(), *pick("E0A0D839", "50E081FB"));
    refused(hsm.derive(KeyRef { name: &tac, factors: &[ISSUER] }, &city), HsmCode::Exists);
    let other = spec("city.other", Usage::Load, algorithm);
    refused(hsm.derive(KeyRef { name: &tac, factors: &[ISSUER] }, &other), HsmCode::WrongUsage);
    let other = spec("city.other", Usage::Tac, if tdes { Sm4 } else { Tdes });
    refused(hsm.derive(KeyRef { name: &tac, factors: &[ISSUER] }, &other), HsmCode::WrongAlgorithm);
    refused(hsm.kcv(KeyRef { name: &tac, factors: &[ISSUER; 5] }), HsmCode::Value);

    if tdes {
        // A purchase key of a card, under the card's maintenance key as transport key.
        let wrapped = hsm.wrap_card_key(card(&purchase), [0x3E, 1, 0], card(&maintenance)).unwrap();
        let value = tongka_crypto::diversify_levels(Tdes, &key(MASTERS[0].1), &factors);
        let under = tongka_crypto::diversify_levels(Tdes, &key(MASTERS[3].1), &factors);
        assert_eq!(wrapped, tongka_crypto::wrap_key(Tdes, under.bytes(), [0x3E, 1, 0], value.bytes()));
    }
    let plain = b"personalisation data";
    let under = tongka_crypto::diversify_levels(algorithm, &key(MASTERS[3].1), &factors);
    let expected = tongka_crypto::secure_encrypt(algorithm, under.bytes(), plain);
    assert_eq!(Some(hsm.encrypt(card(&maintenance), plain).unwrap()), expected);
    refused(hsm.encrypt(card(&maintenance), &[0; 256]), HsmCode::Value);
}

fn tcp_letter(algorithm: Algorithm) -> &'static str {
    if algorithm == Tdes { "t" } else { "s" }
}

fn batches(hsm: &dyn Hsm, algorithm: Algorithm) {
    let master = name(Usage::Tac, algorithm);
    let cities: Vec<[[u8; 8]; 1]> = (0..3).map(|n| [[n, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]]).collect();
    let issuers: Vec<KeyRef<'_>> = cities.iter().map(|f| KeyRef { name: &master, factors: f }).collect();
    let mut records = Vec::new();
    let mut tacs = Vec::new();
    for n in 0..2500_u32 {
        let record = TacInput {
            issuer_key: n % 3,
            card_factor: u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes(),
            data: std::array::from_fn(|i| (n >> (i % 4 * 8)) as u8),
        };
        let factors = [cities[n as usize % 3][0], record.card_factor];
        let card = tongka_crypto::diversify_levels(algorithm, &key(MASTERS[2].1), &factors);
        tacs.push(tac_purchase(algorithm, card.bytes(), &record.data));
        records.push(record);
    }
    for wrong in [0, 1199, 1200, 2499] {
        tacs[wrong][3] ^= 0x80;
    }
    let mut right = vec![false; records.len()];
    hsm.verify_tacs(&issuers, &records, &tacs, &mut right).unwrap();
    let found: Vec<usize> = (0..right.len()).filter(|i| !right[*i]).collect();
    assert_eq!(found, [0, 1199, 1200, 2499]);
    hsm.verify_tacs(&issuers, &[], &[], &mut []).unwrap();
    refused(hsm.verify_tacs(&issuers, &records, &tacs[1..], &mut right), HsmCode::Value);
    refused(hsm.verify_tacs(&issuers[1..], &records, &tacs, &mut right), HsmCode::Value);
    refused(hsm.verify_tacs(&[], &[], &[], &mut []), HsmCode::Value);
    let load = name(Usage::Load, algorithm);
    refused(hsm.verify_tacs(&[KeyRef::stored(&load)], &records[..1], &tacs[..1], &mut right[..1]), HsmCode::WrongUsage);
}

fn blocks(console: &dyn Hsm, hsm: &dyn Hsm, algorithm: Algorithm, file_mac: bool) {
    let letter = tcp_letter(algorithm);
    let (zmk, other) = (format!("zmk.{letter}"), format!("zmk.other.{letter}"));
    for transport in [&zmk, &other] {
        hsm.generate(&spec(transport, Usage::Transport, algorithm)).unwrap();
    }
    let master = name(Usage::Tac, algorithm);
    let block = hsm.export(KeyRef { name: &master, factors: &[ISSUER] }, &zmk).unwrap();
    let text = String::from_utf8(block.0.clone()).unwrap();
    assert!(text.starts_with("TK1DTK "), "{text}");
    let back = spec(&format!("back.{letter}"), Usage::Tac, algorithm);
    refused(hsm.import(&back, &block, &other), HsmCode::Block);
    let also = |change: &dyn Fn(&mut KeySpec)| {
        let mut spec = back.clone();
        change(&mut spec);
        spec
    };
    refused(hsm.import(&also(&|s| s.usage = Usage::Load), &block, &zmk), HsmCode::WrongUsage);
    let swap = |s: &mut KeySpec| s.algorithm = if algorithm == Tdes { Sm4 } else { Tdes };
    refused(hsm.import(&also(&swap), &block, &zmk), HsmCode::WrongAlgorithm);
    refused(hsm.import(&also(&|s| s.version = 2), &block, &zmk), HsmCode::Value);
    for at in 0..block.0.len() {
        let mut altered = block.0.clone();
        altered[at] ^= 1;
        refused(hsm.import(&back, &KeyBlock(altered), &zmk), HsmCode::Block);
    }
    for length in [0, 1, 18, block.0.len() - 1] {
        refused(hsm.import(&back, &KeyBlock(block.0[..length].to_vec()), &zmk), HsmCode::Block);
    }
    refused(hsm.import(&back, &block, &master), HsmCode::WrongUsage);
    refused(hsm.import(&back, &block, "zmk.none"), HsmCode::NotFound);
    refused(hsm.export(KeyRef::stored("none"), &zmk), HsmCode::NotFound);
    refused(hsm.export(KeyRef::stored(&master), &master), HsmCode::WrongUsage);
    let info = hsm.import(&back, &block, &zmk).unwrap();
    assert_eq!(info.kcv, hsm.kcv(KeyRef { name: &master, factors: &[ISSUER] }).unwrap());
    refused(hsm.import(&back, &block, &zmk), HsmCode::Exists);
    let data = [7; 22];
    let direct = hsm.tac(KeyRef { name: &master, factors: &[ISSUER, CARD] }, &data).unwrap();
    assert_eq!(hsm.tac(KeyRef { name: &back.name, factors: &[CARD] }, &data).unwrap(), direct);
    hsm.destroy(&back.name).unwrap();
    refused(hsm.destroy(&back.name), HsmCode::NotFound);
    // A card key alone under a transport key: what comes out is the card key again.
    let card = KeyRef { name: &master, factors: &[ISSUER, CARD] };
    let known = format!("zmk.known.{letter}");
    let transport = MASTERS[0].1;
    let parts = components(algorithm, transport, 2);
    console.import_components(&spec(&known, Usage::Transport, algorithm), &parts, None).unwrap();
    let alone = hsm.encrypt_card_key(card, &known).unwrap();
    let value = tongka_crypto::diversify_levels(algorithm, &key(MASTERS[2].1), &[ISSUER, CARD]);
    assert!(tongka_crypto::decrypt_key(algorithm, key(transport).bytes(), &alone).bytes() == value.bytes());
    refused(hsm.encrypt_card_key(card, &master), HsmCode::WrongUsage);
    refused(hsm.encrypt_card_key(card, "none"), HsmCode::NotFound);
    refused(hsm.tac(KeyRef { name: &back.name, factors: &[CARD] }, &data), HsmCode::NotFound);

    if !file_mac {
        return;
    }
    let zak = spec(&format!("zak.{letter}"), Usage::FileMac, algorithm);
    hsm.generate(&zak).unwrap();
    let (one, two) = (hsm.file_mac(&zak.name, b"a file").unwrap(), hsm.file_mac(&zak.name, b"a filf").unwrap());
    assert_eq!((one.len(), one != two), (if algorithm == Tdes { 8 } else { 16 }, true));
    hsm.verify_file_mac(&zak.name, b"a file", &one).unwrap();
    refused(hsm.verify_file_mac(&zak.name, b"a file", &two), HsmCode::Mac);
    refused(hsm.verify_file_mac(&zak.name, b"a file", &one[..4]), HsmCode::Mac);
    refused(hsm.encrypt_card_key(KeyRef::stored(&zak.name), &known), HsmCode::WrongUsage);
}

/// A key does only what it is for.
fn purposes(hsm: &dyn Hsm, algorithm: Algorithm) {
    let of = |usage| name(usage, algorithm);
    let factors = [ISSUER, CARD];
    let session = Session {
        input: SessionInput { random: [1; 4], counter: [2; 2], tail: [3; 2] },
        padding: Sm4SessionPadding::Pad80,
    };
    for (usage, _) in MASTERS {
        let name = of(usage);
        let key = KeyRef { name: &name, factors: &factors };
        let allowed = [
            (hsm.tac(key, &[0; 22]).map(drop), usage == Usage::Tac),
            (hsm.session_mac(key, session, &[0; 4]).map(drop), [Usage::Purchase, Usage::Load].contains(&usage)),
            (hsm.secure_mac(key, &[0; 4], &[0; 5]).map(drop), usage == Usage::AppMaintenance),
            (hsm.encrypt(key, &[0; 8]).map(drop), usage == Usage::AppMaintenance),
            (hsm.file_mac(&name, &[0; 8]).map(drop), false),
            (hsm.sm2_public(&name).map(drop), false),
            (hsm.sm2_sign(&name, &[0; 8]).map(drop), false),
        ];
        for (outcome, allowed) in allowed {
            if allowed {
                outcome.unwrap();
            } else {
                refused(outcome, HsmCode::WrongUsage);
            }
        }
        if usage != Usage::Load {
            refused(hsm.authorise(key, session, &[0; 4], [0; 4], &[0; 4]), HsmCode::WrongUsage);
        }
    }
    refused(hsm.tac(KeyRef::stored("none"), &[0; 22]), HsmCode::NotFound);
}

fn signatures(hsm: &dyn Hsm) {
    let info = hsm.generate(&spec("signer", Usage::Sign, Sm4)).unwrap();
    assert_eq!(info.kcv, hsm.kcv(KeyRef::stored("signer")).unwrap());
    let public = hsm.sm2_public("signer").unwrap();
    let signature = hsm.sm2_sign("signer", b"a statement").unwrap();
    assert!(sm2_verify(&public, b"a statement", &signature));
    assert!(!sm2_verify(&public, b"A statement", &signature));
    refused(hsm.tac(KeyRef::stored("signer"), &[0; 22]), HsmCode::WrongUsage);
    refused(hsm.kcv(KeyRef { name: "signer", factors: &[CARD] }), HsmCode::WrongUsage);
    hsm.generate(&spec("zmk.sign", Usage::Transport, Sm4)).unwrap();
    let block = hsm.export(KeyRef::stored("signer"), "zmk.sign").unwrap();
    let moved = spec("signer.moved", Usage::Sign, Sm4);
    assert_eq!(hsm.import(&moved, &block, "zmk.sign").unwrap().kcv, info.kcv);
    assert_eq!(hsm.sm2_public("signer.moved").unwrap(), public);
}
