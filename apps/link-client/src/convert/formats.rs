//! Amounts, dates and times as cities write them. Nothing here goes through floating point.

use super::profile::{Charset, Unit};
use encoding_rs::{GB18030, UTF_8};

/// Text of bytes; `None` when they are not of the charset.
pub fn decode(charset: Charset, bytes: &[u8]) -> Option<String> {
    let encoding = match charset {
        Charset::Gbk => GB18030,
        Charset::Utf8 => UTF_8,
    };
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
}

/// Bytes of text; `None` when the charset cannot say it.
pub fn encode(charset: Charset, text: &str) -> Option<Vec<u8>> {
    match charset {
        Charset::Utf8 => Some(text.as_bytes().to_vec()),
        Charset::Gbk => {
            let (bytes, _, bad) = encoding_rs::GBK.encode(text);
            (!bad).then(|| bytes.into_owned())
        }
    }
}

/// An amount in fen: `150` (fen), `1.5`, `1.50`, `-0.05` (yuan). No blanks, no plus, no thousands.
pub fn parse_amount(text: &str, unit: Unit) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = match unit {
        Unit::Fen => (digits, ""),
        Unit::Yuan => {
            digits.split_once('.').map_or((digits, ""), |(w, p)| if p.is_empty() { ("", "") } else { (w, p) })
        }
    };
    let plain = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty() || whole.len() > 13 || part.len() > 2 || !plain(whole) || !plain(part) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fen = match unit {
        Unit::Fen => whole,
        Unit::Yuan => whole * 100 + format!("{part:0<2}").parse::<i64>().ok()?,
    };
    Some(if negative { -fen } else { fen })
}

/// An amount as text.
pub fn format_amount(fen: i64, unit: Unit) -> String {
    match unit {
        Unit::Fen => fen.to_string(),
        Unit::Yuan => {
            let (sign, fen) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
            format!("{sign}{}.{:02}", fen / 100, fen % 100)
        }
    }
}

/// Reads a time by its form, in which the letters `Y` `M` `D` `h` `m` `s` stand for a digit each and all else for itself.
/// Returns `YYYYMMDD` and `HHMMSS` as far as the form has them.
pub fn parse_time_form(text: &str, form: &str) -> Option<(Option<String>, Option<String>)> {
    if text.chars().count() != form.chars().count() {
        return None;
    }
    let mut parts: [String; 6] = Default::default();
    for (letter, c) in form.chars().zip(text.chars()) {
        match LETTERS.find(letter) {
            Some(at) if c.is_ascii_digit() => parts[at].push(c),
            Some(_) => return None,
            None if letter == c => {}
            None => return None,
        }
    }
    let [year, month, day, hour, minute, second] = parts;
    // A year of two digits is of this century.
    let year = if year.len() == 2 { format!("20{year}") } else { year };
    let date = format!("{year}{month}{day}");
    let time = format!("{hour}{minute}{second}");
    Some(((date.len() == 8).then_some(date), (time.len() == 6).then_some(time)))
}

/// Writes `YYYYMMDD` and `HHMMSS` in a form.
pub fn format_time_form(date: &str, time: &str, form: &str) -> String {
    let sources: [&str; 6] = [
        date.get(..4).unwrap_or_default(),
        date.get(4..6).unwrap_or_default(),
        date.get(6..8).unwrap_or_default(),
        time.get(..2).unwrap_or_default(),
        time.get(2..4).unwrap_or_default(),
        time.get(4..6).unwrap_or_default(),
    ];
    let count = |letter: char| form.chars().filter(|c| *c == letter).count();
    let mut used = [0; 6];
    // A year of two letters is written by its last two digits.
    used[0] = 4_usize.saturating_sub(count('Y'));
    let letter = |c: char| match LETTERS.find(c) {
        Some(at) => {
            used[at] += 1;
            sources[at].chars().nth(used[at] - 1).unwrap_or('0')
        }
        None => c,
    };
    form.chars().map(letter).collect()
}

const LETTERS: &str = "YMDhms";

/// Part of a text by characters; `None` when it is shorter.
pub fn slice(text: &str, slice: Option<(usize, usize)>) -> Option<String> {
    let Some((from, length)) = slice else { return Some(text.to_owned()) };
    let part: String = text.chars().skip(from).take(length).collect();
    (part.chars().count() == length).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, unit, fen) in [
            ("50.00", Unit::Yuan, Some(5000)),
            ("0.05", Unit::Yuan, Some(5)),
            ("-1.5", Unit::Yuan, Some(-150)),
            ("7", Unit::Yuan, Some(700)),
            ("00000150", Unit::Fen, Some(150)),
            ("1.005", Unit::Yuan, None),
            ("1.", Unit::Yuan, None),
            (".5", Unit::Yuan, None),
            ("1,000.00", Unit::Yuan, None),
            ("+1", Unit::Yuan, None),
            ("１", Unit::Yuan, None),
            ("1.5", Unit::Fen, None),
            ("", Unit::Fen, None),
            ("99999999999999", Unit::Yuan, None),
        ] {
            assert_eq!(parse_amount(text, unit), fen, "{text}");
        }
        assert_eq!(format_amount(-105, Unit::Yuan), "-1.05");
    }

    #[test]
    fn times_read_and_write_in_their_form() {
        let both = parse_time_form("2026-09-01 08:05:59", "YYYY-MM-DD hh:mm:ss").unwrap();
        assert_eq!(both, (Some("20260901".into()), Some("080559".into())));
        assert_eq!(parse_time_form("260901", "YYMMDD").unwrap(), (Some("20260901".into()), None));
        assert_eq!(parse_time_form("2026-09-0x", "YYYY-MM-DD"), None);
        assert_eq!(format_time_form("20260901", "080559", "YYMMDD hh:mm"), "260901 08:05");
        assert_eq!(format_time_form("20260901", "080559", "YYYYMMDDhhmmss"), "20260901080559");
    }
}
