//! A million blacklisted cards as an increment for a hundred members: making it, offering it, reading it as it is sent.
//!
//! `cargo run --release --package tongka-lists --example increment -- [--cards 1000000] [--members 100]`
//!
//! The database is SQLite in a temporary folder. As a baseline every member's file is written whole, one after the other,
//! as a system would that keeps a file for each.

#![expect(clippy::float_arithmetic, reason = "figures for people to read")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tongka_access::{Actor, approve};
use tongka_base::{AppSerial, CardScheme, Clock, IssuerId, MemberCode, SystemClock};
use tongka_link::{Caller, Channel, Front, Hooks, Limits, Places, outbox};
use tongka_lists::{ListName, Wish, acknowledge, approved, execute, offer, propose, publish};
use tongka_scheme::{BlacklistEntry, Member, Rules, Scheme, TacVerifier};
use tongka_storage::{Db, Scope, params};
use tongka_wire::{Kind, Value, write_record};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Bytes read at a time, as the SFTP door does.
const PIECE: usize = 1 << 18;

fn scheme(members: &[MemberCode], cards: u64) -> Scheme {
    let date = SystemClock.now().date();
    let card = |n: u64| BlacklistEntry {
        scheme: CardScheme::TUnion,
        issuer_id: IssuerId([2, 0, 0x29, 0, 0xFF, 0xFF, 0xFF, 0xFF]),
        application_serial: {
            let mut serial = [0; 10];
            serial[2..].copy_from_slice(&n.to_be_bytes());
            AppSerial(serial)
        },
        listed_at: date.and_time(chrono::NaiveTime::MIN),
    };
    let member = |code: &MemberCode| Member {
        code: *code,
        name: code.to_string(),
        city: "2900".into(),
        active_from: date,
        active_to: None,
        suspensions: Vec::new(),
        certificates: Vec::new(),
    };
    Scheme {
        rules: Rules {
            late_window_days: 30,
            single_limit_fen: tongka_base::Fen(100_000),
            blacklist_grace_hours: 24,
            history_days: 90,
            tac_verifier: TacVerifier::Centre,
        },
        members: members.iter().map(member).collect(),
        issuers: Vec::new(),
        psam_ranges: Vec::new(),
        fees: Vec::new(),
        blacklist: (0..cards).map(card).collect(),
        tac_keys: Vec::new(),
        reserves: Vec::new(),
    }
}

async fn publish_one(db: &Db, folder: &Path, book: i64, scheme: &Scheme, members: &[MemberCode]) -> Outcome<()> {
    let now = tongka_base::date::format_date_time(SystemClock.now());
    let mut tx = db.begin_write(Scope::Platform).await?;
    let sql = "INSERT INTO scheme_version (version, made_at, made_by, kind, note, rows_added, rows_removed, digest) \
               VALUES ($1, $2, 'bench', 'bench', '', 0, 0, $3)";
    tx.execute(sql, params![book, now, book.to_string()]).await?;
    tx.commit().await?;
    let effective_at = tongka_base::date::format_date_time(SystemClock.now() + std::time::Duration::from_secs(60));
    let wish = Wish { list: ListName::Blacklist, effective_at, note: String::new() };
    let approval = propose(db, &Actor::local("maker"), &wish, None, &SystemClock).await?;
    approve(db, &Actor::local("checker"), approval, &SystemClock, |tx, approval, clock| {
        Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
    })
    .await?;
    for version in approved(db).await? {
        publish(db, folder, &version, scheme, members, &SystemClock).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    let cards: u64 = value("--cards").map_or(Ok(1_000_000), |n| n.parse())?;
    let count: u32 = value("--members").map_or(Ok(100), |n| n.parse())?;
    let members: Vec<MemberCode> = (0..count).map(|n| MemberCode(10_001_000 + n)).collect();
    let dir = tempfile::tempdir()?;
    let folder = dir.path().join("lists");
    let database = tongka_testkit::sqlite();
    let db = database.open().await;
    tongka_schema::migrate(&db).await?;

    // Everybody works with a version of half as many cards.
    let before = scheme(&members, cards / 2);
    publish_one(&db, &folder, 1, &before, &members).await?;
    offer(&db, &folder, &members, &SystemClock).await?;
    let now: i64 = tongka_base::date::format_date_time(SystemClock.now()).parse()?;
    let mut line = Vec::new();
    let says = [Value::Text("K".into()), Value::Text("BLF".into()), Value::Number(1), Value::Number(now)];
    write_record(Kind::Ack.table(), &says, &mut line)?;
    for member in &members {
        acknowledge(&db, *member, "ACK", &line, &SystemClock).await?;
    }
    drop(before);
    let after = scheme(&members, cards + cards / 2);

    let started = Instant::now();
    publish_one(&db, &folder, 2, &after, &members).await?;
    let published = started.elapsed();
    let offered = offer(&db, &folder, &members, &SystemClock).await?;
    let ready = started.elapsed();
    println!("{cards} 条增量，{count} 个成员 cards in the increment, members");
    println!(
        "发布 published {:.2} s，全部可取 ready for everybody {:.2} s",
        published.as_secs_f64(),
        ready.as_secs_f64()
    );

    let places = Places {
        data: dir.path().join("front"),
        inbox: dir.path().join("inbox"),
        desk: dir.path().join("desk"),
        outbox: dir.path().join("out"),
    };
    let front = Arc::new(Front::new(db.clone(), places, Limits::default(), Arc::new(SystemClock), Hooks::default()));
    let started = Instant::now();
    let mut bytes = 0;
    for member in &members {
        let (login, address) = ("bench".to_owned(), String::new());
        let caller = Caller { member: *member, login, channel: Channel::Sftp, address, quota_bytes: 0, quota_files: 0 };
        for file in outbox::list(&front, &caller).await?.iter().filter(|file| file.name.starts_with("BLI_")) {
            let (_, source) = outbox::open(&front, &caller, &file.name).await?;
            for offset in (0..source.size()).step_by(PIECE) {
                bytes += source.read_at(offset, PIECE)?.len() as u64;
            }
        }
    }
    let read = started.elapsed().as_secs_f64();
    let megabytes = bytes as f64 / 1e6;
    println!("读出 read as it is sent: {megabytes:.0} MB, {read:.2} s, {:.0} MB/s", megabytes / read);
    let started = Instant::now();
    let body = std::fs::read(folder.join("BLF/2.from-1.body"))?;
    for member in &members {
        let path = dir.path().join(format!("whole-{member}"));
        std::fs::write(&path, &body)?;
        std::fs::File::open(&path)?.sync_all()?;
        std::fs::remove_file(&path)?;
    }
    println!("基准：逐个写出整份文件 baseline, a whole file for each: {:.2} s", started.elapsed().as_secs_f64());
    assert_eq!((offered.files, offered.bytes), (u64::from(count), bytes - u64::from(count) * 143));
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("峰值内存 peak memory {}", peak.trim_start_matches("VmHWM:").trim());
    db.close().await;
    Ok(())
}
