//! Card management on both databases: numbers, orders, card data, feedback, the life of a card.

use chrono::NaiveDate;
use tongka_base::{Algorithm, CardScheme, Fen, FixedClock, IssuerId};
use tongka_card::apdu::build::{self, Purse};
use tongka_card::card::TUNION_AID;
use tongka_card::data::CardFile;
use tongka_card::{Card, Channel, Response};
use tongka_crypto::{Key16, SessionInput, Sm4SessionPadding, kcv};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::{Component, Hsm, KeyRef, Session, Usage};
use tongka_issuing::*;
use tongka_key::{Action, Desk, KeyState, Level, Login, NewKey, Participant, approve, ceremony, enrol, propose};
use tongka_storage::TenantCode;
use tongka_testkit::databases;

const CITY: TenantCode = TenantCode(3050);
const OTHER: TenantCode = TenantCode(3310);
const MAKER: &str = "maker-a";
/// The maker's transport key, known to the test as it is to the maker.
const TRANSPORT: [u8; 16] = *b"transport key 01";

fn login(name: &str) -> Login<'_> {
    Login { owner: CITY, name, passphrase: "horse battery staple" }
}

async fn both(desk: &Desk<'_>, action: Action) {
    let id = propose(desk, login("chen"), &action).await.unwrap();
    approve(desk, login("lin"), id).await.unwrap();
}

async fn active(desk: &Desk<'_>, name: &str, usage: Usage, sm4: bool, level: Level) {
    let key = NewKey { name: name.into(), usage, sm4, version: 1, index: 1, level };
    both(desk, Action::Generate { key }).await;
    both(desk, Action::Move { name: name.into(), to: KeyState::Active }).await;
}

/// Custodians, the keys a card needs in one algorithm, the maker's transport key and a file key.
async fn keys(desk: &Desk<'_>) {
    let day = |y| NaiveDate::from_ymd_opt(y, 1, 1).unwrap();
    for name in ["chen", "lin"] {
        enrol(desk, "admin", login(name), day(2026), day(2030)).await.unwrap();
    }
    let first: [u8; 16] = std::array::from_fn(|i| i as u8);
    let second = std::array::from_fn(|i| TRANSPORT[i] ^ first[i]);
    let part = |login, value: [u8; 16]| Participant {
        login,
        component: Component { kcv: kcv(Algorithm::Sm4, &value), value: Key16::new(value) },
    };
    let new =
        NewKey { name: "zmk".into(), usage: Usage::Transport, sm4: true, version: 1, index: 1, level: Level::Service };
    let parts = vec![part(login("chen"), first), part(login("lin"), second)];
    ceremony(desk, "chen", CITY, &new, parts, None).await.unwrap();
    both(desk, Action::Move { name: "zmk".into(), to: KeyState::Active }).await;
    active(desk, "zak", Usage::FileMac, true, Level::Service).await;
}

fn product(code: &str) -> Product {
    Product {
        code: code.into(),
        name: "普通卡".into(),
        scheme: CardScheme::TUnion,
        check_digit: true,
        issuer: IssuerId([0x02, 0x00, 0x30, 0x50, 0xFF, 0xFF, 0xFF, 0xFF]),
        region: [0x32, 0x00, 0x30, 0x50],
        kind: 0,
        max_balance: Fen(100_000),
        deposit: Fen(2_000),
        years: 10,
    }
}

fn segment(first: i64, last: i64) -> Segment {
    Segment { product: "STD".into(), maker: MAKER.into(), first, last }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, IssuingError>, code: &str) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
}

const BODY: i64 = 310_430_500_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_numbered_made_and_followed() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let hsm = SoftHsm::in_memory();
        let clock = FixedClock(NaiveDate::from_ymd_opt(2028, 2, 29).unwrap().and_hms_opt(9, 0, 0).unwrap());
        let before = FixedClock(NaiveDate::from_ymd_opt(2027, 1, 1).unwrap().and_hms_opt(9, 0, 0).unwrap());
        let desk = Desk { db: &db, hsm: &hsm, clock: &before };
        keys(&desk).await;
        numbers(&desk).await;
        let desk = Desk { clock: &clock, ..desk };
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("order-1.tkc");
        card_data(&Desk { clock: &before, ..desk }, &desk, &file).await;
        let cards = contents(&hsm, &file);
        a_card_of_the_file_loads(&hsm, &cards);
        life(&desk).await;
        sams(&desk, dir.path()).await;
        let log = tongka_audit::verify(&db, None).await.unwrap();
        assert!(log.faults.is_empty());
        let entries = tongka_audit::entries(&db, tongka_storage::Scope::Platform, 0, 10_000).await.unwrap();
        for code in ["N01", "N02", "N03", "N04", "N05", "N06", "N07"] {
            assert!(entries.iter().any(|e| e.outcome == code), "{code} is in the audit log");
        }
        let (number, _) = product("STD").number(BODY).unwrap();
        assert!(entries.iter().all(|e| !format!("{e:?}").contains(&number)), "numbers are masked");
        db.close().await;
    }
}

async fn numbers(desk: &Desk<'_>) {
    for owner in [CITY, OTHER] {
        define(desk, owner, "zhou", &product("STD")).await.unwrap();
    }
    refused(define(desk, CITY, "zhou", &product("STD")).await, "N02");
    refused(define(desk, CITY, "zhou", &product("std")).await, "N06");
    refused(define(desk, CITY, "zhou", &Product { years: 0, ..product("NIL") }).await, "N06");
    refused(allot(desk, CITY, "zhou", &Segment { product: "NO".into(), ..segment(BODY, BODY) }).await, "N01");
    refused(allot(desk, CITY, "zhou", &segment(BODY + 1, BODY)).await, "N06");
    refused(allot(desk, CITY, "zhou", &segment(BODY, BODY * 10)).await, "N06");
    allot(desk, CITY, "zhou", &segment(BODY, BODY + 99)).await.unwrap();
    // Not another's numbers, nor one's own again, at either end or around.
    for (owner, first, last) in [
        (OTHER, BODY, BODY),
        (OTHER, BODY - 5, BODY),
        (CITY, BODY + 99, BODY + 200),
        (OTHER, BODY - 10, BODY + 1000),
        (CITY, BODY + 10, BODY + 20),
    ] {
        refused(allot(desk, owner, "zhou", &segment(first, last)).await, "N03");
    }
    allot(desk, OTHER, "zhou", &segment(BODY + 100, BODY + 199)).await.unwrap();
    // Numbers of another scheme are another space.
    let other = Product { scheme: CardScheme::Mohurd, check_digit: false, ..product("OLD") };
    define(desk, CITY, "zhou", &other).await.unwrap();
    let of_scheme = Segment { product: "OLD".into(), ..segment(3_050_000_100_000_001, 3_050_000_100_000_010) };
    allot(desk, CITY, "zhou", &of_scheme).await.unwrap();

    refused(order(desk, CITY, "zhou", "STD", "nobody", 10).await, "N04");
    refused(order(desk, CITY, "zhou", "STD", MAKER, 0).await, "N06");
    refused(order(desk, CITY, "zhou", "STD", MAKER, 101).await, "N04");
    let first = order(desk, CITY, "zhou", "STD", MAKER, 60).await.unwrap();
    assert_eq!((first.first, first.state.as_str()), (BODY, "open"));
    refused(order(desk, CITY, "zhou", "STD", MAKER, 41).await, "N04");
    let second = order(desk, CITY, "zhou", "STD", MAKER, 40).await.unwrap();
    assert_eq!(second.first, BODY + 60);
    let left: Vec<(u64, u64)> = stock(desk, CITY).await.unwrap().iter().map(|s| (s.ordered, s.left)).collect();
    assert_eq!(left, [(0, 10), (100, 0)]);
    assert_eq!(orders(desk, CITY).await.unwrap().len(), 2);
    assert!(orders(desk, OTHER).await.unwrap().is_empty());
}

async fn card_data(before: &Desk<'_>, desk: &Desk<'_>, file: &std::path::Path) {
    let people = [login("chen"), login("lin")];
    let write = async |desk: &Desk<'_>, order| write_card_file(desk, people, order, ("zmk", "zak"), file).await;
    // Two custodians of one owner, and not the same.
    refused(write_card_file(before, [login("chen"); 2], 1, ("zmk", "zak"), file).await, "K06");
    let stranger = Login { owner: OTHER, ..login("lin") };
    refused(write_card_file(before, [login("chen"), stranger], 1, ("zmk", "zak"), file).await, "K03");
    // Without the city's keys no card is made, and nothing is left behind.
    refused(write(before, 1).await, "K01");
    active(before, "dpk", Usage::Purchase, true, Level::Issuer).await;
    refused(write(before, 1).await, "K01");
    for (name, usage) in [("dlk", Usage::Load), ("dtk", Usage::Tac), ("damk", Usage::AppMaintenance)] {
        active(before, name, usage, true, Level::Issuer).await;
    }
    refused(write(desk, 9).await, "N01");
    refused(write_card_file(desk, people, 1, ("zak", "zak"), file).await, "H03");
    refused(write_card_file(desk, people, 1, ("zmk", "zak"), &file.join("nowhere")).await, "N07");
    assert!(!file.exists());
    write(desk, 1).await.unwrap();
    refused(write(desk, 1).await, "N05");
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
}

fn contents(hsm: &SoftHsm, file: &std::path::Path) -> CardFile {
    let bytes = std::fs::read(file).unwrap();
    let read = read_card_file(hsm, "3050.zak", &bytes).unwrap();
    assert_eq!((read.order, read.cards.len(), read.scheme().unwrap()), (1, 60, CardScheme::TUnion));
    let info = read.cards[0].public_info().unwrap();
    let (number, serial) = product("STD").number(BODY).unwrap();
    assert_eq!((info.serial, info.enabled, number.len()), (serial, 0, 19));
    assert_eq!((info.start, info.expiry), ([0x20, 0x28, 0x02, 0x29], [0x20, 0x38, 0x02, 0x28]));
    assert_eq!(read.cards[0].dgis[&0xB003][6..8], [0x30, 0x50]);
    for at in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        refused(read_card_file(hsm, "3050.zak", &altered), "N07");
    }
    for length in [0, 5, 40, bytes.len() - 1] {
        refused(read_card_file(hsm, "3050.zak", &bytes[..length]), "N07");
    }
    read
}

/// The keys of a file are those that the HSM derives: a card made from them takes the host's MAC2.
fn a_card_of_the_file_loads(hsm: &SoftHsm, file: &CardFile) {
    let data = &file.cards[59];
    let scheme = file.scheme().unwrap();
    let info = data.public_info().unwrap();
    let image = data.image(scheme, (Algorithm::Sm4, &Key16::new(TRANSPORT))).unwrap();
    assert_eq!((image.keys.len(), image.max_balance, image.algorithm), (4, 100_000, Algorithm::Sm4));
    assert!(data.keys(Algorithm::Tdes).unwrap().is_empty());
    assert!(data.image(scheme, (Algorithm::Sm4, &Key16::new([9; 16]))).is_err(), "another transport key");
    assert_eq!(data.number(scheme).unwrap(), product("STD").number(BODY + 59).unwrap().0);
    let mut seed = 1_u8;
    let random = Box::new(move |out: &mut [u8]| {
        out.iter_mut().for_each(|b| (seed, *b) = (seed.wrapping_mul(37).wrapping_add(1), seed))
    });
    let mut card = Card::from_image(&image, random).unwrap();
    let mut ask = |command: tongka_card::Command| {
        let response = Response::parse(&Channel::transmit(&mut card, &command.bytes()).unwrap()).unwrap();
        assert!(response.status.is_ok(), "{}", response.status);
        response.data
    };
    ask(build::select_aid(&TUNION_AID));
    let (amount, terminal) = (5000_u32, [0x31, 0, 0, 0, 0, 1]);
    let start = ask(build::init_for_load(Purse::Ep, 1, amount, terminal));
    let input = SessionInput {
        random: start[8..12].try_into().unwrap(),
        counter: start[4..6].try_into().unwrap(),
        tail: [0x80, 0],
    };
    let session = Session { input, padding: Sm4SessionPadding::Pad80 };
    let mac1_data = [&start[..4], &amount.to_be_bytes(), &[2], &terminal].concat();
    let (date, time) = ([0x20, 0x28, 0x02, 0x29], [9, 0, 0]);
    let mac2_data = [&amount.to_be_bytes()[..], &[2], &terminal, &date, &time].concat();
    let factor = [info.serial.card_factor()];
    let key = KeyRef { name: "3050.dlk", factors: &factor };
    let mac2 = hsm.authorise(key, session, &mac1_data, start[12..].try_into().unwrap(), &mac2_data).unwrap();
    assert_eq!(ask(build::credit_for_load(date, time, mac2)).len(), 4);
}

async fn life(desk: &Desk<'_>) {
    let number = |n: i64| product("STD").number(BODY + n).unwrap().0;
    let lines = |count: i64| {
        (0..count).map(|n| format!("{},{}\n", number(n), if n == 7 { "failed" } else { "ok" })).collect::<String>()
    };
    let whole = lines(60);
    refused(feedback(desk, CITY, "zhou", 2, &whole).await, "N05");
    refused(feedback(desk, OTHER, "zhou", 1, &whole).await, "N01");
    for bad in [
        lines(59),
        format!("{whole}{},ok\n", number(0)),
        format!("{whole}{},ok\n", number(60)),
        whole.replacen(",ok", ",maybe", 1),
        whole.replacen(',', ";", 1),
    ] {
        refused(feedback(desk, CITY, "zhou", 1, &bad).await, "N07");
    }
    assert_eq!(card(desk, CITY, &number(0)).await.unwrap().state, CardState::Made, "nothing half-done");
    assert_eq!(feedback(desk, CITY, "zhou", 1, &whole).await.unwrap(), (59, 1));
    refused(feedback(desk, CITY, "zhou", 1, &whole).await, "N05");
    assert_eq!(card(desk, CITY, &number(7)).await.unwrap().state, CardState::Scrapped);
    assert_eq!(card(desk, CITY, &number(0)).await.unwrap().state, CardState::Stock);

    refused(transition(desk, OTHER, "zhou", &number(0), CardState::Issued).await, "N01");
    refused(transition(desk, CITY, "zhou", &number(0), CardState::Active).await, "N05");
    use CardState::{Active, Destroyed, Issued, Lost, Replaced};
    for to in [Issued, Active, Lost, Active, Lost, Replaced, Destroyed] {
        transition(desk, CITY, "zhou", &number(0), to).await.unwrap();
    }
    for to in CardState::ALL {
        refused(transition(desk, CITY, "zhou", &number(0), *to).await, "N05");
    }
    // Of two who move a card at the same time one is told.
    let number = number(1);
    let (one, two) =
        tokio::join!(transition(desk, CITY, "a", &number, Issued), transition(desk, CITY, "b", &number, Issued));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

async fn sams(desk: &Desk<'_>, dir: &std::path::Path) {
    use tongka_base::PsamNo;
    let number = |n: u8| PsamNo([0x30, 0x50, 0, 0, 0, n]);
    register_sams(desk, CITY, "zhou", SamKind::Psam, number(1), 10).await.unwrap();
    register_sams(desk, OTHER, "zhou", SamKind::Isam, number(11), 1).await.unwrap();
    for (owner, first, count) in [(OTHER, 10, 1), (CITY, 11, 1), (CITY, 0, 2), (OTHER, 5, 100)] {
        refused(register_sams(desk, owner, "zhou", SamKind::Isam, number(first), count).await, "N03");
    }
    refused(register_sams(desk, CITY, "zhou", SamKind::Psam, PsamNo([0xFF; 6]), 2).await, "N06");
    let path = dir.join("sams.tkc");
    let people = [login("chen"), login("lin")];
    let write = async |people, kind, range| write_sam_file(desk, people, kind, range, ("zmk", "zak"), &path).await;
    refused(write([login("lin"); 2], SamKind::Psam, (number(1), 3)).await, "K06");
    refused(write(people, SamKind::Isam, (number(1), 3)).await, "N05");
    refused(write(people, SamKind::Psam, (number(9), 3)).await, "N05");
    assert!(!path.exists());
    write(people, SamKind::Psam, (number(1), 3)).await.unwrap();
    let file = read_card_file(desk.hsm, "3050.zak", &std::fs::read(&path).unwrap()).unwrap();
    assert_eq!((file.letter, file.cards.len(), file.scheme().is_err()), (b'S', 3, true));
    assert_eq!(file.cards[2].dgis[&0xB016], number(3).0);
    assert_eq!(file.cards[0].keys(Algorithm::Sm4).unwrap().len(), 1);
    for (to, code) in [("made", "N05"), ("in_use", ""), ("stopped", ""), ("in_use", ""), ("destroyed", "N05")] {
        let outcome = move_sam(desk, CITY, "zhou", number(1), to).await;
        if code.is_empty() { outcome.unwrap() } else { refused(outcome, code) }
    }
    refused(move_sam(desk, CITY, "zhou", number(4), "in_use").await, "N05");
    refused(move_sam(desk, OTHER, "zhou", number(1), "stopped").await, "N01");
    assert_eq!(sam(desk, CITY, number(1)).await.unwrap().state, "in_use");
}
