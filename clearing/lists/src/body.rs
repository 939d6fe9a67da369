//! Contents of lists: the lines of a version, and what differs between two.

use crate::{ListError, ListName};
use std::cmp::Ordering;
use tongka_base::date::{format_date, format_date_time};
use tongka_base::{Date, MemberCode};
use tongka_crypto::sm3;
use tongka_scheme::{FeeRule, PsamState, Scheme, TacVerifier};
use tongka_wire::{LIST_VERSION, Value, write_record};

/// Bytes of a line with CR LF.
const LINE: usize = LIST_VERSION.line_len();

/// The lines of a version after its version record: in the order of their keys, each adding its entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    lines: Vec<u8>,
}

impl Body {
    /// Takes lines that were stored.
    ///
    /// # Errors
    /// O05 when they are no whole lines.
    pub fn of(lines: Vec<u8>, what: &str) -> Result<Self, ListError> {
        if !lines.len().is_multiple_of(LINE) || !lines.chunks_exact(LINE).all(|line| line.ends_with(b"\r\n")) {
            return Err(ListError::Damaged(what.to_owned()));
        }
        Ok(Self { lines })
    }

    /// Number of entries.
    pub fn entries(&self) -> u64 {
        (self.lines.len() / LINE) as u64
    }

    /// All lines with CR LF.
    pub fn bytes(&self) -> &[u8] {
        &self.lines
    }

    /// SM3 of the lines, upper-case hex.
    pub fn digest(&self) -> String {
        hex::encode_upper(sm3(&self.lines))
    }
}

fn text(text: impl ToString) -> Value {
    Value::Text(text.to_string())
}

fn date(date: Option<Date>) -> Value {
    let text = date.map_or("99991231".to_owned(), format_date);
    Value::Number(text.parse().expect("digits of a date"))
}

/// The content of a list by the scheme; of a list with a content for each member, for that one.
///
/// # Errors
/// A value that does not fit its field.
pub fn body(list: ListName, scheme: &Scheme, member: MemberCode) -> Result<Body, ListError> {
    let mut lines = match list {
        ListName::Blacklist => blacklist(scheme)?,
        ListName::Acceptance => acceptance(scheme)?,
        ListName::Issuers => issuers(scheme)?,
        ListName::Psams => psams(scheme)?,
        ListName::Parameters => parameters(scheme)?,
        ListName::Fees => fees(scheme, member)?,
    };
    lines.sort_unstable();
    let mut body = Vec::with_capacity(lines.len() * LINE);
    lines.iter().for_each(|line| body.extend_from_slice(line));
    Ok(Body { lines: body })
}

type Line = [u8; LINE];

fn line(list: ListName, values: &[Value]) -> Result<Line, ListError> {
    let mut line = Vec::with_capacity(LINE);
    let mark = char::from(list.kind(true).table().mark).to_string();
    let mut all = vec![Value::Text(mark), text("A")];
    all.extend_from_slice(values);
    all.push(Value::Number(0));
    write_record(list.kind(true).table(), &all, &mut line)?;
    Ok(line.try_into().expect("all lists have one length of lines"))
}

fn blacklist(scheme: &Scheme) -> Result<Vec<Line>, ListError> {
    // Written by hand, as there are millions of them; the unit test compares with the generic codec.
    let entry = |entry: &tongka_scheme::BlacklistEntry| {
        let mut line = [b'0'; LINE];
        line[..3].copy_from_slice(&[b'B', b'A', entry.scheme.letter()]);
        hex_into(&entry.issuer_id.0, &mut line[3..19]);
        hex_into(&entry.application_serial.0, &mut line[19..39]);
        line[39..53].copy_from_slice(format_date_time(entry.listed_at).as_bytes());
        line[LINE - 2..].copy_from_slice(b"\r\n");
        line
    };
    Ok(scheme.blacklist.iter().map(entry).collect())
}

fn hex_into(bytes: &[u8], out: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for (byte, pair) in bytes.iter().zip(out.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

fn acceptance(scheme: &Scheme) -> Result<Vec<Line>, ListError> {
    let entry = |member: &tongka_scheme::Member| {
        let city = member.city.parse().map_err(|_| ListError::Invalid(format!("city {}", member.city)))?;
        let code = Value::Number(member.code.0.into());
        let (from, to) = (date(Some(member.active_from)), date(member.active_to));
        line(ListName::Acceptance, &[code, Value::Number(city), from, to])
    };
    scheme.members.iter().map(entry).collect()
}

fn issuers(scheme: &Scheme) -> Result<Vec<Line>, ListError> {
    let of_key = |issuer: &tongka_scheme::Issuer, version: u8, algorithm: u8| {
        let key = [format!("{version:02X}"), format!("{algorithm:02X}")].map(Value::Text);
        let [version, algorithm] = key;
        let (member, overdraft) = (issuer.member.0.into(), issuer.overdraft_limit_fen.0);
        let numbers = [Value::Number(member), Value::Number(overdraft)];
        let [member, overdraft] = numbers;
        line(ListName::Issuers, &[text(issuer.scheme), text(issuer.issuer_id), version, algorithm, member, overdraft])
    };
    let keys = |issuer: &tongka_scheme::Issuer| {
        issuer.keys.iter().map(|(version, algorithm)| of_key(issuer, version.0, algorithm.code())).collect::<Vec<_>>()
    };
    scheme.issuers.iter().flat_map(keys).collect()
}

fn psams(scheme: &Scheme) -> Result<Vec<Line>, ListError> {
    let entry = |range: &tongka_scheme::PsamRange| {
        let state = match range.state {
            PsamState::Active => "A",
            PsamState::Stopped => "S",
            PsamState::Test => "T",
        };
        let member = Value::Number(range.member.0.into());
        line(ListName::Psams, &[text(range.from), text(range.to), member, text(state)])
    };
    scheme.psam_ranges.iter().map(entry).collect()
}

fn parameters(scheme: &Scheme) -> Result<Vec<Line>, ListError> {
    let rules = &scheme.rules;
    let all = [
        ("late_window_days", i64::from(rules.late_window_days)),
        ("single_limit_fen", rules.single_limit_fen.0),
        ("blacklist_grace_hours", i64::from(rules.blacklist_grace_hours)),
        ("history_days", i64::from(rules.history_days)),
        ("tac_verifier_issuer", i64::from(rules.tac_verifier == TacVerifier::Issuer)),
    ];
    all.iter().map(|(name, value)| line(ListName::Parameters, &[text(name), Value::Number(*value)])).collect()
}

fn fees(scheme: &Scheme, member: MemberCode) -> Result<Vec<Line>, ListError> {
    let concerns = |rule: &&FeeRule| {
        let is = |party: Option<MemberCode>| party.is_none_or(|party| party == member);
        is(rule.acquirer) || is(rule.issuer)
    };
    let any = |code: Option<String>| text(code.unwrap_or("*".into()));
    let entry = |rule: &FeeRule| {
        let (acquirer, issuer) = (rule.acquirer.map(|m| m.to_string()), rule.issuer.map(|m| m.to_string()));
        let industry = rule.industry.map(|industry| industry.to_string());
        let rates = [rule.issuer_rate, rule.centre_rate].map(|rate| Value::Number(i64::from(rate.0)));
        let [issuer_rate, centre_rate] = rates;
        let (from, to) = (date(Some(rule.from)), date(rule.to));
        line(ListName::Fees, &[any(acquirer), any(issuer), any(industry), from, to, issuer_rate, centre_rate])
    };
    scheme.fees.iter().filter(concerns).map(entry).collect()
}

/// What leads from one content to another: entries that went (`D`, as they were), and that came or changed (`A`), in the
/// order of their keys.
pub fn difference(list: ListName, from: &Body, to: &Body) -> Body {
    let key = list.key();
    let mut lines = Vec::new();
    let (mut old, mut new) = (from.lines.chunks_exact(LINE).peekable(), to.lines.chunks_exact(LINE).peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a[key.clone()].cmp(&b[key.clone()]),
        };
        match order {
            Ordering::Less => {
                let gone = old.next().expect("peeked");
                lines.extend_from_slice(&[gone[0], b'D']);
                lines.extend_from_slice(&gone[2..]);
            }
            Ordering::Greater => lines.extend_from_slice(new.next().expect("peeked")),
            Ordering::Equal => {
                let (was, is) = (old.next().expect("peeked"), new.next().expect("peeked"));
                if was != is {
                    lines.extend_from_slice(is);
                }
            }
        }
    }
    Body { lines }
}

/// The version record that opens a file.
pub(crate) fn version_record(version: i64, base: i64, effective_at: &str, entries: u64) -> Result<Vec<u8>, ListError> {
    let number = |text: &str| text.parse().map_err(|_| ListError::Damaged(format!("effective_at {text}")));
    let values = [
        text("V"),
        Value::Number(version),
        Value::Number(base),
        Value::Number(number(effective_at)?),
        Value::Number(entries as i64),
        Value::Number(0),
    ];
    let mut line = Vec::with_capacity(LINE);
    write_record(&LIST_VERSION, &values, &mut line)?;
    Ok(line)
}
