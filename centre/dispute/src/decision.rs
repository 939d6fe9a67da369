//! Deeds by two people (经办、复核): what a proposal of a kind of this crate must say, and what its approval does.
//!
//! Both people are the centre's, except for the stages of a case ([`case::raise`], [`case::respond`]), which are of two
//! people of the party that acts.

use crate::{DisputeError, case, manual, suspicious};
use serde_json::Value;
use tongka_access::{Actor, Approval, Owner, Proposal};
use tongka_base::Clock;
use tongka_storage::{Db, WriteTx};

/// The kinds of proposals that this crate carries out, with their names.
pub const KINDS: &[(&str, &str, &str)] = &[
    (suspicious::CLEAR, "清算可疑记录", "clear a suspicious record"),
    (suspicious::REJECT, "退回可疑记录", "reject a suspicious record"),
    (manual::ADJUST, "人工调账", "adjust by hand"),
    (case::RAISE, "发起差错", "open a dispute"),
    (case::RESPOND, "差错处理", "go on with a dispute"),
    (case::SET_RULES, "设置差错参数", "set parameters of disputes"),
];

/// What people see of a proposal.
pub(crate) struct Draft {
    pub(crate) object: String,
    /// One line in Chinese, behind the kind's name.
    pub(crate) summary: String,
    pub(crate) before: Value,
}

/// Proposes a deed; returns the number of the approval.
///
/// # Errors
/// D01–D04 for what could not be carried out now; P05 and others of the approvals; what the database says.
pub async fn propose(
    db: &Db,
    actor: &Actor,
    kind: &str,
    payload: &Value,
    request_key: Option<String>,
    clock: &dyn Clock,
) -> Result<i64, DisputeError> {
    if actor.owner != Owner::Centre {
        return Err(DisputeError::CentreOnly);
    }
    let (kind, zh, _) = KINDS.iter().find(|(name, ..)| *name == kind).ok_or_else(|| unknown(kind))?;
    let draft = draft(db, kind, payload).await?;
    let proposal = Proposal {
        kind,
        owner: Owner::Centre,
        object: draft.object,
        summary: format!("{zh}：{}", draft.summary),
        before: draft.before,
        after: payload.clone(),
        effective_on: None,
        request_key,
    };
    Ok(tongka_access::propose(db, actor, &proposal, clock).await?)
}

/// Checks a proposal before it is made: what it says, and that it could be carried out now.
///
/// # Errors
/// D01–D03; what the database says.
pub async fn validate(db: &Db, kind: &str, payload: &Value) -> Result<(), DisputeError> {
    draft(db, kind, payload).await.map(drop)
}

async fn draft(db: &Db, kind: &str, payload: &Value) -> Result<Draft, DisputeError> {
    match kind {
        suspicious::CLEAR | suspicious::REJECT => suspicious::draft(db, payload).await,
        manual::ADJUST => manual::draft(payload),
        case::SET_RULES => case::draft_rules(db, payload).await,
        _ => Err(unknown(kind)),
    }
}

/// Carries out an approved proposal in the transaction of its approval. Returns what came of it.
///
/// # Errors
/// D01–D16, E05–E07; what the database says.
pub async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, DisputeError> {
    if matches!(approval.kind.as_str(), case::RAISE | case::RESPOND) {
        return case::execute(tx, approval, clock).await;
    }
    if approval.institution != Owner::Centre {
        return Err(DisputeError::CentreOnly);
    }
    match approval.kind.as_str() {
        suspicious::CLEAR | suspicious::REJECT => suspicious::execute(tx, approval, clock).await,
        manual::ADJUST => manual::execute(tx, approval, clock).await,
        case::SET_RULES => case::set_rules(tx, approval, clock).await,
        kind => Err(unknown(kind)),
    }
}

fn unknown(kind: &str) -> DisputeError {
    DisputeError::Invalid(format!("kind {kind}"))
}

/// Who decided, as the work lists name them.
pub(crate) fn decider(approval: &Approval) -> &str {
    approval.decider.as_ref().map_or("", |person| person.login.as_str())
}

/// A text of a payload: not empty, at most `most` characters, no control characters.
pub(crate) fn text<'a>(payload: &'a Value, field: &str, most: usize) -> Result<&'a str, DisputeError> {
    let text = payload[field].as_str().map(str::trim).unwrap_or_default();
    let fits = !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
    fits.then_some(text).ok_or_else(|| DisputeError::Invalid(format!("{field}: 1–{most} 个字符 characters")))
}
