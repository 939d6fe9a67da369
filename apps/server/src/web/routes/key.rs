//! Keys (密钥) on the web: ceremonies in which custodians enter components, requests under dual control, custodians.
//!
//! A session says which owner's keys are worked on: the centre's or a tenant's. That a custodian is who they say, their
//! own passphrase proves each time, whoever's session it is: two custodians may come to one screen. Components stay in
//! this process's memory and are wiped when their ceremony ends or [`LONGEST`] has passed.

use crate::web::app::{App, date, rfc3339, unexpected};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Html;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tongka_access::Actor;
use tongka_base::DateTime;
use tongka_base::date::format_date_time;
use tongka_crypto::Key16;
use tongka_hsm::Component;
use tongka_http::{Api, ApiError, Body, Spec, WebCode, Who};
use tongka_key::{
    Action, CENTRE, Desk, Done, Finding, KeyError, Login, NewKey, OpenCeremony, Participant, approve, enrol, inventory,
    propose, refuse,
};
use tongka_storage::{Scope, TenantCode};
use utoipa::ToSchema;

/// How long a ceremony may take.
const LONGEST: TimeDelta = TimeDelta::hours(2);
/// How many ceremonies that ended are remembered.
const REMEMBERED: usize = 100;

/// The ceremonies of this process. Those that are open hold components.
#[derive(Default)]
pub(crate) struct Ceremonies {
    last: i64,
    all: BTreeMap<i64, Ceremony>,
}

struct Ceremony {
    owner: TenantCode,
    new: NewKey,
    leader: String,
    device: String,
    created_at: DateTime,
    finished_at: Option<DateTime>,
    expected_kcv: Option<[u8; 3]>,
    kcv: Option<[u8; 3]>,
    participants: Vec<Entered>,
    open: Option<OpenCeremony>,
    minutes: Option<String>,
}

struct Entered {
    custodian: String,
    at: Option<DateTime>,
    kcv: Option<[u8; 3]>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ParticipantView {
    custodian: String,
    entered_at: Option<String>,
    kcv: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CeremonyView {
    id: i64,
    #[schema(value_type = Object)]
    key: Value,
    /// open, done or aborted.
    state: String,
    leader: String,
    device: String,
    created_at: String,
    finished_at: Option<String>,
    /// Check value of the whole key, where it is known before.
    expected_kcv: Option<String>,
    kcv: Option<String>,
    participants: Vec<ParticipantView>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CeremoniesView {
    items: Vec<CeremonyView>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    #[schema(value_type = Object)]
    key: Value,
    /// Two to five.
    custodians: Vec<String>,
    kcv: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enter {
    custodian: String,
    passphrase: String,
    /// 32 hex digits.
    component: String,
    /// 6 hex digits.
    kcv: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    custodian: String,
    passphrase: String,
}

/// What is asked for, by `action`: generate, derive, export, import, move; the rest belongs to it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Wish {
    custodian: String,
    passphrase: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    action: serde_json::Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Requested {
    request: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Decided {
    request: i64,
    /// Check value of a key that was made.
    kcv: Option<String>,
    /// Block of a key that was given out, under its transport key.
    block: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrol {
    name: String,
    passphrase: String,
    from: String,
    to: String,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let key = || {
        json!({
            "name": "city-master", "usage": "CMK", "sm4": true, "version": 1, "index": 1, "level": "issuer"
        })
    };
    let of = |spec: Spec| spec.path_number("id", "编号 number");
    let signed = || json!({ "custodian": "chen", "passphrase": "correct horse" });
    let api = api
        .get(
            "/key-ceremonies",
            Spec::new("key_ceremonies", "密钥分量合成", "Key ceremonies", "key.ceremony").answers::<CeremoniesView>(),
            list,
        )
        .post(
            "/key-ceremonies",
            Spec::new("begin_ceremony", "开始分量合成", "Begin a key ceremony", "key.ceremony")
                .takes::<Begin>(json!({ "key": key(), "custodians": ["chen", "lin"] }))
                .answers_with::<CeremonyView>(201, "已开始 begun"),
            begin,
        )
        .get(
            "/key-ceremonies/{id}",
            of(Spec::new("key_ceremony", "一次分量合成", "A key ceremony", "key.ceremony")).answers::<CeremonyView>(),
            one,
        )
        .post(
            "/key-ceremonies/{id}/components",
            of(Spec::new("enter_component", "录入分量", "Enter a component", "key.ceremony"))
                .takes::<Enter>(json!({
                    "custodian": "chen", "passphrase": "correct horse", "component": "0".repeat(32), "kcv": "8CA64D"
                }))
                .answers::<CeremonyView>(),
            enter,
        )
        .post(
            "/key-ceremonies/{id}/finish",
            of(Spec::new("finish_ceremony", "合成密钥", "Make the key", "key.ceremony")).answers::<CeremonyView>(),
            finish,
        )
        .post(
            "/key-ceremonies/{id}/abort",
            of(Spec::new("abort_ceremony", "中止合成", "End it without a key", "key.ceremony"))
                .answers::<CeremonyView>(),
            abort,
        )
        .get(
            "/key-ceremonies/{id}/minutes",
            of(Spec::new("ceremony_minutes", "合成记录", "Its minutes, to print and sign", "key.ceremony"))
                .answers_file("text/html"),
            minutes,
        );
    api.post(
        "/key-requests",
        Spec::new("propose_key", "经办密钥事项", "Propose what is done with a key", "key.propose")
            .takes::<Wish>(json!({
                "custodian": "chen", "passphrase": "correct horse", "action": "generate", "key": key()
            }))
            .answers_with::<Requested>(202, "待复核 waits for a second custodian"),
        wish,
    )
    .post(
        "/key-requests/{id}/approve",
        of(Spec::new("approve_key", "复核密钥事项", "Approve and do it", "key.approve"))
            .takes::<Signed>(signed())
            .answers::<Decided>(),
        yes,
    )
    .post(
        "/key-requests/{id}/refuse",
        of(Spec::new("refuse_key", "退回密钥事项", "Refuse it", "key.approve"))
            .takes::<Signed>(signed())
            .answers::<Decided>(),
        no,
    )
    .post(
        "/custodians",
        Spec::new("enrol_custodian", "登记保管员", "Register a custodian or give a new term", "access.write")
            .takes::<Enrol>(json!({
                "name": "chen", "passphrase": "correct horse", "from": "2026-11-01", "to": "2027-10-31"
            }))
            .answers_empty(204, "已登记 done"),
        register,
    )
    .get(
        "/key-inventory",
        Spec::new("key_inventory", "密钥盘点", "The books of keys against the device", "key.read")
            .answers_schema(json!({ "type": "object", "required": ["device", "items"] })),
        checked,
    )
}

/// Whose keys a caller works on.
pub(crate) fn owner(actor: &Actor) -> Result<TenantCode, ApiError> {
    match actor.scope() {
        Scope::Platform => Ok(CENTRE),
        Scope::Tenant(tenant) => Ok(tenant),
        Scope::Member(_) => Err(ApiError::web(WebCode::Forbidden, "")),
    }
}

/// Where key work is done; refused while the installation has no device.
pub(crate) fn desk(app: &App) -> Result<Desk<'_>, ApiError> {
    let hsm = app.hsm.as_ref();
    let hsm = hsm.ok_or_else(|| ApiError::web(WebCode::Precondition, "未配置加密机 no HSM is configured: keys.hsm"))?;
    Ok(Desk { db: &app.db, hsm, clock: app.clock() })
}

/// Where card staff work: what they do here asks no device for anything.
pub(crate) fn desk_of_books(app: &App) -> Desk<'_> {
    Desk {
        db: &app.db,
        hsm: app.hsm.as_ref().map_or(&app.no_hsm as &dyn tongka_hsm::Hsm, |pool| pool),
        clock: app.clock(),
    }
}

/// An error of key management as an answer.
pub(crate) fn told(error: KeyError) -> ApiError {
    use StatusCode as S;
    let status = match &*error.code() {
        "K01" | "H01" => S::NOT_FOUND,
        "K02" | "K07" | "H02" => S::CONFLICT,
        "K03" | "K04" | "K05" | "K06" => S::FORBIDDEN,
        _ => S::UNPROCESSABLE_ENTITY,
    };
    match error {
        KeyError::Storage(error) => error.into(),
        KeyError::Audit(error) => unexpected(&error),
        KeyError::Hsm(ref inner) if inner.code.is_failure() => {
            tracing::error!(%error, "HSM");
            ApiError::coded(S::SERVICE_UNAVAILABLE, &error.to_string())
        }
        other => ApiError::coded(status, &other.to_string()),
    }
}

fn hex<const N: usize>(field: &str, text: &str) -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    // The text may be a secret: it is not repeated.
    match tongka_base::id::parse_hex(text.to_ascii_uppercase().as_bytes(), &mut bytes) {
        true => Ok(bytes),
        false => Err(ApiError::field(field, format!("{} 位十六进制 hex digits", 2 * N))),
    }
}

fn new_key(value: Value) -> Result<NewKey, ApiError> {
    serde_json::from_value(value).map_err(|e| ApiError::web(WebCode::Value, format!("key: {e}")))
}

impl Ceremony {
    fn view(&self, id: i64) -> CeremonyView {
        let at = |at: DateTime| rfc3339(&format_date_time(at));
        let kcv = |kcv: [u8; 3]| crate::output::hex(&kcv);
        let state = match (&self.open, self.kcv) {
            (Some(_), _) => "open",
            (None, Some(_)) => "done",
            (None, None) => "aborted",
        };
        let participant = |p: &Entered| ParticipantView {
            custodian: p.custodian.clone(),
            entered_at: p.at.map(at),
            kcv: p.kcv.map(kcv),
        };
        CeremonyView {
            id,
            key: serde_json::to_value(&self.new).expect("plain data"),
            state: state.into(),
            leader: self.leader.clone(),
            device: self.device.clone(),
            created_at: at(self.created_at),
            finished_at: self.finished_at.map(at),
            expected_kcv: self.expected_kcv.map(kcv),
            kcv: self.kcv.map(kcv),
            participants: self.participants.iter().map(participant).collect(),
        }
    }
}

impl Ceremonies {
    /// Ends what has been open for too long, and forgets the oldest that ended.
    async fn tidy(&mut self, desk: &Desk<'_>) -> Result<(), ApiError> {
        let now = desk.clock.now();
        for ceremony in self.all.values_mut().filter(|c| now - c.created_at > LONGEST) {
            if let Some(open) = ceremony.open.take() {
                open.abandon(desk).await.map_err(told)?;
                ceremony.finished_at = Some(now);
            }
        }
        while self.all.values().filter(|c| c.open.is_none()).count() > REMEMBERED {
            let oldest = self.all.iter().find(|(_, c)| c.open.is_none()).map(|(id, _)| *id);
            oldest.and_then(|id| self.all.remove(&id));
        }
        Ok(())
    }

    fn find(&mut self, owner: TenantCode, id: i64) -> Result<&mut Ceremony, ApiError> {
        let found = self.all.get_mut(&id).filter(|c| c.owner == owner);
        found.ok_or_else(|| ApiError::not_found(format!("ceremony {id}")))
    }
}

fn over() -> ApiError {
    ApiError::web(WebCode::Conflict, "该次合成已结束 the ceremony is over")
}

async fn list(State(app): State<App>, Who(actor): Who) -> Result<Json<CeremoniesView>, ApiError> {
    let owner = owner(&actor)?;
    let mut ceremonies = app.ceremonies.lock().await;
    ceremonies.tidy(&desk(&app)?).await?;
    let own = ceremonies.all.iter().rev().filter(|(_, c)| c.owner == owner);
    Ok(Json(CeremoniesView { items: own.map(|(id, c)| c.view(*id)).collect() }))
}

async fn begin(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<Begin>,
) -> Result<(StatusCode, Json<CeremonyView>), ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    let new = new_key(body.key)?;
    let expected_kcv = body.kcv.as_deref().map(|text| hex("kcv", text)).transpose()?;
    let mut names = body.custodians;
    let known = tongka_key::custodians(&desk, owner).await.map_err(told)?;
    if let Some(unknown) = names.iter().find(|name| !known.iter().any(|c| c.name == **name)) {
        return Err(ApiError::field("custodians", format!("没有此保管员 no such custodian: {unknown}")));
    }
    let wanted = names.len();
    names.sort();
    names.dedup();
    if names.len() < wanted {
        return Err(ApiError::field("custodians", "须为不同的人 different people"));
    }
    let open = OpenCeremony::open(&desk, &actor.login, owner, &new, wanted).await.map_err(told)?;
    let device = desk.hsm.info();
    let ceremony = Ceremony {
        owner,
        new,
        leader: actor.login.clone(),
        device: format!("{} {}", device.driver, device.model),
        created_at: desk.clock.now(),
        finished_at: None,
        expected_kcv,
        kcv: None,
        participants: names.into_iter().map(|custodian| Entered { custodian, at: None, kcv: None }).collect(),
        open: Some(open),
        minutes: None,
    };
    let mut ceremonies = app.ceremonies.lock().await;
    ceremonies.tidy(&desk).await?;
    ceremonies.last += 1;
    let id = ceremonies.last;
    let view = ceremony.view(id);
    ceremonies.all.insert(id, ceremony);
    Ok((StatusCode::CREATED, Json(view)))
}

async fn one(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Json<CeremonyView>, ApiError> {
    let mut ceremonies = app.ceremonies.lock().await;
    ceremonies.tidy(&desk(&app)?).await?;
    Ok(Json(ceremonies.find(owner(&actor)?, id)?.view(id)))
}

async fn enter(
    State(app): State<App>,
    Who(actor): Who,
    Path(id): Path<i64>,
    Body(body): Body<Enter>,
) -> Result<Json<CeremonyView>, ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    let component = Component { value: Key16::new(hex("component", &body.component)?), kcv: hex("kcv", &body.kcv)? };
    let mut ceremonies = app.ceremonies.lock().await;
    ceremonies.tidy(&desk).await?;
    let ceremony = ceremonies.find(owner, id)?;
    let Some(place) = ceremony.participants.iter().position(|p| p.custodian == body.custodian) else {
        return Err(ApiError::field("custodian", "不在本次合成之列 takes no part in this ceremony"));
    };
    let kcv = component.kcv;
    let login = Login::new(owner, &body.custodian, &body.passphrase);
    let open = ceremony.open.as_mut().ok_or_else(over)?;
    open.enter(&desk, Participant { login, component }).await.map_err(told)?;
    let entered = &mut ceremony.participants[place];
    (entered.at, entered.kcv) = (Some(desk.clock.now()), Some(kcv));
    Ok(Json(ceremony.view(id)))
}

async fn finish(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Json<CeremonyView>, ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    let mut ceremonies = app.ceremonies.lock().await;
    ceremonies.tidy(&desk).await?;
    let ceremony = ceremonies.find(owner, id)?;
    let open = ceremony.open.take().ok_or_else(over)?;
    if open.missing() > 0 {
        let missing = open.missing();
        ceremony.open = Some(open);
        return Err(told(KeyError::Missing(format!("{missing} components"))));
    }
    // Whatever the device says, the components are gone after this.
    ceremony.finished_at = Some(desk.clock.now());
    let minutes = open.complete(&desk, ceremony.expected_kcv).await.map_err(told)?;
    ceremony.kcv = Some(minutes.kcv);
    ceremony.minutes = Some(minutes.html());
    Ok(Json(ceremony.view(id)))
}

async fn abort(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Json<CeremonyView>, ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    let mut ceremonies = app.ceremonies.lock().await;
    let ceremony = ceremonies.find(owner, id)?;
    let open = ceremony.open.take().ok_or_else(over)?;
    ceremony.finished_at = Some(desk.clock.now());
    open.abandon(&desk).await.map_err(told)?;
    Ok(Json(ceremony.view(id)))
}

async fn minutes(State(app): State<App>, Who(actor): Who, Path(id): Path<i64>) -> Result<Html<String>, ApiError> {
    let mut ceremonies = app.ceremonies.lock().await;
    let minutes = ceremonies.find(owner(&actor)?, id)?.minutes.clone();
    minutes.map(Html).ok_or_else(|| ApiError::not_found(format!("minutes of ceremony {id}")))
}

async fn wish(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<Wish>,
) -> Result<(StatusCode, Json<Requested>), ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    let action: Action = serde_json::from_value(Value::Object(body.action))
        .map_err(|e| ApiError::web(WebCode::Value, format!("action: {e}")))?;
    let login = Login::new(owner, &body.custodian, &body.passphrase);
    let request = propose(&desk, login, &action).await.map_err(told)?;
    Ok((StatusCode::ACCEPTED, Json(Requested { request })))
}

async fn yes(
    State(app): State<App>,
    Who(actor): Who,
    Path(id): Path<i64>,
    Body(body): Body<Signed>,
) -> Result<Json<Decided>, ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    let login = Login::new(owner, &body.custodian, &body.passphrase);
    let mut decided = Decided { request: id, kcv: None, block: None };
    match approve(&desk, login, id).await.map_err(told)? {
        Done::Made { kcv } => decided.kcv = Some(crate::output::hex(&kcv)),
        Done::Block(block) => decided.block = Some(String::from_utf8(block.0).map_err(|e| unexpected(&e))?),
        Done::Moved => {}
    }
    Ok(Json(decided))
}

async fn no(
    State(app): State<App>,
    Who(actor): Who,
    Path(id): Path<i64>,
    Body(body): Body<Signed>,
) -> Result<Json<Decided>, ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    refuse(&desk, Login::new(owner, &body.custodian, &body.passphrase), id).await.map_err(told)?;
    Ok(Json(Decided { request: id, kcv: None, block: None }))
}

async fn register(State(app): State<App>, Who(actor): Who, Body(body): Body<Enrol>) -> Result<StatusCode, ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    let term = (date("from", &body.from)?, date("to", &body.to)?);
    let login = Login::new(owner, &body.name, &body.passphrase);
    enrol(&desk, &actor.login, login, term.0, term.1).await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn checked(State(app): State<App>, Who(actor): Who) -> Result<Json<Value>, ApiError> {
    let (owner, desk) = (owner(&actor)?, desk(&app)?);
    let findings = inventory(&desk, owner).await.map_err(told)?;
    let view = |finding: &Finding| match finding {
        Finding::Sound(key) => json!({ "name": key.spec.name, "finding": "sound" }),
        Finding::Missing(key) => json!({ "name": key.spec.name, "finding": "missing" }),
        Finding::Differs(key) => json!({ "name": key.spec.name, "finding": "differs" }),
        Finding::Remains(key) => json!({ "name": key.spec.name, "finding": "remains" }),
        Finding::Unknown(name) => json!({ "name": name, "finding": "unknown" }),
    };
    let device = desk.hsm.info();
    let items: Vec<Value> = findings.iter().map(view).collect();
    Ok(Json(json!({ "device": format!("{} {}", device.driver, device.model), "items": items })))
}
