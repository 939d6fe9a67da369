//! File names: `KIND_DATE_MEMBER_SEQ.dat`.

use crate::codec::WireError;
use crate::table::Kind;
use std::cmp::Ordering;
use std::fmt;
use tongka_base::date::{format_date, parse_date};
use tongka_base::{Date, MemberCode};

/// The name of an exchange file, which is also its identity.
///
/// Names are ordered as files are accepted within one run: by date, then member, then sequence (then kind).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileName {
    /// Kind.
    pub kind: Kind,
    /// The sender's file date for uploads, the clearing date for results.
    pub date: Date,
    /// Sending member for uploads, receiving member for results.
    pub member: MemberCode,
    /// From 1, without gaps, per (kind, date, member).
    pub sequence: u32,
}

impl FileName {
    /// Reads a name.
    ///
    /// # Errors
    /// `name`, unless it is an upper-case kind, a real date, eight digits, six digits from 000001, and `.dat`.
    pub fn parse(text: &str) -> Result<Self, WireError> {
        let bad = |what: &str| WireError::new("name", format!("{what} in {text:?}"));
        let stem = text.strip_suffix(".dat").filter(|s| s.len() == 28 && s.is_ascii()).ok_or_else(|| bad("shape"))?;
        if [3, 12, 21].iter().any(|at| stem.as_bytes()[*at] != b'_') {
            return Err(bad("separators"));
        }
        let kind = Kind::parse(&stem[..3]).ok_or_else(|| bad("kind"))?;
        let date = parse_date(&stem.as_bytes()[4..12]).ok_or_else(|| bad("date"))?;
        let member = MemberCode::parse(&stem.as_bytes()[13..21]).ok_or_else(|| bad("member"))?;
        let digits = &stem[22..];
        if !digits.bytes().all(|c| c.is_ascii_digit()) {
            return Err(bad("sequence"));
        }
        let sequence = digits.parse().ok().filter(|n| *n > 0).ok_or_else(|| bad("sequence"))?;
        Ok(Self { kind, date, member, sequence })
    }
}

impl Ord for FileName {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |name: &Self| (name.date, name.member, name.sequence, name.kind);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for FileName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}_{:06}.dat", self.kind, format_date(self.date), self.member, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_others_are_refused() {
        let name = "TXU_20260901_10002900_000001.dat";
        assert_eq!(FileName::parse(name).unwrap().to_string(), name);
        for bad in [
            "",
            "TXU_20260901_10002900_000001.DAT",
            "txu_20260901_10002900_000001.dat",
            "XXX_20260901_10002900_000001.dat",
            "TXU_20260931_10002900_000001.dat",
            "TXU_20260901_1000290A_000001.dat",
            "TXU_20260901_10002900_000000.dat",
            "TXU_20260901_10002900_00001.dat",
            "TXU_20260901_10002900_+00001.dat",
            "TXU-20260901_10002900_000001.dat",
            "TXU_20260901_10002900_000001.dat ",
            "TXU_20260901_成员_00_000001.dat",
        ] {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_ordered_by_date_then_member_then_sequence() {
        let sorted = [
            "TXU_20260831_99999998_000009.dat",
            "TXU_20260901_10001000_000002.dat",
            "STL_20260901_10001000_000010.dat",
            "TXU_20260901_10002900_000001.dat",
        ];
        let mut names: Vec<FileName> = sorted.iter().rev().map(|name| FileName::parse(name).unwrap()).collect();
        names.sort();
        assert_eq!(names.iter().map(ToString::to_string).collect::<Vec<_>>(), sorted);
    }
}
