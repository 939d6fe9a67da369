//! Cursors (翻页标记): where a page ended, in a form that callers hand back and do not look into.
//!
//! A cursor is not secret and not signed: whoever forges one chooses where to go on, within a query that is checked and
//! scoped as ever.

use crate::query::Filter;
use crate::spec::{Column, Direction, ListSpec};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tongka_crypto::sm3;
use tongka_storage::Value;

/// Longest text that may be one.
const LONGEST: usize = 32_000;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Values of the order's columns in the last row.
    pub(crate) after: Vec<Value>,
    /// What the first page counted.
    pub(crate) total: u64,
    pub(crate) total_is_exact: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Int(i64),
    Text(String),
    Null,
}

/// Tells queries apart: list, conditions, order.
pub(crate) fn fingerprint(spec: &ListSpec, filters: &[Filter], sort: &[(&'static Column, Direction)]) -> String {
    let filters: Vec<_> = filters.iter().map(|f| (f.column.name, f.op, &f.values)).collect();
    let sort: Vec<_> = sort.iter().map(|(c, d)| (c.name, *d)).collect();
    // Debug forms quote texts, so that no two queries have one.
    let text = format!("{:?} {filters:?} {sort:?}", spec.name);
    BASE64_URL_SAFE_NO_PAD.encode(&sm3(text.as_bytes())[..9])
}

impl Cursor {
    pub(crate) fn write(&self, fingerprint: &str) -> String {
        let after: Vec<Wire> = self
            .after
            .iter()
            .map(|value| match value {
                Value::Int(number) => Wire::Int(*number),
                Value::Text(text) => Wire::Text(text.clone()),
                Value::Null | Value::Blob(_) => Wire::Null,
            })
            .collect();
        let text = serde_json::to_string(&(fingerprint, self.total, self.total_is_exact, after));
        BASE64_URL_SAFE_NO_PAD.encode(text.expect("integers and texts have a JSON form"))
    }

    /// `None` for what is no cursor of this query.
    pub(crate) fn read(text: &str, fingerprint: &str, sort: &[(&'static Column, Direction)]) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let json = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (of, total, total_is_exact, wire): (String, u64, bool, Vec<Wire>) = serde_json::from_slice(&json).ok()?;
        if of != fingerprint || wire.len() != sort.len() {
            return None;
        }
        let value = |(wire, (column, _)): (Wire, &(&'static Column, Direction))| match wire {
            Wire::Int(number) if column.kind.is_integer() => Some(Value::Int(number)),
            Wire::Text(text) if !column.kind.is_integer() && !text.contains('\0') => Some(Value::Text(text)),
            Wire::Null if column.nullable => Some(Value::Null),
            _ => None,
        };
        let after = wire.into_iter().zip(sort).map(value).collect::<Option<Vec<_>>>()?;
        Some(Self { after, total, total_is_exact })
    }
}
