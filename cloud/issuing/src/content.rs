//! What a product's cards have in their files (文件内容): patterns, filled for each card.
//!
//! A product has EF15 and, of T-Union, EF17 as its own settings make them; any of them and any other transparent file may
//! be given as a [`Pattern`] instead. Fields: `serial` (10 bytes), `issuer` (8), `start` and `expiry` (4, BCD), `region`
//! (4), `province` and `city` (2), `kind` (1), `deposit` (2, BCD, whole yuan). A product is refused when its patterns do
//! not make a card's files: lengths, dates, the card's own number and issuer in EF15.

use crate::{IssuingError, Product};
use serde::{Deserialize, Serialize};
use tongka_base::{AppSerial, CardScheme};
use tongka_card::card::{Access, Directory};
use tongka_card::files::{Holder, Management, PublicInfo};
use tongka_card::{Fields, Pattern};

/// A file of a product's cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFile {
    /// Where it lies.
    pub directory: Directory,
    /// File identifier, 01 to 1E.
    pub fid: u8,
    /// Who reads.
    pub read: Access,
    /// Who writes.
    pub write: Access,
    /// Contents.
    pub content: Pattern,
}

/// Longest file.
const LONGEST: usize = 255;
/// Bytes of all files that a product gives: what a card has room for beside its standard files.
const ALL: usize = 2048;
/// Rights by name.
const RIGHTS: [(&str, Access); 6] = [
    ("free", Access::Free),
    ("mac", Access::Mac),
    ("authenticated", Access::Authenticated),
    ("pin", Access::Pin),
    ("never", Access::Never),
    ("protected", Access::Protected),
];

fn wrong(what: impl std::fmt::Display) -> IssuingError {
    IssuingError::Value(what.to_string())
}

/// As stored: JSON.
#[derive(Serialize, Deserialize)]
struct Stored {
    file: String,
    read: String,
    write: String,
    content: String,
}

impl ProductFile {
    /// A file from its place (`adf-05`, `mf-05`) and contents, with rights where they are not `free` and `mac`:
    /// `adf-05/free/never`.
    ///
    /// # Errors
    /// N06.
    pub fn parse(place: &str, content: &str) -> Result<Self, IssuingError> {
        let mut words = place.split('/');
        let name = words.next().unwrap_or_default();
        let (read, write) = (words.next().unwrap_or("free"), words.next().unwrap_or("mac"));
        if words.next().is_some() {
            return Err(wrong(format!("file {place}: FILE/READ/WRITE")));
        }
        let unknown = || wrong(format!("file {name}: mf-05 or adf-05"));
        let (directory, fid) = name.split_once('-').ok_or_else(unknown)?;
        let directory = match directory {
            "mf" => Directory::Mf,
            "adf" => Directory::Adf,
            _ => return Err(unknown()),
        };
        let fid = u8::from_str_radix(fid, 16).ok().filter(|fid| (1..=0x1E).contains(fid)).ok_or_else(unknown)?;
        let right = |name: &str| {
            let found = RIGHTS.iter().find(|(n, _)| *n == name).map(|(_, access)| *access);
            found.ok_or_else(|| wrong(format!("right {name}: free mac authenticated pin never protected")))
        };
        let content = Pattern::parse(content).map_err(wrong)?;
        Ok(Self { directory, fid, read: right(read)?, write: right(write)?, content })
    }

    fn place(&self) -> String {
        let directory = if self.directory == Directory::Mf { "mf" } else { "adf" };
        format!("{directory}-{:02X}", self.fid)
    }

    /// Whether its rights are those of standard files.
    pub(crate) fn usual_rights(&self) -> bool {
        (self.read, self.write) == (Access::Free, Access::Mac)
    }
}

/// Files as stored.
pub(crate) fn write_files(files: &[ProductFile]) -> String {
    let name = |access: Access| RIGHTS.iter().find(|(_, a)| *a == access).map_or("", |(name, _)| name).to_owned();
    let stored = |file: &ProductFile| Stored {
        file: file.place(),
        read: name(file.read),
        write: name(file.write),
        content: file.content.to_string(),
    };
    serde_json::to_string(&files.iter().map(stored).collect::<Vec<_>>()).expect("plain data")
}

/// Files from what is stored.
pub(crate) fn read_files(text: &str) -> Result<Vec<ProductFile>, IssuingError> {
    let stored: Vec<Stored> = serde_json::from_str(text).map_err(wrong)?;
    stored.iter().map(|s| ProductFile::parse(&format!("{}/{}/{}", s.file, s.read, s.write), &s.content)).collect()
}

/// A file of a card.
pub(crate) struct Content<'a> {
    pub(crate) directory: Directory,
    pub(crate) fid: u8,
    /// Its rights, where the product gives it.
    pub(crate) given: Option<&'a ProductFile>,
    pub(crate) bytes: Vec<u8>,
}

/// The files of one card that its data have: EF15 first. `days` are the first and the last, BCD.
pub(crate) fn contents(
    product: &Product,
    serial: AppSerial,
    (start, expiry): ([u8; 4], [u8; 4]),
) -> Result<Vec<Content<'_>>, IssuingError> {
    let [p0, p1, c0, c1] = product.region;
    let yuan = u64::try_from(product.deposit.0 / 100).unwrap_or(0);
    let bcd = |two_digits: u64| (two_digits / 10 * 16 + two_digits % 10) as u8;
    let deposit = [bcd(yuan / 100 % 100), bcd(yuan % 100)];
    let fields = Fields::default().issuer(product.issuer).serial(serial).with("start", start).with("expiry", expiry);
    let fields = fields.with("region", product.region).with("province", [p0, p1]).with("city", [c0, c1]);
    let fields = fields.with("kind", [product.kind]).with("deposit", deposit);
    let mut all = Vec::new();
    let info =
        PublicInfo { issuer: product.issuer, enabled: 0, version: 1, serial, start, expiry, issuer_data: [0; 2] };
    let mut usual = vec![(0x15, info.encode().to_vec())];
    if product.scheme == CardScheme::TUnion {
        let management = Management {
            country: [0, 0, 0x01, 0x56],
            province: [p0, p1],
            city: [c0, c1],
            interoperable: [0, 1],
            kind: product.kind,
            reserved: [0; 49],
        };
        usual.push((0x17, management.encode().to_vec()));
    }
    for (fid, bytes) in usual {
        if !product.files.iter().any(|f| (f.directory, f.fid) == (Directory::Adf, fid)) {
            all.push(Content { directory: Directory::Adf, fid, given: None, bytes });
        }
    }
    for file in &product.files {
        let bytes = file.content.fill(&fields).map_err(|e| wrong(format!("file {}: {e}", file.place())))?;
        check(product, serial, file, &bytes)?;
        all.push(Content { directory: file.directory, fid: file.fid, given: Some(file), bytes });
    }
    all.sort_by_key(|content| (content.directory != Directory::Adf, content.fid != 0x15, content.fid));
    Ok(all)
}

/// Whether bytes are a file of that place.
fn check(product: &Product, serial: AppSerial, file: &ProductFile, bytes: &[u8]) -> Result<(), IssuingError> {
    let place = file.place();
    let length = |wanted: usize| {
        if bytes.len() == wanted {
            return Ok(());
        }
        Err(wrong(format!("file {place} has {wanted} bytes, not {}", bytes.len())))
    };
    let standard = (0x15..=0x17).contains(&file.fid) && file.directory == Directory::Adf;
    if standard && !file.usual_rights() {
        return Err(wrong(format!("file {place} is read freely and written under a MAC")));
    }
    match (file.directory, file.fid) {
        (Directory::Adf, 0x15) => {
            let info = PublicInfo::decode(bytes).map_err(|e| wrong(format!("file {place}: {e}")))?;
            // By both of them the card's keys are derived and its holder is cleared.
            if (info.serial, info.issuer) != (serial, product.issuer) {
                return Err(wrong(format!("file {place} has the card's own serial and the product's issuer")));
            }
            Ok(())
        }
        (Directory::Adf, 0x16) => length(Holder::LEN),
        (Directory::Adf, 0x17) => length(Management::LEN),
        (Directory::Adf, 0x18..=0x1E) => Err(wrong(format!("file {place} has records, which a card begins without"))),
        _ if bytes.is_empty() || bytes.len() > LONGEST => Err(wrong(format!("file {place} has 1 to {LONGEST} bytes"))),
        _ => Ok(()),
    }
}

/// Refuses a product whose files cannot be made.
pub(crate) fn check_files(product: &Product) -> Result<(), IssuingError> {
    for (n, file) in product.files.iter().enumerate() {
        if product.files[..n].iter().any(|other| (other.directory, other.fid) == (file.directory, file.fid)) {
            return Err(wrong(format!("file {} is given twice", file.place())));
        }
    }
    let number = 10_i64.pow(product.digits() as u32 - 2);
    let (_, serial) = product.number(number)?;
    let made = contents(product, serial, ([0x20, 0x26, 0x01, 0x01], [0x20, 0x36, 0x01, 0x01]))?;
    let sum: usize = made.iter().map(|content| content.bytes.len()).sum();
    if sum > ALL || product.files.len() > 12 {
        return Err(wrong(format!("at most 12 files and {ALL} bytes")));
    }
    Ok(())
}
