//! A card's history over ninety clearing dates in a lake of many records: builds a synthetic lake, then searches it cold
//! and warm, and scans the same files whole as a baseline.
//!
//! `cargo run --release -p tongka-exchange --example card_history -- --dir FOLDER [--records 100000000] [--days 90]
//! [--members 120] [--keep]`
//!
//! The folder must be empty or absent; it is removed in the end unless `--keep` is given. Tables, card indexes and books
//! are written by the code that a clearing day uses; archives and key files, which a search does not read, are not
//! written. Searches run in processes of their own, so that a first one meets nothing in memory; for the cold ones every
//! file is taken out of the page cache before.

use rayon::prelude::*;
use std::error::Error;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tongka_base::date::{days_since_epoch, format_date, from_days_since_epoch, parse_date};
use tongka_base::{AppSerial, Date, MemberCode, PsamNo, Reason};
use tongka_crypto::sm3;
use tongka_engine::day::hex;
use tongka_exchange::intake::Folders;
use tongka_exchange::run::{key_secret, lake, open_database};
use tongka_exchange::search::{Search, plan};
use tongka_lake::cards::CardIndex;
use tongka_lake::table::{self, Column, Filter, Table};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope, params};
use tongka_txn::{Columns, split_serial};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Cards for each record: a card has about a dozen records in ninety days, commuters far more.
const RECORDS_A_CARD: u64 = 12;
/// Searches of a kind, of which median and slowest are told.
const COLD: usize = 7;
const WARM: usize = 200;

struct Options {
    dir: PathBuf,
    records: u64,
    days: u32,
    members: u32,
    keep: bool,
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1)).cloned();
    let number = |name: &str, default: u64| value(name).map_or(Ok(default), |n| n.parse());
    let dir =
        PathBuf::from(value("--dir").ok_or("--dir FOLDER is needed: an empty folder, on the disk to be measured")?);
    let options = Options {
        dir,
        records: number("--records", 100_000_000)?,
        days: number("--days", 90)? as u32,
        members: number("--members", 120)? as u32,
        keep: args.iter().any(|a| a == "--keep"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match value("--search") {
        Some(cards) => runtime.block_on(search_in_here(&options, &cards, args.iter().any(|a| a == "--other"))),
        None => runtime.block_on(bench(&options)),
    }
}

/// xorshift: numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03 | 1)
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.roll()) * u128::from(n)) >> 64) as u64
    }
}

/// Who there is: members by weight, the cards that ride in each city, the days.
struct World {
    scheme: Scheme,
    dates: Vec<Date>,
    cards: u64,
    /// Records of each member a day.
    share: Vec<u64>,
}

impl World {
    fn new(options: &Options) -> Outcome<Self> {
        let scheme = tongka_simulator::simulated_scheme(1, options.members)?;
        let first = days_since_epoch(parse_date(b"20260601").expect("a date"));
        let dates = (0..options.days as i32).map(|n| from_days_since_epoch(first + n).expect("a date")).collect();
        // The largest city has as much as a dozen middling ones.
        let weights: Vec<u64> = (0..scheme.members.len() as u64).map(|n| 1_000 / (n + 3) + 8).collect();
        let total: u64 = weights.iter().sum();
        let a_day = options.records / u64::from(options.days);
        let share = weights.iter().map(|w| (a_day * w / total).max(1)).collect();
        Ok(Self { scheme, dates, cards: (options.records / RECORDS_A_CARD).max(1_000), share })
    }

    /// Cards that mostly ride in a member's city: a run of card numbers as long as its share.
    fn riders(&self, member: usize) -> (u64, u64) {
        let total: u64 = self.share.iter().sum();
        let before: u64 = self.share[..member].iter().sum();
        let at = |n: u64| (u128::from(self.cards) * u128::from(n) / u128::from(total)) as u64;
        (at(before), (at(before + self.share[member]) - at(before)).max(1))
    }

    fn issuer_of(&self, card: u64) -> usize {
        (Dice::new(card ^ 0x51).roll() % self.scheme.issuers.len() as u64) as usize
    }

    fn serial_of(&self, card: u64) -> AppSerial {
        let mut serial = [0; 10];
        serial[..2].copy_from_slice(&[0x03, 0x10]);
        // Digits, as on real cards: city, then the number.
        let digits = format!("{:04}{card:012}", self.issuer_of(card) * 37 % 10_000);
        for (byte, pair) in serial[2..].iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            *byte = (pair[0] - b'0') << 4 | (pair[1] - b'0');
        }
        AppSerial(serial)
    }

    /// A rider of a city: one in a hundred rides several times a day, one in five often.
    fn rider(&self, member: usize, dice: &mut Dice) -> u64 {
        let (first, count) = self.riders(member);
        let among = |dice: &mut Dice, part: u64| first + dice.below((count / part).max(1));
        match dice.below(100) {
            0..20 => among(dice, 100),
            20..70 => among(dice, 5),
            70..92 => among(dice, 1),
            _ => dice.below(self.cards),
        }
    }

    fn upload_name(&self, date: Date, member: usize) -> String {
        format!("TXU_{}_{}_000001.dat", format_date(date), self.scheme.members[member].code)
    }

    /// The records of a member's upload.
    fn upload(&self, day: usize, member: usize, columns: &mut Columns) {
        let mut dice = Dice::new((day as u64) << 32 | member as u64);
        let records = self.share[member];
        let date = days_since_epoch(self.dates[day]);
        columns.restart(records as usize);
        let members = &self.scheme.members;
        let psam = self.scheme.psam_ranges.iter().find(|r| r.member == members[member].code);
        let psam = psam.map_or(0, |r| tongka_txn::number48(r.from.0));
        for n in 0..records {
            let card = self.rider(member, &mut dice);
            let issuer = &self.scheme.issuers[self.issuer_of(card)];
            let index = members.binary_search_by_key(&issuer.member, |m| m.code).expect("an issuer has its member");
            let (high, low) = split_serial(self.serial_of(card).0);
            let amount = [100, 120, 160, 200, 300, 400][dice.below(6) as usize];
            columns.scheme.push(issuer.scheme.letter());
            columns.issuer_id.push(u64::from_be_bytes(issuer.issuer_id.0));
            columns.serial_high.push(high);
            columns.serial_low.push(low);
            columns.card_type.push([0, 0, 0, 2, 3][dice.below(5) as usize]);
            columns.tti.push(0x06);
            columns.counter.push((day as u64 * 6 + dice.below(6)) as u16);
            columns.psam.push(psam + dice.below(2_000));
            columns.psam_txn.push((day as u64 * 100_000 + n) as u32);
            columns.balance_before.push(dice.below(20_000) as i32);
            columns.amount.push(amount);
            columns.list_price.push(amount);
            columns.date.push(date - dice.below(3) as i32);
            columns.time.push((5 * 3600 + dice.below(18 * 3600)) as u32);
            columns.key_version.push(1);
            columns.algorithm.push(0x01);
            columns.tac.push(dice.roll() as u32);
            columns.industry.push([1, 1, 1, 2][dice.below(4) as usize]);
            columns.merchant.push(dice.below(40) as u32);
            columns.line.push(dice.below(300) as u32);
            columns.device.push(dice.below(2_000) as u32);
            columns.city.push((member % 10_000) as u16);
            columns.flags.push(0);
            columns.issuer_member.push(index as u16);
            columns.issuer_rank.push(0);
            let reason = if dice.below(2_000) == 0 { Reason::TacWrong } else { Reason::Ok };
            columns.reason.push(reason.code());
        }
    }
}

fn folders(options: &Options) -> Folders {
    Folders { inbox: PathBuf::new(), outbox: PathBuf::new(), data: options.dir.join("data") }
}

async fn bench(options: &Options) -> Outcome<()> {
    if fs::read_dir(&options.dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty", options.dir.display()).into());
    }
    let world = World::new(options)?;
    let folders = folders(options);
    let records: u64 = world.share.iter().sum::<u64>() * u64::from(options.days);
    let files = world.share.len() * world.dates.len();
    println!("{records} records, {} dates, {files} uploads, {} cards", world.dates.len(), world.cards);
    build(&world, &folders, records)?;
    write_books(&world, &folders).await?;
    searches(options, &world)?;
    baseline(&world, &folders, records)?;
    if !options.keep {
        fs::remove_dir_all(&options.dir)?;
    }
    Ok(())
}

fn seconds(elapsed: Duration) -> String {
    format!("{}.{:02} s", elapsed.as_secs(), elapsed.subsec_millis() / 10)
}

fn size_of(dir: &Path, extension: &str) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size_of(&entry.path(), extension),
            _ if entry.path().extension().is_some_and(|e| e == extension) => entry.metadata().map_or(0, |m| m.len()),
            _ => 0,
        })
        .sum()
}

fn build(world: &World, folders: &Folders, records: u64) -> Outcome<()> {
    let lake = lake(folders);
    let secret = key_secret(folders)?;
    let members: Vec<MemberCode> = world.scheme.members.iter().map(|m| m.code).collect();
    let tasks: Vec<(usize, usize)> =
        (0..world.dates.len()).flat_map(|day| (0..members.len()).map(move |member| (day, member))).collect();
    let started = Instant::now();
    let busy = AtomicU64::new(0);
    tasks.par_iter().try_for_each(|&(day, member)| -> Outcome<()> {
        let mut columns = Columns::default();
        world.upload(day, member, &mut columns);
        let written = Instant::now();
        let name = world.upload_name(world.dates[day], member);
        table::write(&lake.table_path(world.dates[day], &name), &columns, &members)?;
        busy.fetch_add(written.elapsed().as_micros() as u64, Ordering::Relaxed);
        Ok(())
    })?;
    let took = started.elapsed();
    let rate = |took: Duration| records * 1_000 / (took.as_millis() as u64).max(1);
    println!(
        "tables: {}, {} records/s ({} records/s and thread in the writer), {} MB",
        seconds(took),
        rate(took),
        rate(Duration::from_micros(busy.into_inner())),
        size_of(&folders.data, "parquet") / 1_000_000
    );
    let started = Instant::now();
    world.dates.par_iter().try_for_each(|date| {
        let names: Vec<String> = (0..members.len()).map(|member| world.upload_name(*date, member)).collect();
        CardIndex::build(&lake, *date, &secret, &names)
    })?;
    let took = started.elapsed();
    let size = size_of(&folders.data, "index") / 1_000_000;
    println!("card indexes: {}, {} records/s, {size} MB", seconds(took), rate(took));
    Ok(())
}

/// The clearing dates, the scheme and the uploads, as far as a search asks for them.
async fn write_books(world: &World, folders: &Folders) -> Outcome<()> {
    let text = tongka_scheme::render(&world.scheme);
    let digest = hex(&sm3(text.as_bytes()));
    fs::create_dir_all(folders.data.join("schemes"))?;
    fs::write(folders.data.join("schemes").join(format!("{digest}.toml")), text)?;
    let db = open_database(folders, None).await?;
    let mut tx = db.begin_write(Scope::Platform).await?;
    let days = world.dates.iter().map(|date| {
        params![days_since_epoch(*date), "closed", digest.as_str(), "20260601000000", "20260601000000"].to_vec()
    });
    let columns = ["clearing_date", "state", "scheme_digest", "opened_at", "closed_at"];
    tx.insert_many("clearing_day", &columns, days.collect()).await?;
    let (mut uploads, mut verdicts) = (Vec::new(), Vec::new());
    for date in &world.dates {
        for (member, records) in world.share.iter().enumerate() {
            let number = uploads.len() as i64 + 1;
            let name = world.upload_name(*date, member);
            let (day, code) = (days_since_epoch(*date), world.scheme.members[member].code);
            let row = params![number, day, name, code, day, 1, "", "", "", *records as i64, 0, "20260601000000"];
            uploads.push(row.to_vec());
            for reason in [Reason::Ok, Reason::TacWrong] {
                verdicts.push(params![number, reason.code(), 1, 0].to_vec());
            }
        }
    }
    let columns = [
        "upload_no",
        "clearing_date",
        "name",
        "member",
        "file_date",
        "sequence",
        "header",
        "fingerprint",
        "body_digest",
        "record_count",
        "total_fen",
        "accepted_at",
    ];
    tx.insert_many("upload", &columns, uploads).await?;
    tx.insert_many("upload_verdict", &["upload_no", "reason", "record_count", "amount_fen"], verdicts).await?;
    tx.commit().await?;
    db.close().await;
    Ok(())
}

unsafe extern "C" {
    fn posix_fadvise(fd: i32, offset: i64, length: i64, advice: i32) -> i32;
}

/// Takes every file of a folder out of the page cache.
fn evict(dir: &Path) -> Outcome<()> {
    const DONTNEED: i32 = 4;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            evict(&path)?;
        } else {
            let file = File::open(&path)?;
            file.sync_all()?;
            // SAFETY: the descriptor is open, and the call reads and writes no memory of this program.
            let refused = unsafe { posix_fadvise(file.as_raw_fd(), 0, 0, DONTNEED) };
            if refused != 0 {
                return Err(format!("posix_fadvise {}: {refused}", path.display()).into());
            }
        }
    }
    Ok(())
}

/// What a process that searched tells: for each search its time in microseconds, records and uploads; then its memory.
struct Told {
    searches: Vec<(u64, u64, u64)>,
    peak_bytes: u64,
}

/// Searches in a process of its own.
fn search_in_child(options: &Options, cards: &[AppSerial], other: bool) -> Outcome<Told> {
    let cards = cards.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--dir").arg(&options.dir).args(["--search", &cards]);
    command.args(["--days", &options.days.to_string()]);
    if other {
        command.arg("--other");
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    let numbers = |line: &str| line.split(' ').map(str::parse).collect::<Result<Vec<u64>, _>>();
    let mut told = Told { searches: Vec::new(), peak_bytes: 0 };
    for line in text.lines() {
        match numbers(line)?[..] {
            [us, records, uploads] => told.searches.push((us, records, uploads)),
            [bytes] => told.peak_bytes = bytes,
            _ => println!("   {line}"),
        }
    }
    Ok(told)
}

fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The other side of [`search_in_child`].
async fn search_in_here(options: &Options, cards: &str, other: bool) -> Outcome<()> {
    let folders = folders(options);
    let db = open_database(&folders, None).await?;
    let first = parse_date(b"20260601").expect("a date");
    let all = Search::over(first, first + chrono::TimeDelta::days(i64::from(options.days)));
    if other {
        return other_searches(&db, &folders, &all).await;
    }
    for card in cards.split(',') {
        let card = AppSerial::parse(card.as_bytes()).ok_or("a card")?;
        let (us, records, uploads) = one(&db, &folders, &Search { card: Some(card), ..all.clone() }, 10_000).await?;
        println!("{us} {records} {uploads}");
    }
    println!("{}", peak_bytes());
    Ok(())
}

async fn one(db: &Db, folders: &Folders, search: &Search, limit: usize) -> Outcome<(u64, u64, u64)> {
    let started = Instant::now();
    let plan = plan(db, folders, Scope::Platform, search, false).await?;
    let page = plan.page(limit, None, &AtomicBool::new(false))?;
    Ok((started.elapsed().as_micros() as u64, page.records.len() as u64, page.uploads_read))
}

/// Searches by other things than a card.
async fn other_searches(db: &Db, folders: &Folders, all: &Search) -> Outcome<()> {
    let digest = fs::read_dir(folders.data.join("schemes"))?.next().ok_or("a scheme")??.path();
    let scheme = tongka_exchange::run::load_scheme(&digest)?.0;
    let range = scheme.psam_ranges.iter().find(|r| Some(r.member) == scheme.members.first().map(|m| m.code));
    let psam: PsamNo = range.ok_or("a range")?.from;
    let suspicious = Search::suspicious(all.from, all.to);
    let rare = Search { amount_from: Some(tongka_base::Fen(5_000)), ..all.clone() };
    for search in [Search { psam: Some(psam), ..all.clone() }, suspicious.clone(), rare] {
        for limit in [50, 10_000] {
            let (us, records, uploads) = one(db, folders, &search, limit).await?;
            println!("{us} {records} {uploads}");
        }
    }
    println!("{}", peak_bytes());
    Ok(())
}

fn tell(name: &str, told: &[(u64, u64, u64)]) {
    let mut times: Vec<u64> = told.iter().map(|t| t.0).collect();
    times.sort_unstable();
    let ms = |us: u64| format!("{}.{}", us / 1_000, us / 100 % 10);
    let mean = |part: fn(&(u64, u64, u64)) -> u64| told.iter().map(part).sum::<u64>() / told.len().max(1) as u64;
    println!(
        "{name}: median {} ms, 99th of 100 {} ms, slowest {} ms; {} records of {} uploads on average",
        ms(times[times.len() / 2]),
        ms(times[(times.len() * 99 / 100).min(times.len() - 1)]),
        ms(times[times.len() - 1]),
        mean(|t| t.1),
        mean(|t| t.2)
    );
}

fn searches(options: &Options, world: &World) -> Outcome<()> {
    let mut dice = Dice::new(99);
    // The first hundredth of a city's riders ride several times a day.
    let commuter = |dice: &mut Dice| {
        let (first, count) = world.riders(dice.below(12) as usize);
        world.serial_of(first + dice.below((count / 100).max(1)))
    };
    let commuters: Vec<AppSerial> = (0..WARM).map(|_| commuter(&mut dice)).collect();
    let any: Vec<AppSerial> = (0..WARM).map(|_| world.serial_of(dice.below(world.cards))).collect();
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for card in &commuters[..COLD] {
        evict(&options.dir)?;
        cold.extend(search_in_child(options, std::slice::from_ref(card), false)?.searches);
        warm.extend(search_in_child(options, std::slice::from_ref(card), false)?.searches);
    }
    tell("commuter, new process, nothing in the page cache", &cold);
    tell("commuter, new process, its files in the page cache", &warm);
    for (name, cards) in [("commuter", &commuters), ("any card", &any)] {
        search_in_child(options, cards, false)?;
        let told = search_in_child(options, cards, false)?;
        tell(&format!("{name}, running process, files in the page cache"), &told.searches[1..]);
        println!("   peak memory of that process {} MB", told.peak_bytes / 1_000_000);
    }
    let nobody = search_in_child(options, &[AppSerial([0x99; 10]); 20], false)?;
    tell("a card that never was, running process", &nobody.searches[1..]);
    let told = search_in_child(options, &[], true)?;
    let names = ["one terminal", "suspicious records", "amounts that nobody has"];
    for (at, (us, records, uploads)) in told.searches.iter().enumerate() {
        let limit = [50, 10_000][at % 2];
        println!("{}, up to {limit}: {} ms, {records} records, {uploads} uploads read", names[at / 2], us / 1_000);
    }
    println!("   peak memory of that process {} MB", told.peak_bytes / 1_000_000);
    Ok(())
}

/// The same card without the card index, and by decoding the card column of every file.
fn baseline(world: &World, folders: &Folders, records: u64) -> Outcome<()> {
    let lake = lake(folders);
    let card = world.serial_of(world.riders(0).0);
    let names: Vec<(Date, String)> = world
        .dates
        .iter()
        .flat_map(|date| (0..world.share.len()).map(|member| (*date, world.upload_name(*date, member))))
        .collect();
    let (_, low) = split_serial(card.0);
    let mut filter = Filter::default();
    filter.card(card);
    type Look<'a> = &'a (dyn Fn(&Table) -> Outcome<usize> + Sync);
    let by_pages: Look<'_> = &|table| Ok(table.find(&filter, None, &|| false)?.len());
    let whole: Look<'_> = &|table| {
        let mut found = 0;
        for group in 0..table.groups() {
            found += table.wide(group, Column::SerialLow)?.iter().filter(|serial| **serial as u64 == low).count();
        }
        Ok(found)
    };
    for (name, look) in
        [("by pages, without the card index", by_pages), ("baseline: the card column of every file", whole)]
    {
        for warm in [false, true] {
            if !warm {
                evict(&folders.data)?;
            }
            let started = Instant::now();
            let found = names.par_iter().map(|(date, name)| look(&Table::open(&lake.table_path(*date, name))?));
            let found = found.collect::<Outcome<Vec<usize>>>()?.into_iter().sum::<usize>();
            let cache = if warm { "files in the page cache" } else { "nothing in the page cache" };
            let took = started.elapsed();
            let rate = records * 1_000 / (took.as_millis() as u64).max(1);
            println!("{name}, {cache}: {}, {found} records, {rate} records/s", seconds(took));
        }
    }
    println!("peak memory of building and scanning {} MB", peak_bytes() / 1_000_000);
    Ok(())
}
