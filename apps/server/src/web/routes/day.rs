//! Clearing dates: the overview, a date, opening, cutting, proving, flows.

use crate::web::app::{App, DATE, date, engine, exchange, rfc3339};
use crate::web::schemes;
use crate::web::worker::{self, CUT, OPEN};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tongka_base::{Date, Fen, MemberCode, Reason, Verdict};
use tongka_engine::day::{self, DayState, Step};
use tongka_exchange::overview::{self, Overview, TrendPoint};
use tongka_http::{Api, ApiError, Body, Spec, WebCode, Who};
use tongka_job::NewJob;
use tongka_listing::Query;
use tongka_scheme::Scheme;
use tongka_storage::Scope;
use utoipa::ToSchema;

/// Proves a closed date from its raw files.
pub(crate) const PROVE: &str = "day.prove";

#[derive(Serialize, ToSchema)]
pub(crate) struct StepView {
    step: String,
    zh: String,
    en: String,
    /// done, running, waiting or failed.
    state: String,
    done_at: Option<String>,
    detail: Option<String>,
    input_digest: Option<String>,
    output_digest: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FilesView {
    /// Files that should come: of the expected ones, or one of each member that takes part.
    expected: u64,
    /// Those of them that came and were accepted.
    arrived: u64,
    /// Everything that came.
    received: u64,
    accepted: u64,
    refused: u64,
    waiting: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct VerdictView {
    reason: String,
    verdict: String,
    zh: String,
    en: String,
    count: u64,
    amount_fen: i64,
}

impl VerdictView {
    pub(crate) fn new(reason: Reason, count: u64, amount: Fen) -> Self {
        Self {
            reason: reason.to_string(),
            verdict: reason.verdict().to_string(),
            zh: reason.text_zh().into(),
            en: reason.text_en().into(),
            count,
            amount_fen: amount.0,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PositionsView {
    receivers: u64,
    payers: u64,
    receivable_fen: i64,
    payable_fen: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DayView {
    clearing_date: String,
    state: String,
    opened_at: String,
    cut_at: Option<String>,
    closed_at: Option<String>,
    steps: Vec<StepView>,
    files: FilesView,
    records: u64,
    amount_fen: i64,
    verdicts: Vec<VerdictView>,
    centre_fees_fen: Option<i64>,
    positions: Option<PositionsView>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReserveView {
    member: String,
    name: String,
    balance_fen: i64,
    target_fen: i64,
    warning_fen: i64,
    stop_fen: i64,
    /// ok, warning or stop.
    level: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TrendView {
    clearing_date: String,
    records: u64,
    amount_fen: i64,
    accepted: u64,
    rejected: u64,
    suspicious: u64,
    duplicate: u64,
    test: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MissingView {
    member: String,
    name: String,
    expected_by: String,
    late_minutes: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TodoView {
    approvals: u64,
    suspicious: u64,
    failed_jobs: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Dashboard {
    clock: String,
    open_day: Option<DayView>,
    last_closed: Option<DayView>,
    reserves: Vec<ReserveView>,
    trend: Vec<TrendView>,
    missing_files: Vec<MissingView>,
    todo: TodoView,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct JobAnswer {
    pub(crate) job: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenBody {
    /// The day after the last one when absent.
    date: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProofView {
    clearing_date: String,
    /// none, running, done or failed.
    state: String,
    job: Option<i64>,
    proved_at: Option<String>,
    uploads: u64,
    lake_records: u64,
    raw_records: u64,
    result_files: u64,
    imbalance_fen: i64,
    differences: Vec<String>,
    error: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FlowMember {
    code: String,
    name: String,
    lon: Option<f64>,
    lat: Option<f64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FlowView {
    acquirer: String,
    issuer: String,
    count: u64,
    gross_fen: i64,
    issuer_fee_fen: Option<i64>,
    centre_fee_fen: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Flows {
    members: Vec<FlowMember>,
    flows: Vec<FlowView>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let dated = |spec: Spec| spec.path("date", DATE, "清算日期 clearing date", "2026-09-01");
    let job = |spec: Spec| dated(spec).answers_with::<JobAnswer>(202, "已受理 accepted");
    api.get(
        "/dashboard",
        Spec::new("dashboard", "总览", "The open date at a glance", "dashboard.read").answers::<Dashboard>(),
        dashboard,
    )
    .post(
        "/clearing-days",
        Spec::new("open_day", "开日", "Open a clearing date", "day.operate")
            .takes::<OpenBody>(json!({ "date": "2026-09-02" }))
            .answers_with::<JobAnswer>(202, "已受理 accepted"),
        open_day,
    )
    .get(
        "/clearing-days/{date}",
        dated(Spec::new("clearing_day", "清算日", "A clearing date", "day.read")).answers::<DayView>(),
        clearing_day,
    )
    .post("/clearing-days/{date}/cut", job(Spec::new("cut_day", "日切", "Cut and finish", "day.operate")), cut_day)
    .post(
        "/clearing-days/{date}/resume",
        job(Spec::new("resume_day", "续办", "Go on from the step that failed", "day.operate")),
        cut_day,
    )
    .post("/clearing-days/{date}/prove", job(Spec::new("prove_day", "重新证明", "Prove again", "day.prove")), prove_day)
    .get(
        "/clearing-days/{date}/proof",
        dated(Spec::new("proof", "证明结果", "The last proof", "day.read")).answers::<ProofView>(),
        proof,
    )
    .get(
        "/clearing-days/{date}/flows",
        dated(Spec::new("flows", "城市间流量", "Flows between members", "day.read")).answers::<Flows>(),
        flows,
    )
}

fn verdict_views(verdicts: &[(Reason, overview::Tally)]) -> Vec<VerdictView> {
    verdicts.iter().map(|(reason, tally)| VerdictView::new(*reason, tally.count, tally.amount)).collect()
}

/// How the newest job that works on a date stands, for the step it stands at.
async fn working(app: &App, date: Date) -> Result<Option<tongka_job::JobState>, ApiError> {
    let text = date.to_string();
    let job = tongka_job::newest(&app.db, CUT, &text).await?;
    Ok(job.map(|job| job.state))
}

async fn day_view(
    app: &App,
    scope: Scope,
    overview: Overview,
    expected: &schemes::Expected,
) -> Result<DayView, ApiError> {
    let date = overview.day.date;
    let next = overview.next_step();
    let job = if overview.day.state == DayState::Open { working(app, date).await? } else { None };
    let (files, records) = (&overview.files, overview.records.count);
    let taken_in = format!(
        "接受 accepted {}，拒收 refused {}，等候 waiting {}，记录 records {records}",
        files.accepted, files.refused, files.waiting
    );
    let steps = Step::ALL
        .into_iter()
        .map(|step| {
            let done = overview.steps.get(step.name());
            let state = match (done, job) {
                (Some(_), _) => "done",
                (None, _) if Some(step) != next => "waiting",
                (None, Some(tongka_job::JobState::Failed)) => "failed",
                (None, Some(tongka_job::JobState::Running)) => "running",
                (None, _) if step == Step::Intake => "running",
                _ => "waiting",
            };
            StepView {
                step: step.name().into(),
                zh: step.name_zh().into(),
                en: step.name().into(),
                state: state.into(),
                done_at: done.map(|d| rfc3339(&d.done_at)),
                // What a step notes is for the centre: it counts all members.
                detail: done.filter(|_| scope == Scope::Platform).map(|d| match step {
                    Step::Intake => taken_in.clone(),
                    _ => d.detail.clone(),
                }),
                input_digest: done.map(|d| d.input_digest.clone()),
                output_digest: done.map(|d| d.output_digest.clone()),
            }
        })
        .collect();
    let positions = day::positions(&app.db, scope, date).await.map_err(engine)?;
    let nets = positions.iter().map(|p| p.position.net()).collect::<Result<Vec<_>, _>>();
    let nets = nets.map_err(|e| crate::web::app::unexpected(&e))?;
    let money = overview.money.map(|(receivable, payable)| PositionsView {
        receivers: nets.iter().filter(|n| n.0 > 0).count() as u64,
        payers: nets.iter().filter(|n| n.0 < 0).count() as u64,
        receivable_fen: receivable.0,
        payable_fen: payable.0,
    });
    let files = overview.files;
    Ok(DayView {
        clearing_date: date.to_string(),
        state: if overview.day.state == DayState::Closed { "closed" } else { "open" }.into(),
        opened_at: rfc3339(&overview.day.opened_at),
        cut_at: overview.steps.get(Step::Cut.name()).map(|s| rfc3339(&s.done_at)),
        closed_at: overview.day.closed_at.as_deref().map(rfc3339),
        steps,
        files: FilesView {
            expected: expected.expected,
            arrived: expected.arrived,
            received: files.accepted + files.refused + files.waiting,
            accepted: files.accepted,
            refused: files.refused,
            waiting: files.waiting,
        },
        records: overview.records.count,
        amount_fen: overview.records.amount.0,
        verdicts: verdict_views(&overview.verdicts),
        centre_fees_fen: overview.day.centre_fees.filter(|_| scope == Scope::Platform).map(|f| f.0),
        positions: money,
    })
}

pub(crate) async fn trend(app: &App, scope: Scope, days: &[day::Day]) -> Result<Vec<TrendPoint>, ApiError> {
    const SHOWN: usize = 30;
    let shown = &days[days.len().saturating_sub(SHOWN)..];
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return Ok(Vec::new()) };
    if scope != Scope::Platform {
        return overview::trend(&app.db, scope, first.date, last.date).await.map_err(exchange);
    }
    let known = app.trend.lock().expect("nothing panics while it holds the lock").clone();
    let from = shown.iter().find(|d| !known.contains_key(&d.date)).map(|d| d.date);
    let mut points: BTreeMap<Date, TrendPoint> = known.into_iter().filter(|(date, _)| *date >= first.date).collect();
    if let Some(from) = from {
        for point in overview::trend(&app.db, scope, from, last.date).await.map_err(exchange)? {
            points.insert(point.date, point);
        }
        let closed: BTreeSet<Date> = shown.iter().filter(|d| d.state == DayState::Closed).map(|d| d.date).collect();
        let keep = points.iter().filter(|(date, _)| closed.contains(date)).map(|(d, p)| (*d, p.clone())).collect();
        *app.trend.lock().expect("nothing panics while it holds the lock") = keep;
    }
    Ok(points.into_values().collect())
}

fn trend_view(point: &TrendPoint) -> TrendView {
    let of = |verdict: Verdict| point.verdicts[verdict as usize].count;
    TrendView {
        clearing_date: point.date.to_string(),
        records: point.verdicts.iter().map(|t| t.count).sum(),
        amount_fen: point.verdicts.iter().map(|t| t.amount.0).sum(),
        accepted: of(Verdict::Accepted),
        rejected: of(Verdict::Rejected),
        suspicious: of(Verdict::Suspicious),
        duplicate: of(Verdict::Duplicate),
        test: of(Verdict::Test),
    }
}

async fn dashboard(State(app): State<App>, Who(actor): Who) -> Result<Json<Dashboard>, ApiError> {
    let scope = actor.scope();
    let days = day::days(&app.db).await.map_err(engine)?;
    let now = app.clock().now();
    let view = async |day: Option<&day::Day>| -> Result<(Option<DayView>, Vec<schemes::Missing>), ApiError> {
        let Some(day) = day else { return Ok((None, Vec::new())) };
        let expected = schemes::expected(&app, scope, day).await?;
        let overview = overview::overview(&app.db, scope, day.date).await.map_err(exchange)?;
        let view = match overview {
            Some(overview) => Some(day_view(&app, scope, overview, &expected).await?),
            None => None,
        };
        Ok((view, expected.missing))
    };
    let open = days.iter().find(|d| d.state == DayState::Open);
    let closed = days.iter().rfind(|d| d.state == DayState::Closed);
    let current = open.or(closed).and_then(|d| app.scheme(&d.scheme_digest));
    let (open_day, missing) = view(open).await?;
    let name =
        |code: MemberCode| current.as_ref().and_then(|s| s.member(code)).map_or(String::new(), |m| m.name.clone());
    Ok(Json(Dashboard {
        clock: rfc3339(&tongka_base::date::format_date_time(now)),
        open_day,
        last_closed: view(closed).await?.0,
        reserves: reserves(&app, scope, current.as_deref()).await?,
        trend: trend(&app, scope, &days).await?.iter().map(trend_view).collect(),
        missing_files: missing
            .into_iter()
            .map(|m| MissingView {
                name: name(m.member),
                member: m.member.to_string(),
                expected_by: rfc3339(&tongka_base::date::format_date_time(m.by)),
                late_minutes: (now - m.by).num_minutes(),
            })
            .collect(),
        todo: todo(&app, &actor).await?,
    }))
}

async fn reserves(app: &App, scope: Scope, scheme: Option<&Scheme>) -> Result<Vec<ReserveView>, ApiError> {
    let Some(scheme) = scheme else { return Ok(Vec::new()) };
    let accounts = tongka_ledger::accounts(&app.db, scope).await.map_err(|e| crate::web::app::unexpected(&e))?;
    let mut views = Vec::new();
    for lines in &scheme.reserves {
        let code = tongka_engine::posting::reserve_account(lines.member);
        let Some(account) = accounts.iter().find(|a| a.code == code) else { continue };
        let balance = account.balance().map_err(|e| crate::web::app::unexpected(&e))?;
        let level = if balance < lines.stop_fen {
            "stop"
        } else if balance < lines.warning_fen {
            "warning"
        } else {
            "ok"
        };
        views.push(ReserveView {
            member: lines.member.to_string(),
            name: scheme.member(lines.member).map_or(String::new(), |m| m.name.clone()),
            balance_fen: balance.0,
            target_fen: lines.target_fen.0,
            warning_fen: lines.warning_fen.0,
            stop_fen: lines.stop_fen.0,
            level: level.into(),
        });
    }
    Ok(views)
}

/// How many rows of lists wait for the caller; nothing of a list that the caller may not read.
async fn todo(app: &App, actor: &tongka_access::Actor) -> Result<TodoView, ApiError> {
    let count = async |list: &'static tongka_listing::ListSpec, filters: &[(&str, &str)]| -> Result<u64, ApiError> {
        if actor.require(list.permission).is_err() || !list.visible(actor.scope()) {
            return Ok(0);
        }
        let query = Query::read(list, filters)?;
        Ok(tongka_listing::page(&app.db, actor.scope(), list, &query).await?.total)
    };
    Ok(TodoView {
        approvals: count(&tongka_access::APPROVALS, &[("state", "open"), ("limit", "1")]).await?,
        suspicious: count(&tongka_dispute::SUSPICIOUS, &[("state", "open"), ("limit", "1")]).await?,
        failed_jobs: count(&tongka_job::JOBS, &[("state", "failed"), ("limit", "1")]).await?,
    })
}

async fn find(app: &App, scope: Scope, text: &str) -> Result<Overview, ApiError> {
    let date = date("date", text)?;
    let found = overview::overview(&app.db, scope, date).await.map_err(exchange)?;
    found.ok_or_else(|| ApiError::not_found(format!("clearing date {date}")))
}

async fn clearing_day(
    State(app): State<App>,
    Who(actor): Who,
    Path(date): Path<String>,
) -> Result<Json<DayView>, ApiError> {
    let scope = actor.scope();
    let overview = find(&app, scope, &date).await?;
    let expected = schemes::expected(&app, scope, &overview.day).await?;
    Ok(Json(day_view(&app, scope, overview, &expected).await?))
}

type Accepted = (StatusCode, Json<JobAnswer>);

async fn open_day(State(app): State<App>, Who(actor): Who, Body(body): Body<OpenBody>) -> Result<Accepted, ApiError> {
    let days = day::days(&app.db).await.map_err(engine)?;
    if let Some(open) = days.iter().find(|d| d.state == DayState::Open) {
        return Err(ApiError::web(WebCode::Conflict, format!("清算日 {0} 尚未关账 {0} is still open", open.date)));
    }
    let last = days.last().map(|d| d.date);
    let date = match (&body.date, last) {
        (Some(text), _) => date("date", text)?,
        (None, Some(last)) => last.succ_opt().ok_or_else(|| ApiError::field("date", "out of range"))?,
        (None, None) => app.clock().now().date(),
    };
    if last.is_some_and(|last| date <= last) {
        return Err(ApiError::field("date", "须晚于最后清算日 later than the last clearing date"));
    }
    audited(&app, &actor, "day.open", &date.to_string()).await?;
    let job = worker::ask(&app.db, OPEN, date, &actor.login).await?;
    app.bell.nudge.notify_waiters();
    Ok((StatusCode::ACCEPTED, Json(JobAnswer { job })))
}

/// Cut and resume are one: the date runs from the step where it stands.
async fn cut_day(State(app): State<App>, Who(actor): Who, Path(date): Path<String>) -> Result<Accepted, ApiError> {
    let overview = find(&app, actor.scope(), &date).await?;
    if overview.day.state == DayState::Closed {
        return Err(ApiError::web(WebCode::Conflict, "该清算日已关账 the clearing date is closed"));
    }
    audited(&app, &actor, "day.cut", &overview.day.date.to_string()).await?;
    let job = worker::ask(&app.db, CUT, overview.day.date, &actor.login).await?;
    app.bell.nudge.notify_waiters();
    Ok((StatusCode::ACCEPTED, Json(JobAnswer { job })))
}

async fn prove_day(State(app): State<App>, Who(actor): Who, Path(date): Path<String>) -> Result<Accepted, ApiError> {
    let overview = find(&app, actor.scope(), &date).await?;
    if overview.day.state != DayState::Closed {
        return Err(ApiError::web(WebCode::Conflict, "该清算日尚未关账 the clearing date is not closed"));
    }
    let text = overview.day.date.to_string();
    audited(&app, &actor, PROVE, &text).await?;
    let job = NewJob {
        kind: PROVE,
        owner: Scope::Platform,
        dedupe_key: Some(&text),
        payload: json!({ "clearing_date": text }),
        created_by: &actor.login,
    };
    let job = tongka_job::enqueue(&app.db, &job, app.clock()).await?;
    app.bell.nudge.notify_waiters();
    Ok((StatusCode::ACCEPTED, Json(JobAnswer { job })))
}

async fn proof(State(app): State<App>, Who(actor): Who, Path(date): Path<String>) -> Result<Json<ProofView>, ApiError> {
    use tongka_job::JobState as J;
    let overview = find(&app, actor.scope(), &date).await?;
    let clearing_date = overview.day.date.to_string();
    let job = tongka_job::newest(&app.db, PROVE, &clearing_date).await?;
    let state = match job.as_ref().map(|j| j.state) {
        None | Some(J::Cancelled) => "none",
        Some(J::Queued | J::Running) => "running",
        Some(J::Done) => "done",
        Some(J::Failed) => "failed",
    };
    let result = job.as_ref().map(|j| j.result.clone()).unwrap_or_default();
    let number = |name: &str| result[name].as_u64().unwrap_or_default();
    let is_centre = actor.scope() == Scope::Platform;
    let differences = result["differences"]
        .as_array()
        .map(|all| all.iter().filter_map(|d| d.as_str().map(str::to_owned)).filter(|_| is_centre).collect());
    Ok(Json(ProofView {
        clearing_date,
        state: state.into(),
        job: job.as_ref().map(|j| j.id),
        proved_at: job.as_ref().and_then(|j| j.ended_at.as_deref()).map(rfc3339),
        uploads: number("uploads"),
        lake_records: number("lake_records"),
        raw_records: number("raw_records"),
        result_files: number("result_files"),
        imbalance_fen: result["imbalance_fen"].as_i64().unwrap_or_default(),
        differences: differences.unwrap_or_default(),
        error: job.and_then(|j| j.error).filter(|_| is_centre),
    }))
}

/// Centres of cities by code: hundredths of a degree.
fn cities() -> &'static BTreeMap<&'static str, (f64, f64)> {
    static CITIES: std::sync::LazyLock<BTreeMap<&'static str, (f64, f64)>> = std::sync::LazyLock::new(|| {
        let rows = include_str!("../../../data/cities.csv").lines().filter(|l| !l.starts_with('#')).skip(1);
        let row = |line: &'static str| {
            let mut fields = line.split(',');
            let code = fields.next()?;
            let degrees = |text: Option<&str>| text?.parse::<i32>().ok().map(|n| f64::from(n) / 100.0);
            let _name = fields.next()?;
            Some((code, (degrees(fields.next())?, degrees(fields.next())?)))
        };
        rows.filter_map(row).collect()
    });
    &CITIES
}

async fn flows(State(app): State<App>, Who(actor): Who, Path(date): Path<String>) -> Result<Json<Flows>, ApiError> {
    let scope = actor.scope();
    let overview = find(&app, scope, &date).await?;
    let flows = overview::flows(&app.db, scope, overview.day.date).await.map_err(exchange)?;
    let seen: BTreeSet<MemberCode> = flows.iter().flat_map(|f| [f.acquirer, f.issuer]).collect();
    let scheme = app.scheme(&overview.day.scheme_digest);
    let member = |code: &MemberCode| {
        let member = scheme.as_ref().and_then(|s| s.member(*code));
        let place = member.and_then(|m| cities().get(m.city.as_str()));
        FlowMember {
            code: code.to_string(),
            name: member.map_or(String::new(), |m| m.name.clone()),
            lon: place.map(|p| p.0),
            lat: place.map(|p| p.1),
        }
    };
    let fen = |fee: Fen| fee.0;
    Ok(Json(Flows {
        members: seen.iter().map(member).collect(),
        flows: flows
            .iter()
            .map(|f| FlowView {
                acquirer: f.acquirer.to_string(),
                issuer: f.issuer.to_string(),
                count: f.tally.count,
                gross_fen: f.tally.amount.0,
                issuer_fee_fen: f.fees.map(|(issuer, _)| fen(issuer)),
                centre_fee_fen: f.fees.map(|(_, centre)| fen(centre)),
            })
            .collect(),
    }))
}

/// Notes a deed of one person.
pub(crate) async fn audited(
    app: &App,
    actor: &tongka_access::Actor,
    action: &str,
    object: &str,
) -> Result<(), ApiError> {
    let owner = actor.owner.number();
    let deed = tongka_audit::Deed { owner, actor: &actor.login, action, object, outcome: "ok", detail: "" };
    tongka_audit::note(&app.db, &deed, app.clock()).await.map_err(|e| crate::web::app::unexpected(&e))
}
