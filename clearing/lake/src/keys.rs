//! The key index: by which an earlier accepted record of the same card key or PSAM key is found (checks 14 and 15).
//!
//! Keys of the open day are in memory; those of closed dates, and what overflows the memory bound, in sorted key files
//! that are mapped, not read. All of it is derived from the archive and the tables: a missing key file is made again
//! ([`KeyIndex::open`] says which), so nothing here has to survive a crash.

use crate::archive::ArchiveReader;
use crate::durable::DurableFile;
use crate::table::Table;
use crate::{Lake, LakeError};
use memmap2::Mmap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use tongka_base::{Date, MemberCode, Reason};
use tongka_txn::{Columns, KeyHash, KeySecret};
use tongka_wire::txu::{LINE_LEN, parse_txu};

/// Keys held in memory of each kind before they go to a file: 12 M keys are about 250 MB.
const MEMORY_KEYS: usize = 12_000_000;
/// Keys a directory entry of a key file stands for, on average.
const BUCKET: usize = 16;
const MAGIC: &[u8; 8] = b"TKKEY001";
const HEADER: usize = 16;

/// Hash set with open addressing, ordered by hash: growth and export are sequential.
#[derive(Default)]
struct KeyTable {
    slots: Vec<KeyHash>,
    used: usize,
}

impl KeyTable {
    fn slot(&self, key: KeyHash) -> usize {
        ((u128::from(key.high) * self.slots.len() as u128) >> 64) as usize
    }

    /// The key with its payload where it is there, else the slot where it belongs. There must be a free slot.
    fn find(&self, key: KeyHash) -> Result<KeyHash, usize> {
        let mut at = self.slot(key);
        loop {
            let found = self.slots[at];
            if found.high == 0 {
                return Err(at);
            }
            if found.same_key(key) {
                return Ok(found);
            }
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
    }

    /// Makes room for one more key: slots found before are no longer right.
    fn reserve(&mut self) {
        if self.used * 10 >= self.slots.len() * 8 {
            let size = (self.slots.len() * 3 / 2).max(1 << 12);
            let old = std::mem::replace(&mut self.slots, vec![KeyHash::default(); size]);
            for key in old.into_iter().filter(|k| k.high != 0) {
                let slot = self.find(key).expect_err("each key is there once");
                self.slots[slot] = key;
            }
        }
    }

    /// Puts a key into the slot that [`KeyTable::find`] gave for it.
    fn put(&mut self, slot: usize, key: KeyHash) {
        self.slots[slot] = key;
        self.used += 1;
    }

    fn drain_sorted(&mut self) -> Vec<KeyHash> {
        let mut keys = std::mem::take(&mut self.slots);
        keys.retain(|k| k.high != 0);
        keys.sort_unstable();
        self.used = 0;
        keys
    }
}

/// A sorted key file: magic, count, all `high` words, all `low` words.
struct KeyRun {
    map: Mmap,
    count: usize,
    /// First position of each bucket of the hash range, and the count at the end.
    directory: Vec<u32>,
}

impl KeyRun {
    fn write(path: &Path, keys: &[KeyHash]) -> Result<(), LakeError> {
        let mut file = DurableFile::create(path)?;
        let mut words = Vec::with_capacity(HEADER + keys.len() * 16);
        words.extend_from_slice(MAGIC);
        words.extend_from_slice(&(keys.len() as u64).to_le_bytes());
        words.extend(keys.iter().flat_map(|k| k.high.to_le_bytes()));
        words.extend(keys.iter().flat_map(|k| k.low.to_le_bytes()));
        file.write_all(&words).map_err(LakeError::io(path))?;
        file.finish()
    }

    fn open(path: &Path) -> Result<Self, LakeError> {
        let file = File::open(path).map_err(LakeError::io(path))?;
        // SAFETY: key files are written whole under another name, renamed, and never changed afterwards; the data
        // folder belongs to this program alone (it holds a lock on it).
        let map = unsafe { Mmap::map(&file) }.map_err(LakeError::io(path))?;
        if map.len() < HEADER || &map[..8] != MAGIC {
            return Err(LakeError::damaged(path, "not a key file"));
        }
        let count = u64::from_le_bytes(map[8..16].try_into().expect("8 bytes")) as usize;
        if map.len() != HEADER + count * 16 {
            return Err(LakeError::damaged(path, "not as long as its count"));
        }
        let mut run = Self { map, count, directory: Vec::new() };
        let buckets = count / BUCKET + 1;
        run.directory = vec![0; buckets + 1];
        for at in 0..count {
            let bucket = run.bucket(run.word(at), buckets);
            run.directory[bucket + 1] = at as u32 + 1;
        }
        for bucket in 1..=buckets {
            run.directory[bucket] = run.directory[bucket].max(run.directory[bucket - 1]);
        }
        Ok(run)
    }

    fn word(&self, index: usize) -> u64 {
        let at = HEADER + index * 8;
        u64::from_le_bytes(self.map[at..at + 8].try_into().expect("8 bytes"))
    }

    fn bucket(&self, high: u64, buckets: usize) -> usize {
        ((u128::from(high) * buckets as u128) >> 64) as usize
    }

    fn find(&self, key: KeyHash) -> Option<KeyHash> {
        let bucket = self.bucket(key.high, self.directory.len() - 1);
        let range = self.directory[bucket] as usize..self.directory[bucket + 1] as usize;
        for at in range {
            let high = self.word(at);
            if high > key.high {
                break;
            }
            if high == key.high {
                let found = KeyHash { high, low: self.word(self.count + at) };
                if found.same_key(key) {
                    return Some(found);
                }
            }
        }
        None
    }
}

/// Keys of one kind.
#[derive(Default)]
struct Keys {
    memory: KeyTable,
    runs: Vec<KeyRun>,
}

impl Keys {
    /// The key with its payload where it is there, else its slot in memory.
    fn find(&self, key: KeyHash) -> Result<KeyHash, usize> {
        self.memory.find(key).or_else(|slot| self.runs.iter().find_map(|run| run.find(key)).ok_or(slot))
    }
}

/// Every key that counts for the open clearing date.
pub struct KeyIndex {
    cards: Keys,
    psams: Keys,
    spill_dir: PathBuf,
    memory_keys: usize,
}

/// The two key files of a closed date.
fn paths(lake: &Lake, date: Date) -> [PathBuf; 2] {
    [lake.keys_path(date, "cards"), lake.keys_path(date, "psams")]
}

impl KeyIndex {
    /// An index over closed dates. Returns the dates whose key files are missing or damaged as well: their keys must be
    /// made again from the archive by [`KeyIndex::insert`] into a fresh index and [`KeyIndex::close`].
    pub fn open(lake: &Lake, open_date: Date, history: &[Date]) -> Result<(Self, Vec<Date>), LakeError> {
        let spill_dir = lake.day_dir(open_date).join("keys");
        if spill_dir.exists() {
            fs::remove_dir_all(&spill_dir).map_err(LakeError::io(&spill_dir))?;
        }
        let mut index = Self { cards: Keys::default(), psams: Keys::default(), spill_dir, memory_keys: MEMORY_KEYS };
        let mut missing = Vec::new();
        for date in history {
            let [cards, psams] = paths(lake, *date);
            match (KeyRun::open(&cards), KeyRun::open(&psams)) {
                (Ok(cards), Ok(psams)) => {
                    index.cards.runs.push(cards);
                    index.psams.runs.push(psams);
                }
                _ => missing.push(*date),
            }
        }
        Ok((index, missing))
    }

    /// Checks 14 and 15 for the records of one upload that passed all others, in record order. Those that stay accepted
    /// leave their keys; `columns.reason` is set.
    pub fn judge(&mut self, columns: &mut Columns) -> Result<(), LakeError> {
        for row in 0..columns.len() {
            if columns.reason[row] != Reason::Ok.code() {
                continue;
            }
            self.reserve()?;
            let card = columns.card_key[row];
            let card_slot = match self.cards.find(card) {
                Ok(earlier) => {
                    let reason = if earlier.same_payload(card) { Reason::Duplicate } else { Reason::KeyConflict };
                    columns.reason[row] = reason.code();
                    continue;
                }
                Err(slot) => slot,
            };
            // No earlier accepted record has this card key, so one with this PSAM key is of another card key.
            let psam = columns.psam_key[row];
            match self.psams.find(psam) {
                Ok(_) => columns.reason[row] = Reason::PsamConflict.code(),
                Err(slot) => {
                    self.cards.memory.put(card_slot, card);
                    self.psams.memory.put(slot, psam);
                }
            }
        }
        Ok(())
    }

    /// Adds the keys of an accepted record; those that are there stay as they are.
    fn insert(&mut self, card: KeyHash, psam: KeyHash) -> Result<(), LakeError> {
        self.reserve()?;
        for (keys, key) in [(&mut self.cards, card), (&mut self.psams, psam)] {
            if let Err(slot) = keys.find(key) {
                keys.memory.put(slot, key);
            }
        }
        Ok(())
    }

    /// Makes room for one more key of each kind, on disk where memory has reached its bound.
    fn reserve(&mut self) -> Result<(), LakeError> {
        if self.cards.memory.used >= self.memory_keys {
            self.spill()?;
        }
        self.cards.memory.reserve();
        self.psams.memory.reserve();
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
        let mut row = 0;
        while archive.next_block(&mut block)? {
            for line in block.chunks_exact(LINE_LEN) {
                if reasons.get(row) == Some(&Reason::Ok.code()) {
                    let txu = parse_txu(line).map_err(|e| LakeError::damaged(&path, e))?;
                    let (card, psam) = secret.keys(&txu, line, sender);
                    self.insert(card, psam)?;
                }
                row += 1;
            }
        }
        Ok(())
    }

    fn spill(&mut self) -> Result<(), LakeError> {
        for (name, keys) in [("cards", &mut self.cards), ("psams", &mut self.psams)] {
            let path = self.spill_dir.join(format!("{name}-{}", keys.runs.len()));
            KeyRun::write(&path, &keys.memory.drain_sorted())?;
            keys.runs.push(KeyRun::open(&path)?);
        }
        Ok(())
    }

    /// Writes the key files of the open date, which is thereby closed.
    pub fn close(mut self, lake: &Lake, date: Date) -> Result<(), LakeError> {
        let [cards, psams] = paths(lake, date);
        for (path, keys) in [(cards, &mut self.cards), (psams, &mut self.psams)] {
            let mut all = keys.memory.drain_sorted();
            if self.spill_dir.exists() {
                for name in fs::read_dir(&self.spill_dir).map_err(LakeError::io(&self.spill_dir))? {
                    let spilled = name.map_err(LakeError::io(&self.spill_dir))?.path();
                    let kind = path.file_stem().expect("named above").to_string_lossy().into_owned();
                    if spilled.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&kind)) {
                        let run = KeyRun::open(&spilled)?;
                        all.extend(
                            (0..run.count).map(|at| KeyHash { high: run.word(at), low: run.word(run.count + at) }),
                        );
                    }
                }
                all.sort_unstable();
            }
            KeyRun::write(&path, &all)?;
        }
        if self.spill_dir.exists() {
            fs::remove_dir_all(&self.spill_dir).map_err(LakeError::io(&self.spill_dir))?;
        }
        Ok(())
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
            columns.reason.push(0);
            columns.card_key.push(card);
            columns.psam_key.push(psam);
        }
        columns
    }

    #[test]
    fn keys_are_found_in_memory_spilled_and_closed() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::new(dir.path());
        let day = |d| tongka_base::date::parse_date(format!("202609{d:02}").as_bytes()).unwrap();
        let (mut index, missing) = KeyIndex::open(&lake, day(1), &[]).unwrap();
        assert!(missing.is_empty());
        index.memory_keys = 1000;
        let mut first = columns((0..5000).map(keys));
        index.judge(&mut first).unwrap();
        assert!(first.reason.iter().all(|r| *r == 0));
        let mut again = columns((0..5000).map(keys));
        index.judge(&mut again).unwrap();
        assert!(again.reason.iter().all(|r| *r == Reason::Duplicate.code()));
        index.close(&lake, day(1)).unwrap();

        let (mut next, missing) = KeyIndex::open(&lake, day(2), &[day(1)]).unwrap();
        assert!(missing.is_empty());
        let secret = KeySecret::new([7; 16]);
        let other_content = secret.card(b'T', 1, (2, 17), 5, b"CONTENT", 9);
        let other_card = secret.card(b'T', 1, (2, 999_999), 5, b"content", 9);
        let mut mixed =
            columns([keys(0), (other_content, keys(9_000).1), (other_card, keys(17).1), keys(6000)].into_iter());
        next.judge(&mut mixed).unwrap();
        let expected = [Reason::Duplicate, Reason::KeyConflict, Reason::PsamConflict, Reason::Ok].map(Reason::code);
        assert_eq!(mixed.reason, expected);

        fs::remove_file(lake.keys_path(day(1), "psams")).unwrap();
        assert_eq!(KeyIndex::open(&lake, day(2), &[day(1)]).unwrap().1, [day(1)]);
    }
}
