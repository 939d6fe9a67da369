//! Upload names, `TXU_YYYYMMDD_MEMBER8_SEQ6.dat` (document, chapter 1).

use crate::fields::number;
use tongka_base::date::{format_date, parse_date};
use tongka_base::{Date, MemberCode};

/// What identifies an upload (文件标识). Its order is the order in which one run takes files.
///
/// The kind is part of the identity too; members send only `TXU` files, so it is not repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// The sender's file date.
    pub date: Date,
    /// The sending member.
    pub member: MemberCode,
    /// Sequence, from 1.
    pub sequence: u32,
}

impl FileId {
    /// Reads a well-formed upload name: kind `TXU`, a real date, sequence 000001 or more.
    pub fn parse(name: &[u8]) -> Option<Self> {
        let well_formed = name.len() == 32
            && &name[0..4] == b"TXU_"
            && name[12] == b'_'
            && name[21] == b'_'
            && &name[28..32] == b".dat";
        if !well_formed {
            return None;
        }
        let date = parse_date(&name[4..12])?;
        let member = MemberCode(number(&name[13..21])? as u32);
        let sequence = number(&name[22..28])? as u32;
        (sequence >= 1).then_some(Self { date, member, sequence })
    }

    /// The file before this one in its series; `None` for the first.
    pub fn predecessor(self) -> Option<Self> {
        (self.sequence > 1).then(|| Self { sequence: self.sequence - 1, ..self })
    }

    /// The upload's name.
    pub fn name(self) -> String {
        format!("TXU_{}_{}_{:06}.dat", format_date(self.date), self.member, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_a_name() {
        let good = "TXU_20260901_10002900_000001.dat";
        let id = FileId::parse(good.as_bytes()).unwrap();
        assert_eq!((id.member, id.sequence, id.name().as_str()), (MemberCode(10_002_900), 1, good));
        assert_eq!(id.predecessor(), None);
        assert_eq!(FileId { sequence: 2, ..id }.predecessor(), Some(id));
        for bad in [
            "TXR_20260901_10002900_000001.dat",
            "txu_20260901_10002900_000001.dat",
            "TXU_20260931_10002900_000001.dat",
            "TXU_20260901_1000290A_000001.dat",
            "TXU_20260901_10002900_000000.dat",
            "TXU_20260901_10002900_00001.dat",
            "TXU_20260901_10002900_0000001.dat",
            "TXU_20260901_10002900_000001.DAT",
            "TXU-20260901_10002900_000001.dat",
            "TXU_20260901_10002900_000001.dat ",
            "",
        ] {
            assert_eq!(FileId::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
