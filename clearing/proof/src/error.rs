//! Why a proof cannot be finished. None of these is a refusal of a file or a record: those are values of the outcome.

use std::io;
use tongka_base::{MemberCode, MoneyError};

/// The proof stopped; nothing of it counts.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// An upload could not be read.
    #[error("P01 读取上送文件失败 cannot read upload {name}: {source}")]
    Read {
        /// Name of the upload, unprintable bytes replaced.
        name: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// An upload gave other bytes when it was read again for the results.
    #[error("P02 上送文件在核算期间被改动 upload {0} changed while it was proven")]
    Changed(String),
    /// A key the scheme allows is not in the scheme, so a TAC cannot be judged.
    #[error("P03 缺少TAC密钥 no TAC key of scheme {scheme} version {version:02X} algorithm {algorithm:02X}")]
    MissingTacKey {
        /// Letter of the card scheme.
        scheme: char,
        /// Key version.
        version: u8,
        /// Algorithm code.
        algorithm: u8,
    },
    /// Two fee rules of equal pattern are in force.
    #[error(
        "P04 费率规则冲突 two equally specific fee rules for acquirer {acquirer}, issuer {issuer}, industry {industry}"
    )]
    AmbiguousFee {
        /// Acquirer of the group.
        acquirer: MemberCode,
        /// Issuer's member of the group.
        issuer: MemberCode,
        /// Industry code of the group.
        industry: &'static str,
    },
    /// A figure does not fit into the width the document gives it.
    #[error("P05 数值超出字段宽度 {value} does not fit into {width} characters")]
    Width {
        /// The figure.
        value: i128,
        /// The field's width.
        width: usize,
    },
    /// A sum of money does not fit into 64 bits.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// An adjustment is booked for a code that is no member of the scheme.
    #[error("P06 调账机构未知 adjustment for unknown member {0}")]
    UnknownMember(MemberCode),
    /// Positions and centre fees do not cancel out.
    #[error("P07 头寸不平 positions {positions} + centre fees {centre_fees} are not zero")]
    Unbalanced {
        /// Sum of all positions in fen.
        positions: i128,
        /// Sum of all centre fees in fen.
        centre_fees: i128,
    },
}
