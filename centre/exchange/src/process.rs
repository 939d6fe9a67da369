//! Records of accepted uploads: parsed, checked, recognised, written to the lake, summed. Uploads are worked on in
//! parallel; recognition (checks 14 and 15) goes through one turnstile, in the order of acceptance.

use crate::ExchangeError;
use crate::filecheck::Checked;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use tongka_base::{Date, Fen, Industry, MemberCode, Reason};
use tongka_lake::archive::{ArchiveWriter, BLOCK_LINES};
use tongka_lake::keys::KeyIndex;
use tongka_lake::{Lake, LakeError, table};
use tongka_txn::{Columns, GroupKey, Groups, KeySecret, Rulebook, Scratch, check_chunk};
use tongka_wire::HEADER_LEN;
use tongka_wire::txu::LINE_LEN;

/// Threads beyond the cores, because each waits for the disk at the end of its upload.
const WAITING: usize = 1;
/// Industry codes are below this.
const INDUSTRIES: usize = 16;

/// What the records of one upload came to.
#[derive(Clone, Debug)]
pub struct Processed {
    /// Number of records.
    pub records: u64,
    /// Sums of accepted records.
    pub groups: Groups,
    /// Count and amount by reason.
    pub verdicts: BTreeMap<Reason, (u64, Fen)>,
}

/// Lets threads through in the order of their numbers.
#[derive(Default)]
struct Turnstile {
    next: Mutex<usize>,
    moved: Condvar,
    broken: std::sync::atomic::AtomicBool,
}

impl Turnstile {
    /// Waits for turn `number`; false when another thread gave up.
    fn wait(&self, number: usize) -> bool {
        let next = self.next.lock().expect("no thread panics in its turn");
        let _next = self
            .moved
            .wait_while(next, |next| *next < number && !self.broken.load(Ordering::Acquire))
            .expect("no thread panics in its turn");
        !self.broken.load(Ordering::Acquire)
    }

    fn done(&self) {
        *self.next.lock().expect("no thread panics in its turn") += 1;
        self.moved.notify_all();
    }

    fn give_up(&self) {
        self.broken.store(true, Ordering::Release);
        let _next = self.next.lock();
        self.moved.notify_all();
    }
}

/// What all uploads of a clearing date share.
pub struct Workshop<'a> {
    /// The scheme compiled for the date.
    pub rulebook: &'a Rulebook,
    /// The installation's hash secret.
    pub secret: &'a KeySecret,
    /// Where the files go.
    pub lake: &'a Lake,
    /// The open clearing date.
    pub date: Date,
    /// Threads to use.
    pub threads: usize,
}

/// Works off uploads in the order given; when it returns, their files are on disk in the lake and their keys in the
/// index. `judged` is called in that order with each upload whose archive is written and whose verdicts stand;
/// `progress` with the number of records done since the last call.
pub fn process(
    shop: &Workshop<'_>,
    uploads: &[&Checked],
    index: &mut KeyIndex,
    judged: &(dyn Fn(&Checked, &Columns) + Sync),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Processed>, ExchangeError> {
    let records = |upload: &&Checked| upload.header.as_ref().map_or(0, |(header, _)| header.record_count as usize);
    index.expect(uploads.iter().map(records).sum());
    let turnstile = Turnstile::default();
    let history = index.history();
    let index = Mutex::new(index);
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Processed>>> = uploads.iter().map(|_| Mutex::new(None)).collect();
    let work = || -> Result<(), ExchangeError> {
        let mut columns = Columns::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(upload) = uploads.get(number) else { return Ok(()) };
            read_and_check(shop, upload, &mut columns, progress)?;
            history.judge(&mut columns);
            if !turnstile.wait(number) {
                return Ok(());
            }
            index.lock().expect("no thread panics in its turn").judge(&mut columns)?;
            judged(upload, &columns);
            turnstile.done();
            let name = upload.candidate.name.as_str();
            table::write(&shop.lake.table_path(shop.date, name), &columns, shop.rulebook.member_codes())?;
            let sender = upload.candidate.upload.expect("only well-formed names are accepted").member;
            *results[number].lock().expect("not shared yet") = Some(summarise(shop.rulebook, sender, &columns)?);
        }
    };
    let guarded = || work().inspect_err(|_| turnstile.give_up());
    let outcome: Vec<Result<(), ExchangeError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..(shop.threads + WAITING).min(uploads.len())).map(|_| scope.spawn(guarded)).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    outcome.into_iter().collect::<Result<Vec<()>, _>>()?;
    let take =
        |slot: Mutex<Option<Processed>>| slot.into_inner().expect("threads are done").expect("all were worked off");
    Ok(results.into_iter().map(take).collect())
}

fn read_and_check(
    shop: &Workshop<'_>,
    upload: &Checked,
    columns: &mut Columns,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(), ExchangeError> {
    let path = &upload.candidate.path;
    let (header, head) = upload.header.as_ref().expect("only files with a header are accepted");
    let records = header.record_count as usize;
    let sender = shop.rulebook.sender(header.sender);
    let mut file = File::open(path).map_err(LakeError::io(path))?;
    file.seek(SeekFrom::Start(HEADER_LEN as u64)).map_err(LakeError::io(path))?;
    let mut archive = ArchiveWriter::create(&shop.lake.archive_path(shop.date, &upload.candidate.name), head)?;
    columns.restart(records);
    let mut scratch = Scratch::default();
    let mut checksum = crc32fast::Hasher::new();
    let mut block = Vec::with_capacity(BLOCK_LINES * LINE_LEN);
    while columns.len() < records {
        let lines = BLOCK_LINES.min(records - columns.len());
        block.resize(lines * LINE_LEN, 0);
        file.read_exact(&mut block).map_err(LakeError::io(path))?;
        check_chunk(shop.rulebook, &sender, shop.secret, &block, columns, &mut scratch);
        archive.block(&block)?;
        checksum.update(&block);
        progress(lines as u64);
    }
    if checksum.finalize() != upload.checksum {
        return Err(ExchangeError::Changed { path: path.clone() });
    }
    Ok(archive.finish()?)
}

fn summarise(rulebook: &Rulebook, acquirer: MemberCode, columns: &Columns) -> Result<Processed, ExchangeError> {
    // Dense by (member, industry): one array element per record, no search.
    let mut sums = vec![(0_u64, 0_i128); rulebook.members() * INDUSTRIES];
    let mut by_reason = [(0_u64, 0_i128); 256];
    for row in 0..columns.len() {
        let amount = i128::from(columns.amount[row]);
        let reason = columns.reason[row];
        by_reason[usize::from(reason)].0 += 1;
        by_reason[usize::from(reason)].1 += amount;
        if reason == Reason::Ok.code() {
            let sum =
                &mut sums[usize::from(columns.issuer_member[row]) * INDUSTRIES + usize::from(columns.industry[row])];
            sum.0 += 1;
            sum.1 += amount;
        }
    }
    let mut groups = Groups::new();
    for (at, (count, gross)) in sums.into_iter().enumerate().filter(|(_, (count, _))| *count > 0) {
        let key = GroupKey {
            acquirer,
            issuer: rulebook.member((at / INDUSTRIES) as u16).expect("an accepted record has its issuer"),
            industry: Industry::from_code((at % INDUSTRIES) as u8)
                .expect("check 1 lets only listed industries through"),
        };
        groups.insert(key, tongka_txn::GroupSum { count, gross: Fen::from_i128(gross)? });
    }
    let mut verdicts = BTreeMap::new();
    for reason in Reason::ALL {
        let (count, amount) = by_reason[usize::from(reason.code())];
        if count > 0 {
            verdicts.insert(*reason, (count, Fen::from_i128(amount)?));
        }
    }
    Ok(Processed { records: columns.len() as u64, groups, verdicts })
}
