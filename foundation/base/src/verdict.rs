//! What the centre says of a file and of a record: stable codes with their text in both languages.
//! Source: exchange interface v1, chapters 4 and 5.

use std::fmt;

/// Verdict (判定) on one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// `A` accepted and cleared (清分).
    Accepted,
    /// `R` rejected back to the acquirer (拒绝).
    Rejected,
    /// `S` suspicious (可疑): not cleared, waits for adjustment.
    Suspicious,
    /// `D` duplicate (重复): dropped and counted.
    Duplicate,
    /// `T` test (测试): kept apart from money.
    Test,
}

impl Verdict {
    /// Every verdict, in the order in which reports list them.
    pub const ALL: [Self; 5] = [Self::Accepted, Self::Rejected, Self::Suspicious, Self::Duplicate, Self::Test];

    /// The exchange letter.
    pub fn letter(self) -> u8 {
        b"ARSDT"[self as usize]
    }

    /// The Chinese name.
    pub fn name_zh(self) -> &'static str {
        ["接受", "拒绝", "可疑", "重复", "测试"][self as usize]
    }

    /// The English name.
    pub fn name_en(self) -> &'static str {
        ["accepted", "rejected", "suspicious", "duplicate", "test"][self as usize]
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(self.letter()))
    }
}

macro_rules! reasons {
    ($($name:ident $code:literal $verdict:ident $zh:literal $en:literal),* $(,)?) => {
        /// Why a record got its verdict. The reason fixes the verdict.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason {
            $(#[doc = concat!("`", stringify!($code), "` ", $zh, ", ", $en)] $name = $code),*
        }

        impl Reason {
            /// Every reason, by code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The verdict this reason stands for.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict),* }
            }

            /// The two-digit code as a number.
            pub fn code(self) -> u8 {
                self as u8
            }

            /// The reason of a code.
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The Chinese text.
            pub fn text_zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }

            /// The English text.
            pub fn text_en(self) -> &'static str {
                match self { $(Self::$name => $en),* }
            }
        }
    };
}

reasons! {
    Ok 0 Accepted "正常" "accepted",
    Format 1 Rejected "字段格式错误" "a field does not match its type or listed values",
    UnknownPsam 2 Rejected "PSAM终端号不属于上送机构或已停用" "PSAM terminal number in no active range of the sender",
    UnknownIssuer 3 Rejected "发卡机构未知" "issuer is not in the issuer table",
    Duplicate 4 Duplicate "重复记录" "same card key and same content as an earlier accepted record",
    KeyConflict 5 Suspicious "卡交易序号重复但内容不同" "same card key as an earlier accepted record, other content",
    TacWrong 6 Suspicious "TAC错误" "TAC is wrong",
    Blacklisted 7 Rejected "黑名单卡" "card was on the blacklist at the time of the transaction",
    OverLimit 8 Suspicious "超过单笔限额" "amount is over the single limit",
    FutureDate 11 Rejected "交易日期晚于清算日期" "transaction date is later than the clearing date",
    TestRecord 12 Test "测试卡或测试终端" "test card or test terminal",
    PsamConflict 14 Suspicious "PSAM交易序号重复" "same PSAM transaction as an earlier accepted record of another card",
    KeyNotAllowed 15 Rejected "密钥版本或算法未启用" "key version and algorithm not allowed for the issuer",
    IssuerInactive 16 Rejected "发卡机构当日未互通" "issuer's member was not active on the transaction date",
    OverBalance 17 Suspicious "交易金额超过余额及透支额度" "amount is over balance and overdraft limit",
    TooLate 18 Suspicious "超过迟到期限" "transaction date is before the late window",
    Grey 19 Suspicious "灰记录" "grey record: the terminal did not see the card's answer",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.code())
    }
}

macro_rules! file_codes {
    ($($name:ident $zh:literal $en:literal),* $(,)?) => {
        /// Why a file was refused (or made to wait) as a whole.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FileCode {
            $(#[doc = concat!("`", stringify!($name), "` ", $zh, ", ", $en)] $name),*
        }

        impl FileCode {
            /// Every file code, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The three-letter code, `F01` to `F10`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// The Chinese text.
            pub const fn text_zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }

            /// The English text.
            pub const fn text_en(self) -> &'static str {
                match self { $(Self::$name => $en),* }
            }
        }
    };
}

file_codes! {
    F01 "文件名不合规" "name malformed",
    F02 "上送机构未知或已停用" "sender unknown or suspended",
    F03 "文件头不合规或与文件名不符" "header malformed, receiver not the centre, or not equal to the name",
    F04 "文件体不是整行记录" "body is not whole records of the right length",
    F05 "记录数不符" "record count differs",
    F06 "总金额或摘要不符" "total amount or body digest differs",
    F07 "同名文件内容不同" "same identity, different bytes",
    F08 "签名缺失或错误" "signature missing or wrong",
    F09 "文件序号不连续，等待前序文件" "sequence gap: waits for its predecessor",
    F10 "文件日期晚于当前清算日" "file date later than the open clearing date",
}

impl FileCode {
    /// The file code of its three-letter text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.code() == text)
    }
}

impl fmt::Display for FileCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(Reason::from_code(13), None);
        assert_eq!(FileCode::ALL.len(), 10);
        assert_eq!(FileCode::parse("F09"), Some(FileCode::F09));
        assert_eq!(Reason::Grey.verdict().letter(), b'S');
    }
}
