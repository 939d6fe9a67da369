//! Suspicious records (可疑记录) and adjustments (调账): proposed here, done when a second person approves.

use super::approval::Submitted;
use crate::web::app::App;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tongka_base::{Fen, MemberCode};
use tongka_dispute::{DisputeError, manual, suspicious};
use tongka_http::{Api, ApiError, Body, RequestKey, Spec, Who};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    /// The issuer pays the acquirer, with the fees the record would have had.
    Clear,
    /// Closed without money.
    Reject,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Propose {
    decision: Decision,
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adjust {
    /// Who pays; `00000000` is the centre.
    debtor: String,
    creditor: String,
    amount_fen: i64,
    /// What it is about: a number of a letter, a file.
    reference: String,
    reason: String,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    api.post(
        "/suspicious/{upload}/{record}/propose",
        Spec::new("propose_suspicious", "经办可疑记录", "Propose what becomes of a suspicious record", "dispute.propose")
            .path("upload", crate::web::app::NAME, "上送文件 upload", "TXU_20260901_10002900_000001.dat")
            .path_number("record", "记录序号 record number")
            .takes::<Propose>(json!({ "decision": "clear", "reason": "终端日志证明交易成功" }))
            .answers_with::<Submitted>(202, "待复核 waits for a second person"),
        decide,
    )
    .post(
        "/adjustments",
        Spec::new("propose_adjustment", "经办人工调账", "Propose an adjustment by hand", "dispute.propose")
            .takes::<Adjust>(json!({
                "debtor": "10001000", "creditor": "10002900", "amount_fen": 200, "reference": "2026-017", "reason": "漏清补付"
            }))
            .answers_with::<Submitted>(202, "待复核 waits for a second person"),
        adjust,
    )
}

/// An error of a dispute as an answer.
pub(crate) fn told(error: DisputeError) -> ApiError {
    use axum::http::StatusCode as S;
    let status = match &*error.code() {
        "D01" | "D05" | "D13" => S::NOT_FOUND,
        "D02" | "D06" | "D07" => S::CONFLICT,
        "D04" | "D12" => S::FORBIDDEN,
        _ => S::UNPROCESSABLE_ENTITY,
    };
    match error {
        DisputeError::Storage(error) => error.into(),
        DisputeError::Engine(error) => crate::web::app::engine(error),
        DisputeError::Access(error) => error.into(),
        other => ApiError::coded(status, &other.to_string()),
    }
}

async fn submit(app: &App, actor: &tongka_access::Actor, kind: &'static str, after: Value, key: RequestKey) -> Answer {
    let approval =
        tongka_dispute::propose(&app.db, actor, kind, &after, Some(key.0), app.clock()).await.map_err(told)?;
    Ok((StatusCode::ACCEPTED, Json(Submitted { approval })))
}

type Answer = Result<(StatusCode, Json<Submitted>), ApiError>;

async fn decide(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Path((upload, record)): Path<(String, u32)>,
    Body(body): Body<Propose>,
) -> Answer {
    // Another member's record is not there, whatever is proposed for it.
    suspicious::find(&app.db, actor.scope(), &upload, record).await.map_err(told)?;
    let kind = match body.decision {
        Decision::Clear => suspicious::CLEAR,
        Decision::Reject => suspicious::REJECT,
    };
    submit(&app, &actor, kind, suspicious::payload(&upload, record, &body.reason), key).await
}

async fn adjust(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Body(body): Body<Adjust>,
) -> Answer {
    let party = |field: &str, text: &str| {
        MemberCode::parse(text.as_bytes()).ok_or_else(|| ApiError::field(field, "八位机构代码 8 digits"))
    };
    let adjustment = manual::ManualAdjustment {
        debtor: party("debtor", &body.debtor)?,
        creditor: party("creditor", &body.creditor)?,
        amount: Fen(body.amount_fen),
        reference: body.reference,
        reason: body.reason,
    };
    submit(&app, &actor, manual::ADJUST, adjustment.payload(), key).await
}
