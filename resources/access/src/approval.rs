//! Two people for one deed (经办、复核): one proposes, another of the same institution approves, and only then it is done.
//!
//! What is approved is carried out in the transaction that decides it, by the crate whose deed it is. Approved ahead of
//! its day it is `scheduled` until [`due`] carries it out.
//!
//! Invariants: nobody approves what they proposed, whichever of their accounts or keys they use; a decision is made once;
//! who decides has the permission at that moment, not at login; a deed that is refused leaves the proposal open.

use crate::actor::{Actor, Owner, Via};
use crate::error::{AccessCode, AccessError, BoxError};
use crate::permission::area;
use crate::role::permissions_now;
use crate::store::{next_id, refused};
use serde_json::Value as Json;
use std::future::Future;
use std::pin::Pin;
use tongka_audit::Deed;
use tongka_base::date::{Date, days_since_epoch, format_date_time, from_days_since_epoch};
use tongka_base::{Clock, MemberCode};
use tongka_storage::{Db, Row, Scope, StorageClass, StorageCode, StorageError, TenantCode, WriteTx, params};

/// Longest object and summary, in characters.
const LONGEST_TEXT: usize = 300;
/// Largest payload, in bytes of JSON.
const LARGEST: usize = 256 << 10;

/// What is proposed.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// What is to be done: `member.fee.add`. What stands before the first dot is the area: who proposes needs
    /// `<area>.propose`, who approves `<area>.approve`.
    pub kind: &'static str,
    /// Who else may see it: the centre sees all, a member or tenant its own.
    pub owner: Owner,
    /// What it is about, for people and the audit log.
    pub object: String,
    /// One line in Chinese.
    pub summary: String,
    /// How things are.
    pub before: Json,
    /// How they shall be: what is carried out.
    pub after: Json,
    /// From when on; nothing for at once.
    pub effective_on: Option<Date>,
    /// Makes asking twice the same as asking once.
    pub request_key: Option<String>,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    /// Nobody decided yet.
    Open,
    /// Approved, waits for its day.
    Scheduled,
    /// Carried out.
    Done,
    /// Refused by a second person.
    Refused,
    /// Taken back by who proposed it.
    Withdrawn,
    /// Refused by the deed itself on its day.
    Failed,
}

impl ApprovalState {
    const ALL: [Self; 6] = [Self::Open, Self::Scheduled, Self::Done, Self::Refused, Self::Withdrawn, Self::Failed];

    /// The word in the database and in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Scheduled => "scheduled",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Failed => "failed",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// Somebody who proposed or decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Account; 0 on the command line.
    pub account: i64,
    /// Its login.
    pub login: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub person: String,
}

impl Person {
    fn of(actor: &Actor) -> Self {
        let Actor { account, login, name, person, .. } = actor.clone();
        Self { account, login, name, person }
    }
}

/// A proposal and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// Number.
    pub id: i64,
    /// What is to be done.
    pub kind: String,
    /// Who else may see it.
    pub owner: Owner,
    /// What it is about.
    pub object: String,
    /// One line in Chinese.
    pub summary: String,
    /// How things were.
    pub before: Json,
    /// How they shall be.
    pub after: Json,
    /// From when on.
    pub effective_on: Option<Date>,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who proposed it.
    pub proposer: Person,
    /// Whose people decide it: the proposer's institution.
    pub institution: Owner,
    /// When, `YYYYMMDDHHMMSS`.
    pub proposed_at: String,
    /// Who decided it.
    pub decider: Option<Person>,
    /// When.
    pub decided_at: Option<String>,
    /// Why it was refused, withdrawn or failed.
    pub reason: Option<String>,
    /// When it was carried out.
    pub executed_at: Option<String>,
    /// What came of it.
    pub result: Json,
}

/// A deed being carried out.
pub type Execution<'t> = Pin<Box<dyn Future<Output = Result<Json, BoxError>> + Send + 't>>;

const COLUMNS: &str = "id, kind, member, tenant, object, summary, before_json, after_json, effective_on, state, \
                       proposer_account, proposer_login, proposer_name, proposer_person, proposer_member, \
                       proposer_tenant, proposed_at, decider_account, decider_login, decider_name, decider_person, \
                       decided_at, reason, executed_at, result_json";

fn json(row: &Row, column: &str) -> Result<Json, StorageError> {
    // What is in the column was written from JSON; were it damaged, people still see that and what is around it.
    Ok(row.opt_text(column)?.map_or(Json::Null, |text| serde_json::from_str(&text).unwrap_or(Json::String(text))))
}

impl Approval {
    fn of(row: &Row) -> Result<Self, AccessError> {
        let state = row.text("state")?;
        let state = ApprovalState::of(&state)
            .ok_or_else(|| AccessError::new(AccessCode::State, format!("unknown state {state}")))?;
        let person = |prefix: &str| -> Result<Option<Person>, StorageError> {
            let Some(account) = row.opt_int(&format!("{prefix}_account"))? else { return Ok(None) };
            let text = |what: &str| row.text(&format!("{prefix}_{what}"));
            Ok(Some(Person { account, login: text("login")?, name: text("name")?, person: text("person")? }))
        };
        let institution = match (row.opt_int("proposer_member")?, row.opt_int("proposer_tenant")?) {
            (Some(member), _) => Owner::Member(MemberCode(member as u32)),
            (None, Some(tenant)) => Owner::Tenant(TenantCode(tenant)),
            (None, None) => Owner::Centre,
        };
        let missing = || AccessError::new(AccessCode::State, "a proposal without proposer");
        Ok(Self {
            id: row.int("id")?,
            kind: row.text("kind")?,
            owner: Owner::of(row)?,
            object: row.text("object")?,
            summary: row.text("summary")?,
            before: json(row, "before_json")?,
            after: json(row, "after_json")?,
            effective_on: row.opt_int("effective_on")?.and_then(|days| from_days_since_epoch(days as i32)),
            state,
            proposer: person("proposer")?.ok_or_else(missing)?,
            institution,
            proposed_at: row.text("proposed_at")?,
            decider: person("decider")?,
            decided_at: row.opt_text("decided_at")?,
            reason: row.opt_text("reason")?,
            executed_at: row.opt_text("executed_at")?,
            result: json(row, "result_json")?,
        })
    }

    fn deed<'d>(&'d self, actor: &'d str, action: &'d str, outcome: &'d str, detail: &'d str) -> Deed<'d> {
        Deed { owner: self.owner.number(), actor, action, object: &self.object, outcome, detail }
    }
}

fn check(proposal: &Proposal, clock: &dyn Clock) -> Result<(), AccessError> {
    for (field, text) in [("object", &proposal.object), ("summary", &proposal.summary)] {
        let length = text.chars().count();
        if length == 0 || length > LONGEST_TEXT || text.contains('\0') {
            return Err(AccessError::field(AccessCode::Value, field, format!("1 to {LONGEST_TEXT} characters")));
        }
    }
    let size = proposal.before.to_string().len() + proposal.after.to_string().len();
    if size > LARGEST {
        return Err(AccessError::field(AccessCode::Value, "payload", format!("at most {LARGEST} bytes")));
    }
    if proposal.request_key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 64 || key.contains('\0')) {
        return Err(AccessError::field(AccessCode::Value, "request_key", "1 to 64 characters"));
    }
    if let Some(date) = proposal.effective_on.filter(|date| *date < clock.now().date()) {
        return Err(AccessError::field(AccessCode::Effective, "effective_on", date.to_string()));
    }
    Ok(())
}

/// Proposes a deed and returns the proposal's number. The crate whose deed it is has validated the payload.
///
/// # Errors
/// P05 without `<area>.propose`; P10, P23 for a value; P29 for a request key of another proposal.
pub async fn propose(db: &Db, actor: &Actor, proposal: &Proposal, clock: &dyn Clock) -> Result<i64, AccessError> {
    let work = async {
        let mut tx = tongka_audit::begin(db).await?;
        let id = propose_in(&mut tx, actor, proposal, clock).await?;
        tx.commit().await?;
        Ok(id)
    };
    let action = format!("{}.propose", proposal.kind);
    let deed = Deed {
        owner: proposal.owner.number(),
        actor: &actor.login,
        action: &action,
        object: &proposal.object,
        outcome: "",
        detail: "",
    };
    let outcome = work.await;
    refused(db, deed, clock, outcome).await
}

/// Proposes a deed in the caller's transaction, which comes from [`tongka_audit::begin`].
///
/// # Errors
/// As [`propose`].
pub async fn propose_in(
    tx: &mut WriteTx,
    actor: &Actor,
    proposal: &Proposal,
    clock: &dyn Clock,
) -> Result<i64, AccessError> {
    actor.require(&format!("{}.propose", area(proposal.kind)))?;
    check(proposal, clock)?;
    if let Some(key) = &proposal.request_key {
        let sql = format!("SELECT {COLUMNS} FROM approval WHERE proposer_account = $1 AND request_key = $2");
        if let Some(row) = tx.fetch_optional(&sql, params![actor.account, key]).await? {
            let earlier = Approval::of(&row)?;
            if earlier.kind == proposal.kind && earlier.after == proposal.after && earlier.object == proposal.object {
                return Ok(earlier.id);
            }
            return Err(AccessError::field(AccessCode::RequestKey, "request_key", format!("approval {}", earlier.id)));
        }
    }
    let id = next_id(tx, "approval").await?;
    let [member, tenant] = proposal.owner.columns();
    let [proposer_member, proposer_tenant] = actor.owner.columns();
    let sql = "INSERT INTO approval (id, kind, member, tenant, object, summary, before_json, after_json, effective_on, \
               request_key, state, proposer_account, proposer_login, proposer_name, proposer_person, proposer_member, \
               proposer_tenant, proposed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $12, $13, $14, $15, $16, $17)";
    let values = params![
        id,
        proposal.kind,
        member,
        tenant,
        &proposal.object,
        &proposal.summary,
        proposal.before.to_string(),
        proposal.after.to_string(),
        proposal.effective_on.map(days_since_epoch),
        proposal.request_key.as_deref(),
        actor.account,
        &actor.login,
        &actor.name,
        &actor.person,
        proposer_member,
        proposer_tenant,
        format_date_time(clock.now()),
    ];
    tx.execute(sql, values).await?;
    let deed = Deed {
        owner: proposal.owner.number(),
        actor: &actor.login,
        action: &format!("{}.propose", proposal.kind),
        object: &proposal.object,
        outcome: "ok",
        detail: &format!("approval {id}"),
    };
    tongka_audit::record(tx, &deed, clock).await?;
    Ok(id)
}

/// A proposal.
///
/// # Errors
/// P06 for what is not there or another institution's.
pub async fn approval(db: &Db, scope: Scope, id: i64) -> Result<Approval, AccessError> {
    let marker = if matches!(scope, Scope::Tenant(_)) { "{tenant:tenant}" } else { "{scope:member}" };
    let sql = format!("SELECT {COLUMNS} FROM approval WHERE id = $1 AND {marker}");
    let row = db.read(scope).fetch_optional(&sql, params![id]).await?;
    Approval::of(&row.ok_or_else(|| not_there(id))?)
}

fn not_there(id: i64) -> AccessError {
    AccessError::new(AccessCode::NotFound, format!("approval {id}"))
}

/// The proposal as it is in a transaction, if the actor may see it.
async fn seen(tx: &mut WriteTx, actor: &Actor, id: i64) -> Result<Approval, AccessError> {
    let sql = format!("SELECT {COLUMNS} FROM approval WHERE id = $1");
    let row = tx.fetch_optional(&sql, params![id]).await?.ok_or_else(|| not_there(id))?;
    let approval = Approval::of(&row)?;
    if actor.owner == Owner::Centre || actor.owner == approval.owner || actor.owner == approval.institution {
        return Ok(approval);
    }
    Err(not_there(id))
}

/// The proposal, if the actor may decide it now.
async fn decidable(tx: &mut WriteTx, actor: &Actor, id: i64) -> Result<Approval, AccessError> {
    let approval = seen(tx, actor, id).await?;
    let needed = format!("{}.approve", area(&approval.kind));
    let person = if actor.via == Via::Local {
        actor.require(&needed)?;
        actor.person.clone()
    } else {
        let now = permissions_now(tx, actor.account).await?;
        if !now.permissions.contains(&needed) {
            return Err(AccessError::new(AccessCode::Permission, needed));
        }
        now.person
    };
    if actor.owner != approval.institution {
        return Err(AccessError::new(AccessCode::OtherOwner, format!("approval {id} of {}", approval.institution)));
    }
    if person == approval.proposer.person || actor.person == approval.proposer.person {
        return Err(AccessError::new(AccessCode::SamePerson, format!("approval {id}")));
    }
    if approval.state != ApprovalState::Open {
        let decider = approval.decider.as_ref().map_or("", |d| d.login.as_str());
        let detail = format!("approval {id} is {} by {decider}", approval.state.word());
        return Err(AccessError::new(AccessCode::Decided, detail));
    }
    Ok(approval)
}

async fn decide(
    tx: &mut WriteTx,
    approval: &mut Approval,
    actor: &Actor,
    state: ApprovalState,
    reason: Option<&str>,
    clock: &dyn Clock,
) -> Result<(), AccessError> {
    let at = format_date_time(clock.now());
    let sql = "UPDATE approval SET state = $1, decider_account = $2, decider_login = $3, decider_name = $4, \
               decider_person = $5, decided_at = $6, reason = $7 WHERE id = $8";
    let values = params![
        state.word(),
        actor.account,
        &actor.login,
        &actor.name,
        &actor.person,
        at.as_str(),
        reason,
        approval.id
    ];
    tx.execute(sql, values).await?;
    approval.state = state;
    approval.decider = Some(Person::of(actor));
    approval.decided_at = Some(at);
    approval.reason = reason.map(str::to_owned);
    Ok(())
}

/// Carries out and notes what came of it, in the transaction of the deed.
async fn carry_out<F>(
    tx: &mut WriteTx,
    approval: &mut Approval,
    actor: &str,
    clock: &dyn Clock,
    execute: F,
) -> Result<(), AccessError>
where
    F: for<'t> FnOnce(&'t mut WriteTx, &'t Approval, &'t dyn Clock) -> Execution<'t>,
{
    let result = execute(tx, approval, clock).await.map_err(AccessError::Execution)?;
    let at = format_date_time(clock.now());
    let sql = "UPDATE approval SET state = 'done', executed_at = $1, result_json = $2 WHERE id = $3";
    tx.execute(sql, params![at.as_str(), result.to_string(), approval.id]).await?;
    approval.state = ApprovalState::Done;
    approval.executed_at = Some(at);
    approval.result = result;
    let detail = format!("approval {} proposed by {}", approval.id, approval.proposer.login);
    let action = format!("{}.execute", approval.kind);
    tongka_audit::record(tx, &approval.deed(actor, &action, "ok", &detail), clock).await?;
    Ok(())
}

/// Approves a proposal. It is carried out at once, or `scheduled` when it takes effect later.
///
/// ```ignore
/// approve(db, &actor, id, clock, |tx, approval, clock| {
///     Box::pin(async move { Ok(tongka_member::execute(tx, approval, clock).await?) })
/// })
/// ```
///
/// # Errors
/// P03 same person, P04 decided, P05 permission, P06 not there, P22 another institution's; [`AccessError::Execution`]
/// with what the deed was refused with: nothing is changed then and the proposal stays open.
pub async fn approve<F>(db: &Db, actor: &Actor, id: i64, clock: &dyn Clock, execute: F) -> Result<Approval, AccessError>
where
    F: for<'t> FnOnce(&'t mut WriteTx, &'t Approval, &'t dyn Clock) -> Execution<'t>,
{
    let work = async {
        let mut tx = tongka_audit::begin(db).await?;
        let mut approval = decidable(&mut tx, actor, id).await?;
        let later = approval.effective_on.filter(|date| *date > clock.now().date());
        let state = if later.is_some() { ApprovalState::Scheduled } else { ApprovalState::Done };
        decide(&mut tx, &mut approval, actor, state, None, clock).await?;
        let detail = format!("approval {id} proposed by {}", approval.proposer.login);
        let action = format!("{}.approve", approval.kind);
        tongka_audit::record(&mut tx, &approval.deed(&actor.login, &action, "ok", &detail), clock).await?;
        if later.is_none() {
            carry_out(&mut tx, &mut approval, &actor.login, clock, execute).await?;
        }
        tx.commit().await?;
        Ok(approval)
    };
    let outcome = work.await;
    note_decision(db, actor, id, "approval.approve", clock, outcome).await
}

/// Refuses a proposal, with a reason.
///
/// # Errors
/// As [`approve`]; P10 without a reason.
pub async fn refuse(db: &Db, actor: &Actor, id: i64, reason: &str, clock: &dyn Clock) -> Result<Approval, AccessError> {
    let work = async {
        let reason = reason_of(reason)?;
        let mut tx = tongka_audit::begin(db).await?;
        let mut approval = decidable(&mut tx, actor, id).await?;
        decide(&mut tx, &mut approval, actor, ApprovalState::Refused, Some(reason), clock).await?;
        let action = format!("{}.refuse", approval.kind);
        let detail = format!("approval {id}: {reason}");
        tongka_audit::commit(tx, &approval.deed(&actor.login, &action, "ok", &detail), clock).await?;
        Ok(approval)
    };
    let outcome = work.await;
    note_decision(db, actor, id, "approval.refuse", clock, outcome).await
}

fn reason_of(reason: &str) -> Result<&str, AccessError> {
    let reason = reason.trim();
    let length = reason.chars().count();
    if length == 0 || length > LONGEST_TEXT || reason.contains('\0') {
        return Err(AccessError::field(AccessCode::Value, "reason", format!("1 to {LONGEST_TEXT} characters")));
    }
    Ok(reason)
}

/// Takes a proposal back: who proposed it, as long as it is not carried out.
///
/// # Errors
/// P04 decided, P05 for another person, P06 not there.
pub async fn withdraw(db: &Db, actor: &Actor, id: i64, clock: &dyn Clock) -> Result<Approval, AccessError> {
    let work = async {
        let mut tx = tongka_audit::begin(db).await?;
        let mut approval = seen(&mut tx, actor, id).await?;
        if actor.person != approval.proposer.person || actor.owner != approval.institution {
            return Err(AccessError::new(AccessCode::Permission, format!("approval {id} was proposed by another")));
        }
        if !matches!(approval.state, ApprovalState::Open | ApprovalState::Scheduled) {
            let detail = format!("approval {id} is {}", approval.state.word());
            return Err(AccessError::new(AccessCode::Decided, detail));
        }
        let sql = "UPDATE approval SET state = 'withdrawn' WHERE id = $1";
        tx.execute(sql, params![id]).await?;
        approval.state = ApprovalState::Withdrawn;
        let action = format!("{}.withdraw", approval.kind);
        let detail = format!("approval {id}");
        tongka_audit::commit(tx, &approval.deed(&actor.login, &action, "ok", &detail), clock).await?;
        Ok(approval)
    };
    let outcome = work.await;
    note_decision(db, actor, id, "approval.withdraw", clock, outcome).await
}

async fn note_decision(
    db: &Db,
    actor: &Actor,
    id: i64,
    action: &str,
    clock: &dyn Clock,
    outcome: Result<Approval, AccessError>,
) -> Result<Approval, AccessError> {
    let object = format!("approval {id}");
    let owner = actor.owner.number();
    let deed = Deed { owner, actor: &actor.login, action, object: &object, outcome: "", detail: "" };
    refused(db, deed, clock, outcome).await
}

/// Carries out what was approved for this date or one before, each in a transaction of its own, in the order of dates. What
/// is refused on its day becomes `failed`, with the reason; the others go on. Returns what was worked on.
///
/// # Errors
/// What the database says: what was not worked on stays `scheduled`.
pub async fn due<F>(db: &Db, date: Date, clock: &dyn Clock, execute: F) -> Result<Vec<Approval>, AccessError>
where
    F: for<'t> Fn(&'t mut WriteTx, &'t Approval, &'t dyn Clock) -> Execution<'t>,
{
    let sql = "SELECT id FROM approval WHERE state = 'scheduled' AND effective_on <= $1 ORDER BY effective_on, id";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![days_since_epoch(date)]).await?;
    let mut worked = Vec::new();
    for row in rows {
        let id = row.int("id")?;
        if let Some(approval) = carry_out_due(db, id, clock, &execute).await? {
            worked.push(approval);
        }
    }
    Ok(worked)
}

async fn scheduled(tx: &mut WriteTx, id: i64) -> Result<Option<Approval>, AccessError> {
    let sql = format!("SELECT {COLUMNS} FROM approval WHERE id = $1 AND state = 'scheduled'");
    tx.fetch_optional(&sql, params![id]).await?.as_ref().map(Approval::of).transpose()
}

async fn carry_out_due<F>(db: &Db, id: i64, clock: &dyn Clock, execute: &F) -> Result<Option<Approval>, AccessError>
where
    F: for<'t> Fn(&'t mut WriteTx, &'t Approval, &'t dyn Clock) -> Execution<'t>,
{
    let mut tx = tongka_audit::begin(db).await?;
    // Another node may have been faster.
    let Some(mut approval) = scheduled(&mut tx, id).await? else { return Ok(None) };
    let decider = approval.decider.as_ref().map_or_else(String::new, |d| d.login.clone());
    let refusal = match carry_out(&mut tx, &mut approval, &decider, clock, execute).await {
        Ok(()) => {
            tx.commit().await?;
            return Ok(Some(approval));
        }
        Err(AccessError::Execution(error)) if !is_failure(&*error) => error.to_string(),
        Err(error) => return Err(error),
    };
    tx.rollback().await?;
    let mut tx = tongka_audit::begin(db).await?;
    let Some(mut approval) = scheduled(&mut tx, id).await? else { return Ok(None) };
    let reason: String = refusal.chars().take(LONGEST_TEXT).collect();
    let sql = "UPDATE approval SET state = 'failed', reason = $1 WHERE id = $2";
    tx.execute(sql, params![reason.as_str(), id]).await?;
    approval.state = ApprovalState::Failed;
    let action = format!("{}.execute", approval.kind);
    let detail = format!("approval {id}: {reason}");
    tongka_audit::commit(tx, &approval.deed(&decider, &action, "P24", &detail), clock).await?;
    approval.reason = Some(reason);
    Ok(Some(approval))
}

/// Whether a deed was not refused but something outside broke: it may be done another time. Every error of this house says
/// its code first, whatever it is wrapped in.
fn is_failure(error: &(dyn std::error::Error + 'static)) -> bool {
    let text = error.to_string();
    let code = text.split(' ').next().unwrap_or_default();
    StorageCode::ALL.iter().any(|c| c.code() == code && c.class() != StorageClass::Refusal)
}
