//! Card data files (制卡数据文件): what a maker needs to personalise cards of an order.
//!
//! Layout, big-endian: 12 bytes of information (version 01, scheme letter or S for SAMs, number of cards 4, order 4, part 2);
//! name of the form behind its length; total length of the cards 8; number of DGIs 4; their names (length 2, ASCII each);
//! the cards, each sequence 4, length, and a list of `86 length DGI(2) length data`; a MAC over the SM3 of all before it
//! under the file key: 8 bytes for 3DES, 16 for SM4. The [`Profile`] of the form says how lengths are written, which DGIs
//! hold which files, and how keys are held; two come with the program.
//!
//! Contents of a file are its bytes; a file for which the profile has no DGI is in BDxx (MF) or BExx (application) behind
//! two bytes for who reads and writes it. Limits are highest balance 4 and overdraft 3.

use crate::card::{Access, CardImage, Directory, FileImage, KeyImage, KeyUsage, secure_decrypt};
use crate::files::{FileError, PublicInfo};
use crate::numbers::{MohurdNumber, Pan};
use crate::profile::{ENTRY, Group, Keys, LongLengths, Profile};
use crate::{algorithm_byte, algorithm_from_byte};
use std::collections::BTreeMap;
use std::sync::Arc;
use tongka_base::{Algorithm, CardScheme};
use tongka_crypto::{Key16, decrypt_key, kcv};

/// What of a card data file or its profile does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("制卡数据格式错误 malformed card data: {0}")]
pub struct DataError(pub String);

/// A card of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardData {
    /// Sequence in the file, from 1.
    pub sequence: u32,
    /// Contents by DGI.
    pub dgis: BTreeMap<u16, Vec<u8>>,
    profile: Arc<Profile>,
}

fn damaged(what: impl ToString) -> DataError {
    DataError(what.to_string())
}

impl From<FileError> for DataError {
    fn from(error: FileError) -> Self {
        damaged(error)
    }
}

/// What keys under another transport key look like.
fn another_key() -> DataError {
    damaged("another transport key")
}

impl CardData {
    /// EF15.
    ///
    /// # Errors
    /// What does not read.
    pub fn public_info(&self) -> Result<PublicInfo, DataError> {
        let (dgi, _) = self.profile.dgi_of(Directory::Adf, 0x15);
        Ok(PublicInfo::decode(self.dgis.get(&dgi).ok_or_else(|| damaged("no EF15"))?)?)
    }

    /// The card number, as printed.
    ///
    /// # Errors
    /// What does not read.
    pub fn number(&self, scheme: CardScheme) -> Result<String, DataError> {
        let serial = self.public_info()?.serial;
        match scheme {
            CardScheme::TUnion => Pan::from_serial(&serial).map(|pan| pan.to_string()),
            CardScheme::Mohurd => MohurdNumber::from_serial(&serial).map(|number| number.to_string()),
        }
        .map_err(damaged)
    }

    /// The keys, taken out from under the transport key.
    ///
    /// # Errors
    /// What does not read; keys that are under another transport key.
    pub fn keys(&self, transport: (Algorithm, &Key16)) -> Result<Vec<KeyImage>, DataError> {
        let (under, key) = transport;
        let named = self.profile.transport_kcv.and_then(|dgi| self.dgis.get(&dgi));
        if named.is_some_and(|check| check[..] != kcv(under, key.bytes())) {
            return Err(another_key());
        }
        match &self.profile.keys {
            Keys::Sealed { tdes, sm4 } => {
                let mut keys = Vec::new();
                for (dgi, algorithm) in [(tdes, Algorithm::Tdes), (sm4, Algorithm::Sm4)] {
                    let content = self.dgis.get(dgi).map_or(&[][..], Vec::as_slice);
                    for (index, sealed) in sealed_keys(content)? {
                        keys.push(open_key(algorithm, index, sealed, transport)?);
                    }
                }
                Ok(keys)
            }
            Keys::Groups(groups) => {
                let mut keys = Vec::new();
                for group in groups {
                    let Some(content) = self.dgis.get(&group.dgi) else { continue };
                    keys.extend(self.slots(group, content, transport)?);
                }
                Ok(keys)
            }
        }
    }

    fn slots(
        &self,
        group: &Group,
        content: &[u8],
        (under, transport): (Algorithm, &Key16),
    ) -> Result<Vec<KeyImage>, DataError> {
        let (entries, rest) = content.as_chunks::<ENTRY>();
        if !rest.is_empty() || entries.len() != group.slots.len() {
            return Err(damaged(format!("DGI {:04X} has {} entries of {ENTRY} bytes", group.dgi, group.slots.len())));
        }
        let one = |(entry, slot): (&[u8; ENTRY], &crate::profile::Slot)| {
            let (header, cipher) = entry.split_first_chunk::<3>().expect("19 bytes");
            let version = self.profile.version(*header);
            if *header != self.profile.header(slot, group.algorithm, version) {
                return Err(damaged(format!("DGI {:04X}: the header of {}", group.dgi, slot.name)));
            }
            let value = decrypt_key(under, transport.bytes(), cipher.try_into().expect("16 bytes"));
            let key = KeyImage::new(slot.usage, group.algorithm, value);
            Ok(KeyImage { version, index: slot.card_index, ..key })
        };
        entries.iter().zip(&group.slots).map(one).collect()
    }

    /// What the card is to become, its keys taken out from under the transport key. The card's own algorithm is SM4 where
    /// it has SM4 keys.
    ///
    /// # Errors
    /// What does not read; keys that are under another transport key.
    pub fn image(&self, scheme: CardScheme, transport: (Algorithm, &Key16)) -> Result<CardImage, DataError> {
        let keys = self.keys(transport)?;
        let algorithm =
            if keys.iter().any(|k| k.algorithm == Algorithm::Sm4) { Algorithm::Sm4 } else { Algorithm::Tdes };
        let mut image = CardImage::new(scheme, algorithm, &self.public_info()?, keys);
        if let Some(limits) = self.profile.limits.and_then(|dgi| self.dgis.get(&dgi)) {
            let [b0, b1, b2, b3, o0, o1, o2] = limits[..] else { return Err(damaged("limits")) };
            image.max_balance = u32::from_be_bytes([b0, b1, b2, b3]);
            image.ep.overdraft = u32::from_be_bytes([0, o0, o1, o2]);
        }
        for (dgi, content) in &self.dgis {
            if let Some((directory, fid, with_rights)) = self.profile.file_of(*dgi) {
                put_file(&mut image, (directory, fid), with_rights, content)?;
            }
        }
        Ok(image)
    }
}

/// Puts the contents of a file into an image, in place of what is there.
fn put_file(
    image: &mut CardImage,
    (directory, fid): (Directory, u16),
    with_rights: bool,
    content: &[u8],
) -> Result<(), DataError> {
    let odd = || damaged(format!("file {fid:04X}"));
    let (rights, bytes) = if with_rights { content.split_at_checked(2).ok_or_else(odd)? } else { (&[][..], content) };
    let mut file = FileImage::transparent(directory, fid, bytes);
    if let [read, write] = *rights {
        file.read = Access::from_byte(read).ok_or_else(odd)?;
        file.write = Access::from_byte(write).ok_or_else(odd)?;
    }
    if bytes.is_empty() || bytes.len() > usize::from(u16::MAX) {
        return Err(odd());
    }
    match image.files.iter_mut().find(|f| f.directory == directory && f.fid == fid) {
        Some(there) if there.kind != file.kind => Err(odd()),
        Some(there) => {
            // A standard file keeps its rights and its size.
            let same = there.size == file.size;
            *there = if with_rights { file } else { FileImage { read: there.read, write: there.write, ..file } };
            if same || with_rights || fid == 0x05 { Ok(()) } else { Err(odd()) }
        }
        None => {
            image.files.push(file);
            Ok(())
        }
    }
}

/// Index and cipher text of each sealed key.
fn sealed_keys(mut content: &[u8]) -> Result<Vec<(u8, &[u8])>, DataError> {
    let mut keys = Vec::new();
    while let [length, index, tail @ ..] = content {
        let (key, tail) = tail.split_at_checked(usize::from(*length)).ok_or_else(|| damaged("keys"))?;
        keys.push((*index, key));
        content = tail;
    }
    if content.is_empty() { Ok(keys) } else { Err(damaged("keys")) }
}

fn open_key(
    algorithm: Algorithm,
    index: u8,
    sealed: &[u8],
    (under, transport): (Algorithm, &Key16),
) -> Result<KeyImage, DataError> {
    let plain = secure_decrypt(under, transport, sealed).ok_or_else(another_key)?;
    let (&[usage, version, byte], value) = plain.split_first_chunk::<3>().ok_or_else(another_key)?;
    let usage = KeyUsage::from_code(usage).filter(|_| algorithm_from_byte(byte) == Some(algorithm));
    let value = value.try_into().ok().map(Key16::new);
    let (usage, value) = usage.zip(value).ok_or_else(another_key)?;
    Ok(KeyImage { version, index, ..KeyImage::new(usage, algorithm, value) })
}

/// Header of a sealed key, and what stands before it: its length and index.
pub fn sealed_entry(index: u8, sealed: &[u8]) -> Vec<u8> {
    let length = u8::try_from(sealed.len()).expect("a sealed key is short");
    [&[length, index][..], sealed].concat()
}

/// The header of a key as WRITE KEY takes it.
pub fn key_header(usage: KeyUsage, version: u8, algorithm: Algorithm) -> [u8; 3] {
    [usage as u8, version, algorithm_byte(algorithm)]
}

/// A card data file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFile {
    /// Letter: the scheme's, or S for SAMs.
    pub letter: u8,
    /// Order.
    pub order: u32,
    /// Part of the order.
    pub part: u16,
    /// Cards.
    pub cards: Vec<CardData>,
}

impl CardFile {
    /// Scheme of the cards.
    ///
    /// # Errors
    /// Where it holds SAMs.
    pub fn scheme(&self) -> Result<CardScheme, DataError> {
        CardScheme::from_letter(self.letter).ok_or_else(|| damaged("SAMs, not cards"))
    }
}

impl Profile {
    fn put_length(&self, out: &mut Vec<u8>, length: usize) {
        let long = || u16::try_from(length).expect("a DGI is below 64 KiB").to_be_bytes();
        match (u8::try_from(length), self.long_lengths) {
            (Ok(short), _) if short < 0x80 => out.push(short),
            (_, LongLengths::Ber) => out.extend([&[0x82][..], &long()].concat()),
            (_, LongLengths::TwoBytes) => {
                let [high, low] = long();
                out.extend([high | 0x80, low]);
            }
        }
    }

    /// Bytes behind their length.
    fn counted<'b>(&self, bytes: &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
        match (bytes, self.long_lengths) {
            ([length, rest @ ..], _) if *length < 0x80 => rest.split_at_checked(usize::from(*length)),
            ([0x82, a, b, rest @ ..], LongLengths::Ber) => {
                rest.split_at_checked(usize::from(u16::from_be_bytes([*a, *b])))
            }
            ([a, b, rest @ ..], LongLengths::TwoBytes) => {
                rest.split_at_checked(usize::from(u16::from_be_bytes([*a & 0x7F, *b])))
            }
            _ => None,
        }
    }

    /// One card's part of the file.
    pub fn card_part(&self, sequence: u32, dgis: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut list = Vec::with_capacity(1024);
        for (dgi, data) in dgis {
            let mut content = dgi.to_be_bytes().to_vec();
            self.put_length(&mut content, data.len());
            content.extend(data);
            list.push(0x86);
            self.put_length(&mut list, content.len());
            list.extend(content);
        }
        let mut out = sequence.to_be_bytes().to_vec();
        out.extend(&(list.len() as u32).to_be_bytes()[4 - self.card_length..]);
        out.extend(list);
        out
    }

    /// Everything before the cards, which are `length` bytes. `letter` is the scheme's, or S for SAMs; `dgis` those that
    /// occur; `of` the number of cards, the order and the part of it.
    pub fn head(&self, letter: u8, dgis: &[u16], of: (u32, u32, u16), length: u64) -> Vec<u8> {
        let mut head = vec![1, letter];
        head.extend(of.0.to_be_bytes());
        head.extend(of.1.to_be_bytes());
        head.extend(of.2.to_be_bytes());
        head.extend(&(self.form.len() as u16).to_be_bytes()[2 - self.name_length..]);
        head.extend(self.form.bytes());
        head.extend(length.to_be_bytes());
        head.extend((dgis.len() as u32).to_be_bytes());
        for dgi in dgis {
            let name = format!("{dgi:04X}");
            head.extend((name.len() as u16).to_be_bytes());
            head.extend(name.bytes());
        }
        head
    }

    /// What follows the form's name, where a file is of this form.
    fn after_form<'b>(&self, content: &'b [u8]) -> Option<&'b [u8]> {
        let (length, rest) = content.get(INFO..)?.split_at_checked(self.name_length)?;
        let (form, rest) = rest.split_at_checked(number(length))?;
        (form == self.form.as_bytes()).then_some(rest)
    }

    fn dgis(&self, mut list: &[u8]) -> Option<BTreeMap<u16, Vec<u8>>> {
        let mut dgis = BTreeMap::new();
        while let Some((tag, tail)) = list.split_first() {
            let (content, tail) = self.counted(tail).filter(|_| *tag == 0x86)?;
            list = tail;
            let (dgi, data) = content.split_first_chunk::<2>()?;
            let (data, []) = self.counted(data)? else { return None };
            if dgis.insert(u16::from_be_bytes(*dgi), data.to_vec()).is_some() {
                return None;
            }
        }
        Some(dgis)
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b))
}

/// Bytes of information at the beginning.
const INFO: usize = 12;

/// Reads a card data file without its MAC, which the caller has checked, by the profile of its form.
///
/// # Errors
/// What does not read; a form that no profile has.
pub fn parse(content: &[u8], profiles: &[Profile]) -> Result<CardFile, DataError> {
    let info = content.get(..INFO).ok_or_else(|| damaged("ends too early"))?;
    let letter = info[1];
    if info[0] != 1 || !(letter == b'S' || CardScheme::from_letter(letter).is_some()) {
        return Err(damaged("version or scheme"));
    }
    let form = profiles.iter().find_map(|profile| Some((profile, profile.after_form(content)?)));
    let (profile, mut rest) = form.ok_or_else(|| damaged("form"))?;
    let profile = Arc::new(profile.clone());
    let mut take = |count: usize| -> Result<&[u8], DataError> {
        let (head, tail) = rest.split_at_checked(count).ok_or_else(|| damaged("ends too early"))?;
        rest = tail;
        Ok(head)
    };
    let length = number(take(8)?);
    for _ in 0..number(take(4)?).min(64) {
        let name = number(take(2)?);
        take(name)?;
    }
    let mut body = take(length)?;
    if !rest.is_empty() {
        return Err(damaged("more than its length"));
    }
    let mut cards = Vec::new();
    while !body.is_empty() {
        let (head, tail) = body.split_at_checked(4 + profile.card_length).ok_or_else(|| damaged("card"))?;
        let (list, tail) = tail.split_at_checked(number(&head[4..])).ok_or_else(|| damaged("card"))?;
        body = tail;
        let dgis = profile.dgis(list).ok_or_else(|| damaged("DGI"))?;
        cards.push(CardData { sequence: number(&head[..4]) as u32, dgis, profile: profile.clone() });
    }
    if cards.len() != number(&info[2..6]) || cards.iter().zip(1..).any(|(card, n)| card.sequence != n) {
        return Err(damaged("number of cards"));
    }
    Ok(CardFile { letter, order: number(&info[6..10]) as u32, part: number(&info[10..]) as u16, cards })
}
