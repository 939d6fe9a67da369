//! Patterns (模板): bytes made of hex digits and of fields that are known by name, as a line of text. Diversification
//! factors and the contents of a product's files are written so.
//!
//! A pattern is a row of parts, with or without spaces between: a byte as two hex digits; `00*49`, the byte so many
//! times; `{name}`, a field; `{name:0..4}`, its bytes from the first number up to the second, which is not counted.
//! `{issuer:0..4}FFFFFFFF` is the issuer factor of T-Union, `{issuer:2..4}FF00*5` the city factor of MOHURD,
//! `{serial:2..10}` the card factor of both.

use std::collections::BTreeMap;
use std::fmt;
use tongka_base::{AppSerial, IssuerId};

/// A pattern that is none, or a field that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("模板错误 pattern: {0}")]
pub struct PatternError(String);

fn wrong(what: impl fmt::Display) -> PatternError {
    PatternError(what.to_string())
}

/// Longest result.
const LONGEST: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Bytes(Vec<u8>),
    Field { name: String, from: usize, to: Option<usize> },
}

/// A pattern, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

/// Fields by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<&'static str, Vec<u8>>);

impl Fields {
    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.0.insert(name, value.as_ref().to_vec());
        self
    }

    /// The field `issuer`: the issuer id of EF15, 8 bytes.
    #[must_use]
    pub fn issuer(self, issuer: IssuerId) -> Self {
        self.with("issuer", issuer.0)
    }

    /// The field `serial`: the application serial of EF15, 10 bytes.
    #[must_use]
    pub fn serial(self, serial: AppSerial) -> Self {
        self.with("serial", serial.0)
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What of it is none.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (part, tail) = if let Some(field) = rest.strip_prefix('{') {
                let (field, tail) = field.split_once('}').ok_or_else(|| wrong("a field without its }"))?;
                (read_field(field)?, tail)
            } else {
                read_bytes(rest)?
            };
            parts.push(part);
            rest = tail.trim_start();
        }
        Ok(Self { text: text.trim().to_owned(), parts })
    }

    /// The bytes it makes of the fields.
    ///
    /// # Errors
    /// A field that is not there or shorter than the pattern says.
    pub fn fill(&self, fields: &Fields) -> Result<Vec<u8>, PatternError> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => out.extend_from_slice(bytes),
                Part::Field { name, from, to } => {
                    let value =
                        fields.0.get(name.as_str()).ok_or_else(|| wrong(format!("there is no field {name}")))?;
                    let short = || wrong(format!("field {name} has {} bytes", value.len()));
                    out.extend_from_slice(value.get(*from..to.unwrap_or(value.len())).ok_or_else(short)?);
                }
            }
        }
        if out.len() > LONGEST {
            return Err(wrong(format!("more than {LONGEST} bytes")));
        }
        Ok(out)
    }

    /// The factor it makes of the fields: eight bytes.
    ///
    /// # Errors
    /// As [`Pattern::fill`]; another length.
    pub fn factor(&self, fields: &Fields) -> Result<[u8; 8], PatternError> {
        let bytes = self.fill(fields)?;
        bytes.as_slice().try_into().map_err(|_| wrong(format!("a factor has 8 bytes, not {}", bytes.len())))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read_field(text: &str) -> Result<Part, PatternError> {
    let (name, range) = text.split_once(':').map_or((text, None), |(name, range)| (name, Some(range)));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
        return Err(wrong("a field's name is of a-z and -"));
    }
    let name = name.to_owned();
    let Some(range) = range else { return Ok(Part::Field { name, from: 0, to: None }) };
    let ends = range.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    match ends {
        Some((from, to)) if from < to && to <= LONGEST => Ok(Part::Field { name, from, to: Some(to) }),
        _ => Err(wrong(format!("field {name}: a range such as 0..4"))),
    }
}

/// A run of bytes at the beginning of a text, and the rest of it.
fn read_bytes(text: &str) -> Result<(Part, &str), PatternError> {
    let byte = text.get(..2).filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()));
    let byte = byte.and_then(|t| u8::from_str_radix(t, 16).ok()).ok_or_else(|| wrong("bytes of two hex digits"))?;
    let rest = &text[2..];
    let Some(count) = rest.strip_prefix('*') else { return Ok((Part::Bytes(vec![byte]), rest)) };
    let digits = count.find(|c: char| !c.is_ascii_digit()).unwrap_or(count.len());
    // What follows the number without a space would be read into it.
    let many = count[..digits].parse().ok().filter(|n| (1..=LONGEST).contains(n));
    let many = many.ok_or_else(|| wrong("how many times, behind *"))?;
    let rest = &count[digits..];
    if rest.starts_with(|c: char| !c.is_whitespace() && c != '{') {
        return Err(wrong("a space behind a number of times"));
    }
    Ok((Part::Bytes(vec![byte; many]), rest))
}
