//! Card data: profiles, the ministry's fifteen keys, files of a product; patterns; the keys of interoperable records on
//! the card and in the PSAM; event logs.

mod common;

use common::*;
use tongka_base::Algorithm::{self, Sm4, Tdes};
use tongka_base::CardScheme::TUnion;
use tongka_card::apdu::build::{self, Secure};
use tongka_card::card::{Directory, TUNION_AID};
use tongka_card::data::{key_header, parse, sealed_entry};
use tongka_card::events::{self, Event};
use tongka_card::files::PublicInfo;
use tongka_card::personalise::personalise;
use tongka_card::profile::{Keys, Profile};
use tongka_card::*;
use tongka_crypto::*;

const TRANSPORT: [u8; 16] = *b"transport key 01";

fn info() -> PublicInfo {
    PublicInfo {
        issuer: issuer(TUnion),
        enabled: 0,
        version: 1,
        serial: serial(TUnion),
        start: h("20250101"),
        expiry: h("20351231"),
        issuer_data: [0; 2],
    }
}

/// The key of a slot in a test: by group and place.
fn value(dgi: u16, at: usize) -> [u8; 16] {
    std::array::from_fn(|i| (dgi as u8) ^ (at as u8).wrapping_mul(29) ^ (i as u8).wrapping_mul(7))
}

/// One card in the ministry's layout, under an SM4 or 3DES transport key.
fn ministry(profile: &Profile, under: Algorithm) -> Vec<(u16, Vec<u8>)> {
    let Keys::Groups(groups) = &profile.keys else { panic!("keys in slots") };
    let mut dgis = vec![(0xB001, info().encode().to_vec()), (0xBF01, h::<7>("0001869F000064").to_vec())];
    dgis.push((0xBF02, kcv(under, &TRANSPORT).to_vec()));
    for group in groups {
        let entry = |(at, slot)| {
            let cipher = encrypt_key(under, &TRANSPORT, &value(group.dgi, at));
            [&profile.header(slot, group.algorithm, 1)[..], &cipher].concat()
        };
        dgis.push((group.dgi, group.slots.iter().enumerate().flat_map(entry).collect()));
    }
    dgis
}

fn file(profile: &Profile, dgis: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let part = profile.card_part(1, dgis);
    let names: Vec<u16> = dgis.iter().map(|(dgi, _)| *dgi).collect();
    [profile.head(b'T', &names, (1, 7, 2), part.len() as u64), part].concat()
}

#[test]
fn the_ministrys_layout_is_fifteen_entries_of_nineteen_bytes_and_a_second_load_key() {
    let profile = Profile::tunion();
    for under in [Tdes, Sm4] {
        let dgis = ministry(&profile, under);
        let of = |dgi: u16| dgis.iter().find(|(d, _)| *d == dgi).unwrap().1.clone();
        assert_eq!([0xB0A0, 0xB1A0, 0xB005, 0xB1A5].map(|dgi| of(dgi).len()), [285, 285, 19, 19]);
        let bytes = file(&profile, &dgis);
        // As the layout is published: information, name of the form, total length, number of DGIs and their names.
        assert_eq!(up(&bytes[..12]), "015400000001000000070002");
        assert_eq!((bytes[12], &bytes[13..29]), (16, &b"TONGKA-TUnionDGP"[..]));
        assert_eq!(up(&bytes[37..41]), "00000007");
        assert_eq!(&bytes[41..47], b"\x00\x04B001");
        // 86, the length of DGI, length and 285 bytes: 82 and two bytes.
        let at = bytes.windows(8).position(|w| w == h::<8>("86820122B0A08201")).unwrap();
        assert_eq!(up(&bytes[at + 9..at + 12]), "300100", "the first entry's header");

        let read = parse(&bytes, &Profile::known()).unwrap();
        assert_eq!((read.order, read.part, read.cards.len(), read.scheme().unwrap()), (7, 2, 1, TUnion));
        let image = read.cards[0].image(TUnion, (under, &Key16::new(TRANSPORT))).unwrap();
        assert_eq!((image.keys.len(), image.max_balance, image.ep.overdraft, image.algorithm), (32, 99_999, 100, Sm4));
        let of_card = |usage, index, algorithm: Algorithm| {
            let key = image.keys.iter().find(|k| (k.usage, k.index, k.algorithm) == (usage, index, algorithm)).unwrap();
            *key.key.bytes()
        };
        for (usage, index, at) in [
            (KeyUsage::CardMaster, 0, 0),
            (KeyUsage::CardMaintenance, 1, 1),
            (KeyUsage::AppMaster, 0, 2),
            (KeyUsage::Maintenance, 1, 3),
            (KeyUsage::Purchase, 1, 4),
            (KeyUsage::Load, 1, 5),
            (KeyUsage::Tac, 1, 6),
            (KeyUsage::Maintenance, 2, 7),
            (KeyUsage::PinUnblock, 1, 8),
            (KeyUsage::RecordProtect, 2, 9),
            (KeyUsage::RecordProtect, 1, 10),
            (KeyUsage::RecordProtect, 3, 11),
            (KeyUsage::Maintenance, 3, 12),
            (KeyUsage::Reserved, 1, 13),
            (KeyUsage::Reserved, 2, 14),
        ] {
            assert!(of_card(usage, index, Tdes) == value(0xB0A0, at), "{usage:?} {index}");
            assert!(of_card(usage, index, Sm4) == value(0xB1A0, at), "{usage:?} {index}");
        }
        assert!(of_card(KeyUsage::Load, 2, Tdes) == value(0xB005, 0));
        assert!(of_card(KeyUsage::Load, 2, Sm4) == value(0xB1A5, 0));

        // A blank card takes all of them, and its second load key loads.
        let maker = Key16::new([0x17; 16]);
        let mut card = Card::blank(maker.clone(), under, seeded(1));
        personalise(&mut card, &image, &maker, under).unwrap();
        select(&mut card);
        let begin = build::init_for_load(build::Purse::Ep, 0x42, 100, h(HOST));
        let answer: [u8; 16] = ok(&mut card, &begin).try_into().unwrap();
        let input = SessionInput {
            random: answer[8..12].try_into().unwrap(),
            counter: [answer[4], answer[5]],
            tail: [0x80, 0],
        };
        let session = session_key(Tdes, &Key16::new(value(0xB005, 0)), input, Default::default());
        let fields = LoadFields {
            old_balance: 0,
            online_counter: 0,
            amount: 100,
            tti: 2,
            terminal: h(HOST),
            date: [0; 4],
            time: [0; 3],
        };
        assert_eq!(load_mac1(&session, &fields), answer[12..]);

        assert!(read.cards[0].image(TUnion, (under, &Key16::new([1; 16]))).is_err(), "another transport key");
        for change in [0x8000_usize, 18] {
            let mut bad = dgis.clone();
            let keys = &mut bad.iter_mut().find(|(dgi, _)| *dgi == 0xB0A0).unwrap().1;
            if change == 18 {
                keys.truncate(284)
            } else {
                keys[19] ^= 1
            }
            let read = parse(&file(&profile, &bad), &Profile::known()).unwrap();
            assert!(read.cards[0].image(TUnion, (under, &Key16::new(TRANSPORT))).is_err());
        }
    }
}

#[test]
fn what_the_sources_leave_open_is_a_profile() {
    let text = include_str!("../profiles/tunion-dgp.toml");
    for (from, to) in [
        ("name_length = 1", "name_length = 2"),
        ("card_length = 4", "card_length = 2"),
        ("\"ber\"", "\"two-bytes\""),
        ("\"usage\", \"version\", \"algorithm\"", "\"version\", \"algorithm\", \"usage\""),
        ("sm4 = 0x04", "sm4 = 0x01"),
        ("adf-05 = \"B004\"", "adf-05 = \"B009\""),
    ] {
        let other = Profile::parse(&text.replacen(from, to, 1)).unwrap();
        let bytes = file(&other, &ministry(&other, Sm4));
        let mut known = vec![other];
        let read = parse(&bytes, &known).unwrap();
        assert_eq!(read.cards[0].keys((Sm4, &Key16::new(TRANSPORT))).unwrap().len(), 32, "{to}");
        known.clear();
        assert!(parse(&bytes, &known).is_err(), "a form that nobody knows");
    }
    for (from, to) in [
        ("form = ", "farm = "),
        ("name_length = 1", "name_length = 3"),
        ("\"usage\", \"version\", \"algorithm\"", "\"usage\", \"usage\", \"algorithm\""),
        ("adf-15 = \"B001\"", ""),
        ("adf-16", "mf-16x"),
        ("dgi = \"B005\"", "dgi = \"B0A0\""),
        ("dgi = \"B005\"", "dgi = \"BE05\""),
        ("dgi = \"B005\"", "dgi = \"B05\""),
        ("slots = \"load-2\"", "slots = \"load-3\""),
        ("usage = \"tac\"", "usage = \"tic\""),
        ("card_index = 3", "card_index = 64"),
    ] {
        assert!(Profile::parse(&text.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
}

#[test]
fn the_platforms_own_form_carries_indexes_and_files() {
    let profile = Profile::own();
    let sealed = |usage: KeyUsage, index: u8| {
        let header = key_header(usage, 1, Sm4);
        sealed_entry(index, &wrap_key(Sm4, &TRANSPORT, header, &[usage as u8 ^ index; 16]))
    };
    let keys = [sealed(KeyUsage::Load, 1), sealed(KeyUsage::Load, 2), sealed(KeyUsage::Tac, 1)].concat();
    let of = |directory, fid| profile.dgi_of(directory, fid);
    assert_eq!((of(Directory::Adf, 0x17), of(Directory::Mf, 0x05)), ((0xB003, false), (0xBD05, true)));
    let with_rights = |bytes: &[u8]| [&[0, 4][..], bytes].concat();
    let dgis = vec![
        (0xB001, info().encode().to_vec()),
        (0xB1A0, keys),
        (0xB003, vec![0x31; 60]),
        (0xBE05, with_rights(&[0x32; 40])),
        (0xBE08, with_rights(&[0x33; 5])),
        (0xBD05, with_rights(&[0x34; 64])),
    ];
    let read = |dgis: &[(u16, Vec<u8>)]| {
        let parsed = parse(&file(&profile, dgis), &Profile::known()).unwrap();
        parsed.cards[0].image(TUnion, (Sm4, &Key16::new(TRANSPORT)))
    };
    let image = read(&dgis).unwrap();
    assert_eq!(image.keys.iter().map(|k| k.index).collect::<Vec<_>>(), [1, 2, 1]);
    let file_of = |directory, fid| image.files.iter().find(|f| (f.directory, f.fid) == (directory, fid)).unwrap();
    assert_eq!(file_of(Directory::Adf, 0x17).records, [vec![0x31; 60]]);
    assert_eq!(file_of(Directory::Adf, 0x05).size, 40);
    assert_eq!(file_of(Directory::Adf, 0x08).write, card::Access::Never);
    assert_eq!(file_of(Directory::Mf, 0x05).records, [vec![0x34; 64]]);
    for (dgi, content) in
        [(0xB003, vec![0; 59]), (0xBE18, with_rights(&[0; 23])), (0xBE08, vec![0]), (0xBE08, vec![9, 9, 9])]
    {
        let mut bad = dgis.clone();
        bad.retain(|(d, _)| *d != dgi);
        bad.push((dgi, content));
        assert!(read(&bad).is_err(), "{dgi:04X}");
    }
}

#[test]
fn patterns_make_factors_and_files() {
    let fields = Fields::default().issuer(issuer(TUnion)).serial(serial(TUnion)).with("kind", [2]);
    let fill = |text: &str| Pattern::parse(text).and_then(|p| p.fill(&fields)).map(|bytes| up(&bytes));
    for (text, made) in [
        ("{issuer:0..4}FFFFFFFF", "02002900FFFFFFFF"),
        ("{issuer:2..4} FF 00*5", "2900FF0000000000"),
        ("{issuer:0..4}{issuer:0..4}", "0200290002002900"),
        ("{serial:2..10}", "4290000000012345"),
        ("3620800000000000", "3620800000000000"),
        ("00*2{kind}", "000002"),
        ("", ""),
    ] {
        assert_eq!(fill(text).unwrap(), made, "{text}");
        assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
    }
    for bad in ["0", "0G", "{issuer", "{ISSUER}", "{}", "{issuer:4..4}", "{issuer:a..b}", "00*", "00*0", "00*2FF"] {
        assert!(Pattern::parse(bad).is_err(), "{bad}");
    }
    for bad in ["{nothing}", "{issuer:0..9}"] {
        assert!(fill(bad).is_err(), "{bad}");
    }
    let factor = |text: &str| Pattern::parse(text).unwrap().factor(&fields);
    assert_eq!(factor("{serial:2..10}").unwrap(), serial(TUnion).card_factor());
    assert!(factor("{serial}").is_err(), "ten bytes are no factor");
}

/// A terminal of another issuer writes a journey's record with the protection key of its PSAM.
#[test]
fn interoperable_records_are_written_under_their_own_key() {
    for algorithm in [Tdes, Sm4] {
        let mut card = Card::from_image(&image(TUnion, algorithm), seeded(3)).unwrap();
        let mut sam = psam_image();
        sam.keys.push(KeyImage::new(KeyUsage::RecordProtect, algorithm, master(KeyUsage::RecordProtect)));
        let mut psam = Psam::from_image(&sam);
        select(&mut card);
        let challenge: [u8; 4] = ok(&mut card, &build::get_challenge(4)).try_into().unwrap();
        let mut command =
            Command::new(0x04, 0xDC, 1, 0x1A << 3 | 4).data([&[0x1A, 1, 0, 124, 1][..], &[0; 4]].concat());
        let factors = [&serial(TUnion).card_factor()[..], &template(TUnion).factor(issuer(TUnion))].concat();
        let index = if algorithm == Sm4 { 0x81 } else { 0x01 };
        let mut sam_ask = |bytes: Vec<u8>| Response::parse(&psam.transmit(&bytes)).unwrap();
        let init = Command::new(0x80, 0x1A, KeyUsage::RecordProtect as u8, index).data(factors);
        assert!(sam_ask(init.bytes()).status.is_ok());
        // What the MAC is over: the command up to it, the length counting it in.
        let bytes = command.bytes();
        let data = [&challenge[..], &[0; 4], &bytes[..bytes.len() - 4]].concat();
        let mac = sam_ask(Command::new(0x80, 0xFA, 5, 0).data(data).bytes()).data;
        let end = command.data.len() - 4;
        command.data[end..].copy_from_slice(&mac);
        assert!(send(&mut card, &command).status.is_ok());
        assert_eq!(ok(&mut card, &build::read_record(0x1A, 1, 128))[..5], [0x1A, 1, 0, 124, 1]);

        // No other key writes them, and this one writes no other file.
        let under = |usage| (TUnion, algorithm, usage);
        let write = |secure: &Secure<'_>| build::update_record(0x1A, 1, &[0; 8], secure);
        assert_eq!(secured(&mut card, under(KeyUsage::Maintenance), write), StatusWord::SM_MAC);
        assert_eq!(secured(&mut card, under(KeyUsage::RecordProtect), write), StatusWord::OK);
        let write = |secure: &Secure<'_>| build::update_binary(0x16, 0, &[1], secure);
        assert_eq!(secured(&mut card, under(KeyUsage::RecordProtect), write), StatusWord::SM_MAC);
        assert_eq!(secured(&mut card, under(KeyUsage::Maintenance), write), StatusWord::OK);
    }
}

#[test]
fn control_keys_authenticate_in_their_own_directory() {
    let mut image = image(TUnion, Tdes);
    image.keys.retain(|key| key.usage != KeyUsage::ExternalAuth);
    let mut card = Card::from_image(&image, seeded(5)).unwrap();
    let attempt = |card: &mut Card, usage| {
        let challenge: [u8; 8] = ok(card, &build::get_challenge(8)).try_into().unwrap();
        let key = card_key(TUnion, Tdes, usage);
        send(card, &build::external_auth(0, external_authentication(Tdes, key.bytes(), &challenge))).status
    };
    for (select, right, other) in [
        (build::select_fid(0x3F00), KeyUsage::CardMaster, KeyUsage::AppMaster),
        (build::select_aid(&TUNION_AID), KeyUsage::AppMaster, KeyUsage::CardMaster),
    ] {
        ok(&mut card, &select);
        assert_eq!(attempt(&mut card, other), StatusWord::tries(2));
        assert!(attempt(&mut card, right).is_ok());
    }
}

#[test]
fn an_event_log_shows_every_change() {
    let seal = |data: &[u8]| Ok::<_, std::convert::Infallible>(mac_sm4(&[7; 16], [0; 16], &sm3(data)).to_vec());
    let event = |sequence, code: &str| Event {
        sequence,
        at: "20260901120000".into(),
        code: code.into(),
        object: "310430****0000".into(),
        detail: "a, b\nc".into(),
    };
    let mut text = String::new();
    let mut last = b"order".to_vec();
    for (n, code) in [(1, "written"), (2, "Q08"), (3, "written"), (4, "complete")] {
        let (line, next) = event(n, code).line(&last, seal).unwrap();
        text.push_str(&line);
        last = next;
    }
    let (found, head) = events::read(&text, b"order", seal).unwrap();
    assert_eq!((found.len(), found[1].code.as_str(), found[1].detail.as_str(), &head), (4, "Q08", "a  b c", &last));
    assert!(events::read("", b"order", seal).unwrap().0.is_empty());
    assert!(events::read(&text, b"other", seal).is_err(), "the log of another order");
    let lines: Vec<&str> = text.lines().collect();
    let joined = |picked: &[usize]| picked.iter().map(|n| format!("{}\n", lines[*n])).collect::<String>();
    for bad in [joined(&[0, 2, 3]), joined(&[1, 0, 2, 3]), joined(&[0, 1, 1, 2, 3]), text[..text.len() - 1].to_owned()]
    {
        assert!(events::read(&bad, b"order", seal).is_err());
    }
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(changed == text || events::read(&changed, b"order", seal).is_err(), "{at}");
    }
}
