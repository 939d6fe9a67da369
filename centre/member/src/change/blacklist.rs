//! Cards come on the blacklist and go: a few in the payload, or many in a file that was sent before.

use super::{Draft, Payload};
use crate::error::{BookCode, MemberError, RowFault, refuse};
use crate::files::{CARD_LIST, load_file};
use crate::form;
use crate::read::{Rows, listed};
use crate::rows::{CardKey, Entry};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashSet;
use tongka_base::{AppSerial, CardScheme, DateTime, IssuerId};
use tongka_scheme::BlacklistEntry;

/// Most cards in a payload; more come in a file.
const MOST_CARDS: usize = 1000;
/// Faults that are told; the rest is counted.
const MOST_FAULTS: usize = 1000;

/// A card of a change or of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Card scheme.
    #[serde(with = "form::scheme")]
    pub scheme: CardScheme,
    /// Issuer id.
    #[serde(with = "form::issuer_id")]
    pub issuer_id: IssuerId,
    /// Application serial.
    #[serde(with = "form::serial")]
    pub application_serial: AppSerial,
    /// Since when it is listed; from the moment of the approval when absent. Taking off does not ask for it.
    #[serde(default, with = "form::date_time::option", skip_serializing_if = "Option::is_none")]
    pub listed_at: Option<DateTime>,
}

impl Card {
    fn key(&self) -> CardKey {
        (self.scheme, self.issuer_id, self.application_serial)
    }
}

/// Cards are listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlacklistAdd {
    /// The cards, or
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// the digest of a file with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether rows that are wrong or say nothing new are left out; else they refuse the whole.
    #[serde(default)]
    pub skip: bool,
}

/// Cards are taken off the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlacklistRemove(pub BlacklistAdd);

/// Cards with the row in which each stands.
type NumberedCards = Vec<(usize, Card)>;

impl BlacklistAdd {
    fn what(&self) -> String {
        match (&self.file, self.cards.as_slice()) {
            (Some(digest), _) => format!("文件 {}", digest.get(..16).unwrap_or(digest)),
            (None, [card]) => format!("{} {} {}", card.scheme, card.issuer_id, card.application_serial.masked()),
            (None, cards) => format!("{} 张卡", cards.len()),
        }
    }

    /// The cards of the payload or of its file, and what is wrong with rows of the file.
    async fn cards<R: Rows>(&self, rows: &mut R) -> Result<(NumberedCards, Vec<RowFault>), MemberError> {
        match (&self.file, self.cards.len()) {
            (Some(digest), 0) => read_cards(&load_file(rows, CARD_LIST, digest).await?),
            (None, 1..=MOST_CARDS) => Ok(((1..).zip(self.cards.iter().cloned()).collect(), Vec::new())),
            _ => {
                let zh = format!("1 至 {MOST_CARDS} 张卡，或一个文件");
                refuse(BookCode::Value, "cards", zh, format!("1 to {MOST_CARDS} cards, or one file"))
            }
        }
    }
}

fn fault(row: usize, field: &str, code: BookCode, zh: impl Into<String>, en: impl Into<String>) -> RowFault {
    RowFault { row, field: field.into(), code: code.code(), zh: zh.into(), en: en.into() }
}

/// The cards of a file: CSV with a header line, or TOML with `[[blacklist]]`. Rows that cannot be read are told apart.
pub(crate) fn read_cards(bytes: &[u8]) -> Result<(NumberedCards, Vec<RowFault>), MemberError> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return refuse(BookCode::File, "file", "不是 UTF-8 文本", "not UTF-8 text");
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim_start().starts_with("[[blacklist]]") { read_toml(text) } else { read_csv(text) }
}

fn read_row(row: usize, value: Value, cards: &mut NumberedCards, faults: &mut Vec<RowFault>) {
    match serde_path_to_error::deserialize::<_, Card>(&value) {
        Ok(card) => cards.push((row, card)),
        Err(error) => {
            let path = error.path().to_string();
            let field = if path == "." { String::new() } else { path };
            // What serde quotes could be a card number in a wrong place.
            let (zh, en) = match error.inner().to_string().split_once("expected ") {
                Some((_, want)) => (format!("应为 {want}"), format!("expected {want}")),
                None => ("无法识别".to_owned(), "cannot be read".to_owned()),
            };
            faults.push(fault(row, &field, BookCode::Payload, zh, en));
        }
    }
}

fn read_toml(text: &str) -> Result<(NumberedCards, Vec<RowFault>), MemberError> {
    let bad = |what: &str| MemberError::refused(BookCode::File, "file", what, what);
    let table: toml::Table = text.parse().map_err(|_| bad("TOML"))?;
    let (mut cards, mut faults) = (Vec::new(), Vec::new());
    for (name, value) in table {
        let Some(items) = value.as_array().filter(|_| name == "blacklist") else { return Err(bad("[[blacklist]]")) };
        for (row, item) in (1..).zip(items) {
            let value = serde_json::to_value(item).unwrap_or(Value::Null);
            read_row(row, value, &mut cards, &mut faults);
        }
    }
    Ok((cards, faults))
}

fn read_csv(text: &str) -> Result<(NumberedCards, Vec<RowFault>), MemberError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let known = ["scheme", "issuer_id", "application_serial", "listed_at"];
    let mut names = HashSet::new();
    if !header.iter().all(|name| known.contains(&name) && names.insert(name.to_owned())) || names.len() < 3 {
        let zh = "首行应为 scheme,issuer_id,application_serial,listed_at";
        return refuse(
            BookCode::File,
            "file",
            zh,
            "the first line must be scheme,issuer_id,application_serial,listed_at",
        );
    }
    let (mut cards, mut faults) = (Vec::new(), Vec::new());
    // Row 1 is the header.
    for (row, record) in (2..).zip(reader.records()) {
        let record = match record {
            Ok(record) => record,
            Err(_) => {
                faults.push(fault(row, "", BookCode::File, "无法识别", "cannot be read"));
                continue;
            }
        };
        if record.len() != header.len() {
            let (zh, en) = (format!("应有 {} 列", header.len()), format!("{} columns are expected", header.len()));
            faults.push(fault(row, "", BookCode::File, zh, en));
            continue;
        }
        let fields = header.iter().zip(record.iter()).filter(|(name, value)| *name != "listed_at" || !value.is_empty());
        let value = fields.map(|(name, value)| (name.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>();
        read_row(row, Value::Object(value), &mut cards, &mut faults);
    }
    Ok((cards, faults))
}

impl<R: Rows> Draft<'_, R> {
    /// Keeps faults as rows left out, or refuses the whole.
    fn judge(&mut self, mut faults: Vec<RowFault>, skip: bool, left: usize) -> Result<(), MemberError> {
        faults.sort_by_key(|fault| fault.row);
        if !faults.is_empty() && (!skip || left == 0) {
            faults.truncate(MOST_FAULTS);
            return Err(MemberError::Rows(faults));
        }
        self.skipped = faults;
        Ok(())
    }
}

impl Payload for BlacklistAdd {
    fn object(&self) -> String {
        self.what()
    }

    fn summary(&self) -> String {
        format!("黑名单增加 {}", self.what())
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let (cards, mut faults) = self.cards(draft.rows).await?;
        let known = listed(draft.rows, cards.iter().map(|(_, card)| card.key())).await?;
        let mut seen = HashSet::new();
        for (row, card) in cards {
            let masked = card.application_serial.masked();
            if !draft.book.issuers.contains_key(&(card.scheme, card.issuer_id)) {
                let what = format!("{} {}", card.scheme, card.issuer_id);
                let (zh, en) = (format!("没有发卡机构 {what}"), format!("no issuer {what}"));
                faults.push(fault(row, "issuer_id", BookCode::NotFound, zh, en));
            } else if known.contains_key(&card.key()) {
                let (zh, en) = (format!("{masked} 已在黑名单"), format!("{masked} is listed already"));
                faults.push(fault(row, "application_serial", BookCode::Exists, zh, en));
            } else if !seen.insert(card.key()) {
                let (zh, en) = (format!("{masked} 重复"), format!("{masked} is there twice"));
                faults.push(fault(row, "application_serial", BookCode::Exists, zh, en));
            } else {
                draft.cards.added.push(BlacklistEntry {
                    scheme: card.scheme,
                    issuer_id: card.issuer_id,
                    application_serial: card.application_serial,
                    listed_at: card.listed_at.unwrap_or(draft.moment.now),
                });
            }
        }
        draft.cards.added.sort_unstable_by_key(Entry::key);
        let left = draft.cards.added.len();
        draft.judge(faults, self.skip, left)?;
        Ok(Value::Null)
    }
}

impl Payload for BlacklistRemove {
    fn object(&self) -> String {
        self.0.what()
    }

    fn summary(&self) -> String {
        format!("黑名单解除 {}", self.0.what())
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let (cards, mut faults) = self.0.cards(draft.rows).await?;
        let known = listed(draft.rows, cards.iter().map(|(_, card)| card.key())).await?;
        let mut seen = HashSet::new();
        for (row, card) in cards {
            let masked = card.application_serial.masked();
            match known.get(&card.key()) {
                None => {
                    let (zh, en) = (format!("{masked} 不在黑名单"), format!("{masked} is not listed"));
                    faults.push(fault(row, "application_serial", BookCode::NotFound, zh, en));
                }
                Some(_) if !seen.insert(card.key()) => {
                    let (zh, en) = (format!("{masked} 重复"), format!("{masked} is there twice"));
                    faults.push(fault(row, "application_serial", BookCode::Exists, zh, en));
                }
                Some((_, entry)) => draft.cards.removed.push(entry.clone()),
            }
        }
        draft.cards.removed.sort_unstable_by_key(Entry::key);
        let left = draft.cards.removed.len();
        draft.judge(faults, self.0.skip, left)?;
        Ok(Value::Null)
    }
}
