//! Status words (状态字).

use std::fmt;

/// A status word: SW1 SW2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusWord(pub u16);

macro_rules! words {
    ($($name:ident $code:literal $text:literal)*) => {
        impl StatusWord {
            $(#[doc = concat!(stringify!($code), ": ", $text, ".")] pub const $name: Self = Self($code);)*

            /// What the word means.
            pub fn text(self) -> &'static str {
                match self.0 {
                    $($code => $text,)*
                    0x6100..=0x61FF => "data to fetch with GET RESPONSE",
                    0x63C0..=0x63CF => "verification failed, tries left",
                    0x6C00..=0x6CFF => "wrong Le, the right one follows",
                    _ => "unknown",
                }
            }
        }
    };
}

words! {
    OK 0x9000 "success"
    DATA_MAY_BE_DAMAGED 0x6281 "data may be damaged"
    FILE_BLOCKED 0x6283 "selected application is blocked"
    UNCHANGED 0x6400 "state unchanged"
    MEMORY 0x6581 "memory failure"
    WRONG_LENGTH 0x6700 "wrong length"
    PROTECTION 0x6900 "class and line protection differ"
    INVALID_STATE 0x6901 "invalid state"
    FILE_TYPE 0x6981 "wrong type of file"
    SECURITY 0x6982 "security condition not satisfied"
    LOCKED 0x6983 "key or PIN locked"
    NO_CHALLENGE 0x6984 "no challenge fetched, or data invalid"
    CONDITIONS 0x6985 "conditions of use not satisfied, wrong order"
    SM_MAC 0x6988 "MAC of secure messaging wrong"
    WRONG_DATA 0x6A80 "wrong data field"
    BLOCKED 0x6A81 "function not supported, application or card blocked"
    FILE_NOT_FOUND 0x6A82 "file or application not found"
    RECORD_NOT_FOUND 0x6A83 "record not found"
    NO_SPACE 0x6A84 "no space left"
    WRONG_P1P2 0x6A86 "wrong P1 P2"
    OUT_OF_FILE 0x6B00 "offset outside the file"
    INS_NOT_SUPPORTED 0x6D00 "instruction not supported"
    CLA_NOT_SUPPORTED 0x6E00 "class not supported"
    MAC 0x9302 "MAC invalid"
    PERMANENTLY_BLOCKED 0x9303 "application permanently locked"
    LOW_BALANCE 0x9401 "balance not enough"
    COUNTER_MAXIMUM 0x9402 "transaction counter at its maximum"
    KEY_INDEX 0x9403 "key index not supported"
    NO_PROOF 0x9406 "MAC and TAC asked for are not available"
}

impl StatusWord {
    /// 63Cx: so many tries left, 15 at most.
    pub fn tries(left: u8) -> Self {
        Self(0x63C0 | u16::from(left.min(15)))
    }

    /// 6Cxx: the right length, of which 256 is 00.
    pub fn right_length(length: usize) -> Self {
        Self(0x6C00 | (length & 0xFF) as u16)
    }

    /// 61xx: so much to fetch.
    pub fn more(length: usize) -> Self {
        Self(0x6100 | (length & 0xFF) as u16)
    }

    /// Whether it is 9000.
    pub fn is_ok(self) -> bool {
        self == Self::OK
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} {}", self.0, self.text())
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SW({:04X})", self.0)
    }
}
