//! Names that a member may write into its inbox.
//!
//! | name | what it is |
//! |---|---|
//! | `KIND_DATE_MEMBER_SEQ.dat` | a file; complete when closed with as many bytes as its header says, or when renamed to this name |
//! | `….dat.sig` | its signature |
//! | `….dat.ANY.tmp`, `.part`, `.filepart` (ANY may be empty), also of a signature | being written |
//!
//! Nothing else is taken: a name never holds a folder, so that no path of a caller reaches the file system.

use crate::{LinkCode, LinkError};
use std::fmt;
use tongka_wire::FileName;

/// Characters of a file's own name.
const STEM: usize = 32;
/// Longest name taken, temporary endings included.
const LONGEST: usize = 96;
const TEMPORARY: [&str; 3] = ["tmp", "part", "filepart"];

/// A name in an inbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InboxName {
    /// The file it is or belongs to.
    pub file: FileName,
    /// Whether it is the file's signature.
    pub signature: bool,
    /// What follows while it is being written, with its dot.
    temporary: String,
}

impl InboxName {
    /// Reads a name.
    ///
    /// # Errors
    /// Y04.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let bad = |what: &str| LinkError::new(LinkCode::Name, format!("{what}: {:?}", shown(text)));
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
        if text.len() > LONGEST || !text.bytes().all(plain) || text.len() < STEM {
            return Err(bad("应为 must be KIND_YYYYMMDD_MEMBER_SEQ.dat"));
        }
        let (stem, rest) = text.split_at(STEM);
        let file = FileName::parse(stem).map_err(|_| bad("应为 must be KIND_YYYYMMDD_MEMBER_SEQ.dat"))?;
        let (signature, rest) = match rest.strip_prefix(".sig") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let ends = |ending: &&str| rest.strip_suffix(*ending).is_some_and(|before| before.ends_with('.'));
        let unfinished = rest.starts_with('.') && TEMPORARY.iter().any(ends);
        if !rest.is_empty() && !unfinished {
            return Err(bad(
                "未完成文件以 .tmp、.part 或 .filepart 结尾 unfinished names end in .tmp, .part, .filepart",
            ));
        }
        Ok(Self { file, signature, temporary: rest.to_owned() })
    }

    /// A file's own name.
    pub fn of(file: FileName) -> Self {
        Self { file, signature: false, temporary: String::new() }
    }

    /// The name of a file's signature.
    pub fn signature_of(file: FileName) -> Self {
        Self { file, signature: true, temporary: String::new() }
    }

    /// Whether it is a final name.
    pub fn is_final(&self) -> bool {
        self.temporary.is_empty()
    }
}

impl fmt::Display for InboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.file, if self.signature { ".sig" } else { "" }, self.temporary)
    }
}

/// A caller's text for messages and logs: short and printable.
pub fn shown(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_signatures_and_their_unfinished_names_are_read() {
        let file = "TXU_20260901_10002900_000001.dat";
        for (ending, signature, is_final) in [
            ("", false, true),
            (".sig", true, true),
            (".tmp", false, false),
            (".part", false, false),
            (".filepart", false, false),
            (".1A2B3C4D.tmp", false, false),
            (".sig.tmp", true, false),
            (".sig.filepart", true, false),
        ] {
            let name = InboxName::parse(&format!("{file}{ending}")).unwrap();
            assert_eq!((name.signature, name.is_final()), (signature, is_final), "{ending}");
            assert_eq!(name.to_string(), format!("{file}{ending}"));
        }
        let long = format!("{file}.{}.tmp", "x".repeat(80));
        for bad in [
            "",
            "x.txt",
            "TXU_20260901_10002900_000001",
            "TXU_20260901_10002900_000001.dat.exe",
            "TXU_20260901_10002900_000001.dattmp",
            "TXU_20260901_10002900_000001.dat.sigtmp",
            "TXU_20260901_10002900_000001.dat.",
            "TXU_20260901_10002900_000001.dat.xtmp",
            "../TXU_20260901_10002900_000001.dat",
            "TXU_20260901_10002900_000001.dat/../x.tmp",
            "TXU_20260901_10002900_000001.dat\n.tmp",
            "TXU_20260901_10002900_000001.dat\0.tmp",
            "TXU_20260901_成员______000001.dat",
            long.as_str(),
        ] {
            let code = InboxName::parse(bad).unwrap_err().code();
            assert_eq!(code, Some(LinkCode::Name), "{bad:?}");
        }
    }
}
