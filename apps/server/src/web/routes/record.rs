//! Searching records over the lake (记录查询), and statements (对账单).

use crate::web::app::{App, DATE, date, engine, exchange, unexpected};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tongka_base::{AppSerial, IssuerId, MemberCode, PsamNo, Verdict};
use tongka_exchange::search::{self, Cursor, Search};
use tongka_exchange::statement::{self, Paper};
use tongka_http::{Api, ApiError, Params, Spec, WebCode, Who};
use tongka_report::FontFile;
use tongka_storage::Scope;
use utoipa::ToSchema;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    from: Option<String>,
    to: Option<String>,
    card: Option<String>,
    issuer_id: Option<String>,
    psam: Option<String>,
    verdict: Option<String>,
    sender: Option<String>,
    issuer: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    items: Vec<Value>,
    next_cursor: Option<String>,
    /// Uploads that were opened for this page.
    uploads_read: u64,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let day = || json!({ "type": "string", "pattern": DATE });
    api.get(
        "/records",
        Spec::new("records", "记录查询", "Search records over the lake", "record.read")
            .query_schema("from", day(), "起始清算日，默认按卡或 PSAM 查 90 天、否则一天 first clearing date; 90 days for a card or a PSAM, else one, by default", json!("2026-09-01"))
            .query_schema("to", day(), "截止清算日，默认最新 last clearing date; the newest by default", json!("2026-09-30"))
            .query("card", "应用序列号 application serial, 20 hex digits", "03104290000000012345")
            .query("issuer_id", "发卡机构标识 issuer id, 16 hex digits", "02002900FFFFFFFF")
            .query("psam", "PSAM 终端机编号 PSAM number, 12 hex digits", "290000000001")
            .query("verdict", "判定 verdict: A R S D T", "S")
            .query("sender", "上送机构 sender", "10002900")
            .query("issuer", "发卡方成员 issuer's member", "10002900")
            .query_schema(
                "limit",
                json!({ "type": "integer", "minimum": 1, "maximum": 500 }),
                "条数 records",
                json!(50),
            )
            .query("cursor", "上一页给出的游标 as the page before said", "")
            .answers::<Found>(),
        records,
    )
    .get(
        "/statements/{date}/{file}",
        Spec::new("statement", "对账单", "The statement of a member for a date", "position.read")
            .path("date", DATE, "清算日期 clearing date", "2026-09-01")
            .path("file", "^[0-9]{8}\\.(pdf|xlsx)$", "机构代码加 .pdf 或 .xlsx member and type", "10002900.pdf")
            .answers_file("*/*"),
        statements,
    )
}

/// Reads a value of the query with its own type's reader.
fn read<T>(name: &str, text: Option<&String>, reader: impl Fn(&[u8]) -> Option<T>) -> Result<Option<T>, ApiError> {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(None) };
    reader(text.as_bytes()).map(Some).ok_or_else(|| ApiError::field(name, "格式不合规 malformed"))
}

/// Stops a search whose caller has gone.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

async fn records(
    State(app): State<App>,
    Who(actor): Who,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Found>, ApiError> {
    let limit = wanted.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(ApiError::field("limit", "1 to 500"));
    }
    let days = tongka_engine::day::days(&app.db).await.map_err(engine)?;
    let newest = days.last().map_or_else(|| app.clock().now().date(), |day| day.date);
    let to = wanted.to.as_deref().map_or(Ok(newest), |text| date("to", text))?;
    // A card's or a terminal's history is of ninety days; anything else of one.
    let history = wanted.card.is_some() || wanted.psam.is_some();
    let first = if history { to - chrono::TimeDelta::days(89) } else { to };
    let mut search = Search::over(wanted.from.as_deref().map_or(Ok(first), |text| date("from", text))?, to);
    search.card = read("card", wanted.card.as_ref(), AppSerial::parse)?;
    search.issuer_id = read("issuer_id", wanted.issuer_id.as_ref(), IssuerId::parse)?;
    search.psam = read("psam", wanted.psam.as_ref(), PsamNo::parse)?;
    search.sender = read("sender", wanted.sender.as_ref(), MemberCode::parse)?;
    search.issuer = read("issuer", wanted.issuer.as_ref(), MemberCode::parse)?;
    let verdict = |text: &[u8]| Verdict::ALL.into_iter().find(|v| text == [v.letter()]);
    search.verdicts = read("verdict", wanted.verdict.as_ref(), verdict)?.into_iter().collect();
    let cursor = wanted.cursor.as_deref().filter(|c| !c.is_empty()).map(Cursor::parse).transpose().map_err(exchange)?;
    // Whoever may see whole card numbers holds a permission of its own.
    let unmasked = actor.may("cards.unmask");
    let plan = search::plan(&app.db, &app.folders, actor.scope(), &search, unmasked).await.map_err(exchange)?;
    let cancel = Arc::new(AtomicBool::new(false));
    let stop = Stop(cancel.clone());
    let page = tokio::task::spawn_blocking(move || plan.page(limit, cursor, &cancel)).await;
    drop(stop);
    let page = page.map_err(|e| unexpected(&e))?.map_err(exchange)?;
    Ok(Json(Found {
        items: page.records.iter().map(|r| r.json()).collect(),
        next_cursor: page.next.map(|c| c.to_string()),
        uploads_read: page.uploads_read,
    }))
}

async fn statements(
    State(app): State<App>,
    Who(actor): Who,
    Path((day, file)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let day = date("date", &day)?;
    let missing = || ApiError::not_found(format!("statement {file}"));
    let (member, kind) = file.split_once('.').ok_or_else(missing)?;
    let member = MemberCode::parse(member.as_bytes()).ok_or_else(missing)?;
    if !["pdf", "xlsx"].contains(&kind) {
        return Err(missing());
    }
    if let Scope::Member(own) = actor.scope()
        && own != member
    {
        return Err(missing());
    }
    let folders = &app.folders;
    let made = statement::statement(&app.db, folders, actor.scope(), day, member, &actor.login, app.clock()).await;
    let made = made.map_err(exchange)?;
    let name = format!("{}.{kind}", made.file_name());
    super::day::audited(&app, &actor, "statement.download", &name).await?;
    let fonts = app.config.report.fonts.first().cloned();
    let is_pdf = kind == "pdf";
    let bytes = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, tongka_report::ReportError> {
        if is_pdf {
            let font = FontFile::find(fonts.as_deref())?;
            return made.pdf(&Paper { issuer: "通卡清算中心 Tongka Clearing Centre", font: &font });
        }
        let mut bytes = std::io::Cursor::new(Vec::new());
        made.xlsx(&mut bytes, None)?;
        Ok(bytes.into_inner())
    });
    let bytes = bytes.await.map_err(|e| unexpected(&e))?.map_err(|error| {
        tracing::error!(%error, "statement");
        let text = error.to_string();
        match text.starts_with("R01") {
            true => ApiError::coded(axum::http::StatusCode::SERVICE_UNAVAILABLE, &text),
            false => ApiError::web(WebCode::Internal, ""),
        }
    })?;
    let kind =
        if is_pdf { "application/pdf" } else { "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" };
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition.map_err(|e| unexpected(&e))?);
    Ok(response)
}
