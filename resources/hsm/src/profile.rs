//! Profile files (设备协议文件): command codes and field layouts of a device on the network. The driver and the
//! simulator speak by the same file.

use crate::{HsmCode, HsmError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The profile that comes with the program.
pub const RACAL_LIKE: &str = include_str!("../profiles/racal-like.toml");
/// Longest message: its length has two bytes.
pub const LONGEST: usize = u16::MAX as usize;

/// A device's protocol.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name, for people.
    pub name: String,
    /// Characters of the header.
    pub header: usize,
    /// The device's result codes and what they mean (`H01` …).
    pub results: BTreeMap<String, String>,
    /// Commands by the business command they serve.
    pub commands: BTreeMap<String, Command>,
}

/// One command of a device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Two letters.
    pub code: String,
    /// Fields of the request.
    pub request: Vec<Field>,
    /// Fields of the answer.
    pub answer: Vec<Field>,
}

impl Command {
    /// The answer's code: the second letter plus one.
    pub fn answer_code(&self) -> String {
        let mut code = self.code.clone().into_bytes();
        code[1] += 1;
        code.into_iter().map(char::from).collect()
    }
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Field {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fixed(usize),
    Text,
    Hex(usize),
    LongHex,
    Number(usize),
    Raw,
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("field {text:?}: name:kind with kind cN, v, hN, x, dN or b");
        let (name, kind) = text.split_once(':').ok_or_else(wrong)?;
        let width = || kind.get(1..).and_then(|w| w.parse().ok()).filter(|w| (1..=255).contains(w)).ok_or_else(wrong);
        let kind = match kind.as_bytes() {
            b"v" => Kind::Text,
            b"x" => Kind::LongHex,
            b"b" => Kind::Raw,
            [b'c', ..] => Kind::Fixed(width()?),
            [b'h', ..] => Kind::Hex(width()?),
            [b'd', ..] => Kind::Number(width()?),
            _ => return Err(wrong()),
        };
        Ok(Self { name: name.to_owned(), kind })
    }
}

/// The values of a message, by field name. Wiped by nobody: only keys under a transport key travel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, Vec<u8>>);

impl Values {
    /// Sets a value; the same name again replaces it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.insert(name.to_owned(), value.as_ref().to_vec());
        self
    }

    /// A value that the layout must have.
    ///
    /// # Errors
    /// H14.
    pub fn bytes(&self, name: &str) -> Result<&[u8], HsmError> {
        let missing = || HsmError::new(HsmCode::Protocol, format!("the layout has no field {name}"));
        self.0.get(name).map(Vec::as_slice).ok_or_else(missing)
    }

    /// A value of a fixed number of bytes.
    ///
    /// # Errors
    /// H14.
    pub fn array<const N: usize>(&self, name: &str) -> Result<[u8; N], HsmError> {
        let bytes = self.bytes(name)?;
        bytes
            .try_into()
            .map_err(|_| HsmError::new(HsmCode::Protocol, format!("field {name} has {} bytes", bytes.len())))
    }

    /// A text.
    ///
    /// # Errors
    /// H14.
    pub fn text(&self, name: &str) -> Result<&str, HsmError> {
        std::str::from_utf8(self.bytes(name)?)
            .map_err(|_| HsmError::new(HsmCode::Protocol, format!("field {name} is no text")))
    }
}

fn unfit(field: &Field, what: &str) -> HsmError {
    HsmError::new(HsmCode::Protocol, format!("field {}: {what}", field.name))
}

/// Writes the fields of a layout.
///
/// # Errors
/// H14 where a value is missing; H13 where it is too long for its field.
pub fn encode(layout: &[Field], values: &Values, out: &mut Vec<u8>) -> Result<(), HsmError> {
    for field in layout {
        let value = values.bytes(&field.name)?;
        let long = || HsmError::new(HsmCode::Value, format!("{} is too long for one message", field.name));
        let counted = |digits: usize| -> Result<Vec<u8>, HsmError> {
            let count = format!("{:0digits$}", value.len());
            if count.len() == digits { Ok(count.into_bytes()) } else { Err(long()) }
        };
        match field.kind {
            Kind::Fixed(width) if value.len() <= width => {
                out.extend_from_slice(value);
                out.resize(out.len() + width - value.len(), b' ');
            }
            Kind::Hex(width) if value.len() == width => out.extend(hex::encode_upper(value).into_bytes()),
            Kind::Number(width) if value.len() <= width && value.iter().all(u8::is_ascii_digit) => {
                out.resize(out.len() + width - value.len(), b'0');
                out.extend_from_slice(value);
            }
            Kind::Text => {
                out.extend(counted(2)?);
                out.extend_from_slice(value);
            }
            Kind::LongHex => {
                out.extend(counted(4)?);
                out.extend(hex::encode_upper(value).into_bytes());
            }
            Kind::Raw => {
                out.extend(counted(6)?);
                out.extend_from_slice(value);
            }
            _ => return Err(unfit(field, "a value of another length")),
        }
        if out.len() > LONGEST {
            return Err(long());
        }
    }
    Ok(())
}

/// Reads the fields of a layout; all of `message` must be used.
///
/// # Errors
/// H14.
pub fn decode(layout: &[Field], message: &[u8]) -> Result<Values, HsmError> {
    let mut rest = message;
    let mut values = Values::default();
    for field in layout {
        let mut take = |count: usize| -> Result<&[u8], HsmError> {
            let (head, tail) =
                rest.split_at_checked(count).ok_or_else(|| unfit(field, "the message ends too early"))?;
            rest = tail;
            Ok(head)
        };
        let number = |digits: &[u8]| -> Result<usize, HsmError> {
            let text = std::str::from_utf8(digits).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
            text.and_then(|t| t.parse().ok()).ok_or_else(|| unfit(field, "not a count"))
        };
        let from_hex = |text: &[u8]| hex::decode(text).map_err(|_| unfit(field, "not hex"));
        let value = match field.kind {
            Kind::Fixed(width) => take(width)?.trim_ascii_end().to_vec(),
            Kind::Hex(width) => from_hex(take(2 * width)?)?,
            Kind::Number(width) => {
                let digits = take(width)?;
                number(digits)?;
                digits.to_vec()
            }
            Kind::Text => {
                let count = number(take(2)?)?;
                take(count)?.to_vec()
            }
            Kind::LongHex => {
                let count = number(take(4)?)?;
                from_hex(take(2 * count)?)?
            }
            Kind::Raw => {
                let count = number(take(6)?)?;
                take(count)?.to_vec()
            }
        };
        values.0.insert(field.name.clone(), value);
    }
    if rest.is_empty() {
        Ok(values)
    } else {
        Err(HsmError::new(HsmCode::Protocol, format!("{} bytes behind the last field", rest.len())))
    }
}

impl Profile {
    /// Reads a profile file.
    ///
    /// # Errors
    /// H13 with what is wrong.
    pub fn parse(text: &str) -> Result<Self, HsmError> {
        let wrong = |what: String| HsmError::new(HsmCode::Value, format!("profile: {what}"));
        let profile: Self = toml::from_str(text).map_err(|e| wrong(e.message().to_owned()))?;
        let mut codes = std::collections::BTreeSet::new();
        for (name, command) in &profile.commands {
            if command.code.len() != 2 || !command.code.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(wrong(format!("command {name}: a code of two letters or digits")));
            }
            if !codes.insert(&command.code) {
                return Err(wrong(format!("command {name}: code {} is used twice", command.code)));
            }
        }
        for (result, code) in &profile.results {
            if result.len() != 2 || HsmCode::parse(code).is_none() {
                return Err(wrong(format!("result {result} = {code}")));
            }
        }
        if profile.header > 64 {
            return Err(wrong("a header of at most 64 characters".to_owned()));
        }
        Ok(profile)
    }

    /// A command of the device.
    ///
    /// # Errors
    /// H08: the device does not have it.
    pub fn command(&self, name: &str) -> Result<&Command, HsmError> {
        let missing = || HsmError::new(HsmCode::Unsupported, format!("profile {} has no command {name}", self.name));
        self.commands.get(name).ok_or_else(missing)
    }
}
