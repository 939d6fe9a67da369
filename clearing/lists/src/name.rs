//! The lists there are.

use std::fmt;
use std::ops::Range;
use tongka_wire::Kind;

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListName {
    /// 黑名单.
    Blacklist,
    /// 受理名单.
    Acceptance,
    /// 发卡机构.
    Issuers,
    /// PSAM状态.
    Psams,
    /// 参数.
    Parameters,
    /// 费率.
    Fees,
}

impl ListName {
    /// Every list.
    pub const ALL: [Self; 6] =
        [Self::Blacklist, Self::Acceptance, Self::Issuers, Self::Psams, Self::Parameters, Self::Fees];

    /// Its code: that of its full file.
    pub const fn code(self) -> &'static str {
        ["BLF", "WHT", "ISS", "PSM", "PAR", "FEE"][self as usize]
    }

    /// The Chinese name.
    pub const fn name_zh(self) -> &'static str {
        ["黑名单", "受理名单", "发卡机构", "PSAM状态", "参数", "费率"][self as usize]
    }

    /// The list of a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.code() == code)
    }

    /// The kind of its file: full, or an increment.
    pub const fn kind(self, full: bool) -> Kind {
        match self {
            Self::Blacklist if full => Kind::Blf,
            Self::Blacklist => Kind::Bli,
            Self::Acceptance => Kind::Wht,
            Self::Issuers => Kind::Iss,
            Self::Psams => Kind::Psm,
            Self::Parameters => Kind::Par,
            Self::Fees => Kind::Fee,
        }
    }

    /// Whether every member gets a content of its own.
    pub const fn is_of_member(self) -> bool {
        matches!(self, Self::Fees)
    }

    /// The bytes of a line that tell its entries apart: the fields after the operation that are its key.
    pub(crate) fn key(self) -> Range<usize> {
        const FIRST: usize = 2;
        let last_field = match self {
            Self::Blacklist => "serial",
            Self::Acceptance => "member",
            Self::Issuers => "algorithm",
            Self::Psams => "from",
            Self::Parameters => "name",
            Self::Fees => "from",
        };
        FIRST..self.kind(true).table().range(last_field).expect("a field of the list").end
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_keys_are_those_of_the_tables() {
        for list in ListName::ALL {
            assert_eq!(list.kind(true).code(), list.code());
            assert_eq!(ListName::parse(list.code()), Some(list));
            assert!(list.key().end <= list.kind(true).table().record_len());
        }
        assert_eq!(ListName::Blacklist.key(), 2..39);
        assert_eq!(ListName::Blacklist.kind(false), Kind::Bli);
        assert_eq!(ListName::parse("BLI"), None);
    }
}
