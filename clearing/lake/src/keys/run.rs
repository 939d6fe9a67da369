//! Sorted key files (键文件): the keys of one clearing date or of several, mapped, never read whole.
//!
//! Layout, little-endian: magic; number of keys (u64); number of dates (u32); the dates as YYYYMMDD (16 × u32, unused
//! ones 0); from byte 96 the keys (2 × u64 each), sorted; then a directory (u32 each): the first position of each bucket
//! of the hash range, and the number of keys. The tag of a key is the position of its date in the list.

use crate::LakeError;
use crate::durable::DurableFile;
use memmap2::Mmap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use tongka_base::Date;
use tongka_base::date::{format_date, parse_date};
use tongka_txn::KeyHash;

/// Keys that a directory entry stands for, on average: one or two cache lines.
const BUCKET: usize = 8;
const MAGIC: &[u8; 8] = b"TKKEY002";
const HEADER: usize = 96;
const ENTRY: usize = 16;
/// Dates that one file can hold.
pub(super) const MOST_DATES: usize = 16;
/// Look-ups ahead for which the directory entry, and then the bucket, is fetched into the cache.
const AHEAD: usize = 12;

/// A mapped key file.
pub(super) struct KeyRun {
    map: Mmap,
    count: usize,
    buckets: usize,
    dates: Vec<Date>,
}

/// Where a hash belongs when the hash range is cut into `parts`.
fn part(high: u64, parts: usize) -> usize {
    ((u128::from(high) * parts as u128) >> 64) as usize
}

/// Writes a key file durably. `keys` must be sorted and as many as `count`; their tags are positions in `dates`.
pub(super) fn write(
    path: &Path,
    dates: &[Date],
    count: usize,
    keys: impl Iterator<Item = KeyHash>,
) -> Result<(), LakeError> {
    let io = |source| LakeError::Io { path: path.to_owned(), source };
    assert!(dates.len() <= MOST_DATES && count < u32::MAX as usize, "within the limits of the layout");
    let mut file = DurableFile::create(path)?;
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&(count as u64).to_le_bytes());
    header.extend_from_slice(&(dates.len() as u32).to_le_bytes());
    for date in dates {
        let number: u32 = format_date(*date).parse().expect("eight digits");
        header.extend_from_slice(&number.to_le_bytes());
    }
    header.resize(HEADER, 0);
    file.write_all(&header).map_err(io)?;
    let buckets = count / BUCKET + 1;
    let mut directory = vec![0_u32; buckets + 1];
    let mut written = 0;
    for key in keys {
        written += 1;
        directory[part(key.high, buckets) + 1] = written;
        let mut entry = [0; ENTRY];
        entry[..8].copy_from_slice(&key.high.to_le_bytes());
        entry[8..].copy_from_slice(&key.low.to_le_bytes());
        file.write_all(&entry).map_err(io)?;
    }
    assert_eq!(written as usize, count, "as many keys as announced");
    let mut end = 0;
    for first in &mut directory {
        end = end.max(*first);
        *first = end;
        file.write_all(&end.to_le_bytes()).map_err(io)?;
    }
    file.finish()
}

impl KeyRun {
    /// Maps a key file.
    pub(super) fn open(path: &Path) -> Result<Self, LakeError> {
        let file = File::open(path).map_err(LakeError::io(path))?;
        // SAFETY: key files are written whole under another name, renamed, and never changed afterwards; the data
        // folder belongs to this program alone (it holds a lock on it).
        let map = unsafe { Mmap::map(&file) }.map_err(LakeError::io(path))?;
        let damaged = |what: &str| LakeError::damaged(path, what);
        if map.len() < HEADER || &map[..8] != MAGIC {
            return Err(damaged("not a key file"));
        }
        let number = |at: usize| u32::from_le_bytes(map[at..at + 4].try_into().expect("4 bytes"));
        let count = u64::from_le_bytes(map[8..16].try_into().expect("8 bytes")) as usize;
        let buckets = count / BUCKET + 1;
        let length = count.checked_mul(ENTRY).and_then(|keys| keys.checked_add(HEADER + (buckets + 1) * 4));
        if length != Some(map.len()) || number(16) as usize > MOST_DATES {
            return Err(damaged("not as long as its counts"));
        }
        let dates = (0..number(16) as usize).map(|n| parse_date(number(20 + 4 * n).to_string().as_bytes()));
        let dates = dates.collect::<Option<Vec<_>>>().ok_or_else(|| damaged("a date that is none"))?;
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::Random);
        Ok(Self { map, count, buckets, dates })
    }

    /// Number of keys.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The dates whose keys are here.
    pub(super) fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// All keys, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = KeyHash> + '_ {
        (0..self.count).map(|at| self.key(at))
    }

    fn key(&self, at: usize) -> KeyHash {
        let at = HEADER + at * ENTRY;
        let word = |at: usize| u64::from_le_bytes(self.map[at..at + 8].try_into().expect("8 bytes"));
        KeyHash { high: word(at), low: word(at + 8) }
    }

    fn directory(&self, bucket: usize) -> usize {
        HEADER + self.count * ENTRY + bucket * 4
    }

    fn first(&self, bucket: usize) -> usize {
        let at = self.directory(bucket);
        u32::from_le_bytes(self.map[at..at + 4].try_into().expect("4 bytes")) as usize
    }

    /// Calls `found` with the position of each key that is here under one of the tags in the bit mask `live`, and with
    /// the key as it is here.
    pub(super) fn find_each(&self, keys: &[(KeyHash, u32)], live: u32, mut found: impl FnMut(usize, KeyHash)) {
        for at in 0..keys.len() {
            if let Some((key, _)) = keys.get(at + 2 * AHEAD) {
                super::prefetch(&self.map[self.directory(part(key.high, self.buckets))]);
            }
            if let Some((key, _)) = keys.get(at + AHEAD) {
                let first = self.first(part(key.high, self.buckets)).min(self.count);
                super::prefetch(&self.map[(HEADER + first * ENTRY).min(self.map.len() - 1)]);
            }
            let key = keys[at].0;
            let bucket = part(key.high, self.buckets);
            let range = self.first(bucket)..self.first(bucket + 1).min(self.count);
            let same = range.map(|at| self.key(at)).take_while(|here| here.high <= key.high);
            if let Some(here) = same.filter(|here| here.same_key(key) && live >> here.tag() & 1 == 1).last() {
                found(at, here);
            }
        }
    }
}
