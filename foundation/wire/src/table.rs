//! What a record table is. The tables themselves stand in [`tables`](crate::tables).

use crate::{dispute_tables, list_tables, tables};
use std::fmt;
use std::ops::Range;

/// Type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Upper-case letters.
    A,
    /// Digits, right-aligned, zero-padded; where [`Field::signed`], a negative number starts with `-` in the same width.
    N,
    /// Upper-case hex.
    H,
    /// Printable ASCII, left-aligned, space-padded.
    S,
    /// Bytes of an uploaded record just as they came, well-formed or not.
    Raw,
}

impl FieldType {
    /// The letter of the documents; `X` for raw bytes.
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::N => 'N',
            Self::H => 'H',
            Self::S => 'S',
            Self::Raw => 'X',
        }
    }
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Identifier.
    pub name: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// Type.
    pub ty: FieldType,
    /// Bytes.
    pub width: usize,
    /// Bytes before it in the record; computed.
    pub offset: usize,
    /// Whether a number may be negative.
    pub signed: bool,
    /// Remark, in Chinese and English where both are needed.
    pub note: &'static str,
}

impl Field {
    /// The field's bytes in a record.
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.width
    }
}

/// A field whose offset is still to be computed by [`lay_out`].
pub(crate) const fn field(
    name: &'static str,
    zh: &'static str,
    ty: FieldType,
    width: usize,
    note: &'static str,
) -> Field {
    Field { name, zh, ty, width, offset: 0, signed: false, note }
}

/// A number that may be negative.
pub(crate) const fn signed(name: &'static str, zh: &'static str, width: usize, note: &'static str) -> Field {
    Field { name, zh, ty: FieldType::N, width, offset: 0, signed: true, note }
}

/// Gives every field its offset.
pub(crate) const fn lay_out<const N: usize>(mut fields: [Field; N]) -> [Field; N] {
    let (mut offset, mut index) = (0, 0);
    while index < N {
        fields[index].offset = offset;
        offset += fields[index].width;
        index += 1;
    }
    fields
}

/// Kind of an exchange file (文件类型).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Consumption upload (消费上送), member → centre.
    Txu,
    /// Receipt (回执) of one upload.
    Txr,
    /// Records whose verdict is not A, to the acquirer.
    Txe,
    /// Cleared detail (清分明细), to the issuer.
    Txd,
    /// Suspicious records (可疑明细), to the issuer.
    Sus,
    /// Settlement by group (结算结果).
    Stl,
    /// Statement (对账单).
    Sta,
    /// Blacklist (黑名单), full.
    Blf,
    /// Blacklist, incremental.
    Bli,
    /// Acceptance list (受理名单): members that take part.
    Wht,
    /// Issuers and their TAC keys (发卡机构).
    Iss,
    /// PSAM ranges and their states (PSAM 状态).
    Psm,
    /// Parameters (参数).
    Par,
    /// Fee rules (费率).
    Fee,
    /// Confirmation of a list (名单确认), member → centre.
    Ack,
    /// The issuer's TAC verdicts (TAC 判定), member → centre.
    Txv,
    /// Disputes (差错), member → centre.
    Dsp,
    /// News of disputes (差错通知), centre → member.
    Dsr,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::Txu,
        Self::Txr,
        Self::Txe,
        Self::Txd,
        Self::Sus,
        Self::Stl,
        Self::Sta,
        Self::Blf,
        Self::Bli,
        Self::Wht,
        Self::Iss,
        Self::Psm,
        Self::Par,
        Self::Fee,
        Self::Ack,
        Self::Txv,
        Self::Dsp,
        Self::Dsr,
    ];
    /// What each member gets for each clearing date, besides receipts.
    pub const RESULTS: [Self; 5] = [Self::Txe, Self::Txd, Self::Sus, Self::Stl, Self::Sta];

    /// The three letters.
    pub fn code(self) -> &'static str {
        [
            "TXU", "TXR", "TXE", "TXD", "SUS", "STL", "STA", "BLF", "BLI", "WHT", "ISS", "PSM", "PAR", "FEE", "ACK",
            "TXV", "DSP", "DSR",
        ][self as usize]
    }

    /// The kind of three upper-case letters.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == text)
    }

    /// Its record table.
    pub fn table(self) -> &'static RecordTable {
        [
            &tables::TXU,
            &tables::TXR,
            &tables::TXE,
            &tables::TXD,
            &tables::SUS,
            &tables::STL,
            &tables::STA,
            &list_tables::BLF,
            &list_tables::BLI,
            &list_tables::WHT,
            &list_tables::ISS,
            &list_tables::PSM,
            &list_tables::PAR,
            &list_tables::FEE,
            &list_tables::ACK,
            &tables::TXV,
            &dispute_tables::DSP,
            &dispute_tables::DSR,
        ][self as usize]
    }

    /// Whether members send files of this kind.
    pub fn is_from_member(self) -> bool {
        matches!(self, Self::Txu | Self::Ack | Self::Txv | Self::Dsp)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The record of a kind, or the header line.
#[derive(Clone, Copy, Debug)]
pub struct RecordTable {
    /// Kind; `None` for the header line, which every kind has.
    pub kind: Option<Kind>,
    /// Title in Chinese.
    pub title_zh: &'static str,
    /// Title in English.
    pub title_en: &'static str,
    /// What the first field holds.
    pub mark: u8,
    /// From whom to whom, in both languages.
    pub direction: &'static str,
    /// Order of the records, in Chinese.
    pub order_zh: &'static str,
    /// Order of the records, in English.
    pub order_en: &'static str,
    /// Fields in order.
    pub fields: &'static [Field],
    /// Index of the field that the header's total amount sums. Where it is the original record, that record's amount
    /// counts. `None`: the total is 0.
    pub amount_field: Option<usize>,
    /// The first record of a file, where it is of another table; of the same length.
    pub lead: Option<&'static RecordTable>,
}

impl RecordTable {
    /// Bytes of a record without CR LF.
    pub const fn record_len(&self) -> usize {
        let last = &self.fields[self.fields.len() - 1];
        last.offset + last.width
    }

    /// Bytes of a line with CR LF: the record length of the header.
    pub const fn line_len(&self) -> usize {
        self.record_len() + 2
    }

    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Byte range of a field by name.
    pub fn range(&self, name: &str) -> Option<Range<usize>> {
        self.field(name).map(Field::range)
    }

    /// Byte range of the amount that the header's total sums.
    pub fn amount_range(&self) -> Option<Range<usize>> {
        let field = &self.fields[self.amount_field?];
        if field.ty != FieldType::Raw {
            return Some(field.range());
        }
        let inner = tables::TXU.amount_range()?;
        Some(field.offset + inner.start..field.offset + inner.end)
    }

    /// Byte range of a field that is known to exist; for constants.
    ///
    /// # Panics
    /// When there is no such field, which stops the compilation of a constant.
    pub(crate) const fn const_range(&self, name: &str) -> Range<usize> {
        let mut index = 0;
        while index < self.fields.len() {
            if same(self.fields[index].name, name) {
                return self.fields[index].range();
            }
            index += 1;
        }
        panic!("no such field")
    }
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
