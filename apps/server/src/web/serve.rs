//! Starting and stopping a server process.

use super::app::{App, Parts};
use super::config::{Config, LogFormat, Role};
use super::events::{self, Hub};
use super::worker::{self, Bell};
use super::{assets, front, listen, routes, schemes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::TimeDelta;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tongka_access::{ServerSecret, SessionRules};
use tongka_base::SystemClock;
use tongka_http::{ApiError, Rate, Web, WebCode, WebOptions, finish_router};
use tongka_storage::{Scope, params};
use tracing_subscriber::EnvFilter;

const TITLE: &str = "通卡 Tongka";

fn start_log(config: &Config) -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_new(&config.log.level).map_err(|e| format!("W01 log.level: {e}"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match config.log.format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

fn web(config: &Config, db: tongka_storage::Db) -> Result<Web, Box<dyn Error>> {
    let session = SessionRules {
        idle: TimeDelta::minutes(config.session.idle_minutes.into()),
        absolute: TimeDelta::hours(config.session.absolute_hours.into()),
        ..SessionRules::default()
    };
    let options = WebOptions {
        session,
        rate: Rate { per_second: config.limits.requests_per_second, burst: config.limits.burst },
        body_bytes: config.limits.body_bytes,
        timeout: Duration::from_secs(config.limits.timeout_seconds),
    };
    let secret = ServerSecret::open(&config.data.join("server-secret"))?;
    Ok(Web::new(db, secret, Arc::new(SystemClock), options))
}

/// The OpenAPI document, for who builds clients.
pub(crate) async fn document() -> Result<Value, Box<dyn Error>> {
    // Nothing is stored: the document depends on the routes alone.
    let folder = std::env::temp_dir().join(format!("tongka-openapi-{}", std::process::id()));
    let config = Config { data: folder.clone(), ..Config::default() };
    std::fs::create_dir_all(&folder)?;
    let db = tongka_exchange::run::open_database(&config.folders(), None).await?;
    let document = routes::api(web(&config, db.clone())?).document(TITLE, env!("CARGO_PKG_VERSION"));
    db.close().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(document)
}

/// Runs a server process until it is told to stop.
pub(crate) async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    start_log(&config)?;
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let folders = config.folders();
    for folder in [&folders.data, &folders.inbox, &folders.outbox] {
        std::fs::create_dir_all(folder)?;
    }
    let db = tongka_exchange::run::open_database(&folders, config.database.as_deref()).await?;
    tongka_access::sync_roles(&db).await?;
    schemes::fill_book(&db, &config).await.map_err(|e| e.to_string())?;
    let bell = Bell::new();
    let threads = match config.roles.contains(&Role::Worker) {
        true => worker::start(&config, &bell)?,
        false => Vec::new(),
    };
    let doors = match config.roles.contains(&Role::Front) {
        true => Some(front::open(&config, &db, &bell).await?),
        false => None,
    };
    let listener = TcpListener::bind(config.listen).await.map_err(|e| format!("W04 {}: {e}", config.listen))?;
    let address = listener.local_addr()?;
    let tls = config.tls.as_ref().map(listen::acceptor).transpose()?;
    let hsm = config.keys.hsm.as_deref().map(crate::commands::open_hsm).transpose()?;
    let app = App(Arc::new(Parts {
        hsm,
        no_hsm: tongka_hsm::soft::SoftHsm::in_memory(),
        ceremonies: tokio::sync::Mutex::default(),
        schemes: Mutex::default(),
        web: web(&config, db.clone())?,
        folders,
        front: doors.as_ref().map(|doors| doors.front.clone()),
        bell: bell.clone(),
        hub: Hub::new(),
        trend: Mutex::new(BTreeMap::new()),
        document: OnceLock::new(),
        config,
        db: db.clone(),
    }));
    tokio::spawn(events::watch(app.clone(), bell.clone()));
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!(%address, roles = ?app.config.roles, database = db.kind().name(), "serving");
    eprintln!("通卡服务器已启动 serving: {scheme}://{address}");
    let stopping = bell.clone();
    listen::serve(listener, tls, router(&app, metrics), async move {
        asked_to_stop().await;
        tracing::info!("stopping");
        stopping.stop();
    })
    .await?;
    bell.stop();
    if let Some(doors) = doors {
        doors.close().await;
    }
    for thread in threads {
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }
    db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// SIGTERM or Ctrl-C; a second one ends the process at once.
async fn asked_to_stop() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        std::process::exit(130);
    });
}

fn router(app: &App, metrics: PrometheusHandle) -> Router {
    let plain = Router::new()
        .route("/healthz", get(|| async { Json(json!({ "ok": true })) }))
        .route("/readyz", get(ready))
        .route("/metrics", get(move || async move { measured(&metrics) }))
        .with_state(app.clone());
    if !app.config.roles.contains(&Role::CentreApi) {
        if app.front.is_none() {
            return finish_router(plain);
        }
        let (routes, _) = routes::front_api(app.web.clone()).finish();
        return finish_router(routes.with_state(app.clone()).merge(plain));
    }
    let api = routes::api(app.web.clone());
    let _ = app.document.set(api.document(TITLE, env!("CARGO_PKG_VERSION")));
    let (routes, _) = api.finish();
    let document = Router::new().route("/openapi.json", get(openapi)).with_state(app.clone());
    let pages = |uri: axum::http::Uri| async move {
        if uri.path().starts_with(tongka_http::PREFIX) {
            ApiError::web(WebCode::NoPath, uri.path().to_owned()).into_response()
        } else {
            assets::serve(uri).await
        }
    };
    finish_router(routes.with_state(app.clone()).merge(plain).merge(document).fallback(pages))
}

async fn openapi(State(app): State<App>) -> Json<Value> {
    Json(app.document.get().cloned().unwrap_or_default())
}

fn measured(metrics: &PrometheusHandle) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render()).into_response()
}

/// Ready to take requests: the database answers and the folders can be written.
async fn ready(State(app): State<App>) -> Response {
    let database = app.db.read(Scope::Platform).fetch_one("SELECT COUNT(*) AS n FROM clearing_day", params![]).await;
    let folders = [&app.folders.data, &app.folders.inbox, &app.folders.outbox];
    let writable = folders.iter().all(|f| f.metadata().is_ok_and(|m| m.is_dir() && !m.permissions().readonly()));
    let stopping = app.bell.stopped();
    let ok = database.is_ok() && writable && !stopping;
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = json!({ "ok": ok, "database": database.is_ok(), "folders": writable, "stopping": stopping });
    (status, Json(told)).into_response()
}
