//! Accounts, roles, sessions of others, API keys.

use crate::web::app::App;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use tongka_access::{
    NewAccount, NewKey, Owner, PERMISSIONS, Role, create_key, delete_role, disable_key, end_session, open_account,
    put_role, reset_password, reset_totp, roles, set_enabled, set_roles,
};
use tongka_http::{Api, ApiError, Body, Spec, Who};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenAccount {
    login: String,
    name: String,
    /// Staff number: the same in all accounts of one person.
    person: String,
    /// `centre`, `member:10002900` or `tenant:3050`.
    owner: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OpenedAccount {
    id: i64,
    /// For the first login, shown this once.
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolesBody {
    roles: BTreeSet<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleBody {
    zh: String,
    en: String,
    permissions: BTreeSet<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RoleView {
    code: String,
    zh: String,
    en: String,
    built_in: bool,
    permissions: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionView {
    code: String,
    zh: String,
    en: String,
    /// centre, member, tenant.
    sides: Vec<String>,
    /// maker, checker or none.
    duty: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Permissions {
    permissions: Vec<PermissionView>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenKey {
    account: i64,
    name: String,
    /// Uncompressed SM2 public key in hex; a secret is made when absent.
    public_key: Option<String>,
    expires_on: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OpenedKey {
    id: String,
    /// Shown this once.
    secret: Option<String>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let of =
        |id: &'static str, zh, en, permission| Spec::new(id, zh, en, permission).path_number("id", "账号编号 account");
    let done = |spec: Spec| spec.answers_empty(204, "已办理 done");
    let coded = |spec: Spec| spec.path("code", "^[a-z][a-z0-9-]{1,31}$", "角色代码 role", "operator");
    api.get(
        "/permissions",
        Spec::new("permissions", "权限表", "Every permission", "access.read").answers::<Permissions>(),
        permissions,
    )
    .post(
        "/accounts",
        Spec::new("open_account", "开立账号", "Open an account", "access.write")
            .takes::<OpenAccount>(json!({ "login": "zhang", "name": "张伟", "person": "E1001", "owner": "centre" }))
            .answers_with::<OpenedAccount>(201, "已开立 opened"),
        open,
    )
    .post("/accounts/{id}/enable", done(of("enable_account", "启用账号", "Enable", "access.write")), enable)
    .post("/accounts/{id}/disable", done(of("disable_account", "停用账号", "Disable", "access.write")), disable)
    .post(
        "/accounts/{id}/reset-password",
        of("reset_password", "重置口令", "Reset the password", "access.write").answers::<OpenedAccount>(),
        password,
    )
    .post("/accounts/{id}/reset-totp", done(of("reset_totp", "重置动态口令", "Reset TOTP", "access.grant")), totp)
    .post(
        "/accounts/{id}/roles",
        done(of("set_roles", "授予角色", "Grant roles", "access.grant"))
            .takes::<RolesBody>(json!({ "roles": ["operator"] })),
        grant,
    )
    .get("/roles/{code}", coded(Spec::new("role", "角色", "A role", "access.read")).answers::<RoleView>(), role)
    .put(
        "/roles/{code}",
        done(coded(Spec::new("put_role", "保存角色", "Make or change a role", "access.role")))
            .takes::<RoleBody>(json!({ "zh": "夜班", "en": "Night shift", "permissions": ["day.read"] })),
        keep_role,
    )
    .delete(
        "/roles/{code}",
        done(coded(Spec::new("delete_role", "删除角色", "Remove a role", "access.role"))),
        drop_role,
    )
    .delete(
        "/sessions/{id}",
        done(Spec::logged_in("end_session", "结束会话", "End a session")).path_number("id", "会话编号 session"),
        end,
    )
    .post(
        "/api-keys",
        Spec::new("create_api_key", "创建接口密钥", "Make an API key", "access.key")
            .takes::<OpenKey>(json!({ "account": 7, "name": "传输客户端" }))
            .answers_with::<OpenedKey>(201, "已创建 made"),
        new_key,
    )
    .delete(
        "/api-keys/{id}",
        done(Spec::new("disable_api_key", "停用接口密钥", "End an API key", "access.key")).path(
            "id",
            "^[A-Za-z0-9_-]{1,64}$",
            "密钥名 key",
            "k1",
        ),
        end_key,
    )
}

async fn permissions() -> Json<Permissions> {
    let view = |p: &tongka_access::PermissionSpec| PermissionView {
        code: p.code.into(),
        zh: p.zh.into(),
        en: p.en.into(),
        sides: p.sides.iter().map(|s| s.word().to_owned()).collect(),
        duty: p.duty.word().into(),
    };
    Json(Permissions { permissions: PERMISSIONS.iter().map(view).collect() })
}

async fn open(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<OpenAccount>,
) -> Result<(StatusCode, Json<OpenedAccount>), ApiError> {
    let owner = Owner::parse(&body.owner);
    let owner = owner.ok_or_else(|| ApiError::field("owner", "centre, member:<8 digits> or tenant:<number>"))?;
    let new = NewAccount { login: body.login, name: body.name, person: body.person, owner };
    let opened = open_account(&app.db, &actor, &new, app.clock()).await?;
    let view = OpenedAccount { id: opened.id, password: opened.password.to_string() };
    Ok((StatusCode::CREATED, Json(view)))
}

const DONE: StatusCode = StatusCode::NO_CONTENT;

async fn enable(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    set_enabled(&app.db, &actor, id, true, app.clock()).await?;
    Ok(DONE)
}

async fn disable(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    set_enabled(&app.db, &actor, id, false, app.clock()).await?;
    Ok(DONE)
}

async fn password(
    State(app): State<App>,
    Who(actor): Who,
    Path(id): Path<i64>,
) -> Result<Json<OpenedAccount>, ApiError> {
    let opened = reset_password(&app.db, &actor, id, app.clock()).await?;
    Ok(Json(OpenedAccount { id: opened.id, password: opened.password.to_string() }))
}

async fn totp(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    reset_totp(&app.db, &actor, id, app.clock()).await?;
    Ok(DONE)
}

async fn grant(
    State(app): State<App>,
    Who(actor): Who,
    Path(id): Path<i64>,
    Body(body): Body<RolesBody>,
) -> Result<StatusCode, ApiError> {
    set_roles(&app.db, &actor, id, &body.roles, app.clock()).await?;
    Ok(DONE)
}

async fn role(State(app): State<App>, Path(code): Path<String>) -> Result<Json<RoleView>, ApiError> {
    let found = roles(&app.db).await?.into_iter().find(|r| r.code == code);
    let role = found.ok_or_else(|| ApiError::not_found(format!("role {code}")))?;
    Ok(Json(RoleView {
        code: role.code,
        zh: role.zh,
        en: role.en,
        built_in: role.built_in,
        permissions: role.permissions.into_iter().collect(),
    }))
}

async fn keep_role(
    State(app): State<App>,
    Who(actor): Who,
    Path(code): Path<String>,
    Body(body): Body<RoleBody>,
) -> Result<StatusCode, ApiError> {
    let role = Role { code, zh: body.zh, en: body.en, built_in: false, permissions: body.permissions };
    put_role(&app.db, &actor, &role, app.clock()).await?;
    Ok(DONE)
}

async fn drop_role(State(app): State<App>, Who(actor): Who, Path(code): Path<String>) -> Result<StatusCode, ApiError> {
    delete_role(&app.db, &actor, &code, app.clock()).await?;
    Ok(DONE)
}

async fn end(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    end_session(&app.db, &actor, id, app.clock()).await?;
    Ok(DONE)
}

async fn new_key(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<OpenKey>,
) -> Result<(StatusCode, Json<OpenedKey>), ApiError> {
    let expires_on = body.expires_on.as_deref().map(|t| crate::web::app::date("expires_on", t)).transpose()?;
    let new = NewKey { account: body.account, name: body.name, public_key: body.public_key, expires_on };
    let made = create_key(&app.db, &app.web.secret, &actor, &new, app.clock()).await?;
    Ok((StatusCode::CREATED, Json(OpenedKey { id: made.id, secret: made.secret.map(|s| s.to_string()) })))
}

async fn end_key(State(app): State<App>, Who(actor): Who, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    disable_key(&app.db, &actor, &id, app.clock()).await?;
    Ok(DONE)
}
