//! What products put on cards, in which form, in how many parts, and what comes back; who may do none of it; and that
//! every refusal is in the audit log and leaves nothing half-done.

mod common;

use chrono::NaiveDate;
use common::*;
use std::path::{Path, PathBuf};
use tongka_base::{Algorithm, CardScheme, Fen, FixedClock};
use tongka_card::card::{Access, Directory};
use tongka_card::events::{Event, UNSEALED};
use tongka_card::files::PublicInfo;
use tongka_card::profile::Profile;
use tongka_card::{Card, KeyUsage};
use tongka_crypto::{Key16, diversify, sm3};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::{Hsm, KeyRef, Usage};
use tongka_issuing::*;
use tongka_key::{Desk, Level, Login, Wanted, pick};
use tongka_storage::Scope;
use tongka_testkit::databases;

/// Every key that the ministry's fifteen entries and the second load key are made from, but those that have a stand-in.
const CITY_KEYS: [(Usage, u8); 12] = [
    (Usage::CardMaster, 1),
    (Usage::CardMaintenance, 1),
    (Usage::AppMaster, 1),
    (Usage::AppMaintenance, 1),
    (Usage::Purchase, 1),
    (Usage::Load, 1),
    (Usage::Load, 2),
    (Usage::Tac, 1),
    (Usage::PinUnblock, 1),
    (Usage::RecordProtect, 1),
    (Usage::Reserved, 1),
    (Usage::Reserved, 2),
];

async fn all_keys(desk: &Desk<'_>) {
    keys(desk).await;
    for sm4 in [false, true] {
        for (usage, index) in CITY_KEYS {
            let name = format!("{}.{index}.{}", usage.code().to_lowercase(), if sm4 { "s" } else { "t" });
            active_index(desk, (&name, index), usage, sm4, Level::Issuer).await;
        }
    }
}

fn own_files() -> Vec<ProductFile> {
    let file = |place, content| ProductFile::parse(place, content).unwrap();
    vec![
        file("adf-15", "{issuer} 00 01 {serial} {start} {expiry} {kind} 05"),
        file("adf-16", "01 00*54"),
        file("adf-17", "00000156 {province} {city} 0001 {kind} AB*49"),
        file("adf-05", "00*28 01 20 {region} {deposit} 00*6"),
        file("adf-08/authenticated/never", "{serial:2..10}"),
        file("mf-05", "{region} 00*60"),
    ]
}

/// Refusals seen so far: each must be the last entry of the audit log.
struct Seen<'a> {
    desk: Desk<'a>,
    codes: std::cell::RefCell<Vec<String>>,
}

impl Seen<'_> {
    async fn refused<T: std::fmt::Debug>(&self, outcome: Result<T, IssuingError>, code: &str, action: &str) {
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), code, "{action}: {error}");
        let all = tongka_audit::entries(self.desk.db, Scope::Platform, 0, 100_000).await.unwrap();
        let last = all.last().unwrap();
        assert_eq!((last.action.as_str(), last.outcome.as_str()), (action, code), "{last:?}");
        self.codes.borrow_mut().push(code.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_made_in_parts_and_come_back() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let hsm = SoftHsm::in_memory();
        let clock = FixedClock(NaiveDate::from_ymd_opt(2027, 3, 1).unwrap().and_hms_opt(9, 0, 0).unwrap());
        let desk = Desk { db: &db, hsm: &hsm, clock: &clock };
        let seen = Seen { desk, codes: std::cell::RefCell::default() };
        all_keys(&desk).await;
        contents(&seen).await;
        let dir = tempfile::tempdir().unwrap();
        let paths = parts_of_an_order(&seen, &hsm, dir.path()).await;
        come_back(&seen, &hsm, &paths).await;
        events_without_an_order(&seen).await;
        another_city(&seen, dir.path()).await;
        for code in ["N01", "N02", "N03", "N04", "N05", "N06", "N07", "N08", "K01", "K03", "K04", "K06", "H03"] {
            assert!(seen.codes.borrow().iter().any(|c| c == code), "{code} was seen");
        }
        assert!(tongka_audit::verify(&db, None).await.unwrap().faults.is_empty());

        // Nowhere in the database is a key of a card, a card's key, a transport key or a passphrase.
        let dump = database.dump(&db).await.to_uppercase();
        let mut secrets = vec![hex(&TRANSPORT), "HORSE BATTERY".to_owned()];
        let factor = sample("STD").number(BODY).unwrap().1.card_factor();
        for (usage, index) in CITY_KEYS {
            let wanted = Wanted { index, ..Wanted::new(usage, Algorithm::Sm4) };
            let key = pick(&desk, CITY, wanted).await.unwrap();
            let under =
                hsm.encrypt_card_key(KeyRef { name: &key.device_name(), factors: &[factor] }, "3050.zmk").unwrap();
            secrets.push(hex(tongka_crypto::decrypt_key(Algorithm::Sm4, &TRANSPORT, &under).bytes()));
            secrets.push(hex(&under));
        }
        for secret in secrets {
            assert!(!dump.contains(&secret) && !dump.contains(&secret[..12]), "a secret is in the database");
        }
        db.close().await;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

async fn contents(seen: &Seen<'_>) {
    let desk = &seen.desk;
    let full = Product { keys: KeySets::Both, overdraft: Fen(500), files: own_files(), ..sample("FULL") };
    define(desk, CITY, "zhou", &full).await.unwrap();
    define(desk, CITY, "zhou", &sample("STD")).await.unwrap();
    assert_eq!(tongka_issuing::product(desk, CITY, "FULL").await.unwrap(), full, "as it was defined");
    assert_eq!(products(desk, CITY).await.unwrap().len(), 2);
    seen.refused(define(desk, CITY, "zhou", &full).await, "N02", "product.define").await;
    let with = |place: &str, content: &str| {
        let files = vec![ProductFile::parse(place, content).unwrap()];
        Product { files, ..sample("BAD") }
    };
    for (place, content) in [
        ("adf-15", "{issuer} 00 01 {serial} {start} {expiry} 00"),
        ("adf-15", "{issuer} 00 01 {serial} 20261301AA {expiry} 00*2"),
        ("adf-15", "{issuer} 00 01 03*10 {start} {expiry} 00*2"),
        ("adf-15", "00*8 00 01 {serial} {start} {expiry} 00*2"),
        ("adf-15/free/never", "{issuer} 00 01 {serial} {start} {expiry} 00*2"),
        ("adf-16", "00*54"),
        ("adf-17", "00*61"),
        ("adf-1E", "00*48"),
        ("adf-05", ""),
        ("adf-05", "00*256"),
        ("adf-05", "{nothing}"),
    ] {
        seen.refused(define(desk, CITY, "zhou", &with(place, content)).await, "N06", "product.define").await;
    }
    let twice = Product { files: [own_files(), own_files()].concat(), ..sample("BAD") };
    seen.refused(define(desk, CITY, "zhou", &twice).await, "N06", "product.define").await;
    for (place, content) in
        [("adf", "00"), ("adf-00", "00"), ("adf-1F", "00"), ("ef-05", "00"), ("adf-05/all", "00"), ("adf-05", "0")]
    {
        assert_eq!(ProductFile::parse(place, content).unwrap_err().code(), "N06", "{place} {content}");
    }
    for bad in [Product { overdraft: Fen(-1), ..sample("BAD") }, Product { overdraft: Fen(1 << 24), ..sample("BAD") }] {
        seen.refused(define(desk, CITY, "zhou", &bad).await, "N06", "product.define").await;
    }
    allot(desk, CITY, "zhou", &Segment { product: "FULL".into(), ..segment(BODY, BODY + 99) }).await.unwrap();
    let beyond = Segment { product: "STD".into(), ..segment(BODY + 99, BODY + 120) };
    seen.refused(allot(desk, CITY, "zhou", &beyond).await, "N03", "segment.allot").await;
    order(desk, CITY, "zhou", "FULL", MAKER, 20).await.unwrap();
    seen.refused(order(desk, CITY, "zhou", "FULL", MAKER, 81).await, "N04", "order.place").await;
}

/// A part for a bureau in the ministry's form, then the rest for the city's own readers in the platform's.
async fn parts_of_an_order(seen: &Seen<'_>, hsm: &SoftHsm, dir: &Path) -> [PathBuf; 2] {
    let desk = &seen.desk;
    let people = [login("chen"), login("lin")];
    let (ministry, own) = (Profile::tunion(), Profile::own());
    let (first, second) = (dir.join("bureau.tkc"), dir.join("own.tkc"));
    let bureau = CardFileRequest { count: Some(12), ..request(&ministry, &first) };
    // The ministry's form has no room for rights, nor a profile for keys that the city does not have.
    seen.refused(
        write_card_file(desk, people, &CardFileRequest { count: Some(21), ..bureau }).await,
        "N06",
        "order.data",
    )
    .await;
    seen.refused(
        write_card_file(desk, people, &CardFileRequest { count: Some(0), ..bureau }).await,
        "N06",
        "order.data",
    )
    .await;
    let text = include_str!("../../../foundation/card/profiles/tunion-dgp.toml");
    let odd = Profile::parse(&text.replace("key = \"RSV\", index = 2", "key = \"RSV\", index = 9")).unwrap();
    seen.refused(
        write_card_file(desk, people, &CardFileRequest { profile: &odd, ..bureau }).await,
        "K01",
        "order.data",
    )
    .await;
    let only_sm4 = text.replace("algorithm = \"3des\"", "algorithm = \"sm4\"");
    let only_sm4 = Profile::parse(&only_sm4).unwrap();
    seen.refused(
        write_card_file(desk, people, &CardFileRequest { profile: &only_sm4, ..bureau }).await,
        "N06",
        "order.data",
    )
    .await;
    for (wrong, code) in [
        (CardFileRequest { transport: "zak", ..bureau }, "H03"),
        (CardFileRequest { file_key: "zmk", ..bureau }, "H03"),
        (CardFileRequest { order: 9, ..bureau }, "N01"),
    ] {
        seen.refused(write_card_file(desk, people, &wrong).await, code, "order.data").await;
    }
    seen.refused(write_card_file(desk, [people[0]; 2], &bureau).await, "K06", "order.data").await;
    let past = Login::new(CITY, "past", "horse battery staple");
    seen.refused(write_card_file(desk, [people[0], past], &bureau).await, "K04", "order.data").await;
    let forgot = Login::new(CITY, "lin", "something else");
    seen.refused(write_card_file(desk, [people[0], forgot], &bureau).await, "K03", "order.data").await;
    assert!(std::fs::read_dir(dir).unwrap().next().is_none(), "nothing half-done");
    assert!(stock(desk, CITY).await.unwrap().is_empty() && parts(desk, CITY, 1).await.unwrap().is_empty());

    assert_eq!(write_card_file(desk, people, &bureau).await.unwrap(), 1);
    assert_eq!(orders(desk, CITY).await.unwrap()[0].state, "open", "eight cards are left");
    let rest = CardFileRequest { count: None, destination: Destination::Own, profile: &own, path: &second, ..bureau };
    assert_eq!(write_card_file(desk, people, &rest).await.unwrap(), 2);
    seen.refused(write_card_file(desk, people, &rest).await, "N05", "order.data").await;
    let list = parts(desk, CITY, 1).await.unwrap();
    let told: Vec<_> = list.iter().map(|p| (p.first, p.count, p.destination, p.form.as_str())).collect();
    assert_eq!(told, [(0, 12, Destination::Bureau, "TONGKA-TUnionDGP"), (12, 8, Destination::Own, "TONGKA-DGP1")]);
    assert_eq!(orders(desk, CITY).await.unwrap()[0].state, "made");

    let transport = (Algorithm::Sm4, &Key16::new(TRANSPORT));
    for (path, from, keys) in [(&first, 0, 32), (&second, 12, 24)] {
        let bytes = std::fs::read(path).unwrap();
        let file = read_card_file(hsm, "3050.zak", &bytes, &Profile::known()).unwrap();
        assert_eq!((file.order, u64::from(file.part)), (1, if from == 0 { 1 } else { 2 }));
        let image = file.cards[0].image(CardScheme::TUnion, transport).unwrap();
        let (_, serial) = tongka_issuing::product(desk, CITY, "FULL").await.unwrap().number(BODY + from).unwrap();
        assert_eq!(file.cards[0].public_info().unwrap().serial, serial);
        assert_eq!((image.keys.len(), image.max_balance, image.ep.overdraft), (keys, 100_000, 500));
        // The keys of the card are those that are diversified from the city's.
        for algorithm in [Algorithm::Tdes, Algorithm::Sm4] {
            let of = |usage, index| {
                let key = image.keys.iter().find(|k| (k.usage, k.index, k.algorithm) == (usage, index, algorithm));
                *key.unwrap_or_else(|| panic!("{usage:?} {index}")).key.bytes()
            };
            let letter = if algorithm == Algorithm::Sm4 { "s" } else { "t" };
            for (name, usage, index) in [
                ("dpk.1", KeyUsage::Purchase, 1),
                ("dlk.2", KeyUsage::Load, 2),
                ("rpk.1", KeyUsage::RecordProtect, 1),
                ("rsv.2", KeyUsage::Reserved, 2),
                ("cck.1", KeyUsage::CardMaster, 0),
            ] {
                let master = master_of(hsm, &format!("3050.{name}.{letter}"));
                assert!(of(usage, index) == diversify(algorithm, &master, &serial.card_factor()), "{name}");
            }
            if from == 0 {
                // Stand-ins of the ministry's form.
                assert!(of(KeyUsage::Maintenance, 2) == of(KeyUsage::Maintenance, 1));
                assert!(of(KeyUsage::RecordProtect, 3) == of(KeyUsage::RecordProtect, 1));
            }
        }
        let file_of = |directory, fid| image.files.iter().find(|f| (f.directory, f.fid) == (directory, fid)).unwrap();
        let info = PublicInfo::decode(&file_of(Directory::Adf, 0x15).records[0]).unwrap();
        assert_eq!((info.issuer_data, info.start, info.expiry), ([0, 5], [0x20, 0x27, 3, 1], [0x20, 0x37, 3, 1]));
        assert_eq!(hex(&file_of(Directory::Adf, 0x17).records[0][..12]), "0000015632003050000100AB");
        assert_eq!(hex(&file_of(Directory::Adf, 0x05).records[0][28..36]), "0120320030500020");
        assert_eq!(file_of(Directory::Adf, 0x08).records[0], serial.card_factor());
        assert_eq!(file_of(Directory::Adf, 0x08).read, Access::Authenticated);
        assert_eq!(hex(&file_of(Directory::Mf, 0x05).records[0][..4]), "32003050");
        let mut blank = Card::blank(Key16::new([9; 16]), Algorithm::Sm4, Box::new(|out| out.fill(7)));
        tongka_card::personalise::personalise(&mut blank, &image, &Key16::new([9; 16]), Algorithm::Sm4).unwrap();
    }
    let bytes = std::fs::read(&first).unwrap();
    let check = async |owner, bytes: &[u8]| check_card_file(desk, owner, "zhou", "zak", bytes, &Profile::known()).await;
    assert_eq!(check(CITY, &bytes).await.unwrap().cards.len(), 12);
    let mut broken = bytes.clone();
    broken[500] ^= 1;
    seen.refused(check(CITY, &broken).await, "N07", "order.check").await;
    seen.refused(check(CITY, &bytes[..40]).await, "N07", "order.check").await;
    seen.refused(check(OTHER, &bytes).await, "H01", "order.check").await;
    [first, second]
}

/// A master key out of the device, as only a test that holds the transport key can: under the transport key, by a key block.
fn master_of(hsm: &SoftHsm, name: &str) -> [u8; 16] {
    let block = hsm.export(KeyRef::stored(name), "3050.zmk").unwrap();
    let text = String::from_utf8(block.0).unwrap();
    let cipher: Vec<u8> = (18..50).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
    let key = diversify(Algorithm::Sm4, &TRANSPORT, b"TK1-ENC\0");
    *tongka_crypto::decrypt_key(Algorithm::Sm4, &key, cipher.as_slice().try_into().unwrap()).bytes()
}

async fn come_back(seen: &Seen<'_>, hsm: &SoftHsm, paths: &[PathBuf; 2]) {
    let desk = &seen.desk;
    let full = tongka_issuing::product(desk, CITY, "FULL").await.unwrap();
    let numbers: Vec<String> = (0..20).map(|n| full.number(BODY + n).unwrap().0).collect();
    let lines = |range: std::ops::Range<usize>| numbers[range].iter().map(|n| format!("{n},ok\n")).collect::<String>();
    let back = async |part, text: &str, events: Option<&str>| {
        let events = events.map(|events| (events, "zak"));
        feedback(desk, CITY, "zhou", &Feedback { order: 1, part, text, events }).await
    };
    seen.refused(back(1, &lines(0..20), None).await, "N07", "order.feedback").await;
    seen.refused(back(3, &lines(0..12), None).await, "N01", "order.feedback").await;
    assert_eq!(back(1, &lines(0..12), None).await.unwrap(), (12, 0));
    seen.refused(back(1, &lines(0..12), None).await, "N05", "order.feedback").await;
    assert_eq!(orders(desk, CITY).await.unwrap()[0].state, "made", "the other part is out");

    // The city's own readers give back their event log.
    let mask = |number: &String| format!("{}****{}", &number[..6], &number[15..]);
    let content = std::fs::read(&paths[1]).unwrap();
    let digest = hex(&sm3(&content[..content.len() - 16]));
    let seal = |data: &[u8]| hsm.file_mac("3050.zak", &sm3(data));
    let log = |first: &str, codes: &[(&str, usize)]| {
        let mut text = String::new();
        let mut last = first.as_bytes().to_vec();
        for (sequence, (code, card)) in (1..).zip(codes) {
            let object = if *code == "complete" { String::new() } else { mask(&numbers[*card]) };
            let event = Event {
                sequence,
                at: "20270302100000".into(),
                code: (*code).into(),
                object,
                detail: "at the reader".into(),
            };
            let (line, next) = event.line(&last, seal).unwrap();
            text.push_str(&line);
            last = next;
        }
        text
    };
    let written: Vec<(&str, usize)> = (12..20).map(|n| ("written", n)).collect();
    let whole = [&written[..3], &[("Q08", 15), ("Q19", 15), ("Q14", 15)], &written[3..], &[("complete", 0)]].concat();
    let good = log(&digest, &whole);
    seen.refused(back(2, &lines(12..20), None).await, "N08", "order.feedback").await;
    for bad in [
        good.replace("Q19", "Q18"),
        good.lines().filter(|l| !l.contains("Q08")).map(|l| format!("{l}\n")).collect(),
        log("another order", &whole),
        log(&digest, &whole[..whole.len() - 1]),
        log(&digest, &[&written[..7], &[("complete", 0)]].concat()),
        String::new(),
    ] {
        seen.refused(back(2, &lines(12..20), Some(&bad)).await, "N08", "order.feedback").await;
    }
    let under_other = Feedback { order: 1, part: 2, text: &lines(12..20), events: Some((&good, "zmk")) };
    seen.refused(feedback(desk, CITY, "zhou", &under_other).await, "H03", "order.feedback").await;
    assert_eq!(card(desk, CITY, &numbers[15]).await.unwrap().state, CardState::Made, "nothing half-done");
    assert_eq!(back(2, &lines(12..20), Some(&good)).await.unwrap(), (8, 0));
    assert_eq!(orders(desk, CITY).await.unwrap()[0].state, "closed");
    let entries = tongka_audit::entries(desk.db, Scope::Platform, 0, 100_000).await.unwrap();
    let told: Vec<&str> =
        entries.iter().filter(|e| e.action == "card.personalise").map(|e| e.outcome.as_str()).collect();
    assert_eq!(told, ["Q08", "Q19", "Q14"]);
    assert!(numbers.iter().all(|n| entries.iter().all(|e| !format!("{e:?}").contains(n))), "numbers are masked");
    assert!(check_stock(desk, CITY).await.unwrap().is_empty());
    assert_eq!(card_of_id(desk, CITY, 1_000_012).await.unwrap().number, numbers[12]);
}

async fn events_without_an_order(seen: &Seen<'_>) {
    let desk = &seen.desk;
    let seal = |data: &[u8]| Ok::<_, std::convert::Infallible>(sm3(data).to_vec());
    let event = |sequence, code: &str| Event {
        sequence,
        at: "20270302100000".into(),
        code: code.into(),
        object: "APDU".into(),
        detail: "3 bytes".into(),
    };
    let (one, last) = event(1, "6700").line(UNSEALED, seal).unwrap();
    let (two, _) = event(2, "Q12").line(&last, seal).unwrap();
    let text = one + &two;
    seen.refused(take_events(desk, CITY, "zhou", &text.replace("Q12", "Q13")).await, "N08", "reader.events").await;
    assert_eq!(take_events(desk, CITY, "zhou", &text).await.unwrap(), 2);
    seen.refused(take_events(desk, CITY, "zhou", &text).await, "N02", "reader.events").await;
    let entries = tongka_audit::entries(desk.db, Scope::Platform, 0, 100_000).await.unwrap();
    let told: Vec<&str> = entries.iter().filter(|e| e.action == "reader.event").map(|e| e.outcome.as_str()).collect();
    assert_eq!(told, ["6700", "Q12"]);
}

/// Every command of another city about this city's products, orders, cards and SAMs: they are not there.
async fn another_city(seen: &Seen<'_>, dir: &Path) {
    let desk = &seen.desk;
    let number = tongka_issuing::product(desk, CITY, "FULL").await.unwrap().number(BODY).unwrap().0;
    let psam = tongka_base::PsamNo([0x30, 0x50, 0, 0, 0, 1]);
    register_sams(desk, CITY, "zhou", SamKind::Psam, psam, 1).await.unwrap();
    let no = "N01";
    let foreign = Segment { product: "FULL".into(), ..segment(BODY + 5000, BODY + 5001) };
    seen.refused(allot(desk, OTHER, "qian", &foreign).await, no, "segment.allot").await;
    seen.refused(order(desk, OTHER, "qian", "FULL", MAKER, 1).await, no, "order.place").await;
    let back = Feedback { order: 1, part: 1, text: "", events: None };
    seen.refused(feedback(desk, OTHER, "qian", &back).await, no, "order.feedback").await;
    seen.refused(transition(desk, OTHER, "qian", &number, CardState::Issued, None).await, no, "card.move").await;
    seen.refused(transfer_stock(desk, OTHER, "qian", "FULL", ("MAIN", "B"), (None, 1)).await, "N04", "stock.transfer")
        .await;
    seen.refused(move_sam(desk, OTHER, "qian", psam, "destroyed", None).await, no, "sam.move").await;
    seen.refused(register_sams(desk, OTHER, "qian", SamKind::Isam, psam, 1).await, "N03", "sam.register").await;
    // Custodians of the other city: neither with this city's order nor with this city's keys.
    let term = |y| NaiveDate::from_ymd_opt(y, 1, 1).unwrap();
    let theirs = ["zhao", "qian"].map(|name| Login::new(OTHER, name, "horse battery staple"));
    for login in theirs {
        tongka_key::enrol(desk, "admin", login, term(2026), term(2030)).await.unwrap();
    }
    let (profile, path) = (Profile::own(), dir.join("foreign.tkc"));
    seen.refused(write_card_file(desk, theirs, &request(&profile, &path)).await, no, "order.data").await;
    let sams = write_sam_file(desk, theirs, (SamKind::Psam, None), (psam, 1), ("zmk", "zak"), &path);
    seen.refused(sams.await, "K01", "sam.data").await;
    assert!(!path.exists());
    // Reading: nothing of it is there.
    for outcome in [
        tongka_issuing::product(desk, OTHER, "FULL").await.map(drop),
        card(desk, OTHER, &number).await.map(drop),
        card_of_id(desk, OTHER, 1_000_000).await.map(drop),
        parts(desk, OTHER, 1).await.map(drop),
        sam(desk, OTHER, psam).await.map(drop),
    ] {
        assert_eq!(outcome.unwrap_err().code(), no);
    }
    let nothing = [
        products(desk, OTHER).await.unwrap().len(),
        segments(desk, OTHER).await.unwrap().len(),
        orders(desk, OTHER).await.unwrap().len(),
        stock(desk, OTHER).await.unwrap().len(),
        stock_entries(desk, OTHER, 9).await.unwrap().len(),
        check_stock(desk, OTHER).await.unwrap().len(),
    ];
    assert_eq!(nothing, [0; 6]);
    for spec in lists::LISTS {
        let page =
            tongka_listing::page(desk.db, Scope::Tenant(OTHER), spec, &tongka_listing::Query::all(spec).unwrap())
                .await
                .unwrap();
        assert!(page.items.is_empty(), "{}", spec.name);
        let page = tongka_listing::page(desk.db, Scope::Tenant(CITY), spec, &tongka_listing::Query::all(spec).unwrap())
            .await
            .unwrap();
        assert!(!page.items.is_empty(), "{}", spec.name);
        assert!(!format!("{:?}", page.items).contains(&number), "{} masks card numbers", spec.name);
    }
}
