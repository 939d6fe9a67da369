//! The partner profile (转换模板): how a city's files are laid out, and how their fields become those of TXU.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use tongka_wire::Kind;

/// A profile that does not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("转换模板不合规 profile does not fit: {0}")]
pub struct ConvertError(pub String);

/// Fields of TXU that the converter makes itself.
const OWN_FIELDS: [&str; 3] = ["mark", "record_no", "reserved"];

/// A profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub title: String,
    /// The city's layout.
    pub input: Input,
    /// Rows that are passed over.
    #[serde(default)]
    pub skip: Vec<Test>,
    /// A rule for each field of TXU.
    pub txu: BTreeMap<String, Rule>,
    /// Results in the city's layout.
    #[serde(default)]
    pub result: Vec<ResultLayout>,
}

/// How lines are cut into fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// By offset and length, in bytes.
    Fixed,
    /// By a delimiter.
    Delimited,
}

/// Charset of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Charset {
    /// GBK, as GB 18030.
    Gbk,
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineEnding {
    /// CR LF, every line.
    Crlf,
    /// LF, every line.
    Lf,
    /// Either.
    Any,
}

/// Unit of amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Integer fen.
    Fen,
    /// Yuan, with at most two decimals.
    Yuan,
}

/// The city's layout.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Shape.
    pub kind: Shape,
    /// Charset.
    pub charset: Charset,
    /// Of a delimited file: one character.
    #[serde(default)]
    pub delimiter: String,
    /// What ends a line.
    pub line_ending: LineEnding,
    /// Whether blanks around a field do not belong to it.
    #[serde(default)]
    pub trim: bool,
    /// Unit of amounts.
    pub amount_unit: Unit,
    /// Most records of a source file.
    #[serde(default = "most_records")]
    pub max_records: u64,
    /// How files are named.
    pub name: Option<SourceName>,
    /// The header line, where there is one.
    pub header: Option<HeaderLine>,
    /// Fields of a line. A fixed line is as long as its fields reach.
    pub field: Vec<SourceField>,
}

fn most_records() -> u64 {
    1_000_000
}

/// How source files are named; what does not fit is not converted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceName {
    /// Beginning.
    #[serde(default)]
    pub prefix: String,
    /// End.
    #[serde(default)]
    pub suffix: String,
    /// Characters in all.
    pub length: Option<usize>,
}

/// A place in a header line, in bytes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// From.
    pub offset: usize,
    /// How many.
    pub length: usize,
    /// What must stand there.
    pub value: Option<String>,
}

/// A header line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderLine {
    /// Bytes without the line's end; any when absent.
    pub length: Option<usize>,
    /// Number of records.
    pub count: Option<Place>,
    /// Bytes of a record line.
    pub record_length: Option<Place>,
    /// Whether that length counts the line's end.
    #[serde(default)]
    pub counts_line_end: bool,
    /// What else must stand where.
    #[serde(default)]
    pub fixed: Vec<Place>,
}

/// A field of a line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceField {
    /// Name, used by the rules.
    pub name: String,
    /// Of a fixed line.
    pub offset: Option<usize>,
    /// Of a fixed line.
    pub length: Option<usize>,
    /// Of a delimited line, from 1.
    pub column: Option<usize>,
}

/// A test of a row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Field.
    pub field: String,
    /// Part of it: from, how many characters.
    pub slice: Option<(usize, usize)>,
    /// Passed over when it is one of these,
    #[serde(default, rename = "in")]
    pub one_of: Vec<String>,
    /// or when it is none of these.
    #[serde(default)]
    pub not_in: Vec<String>,
}

/// How a field of TXU comes to be: from a constant or a field; then cut, looked up, and put together, in this order.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// The same for every row.
    #[serde(rename = "const")]
    pub constant: Option<String>,
    /// Field of the row.
    pub field: Option<String>,
    /// Part of it: from, how many characters.
    pub slice: Option<(usize, usize)>,
    /// What each value becomes; others are rejected.
    pub map: Option<BTreeMap<String, String>>,
    /// What each beginning of a value becomes, the longest that fits; others are rejected.
    pub starts: Option<BTreeMap<String, String>>,
    /// Instead of rejecting what `map` or `starts` do not have.
    pub otherwise: Option<String>,
    /// Put before.
    #[serde(default)]
    pub before: String,
    /// Put behind.
    #[serde(default)]
    pub behind: String,
    /// Zeros on the left up to so many characters.
    pub pad: Option<usize>,
    /// Letters become upper case.
    pub upper: bool,
    /// Amount field that is added to it.
    pub plus: Option<String>,
    /// Amount field that is taken from it.
    pub minus: Option<String>,
    /// Of dates and times: `YYYYMMDD`, `hhmmss`, `YYYYMMDDhhmmss`, `YYYY-MM-DD hh:mm:ss` and the like.
    pub format: Option<String>,
}

/// A result in the city's layout.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultLayout {
    /// Kind of the result.
    pub kind: String,
    /// Name of the file, with `{date}`, `{member}`, `{sequence}`.
    pub name: String,
    /// Shape.
    pub shape: Shape,
    /// Charset.
    pub charset: Charset,
    /// Of a delimited file.
    #[serde(default)]
    pub delimiter: String,
    /// What ends a line; CR LF or LF.
    pub line_ending: LineEnding,
    /// Unit of amounts.
    pub amount_unit: Unit,
    /// First line, with `{date}`, `{member}`, `{sequence}`, `{count}`, `{count:8}` (zeros on the left), `{length:8}` (bytes of a
    /// record without its end).
    pub header: Option<String>,
    /// Columns in order.
    pub column: Vec<ResultColumn>,
}

/// A column of a result.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResultColumn {
    /// The same for every record.
    #[serde(rename = "const")]
    pub constant: Option<String>,
    /// Field of the record; `original.` before a field of the TXU record in it, of which `original.datetime` is date and time.
    pub from: Option<String>,
    /// Part of it: from, how many characters.
    pub slice: Option<(usize, usize)>,
    /// What each value becomes; others stay.
    pub map: Option<BTreeMap<String, String>>,
    /// Taken from an amount before it is written: another amount field.
    pub minus: Option<String>,
    /// Form of a date or time.
    pub format: Option<String>,
    /// Characters; needed in fixed files.
    pub width: Option<usize>,
    /// Whether it stands at the right of its width.
    pub right: bool,
    /// Filled up with; a blank when absent.
    pub fill: Option<char>,
}

fn wrong(what: impl Into<String>) -> ConvertError {
    ConvertError(what.into())
}

impl Profile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// What does not fit.
    pub fn parse(text: &str) -> Result<Self, ConvertError> {
        let profile: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        profile.check_input()?;
        profile.check_rules()?;
        for result in &profile.result {
            result.check()?;
        }
        Ok(profile)
    }

    /// Fields of TXU for which there is no rule: every line is rejected for them, by name.
    pub fn missing(&self) -> Vec<&'static str> {
        let fields = Kind::Txu.table().fields.iter().map(|f| f.name);
        fields.filter(|name| !OWN_FIELDS.contains(name) && !self.txu.contains_key(*name)).collect()
    }

    fn check_input(&self) -> Result<(), ConvertError> {
        let input = &self.input;
        let mut names = BTreeSet::new();
        for field in &input.field {
            let placed = match input.kind {
                Shape::Fixed => field.offset.is_some() && field.length.is_some_and(|l| l > 0) && field.column.is_none(),
                Shape::Delimited => {
                    field.column.is_some_and(|c| c > 0) && field.offset.is_none() && field.length.is_none()
                }
            };
            if !placed {
                return Err(wrong(format!("field {}: offset, length | column", field.name)));
            }
            if !names.insert(field.name.as_str()) {
                return Err(wrong(format!("field {} twice", field.name)));
            }
        }
        if input.kind == Shape::Delimited && input.delimiter.chars().count() != 1 {
            return Err(wrong("delimiter: one character"));
        }
        Ok(())
    }

    fn check_rules(&self) -> Result<(), ConvertError> {
        let known = |name: &str| self.input.field.iter().any(|f| f.name == name);
        for test in &self.skip {
            if !known(&test.field) || test.one_of.is_empty() == test.not_in.is_empty() {
                return Err(wrong(format!("skip {}: a field, and one of in, not_in", test.field)));
            }
        }
        for (name, rule) in &self.txu {
            if OWN_FIELDS.contains(&name.as_str()) || Kind::Txu.table().field(name).is_none() {
                return Err(wrong(format!("txu.{name}")));
            }
            if rule.constant.is_some() == rule.field.is_some() {
                return Err(wrong(format!("txu.{name}: exactly one of const, field")));
            }
            let named = [&rule.field, &rule.plus, &rule.minus];
            if let Some(unknown) = named.into_iter().flatten().find(|f| !known(f)) {
                return Err(wrong(format!("txu.{name}: no field {unknown}")));
            }
            let is_amount = matches!(name.as_str(), "amount" | "balance_before" | "list_price");
            if !is_amount && (rule.plus.is_some() || rule.minus.is_some()) {
                return Err(wrong(format!("txu.{name}: plus, minus are for amounts")));
            }
        }
        Ok(())
    }
}

impl ResultLayout {
    /// The kind.
    ///
    /// # Errors
    /// No kind of results.
    pub fn kind(&self) -> Result<Kind, ConvertError> {
        let kind = Kind::parse(&self.kind).filter(|k| !k.is_from_member());
        kind.ok_or_else(|| wrong(format!("result kind {}", self.kind)))
    }

    fn check(&self) -> Result<(), ConvertError> {
        let kind = self.kind()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-{}".contains(c);
        if self.name.starts_with('.') || !self.name.chars().all(plain) {
            return Err(wrong(format!("result name {}", self.name)));
        }
        if self.line_ending == LineEnding::Any {
            return Err(wrong("result line_ending: crlf, lf"));
        }
        if self.shape == Shape::Delimited && self.delimiter.chars().count() != 1 {
            return Err(wrong("result delimiter: one character"));
        }
        for column in &self.column {
            if column.constant.is_some() == column.from.is_some() {
                return Err(wrong("result column: exactly one of const, from"));
            }
            if self.shape == Shape::Fixed && column.width.is_none() {
                return Err(wrong("result column: width"));
            }
            for from in [&column.from, &column.minus].into_iter().flatten() {
                let known = match from.strip_prefix("original.") {
                    Some("datetime") => kind.table().field("original").is_some(),
                    Some(inner) => kind.table().field("original").is_some() && Kind::Txu.table().field(inner).is_some(),
                    None => kind.table().field(from).is_some(),
                };
                if !known {
                    return Err(wrong(format!("result {}: no field {from}", self.kind)));
                }
            }
        }
        Ok(())
    }
}
