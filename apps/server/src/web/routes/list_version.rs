//! Versioned lists (名单与参数) on the web: publishing by two people, and who answers for a listed card that was taken.

use super::approval::Submitted;
use super::member::told as book_told;
use crate::web::app::{App, rfc3339};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tongka_base::date::{DateTime, format_date_time};
use tongka_base::{AppSerial, CardScheme, IssuerId, MemberCode};
use tongka_http::{Api, ApiError, Body, Params, RequestKey, Spec, Who};
use tongka_lists::{Liability, ListError, ListName, Wish, liability, propose};
use tongka_storage::Scope;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishBody {
    /// `BLF`, `WHT`, `ISS`, `PSM`, `PAR` or `FEE`.
    list: String,
    /// From when terminals work with it, RFC 3339; at once when absent.
    effective_at: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    acquirer: String,
    scheme: String,
    issuer_id: String,
    serial: String,
    at: String,
}

/// Who answers for a card that was taken though it was listed.
#[derive(Serialize, ToSchema)]
pub(crate) struct LiabilityView {
    /// Whether the card was listed then.
    listed: bool,
    /// `acquirer` or `issuer`.
    liable: Option<String>,
    zh: String,
    en: String,
    /// First version of the blacklist with the card.
    version: Option<i64>,
    effective_at: Option<String>,
    offered_at: Option<String>,
    applied_at: Option<String>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    api.post(
        "/list-publications",
        Spec::new("publish_list", "经办名单发布", "Propose to publish a list", "lists.propose")
            .takes::<PublishBody>(json!({ "list": "BLF", "effective_at": "2026-12-01T04:00:00+08:00", "note": "日更" }))
            .answers_with::<Submitted>(202, "待复核 waits for a second person"),
        publish,
    )
    .get(
        "/blacklist-liability",
        Spec::new("blacklist_liability", "黑名单责任认定", "Who answers for a listed card", "lists.read")
            .query_schema("acquirer", text("^[0-9]{8}$"), "收单方 acquirer", json!("10002900"))
            .query_schema("scheme", text("^[TM]$"), "卡体系 card scheme", json!("T"))
            .query_schema("issuer_id", text("^[0-9A-F]{16}$"), "发卡机构标识 issuer id", json!("02002900FFFFFFFF"))
            .query_schema("serial", text("^[0-9A-F]{20}$"), "应用序列号 serial", json!("00000000090002030000"))
            .query("at", "交易时间 time of the transaction, YYYYMMDDHHMMSS", "20260901120000")
            .answers::<LiabilityView>(),
        liable,
    )
}

fn told(error: ListError) -> ApiError {
    let status = match &error {
        ListError::Waiting(_) | ListError::Unchanged(_) => StatusCode::CONFLICT,
        ListError::Damaged(_) | ListError::Io(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    match error {
        ListError::Storage(error) => error.into(),
        ListError::Access(error) => error.into(),
        other => ApiError::coded(status, &other.to_string()),
    }
}

/// RFC 3339 or `YYYYMMDDHHMMSS`, as Asia/Shanghai.
fn moment(field: &str, text: &str) -> Result<DateTime, ApiError> {
    let plain = DateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok();
    let read = plain.or_else(|| {
        let with_zone = chrono::DateTime::parse_from_rfc3339(text).ok()?;
        Some(with_zone.naive_utc() + chrono::TimeDelta::hours(8))
    });
    read.ok_or_else(|| ApiError::field(field, "时间 YYYY-MM-DDTHH:MM:SS+08:00"))
}

async fn publish(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Body(body): Body<PublishBody>,
) -> Result<(StatusCode, Json<Submitted>), ApiError> {
    let list = ListName::parse(&body.list).ok_or_else(|| ApiError::field("list", "BLF WHT ISS PSM PAR FEE"))?;
    let effective_at = match &body.effective_at {
        Some(text) => moment("effective_at", text)?,
        None => app.clock().now(),
    };
    let wish = Wish { list, effective_at: format_date_time(effective_at), note: body.note.unwrap_or_default() };
    let approval = propose(&app.db, &actor, &wish, Some(key.0), app.clock()).await.map_err(told)?;
    Ok((StatusCode::ACCEPTED, Json(Submitted { approval })))
}

async fn liable(
    State(app): State<App>,
    Who(actor): Who,
    Params(query): Params<Taken>,
) -> Result<Json<LiabilityView>, ApiError> {
    let acquirer = MemberCode::parse(query.acquirer.as_bytes());
    let acquirer = acquirer.ok_or_else(|| ApiError::field("acquirer", "八位成员代码 8 digits"))?;
    let letter = query.scheme.as_bytes().first().copied().filter(|_| query.scheme.len() == 1);
    let scheme = letter.and_then(CardScheme::from_letter).ok_or_else(|| ApiError::field("scheme", "T, M"))?;
    let issuer_id = IssuerId::parse(query.issuer_id.as_bytes());
    let issuer_id = issuer_id.ok_or_else(|| ApiError::field("issuer_id", "16 hex digits"))?;
    let serial = AppSerial::parse(query.serial.as_bytes()).ok_or_else(|| ApiError::field("serial", "20 hex digits"))?;
    // A member asks about its own terminals; another acquirer's lists are none of its business.
    if matches!(actor.scope(), Scope::Member(member) if member != acquirer) || matches!(actor.scope(), Scope::Tenant(_))
    {
        return Err(ApiError::not_found(format!("acquirer {acquirer}")));
    }
    let card = (scheme, issuer_id, serial);
    Ok(Json(judge(&app, acquirer, card, moment("at", &query.at)?).await?))
}

/// Who answers for a card at a terminal of an acquirer at a moment.
pub(crate) async fn judge(
    app: &App,
    acquirer: MemberCode,
    card: (CardScheme, IssuerId, AppSerial),
    at: DateTime,
) -> Result<LiabilityView, ApiError> {
    let Some(since) = tongka_member::listed_since(&app.db, card, at).await.map_err(book_told)? else {
        return Ok(LiabilityView {
            listed: false,
            liable: None,
            zh: "交易时该卡不在黑名单".into(),
            en: "the card was not listed then".into(),
            version: None,
            effective_at: None,
            offered_at: None,
            applied_at: None,
        });
    };
    let rules = tongka_member::rules(&app.db).await.map_err(book_told)?;
    let grace = rules.map_or(0, |rules| rules.blacklist_grace_hours);
    let found: Liability = liability(&app.db, acquirer, since, at, grace).await.map_err(told)?;
    let time = |text: Option<String>| text.map(|text| rfc3339(&text));
    Ok(LiabilityView {
        listed: true,
        liable: Some(found.liable.word().into()),
        zh: found.zh.into(),
        en: found.en.into(),
        version: found.version,
        effective_at: time(found.effective_at),
        offered_at: time(found.offered_at),
        applied_at: time(found.applied_at),
    })
}
