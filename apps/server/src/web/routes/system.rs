//! The system itself: health for people, the audit chain, events, the global search.

use crate::web::app::{App, rfc3339, unexpected};
use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tongka_base::date::format_date_time;
use tongka_http::{Api, ApiError, Params, Spec, Who};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct SystemView {
    version: String,
    database: String,
    node: String,
    clock: String,
    roles: Vec<String>,
    automatic: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AuditFault {
    sequence: i64,
    what: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AuditView {
    ok: bool,
    entries: i64,
    head: String,
    first_bad: Option<i64>,
    faults: Vec<AuditFault>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MemberName {
    code: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MemberNames {
    items: Vec<MemberName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchQuery {
    q: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Hit {
    /// member, file, day or card.
    kind: String,
    label: String,
    path: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Hits {
    items: Vec<Hit>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    api.get("/system", Spec::new("system", "系统", "The system", "system.read").answers::<SystemView>(), system)
        .post(
            "/audit/verify",
            Spec::new("verify_audit", "校验审计链", "Verify the audit chain", "audit.verify")
                .repeatable()
                .answers::<AuditView>(),
            verify,
        )
        .get(
            "/member-names",
            Spec::logged_in("member_names", "成员名称", "Names of the members, for every page that shows a code")
                .answers::<MemberNames>(),
            member_names,
        )
        .get(
            "/events",
            Spec::logged_in("events", "实时事件", "Live events (server-sent)")
                .answers_file("text/event-stream")
                .endless(),
            events,
        )
        .get(
            "/search",
            Spec::logged_in("search", "全局搜索", "Search everywhere")
                .query_schema(
                    "q",
                    json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
                    "文字 text",
                    json!("上海"),
                )
                .answers::<Hits>(),
            search,
        )
}

async fn system(State(app): State<App>) -> Json<SystemView> {
    Json(SystemView {
        version: env!("CARGO_PKG_VERSION").into(),
        database: app.db.kind().name().into(),
        node: crate::web::worker::node(),
        clock: rfc3339(&format_date_time(app.clock().now())),
        roles: app.config.roles.iter().map(|r| format!("{r:?}")).collect(),
        automatic: app.config.clearing.automatic,
    })
}

async fn verify(State(app): State<App>) -> Result<Json<AuditView>, ApiError> {
    let found = tongka_audit::verify(&app.db, None).await.map_err(|e| unexpected(&e))?;
    Ok(Json(AuditView {
        ok: found.faults.is_empty(),
        entries: found.entries,
        head: found.head,
        first_bad: found.faults.first().map(|f| f.0),
        faults: found.faults.iter().map(|f| AuditFault { sequence: f.0, what: f.1.into() }).collect(),
    }))
}

async fn member_names(State(app): State<App>) -> Result<Json<MemberNames>, ApiError> {
    let names = tongka_member::names(&app.db).await.map_err(super::member::told)?;
    let name = |(code, name): (tongka_base::MemberCode, String)| MemberName { code: code.to_string(), name };
    Ok(Json(MemberNames { items: names.into_iter().map(name).collect() }))
}

async fn events(State(app): State<App>) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>>> {
    let listener = app.hub.listen();
    let bell = app.bell.clone();
    let stream = futures_util::stream::unfold((listener, bell), |(mut listener, bell)| async move {
        loop {
            if bell.stopped() {
                return None;
            }
            match tokio::time::timeout(Duration::from_secs(1), listener.recv()).await {
                Err(_) => {}
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Err(RecvError::Lagged(_))) => {
                    return Some((Ok(Event::default().event("day").data("{}")), (listener, bell)));
                }
                Ok(Ok(event)) => {
                    let data = json!({ "number": event.number }).to_string();
                    return Some((Ok(Event::default().event(event.kind).data(data)), (listener, bell)));
                }
            }
        }
    });
    // Something at once, so that a page knows that it is connected.
    let hello = futures_util::stream::once(async { Ok(Event::default().comment("ok")) });
    Sse::new(hello.chain(stream)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

async fn search(
    State(app): State<App>,
    Who(actor): Who,
    Params(query): Params<SearchQuery>,
) -> Result<Json<Hits>, ApiError> {
    let text = query.q.trim();
    if text.is_empty() || text.chars().count() > 64 {
        return Err(ApiError::field("q", "1 to 64 characters"));
    }
    let mut items = Vec::new();
    let days = tongka_engine::day::days(&app.db).await.map_err(crate::web::app::engine)?;
    if actor.require("day.read").is_ok() {
        for day in days.iter().rev().filter(|d| d.date.to_string().contains(text)).take(5) {
            let date = day.date.to_string();
            items.push(Hit { kind: "day".into(), path: format!("/days/{date}"), label: date });
        }
    }
    if actor.require("file.read").is_ok() && text.len() >= 3 {
        let names = tongka_exchange::store::names_like(&app.db, actor.scope(), text, 8);
        for name in names.await.map_err(crate::web::app::exchange)? {
            items.push(Hit { kind: "file".into(), path: format!("/uploads/{name}"), label: name });
        }
    }
    if actor.require("member.read").is_ok()
        && let Some(scheme) = days.last().and_then(|d| app.scheme(&d.scheme_digest))
    {
        let fits = |m: &&tongka_scheme::Member| m.name.contains(text) || m.code.to_string().contains(text);
        for member in scheme.members.iter().filter(fits).take(8) {
            let code = member.code.to_string();
            let label = format!("{code} {}", member.name);
            items.push(Hit { kind: "member".into(), path: format!("/members/{code}"), label });
        }
    }
    let digits = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if digits && actor.require("record.read").is_ok() {
        items.push(Hit {
            kind: "card".into(),
            label: format!("卡 card …{}", &text[text.len() - 4..]),
            path: format!("/records?card={text}"),
        });
    }
    Ok(Json(Hits { items }))
}
