//! What-if (费率试算): closed dates priced again under proposed fee rules, as a background job. Nothing is booked.

use super::day::JobAnswer;
use crate::web::app::{App, date, engine};
use crate::web::config::Config;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::error::Error;
use tongka_base::{Date, RatePpm};
use tongka_engine::whatif;
use tongka_http::{Api, ApiError, Body, Spec, WebCode, Who};
use tongka_job::NewJob;
use tongka_member::change::FeeAdd;
use tongka_scheme::FeeRule;
use tongka_storage::{Db, Scope};
use utoipa::ToSchema;

/// Prices closed dates again.
pub(crate) const WHAT_IF: &str = "scheme.what-if";
/// Most dates of one job.
const MOST_DATES: usize = 366;
/// Most rules of one job.
const MOST_RULES: usize = 10_000;

/// A fee rule in the words of the scheme file.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeeBody {
    /// Eight digits, or `*` for any.
    acquirer: String,
    /// Eight digits, or `*` for any.
    issuer: String,
    /// Two digits, or `*` for any.
    industry: String,
    issuer_rate_ppm: u32,
    centre_rate_ppm: u32,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhatIfBody {
    /// Closed dates; those between the first and the last are priced too.
    clearing_dates: Vec<String>,
    /// All the rules that shall hold.
    fees: Vec<FeeBody>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    api.post(
        "/what-if",
        Spec::new("what_if", "费率试算", "Price closed dates under proposed rules", "member.simulate")
            .takes::<WhatIfBody>(json!({
                "clearing_dates": ["2026-09-01"],
                "fees": [{
                    "acquirer": "*", "issuer": "*", "industry": "*", "issuer_rate_ppm": 3000, "centre_rate_ppm": 500,
                    "from": "2020-01-01"
                }]
            }))
            .answers_with::<JobAnswer>(202, "已受理 accepted"),
        what_if,
    )
}

fn rules(fees: Value) -> Result<Vec<FeeRule>, serde_json::Error> {
    let fees: Vec<FeeAdd> = serde_json::from_value(fees)?;
    let rule = |fee: FeeAdd| FeeRule {
        acquirer: fee.acquirer,
        issuer: fee.issuer,
        industry: fee.industry,
        issuer_rate: RatePpm(fee.issuer_rate_ppm),
        centre_rate: RatePpm(fee.centre_rate_ppm),
        from: fee.from,
        to: fee.to,
    };
    Ok(fees.into_iter().map(rule).collect())
}

async fn what_if(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<WhatIfBody>,
) -> Result<(StatusCode, Json<JobAnswer>), ApiError> {
    let dates =
        body.clearing_dates.iter().map(|text| date("clearing_dates", text)).collect::<Result<Vec<Date>, _>>()?;
    let (Some(from), Some(to)) = (dates.iter().min(), dates.iter().max()) else {
        return Err(ApiError::field("clearing_dates", "至少一日 at least one"));
    };
    if dates.len() > MOST_DATES || (*to - *from).num_days() >= MOST_DATES as i64 {
        return Err(ApiError::field("clearing_dates", format!("至多 {MOST_DATES} 日 days at most")));
    }
    if body.fees.len() > MOST_RULES {
        return Err(ApiError::field("fees", format!("至多 {MOST_RULES} 条 rules at most")));
    }
    let fees = serde_json::to_value(&body.fees).map_err(|e| crate::web::app::unexpected(&e))?;
    let read = rules(fees.clone()).map_err(|e| ApiError::web(WebCode::Value, format!("fees: {e}")))?;
    let (_, scheme) = tongka_member::current(&app.db, &app.folders.data).await.map_err(super::member::told)?;
    whatif::check_rules(&scheme, &read)
        .map_err(|e| ApiError::coded(StatusCode::UNPROCESSABLE_ENTITY, &e.to_string()))?;
    whatif::check_dates(&app.db, *from, *to).await.map_err(engine)?;
    let payload = json!({ "from": from.to_string(), "to": to.to_string(), "fees": fees });
    let job = NewJob { kind: WHAT_IF, owner: Scope::Platform, dedupe_key: None, payload, created_by: &actor.login };
    let job = tongka_job::enqueue(&app.db, &job, app.clock()).await?;
    app.bell.nudge.notify_waiters();
    Ok((StatusCode::ACCEPTED, Json(JobAnswer { job })))
}

/// Does the job; the result says for every member what it would have received less what it would have paid.
pub(crate) async fn run(config: &Config, db: &Db, payload: &Value) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let day = |name: &str| {
        let text = payload[name].as_str().unwrap_or_default();
        tongka_base::date::parse_date_lenient(text).ok_or_else(|| format!("W02 日期无效 not a date: {text}"))
    };
    let fees = rules(payload["fees"].clone())?;
    let (_, scheme) = tongka_member::current(db, &config.data).await?;
    let past = whatif::load(db, day("from")?, day("to")?).await?;
    let result = whatif::reprice(&scheme, &fees, &past)?;
    let change = |change: whatif::Change| -> Result<Value, tongka_base::MoneyError> {
        Ok(json!({
            "before_fen": change.before.0, "after_fen": change.after.0, "difference_fen": change.difference()?.0,
        }))
    };
    let mut members = Vec::new();
    for (code, member) in &result.members {
        let mut row = change(member.position)?;
        row["member"] = code.to_string().into();
        row["name"] = scheme.member(*code).map_or("", |m| m.name.as_str()).into();
        row["fees_paid"] = change(member.fees_paid)?;
        row["fees_earned"] = change(member.fees_earned)?;
        members.push(row);
    }
    Ok(json!({
        "clearing_dates": result.dates.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "members": members,
        "centre": change(result.centre_fees)?,
    }))
}
