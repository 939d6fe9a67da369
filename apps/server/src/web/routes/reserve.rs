//! Reserves (备付金) on the web: top-ups and withdrawals, proposed here, booked when a second person approves.

use super::approval::Submitted;
use crate::web::app::App;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::json;
use tongka_base::{Fen, MemberCode};
use tongka_http::{Api, ApiError, Body, RequestKey, Spec, Who};
use tongka_settlement::SettlementError;
use tongka_settlement::reserve::{Movement, TOP_UP, WITHDRAW, propose};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MovementBody {
    amount_fen: i64,
    /// The bank's reference, booked once.
    reference: String,
    note: Option<String>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let spec = |id: &'static str, zh, en| {
        Spec::new(id, zh, en, "settlement.propose")
            .path("member", "^[0-9]{8}$", "成员代码 member", "10002900")
            .takes::<MovementBody>(
                json!({ "amount_fen": 10_000_000, "reference": "2026112400017", "note": "补足额度" }),
            )
            .answers_with::<Submitted>(202, "待复核 waits for a second person")
    };
    api.post("/reserves/{member}/topups", spec("top_up", "经办备付金充值", "Propose a top-up of a reserve"), top_up)
        .post(
            "/reserves/{member}/withdrawals",
            spec("withdraw", "经办备付金支取", "Propose a withdrawal from a reserve"),
            withdraw,
        )
}

pub(crate) fn told(error: SettlementError) -> ApiError {
    use StatusCode as S;
    let status = match &*error.code() {
        "G01" | "T04" => S::NOT_FOUND,
        "T02" | "T05" | "T06" | "T07" => S::CONFLICT,
        _ => S::UNPROCESSABLE_ENTITY,
    };
    match error {
        SettlementError::Storage(error) => error.into(),
        SettlementError::Access(error) => error.into(),
        other => ApiError::coded(status, &other.to_string()),
    }
}

type Answer = Result<(StatusCode, Json<Submitted>), ApiError>;

async fn submit(
    app: &App,
    actor: &tongka_access::Actor,
    (kind, code): (&'static str, &str),
    body: MovementBody,
    key: RequestKey,
) -> Answer {
    let member = MemberCode::parse(code.as_bytes());
    let movement = Movement {
        member: member.ok_or_else(|| ApiError::field("member", "八位成员代码 8 digits"))?,
        amount: Fen(body.amount_fen),
        reference: body.reference,
        note: body.note.unwrap_or_default(),
    };
    let approval = propose(&app.db, actor, kind, &movement, Some(key.0), app.clock()).await.map_err(told)?;
    Ok((StatusCode::ACCEPTED, Json(Submitted { approval })))
}

async fn top_up(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Path(member): Path<String>,
    Body(body): Body<MovementBody>,
) -> Answer {
    submit(&app, &actor, (TOP_UP, &member), body, key).await
}

async fn withdraw(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Path(member): Path<String>,
    Body(body): Body<MovementBody>,
) -> Answer {
    submit(&app, &actor, (WITHDRAW, &member), body, key).await
}
