//! Profiles (数据格式文件): how a card data file is laid out. Makers and the ministry differ in what no standard fixes, so
//! it is in a file, not in the program; [`crate::data`] reads and writes by it.
//!
//! Two come with the program: [`Profile::own`], and [`Profile::tunion`], the fifteen keys of the ministry's T-Union card
//! data. A profile has keys either sealed as WRITE KEY takes them, or in slots: entries of nineteen bytes, a header of
//! three in the clear and the key alone under the transport key.

use crate::card::{Directory, KeyUsage};
use crate::data::DataError;
use serde::Deserialize;
use std::collections::BTreeMap;
use tongka_base::Algorithm;

const OWN: &str = include_str!("../profiles/tongka-dgp1.toml");
const TUNION: &str = include_str!("../profiles/tunion-dgp.toml");
/// Bytes of an entry: header and key.
pub const ENTRY: usize = 19;

/// How lengths from 128 on are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LongLengths {
    /// 82 and two bytes.
    Ber,
    /// Two bytes, of which the first bit is set.
    TwoBytes,
}

/// A byte of an entry's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum HeaderByte {
    Usage,
    Version,
    Algorithm,
}

/// A key of a city, by the abbreviation of its usage and its index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityKey {
    /// Usage, as key management abbreviates it.
    pub key: String,
    /// Index.
    pub index: u8,
}

/// An entry of a group of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Chinese name, for people.
    pub name: String,
    /// The city's key, and the one that stands in for it.
    pub from: Vec<CityKey>,
    /// Byte of the usage in its header.
    pub byte: u8,
    /// What it is for on the card.
    pub usage: KeyUsage,
    /// Its index on the card.
    pub card_index: u8,
}

/// A group of keys: one DGI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// DGI.
    pub dgi: u16,
    /// Algorithm of its keys.
    pub algorithm: Algorithm,
    /// Entries, in order.
    pub slots: Vec<Slot>,
}

/// How a profile has keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Sealed for WRITE KEY, behind length and index: DGI of the 3DES and of the SM4 keys.
    Sealed {
        /// 3DES.
        tdes: u16,
        /// SM4.
        sm4: u16,
    },
    /// In slots.
    Groups(Vec<Group>),
}

/// A profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name of the form, in the file.
    pub form: String,
    pub(crate) name_length: usize,
    pub(crate) card_length: usize,
    pub(crate) long_lengths: LongLengths,
    header: [HeaderByte; 3],
    algorithm_bytes: [u8; 2],
    /// DGI of the limits.
    pub limits: Option<u16>,
    /// DGI of the transport key's check value.
    pub transport_kcv: Option<u16>,
    files: BTreeMap<u16, (Directory, u16)>,
    /// Keys.
    pub keys: Keys,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    form: String,
    name_length: usize,
    card_length: usize,
    long_lengths: LongLengths,
    #[serde(default = "usual_header")]
    header: [HeaderByte; 3],
    #[serde(default)]
    algorithm_bytes: AlgorithmBytes,
    limits: Option<String>,
    transport_kcv: Option<String>,
    files: BTreeMap<String, String>,
    sealed: Option<Sealed>,
    #[serde(default)]
    group: Vec<GroupText>,
    #[serde(default)]
    slots: BTreeMap<String, Vec<SlotText>>,
}

fn usual_header() -> [HeaderByte; 3] {
    [HeaderByte::Usage, HeaderByte::Version, HeaderByte::Algorithm]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlgorithmBytes {
    #[serde(rename = "3des")]
    tdes: u8,
    sm4: u8,
}

impl Default for AlgorithmBytes {
    fn default() -> Self {
        Self { tdes: crate::algorithm_byte(Algorithm::Tdes), sm4: crate::algorithm_byte(Algorithm::Sm4) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    #[serde(rename = "3des")]
    tdes: String,
    sm4: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupText {
    dgi: String,
    algorithm: AlgorithmName,
    slots: String,
}

#[derive(Clone, Copy, Deserialize)]
enum AlgorithmName {
    #[serde(rename = "3des")]
    Tdes,
    #[serde(rename = "sm4")]
    Sm4,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotText {
    name: String,
    key: String,
    index: u8,
    or: Option<CityKey>,
    byte: u8,
    usage: String,
    card_index: u8,
}

fn wrong(what: impl std::fmt::Display) -> DataError {
    DataError(format!("profile: {what}"))
}

fn dgi(text: &str) -> Result<u16, DataError> {
    let digits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_hexdigit());
    u16::from_str_radix(text, 16).ok().filter(|_| digits).ok_or_else(|| wrong(format!("{text}: a DGI is 4 hex digits")))
}

fn slot(text: &SlotText) -> Result<Slot, DataError> {
    let SlotText { name, key, index, or, byte, usage, card_index } = text.clone();
    let known = KeyUsage::ALL.into_iter().find(|u| u.name() == usage);
    let usage = known.filter(|_| card_index < 64).ok_or_else(|| wrong(format!("slot {name}: usage or index")))?;
    let from = std::iter::once(CityKey { key, index }).chain(or).collect();
    Ok(Slot { name, from, byte, usage, card_index })
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// What is wrong in it.
    pub fn parse(text: &str) -> Result<Self, DataError> {
        let text: Text = toml::from_str(text).map_err(|e| wrong(e.message()))?;
        let mut files = BTreeMap::new();
        for (name, to) in &text.files {
            let (directory, fid) = match name.split_once('-') {
                Some(("mf", fid)) => (Directory::Mf, fid),
                Some(("adf", fid)) => (Directory::Adf, fid),
                _ => return Err(wrong(format!("{name}: a file is mf-05 or adf-05"))),
            };
            let fid = u16::from_str_radix(fid, 16).map_err(|_| wrong(format!("{name}: a file is mf-05 or adf-05")))?;
            files.insert(dgi(to)?, (directory, fid));
        }
        let keys = match (text.sealed, text.group.is_empty()) {
            (Some(sealed), true) => Keys::Sealed { tdes: dgi(&sealed.tdes)?, sm4: dgi(&sealed.sm4)? },
            (None, false) => {
                let group = |group: &GroupText| -> Result<Group, DataError> {
                    let slots = text.slots.get(&group.slots).ok_or_else(|| wrong(format!("slots {}", group.slots)))?;
                    let algorithm = match group.algorithm {
                        AlgorithmName::Tdes => Algorithm::Tdes,
                        AlgorithmName::Sm4 => Algorithm::Sm4,
                    };
                    let slots = slots.iter().map(slot).collect::<Result<_, _>>()?;
                    Ok(Group { dgi: dgi(&group.dgi)?, algorithm, slots })
                };
                Keys::Groups(text.group.iter().map(group).collect::<Result<_, _>>()?)
            }
            _ => return Err(wrong("keys are sealed or in groups")),
        };
        let profile = Self {
            form: text.form,
            name_length: text.name_length,
            card_length: text.card_length,
            long_lengths: text.long_lengths,
            header: text.header,
            algorithm_bytes: [text.algorithm_bytes.tdes, text.algorithm_bytes.sm4],
            limits: text.limits.as_deref().map(dgi).transpose()?,
            transport_kcv: text.transport_kcv.as_deref().map(dgi).transpose()?,
            files,
            keys,
        };
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), DataError> {
        let ascii = !self.form.is_empty() && self.form.len() < 128 && self.form.bytes().all(|b| b.is_ascii_graphic());
        if !ascii || ![1, 2].contains(&self.name_length) || ![2, 4].contains(&self.card_length) {
            return Err(wrong("form of ASCII, name_length 1 or 2, card_length 2 or 4"));
        }
        if usual_header().iter().any(|byte| !self.header.contains(byte)) {
            return Err(wrong("a header has usage, version and algorithm"));
        }
        if !self.files.values().any(|file| *file == (Directory::Adf, 0x15)) {
            return Err(wrong("EF15 needs a DGI"));
        }
        let mut all: Vec<u16> = self.files.keys().copied().chain(self.limits).chain(self.transport_kcv).collect();
        match &self.keys {
            Keys::Sealed { tdes, sm4 } => all.extend([*tdes, *sm4]),
            Keys::Groups(groups) => all.extend(groups.iter().map(|g| g.dgi)),
        }
        all.sort_unstable();
        if let Some(twice) = all.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(wrong(format!("DGI {:04X} is used twice", twice[0])));
        }
        match all.iter().find(|dgi| [MF_FILES, ADF_FILES].contains(&(**dgi & 0xFF00))) {
            Some(taken) => Err(wrong(format!("DGI {taken:04X} is for files that have none of their own"))),
            None => Ok(()),
        }
    }

    /// The platform's own form.
    ///
    /// # Panics
    /// Never: it comes with the program.
    pub fn own() -> Self {
        Self::parse(OWN).expect("a profile of the program")
    }

    /// The layout of the ministry's T-Union card data.
    ///
    /// # Panics
    /// Never: it comes with the program.
    pub fn tunion() -> Self {
        Self::parse(TUNION).expect("a profile of the program")
    }

    /// The profiles that come with the program.
    pub fn known() -> Vec<Self> {
        vec![Self::own(), Self::tunion()]
    }

    /// The header of a key in a slot.
    pub fn header(&self, slot: &Slot, algorithm: Algorithm, version: u8) -> [u8; 3] {
        self.header.map(|byte| match byte {
            HeaderByte::Usage => slot.byte,
            HeaderByte::Version => version,
            HeaderByte::Algorithm => self.algorithm_bytes[usize::from(algorithm == Algorithm::Sm4)],
        })
    }

    /// The version in a header.
    pub(crate) fn version(&self, header: [u8; 3]) -> u8 {
        let at = self.header.iter().position(|byte| *byte == HeaderByte::Version);
        header[at.expect("a header has a version")]
    }

    /// DGI of a file; `true` for one that has its rights before its contents: read, write.
    pub fn dgi_of(&self, directory: Directory, fid: u8) -> (u16, bool) {
        let of = self.files.iter().find(|(_, file)| **file == (directory, u16::from(fid)));
        match (of, directory) {
            (Some((dgi, _)), _) => (*dgi, false),
            (None, Directory::Mf) => (MF_FILES | u16::from(fid), true),
            (None, Directory::Adf) => (ADF_FILES | u16::from(fid), true),
        }
    }

    /// The file of a DGI, and whether its rights come first.
    pub(crate) fn file_of(&self, dgi: u16) -> Option<(Directory, u16, bool)> {
        match (self.files.get(&dgi), dgi & 0xFF00) {
            (Some((directory, fid)), _) => Some((*directory, *fid, false)),
            (None, MF_FILES) => Some((Directory::Mf, dgi & 0xFF, true)),
            (None, ADF_FILES) => Some((Directory::Adf, dgi & 0xFF, true)),
            _ => None,
        }
    }
}

/// DGIs of files that the profile gives none: BDxx of the MF, BExx of the application, xx being the file.
const MF_FILES: u16 = 0xBD00;
const ADF_FILES: u16 = 0xBE00;
