//! The lines of a source file as fields, and the conversion of a whole file.

use super::formats::decode;
use super::mapping::{Row, is_skipped, txu_line};
use super::profile::{Charset, HeaderLine, Input, LineEnding, Place, Profile, Shape};
use std::io::{self, BufRead, Write};
use tongka_wire::txu::LINE_LEN;

macro_rules! codes {
    ($($name:ident $code:literal $zh:literal $en:literal),* $(,)?) => {
        /// Why a line of a source file, or the whole file, is not converted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum LineCode {
            $(#[doc = concat!("`", $code, "` ", $zh, ", ", $en)] $name),*
        }

        impl LineCode {
            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// Text in both languages.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => concat!($zh, " ", $en)),* }
            }
        }
    };
}

codes! {
    Shape "U01" "行长或列数不符" "line length or number of columns differs",
    Charset "U02" "字符集不符" "not of the charset",
    Value "U03" "字段取值不合规" "a field does not fit",
    Missing "U04" "原格式无此字段，模板也未给出" "the layout lacks a field and the profile does not give it",
    Unlisted "U05" "代码不在对照表中" "a value is not in its table",
    Amount "U06" "金额不合规" "amount malformed",
    Time "U07" "日期或时间不合规" "date or time malformed",
    Ending "U08" "行结束符不符" "line ending differs",
    Name "U09" "源文件名不符" "name of the source file does not fit",
    Header "U10" "首行不符" "header line does not fit",
    Count "U11" "条数与首行不符" "number of records differs from the header line",
    TooMany "U12" "条数超限" "too many records",
}

/// What does not fit in a line, or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// Code.
    pub code: LineCode,
    /// Field and value.
    pub detail: String,
}

impl std::fmt::Display for LineFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.code.code(), self.code.text(), self.detail)
    }
}

/// A line that is not converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineReject {
    /// Number of the line in its file, from 1.
    pub line: u64,
    /// Why.
    pub fault: LineFault,
    /// Its bytes, as they were, with their end.
    pub raw: Vec<u8>,
}

/// How a conversion went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// Lines converted.
    pub records: u64,
    /// Lines passed over by a rule of the profile.
    pub skipped: u64,
    /// Lines rejected.
    pub rejected: u64,
}

/// Why a conversion stopped.
#[derive(Debug)]
pub enum Stop {
    /// The file as a whole does not fit; nothing of it is converted.
    File(LineFault),
    /// The disk.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Longest line that is read as one.
const LONGEST: u64 = 64 * 1024;

fn file_fault(code: LineCode, detail: impl Into<String>) -> Stop {
    Stop::File(LineFault { code, detail: detail.into() })
}

/// Whether a source file's name fits the profile.
///
/// # Errors
/// U09.
pub fn check_name(profile: &Profile, name: &str) -> Result<(), LineFault> {
    let Some(wanted) = &profile.input.name else { return Ok(()) };
    let fits = name.starts_with(&wanted.prefix)
        && name.ends_with(&wanted.suffix)
        && wanted.length.is_none_or(|length| name.chars().count() == length);
    if fits { Ok(()) } else { Err(LineFault { code: LineCode::Name, detail: name.to_owned() }) }
}

/// A line without its end.
fn without_end(ending: LineEnding, line: &[u8]) -> Result<&[u8], LineFault> {
    let wrong = || LineFault { code: LineCode::Ending, detail: "CR LF / LF".into() };
    let text = line.strip_suffix(b"\n").ok_or_else(wrong);
    match ending {
        LineEnding::Crlf => text?.strip_suffix(b"\r").ok_or_else(wrong),
        LineEnding::Lf => text.and_then(|t| if t.ends_with(b"\r") { Err(wrong()) } else { Ok(t) }),
        // The last line may go without.
        LineEnding::Any => {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            Ok(text.strip_suffix(b"\r").unwrap_or(text))
        }
    }
}

fn row_of(input: &Input, text: &[u8]) -> Result<Row, LineFault> {
    let charset = |bytes: &[u8]| {
        decode(input.charset, bytes)
            .ok_or_else(|| LineFault { code: LineCode::Charset, detail: bytes.escape_ascii().to_string() })
    };
    let trimmed =
        |text: &str| if input.trim { text.trim_matches([' ', '\u{3000}']).to_owned() } else { text.to_owned() };
    let mut row = Row::new();
    match input.kind {
        Shape::Fixed => {
            let ends = input.field.iter().map(|f| f.offset.unwrap_or(0) + f.length.unwrap_or(0));
            let wanted = ends.max().unwrap_or(0);
            if text.len() != wanted {
                let detail = format!("{} 字节，应为 bytes, not {wanted}", text.len());
                return Err(LineFault { code: LineCode::Shape, detail });
            }
            for field in &input.field {
                let (from, length) = (field.offset.unwrap_or(0), field.length.unwrap_or(0));
                row.insert(field.name.clone(), trimmed(&charset(&text[from..from + length])?));
            }
        }
        Shape::Delimited => {
            let text = charset(text)?;
            let delimiter = input.delimiter.chars().next().unwrap_or('\t');
            let columns: Vec<&str> = text.split(delimiter).collect();
            let wanted = input.field.iter().filter_map(|f| f.column).max().unwrap_or(0);
            if columns.len() != wanted {
                let detail = format!("{} 列，应为 columns, not {wanted}", columns.len());
                return Err(LineFault { code: LineCode::Shape, detail });
            }
            for field in &input.field {
                row.insert(field.name.clone(), trimmed(columns[field.column.unwrap_or(1) - 1]));
            }
        }
    }
    Ok(row)
}

/// Checks a header line; returns the number of records that it says.
fn check_header(input: &Input, header: &HeaderLine, text: &[u8]) -> Result<Option<u64>, LineFault> {
    let wrong = |detail: String| LineFault { code: LineCode::Header, detail };
    if header.length.is_some_and(|length| length != text.len()) {
        return Err(wrong(format!("{} 字节 bytes", text.len())));
    }
    let at = |place: &Place| {
        let bytes = text.get(place.offset..place.offset + place.length);
        let text = bytes.and_then(|b| std::str::from_utf8(b).ok()).map(str::to_owned);
        text.ok_or_else(|| wrong(format!("{}+{}", place.offset, place.length)))
    };
    let number = |place: &Place| {
        let text = at(place)?;
        text.trim().parse::<u64>().map_err(|_| wrong(format!("\"{text}\"")))
    };
    for place in &header.fixed {
        let found = at(place)?;
        if place.value.as_ref().is_some_and(|value| *value != found) {
            return Err(wrong(format!("\"{found}\" ≠ \"{}\"", place.value.as_deref().unwrap_or_default())));
        }
    }
    if let Some(place) = &header.record_length {
        let said = number(place)?;
        let ends = input.field.iter().map(|f| f.offset.unwrap_or(0) + f.length.unwrap_or(0));
        let end = if !header.counts_line_end {
            0
        } else if input.line_ending == LineEnding::Lf {
            1
        } else {
            2
        };
        let wanted = ends.max().unwrap_or(0) as u64 + end;
        if said != wanted {
            return Err(wrong(format!("行长 record length {said} ≠ {wanted}")));
        }
    }
    header.count.as_ref().map(number).transpose()
}

/// Converts a file: TXU lines, without header line, numbered from 1 in each of the parts that hold `part_records` of them,
/// go to `record`; what cannot be converted goes to `reject`.
///
/// # Errors
/// [`Stop::File`] when the file as a whole does not fit, which may show at its end only; what was handed out until then is
/// to be thrown away.
pub fn convert(
    profile: &Profile,
    source: &mut dyn BufRead,
    part_records: u64,
    record: &mut dyn FnMut(&[u8; LINE_LEN]) -> io::Result<()>,
    reject: &mut dyn FnMut(&LineReject) -> io::Result<()>,
) -> Result<Converted, Stop> {
    let input = &profile.input;
    let mut done = Converted::default();
    let (mut number, mut said) = (0_u64, None);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = io::Read::take(&mut *source, LONGEST).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        number += 1;
        if number == 1 && input.charset == Charset::Utf8 && line.starts_with(b"\xEF\xBB\xBF") {
            line.drain(..3);
        }
        if read as u64 == LONGEST && !line.ends_with(b"\n") {
            return Err(file_fault(LineCode::Shape, format!("第 {number} 行过长 line {number} is too long")));
        }
        let text = without_end(input.line_ending, &line);
        if number == 1
            && let Some(header) = &input.header
        {
            said = check_header(input, header, text.map_err(Stop::File)?).map_err(Stop::File)?;
            continue;
        }
        if done.records + done.skipped + done.rejected >= input.max_records {
            return Err(file_fault(LineCode::TooMany, format!("> {}", input.max_records)));
        }
        let made = text.and_then(|text| {
            let row = row_of(input, text)?;
            if is_skipped(&profile.skip, &row) {
                return Ok(None);
            }
            txu_line(profile, &row, done.records % part_records + 1).map(Some)
        });
        match made {
            Ok(Some(line)) => {
                record(&line)?;
                done.records += 1;
            }
            Ok(None) => done.skipped += 1,
            Err(fault) => {
                reject(&LineReject { line: number, fault, raw: line.clone() })?;
                done.rejected += 1;
            }
        }
    }
    if number == 0 && input.header.is_some() {
        return Err(file_fault(LineCode::Header, "空文件 empty file"));
    }
    let found = done.records + done.skipped + done.rejected;
    if said.is_some_and(|said| said != found) {
        let said = said.unwrap_or(0);
        return Err(file_fault(LineCode::Count, format!("首行 header {said}，实有 found {found}")));
    }
    Ok(done)
}

/// Writes a reject: `line number TAB code TAB why TAB the raw line`, the line as it was.
///
/// # Errors
/// What the writer says.
pub fn write_reject(reject: &LineReject, out: &mut dyn Write) -> io::Result<()> {
    let why = reject.fault.detail.replace(['\t', '\r', '\n'], " ");
    write!(out, "{}\t{}\t{} {why}\t", reject.line, reject.fault.code.code(), reject.fault.code.text())?;
    out.write_all(&reject.raw)?;
    if reject.raw.ends_with(b"\n") { Ok(()) } else { out.write_all(b"\n") }
}
