//! The card index (卡号索引) of a closed date: in which uploads of the date a card is, and in which rows of their tables.
//!
//! Rows of a table are in card order, so a card's rows in an upload are one run: the index has 16 bytes for each. It is
//! keyed by a hash of the application serial under the installation's secret, mapped, and derived from the tables: a
//! missing or damaged one is made again, and until then its date is searched without. It says where to look, never what
//! is there: whoever uses it reads the rows and compares the card.

use crate::run::{self, KeyRun, Source, merged};
use crate::table::{Column, Table};
use crate::{Lake, LakeError};
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use tongka_base::{AppSerial, Date};
use tongka_txn::{KeyHash, KeySecret, split_serial};

/// Runs sorted in memory before they go to a file: 64 MB.
const MEMORY_RUNS: usize = 4_000_000;
/// Bits of the length of a run and of its first row.
const LENGTH_BITS: u32 = 16;
const ROW_BITS: u32 = 24;
const MOST_ROWS: u32 = (1 << LENGTH_BITS) - 1;

/// Rows of one card in one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRun {
    /// Place of the upload among those of its date, in the order of acceptance, from 0.
    pub upload: usize,
    /// Rows of its table.
    pub rows: Range<u32>,
}

impl CardRun {
    fn of(low: u64) -> Self {
        let first = (low >> LENGTH_BITS) as u32 & ((1 << ROW_BITS) - 1);
        let length = low as u32 & MOST_ROWS;
        Self { upload: (low >> (LENGTH_BITS + ROW_BITS)) as usize, rows: first..first + length }
    }

    fn packed(upload: usize, first: u32, length: u32) -> u64 {
        (upload as u64) << (LENGTH_BITS + ROW_BITS) | u64::from(first) << LENGTH_BITS | u64::from(length)
    }
}

/// The card index of a date, mapped.
pub struct CardIndex(KeyRun);

fn path(lake: &Lake, date: Date) -> PathBuf {
    lake.day_dir(date).join("cards.index")
}

impl CardIndex {
    /// Opens the index of a date; `None` where there is none of exactly so many uploads, or it is damaged.
    pub fn open(lake: &Lake, date: Date, uploads: usize) -> Option<Self> {
        let run = KeyRun::open(&path(lake, date)).ok()?;
        (run.labels() == [uploads as u32]).then_some(Self(run))
    }

    /// Where a card may be found: in the order of uploads.
    pub fn find(&self, secret: &KeySecret, serial: AppSerial) -> Vec<CardRun> {
        self.0.equal(secret.card_number(split_serial(serial.0))).map(|hash| CardRun::of(hash.low)).collect()
    }

    /// Makes the index of a date from the tables of its uploads, given in the order of acceptance, durably.
    pub fn build(lake: &Lake, date: Date, secret: &KeySecret, uploads: &[String]) -> Result<(), LakeError> {
        Builder { lake, date, memory: MEMORY_RUNS, runs: Vec::new(), spilled: Vec::new() }.build(secret, uploads)
    }
}

/// Scheme, issuer id and application serial as columns hold them.
type CardColumns = (i32, i64, i32, i64);

struct Builder<'a> {
    lake: &'a Lake,
    date: Date,
    /// Runs held in memory.
    memory: usize,
    runs: Vec<KeyHash>,
    spilled: Vec<KeyRun>,
}

impl Builder<'_> {
    fn build(mut self, secret: &KeySecret, uploads: &[String]) -> Result<(), LakeError> {
        assert!(uploads.len() < 1 << (64 - LENGTH_BITS - ROW_BITS), "so many uploads a date have no place");
        let spill_dir = self.spill_dir();
        for (number, name) in uploads.iter().enumerate() {
            let table = Table::open(&self.lake.table_path(self.date, name))?;
            assert!(table.rows() < 1 << ROW_BITS, "an upload holds a million records at most");
            self.add(secret, number, &table)?;
            if self.runs.len() >= self.memory {
                self.runs.sort_unstable();
                let part = spill_dir.join(self.spilled.len().to_string());
                run::write(&part, &[], self.runs.len(), self.runs.drain(..))?;
                self.spilled.push(KeyRun::open(&part)?);
            }
        }
        self.runs.sort_unstable();
        let count = self.runs.len() + self.spilled.iter().map(KeyRun::len).sum::<usize>();
        let mut sources: Vec<Source<'_>> = self.spilled.iter().map(|run| Box::new(run.keys()) as Source<'_>).collect();
        sources.push(Box::new(self.runs.iter().copied()));
        run::write(&path(self.lake, self.date), &[uploads.len() as u32], count, merged(sources))?;
        if spill_dir.exists() {
            fs::remove_dir_all(&spill_dir).map_err(LakeError::io(&spill_dir))?;
        }
        Ok(())
    }

    fn spill_dir(&self) -> PathBuf {
        self.lake.day_dir(self.date).join("cards")
    }

    fn add(&mut self, secret: &KeySecret, upload: usize, table: &Table) -> Result<(), LakeError> {
        // A card's rows may go on in the next row group.
        let mut open: Option<(CardColumns, u32, u32)> = None;
        let mut close = |card: CardColumns, first, length| {
            // The row of a malformed record has no card.
            if card.0 != 0 {
                let high = secret.card_number((card.2 as u16, card.3 as u64));
                self.runs.push(KeyHash { high, low: CardRun::packed(upload, first, length) });
            }
        };
        for group in 0..table.groups() {
            let (schemes, issuers) = (table.narrow(group, Column::Scheme)?, table.wide(group, Column::IssuerId)?);
            let (highs, lows) = (table.narrow(group, Column::SerialHigh)?, table.wide(group, Column::SerialLow)?);
            for (at, row) in table.group_rows(group).enumerate() {
                let card = (schemes[at], issuers[at], highs[at], lows[at]);
                match &mut open {
                    Some((same, _, length)) if *same == card && *length < MOST_ROWS => *length += 1,
                    _ => {
                        if let Some((card, first, length)) = open {
                            close(card, first, length);
                        }
                        open = Some((card, row, 1));
                    }
                }
            }
        }
        if let Some((card, first, length)) = open {
            close(card, first, length);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;
    use crate::table::tests::sample;
    use std::collections::BTreeMap;

    #[test]
    fn every_card_is_found_where_it_is_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::new(dir.path());
        let date = tongka_base::date::parse_date(b"20260901").unwrap();
        let secret = KeySecret::new([7; 16]);
        let names: Vec<String> = (1..=5).map(|n| format!("TXU_20260901_10001000_{n:06}.dat")).collect();
        let mut truth: BTreeMap<(u16, u64), Vec<(usize, u32)>> = BTreeMap::new();
        for (number, name) in names.iter().enumerate() {
            // One upload has no record, one has more than a row group.
            let rows = [3_000, 0, 140_000, 1, 500][number];
            let columns = sample(rows, number as u64);
            table::write(&lake.table_path(date, name), &columns, &[]).unwrap();
            let table = Table::open(&lake.table_path(date, name)).unwrap();
            let all: Vec<u32> = (0..rows as u32).collect();
            for (row, record) in table.records(&all).unwrap().into_iter().enumerate() {
                let Some(txu) = record.fields else { continue };
                truth.entry(split_serial(txu.serial.0)).or_default().push((number, row as u32));
            }
        }
        assert!(CardIndex::open(&lake, date, 5).is_none());
        for memory in [MEMORY_RUNS, 1000] {
            let builder = Builder { lake: &lake, date, memory, runs: Vec::new(), spilled: Vec::new() };
            builder.build(&secret, &names).unwrap();
            assert!(!lake.day_dir(date).join("cards").exists(), "nothing is left over");
            let index = CardIndex::open(&lake, date, 5).unwrap();
            for ((high, low), places) in &truth {
                let mut serial = [0; 10];
                serial[..2].copy_from_slice(&high.to_be_bytes());
                serial[2..].copy_from_slice(&low.to_be_bytes());
                let runs = index.find(&secret, AppSerial(serial));
                let found: Vec<_> =
                    runs.into_iter().flat_map(|run| run.rows.map(move |row| (run.upload, row))).collect();
                assert_eq!(&found, places);
            }
            assert!(index.find(&secret, AppSerial([0; 10])).is_empty(), "malformed records have no card");
            assert!(index.find(&secret, AppSerial([0xFF; 10])).is_empty());
        }
        assert!(CardIndex::open(&lake, date, 4).is_none(), "of another number of uploads");
        fs::write(path(&lake, date), b"damaged").unwrap();
        assert!(CardIndex::open(&lake, date, 5).is_none());
    }
}
