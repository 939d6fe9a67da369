//! Uploads that are refused as a whole.

use crate::SimError;
use crate::draft::{Upload, header};
use tongka_base::{FileCode, MemberCode};
use tongka_crypto::sm3;
use tongka_wire::txu::LINE_LEN;
use tongka_wire::{FileName, HEADER_LEN, Header};

/// A way in which a file is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadFile {
    /// F01: the sequence has five digits, the month is 13, or a hyphen stands for an underscore.
    Name(usize),
    /// F02: no such member.
    UnknownSender,
    /// F02: the member was suspended.
    SuspendedSender,
    /// F03: the receiver is not the centre.
    Receiver,
    /// F03: the sequence is not that of the name.
    Sequence,
    /// F03: the header line is cut short.
    ShortHeader,
    /// F03: version 02.
    Version,
    /// F04: the header says another record length.
    RecordLength,
    /// F04: a CR inside a record.
    InnerReturn,
    /// F04: lines end with LF only.
    LineFeed,
    /// F04: the last record is cut.
    Truncated,
    /// F04: a record starts with another mark.
    Mark,
    /// F05.
    Count,
    /// F06: total amount.
    Total,
    /// F06: a bit flipped on the way.
    BitFlip,
    /// F08: no signature.
    Unsigned,
    /// F08: the signature of other bytes.
    WrongSignature,
    /// F09: the predecessor was never sent.
    Gap,
    /// F10: a file date that has not come.
    FutureDate,
}

impl BadFile {
    /// Every way, in the order of the checks.
    pub(crate) const ALL: [Self; 21] = [
        Self::Name(0),
        Self::Name(1),
        Self::Name(2),
        Self::UnknownSender,
        Self::SuspendedSender,
        Self::Receiver,
        Self::Sequence,
        Self::ShortHeader,
        Self::Version,
        Self::RecordLength,
        Self::InnerReturn,
        Self::LineFeed,
        Self::Truncated,
        Self::Mark,
        Self::Count,
        Self::Total,
        Self::BitFlip,
        Self::Unsigned,
        Self::WrongSignature,
        Self::Gap,
        Self::FutureDate,
    ];

    /// What the centre says.
    pub(crate) fn code(self) -> FileCode {
        match self {
            Self::Name(_) => FileCode::F01,
            Self::UnknownSender | Self::SuspendedSender => FileCode::F02,
            Self::Receiver | Self::Sequence | Self::ShortHeader | Self::Version => FileCode::F03,
            Self::RecordLength | Self::InnerReturn | Self::LineFeed | Self::Truncated | Self::Mark => FileCode::F04,
            Self::Count => FileCode::F05,
            Self::Total | Self::BitFlip => FileCode::F06,
            Self::Unsigned | Self::WrongSignature => FileCode::F08,
            Self::Gap => FileCode::F09,
            Self::FutureDate => FileCode::F10,
        }
    }

    /// The name under which the file lies in the inbox.
    pub(crate) fn file_name(self, name: FileName) -> String {
        let text = name.to_string();
        match self {
            Self::Name(0) => format!("{}{}", &text[..22], &text[23..]),
            Self::Name(1) => format!("{}13{}", &text[..8], &text[10..]),
            Self::Name(_) => text.replace("TXU_", "TXU-"),
            _ => text,
        }
    }

    /// Spoils a good upload; the identity in `upload.name` has been chosen for this fault already.
    pub(crate) fn spoil(self, upload: &mut Upload) -> Result<(), SimError> {
        let name = upload.name;
        let (head, body) = upload.bytes.split_at(HEADER_LEN);
        let digest = sm3(body);
        let plain = |count, total, digest| header(name, name.member, count, total, digest);
        match self {
            Self::Receiver | Self::Sequence => {
                let mut fields = Header::parse(head).map_err(|e| SimError::Plan(e.to_string()))?;
                match self {
                    Self::Receiver => fields.receiver = MemberCode(10_009_999),
                    _ => fields.sequence += 1,
                }
                let line = fields.write().map_err(|e| SimError::Plan(e.to_string()))?;
                upload.bytes[..HEADER_LEN].copy_from_slice(&line);
            }
            Self::ShortHeader => {
                upload.bytes.drain(60..70);
            }
            Self::LineFeed => {
                let body: Vec<u8> = body.iter().copied().filter(|b| *b != b'\r').collect();
                let line = plain(upload.count, upload.total, sm3(&body))?;
                upload.bytes = [&line[..], &body].concat();
            }
            Self::Truncated => upload.bytes.truncate(upload.bytes.len() - 25),
            Self::Version => upload.bytes[2] = b'2',
            Self::RecordLength => upload.bytes[59..63].copy_from_slice(b"0158"),
            Self::Mark | Self::InnerReturn => {
                let (place, byte) = if self == Self::Mark { (0, b'E') } else { (130, b'\r') };
                upload.bytes[HEADER_LEN + LINE_LEN + place] = byte;
                let line = plain(upload.count, upload.total, sm3(&upload.bytes[HEADER_LEN..]))?;
                upload.bytes[..HEADER_LEN].copy_from_slice(&line);
            }
            Self::Count => {
                let line = plain(upload.count + 1, upload.total, digest)?;
                upload.bytes[..HEADER_LEN].copy_from_slice(&line);
            }
            Self::Total => {
                let line = plain(upload.count, upload.total + 1, digest)?;
                upload.bytes[..HEADER_LEN].copy_from_slice(&line);
            }
            // The last bit of a device digit: 0 becomes 1, 1 becomes 0.
            Self::BitFlip => upload.bytes[HEADER_LEN + 149] ^= 1,
            _ => {}
        }
        Ok(())
    }
}
