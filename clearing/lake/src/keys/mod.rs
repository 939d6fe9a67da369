//! The key index: by which an earlier accepted record of the same card key or PSAM key is found (checks 14 and 15).
//!
//! Keys of the open day are in memory up to a bound; what is beyond it, and those of closed dates, in sorted key files
//! that are mapped, not read. Every so many dates their files are merged into one, so that a look-up over a
//! long history opens few files. All of it is derived from the archive and the tables: a missing key file is made again
//! ([`KeyIndex::open`] says which), so nothing here has to survive a crash.

mod memory;

use crate::archive::ArchiveReader;
use crate::run::{self, KeyRun, MOST_LABELS, Source, merged};
use crate::table::Table;
use crate::{Lake, LakeError};
use memory::KeyTable;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tongka_base::date::{format_date, parse_date};
use tongka_base::{Date, MemberCode, Reason};
use tongka_txn::{Columns, KeyHash, KeySecret};
use tongka_wire::txu::{LINE_LEN, parse_txu};

/// Keys of each kind held in memory before they go to a file: 6 M of both kinds are about 240 MB.
const MEMORY_KEYS: usize = 6_000_000;
/// Rows ahead whose slots are fetched into the cache: a look-up goes anywhere in memory.
const AHEAD: usize = 16;
/// Single dates whose files are merged into one.
const SPAN: usize = 8;
const _: () = assert!(SPAN <= MOST_LABELS);

/// The two kinds of keys: of card and of PSAM.
const KINDS: [&str; 2] = ["cards", "psams"];
const CARDS: usize = 0;
const PSAMS: usize = 1;

/// The keys of both kinds of the same records, in key files. Labels of the files are their dates as YYYYMMDD; the tag of
/// a key is the position of its date among them.
struct Runs {
    files: [KeyRun; 2],
    dates: Vec<Date>,
    /// Bit mask of the tags whose dates count.
    live: u32,
    name: String,
}

fn paths(dir: &Path, name: &str) -> [PathBuf; 2] {
    KINDS.map(|kind| dir.join(format!("{name}.{kind}")))
}

impl Runs {
    /// Opens both files, all dates live.
    fn open(dir: &Path, name: &str) -> Result<Self, LakeError> {
        let [cards, psams] = paths(dir, name);
        let files = [KeyRun::open(&cards)?, KeyRun::open(&psams)?];
        if files[CARDS].labels() != files[PSAMS].labels() {
            return Err(LakeError::damaged(&psams, "other dates than the card keys"));
        }
        let dates = files[CARDS].labels().iter().map(|label| parse_date(label.to_string().as_bytes())).collect();
        let dates: Option<Vec<Date>> = dates;
        let dates = dates.ok_or_else(|| LakeError::damaged(&cards, "a date that is none"))?;
        Ok(Self { files, dates, live: u32::MAX, name: name.to_owned() })
    }
}

fn labels(dates: &[Date]) -> Vec<u32> {
    dates.iter().map(|date| format_date(*date).parse().expect("eight digits")).collect()
}

fn remove(dir: &Path, name: &str) -> Result<(), LakeError> {
    paths(dir, name).iter().try_for_each(|path| fs::remove_file(path).map_err(LakeError::io(path)))
}

/// Keys of closed dates.
#[derive(Default)]
pub struct History {
    runs: Vec<Runs>,
    /// Names of key files that are no longer needed.
    spent: Vec<String>,
}

impl History {
    /// Checks 14 and 15 against closed dates, for the records of one upload that passed all others. A record whose PSAM
    /// key is known may still turn out to be a duplicate inside the day: [`KeyIndex::judge`] has the last word.
    pub fn judge(&self, columns: &mut Columns) {
        judge_by(&self.runs, columns);
    }

    /// Merges the files of single dates when there are enough and removes what is no longer needed.
    fn compact(&self, dir: &Path) -> Result<(), LakeError> {
        let mut single: Vec<&Runs> = self.runs.iter().filter(|runs| runs.dates.len() == 1).collect();
        single.sort_by_key(|runs| runs.dates[0]);
        if let Some(runs) = single.get(..SPAN) {
            let dates: Vec<Date> = runs.iter().map(|runs| runs.dates[0]).collect();
            let name = format!("{}-{}", format_date(dates[0]), format_date(dates[SPAN - 1]));
            for (kind, path) in paths(dir, &name).iter().enumerate() {
                let mut sources: Vec<Source<'_>> = Vec::with_capacity(SPAN);
                for (tag, runs) in runs.iter().enumerate() {
                    sources.push(Box::new(runs.files[kind].keys().map(move |key| key.tagged(tag as u8))));
                }
                let count = runs.iter().map(|runs| runs.files[kind].len()).sum();
                run::write(path, &labels(&dates), count, merged(sources))?;
            }
            runs.iter().try_for_each(|runs| remove(dir, &runs.name))?;
        }
        self.spent.iter().try_for_each(|name| remove(dir, name))
    }
}

/// Sets the reason of rows whose card key, or else whose PSAM key, is in one of the key files.
fn judge_by(runs: &[Runs], columns: &mut Columns) {
    if runs.is_empty() {
        return;
    }
    let undecided = |columns: &Columns, wanted: &[Reason]| -> Vec<u32> {
        let rows = 0..columns.len() as u32;
        rows.filter(|row| wanted.iter().any(|r| columns.reason[*row as usize] == r.code())).collect()
    };
    // A known PSAM key, found in other files before, does not yet mean that the card key is unknown.
    let rows = undecided(columns, &[Reason::Ok, Reason::PsamConflict]);
    let keys: Vec<(KeyHash, u32)> = rows.into_iter().map(|row| (columns.card_key[row as usize], row)).collect();
    for runs in runs {
        runs.files[CARDS].find_each(&keys, runs.live, |at, earlier| {
            let (key, row) = keys[at];
            columns.reason[row as usize] = repeated(earlier, key).code();
        });
    }
    let rows = undecided(columns, &[Reason::Ok]);
    let keys: Vec<(KeyHash, u32)> = rows.into_iter().map(|row| (columns.psam_key[row as usize], row)).collect();
    for runs in runs {
        runs.files[PSAMS].find_each(&keys, runs.live, |at, _| {
            columns.reason[keys[at].1 as usize] = Reason::PsamConflict.code();
        });
    }
}

/// The reason of a record whose card key was accepted before.
fn repeated(earlier: KeyHash, key: KeyHash) -> Reason {
    if earlier.same_payload(key) { Reason::Duplicate } else { Reason::KeyConflict }
}

/// Every key that counts for the open clearing date.
pub struct KeyIndex {
    history: Arc<History>,
    memory: [KeyTable; 2],
    spilled: Vec<Runs>,
    spill_dir: PathBuf,
    memory_keys: usize,
}

impl KeyIndex {
    /// An index of one date alone, which makes its key files again.
    pub fn alone(lake: &Lake, date: Date) -> Result<Self, LakeError> {
        let spill_dir = lake.day_dir(date).join("keys");
        if spill_dir.exists() {
            fs::remove_dir_all(&spill_dir).map_err(LakeError::io(&spill_dir))?;
        }
        Ok(Self {
            history: Arc::default(),
            memory: Default::default(),
            spilled: Vec::new(),
            spill_dir,
            memory_keys: MEMORY_KEYS,
        })
    }

    /// An index over closed dates. Returns the dates whose key files are missing or damaged as well: their keys must be
    /// made again from the archive by [`KeyIndex::insert_stored`] into an index of the date alone and
    /// [`KeyIndex::close`].
    pub fn open(lake: &Lake, open_date: Date, closed: &[Date]) -> Result<(Self, Vec<Date>), LakeError> {
        let dir = lake.keys_dir();
        let mut names = Vec::new();
        if dir.exists() {
            for entry in fs::read_dir(&dir).map_err(LakeError::io(&dir))? {
                let path = entry.map_err(LakeError::io(&dir))?.path();
                if path.extension().is_some_and(|e| e == KINDS[CARDS]) {
                    names.extend(path.file_stem().map(|s| s.to_string_lossy().into_owned()));
                }
            }
        }
        names.sort_unstable();
        let mut all: Vec<Runs> = names.iter().filter_map(|name| Runs::open(&dir, name).ok()).collect();
        // A date may be in a merged file and, after a crash, still in one of its own.
        all.sort_by_key(|runs| std::cmp::Reverse(runs.dates.len()));
        let mut missing = closed.to_vec();
        let mut history = History::default();
        for mut runs in all {
            let mut live = 0;
            for (tag, date) in runs.dates.iter().enumerate() {
                if let Some(at) = missing.iter().position(|d| d == date) {
                    missing.swap_remove(at);
                    live |= 1 << tag;
                }
            }
            runs.live = live;
            if runs.live != 0 {
                history.runs.push(runs);
            } else if !runs.dates.contains(&open_date) {
                history.spent.push(runs.name);
            }
        }
        missing.sort_unstable();
        let index = Self { history: Arc::new(history), ..Self::alone(lake, open_date)? };
        Ok((index, missing))
    }

    /// The closed dates, which can be asked from any thread.
    pub fn history(&self) -> Arc<History> {
        self.history.clone()
    }

    /// Makes room for so many records at once, as far as memory is for keys.
    pub fn expect(&mut self, records: usize) {
        for keys in &mut self.memory {
            keys.reserve(records.min(self.memory_keys.saturating_sub(keys.len())));
        }
    }

    /// Checks 14 and 15 inside the open date for the records of one upload that passed all others and were held against
    /// the history, in record order. Those that stay accepted leave their keys; `columns.reason` is set.
    pub fn judge(&mut self, columns: &mut Columns) -> Result<(), LakeError> {
        self.reserve(columns.len())?;
        judge_by(&self.spilled, columns);
        let [cards, psams] = &mut self.memory;
        for row in 0..columns.len() {
            if let (Some(card), Some(psam)) = (columns.card_key.get(row + AHEAD), columns.psam_key.get(row + AHEAD)) {
                cards.prefetch(*card);
                psams.prefetch(*psam);
            }
            let reason = columns.reason[row];
            if reason != Reason::Ok.code() && reason != Reason::PsamConflict.code() {
                continue;
            }
            let card = columns.card_key[row];
            let card_slot = match cards.find(card) {
                Ok(earlier) => {
                    columns.reason[row] = repeated(earlier, card).code();
                    continue;
                }
                Err(slot) => slot,
            };
            if reason != Reason::Ok.code() {
                continue;
            }
            // No earlier accepted record has this card key, so one with this PSAM key is of another card key.
            let psam = columns.psam_key[row];
            match psams.find(psam) {
                Ok(_) => columns.reason[row] = Reason::PsamConflict.code(),
                Err(slot) => {
                    cards.put(card_slot, card);
                    psams.put(slot, psam);
                }
            }
        }
        Ok(())
    }

    /// Makes room for so many keys of each kind, on disk where memory has reached its bound.
    fn reserve(&mut self, records: usize) -> Result<(), LakeError> {
        let used = self.memory[CARDS].len();
        if used > 0 && used + records > self.memory_keys {
            let name = self.spilled.len().to_string();
            for (keys, path) in self.memory.iter_mut().zip(paths(&self.spill_dir, &name)) {
                let keys = keys.drain_sorted();
                run::write(&path, &[], keys.len(), keys)?;
            }
            self.spilled.push(Runs::open(&self.spill_dir, &name)?);
        }
        self.memory.iter_mut().for_each(|keys| keys.reserve(records));
        Ok(())
    }

    /// Adds the keys of the accepted records of a stored upload, from its raw lines.
    pub fn insert_stored(
        &mut self,
        lake: &Lake,
        secret: &KeySecret,
        date: Date,
        upload: &str,
        sender: MemberCode,
    ) -> Result<(), LakeError> {
        let (reasons, _) = Table::open(&lake.table_path(date, upload))?.outcomes()?;
        let path = lake.archive_path(date, upload);
        let mut archive = ArchiveReader::open(&path)?;
        let mut block = Vec::new();
        archive.next_block(&mut block)?;
        self.reserve(reasons.len())?;
        let mut row = 0;
        while archive.next_block(&mut block)? {
            for line in block.chunks_exact(LINE_LEN) {
                if reasons.get(row) == Some(&Reason::Ok.code()) {
                    let txu = parse_txu(line).map_err(|e| LakeError::damaged(&path, e))?;
                    let (card, psam) = secret.keys(&txu, line, sender);
                    for (keys, key) in self.memory.iter_mut().zip([card, psam]) {
                        if let Err(slot) = keys.find(key) {
                            keys.put(slot, key);
                        }
                    }
                }
                row += 1;
            }
        }
        Ok(())
    }

    /// Writes the key files of the open date, which is thereby closed, merges those of earlier dates when there are
    /// enough and removes what is no longer needed.
    pub fn close(mut self, lake: &Lake, date: Date) -> Result<(), LakeError> {
        let dir = lake.keys_dir();
        for (kind, path) in paths(&dir, &format_date(date)).iter().enumerate() {
            let memory = self.memory[kind].drain_sorted();
            let count = memory.len() + self.spilled.iter().map(|runs| runs.files[kind].len()).sum::<usize>();
            let spilled = self.spilled.iter().map(|runs| Box::new(runs.files[kind].keys()) as Source<'_>);
            let sources = spilled.chain([Box::new(memory) as Source<'_>]).collect();
            run::write(path, &labels(&[date]), count, merged(sources))?;
        }
        if self.spill_dir.exists() {
            fs::remove_dir_all(&self.spill_dir).map_err(LakeError::io(&self.spill_dir))?;
        }
        self.history.compact(&dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(n: u32) -> (KeyHash, KeyHash) {
        let secret = KeySecret::new([7; 16]);
        (secret.card(b'T', 1, (2, u64::from(n)), 5, b"content", 9), secret.psam(u64::from(n), n))
    }

    fn columns(of: impl Iterator<Item = (KeyHash, KeyHash)>) -> Columns {
        let mut columns = Columns::default();
        for (card, psam) in of {
            columns.reason.push(Reason::Ok.code());
            columns.card_key.push(card);
            columns.psam_key.push(psam);
        }
        columns
    }

    fn day(d: u32) -> Date {
        tongka_base::date::parse_date(format!("202609{d:02}").as_bytes()).unwrap()
    }

    /// The reasons of keys against everything that counts.
    fn judged(index: &mut KeyIndex, of: impl Iterator<Item = (KeyHash, KeyHash)>) -> Vec<u8> {
        let mut columns = columns(of);
        index.history().judge(&mut columns);
        index.judge(&mut columns).unwrap();
        columns.reason
    }

    #[test]
    fn keys_are_found_in_memory_spilled_and_closed() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::new(dir.path());
        let (mut index, missing) = KeyIndex::open(&lake, day(1), &[]).unwrap();
        assert!(missing.is_empty());
        index.memory_keys = 1000;
        for part in 0..10 {
            let reasons = judged(&mut index, (part * 500..part * 500 + 500).map(keys));
            assert!(reasons.iter().all(|r| *r == Reason::Ok.code()));
        }
        assert!(index.spilled.len() > 2, "memory has its bound");
        assert!(judged(&mut index, (0..5000).map(keys)).iter().all(|r| *r == Reason::Duplicate.code()));
        index.close(&lake, day(1)).unwrap();

        let (mut next, missing) = KeyIndex::open(&lake, day(2), &[day(1)]).unwrap();
        assert!(missing.is_empty());
        let secret = KeySecret::new([7; 16]);
        let other_content = secret.card(b'T', 1, (2, 17), 5, b"CONTENT", 9);
        let other_card = |n| secret.card(b'T', 1, (2, n), 5, b"content", 9);
        let mixed = [
            keys(0),
            (other_content, keys(9_000).1),
            (other_card(999_999), keys(17).1),
            keys(6000),
            // A known PSAM key on a card key that was accepted a line before.
            (keys(6000).0, keys(18).1),
        ];
        let expected = [Reason::Duplicate, Reason::KeyConflict, Reason::PsamConflict, Reason::Ok, Reason::Duplicate];
        assert_eq!(judged(&mut next, mixed.into_iter()), expected.map(Reason::code));

        fs::remove_file(lake.keys_dir().join("20260901.psams")).unwrap();
        assert_eq!(KeyIndex::open(&lake, day(2), &[day(1)]).unwrap().1, [day(1)]);
    }

    #[test]
    fn merged_files_answer_as_those_of_single_dates_and_only_for_dates_that_count() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::new(dir.path());
        let dates: Vec<Date> = (1..=20).map(day).collect();
        for n in 0..19 {
            let (mut index, missing) = KeyIndex::open(&lake, dates[n], &dates[..n]).unwrap();
            assert!(missing.is_empty(), "{}: {missing:?}", dates[n]);
            let n = n as u32;
            let reasons =
                judged(&mut index, (n * 100..n * 100 + 100).chain([n * 100, n.saturating_sub(1) * 100]).map(keys));
            assert!(reasons[..100].iter().all(|r| *r == Reason::Ok.code()));
            assert_eq!(reasons[100..], [Reason::Duplicate.code(); 2]);
            index.close(&lake, dates[n as usize]).unwrap();
        }
        let files = || fs::read_dir(lake.keys_dir()).unwrap().count();
        assert_eq!(files(), 2 * (2 + 3), "two merged files and three of single dates, of each kind");
        // Only the dates 5 to 19 count.
        let (mut index, missing) = KeyIndex::open(&lake, dates[19], &dates[4..19]).unwrap();
        assert!(missing.is_empty());
        let reasons = judged(&mut index, (0..1900).map(keys));
        assert!(reasons[..400].iter().all(|r| *r == Reason::Ok.code()), "expired");
        assert!(reasons[400..].iter().all(|r| *r == Reason::Duplicate.code()));
        // When none of its dates counts any more, a file goes.
        let (index, _) = KeyIndex::open(&lake, dates[19], &dates[8..19]).unwrap();
        index.close(&lake, dates[19]).unwrap();
        assert_eq!(files(), 2 * (1 + 4));
        // A lost merged file is asked for date by date.
        fs::remove_file(lake.keys_dir().join("20260909-20260916.cards")).unwrap();
        let (_, missing) = KeyIndex::open(&lake, day(21), &dates[8..]).unwrap();
        assert_eq!(missing, dates[8..16]);
    }
}
