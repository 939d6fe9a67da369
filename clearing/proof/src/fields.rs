//! The field types of the document, chapter 1, read and written one by one.

use crate::error::ProofError;

/// Type `N` without sign: digits only. Widths up to 18 are read.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let mut value = 0;
    for &c in text {
        if !c.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(c - b'0');
    }
    Some(value)
}

/// Type `N` that may carry a sign: digits only, or `-` and digits in the same width.
pub(crate) fn signed(text: &[u8]) -> Option<i64> {
    let magnitude = |digits| number(digits).and_then(|n| i64::try_from(n).ok());
    match text.strip_prefix(b"-") {
        Some(digits) => magnitude(digits).map(|n| -n),
        None => magnitude(text),
    }
}

/// Type `H`: upper-case hexadecimal, into exactly `B` bytes.
pub(crate) fn hex<const B: usize>(text: &[u8]) -> Option<[u8; B]> {
    if text.len() != 2 * B {
        return None;
    }
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    };
    let mut bytes = [0; B];
    for i in 0..B {
        bytes[i] = digit(text[2 * i])? * 16 + digit(text[2 * i + 1])?;
    }
    Some(bytes)
}

/// Writes bytes as type `H`.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// Writes a number as type `N` of a width; a negative one starts with `-` and fills the same width.
pub(crate) fn to_number(value: impl Into<i128>, width: usize) -> Result<String, ProofError> {
    let value = value.into();
    let text = format!("{value:0width$}");
    if text.len() == width { Ok(text) } else { Err(ProofError::Width { value, width }) }
}

/// Writes a name as type `S`, width 40: unprintable bytes as `?`, cut at 40, padded with spaces.
pub(crate) fn to_name40(name: &[u8]) -> [u8; 40] {
    let mut text = [b' '; 40];
    for (to, from) in text.iter_mut().zip(name) {
        *to = if (0x20..=0x7E).contains(from) { *from } else { b'?' };
    }
    text
}

/// A name for people, unprintable bytes as `?`.
pub(crate) fn readable(name: &[u8]) -> String {
    name.iter().map(|&b| if (0x20..=0x7E).contains(&b) { char::from(b) } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number(b"000123"), Some(123));
        for bad in [&b""[..], b"-1", b"+1", b" 1", b"1 ", b"1A"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
        assert_eq!(signed(b"-00000150"), Some(-150));
        assert_eq!(signed(b"-00000000"), Some(0));
        assert_eq!(signed(b"000000150"), Some(150));
        for bad in [&b"-"[..], b"--1", b"1-", b"0000-150"] {
            assert_eq!(signed(bad), None, "{bad:?}");
        }
        assert_eq!(to_number(-150, 9).unwrap(), "-00000150");
        assert_eq!(to_number(0, 3).unwrap(), "000");
        assert!(matches!(to_number(1000, 3), Err(ProofError::Width { value: 1000, width: 3 })));
        assert!(to_number(-100, 3).is_err());
    }

    #[test]
    fn hexadecimal_is_upper_case() {
        assert_eq!(hex(b"0AF9"), Some([0x0A, 0xF9]));
        assert_eq!(hex::<2>(b"0af9"), None);
        assert_eq!(hex::<2>(b"0AF"), None);
        assert_eq!(to_hex(&[0x0A, 0xF9]), "0AF9");
    }

    #[test]
    fn names_are_printable_and_forty_wide() {
        assert_eq!(&to_name40(b"a\x01\xFFb"), b"a??b                                    ");
        assert_eq!(to_name40(&[b'x'; 50]), [b'x'; 40]);
        assert_eq!(readable("通".as_bytes()), "???");
    }
}
