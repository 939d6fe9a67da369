//! Logging in and out, one's own password, one-time passwords and preferences.

use crate::web::app::App;
use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tongka_access::{
    Actor, Identity, Login, begin_totp, change_password, confirm_totp, csrf_token, end_totp, login, logout, preference,
    set_preference,
};
use tongka_http::{Api, ApiError, Body, COOKIE, Cookie, Spec, Who};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    login: String,
    password: String,
    totp: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AccountView {
    id: i64,
    login: String,
    name: String,
    person: String,
    /// `centre`, `member:10002900` or `tenant:3050`.
    owner: String,
    roles: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    account: AccountView,
    permissions: Vec<String>,
    csrf_token: String,
    must_change_password: bool,
    /// After so many minutes without a request the session ends.
    idle_minutes: u32,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    old_password: String,
    new_password: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TotpOffer {
    secret: String,
    url: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpCode {
    code: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpEnd {
    /// A one-time password, or a recovery code.
    code: String,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let key = |spec: Spec| spec.path("key", "^[A-Za-z0-9_.:-]{1,64}$", "名称 name", "list.uploads");
    api.post(
        "/sessions",
        Spec::public("log_in", "登录", "Log in")
            .takes::<LogIn>(json!({ "login": "operator", "password": "…" }))
            .answers::<SessionView>(),
        log_in,
    )
    .get("/session", Spec::logged_in("session", "当前会话", "The present session").answers::<SessionView>(), session)
    .delete("/session", Spec::logged_in("log_out", "退出", "Log out").answers_empty(204, "已退出 logged out"), log_out)
    .post(
        "/account/password",
        Spec::logged_in("change_password", "修改口令", "Change one's password")
            .takes::<NewPassword>(json!({ "old_password": "…", "new_password": "…" }))
            .repeatable()
            .answers_empty(204, "已修改 changed"),
        new_password,
    )
    .post(
        "/account/totp",
        Spec::logged_in("begin_totp", "启用动态口令", "Begin one-time passwords").repeatable().answers::<TotpOffer>(),
        totp_begin,
    )
    .post(
        "/account/totp/confirm",
        Spec::logged_in("confirm_totp", "确认动态口令", "Confirm one-time passwords")
            .takes::<TotpCode>(json!({ "code": "123456" }))
            .repeatable()
            .answers::<RecoveryCodes>(),
        totp_confirm,
    )
    .post(
        "/account/totp/end",
        Spec::logged_in("end_totp", "停用动态口令", "End one-time passwords")
            .takes::<TotpEnd>(json!({ "code": "123456" }))
            .repeatable()
            .answers_empty(204, "已停用 ended"),
        totp_end,
    )
    .get(
        "/preferences/{key}",
        key(Spec::logged_in("preference", "个人设置", "A preference")).answers_schema(json!({})),
        get_preference,
    )
    .put(
        "/preferences/{key}",
        key(Spec::logged_in("set_preference", "保存个人设置", "Set a preference"))
            .takes::<Value>(json!({ "columns": ["name"] }))
            .answers_empty(204, "已保存 kept"),
        put_preference,
    )
}

async fn view(app: &App, identity: &Identity, token: &str) -> Result<SessionView, ApiError> {
    let Actor { account, login, name, person, owner, permissions, .. } = &identity.actor;
    let known = tongka_access::account(&app.db, identity.actor.scope(), *account).await?;
    Ok(SessionView {
        account: AccountView {
            id: *account,
            login: login.clone(),
            name: name.clone(),
            person: person.clone(),
            owner: owner.to_string(),
            roles: known.roles,
        },
        permissions: permissions.iter().cloned().collect(),
        csrf_token: csrf_token(token).to_string(),
        must_change_password: identity.must_change_password,
        idle_minutes: app.config.session.idle_minutes,
    })
}

async fn log_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(body): Body<LogIn>,
) -> Result<Response, ApiError> {
    let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let wants = Login {
        login: &body.login,
        password: &body.password,
        totp: body.totp.as_deref(),
        address: &peer.ip().to_string(),
        agent,
    };
    let rules = &app.web.options.session;
    let inside = login(&app.db, &app.web.secret, rules, &wants, app.clock()).await?;
    let session = view(&app, &inside.identity, &inside.token).await?;
    let hours = u64::from(app.config.session.absolute_hours);
    let cookie = Cookie::set(&inside.token, hours * 3600, app.config.session.secure_cookie);
    Ok(([(header::SET_COOKIE, cookie)], Json(session)).into_response())
}

/// The session's token, where the caller is a browser.
fn token(headers: &HeaderMap) -> &str {
    let cookies = headers.get(header::COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let found = cookies.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    found.unwrap_or_default()
}

async fn session(
    State(app): State<App>,
    axum::Extension(identity): axum::Extension<Identity>,
    headers: HeaderMap,
) -> Result<Json<SessionView>, ApiError> {
    Ok(Json(view(&app, &identity, token(&headers)).await?))
}

async fn log_out(State(app): State<App>, Who(actor): Who) -> Result<Response, ApiError> {
    logout(&app.db, &actor, app.clock()).await?;
    let cookie = Cookie::clear(app.config.session.secure_cookie);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

async fn new_password(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<NewPassword>,
) -> Result<StatusCode, ApiError> {
    change_password(&app.db, &actor, &body.old_password, &body.new_password, app.clock()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn totp_begin(State(app): State<App>, Who(actor): Who) -> Result<Json<TotpOffer>, ApiError> {
    let offer = begin_totp(&app.db, &app.web.secret, &actor, app.clock()).await?;
    Ok(Json(TotpOffer { secret: offer.secret.to_string(), url: offer.url.to_string() }))
}

async fn totp_confirm(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<TotpCode>,
) -> Result<Json<RecoveryCodes>, ApiError> {
    let codes = confirm_totp(&app.db, &app.web.secret, &actor, &body.code, app.clock()).await?;
    Ok(Json(RecoveryCodes { recovery_codes: codes.iter().map(|c| c.to_string()).collect() }))
}

async fn totp_end(State(app): State<App>, Who(actor): Who, Body(body): Body<TotpEnd>) -> Result<StatusCode, ApiError> {
    end_totp(&app.db, &app.web.secret, &actor, &body.code, app.clock()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn get_preference(
    State(app): State<App>,
    Who(actor): Who,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(preference(&app.db, &actor, &key).await?))
}

async fn put_preference(
    State(app): State<App>,
    Who(actor): Who,
    Path(key): Path<String>,
    Body(value): Body<Value>,
) -> Result<StatusCode, ApiError> {
    set_preference(&app.db, &actor, &key, &value).await?;
    Ok(StatusCode::NO_CONTENT)
}
