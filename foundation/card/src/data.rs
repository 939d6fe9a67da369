//! Card data files (制卡数据文件): what a maker needs to personalise the cards of an order.
//!
//! Layout, big-endian: 12 bytes of information (version 01, scheme letter or S for SAMs, number of cards 4, order 6); name of the form
//! (length 1, ASCII); total length of the cards 8; number of DGIs 4; their names (length 2, ASCII each); the cards, each
//! sequence 4, length 4, and a list of `86 length DGI(2) length data`, where a length below 80 is one byte, else 82 and
//! two; a MAC over the SM3 of all before it under the file key: 8 bytes for 3DES, 16 for SM4.
//!
//! DGI B001 is EF15, B003 EF17 (T-Union), BF01 the highest balance (4 bytes). B0A0 holds the 3DES keys, B1A0 the SM4 keys, each entry a length byte and the
//! key as WRITE KEY takes it, encrypted under the maker's transport key: header (usage, version, algorithm) and value.

use crate::algorithm_byte;
use crate::card::{CardImage, Directory, KeyImage, KeyUsage, secure_decrypt};
use crate::files::{FileError, PublicInfo};
use crate::numbers::{MohurdNumber, Pan};
use std::collections::BTreeMap;
use tongka_base::{Algorithm, CardScheme};
use tongka_crypto::Key16;

/// Name of the form.
pub const FORM: &str = "TONGKA-DGP1";
/// DGI of EF15.
pub const EF15: u16 = 0xB001;
/// DGI of EF17.
pub const EF17: u16 = 0xB003;
/// DGI of the 3DES keys.
pub const TDES_KEYS: u16 = 0xB0A0;
/// DGI of the SM4 keys.
pub const SM4_KEYS: u16 = 0xB1A0;

/// DGI of the limits: highest balance, 4 bytes.
pub const LIMITS: u16 = 0xBF01;

/// What of a card data file does not read.
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
}

fn damaged(what: impl ToString) -> DataError {
    DataError(what.to_string())
}

impl From<FileError> for DataError {
    fn from(error: FileError) -> Self {
        damaged(error)
    }
}

impl CardData {
    /// EF15.
    ///
    /// # Errors
    /// What does not read.
    pub fn public_info(&self) -> Result<PublicInfo, DataError> {
        let bytes = self.dgis.get(&EF15).ok_or_else(|| damaged("no EF15"))?;
        Ok(PublicInfo::decode(bytes)?)
    }

    /// The encrypted keys of an algorithm, each as WRITE KEY takes it.
    ///
    /// # Errors
    /// What does not read.
    pub fn keys(&self, algorithm: Algorithm) -> Result<Vec<Vec<u8>>, DataError> {
        let dgi = if algorithm == Algorithm::Tdes { TDES_KEYS } else { SM4_KEYS };
        let mut rest = self.dgis.get(&dgi).map_or(&[][..], Vec::as_slice);
        let mut keys = Vec::new();
        while let Some((length, tail)) = rest.split_first() {
            let (key, tail) = tail.split_at_checked(usize::from(*length)).ok_or_else(|| damaged("keys"))?;
            keys.push(key.to_vec());
            rest = tail;
        }
        Ok(keys)
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

    /// What the card is to become, its keys taken out from under the transport key. The card's own algorithm is SM4 where
    /// it has SM4 keys.
    ///
    /// # Errors
    /// What does not read; keys that are under another transport key.
    pub fn image(&self, scheme: CardScheme, transport: (Algorithm, &Key16)) -> Result<CardImage, DataError> {
        let (under, key) = transport;
        let mut keys = Vec::new();
        for algorithm in [Algorithm::Tdes, Algorithm::Sm4] {
            for sealed in self.keys(algorithm)? {
                let plain = secure_decrypt(under, key, &sealed).ok_or_else(|| damaged("another transport key"))?;
                let (&[usage, version, byte], value) =
                    plain.split_first_chunk::<3>().ok_or_else(|| damaged("another transport key"))?;
                let usage = KeyUsage::from_code(usage).filter(|_| byte == algorithm_byte(algorithm));
                let value = value.try_into().ok().map(Key16::new);
                let (usage, value) = usage.zip(value).ok_or_else(|| damaged("another transport key"))?;
                keys.push(KeyImage { version, ..KeyImage::new(usage, algorithm, value) });
            }
        }
        let algorithm =
            if keys.iter().any(|k| k.algorithm == Algorithm::Sm4) { Algorithm::Sm4 } else { Algorithm::Tdes };
        let mut image = CardImage::new(scheme, algorithm, &self.public_info()?, keys);
        if let Some(limits) = self.dgis.get(&LIMITS) {
            let bytes: [u8; 4] = limits.as_slice().try_into().map_err(|_| damaged("limits"))?;
            image.max_balance = u32::from_be_bytes(bytes);
        }
        if let Some(management) = self.dgis.get(&EF17) {
            let file = image.files.iter_mut().find(|f| f.directory == Directory::Adf && f.fid == 0x17);
            let file = file.filter(|f| usize::from(f.size) == management.len()).ok_or_else(|| damaged("EF17"))?;
            file.records = vec![management.clone()];
        }
        Ok(image)
    }
}

/// A card data file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFile {
    /// Letter: the scheme's, or S for SAMs.
    pub letter: u8,
    /// Order.
    pub order: i64,
    /// Cards.
    pub cards: Vec<CardData>,
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            out.push(0x82);
            out.extend(u16::try_from(length).expect("a DGI is below 64 KiB").to_be_bytes());
        }
    }
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

/// One card's part of the file.
pub fn card_part(sequence: u32, dgis: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut list = Vec::with_capacity(1024);
    for (dgi, data) in dgis {
        let mut content = dgi.to_be_bytes().to_vec();
        put_length(&mut content, data.len());
        content.extend(data);
        list.push(0x86);
        put_length(&mut list, content.len());
        list.extend(content);
    }
    let mut out = sequence.to_be_bytes().to_vec();
    out.extend((list.len() as u32).to_be_bytes());
    out.extend(list);
    out
}

/// Names of the DGIs of a scheme's cards.
pub fn dgi_names(scheme: CardScheme) -> &'static [&'static str] {
    match scheme {
        CardScheme::TUnion => &["B001", "B003", "BF01", "B0A0", "B1A0"],
        CardScheme::Mohurd => &["B001", "BF01", "B0A0", "B1A0"],
    }
}

/// Everything before the cards, which are `length` bytes. `letter` is the scheme's, or S for SAMs.
pub fn head(letter: u8, names: &[&str], cards: u32, order: i64, length: u64) -> Vec<u8> {
    let mut head = vec![1, letter];
    head.extend(cards.to_be_bytes());
    head.extend(&order.to_be_bytes()[2..]);
    head.push(FORM.len() as u8);
    head.extend(FORM.bytes());
    head.extend(length.to_be_bytes());
    head.extend((names.len() as u32).to_be_bytes());
    for name in names {
        head.extend((name.len() as u16).to_be_bytes());
        head.extend(name.bytes());
    }
    head
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b))
}

/// Reads a card data file without its MAC, which the caller has checked.
///
/// # Errors
/// What does not read.
pub fn parse(content: &[u8]) -> Result<CardFile, DataError> {
    let mut rest = content;
    let mut take = |count: usize| -> Result<&[u8], DataError> {
        let (head, tail) = rest.split_at_checked(count).ok_or_else(|| damaged("ends too early"))?;
        rest = tail;
        Ok(head)
    };
    let info = take(12)?;
    let letter = info[1];
    if info[0] != 1 || !(letter == b'S' || CardScheme::from_letter(letter).is_some()) {
        return Err(damaged("version or scheme"));
    }
    let form = usize::from(take(1)?[0]);
    if take(form)? != FORM.as_bytes() {
        return Err(damaged("form"));
    }
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
        let (head, tail) = body.split_first_chunk::<8>().ok_or_else(|| damaged("card"))?;
        let (list, tail) = tail.split_at_checked(number(&head[4..])).ok_or_else(|| damaged("card"))?;
        body = tail;
        cards.push(CardData {
            sequence: number(&head[..4]) as u32,
            dgis: read_dgis(list).ok_or_else(|| damaged("DGI"))?,
        });
    }
    if cards.len() != number(&info[2..6]) || cards.iter().zip(1..).any(|(card, n)| card.sequence != n) {
        return Err(damaged("number of cards"));
    }
    Ok(CardFile { letter, order: number(&info[6..]) as i64, cards })
}

fn read_dgis(mut list: &[u8]) -> Option<BTreeMap<u16, Vec<u8>>> {
    let mut dgis = BTreeMap::new();
    while let Some((tag, tail)) = list.split_first() {
        let (content, tail) = counted(tail).filter(|_| *tag == 0x86)?;
        list = tail;
        let (dgi, data) = content.split_first_chunk::<2>()?;
        let (data, []) = counted(data)? else { return None };
        dgis.insert(u16::from_be_bytes(*dgi), data.to_vec());
    }
    Some(dgis)
}

/// Bytes behind their length.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes {
        [0x82, a, b, rest @ ..] => rest.split_at_checked(usize::from(*a) << 8 | usize::from(*b)),
        [length, rest @ ..] if *length < 0x80 => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}
