//! Proposals and their decision by a second person (复核).

use crate::web::app::App;
use crate::web::deeds;
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tongka_access::{Approval, approval, approve, refuse, withdraw};
use tongka_http::{Api, ApiError, Body, Spec, Who};
use utoipa::ToSchema;

/// Answer of a change that takes two people.
#[derive(Serialize, ToSchema)]
pub(crate) struct Submitted {
    pub(crate) approval: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    pub(crate) reason: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PersonView {
    account: i64,
    login: String,
    name: String,
    person: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ApprovalView {
    id: i64,
    kind: String,
    owner: String,
    object: String,
    summary: String,
    before: Value,
    after: Value,
    effective_on: Option<String>,
    /// open, scheduled, done, refused, withdrawn or failed.
    state: String,
    proposer: PersonView,
    proposed_at: String,
    decider: Option<PersonView>,
    decided_at: Option<String>,
    reason: Option<String>,
    executed_at: Option<String>,
    result: Value,
    /// Whether the caller may decide it.
    may_decide: bool,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let one = |id: &'static str, zh, en, permission| {
        Spec::new(id, zh, en, permission).path_number("id", "申请编号 approval").answers::<ApprovalView>()
    };
    api.get("/approvals/{id}", one("approval", "申请", "A proposal", "approval.read"), get)
        .post("/approvals/{id}/approve", one("approve", "复核通过", "Approve", "approval.read"), yes)
        .post(
            "/approvals/{id}/refuse",
            one("refuse", "复核退回", "Refuse", "approval.read").takes::<Reason>(json!({ "reason": "金额有误" })),
            no,
        )
        .post("/approvals/{id}/withdraw", one("withdraw", "撤回", "Withdraw", "approval.read"), back)
}

fn view(approval: Approval, actor: &tongka_access::Actor) -> ApprovalView {
    use crate::web::app::rfc3339;
    let person =
        |p: tongka_access::Person| PersonView { account: p.account, login: p.login, name: p.name, person: p.person };
    let checks = actor.require(&format!("{}.approve", tongka_access::area(&approval.kind))).is_ok();
    let open = approval.state == tongka_access::ApprovalState::Open;
    ApprovalView {
        may_decide: open && checks && approval.proposer.person != actor.person && approval.institution == actor.owner,
        id: approval.id,
        kind: approval.kind,
        owner: approval.owner.to_string(),
        object: approval.object,
        summary: approval.summary,
        before: approval.before,
        after: approval.after,
        effective_on: approval.effective_on.map(|d| d.to_string()),
        state: approval.state.word().into(),
        proposer: person(approval.proposer),
        proposed_at: rfc3339(&approval.proposed_at),
        decider: approval.decider.map(person),
        decided_at: approval.decided_at.as_deref().map(rfc3339),
        reason: approval.reason,
        executed_at: approval.executed_at.as_deref().map(rfc3339),
        result: approval.result,
    }
}

async fn get(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Json<ApprovalView>, ApiError> {
    Ok(Json(view(approval(&app.db, actor.scope(), id).await?, &actor)))
}

async fn yes(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Json<ApprovalView>, ApiError> {
    let approved = approve(&app.db, &actor, id, app.clock(), deeds::execute).await.map_err(deeds::told)?;
    Ok(Json(view(approved, &actor)))
}

async fn no(
    State(app): State<App>,
    Who(actor): Who,
    Path(id): Path<i64>,
    Body(body): Body<Reason>,
) -> Result<Json<ApprovalView>, ApiError> {
    Ok(Json(view(refuse(&app.db, &actor, id, &body.reason, app.clock()).await?, &actor)))
}

async fn back(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Json<ApprovalView>, ApiError> {
    Ok(Json(view(withdraw(&app.db, &actor, id, app.clock()).await?, &actor)))
}
