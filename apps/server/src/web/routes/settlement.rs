//! Settlement through the bank (资金结算) on the web: settlement dates, bank accounts, differences with the bank, the layers
//! of reconciliation, where reserves stand.

use super::approval::Submitted;
use super::member::told as book_told;
use super::reserve::told;
use crate::web::app::{App, DATE, date};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tongka_base::MemberCode;
use tongka_http::{Api, ApiError, Body, RequestKey, Spec, Who};
use tongka_settlement::{Layer, account, instruct, queue, reconcile, standings};
use tongka_storage::Scope;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettleBody {
    /// A bank day; today when absent.
    date: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SettlementView {
    settlement_date: String,
    /// First and last clearing date that it takes in.
    first_clearing_date: Option<String>,
    last_clearing_date: Option<String>,
    instructions: u64,
    held: u64,
    carried: u64,
    pays_fen: i64,
    receives_fen: i64,
    fees_fen: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountBody {
    /// `reserve`, `outside`, `clearing` or `fees`.
    role: String,
    /// `00000000` for the centre's.
    member: String,
    number: String,
    name: String,
    bank: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveBody {
    /// `book`, `settle`, `offset` or `accept`.
    action: String,
    /// The other line, for `offset`.
    other: Option<i64>,
    note: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DifferenceView {
    key: String,
    member: String,
    what: String,
    ours: i64,
    theirs: i64,
    difference: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct LayerView {
    layer: String,
    zh: String,
    /// `green`, `red`, or `waiting` for what it needs.
    state: String,
    compared: u64,
    differences: Vec<DifferenceView>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Layers {
    layers: Vec<LayerView>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StandingView {
    member: String,
    balance_fen: i64,
    /// `good`, `alert`, `call` or `stop`.
    band: String,
    /// What it is asked to pay in.
    call_fen: i64,
    /// Clearing dates until it is under its stop line, as the last ones went.
    days_left: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Standings {
    items: Vec<StandingView>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let waits = "待复核 waits for a second person";
    api.post(
        "/settlement-dates",
        Spec::new("make_settlement_date", "生成结算日", "Make a settlement date", "settlement.operate")
            .takes::<SettleBody>(json!({ "date": "2026-09-02" }))
            .answers::<SettlementView>(),
        settle,
    )
    .post(
        "/bank-accounts",
        Spec::new("propose_bank_account", "经办银行账户", "Propose a bank account", "settlement.propose")
            .takes::<AccountBody>(json!({
                "role": "reserve", "member": "10002900", "number": "6222000010002900", "name": "上海公共交通卡",
                "bank": "102100099996"
            }))
            .answers_with::<Submitted>(202, waits),
        set_account,
    )
    .post(
        "/bank-queue/{id}/resolve",
        Spec::new("resolve_difference", "经办对账差异", "Propose to resolve a difference", "settlement.propose")
            .path_number("id", "队列编号 item")
            .takes::<ResolveBody>(json!({ "action": "accept", "note": "银行已更正" }))
            .answers_with::<Submitted>(202, waits),
        resolve,
    )
    .post(
        "/clearing-days/{date}/reconcile",
        Spec::new("reconcile", "逐层对账", "Compare the four layers of a date", "settlement.operate")
            .path("date", DATE, "清算日 clearing date", "2026-09-01")
            .answers::<Layers>(),
        layers,
    )
    .get(
        "/reserve-standings",
        Spec::new("reserve_standings", "备付金状况", "Where reserves stand", "settlement.read").answers::<Standings>(),
        stand,
    )
}

async fn settle(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<SettleBody>,
) -> Result<Json<SettlementView>, ApiError> {
    let on = match &body.date {
        Some(text) => date("date", text)?,
        None => app.clock().now().date(),
    };
    let calendar = tongka_member::bank_calendar(&app.db).await.map_err(book_told)?;
    let lines = tongka_member::reserves(&app.db).await.map_err(book_told)?;
    let made = instruct(&app.db, &calendar, on, &lines, &actor.login, app.clock()).await.map_err(told)?;
    app.bell.nudge.notify_waiters();
    Ok(Json(SettlementView {
        settlement_date: made.date.to_string(),
        first_clearing_date: made.clearing_dates.map(|(first, _)| first.to_string()),
        last_clearing_date: made.clearing_dates.map(|(_, last)| last.to_string()),
        instructions: made.instructions,
        held: made.held,
        carried: made.carried,
        pays_fen: made.pays.0,
        receives_fen: made.receives.0,
        fees_fen: made.fees.0,
    }))
}

type Answer = Result<(StatusCode, Json<Submitted>), ApiError>;

async fn set_account(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Body(body): Body<AccountBody>,
) -> Answer {
    let AccountBody { role, member, number, name, bank } = body;
    let payload = json!({ "role": role, "member": member, "number": number, "name": name, "bank": bank });
    let wanted = account::BankAccount::read(&payload).map_err(told)?;
    let approval = account::propose(&app.db, &actor, &wanted, Some(key.0), app.clock()).await.map_err(told)?;
    Ok((StatusCode::ACCEPTED, Json(Submitted { approval })))
}

async fn resolve(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Path(id): Path<i64>,
    Body(body): Body<ResolveBody>,
) -> Answer {
    let mut payload = json!({ "item": id, "action": body.action, "note": body.note });
    if let Some(other) = body.other {
        payload["other"] = json!(other);
    }
    let approval = queue::propose(&app.db, &actor, &payload, Some(key.0), app.clock()).await.map_err(told)?;
    Ok((StatusCode::ACCEPTED, Json(Submitted { approval })))
}

async fn layers(State(app): State<App>, Who(actor): Who, Path(text): Path<String>) -> Result<Json<Layers>, ApiError> {
    let on = date("date", &text)?;
    let mut layers = Vec::new();
    for layer in Layer::ALL {
        let name = |state: &str, compared, differences| LayerView {
            layer: layer.word().into(),
            zh: layer.name_zh().into(),
            state: state.into(),
            compared,
            differences,
        };
        let found = match reconcile(&app.db, on, layer, &actor.login, app.clock()).await {
            Ok(found) => found,
            // The bank's statement of the day is not there yet.
            Err(tongka_settlement::SettlementError::NotFound(_)) if layer == Layer::Bank => {
                layers.push(name("waiting", 0, Vec::new()));
                continue;
            }
            Err(error) => return Err(told(error)),
        };
        let difference = |pair: &tongka_settlement::Pair| DifferenceView {
            key: pair.key.clone(),
            member: pair.member.to_string(),
            what: pair.what.into(),
            ours: pair.ours,
            theirs: pair.theirs,
            difference: pair.ours - pair.theirs,
        };
        let state = if found.is_green() { "green" } else { "red" };
        layers.push(name(state, found.compared, found.differences.iter().map(difference).collect()));
    }
    Ok(Json(Layers { layers }))
}

async fn stand(State(app): State<App>, Who(actor): Who) -> Result<Json<Standings>, ApiError> {
    let mut lines = tongka_member::reserves(&app.db).await.map_err(book_told)?;
    let sees = |member: MemberCode| match actor.scope() {
        Scope::Platform => true,
        Scope::Member(own) => own == member,
        Scope::Tenant(_) => false,
    };
    lines.retain(|line| sees(line.member));
    let found = standings(&app.db, actor.scope(), &lines).await.map_err(told)?;
    let view = |standing: tongka_settlement::Standing| StandingView {
        member: standing.member.to_string(),
        balance_fen: standing.balance.0,
        band: standing.band.word().into(),
        call_fen: standing.call.0,
        days_left: standing.days_left,
    };
    Ok(Json(Standings { items: found.into_iter().map(view).collect() }))
}
