//! Card management on both databases: numbers, orders, card data, feedback, the life of a card.

mod common;

use chrono::NaiveDate;
use common::*;
use tongka_base::{Algorithm, CardScheme, FixedClock};
use tongka_card::apdu::build::{self, Purse};
use tongka_card::card::TUNION_AID;
use tongka_card::data::CardFile;
use tongka_card::profile::Profile;
use tongka_card::{Card, Channel, Response};
use tongka_crypto::{Key16, SessionInput, Sm4SessionPadding};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::{Hsm, KeyRef, Session, Usage};
use tongka_issuing::*;
use tongka_key::{Desk, Level, Login};
use tongka_testkit::databases;

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
        stocks(&desk).await;
        for spec in lists::LISTS {
            tongka_listing::check(&db, spec).await.unwrap();
        }
        let log = tongka_audit::verify(&db, None).await.unwrap();
        assert!(log.faults.is_empty());
        let entries = tongka_audit::entries(&db, tongka_storage::Scope::Platform, 0, 10_000).await.unwrap();
        for code in ["N01", "N02", "N03", "N04", "N05", "N06", "N07"] {
            assert!(entries.iter().any(|e| e.outcome == code), "{code} is in the audit log");
        }
        let (number, _) = sample("STD").number(BODY).unwrap();
        assert!(entries.iter().all(|e| !format!("{e:?}").contains(&number)), "numbers are masked");
        db.close().await;
    }
}

async fn numbers(desk: &Desk<'_>) {
    for owner in [CITY, OTHER] {
        define(desk, owner, "zhou", &sample("STD")).await.unwrap();
    }
    refused(define(desk, CITY, "zhou", &sample("STD")).await, "N02");
    refused(define(desk, CITY, "zhou", &sample("std")).await, "N06");
    refused(define(desk, CITY, "zhou", &Product { years: 0, ..sample("NIL") }).await, "N06");
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
    let other = Product { scheme: CardScheme::Mohurd, check_digit: false, ..sample("OLD") };
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
    let left: Vec<(u64, u64)> = segments(desk, CITY).await.unwrap().iter().map(|s| (s.ordered, s.left)).collect();
    assert_eq!(left, [(0, 10), (100, 0)]);
    assert_eq!(orders(desk, CITY).await.unwrap().len(), 2);
    assert!(orders(desk, OTHER).await.unwrap().is_empty());
}

async fn card_data(before: &Desk<'_>, desk: &Desk<'_>, file: &std::path::Path) {
    let people = [login("chen"), login("lin")];
    let profile = Profile::own();
    let request = |order| CardFileRequest { order, ..request(&profile, file) };
    let write = async |desk: &Desk<'_>, order| write_card_file(desk, people, &request(order)).await;
    // Two custodians of one owner, and not the same.
    refused(write_card_file(before, [login("chen"); 2], &request(1)).await, "K06");
    let stranger = Login { owner: OTHER, ..login("lin") };
    refused(write_card_file(before, [login("chen"), stranger], &request(1)).await, "K03");
    // Without the city's keys no card is made, and nothing is left behind.
    refused(write(before, 1).await, "K01");
    active(before, "dpk", Usage::Purchase, true, Level::Issuer).await;
    refused(write(before, 1).await, "K01");
    for (name, usage) in [("dlk", Usage::Load), ("dtk", Usage::Tac), ("damk", Usage::AppMaintenance)] {
        active(before, name, usage, true, Level::Issuer).await;
    }
    refused(write(desk, 9).await, "N01");
    refused(write_card_file(desk, people, &CardFileRequest { transport: "zak", ..request(1) }).await, "H03");
    refused(write_card_file(desk, people, &CardFileRequest { path: &file.join("nowhere"), ..request(1) }).await, "N07");
    assert!(!file.exists());
    write(desk, 1).await.unwrap();
    refused(write(desk, 1).await, "N05");
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
}

fn contents(hsm: &SoftHsm, file: &std::path::Path) -> CardFile {
    let bytes = std::fs::read(file).unwrap();
    let read = read_card_file(hsm, "3050.zak", &bytes, &Profile::known()).unwrap();
    assert_eq!((read.order, read.cards.len(), read.scheme().unwrap()), (1, 60, CardScheme::TUnion));
    let info = read.cards[0].public_info().unwrap();
    let (number, serial) = sample("STD").number(BODY).unwrap();
    assert_eq!((info.serial, info.enabled, number.len()), (serial, 0, 19));
    assert_eq!((info.start, info.expiry), ([0x20, 0x28, 0x02, 0x29], [0x20, 0x38, 0x02, 0x28]));
    assert_eq!(read.cards[0].dgis[&0xB003][6..8], [0x30, 0x50]);
    for at in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        refused(read_card_file(hsm, "3050.zak", &altered, &Profile::known()), "N07");
    }
    for length in [0, 5, 40, bytes.len() - 1] {
        refused(read_card_file(hsm, "3050.zak", &bytes[..length], &Profile::known()), "N07");
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
    assert!(image.keys.iter().all(|key| key.algorithm == Algorithm::Sm4));
    assert!(data.image(scheme, (Algorithm::Sm4, &Key16::new([9; 16]))).is_err(), "another transport key");
    assert_eq!(data.number(scheme).unwrap(), sample("STD").number(BODY + 59).unwrap().0);
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
    let number = |n: i64| sample("STD").number(BODY + n).unwrap().0;
    let lines = |count: i64| {
        (0..count).map(|n| format!("{},{}\n", number(n), if n == 7 { "failed" } else { "ok" })).collect::<String>()
    };
    let whole = lines(60);
    let back = async |owner, order, text: &str| {
        feedback(desk, owner, "zhou", &Feedback { order, part: 1, text, events: None }).await
    };
    refused(back(CITY, 2, &whole).await, "N01");
    refused(back(OTHER, 1, &whole).await, "N01");
    for bad in [
        lines(59),
        format!("{whole}{},ok\n", number(0)),
        format!("{whole}{},ok\n", number(60)),
        whole.replacen(",ok", ",maybe", 1),
        whole.replacen(',', ";", 1),
    ] {
        refused(back(CITY, 1, &bad).await, "N07");
    }
    assert_eq!(card(desk, CITY, &number(0)).await.unwrap().state, CardState::Made, "nothing half-done");
    assert_eq!(back(CITY, 1, &whole).await.unwrap(), (59, 1));
    refused(back(CITY, 1, &whole).await, "N05");
    assert_eq!(card(desk, CITY, &number(7)).await.unwrap().state, CardState::Scrapped);
    assert_eq!(card(desk, CITY, &number(0)).await.unwrap().state, CardState::Stock);

    refused(transition(desk, OTHER, "zhou", &number(0), CardState::Issued, None).await, "N01");
    refused(transition(desk, CITY, "zhou", &number(0), CardState::Active, None).await, "N05");
    use CardState::{Active, Destroyed, Issued, Lost, Replaced};
    for to in [Issued, Active, Lost, Active, Lost, Replaced, Destroyed] {
        transition(desk, CITY, "zhou", &number(0), to, None).await.unwrap();
    }
    for to in CardState::ALL {
        refused(transition(desk, CITY, "zhou", &number(0), *to, None).await, "N05");
    }
    // Of two who move a card at the same time one is told.
    let number = number(1);
    let (one, two) = tokio::join!(
        transition(desk, CITY, "a", &number, Issued, None),
        transition(desk, CITY, "b", &number, Issued, None)
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

/// Where the cards of the life above are, by the ledger and by counting.
async fn stocks(desk: &Desk<'_>) {
    let of = async || -> Vec<(String, i64)> {
        stock(desk, CITY).await.unwrap().into_iter().map(|line| (line.account, line.quantity)).collect()
    };
    let line = |account: &str, quantity| (account.to_owned(), quantity);
    let before = [line("destroyed", 1), line("holders", 1), line("scrapped", 1), line("store:MAIN", 57)];
    assert_eq!(of().await, before);
    let moved = async |owner, from, to, first: Option<&str>, count| {
        transfer_stock(desk, owner, "zhou", "STD", (from, to), (first, count)).await
    };
    refused(moved(CITY, "MAIN", "B-1", None, 58).await, "N04");
    refused(moved(OTHER, "MAIN", "B-1", None, 1).await, "N04");
    for (from, to, count) in [("MAIN", "MAIN", 1), ("MAIN", "b", 1), ("MAIN", "B-1", 0)] {
        refused(moved(CITY, from, to, None, count).await, "N06");
    }
    assert_eq!(of().await, before, "nothing half-done");
    let number = sample("STD").number(BODY + 40).unwrap().0;
    moved(CITY, "MAIN", "B-1", Some(&number), 5).await.unwrap();
    assert_eq!(card(desk, CITY, &number).await.unwrap().place, "B-1");
    transition(desk, CITY, "zhou", &number, CardState::Issued, None).await.unwrap();
    transition(desk, CITY, "zhou", &number, CardState::Returned, None).await.unwrap();
    transition(desk, CITY, "zhou", &number, CardState::Stock, Some("B-2")).await.unwrap();
    transition(desk, CITY, "zhou", &number, CardState::Issued, None).await.unwrap();
    let after =
        [line("destroyed", 1), line("holders", 2), line("scrapped", 1), line("store:B-1", 4), line("store:MAIN", 52)];
    assert_eq!(of().await, after);
    assert!(check_stock(desk, CITY).await.unwrap().is_empty(), "the cards are where the ledger says");
    assert!(stock(desk, OTHER).await.unwrap().is_empty() && stock_entries(desk, OTHER, 10).await.unwrap().is_empty());
    let last = &stock_entries(desk, CITY, 1).await.unwrap()[0];
    assert_eq!((last.source.as_str(), last.target.as_str(), last.quantity), ("store:B-2", "holders", 1));
    // A card that was moved behind the ledger's back is found.
    let mut tx = desk.db.begin_write(tongka_storage::Scope::Platform).await.unwrap();
    tx.execute("UPDATE card SET state = 'lost' WHERE state = 'stock' AND place = 'B-1'", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let differ = check_stock(desk, CITY).await.unwrap();
    assert_eq!(differ.iter().map(|(l, counted)| (l.quantity, *counted)).collect::<Vec<_>>(), [(2, 6), (4, 0)]);
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
    let write =
        async |people, kind, range| write_sam_file(desk, people, (kind, None), range, ("zmk", "zak"), &path).await;
    refused(write([login("lin"); 2], SamKind::Psam, (number(1), 3)).await, "K06");
    refused(write(people, SamKind::Isam, (number(1), 3)).await, "N05");
    refused(write(people, SamKind::Psam, (number(9), 3)).await, "N05");
    assert!(!path.exists());
    write(people, SamKind::Psam, (number(1), 3)).await.unwrap();
    let file = read_card_file(desk.hsm, "3050.zak", &std::fs::read(&path).unwrap(), &Profile::known()).unwrap();
    assert_eq!((file.letter, file.cards.len(), file.scheme().is_err()), (b'S', 3, true));
    assert_eq!(file.cards[2].dgis[&0xB016], number(3).0);
    let transport = Key16::new(TRANSPORT);
    assert_eq!(file.cards[0].keys((Algorithm::Sm4, &transport)).unwrap().len(), 1);
    for (to, code) in [("made", "N05"), ("in_use", ""), ("stopped", ""), ("in_use", ""), ("destroyed", "N05")] {
        let outcome = move_sam(desk, CITY, "zhou", number(1), to, Some("公交公司 一分公司")).await;
        if code.is_empty() { outcome.unwrap() } else { refused(outcome, code) }
    }
    refused(move_sam(desk, CITY, "zhou", number(4), "in_use", Some("x")).await, "N05");
    refused(move_sam(desk, OTHER, "zhou", number(1), "stopped", None).await, "N01");
    let found = sam(desk, CITY, number(1)).await.unwrap();
    assert_eq!((found.state.as_str(), found.holder.as_str()), ("in_use", "公交公司 一分公司"));
    refused(move_sam(desk, CITY, "zhou", number(2), "in_use", None).await, "N06");
}
