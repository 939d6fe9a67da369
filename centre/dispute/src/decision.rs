//! Decisions by two people: what a proposal of a kind of this crate must say, and what its approval does.

use crate::{DisputeError, manual, suspicious};
use serde_json::Value;
use tongka_base::Clock;
use tongka_storage::{Db, WriteTx};

/// The kinds of proposals that this crate carries out, with their names.
pub const KINDS: [(&str, &str, &str); 3] = [
    (suspicious::CLEAR, "可疑记录清算", "clear a suspicious record"),
    (suspicious::REJECT, "可疑记录退回", "reject a suspicious record"),
    (manual::ADJUST, "人工调账", "adjust by hand"),
];

/// An approved proposal (申请) on its way to be carried out.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Number of the approval.
    pub approval: i64,
    /// Kind, one of [`KINDS`].
    pub kind: &'a str,
    /// What was proposed.
    pub payload: &'a Value,
    /// Who proposed it.
    pub proposed_by: &'a str,
    /// Who approved it.
    pub approved_by: &'a str,
}

/// Checks a proposal before it is made: what it says, and that it could be carried out now.
///
/// # Errors
/// D01–D03; what the database says.
pub async fn validate(db: &Db, kind: &str, payload: &Value) -> Result<(), DisputeError> {
    match kind {
        suspicious::CLEAR | suspicious::REJECT => suspicious::validate(db, payload).await,
        manual::ADJUST => manual::read(payload).map(drop),
        _ => Err(unknown(kind)),
    }
}

/// Carries out an approved proposal in the transaction of its approval. Returns what came of it.
///
/// # Errors
/// D01–D03, E05–E07; what the database says.
pub async fn execute(tx: &mut WriteTx, decision: &Decision<'_>, clock: &dyn Clock) -> Result<Value, DisputeError> {
    match decision.kind {
        suspicious::CLEAR | suspicious::REJECT => suspicious::execute(tx, decision, clock).await,
        manual::ADJUST => manual::execute(tx, decision, clock).await,
        kind => Err(unknown(kind)),
    }
}

fn unknown(kind: &str) -> DisputeError {
    DisputeError::Invalid(format!("kind {kind}"))
}

/// A text of a payload: not empty, at most `most` characters, no control characters.
pub(crate) fn text<'a>(payload: &'a Value, field: &str, most: usize) -> Result<&'a str, DisputeError> {
    let text = payload[field].as_str().map(str::trim).unwrap_or_default();
    let fits = !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
    fits.then_some(text).ok_or_else(|| DisputeError::Invalid(format!("{field}: 1–{most} 个字符 characters")))
}
