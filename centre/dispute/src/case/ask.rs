//! Asking: what a party says becomes a stage at once, or a proposal that a second person of the same member approves.

use super::apply::{By, Facts, Say, open, step};
use super::{Case, RAISE, RESPOND, find};
use crate::decision::text;
use crate::rules::{Act, Edge, REASONS, edge};
use crate::{DisputeError, suspicious};
use serde_json::{Value, json};
use tongka_access::{Actor, Approval, Owner, Proposal};
use tongka_audit::Deed;
use tongka_base::date::days_since_epoch;
use tongka_base::{Clock, Fen, MemberCode, Verdict};
use tongka_exchange::intake::Folders;
use tongka_storage::{Db, Scope, WriteTx, params};
use tongka_wire::FileName;

/// Opens a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raise {
    /// As what.
    pub act: Act,
    /// The record's upload; empty with a gap.
    pub upload: String,
    /// The record's number; 0 with a gap.
    pub record_no: u32,
    /// The gap of a lost record that is claimed.
    pub gap: Option<i64>,
    /// How much; all that is left of the record unless said.
    pub amount: Option<Fen>,
    /// Which of the reasons.
    pub reason: Option<u8>,
    /// Why, in words.
    pub note: String,
}

/// Goes on with a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Respond {
    /// The case.
    pub number: String,
    /// What is done.
    pub act: Act,
    /// How much to charge back or to credit; of a ruling, what whom the case is for shall have.
    pub amount: Option<Fen>,
    /// Which of the reasons.
    pub reason: Option<u8>,
    /// Why, in words.
    pub note: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is done, in this case.
    Done(String),
    /// It waits for a second person, under this number of an approval.
    Proposed(i64),
}

/// Most characters of a note.
const LONGEST_NOTE: usize = 200;

fn say(act: Act, amount: Option<Fen>, reason: Option<u8>, note: &str) -> Result<Say<'_>, DisputeError> {
    let refuse = |what: &str| Err(DisputeError::Invalid(what.to_owned()));
    let note = note.trim();
    if note.is_empty() || note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control) {
        return refuse("note: 1–200 个字符 characters");
    }
    if act.needs_reason() && reason.is_none() {
        return refuse("reason: 须注明原因代码 a reason code is needed");
    }
    if reason.is_some_and(|code| !REASONS.iter().any(|(known, ..)| *known == code)) {
        return refuse("reason: 01–11");
    }
    Ok(Say { reason, note, amount })
}

fn payload(act: Act, say: Say<'_>) -> Value {
    json!({ "act": act.word(), "amount_fen": say.amount.map(|fen| fen.0), "reason": say.reason, "note": say.note })
}

fn read(payload: &Value) -> Result<(Act, Say<'_>), DisputeError> {
    let act = payload["act"].as_str().and_then(Act::of);
    let act = act.ok_or_else(|| DisputeError::Invalid("act".into()))?;
    let reason = payload["reason"].as_u64().and_then(|code| u8::try_from(code).ok());
    Ok((act, say(act, payload["amount_fen"].as_i64().map(Fen), reason, text(payload, "note", LONGEST_NOTE)?)?))
}

fn not_now(act: Act) -> DisputeError {
    DisputeError::NotNow(format!("{} {}", act.name_zh(), act.word()))
}

fn party(actor: &Actor) -> Result<MemberCode, DisputeError> {
    match actor.owner {
        Owner::Member(member) => Ok(member),
        _ => Err(DisputeError::MemberOnly),
    }
}

/// A record as messages name it, whatever was given.
fn place(upload: &str, record_no: u32) -> String {
    format!("{}#{record_no}", upload.chars().take(64).collect::<String>())
}

pub(crate) fn no_record(upload: &str, record_no: u32) -> DisputeError {
    DisputeError::NoRecord(place(upload, record_no))
}

/// What is known of the record that a member disputes.
pub(crate) async fn facts(
    db: &Db,
    folders: &Folders,
    member: MemberCode,
    raise: &Raise,
) -> Result<Facts, DisputeError> {
    if let Some(gap) = raise.gap {
        return lost(db, member, gap).await;
    }
    let what = || place(&raise.upload, raise.record_no);
    let no_record = || no_record(&raise.upload, raise.record_no);
    let not_so = |why: &str| Err(DisputeError::NotDisputable(format!("{why}: {}", what())));
    FileName::parse(&raise.upload).map_err(|_| no_record())?;
    let scope = Scope::Member(member);
    let record = tongka_exchange::search::record(db, folders, scope, &raise.upload, raise.record_no, false).await?;
    let record = record.ok_or_else(no_record)?;
    let sql = "SELECT state FROM clearing_day WHERE clearing_date = $1 AND state = 'closed'";
    let day = days_since_epoch(record.clearing_date);
    if db.read(Scope::Platform).fetch_optional(sql, params![day]).await?.is_none() {
        return not_so("清算日尚未关账 the clearing date is not closed");
    }
    let cleared = match record.verdict() {
        Verdict::Accepted => true,
        Verdict::Suspicious => {
            match suspicious::find(db, scope, &raise.upload, raise.record_no).await?.state.as_str() {
                "cleared" => true,
                "rejected" => false,
                _ => return not_so("可疑记录待处理 the suspicious record is not decided yet"),
            }
        }
        _ => return not_so("未清算 not cleared"),
    };
    let (Some(issuer), Some(fields)) = (record.issuer, &record.fields) else {
        return not_so("未清算 not cleared");
    };
    Ok(Facts {
        upload: record.upload.clone(),
        record_no: record.record_no,
        gap: None,
        clearing_day: day,
        acquirer: record.sender.0,
        issuer: issuer.0,
        card: fields.card.clone(),
        amount_fen: record.amount.0,
        cleared,
    })
}

/// What is known of a lost record: its gap, between two accepted neighbours, and the amount that these prove.
async fn lost(db: &Db, member: MemberCode, gap: i64) -> Result<Facts, DisputeError> {
    let sql = "SELECT issuer, card, missing, missing_fen, opened_on, state FROM card_gap WHERE id = $1 \
               AND ({scope:issuer} OR {scope:acquirer_before} OR {scope:acquirer_after})";
    let row = db.read(Scope::Member(member)).fetch_optional(sql, params![gap]).await?;
    let row = row.ok_or_else(|| DisputeError::NoRecord(format!("断点 gap {gap}")))?;
    let proven = row.opt_int("missing_fen")?.filter(|fen| *fen > 0);
    let amount = proven.ok_or_else(|| DisputeError::NotProven(format!("断点 gap {gap}: 金额 amount")))?;
    if row.text("state")? != "open" {
        return Err(DisputeError::NotDisputable(format!("断点已关闭 the gap is closed: {gap}")));
    }
    Ok(Facts {
        upload: String::new(),
        record_no: 0,
        gap: Some(gap),
        clearing_day: row.int("opened_on")? as i32,
        acquirer: member.0,
        issuer: row.int("issuer")? as u32,
        card: row.text("card")?,
        amount_fen: amount,
        cleared: false,
    })
}

/// Opens a case about a record of the actor's member: at once where no money is at stake, else as a proposal.
///
/// # Errors
/// D03, D06–D13, D15; P05 and others of the approvals; what the database or the lake says. A refusal is noted in the audit
/// log.
pub async fn raise(
    db: &Db,
    folders: &Folders,
    actor: &Actor,
    raise: &Raise,
    request_key: Option<String>,
    clock: &dyn Clock,
) -> Result<Asked, DisputeError> {
    let object = match raise.gap {
        Some(gap) => format!("断点 gap {gap}"),
        None => place(&raise.upload, raise.record_no),
    };
    let work = async {
        actor.require("dispute.propose")?;
        let member = party(actor)?;
        let edge = edge(None, raise.act).ok_or_else(|| not_now(raise.act))?;
        let say = say(raise.act, raise.amount, raise.reason, &raise.note)?;
        let facts = facts(db, folders, member, raise).await?;
        let by = By { member, person: &actor.login, approval: None };
        let mut tx = tongka_audit::begin(db).await?;
        let case = open(&mut tx, &facts, raise.act, by, say, clock).await?;
        let mut after = payload(raise.act, say);
        after["facts"] = json!(facts);
        let what = Proposing { kind: RAISE, edge, case: &case, object: &object, after, request_key };
        finish(db, tx, actor, what, clock).await
    };
    let outcome = work.await;
    noted(db, actor, raise.act, &object, clock, outcome).await
}

/// Goes on with a case: at once where no money is at stake, else as a proposal of the party, or of the centre for a ruling.
///
/// # Errors
/// D03–D10, D12; P05 and others of the approvals; what the database says. A refusal is noted in the audit log.
pub async fn respond(
    db: &Db,
    actor: &Actor,
    respond: &Respond,
    request_key: Option<String>,
    clock: &dyn Clock,
) -> Result<Asked, DisputeError> {
    let work = async {
        actor.require("dispute.propose")?;
        let member = match (respond.act, actor.owner) {
            (Act::Rule, Owner::Centre) => MemberCode::CENTRE,
            (Act::Rule, _) => return Err(DisputeError::CentreOnly),
            _ => party(actor)?,
        };
        let say = say(respond.act, respond.amount, respond.reason, &respond.note)?;
        let before = find(db, actor.scope(), &respond.number).await?;
        let edge = edge(Some(before.state), respond.act).ok_or_else(|| not_now(respond.act))?;
        let by = By { member, person: &actor.login, approval: None };
        let mut tx = tongka_audit::begin(db).await?;
        let case = step(&mut tx, &respond.number, respond.act, by, say, clock).await?;
        let mut after = payload(respond.act, say);
        after["number"] = json!(respond.number);
        let what = Proposing { kind: RESPOND, edge, case: &case, object: &respond.number, after, request_key };
        finish(db, tx, actor, what, clock).await
    };
    let outcome = work.await;
    let object: String = respond.number.chars().take(40).collect();
    noted(db, actor, respond.act, &object, clock, outcome).await
}

/// A deed that was tried out in a transaction.
struct Proposing<'a> {
    kind: &'static str,
    edge: &'a Edge,
    case: &'a Case,
    object: &'a str,
    after: Value,
    request_key: Option<String>,
}

/// Keeps what was tried out, or undoes it and proposes it: what cannot be done now is refused before a second person sees
/// it.
async fn finish(
    db: &Db,
    tx: WriteTx,
    actor: &Actor,
    what: Proposing<'_>,
    clock: &dyn Clock,
) -> Result<Asked, DisputeError> {
    let Proposing { kind, edge, case, object, after, request_key } = what;
    let act = edge.act;
    if !edge.needs_two() {
        let action = format!("dispute.case.{}", act.word());
        let detail = format!("{object} {}", case.state.word());
        let owner = actor.owner.number();
        let deed =
            Deed { owner, actor: &actor.login, action: &action, object: &case.number, outcome: "ok", detail: &detail };
        tongka_audit::commit(tx, &deed, clock).await?;
        return Ok(Asked::Done(case.number.clone()));
    }
    tx.rollback().await?;
    let note = after["note"].as_str().unwrap_or_default();
    let proposal = Proposal {
        kind,
        owner: actor.owner,
        object: object.to_owned(),
        summary: format!("{}：{object}，{} 元，{note}", act.name_zh(), case.disputed),
        before: json!({ "disputed_fen": case.disputed.0, "card": case.card, "state_after": case.state.word() }),
        after,
        effective_on: None,
        request_key,
    };
    Ok(Asked::Proposed(tongka_access::propose(db, actor, &proposal, clock).await?))
}

/// Notes a refusal of this crate in the audit log; those of the approvals are noted there.
async fn noted<T>(
    db: &Db,
    actor: &Actor,
    act: Act,
    object: &str,
    clock: &dyn Clock,
    outcome: Result<T, DisputeError>,
) -> Result<T, DisputeError> {
    if let Err(error) = &outcome
        && error.code().starts_with('D')
    {
        let (code, action) = (error.code(), format!("dispute.case.{}", act.word()));
        let owner = actor.owner.number();
        let deed = Deed { owner, actor: &actor.login, action: &action, object, outcome: &code, detail: "" };
        tongka_audit::note(db, &deed, clock).await?;
    }
    outcome
}

/// Carries out an approved deed.
pub(crate) async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, DisputeError> {
    let (act, say) = read(&approval.after)?;
    let member = match (act, approval.institution) {
        (Act::Rule, Owner::Centre) => MemberCode::CENTRE,
        (Act::Rule, _) => return Err(DisputeError::CentreOnly),
        (_, Owner::Member(member)) => member,
        _ => return Err(DisputeError::MemberOnly),
    };
    let by = By { member, person: &approval.proposer.login, approval: Some(approval.id) };
    let case = if approval.kind == RAISE {
        let facts: Facts = serde_json::from_value(approval.after["facts"].clone())
            .map_err(|error| DisputeError::Invalid(format!("facts: {error}")))?;
        open(tx, &facts, act, by, say, clock).await?
    } else {
        step(tx, text(&approval.after, "number", 40)?, act, by, say, clock).await?
    };
    Ok(json!({ "case": case.number, "state": case.state.word(), "held_fen": case.held.0 }))
}

/// One deed of a file of a member, which its signature vouches for, in the file's transaction.
pub(crate) enum FileDeed {
    /// Opens a case; what is known of the record was read before.
    Raise(Raise, Facts),
    /// Goes on with a case.
    Respond(Respond),
}

/// Does what a file says.
pub(crate) async fn take_one(
    tx: &mut WriteTx,
    member: MemberCode,
    file: &str,
    deed: &FileDeed,
    clock: &dyn Clock,
) -> Result<Case, DisputeError> {
    let by = By { member, person: file, approval: None };
    match deed {
        FileDeed::Raise(raise, facts) => {
            let say = say(raise.act, raise.amount, raise.reason, &raise.note)?;
            open(tx, facts, raise.act, by, say, clock).await
        }
        FileDeed::Respond(respond) => {
            if respond.act == Act::Rule {
                return Err(DisputeError::CentreOnly);
            }
            let say = say(respond.act, respond.amount, respond.reason, &respond.note)?;
            step(tx, &respond.number, respond.act, by, say, clock).await
        }
    }
}
