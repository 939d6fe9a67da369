//! Where everything lies in the card's memory: header, file table, key table, file contents.

use super::image::{Access, FileKind, KeyUsage};
use crate::files::TransactionLog;
use crate::nvm::Nvm;
use crate::{algorithm_byte, algorithm_from_byte};
use tongka_base::{Algorithm, CardScheme};
use tongka_crypto::Key16;

pub(super) const LIFE: usize = 0;
pub(super) const APPLICATION: usize = 1;
pub(super) const SCHEME: usize = 2;
pub(super) const ALGORITHM: usize = 3;
pub(super) const FLAGS: usize = 4;
pub(super) const PIN_FLAGS: usize = 5;
pub(super) const PIN: usize = 6;
pub(super) const PIN_TRIES: usize = 14;
pub(super) const PIN_LIMIT: usize = 15;
pub(super) const MAX_BALANCE: usize = 16;
const EP: usize = 20;
const ED: usize = 31;
const PROOFS: usize = 42;
const PROOF: usize = 11;
pub(super) const AID_LEN: usize = 130;
pub(super) const AID: usize = 131;
pub(super) const MAKER: usize = 147;
pub(super) const MAKER_ALGORITHM: usize = 163;
pub(super) const MAKER_TRIES: usize = 164;
pub(super) const DF_FID: usize = 165;
pub(super) const FILE_CAPACITY: usize = 167;
pub(super) const KEY_CAPACITY: usize = 168;
const FILES: usize = 169;
const KEYS: usize = 170;
const HEAP_TOP: usize = 171;
const HEADER: usize = 176;
const FILE_ENTRY: usize = 16;
const KEY_ENTRY: usize = 24;

/// LIFE: with the card maker, not personalised.
pub(super) const BLANK: u8 = 0x5A;
/// LIFE: in use.
pub(super) const IN_USE: u8 = 0x01;
/// LIFE: the card is blocked for ever.
pub(super) const CARD_BLOCKED: u8 = 0x02;

/// APPLICATION: not created.
pub(super) const NO_APPLICATION: u8 = 0;
/// APPLICATION: in use.
pub(super) const ACTIVE: u8 = 1;
/// APPLICATION: blocked until unblocked.
pub(super) const TEMPORARILY_BLOCKED: u8 = 2;
/// APPLICATION: blocked for ever.
pub(super) const PERMANENTLY_BLOCKED: u8 = 3;

/// FLAGS: the card has an electronic deposit.
pub(super) const HAS_ED: u8 = 1;
/// PIN_FLAGS: there is a PIN.
pub(super) const HAS_PIN: u8 = 1;
/// PIN_FLAGS: load of the electronic purse needs it.
pub(super) const PIN_FOR_LOAD: u8 = 2;

/// A purse as it lies in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct PurseState {
    pub(super) at: usize,
    /// Balance without the overdraft; below zero when that is in use.
    pub(super) net: i32,
    pub(super) limit: u32,
    pub(super) online: u16,
    pub(super) offline: u16,
}

impl PurseState {
    /// What can be spent.
    pub(super) fn available(&self) -> i64 {
        i64::from(self.net) + i64::from(self.limit)
    }

    pub(super) fn limit_bytes(&self) -> [u8; 3] {
        let [_, a, b, c] = self.limit.to_be_bytes();
        [a, b, c]
    }
}

/// A file as it lies in memory.
#[derive(Clone, Debug)]
pub(super) struct FileEntry {
    entry: usize,
    pub(super) directory: u8,
    pub(super) fid: u16,
    pub(super) kind: FileKind,
    pub(super) read: Access,
    pub(super) write: Access,
    pub(super) size: u16,
    pub(super) capacity: u8,
    head: u8,
    pub(super) used: u8,
    at: usize,
}

impl FileEntry {
    /// Where record `number` (from 1) lies.
    pub(super) fn record(&self, number: u8) -> Option<usize> {
        if number == 0 || number > self.used {
            return None;
        }
        let (number, capacity) = (usize::from(number) - 1, usize::from(self.capacity));
        let slot = match self.kind {
            FileKind::Cyclic => (usize::from(self.head) + capacity - number) % capacity,
            _ => number,
        };
        Some(self.at + slot * usize::from(self.size))
    }
}

/// A key as it lies in memory.
#[derive(Clone)]
pub(super) struct KeyEntry {
    entry: usize,
    pub(super) version: u8,
    pub(super) algorithm: Algorithm,
    pub(super) limit: u8,
    pub(super) tries: u8,
    pub(super) key: Key16,
}

impl KeyEntry {
    /// Where the tries lie.
    pub(super) fn tries_at(&self) -> usize {
        self.entry + 6
    }
}

/// Bytes of memory for so many files, keys and bytes of contents.
pub(super) fn memory_size(files: u8, keys: u8, contents: usize) -> usize {
    HEADER + usize::from(files) * FILE_ENTRY + usize::from(keys) * KEY_ENTRY + contents
}

/// The memory, read and written by name.
#[derive(Debug)]
pub(super) struct Memory(pub(super) Nvm);

impl Memory {
    pub(super) fn scheme(&self) -> CardScheme {
        if self.0.byte(SCHEME) == b'M' { CardScheme::Mohurd } else { CardScheme::TUnion }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        algorithm_from_byte(self.0.byte(ALGORITHM)).unwrap_or(Algorithm::Tdes)
    }

    pub(super) fn aid(&self) -> &[u8] {
        self.0.read(AID, usize::from(self.0.byte(AID_LEN)).min(16))
    }

    pub(super) fn u16(&self, at: usize) -> u16 {
        u16::from_be_bytes(self.0.array(at))
    }

    pub(super) fn set(&mut self, at: usize, byte: u8) {
        self.0.stage(at, &[byte]);
    }

    pub(super) fn has_ed(&self) -> bool {
        self.0.byte(FLAGS) & HAS_ED != 0
    }

    pub(super) fn purse(&self, ed: bool) -> PurseState {
        let at = if ed { ED } else { EP };
        let [a, b, c]: [u8; 3] = self.0.array(at + 4);
        PurseState {
            at,
            net: i32::from_be_bytes(self.0.array(at)),
            limit: u32::from_be_bytes([0, a, b, c]),
            online: self.u16(at + 7),
            offline: self.u16(at + 9),
        }
    }

    pub(super) fn set_purse(&mut self, purse: &PurseState) {
        let now = self.purse(purse.at == ED);
        if now.net != purse.net {
            self.0.stage(purse.at, &purse.net.to_be_bytes());
        }
        if now.limit != purse.limit {
            self.0.stage(purse.at + 4, &purse.limit_bytes());
        }
        if now.online != purse.online {
            self.0.stage(purse.at + 7, &purse.online.to_be_bytes());
        }
        if now.offline != purse.offline {
            self.0.stage(purse.at + 9, &purse.offline.to_be_bytes());
        }
    }

    fn proof_at(tti: u8) -> Option<usize> {
        let slot = match tti {
            1..=7 => tti - 1,
            9 => 7,
            _ => return None,
        };
        Some(PROOFS + usize::from(slot) * PROOF)
    }

    /// Keeps MAC and TAC of the last transaction of a type.
    pub(super) fn set_proof(&mut self, tti: u8, counter: u16, mac: [u8; 4], tac: [u8; 4]) {
        if let Some(at) = Self::proof_at(tti) {
            self.0.stage(at, &[&[1][..], &counter.to_be_bytes(), &mac, &tac].concat());
        }
    }

    pub(super) fn proof(&self, tti: u8, counter: u16) -> Option<[u8; 8]> {
        let at = Self::proof_at(tti)?;
        (self.0.byte(at) == 1 && self.u16(at + 1) == counter).then(|| self.0.array(at + 3))
    }

    fn file_table(&self) -> std::ops::Range<usize> {
        HEADER..HEADER + usize::from(self.0.byte(FILES)) * FILE_ENTRY
    }

    fn key_base(&self) -> usize {
        HEADER + usize::from(self.0.byte(FILE_CAPACITY)) * FILE_ENTRY
    }

    fn heap_base(&self) -> usize {
        self.key_base() + usize::from(self.0.byte(KEY_CAPACITY)) * KEY_ENTRY
    }

    fn file_entry(&self, entry: usize) -> Option<FileEntry> {
        let b: [u8; FILE_ENTRY] = self.0.array(entry);
        Some(FileEntry {
            entry,
            directory: b[0],
            fid: u16::from_be_bytes([b[1], b[2]]),
            kind: FileKind::from_byte(b[3])?,
            read: Access::from_byte(b[4])?,
            write: Access::from_byte(b[5])?,
            size: u16::from_be_bytes([b[6], b[7]]),
            capacity: b[8],
            head: b[9],
            used: b[10],
            at: usize::from(u16::from_be_bytes([b[11], b[12]])),
        })
    }

    /// Files of a directory that a predicate on the identifier chooses.
    pub(super) fn find_file(&self, directory: u8, wanted: impl Fn(u16) -> bool) -> Option<FileEntry> {
        let entries = self.file_table().step_by(FILE_ENTRY);
        entries.filter_map(|at| self.file_entry(at)).find(|file| file.directory == directory && wanted(file.fid))
    }

    /// The file of a short identifier.
    pub(super) fn file(&self, directory: u8, sfi: u8) -> Option<FileEntry> {
        self.find_file(directory, |fid| fid == u16::from(sfi))
    }

    /// Makes a file; records start at zeros, none used but a transparent file's one. `None` when memory is full.
    pub(super) fn create_file(
        &mut self,
        directory: u8,
        fid: u16,
        kind: FileKind,
        read: Access,
        write: Access,
        size: u16,
        capacity: u8,
    ) -> Option<()> {
        let count = self.0.byte(FILES);
        let top = self.u16(HEAP_TOP).max(self.heap_base() as u16);
        let end = usize::from(top) + usize::from(size) * usize::from(capacity);
        if count >= self.0.byte(FILE_CAPACITY) || size == 0 || capacity == 0 || end > self.0.size() {
            return None;
        }
        let used = u8::from(kind == FileKind::Transparent);
        let ([f0, f1], [s0, s1], [t0, t1]) = (fid.to_be_bytes(), size.to_be_bytes(), top.to_be_bytes());
        let entry =
            [directory, f0, f1, kind as u8, read as u8, write as u8, s0, s1, capacity, 0, used, t0, t1, 0, 0, 0];
        self.0.stage(HEADER + usize::from(count) * FILE_ENTRY, &entry);
        self.set(FILES, count + 1);
        self.0.stage(HEAP_TOP, &(end as u16).to_be_bytes());
        Some(())
    }

    /// Appends a record: the newest of a cyclic file, the last of a linear one. The entry is brought up to date, so
    /// that several appends can be staged one after the other. `None` when a linear file is full or the data too long.
    pub(super) fn append(&mut self, file: &mut FileEntry, data: &[u8]) -> Option<()> {
        if data.len() > usize::from(file.size) {
            return None;
        }
        match file.kind {
            FileKind::Transparent => return None,
            FileKind::Linear if file.used == file.capacity => return None,
            FileKind::Linear => file.used += 1,
            FileKind::Cyclic => {
                file.head = if file.used == 0 { 0 } else { (file.head + 1) % file.capacity };
                file.used = (file.used + 1).min(file.capacity);
            }
        }
        let number = if file.kind == FileKind::Cyclic { 1 } else { file.used };
        let at = file.record(number)?;
        let mut record = data.to_vec();
        record.resize(usize::from(file.size), 0);
        self.0.stage(at, &record);
        self.0.stage(file.entry + 9, &[file.head, file.used]);
        Some(())
    }

    /// Writes EF18, where there is one.
    pub(super) fn append_log(&mut self, record: &TransactionLog) {
        if let Some(mut file) = self.file(1, 0x18) {
            let fits = self.append(&mut file, &record.encode());
            debug_assert!(fits.is_some() || file.kind != FileKind::Cyclic || file.size < 23);
        }
    }

    fn key_entry(&self, entry: usize) -> Option<KeyEntry> {
        let b: [u8; 8] = self.0.array(entry);
        let key = Key16::new(self.0.array(entry + 8));
        let algorithm = algorithm_from_byte(b[4])?;
        (b[0] == 1).then_some(KeyEntry { entry, version: b[3], algorithm, limit: b[5], tries: b[6], key })
    }

    fn exact_key(&self, usage: KeyUsage, index: u8, algorithm: Algorithm) -> Option<KeyEntry> {
        let base = self.key_base();
        let entries = (0..usize::from(self.0.byte(KEYS))).map(|n| base + n * KEY_ENTRY);
        let head = [usage as u8, index];
        entries
            .filter(|at| self.0.read(at + 1, 2) == head)
            .filter_map(|at| self.key_entry(at))
            .find(|key| key.algorithm == algorithm)
    }

    /// The key of an index byte: bit 7 asks for SM4, bit 6 for 3DES, neither for the card's algorithm or, failing that,
    /// the other.
    pub(super) fn key(&self, usage: KeyUsage, index: u8) -> Option<KeyEntry> {
        let number = index & 0x3F;
        match index & 0xC0 {
            0x80 => self.exact_key(usage, number, Algorithm::Sm4),
            0x40 => self.exact_key(usage, number, Algorithm::Tdes),
            0x00 => [self.algorithm(), Algorithm::Tdes, Algorithm::Sm4]
                .into_iter()
                .find_map(|algorithm| self.exact_key(usage, number, algorithm)),
            _ => None,
        }
    }

    /// The key of a usage and algorithm with the lowest index.
    pub(super) fn any_key(&self, usage: KeyUsage, algorithm: Algorithm) -> Option<KeyEntry> {
        let base = self.key_base();
        let entries = (0..usize::from(self.0.byte(KEYS))).map(|n| base + n * KEY_ENTRY);
        let wanted = [usage as u8, algorithm_byte(algorithm)];
        entries
            .filter(|at| [self.0.byte(at + 1), self.0.byte(at + 4)] == wanted)
            .min_by_key(|at| self.0.byte(at + 2))
            .and_then(|at| self.key_entry(at))
    }

    /// Adds a key or replaces the one of its usage, index and algorithm. `None` when the table is full.
    pub(super) fn set_key(
        &mut self,
        usage: KeyUsage,
        index: u8,
        version: u8,
        algorithm: Algorithm,
        tries: u8,
        key: &Key16,
    ) -> Option<()> {
        let count = self.0.byte(KEYS);
        let entry = match self.exact_key(usage, index, algorithm) {
            Some(old) => old.entry,
            None if count >= self.0.byte(KEY_CAPACITY) => return None,
            None => {
                self.set(KEYS, count + 1);
                self.key_base() + usize::from(count) * KEY_ENTRY
            }
        };
        let head = [1, usage as u8, index, version, algorithm_byte(algorithm), tries, tries, 0];
        self.0.stage(entry, &head);
        self.0.stage(entry + 8, key.bytes());
        Some(())
    }

    /// Whether tables and files lie inside the memory, as they do in every card that was made here.
    pub(super) fn is_sound(&self) -> bool {
        if self.0.size() < HEADER {
            return false;
        }
        let counts = self.0.byte(FILES) <= self.0.byte(FILE_CAPACITY) && self.0.byte(KEYS) <= self.0.byte(KEY_CAPACITY);
        counts
            && self.heap_base() <= self.0.size()
            && self.file_table().step_by(FILE_ENTRY).all(|at| {
                self.file_entry(at).is_some_and(|file| {
                    let end = file.at + usize::from(file.size) * usize::from(file.capacity);
                    file.at >= self.heap_base()
                        && end <= self.0.size()
                        && file.used <= file.capacity
                        && file.head < file.capacity
                })
            })
    }
}
