//! Measures the card data file of 100,000 cards with a 3DES and an SM4 key set, in the platform's own form and the
//! ministry's.
//! Run: `cargo run --release -p tongka-issuing --example card_data`

use std::time::Instant;
use tongka_base::{CardScheme, Fen, IssuerId, SystemClock};
use tongka_card::profile::Profile;
use tongka_hsm::Usage;
use tongka_hsm::soft::SoftHsm;
use tongka_issuing::{CardFileRequest, Destination, KeySets, Product, Segment, allot, define, order, write_card_file};
use tongka_key::{Action, Desk, KeyState, Level, Login, NewKey, approve, enrol, propose};
use tongka_storage::TenantCode;

const CARDS: u64 = 100_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let db = tongka_storage::Db::open(&format!("sqlite://{}", dir.path().join("bench.db").display())).await?;
    tongka_schema::migrate(&db).await?;
    let hsm = SoftHsm::in_memory();
    let desk = Desk { db: &db, hsm: &hsm, clock: &SystemClock };
    let city = TenantCode(3050);
    let login = |name| Login::new(city, name, "a passphrase for a bench");
    let today = tongka_base::Clock::now(&SystemClock).date();
    for name in ["one", "two"] {
        enrol(&desk, "admin", login(name), today, today).await?;
    }
    let slots = [
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
    let mut keys = vec![("zmk".to_owned(), Usage::Transport, 1, true), ("zak".to_owned(), Usage::FileMac, 1, true)];
    for (usage, index) in slots {
        for sm4 in [false, true] {
            keys.push((format!("{}.{index}.{sm4}", usage.code().to_lowercase()), usage, index, sm4));
        }
    }
    for (name, usage, index, sm4) in keys {
        let key = NewKey { name: name.clone(), usage, sm4, version: 1, index, scheme: None, level: Level::Issuer };
        for action in [Action::Generate { key }, Action::Move { name, to: KeyState::Active }] {
            let id = propose(&desk, login("one"), &action).await?;
            approve(&desk, login("two"), id).await?;
        }
    }
    let product = Product {
        code: "STD".into(),
        name: "bench".into(),
        scheme: CardScheme::TUnion,
        check_digit: true,
        issuer: IssuerId([2, 0, 0x30, 0x50, 0xFF, 0xFF, 0xFF, 0xFF]),
        region: [0x32, 0, 0x30, 0x50],
        kind: 0,
        keys: KeySets::Both,
        max_balance: Fen(100_000),
        overdraft: Fen(0),
        deposit: Fen(0),
        years: 10,
        files: Vec::new(),
    };
    define(&desk, city, "bench", &product).await?;
    let first = 310_430_500_000_000_000;
    let segment = Segment { product: "STD".into(), maker: "maker".into(), first, last: first + 2 * CARDS as i64 };
    allot(&desk, city, "bench", &segment).await?;
    for (name, profile) in [("own", Profile::own()), ("ministry's", Profile::tunion())] {
        let placed = order(&desk, city, "bench", "STD", "maker", CARDS).await?;
        let path = dir.path().join(format!("{}.tkc", placed.id));
        let request = CardFileRequest {
            order: placed.id,
            count: None,
            destination: Destination::Bureau,
            transport: "zmk",
            file_key: "zak",
            profile: &profile,
            path: &path,
        };
        let started = Instant::now();
        write_card_file(&desk, [login("one"), login("two")], &request).await?;
        let ms = started.elapsed().as_millis();
        let bytes = std::fs::metadata(&path)?.len();
        println!("{CARDS} cards, {name} form: {ms} ms, {} MB, registered and on disk", bytes / 1_000_000);
    }
    Ok(())
}
