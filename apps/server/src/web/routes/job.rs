//! Background jobs: one, and taking it back.

use crate::web::app::{App, rfc3339};
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use tongka_http::{Api, ApiError, Spec, Who};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct JobView {
    id: i64,
    kind: String,
    /// queued, running, done, failed or cancelled.
    state: String,
    attempt: i64,
    payload: Value,
    progress_done: i64,
    progress_total: Option<i64>,
    progress_text: String,
    result: Value,
    error: Option<String>,
    created_by: String,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let one = |id: &'static str, zh, en, permission| {
        Spec::new(id, zh, en, permission).path_number("id", "任务编号 job").answers::<JobView>()
    };
    api.get("/jobs/{id}", one("job", "任务", "A job", "job.read"), get).post(
        "/jobs/{id}/cancel",
        one("cancel_job", "取消任务", "Take a job back", "job.manage"),
        cancel,
    )
}

pub(crate) async fn job_view(app: &App, actor: &tongka_access::Actor, id: i64) -> Result<Json<JobView>, ApiError> {
    let job = tongka_job::job(&app.db, actor.scope(), id).await?;
    Ok(Json(JobView {
        id: job.id,
        kind: job.kind,
        state: job.state.word().into(),
        attempt: job.attempt,
        payload: job.payload,
        progress_done: job.progress_done,
        progress_total: job.progress_total,
        progress_text: job.progress_text,
        result: job.result,
        error: job.error,
        created_by: job.created_by,
        created_at: rfc3339(&job.created_at),
        started_at: job.started_at.as_deref().map(rfc3339),
        ended_at: job.ended_at.as_deref().map(rfc3339),
    }))
}

async fn get(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Json<JobView>, ApiError> {
    job_view(&app, &actor, id).await
}

async fn cancel(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Json<JobView>, ApiError> {
    tongka_job::cancel(&app.db, actor.scope(), id, app.clock()).await?;
    super::day::audited(&app, &actor, "job.cancel", &id.to_string()).await?;
    job_view(&app, &actor, id).await
}
