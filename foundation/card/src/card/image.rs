//! What a personalised card is made from.

use crate::files::PublicInfo;
use crate::numbers;
use tongka_base::{Algorithm, CardScheme};
use tongka_crypto::{Key16, diversify};

/// What a key is for (密钥用途); the codes are those of WRITE KEY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyUsage {
    /// Control of the card (卡片主控密钥): EXTERNAL AUTHENTICATE in the MF.
    CardMaster = 0x30,
    /// Control of the application (应用主控密钥): EXTERNAL AUTHENTICATE in the application.
    AppMaster = 0x31,
    /// Kept for a rule to come (保留密钥).
    Reserved = 0x32,
    /// Internal authentication (内部认证密钥).
    InternalAuth = 0x33,
    /// TAC (TAC密钥).
    Tac = 0x34,
    /// Maintenance of the card (卡片维护密钥): CARD BLOCK, files of the MF.
    CardMaintenance = 0x35,
    /// Maintenance of the application (应用维护密钥): index 1 updates, 2 locks, 3 unlocks; index 1 stands in for both.
    Maintenance = 0x36,
    /// PIN unlocking (PIN解锁密钥).
    PinUnblock = 0x37,
    /// PIN reloading (PIN重装密钥).
    PinReload = 0x38,
    /// External authentication; index 0 is the control key (主控密钥).
    ExternalAuth = 0x39,
    /// Protection of interoperable records (互通记录保护密钥): index 1 for the purse (EP), 2 for electronic cash (EC), 3
    /// spare. Under it terminals of other issuers write the records of journeys outside a purchase.
    RecordProtect = 0x3B,
    /// Overdraft update (修改透支限额密钥).
    Overdraft = 0x3C,
    /// Unload (圈提密钥).
    Unload = 0x3D,
    /// Purchase, compound purchase, cash withdrawal (消费密钥).
    Purchase = 0x3E,
    /// Load (圈存密钥).
    Load = 0x3F,
}

impl KeyUsage {
    /// Every usage.
    pub const ALL: [Self; 15] = [
        Self::CardMaster,
        Self::AppMaster,
        Self::Reserved,
        Self::InternalAuth,
        Self::Tac,
        Self::CardMaintenance,
        Self::Maintenance,
        Self::PinUnblock,
        Self::PinReload,
        Self::ExternalAuth,
        Self::RecordProtect,
        Self::Overdraft,
        Self::Unload,
        Self::Purchase,
        Self::Load,
    ];

    /// Its name in profiles of card data.
    pub fn name(self) -> &'static str {
        match self {
            Self::CardMaster => "card-master",
            Self::AppMaster => "app-master",
            Self::Reserved => "reserved",
            Self::InternalAuth => "internal-auth",
            Self::Tac => "tac",
            Self::CardMaintenance => "card-maintenance",
            Self::Maintenance => "maintenance",
            Self::PinUnblock => "pin-unblock",
            Self::PinReload => "pin-reload",
            Self::ExternalAuth => "external-auth",
            Self::RecordProtect => "record-protect",
            Self::Overdraft => "overdraft",
            Self::Unload => "unload",
            Self::Purchase => "purchase",
            Self::Load => "load",
        }
    }

    /// Index of the first key of a usage: keys that control are asked for by index 0, all others count from 1.
    pub fn first_index(self) -> u8 {
        u8::from(!matches!(self, Self::ExternalAuth | Self::CardMaster | Self::AppMaster))
    }

    /// The usage of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|usage| *usage as u8 == code)
    }
}

/// A key of a card or SAM.
#[derive(Clone, Debug)]
pub struct KeyImage {
    /// What it is for.
    pub usage: KeyUsage,
    /// Index, 0 to 63.
    pub index: u8,
    /// Version.
    pub version: u8,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// Wrong attempts until it locks, 0 for no end; counted for authentication, maintenance and PIN keys.
    pub tries: u8,
    /// The key.
    pub key: Key16,
}

impl KeyImage {
    /// A key of the first index of its usage, version 1, three tries where tries are counted.
    pub fn new(usage: KeyUsage, algorithm: Algorithm, key: Key16) -> Self {
        Self { usage, index: usage.first_index(), version: 1, algorithm, tries: 3, key }
    }

    /// The key of a card, from that of its issuer.
    pub fn for_card(&self, card_factor: &[u8; 8]) -> Self {
        Self { key: Key16::new(diversify(self.algorithm, self.key.bytes(), card_factor)), ..self.clone() }
    }
}

/// Where a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// Master file (主文件).
    Mf = 0,
    /// The purse application (应用).
    Adf = 1,
}

/// Who may read or write a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Free = 0,
    /// Under secure messaging with the maintenance key.
    Mac = 1,
    /// After external authentication.
    Authenticated = 2,
    /// After the PIN.
    Pin = 3,
    /// Nobody from outside.
    Never = 4,
    /// Under secure messaging with the key of interoperable records; with the maintenance key where a card has none.
    Protected = 5,
}

impl Access {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        let all = [Self::Free, Self::Mac, Self::Authenticated, Self::Pin, Self::Never, Self::Protected];
        all.into_iter().find(|a| *a as u8 == byte)
    }
}

/// How a file is organised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Bytes (透明文件), 28.
    Transparent = 0x28,
    /// Records by number (定长记录文件), 2A.
    Linear = 0x2A,
    /// Cyclic records (循环文件), 2E; record 1 is the newest.
    Cyclic = 0x2E,
}

impl FileKind {
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Transparent, Self::Linear, Self::Cyclic].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileImage {
    /// Where it lies.
    pub directory: Directory,
    /// File identifier; its last five bits are the short one.
    pub fid: u16,
    /// Organisation.
    pub kind: FileKind,
    /// Who reads.
    pub read: Access,
    /// Who writes. Under [`Access::Mac`] or [`Access::Protected`] a compound purchase may write records too.
    pub write: Access,
    /// Bytes of a record, or of a transparent file.
    pub size: u16,
    /// Records there is room for; 1 for a transparent file.
    pub capacity: u8,
    /// Records there are, number 1 first; the bytes of a transparent file are one record.
    pub records: Vec<Vec<u8>>,
}

impl FileImage {
    /// A transparent file everybody reads and maintenance writes.
    pub fn transparent(directory: Directory, fid: u16, bytes: &[u8]) -> Self {
        Self {
            directory,
            fid,
            kind: FileKind::Transparent,
            read: Access::Free,
            write: Access::Mac,
            size: bytes.len() as u16,
            capacity: 1,
            records: vec![bytes.to_vec()],
        }
    }

    /// An application's empty file of records.
    pub fn records(fid: u16, kind: FileKind, size: u16, capacity: u8) -> Self {
        let (directory, read, write) = (Directory::Adf, Access::Free, Access::Mac);
        Self { directory, fid, kind, read, write, size, capacity, records: Vec::new() }
    }

    /// With another right to write.
    #[must_use]
    pub fn written_by(mut self, access: Access) -> Self {
        self.write = access;
        self
    }

    /// With records.
    pub fn with(mut self, records: Vec<Vec<u8>>) -> Self {
        self.records = records;
        self
    }
}

/// A purse as it is before the first use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurseImage {
    /// Balance.
    pub balance: u32,
    /// Overdraft limit (透支限额), up to 0xFFFFFF.
    pub overdraft: u32,
    /// Next online counter.
    pub online_counter: u16,
    /// Next offline counter.
    pub offline_counter: u16,
}

/// The PIN.
#[derive(Clone)]
pub struct PinImage {
    /// BCD padded with F, 2 to 6 bytes.
    pub value: Vec<u8>,
    /// Wrong attempts until it locks, 1 to 15.
    pub tries: u8,
    /// Whether the load of the electronic purse needs it; the electronic deposit always does.
    pub for_load: bool,
}

impl std::fmt::Debug for PinImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PinImage(…, {} tries)", self.tries)
    }
}

impl Drop for PinImage {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.value);
    }
}

/// Everything of a personalised card.
#[derive(Clone, Debug)]
pub struct CardImage {
    /// Scheme: which application.
    pub scheme: CardScheme,
    /// Algorithm of a key that is asked for without one, and of secure messaging.
    pub algorithm: Algorithm,
    /// Files.
    pub files: Vec<FileImage>,
    /// Keys, of both algorithms.
    pub keys: Vec<KeyImage>,
    /// Electronic purse (电子钱包).
    pub ep: PurseImage,
    /// Electronic deposit (电子存折), where the card has one.
    pub ed: Option<PurseImage>,
    /// Highest balance of either.
    pub max_balance: u32,
    /// PIN, where the card has one.
    pub pin: Option<PinImage>,
}

impl CardImage {
    /// A card with the usual files of its scheme, empty but for EF15; keys are the card's own, already diversified.
    pub fn new(scheme: CardScheme, algorithm: Algorithm, info: &PublicInfo, keys: Vec<KeyImage>) -> Self {
        use FileKind::{Cyclic, Linear};
        let adf = |fid, bytes: &[u8]| FileImage::transparent(Directory::Adf, fid, bytes);
        let mut log = FileImage::records(0x18, Cyclic, 23, 10);
        log.write = Access::Never;
        let mut files = vec![
            FileImage::transparent(Directory::Mf, 0x05, &[0; 64]),
            adf(0x15, &info.encode()),
            adf(0x16, &[0; 55]),
            adf(0x17, &[0; 60]),
            log,
        ];
        match scheme {
            CardScheme::Mohurd => files.push(adf(0x05, &[0; 64])),
            CardScheme::TUnion => {
                let process = |id: u8, count: u8| {
                    let head = |n| [&[id, n, 0, 124][..], &[0; 124]].concat();
                    let file = FileImage::records(u16::from(id), Linear, 128, count);
                    file.written_by(Access::Protected).with((1..=count).map(head).collect())
                };
                files.extend([
                    adf(0x05, &[0; 64]),
                    FileImage::records(0x19, Linear, 64, 4).with(vec![vec![0; 64]; 4]),
                    process(0x1A, 2),
                    process(0x1B, 1),
                    process(0x1C, 1),
                    process(0x1D, 1),
                    FileImage::records(0x1E, Cyclic, 48, 30).written_by(Access::Protected),
                ]);
            }
        }
        let ep = PurseImage::default();
        Self { scheme, algorithm, files, keys, ep, ed: None, max_balance: 100_000, pin: None }
    }

    /// The card factor, from EF15.
    pub fn card_factor(&self) -> Option<[u8; 8]> {
        let file = self.files.iter().find(|file| file.directory == Directory::Adf && file.fid == 0x15)?;
        let info = PublicInfo::decode(file.records.first()?).ok()?;
        Some(numbers::card_factor(&info.serial))
    }
}

/// An image no card can be made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// A file is too large, has no records to hold, or more or longer ones than it holds.
    #[error("文件{0:04X}定义错误 file {0:04X} is ill defined")]
    File(u16),
    /// Two keys of one usage, index and algorithm, or an index above 63.
    #[error("密钥索引错误 key index {0} is taken or too high")]
    Key(u8),
    /// PIN of a wrong length, or with no tries or more than 15.
    #[error("口令错误 PIN is ill defined")]
    Pin,
    /// A balance or limit out of range.
    #[error("余额或限额超限 balance or limit out of range")]
    Purse,
    /// More than a card holds.
    #[error("容量不足 card memory is too small")]
    Memory,
}
