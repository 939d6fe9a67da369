//! Dispute cases (差错案件) on the web: raised and gone on with by the parties, ruled by the centre; money only by two people.

use super::suspicious::told;
use crate::web::app::{App, rfc3339};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tongka_base::Fen;
use tongka_dispute::case::{self, Asked, Raise, Respond};
use tongka_dispute::rules::Act;
use tongka_http::{Api, ApiError, Body, RequestKey, Spec, Who};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RaiseBody {
    /// Code of the act: 1 inquiry, 2 chargeback, 6 credit, 7 claim, 8 fee.
    act: u8,
    /// The record's upload and number; empty and 0 for a lost record.
    upload: String,
    record_no: u32,
    /// The gap of a lost record.
    gap: Option<i64>,
    /// All that is left of the record when absent.
    amount_fen: Option<i64>,
    reason: Option<u8>,
    note: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RespondBody {
    /// Code of the act.
    act: u8,
    amount_fen: Option<i64>,
    reason: Option<u8>,
    note: String,
}

/// What became of it: done at once, or a proposal that waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct AskedView {
    number: Option<String>,
    approval: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StageView {
    ordinal: u32,
    act: u8,
    zh: String,
    state: String,
    member: String,
    person: String,
    approval: Option<i64>,
    reason: Option<u8>,
    note: String,
    debtor: Option<String>,
    creditor: Option<String>,
    amount_fen: Option<i64>,
    adjustment: Option<i64>,
    deadline: Option<String>,
    at: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CaseView {
    number: String,
    upload: String,
    record_no: u32,
    gap: Option<i64>,
    clearing_date: String,
    card: String,
    amount_fen: i64,
    disputed_fen: i64,
    held_fen: i64,
    state: String,
    deadline: Option<String>,
    opened_at: String,
    closed_at: Option<String>,
    stages: Vec<StageView>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let numbered =
        |spec: Spec| spec.path("number", "^[A-Za-z0-9-]{1,40}$", "案件编号 number of the case", "310530500001");
    api.post(
        "/disputes",
        Spec::new("raise_dispute", "发起差错", "Raise a dispute", "dispute.propose")
            .takes::<RaiseBody>(json!({
                "act": 1, "upload": "TXU_20260901_10002900_000001.dat", "record_no": 17, "note": "持卡人否认交易，请提供凭证"
            }))
            .answers::<AskedView>(),
        raise,
    )
    .get(
        "/disputes/{number}",
        numbered(Spec::new("dispute", "差错案件", "A dispute with its history", "dispute.read")).answers::<CaseView>(),
        show,
    )
    .post(
        "/disputes/{number}/respond",
        numbered(Spec::new("respond_dispute", "答复差错", "Go on with a dispute", "dispute.propose"))
            .takes::<RespondBody>(json!({ "act": 11, "note": "附终端日志" }))
            .answers::<AskedView>(),
        respond,
    )
}

fn act(code: u8) -> Result<Act, ApiError> {
    Act::from_code(code).ok_or_else(|| ApiError::field("act", "01–08、11–15"))
}

fn asked(asked: Asked) -> AskedView {
    match asked {
        Asked::Done(number) => AskedView { number: Some(number), approval: None },
        Asked::Proposed(approval) => AskedView { number: None, approval: Some(approval) },
    }
}

async fn raise(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Body(body): Body<RaiseBody>,
) -> Result<Json<AskedView>, ApiError> {
    let wanted = Raise {
        act: act(body.act)?,
        upload: body.upload,
        record_no: body.record_no,
        gap: body.gap,
        amount: body.amount_fen.map(Fen),
        reason: body.reason,
        note: body.note,
    };
    let done = case::raise(&app.db, &app.folders, &actor, &wanted, Some(key.0), app.clock()).await.map_err(told)?;
    Ok(Json(asked(done)))
}

async fn respond(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Path(number): Path<String>,
    Body(body): Body<RespondBody>,
) -> Result<Json<AskedView>, ApiError> {
    let wanted =
        Respond { number, act: act(body.act)?, amount: body.amount_fen.map(Fen), reason: body.reason, note: body.note };
    let done = case::respond(&app.db, &actor, &wanted, Some(key.0), app.clock()).await.map_err(told)?;
    Ok(Json(asked(done)))
}

async fn show(State(app): State<App>, Who(actor): Who, Path(number): Path<String>) -> Result<Json<CaseView>, ApiError> {
    let found = case::find(&app.db, actor.scope(), &number).await.map_err(told)?;
    let stages = case::stages(&app.db, actor.scope(), &number).await.map_err(told)?;
    let stage = |stage: case::Stage| StageView {
        ordinal: stage.ordinal,
        act: stage.act.code(),
        zh: stage.act.name_zh().into(),
        state: stage.state.word().into(),
        member: stage.member.to_string(),
        person: stage.person,
        approval: stage.approval,
        reason: stage.reason,
        note: stage.note,
        debtor: stage.moved.map(|(debtor, ..)| debtor.to_string()),
        creditor: stage.moved.map(|(_, creditor, _)| creditor.to_string()),
        amount_fen: stage.moved.map(|(.., amount)| amount.0),
        adjustment: stage.adjustment,
        deadline: stage.deadline.map(|date| date.to_string()),
        at: rfc3339(&stage.at),
    };
    Ok(Json(CaseView {
        number: found.number,
        upload: found.upload,
        record_no: found.record_no,
        gap: found.gap,
        clearing_date: found.clearing_date.to_string(),
        card: found.card,
        amount_fen: found.amount.0,
        disputed_fen: found.disputed.0,
        held_fen: found.held.0,
        state: found.state.word().into(),
        deadline: found.deadline.map(|date| date.to_string()),
        opened_at: rfc3339(&found.opened_at),
        closed_at: found.closed_at.as_deref().map(rfc3339),
        stages: stages.into_iter().map(stage).collect(),
    }))
}
