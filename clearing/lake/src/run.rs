//! Sorted files of hashes (散列文件), mapped, never read whole: the keys of one clearing date or of several, and the card
//! index of a date.
//!
//! Layout, little-endian: magic; number of hashes (u64); number of labels (u32); the labels (16 × u32, unused ones 0);
//! from byte 96 the hashes (2 × u64 each), sorted; then a directory (u32 each): the first position of each bucket of the
//! hash range, and the number of hashes. What a label says is for the reader of the file to know.

use crate::LakeError;
use crate::durable::DurableFile;
use memmap2::Mmap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use tongka_txn::KeyHash;

/// Keys that a directory entry stands for, on average: one or two cache lines.
const BUCKET: usize = 8;
const MAGIC: &[u8; 8] = b"TKRUN003";
const HEADER: usize = 96;
const ENTRY: usize = 16;
/// Labels that one file can hold.
pub(crate) const MOST_LABELS: usize = 16;
/// Look-ups ahead for which the directory entry, and then the bucket, is fetched into the cache.
const AHEAD: usize = 12;

/// A mapped file of hashes.
pub(crate) struct KeyRun {
    map: Mmap,
    count: usize,
    buckets: usize,
    labels: Vec<u32>,
}

/// Where a hash belongs when the hash range is cut into `parts`.
fn part(high: u64, parts: usize) -> usize {
    ((u128::from(high) * parts as u128) >> 64) as usize
}

/// Starts to fetch what is at an address into the cache.
pub(crate) fn prefetch<T>(at: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the address is valid; fetching has no effect but on the cache.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(at).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// A sorted source of hashes.
pub(crate) type Source<'a> = Box<dyn Iterator<Item = KeyHash> + 'a>;

/// Sorted sources as one.
pub(crate) fn merged(sources: Vec<Source<'_>>) -> impl Iterator<Item = KeyHash> {
    let mut heads: Vec<(KeyHash, Source<'_>)> =
        sources.into_iter().filter_map(|mut source| Some((source.next()?, source))).collect();
    std::iter::from_fn(move || {
        let (at, least) = heads.iter().map(|head| head.0).enumerate().min_by_key(|(_, key)| *key)?;
        match heads[at].1.next() {
            Some(next) => heads[at].0 = next,
            None => drop(heads.swap_remove(at)),
        }
        Some(least)
    })
}

/// Writes a file durably. `keys` must be sorted and as many as `count`.
pub(crate) fn write(
    path: &Path,
    labels: &[u32],
    count: usize,
    keys: impl Iterator<Item = KeyHash>,
) -> Result<(), LakeError> {
    let io = |source| LakeError::Io { path: path.to_owned(), source };
    assert!(labels.len() <= MOST_LABELS && count < u32::MAX as usize, "within the limits of the layout");
    let mut file = DurableFile::create(path)?;
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&(count as u64).to_le_bytes());
    header.extend_from_slice(&(labels.len() as u32).to_le_bytes());
    for label in labels {
        header.extend_from_slice(&label.to_le_bytes());
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
    /// Maps a file.
    pub(crate) fn open(path: &Path) -> Result<Self, LakeError> {
        let file = File::open(path).map_err(LakeError::io(path))?;
        // SAFETY: these files are written whole under another name, renamed, and never changed afterwards; the data
        // folder belongs to this program alone (it holds a lock on it).
        let map = unsafe { Mmap::map(&file) }.map_err(LakeError::io(path))?;
        let damaged = |what: &str| LakeError::damaged(path, what);
        if map.len() < HEADER || &map[..8] != MAGIC {
            return Err(damaged("not a file of hashes"));
        }
        let number = |at: usize| u32::from_le_bytes(map[at..at + 4].try_into().expect("4 bytes"));
        let count = u64::from_le_bytes(map[8..16].try_into().expect("8 bytes")) as usize;
        let buckets = count / BUCKET + 1;
        let length = count.checked_mul(ENTRY).and_then(|keys| keys.checked_add(HEADER + (buckets + 1) * 4));
        if length != Some(map.len()) || number(16) as usize > MOST_LABELS {
            return Err(damaged("not as long as its counts"));
        }
        let labels = (0..number(16) as usize).map(|n| number(20 + 4 * n)).collect();
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::Random);
        Ok(Self { map, count, buckets, labels })
    }

    /// Number of hashes.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The labels it was written with.
    pub(crate) fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// All hashes, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyHash> + '_ {
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

    /// Every hash with these upper 64 bits, in order.
    pub(crate) fn equal(&self, high: u64) -> impl Iterator<Item = KeyHash> + '_ {
        let bucket = part(high, self.buckets);
        let here = (self.first(bucket)..self.first(bucket + 1).min(self.count)).map(|at| self.key(at));
        here.skip_while(move |key| key.high < high).take_while(move |key| key.high == high)
    }

    /// Calls `found` with the position of each key that is here under one of the tags in the bit mask `live`, and with
    /// the key as it is here.
    pub(crate) fn find_each(&self, keys: &[(KeyHash, u32)], live: u32, mut found: impl FnMut(usize, KeyHash)) {
        for at in 0..keys.len() {
            if let Some((key, _)) = keys.get(at + 2 * AHEAD) {
                prefetch(&self.map[self.directory(part(key.high, self.buckets))]);
            }
            if let Some((key, _)) = keys.get(at + AHEAD) {
                let first = self.first(part(key.high, self.buckets)).min(self.count);
                prefetch(&self.map[(HEADER + first * ENTRY).min(self.map.len() - 1)]);
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
