//! The scheme book (规则簿) on the web: changes proposed and tried, files that changes name, certificates of members,
//! expected files, onboarding. An approval carries a change out ([`crate::web::deeds`]).

use super::approval::{Reason, Submitted};
use crate::web::app::{App, DATE, date, unexpected};
use axum::body::Body as Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tongka_base::MemberCode;
use tongka_http::{Api, ApiError, Body, FieldError, RequestKey, Spec, WebCode, Who};
use tongka_member::{BookCode, MemberError, Standing, StepState};
use tongka_storage::Scope;
use utoipa::ToSchema;

/// A change of the book: the kind and what belongs to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SchemeChange {
    /// As `/scheme-changes/kinds` names it: `member.fee.add`.
    kind: String,
    #[schema(value_type = Object)]
    payload: Value,
    /// First clearing date that shall run under it; the next one when absent.
    effective_on: Option<String>,
    /// Why, for who approves.
    note: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct KindView {
    kind: String,
    zh: String,
    en: String,
    /// Whether the payload says itself from when on it holds.
    dated: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Kinds {
    kinds: Vec<KindView>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertificateBody {
    /// Uncompressed SM2 public key in hex.
    public_key: String,
    not_before: String,
    not_after: String,
    label: String,
    /// The member's signature that proves it has the private key, DER in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CertificateSent {
    certificate: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    member: String,
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepBody {
    /// open, doing or done.
    state: String,
    on_date: Option<String>,
    note: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ExpectedLine {
    member: String,
    name: String,
    kind: String,
    from: String,
    by: String,
    expected: u32,
    arrived: u32,
    last_at: Option<String>,
    /// waiting, due_soon, late, escalated, arrived or arrived_late.
    standing: String,
    late_minutes: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ExpectedBoard {
    items: Vec<ExpectedLine>,
}

/// Longest note of a proposal, in characters.
const LONGEST_NOTE: usize = 200;
const CODE: &str = "^[0-9]{8}$";

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let change = || {
        json!({
            "kind": "member.fee.add",
            "payload": {
                "acquirer": "10002900", "issuer": "*", "industry": "01", "issuer_rate_ppm": 3000,
                "centre_rate_ppm": 500, "from": "2027-01-01", "end_previous": true
            },
            "note": "2027 年费率"
        })
    };
    let file = |id: &'static str, zh, en| {
        Spec::new(id, zh, en, "member.propose")
            .path("name", "^[A-Za-z0-9_.-]{1,64}$", "文件名 file name", "cards.csv")
            .takes_file()
            .answers_schema(json!({ "type": "object", "required": ["digest", "entries"] }))
    };
    let version = |spec: Spec| spec.path_number("from", "自版本 from").path_number("to", "至版本 to");
    let certificate = |spec: Spec| spec.path_number("id", "证书申请编号 certificate");
    let api = api
        .get(
            "/scheme-changes/kinds",
            Spec::new("scheme_change_kinds", "变更种类", "Kinds of changes", "member.read").answers::<Kinds>(),
            kinds,
        )
        .post(
            "/scheme-changes",
            Spec::new("propose_change", "经办规则变更", "Propose a change of the scheme book", "member.propose")
                .takes::<SchemeChange>(change())
                .answers_with::<Submitted>(202, "待复核 waits for a second person"),
            propose,
        )
        .post(
            "/scheme-changes/check",
            Spec::new("check_change", "试作规则变更", "Try a change and change nothing", "member.propose")
                .takes::<SchemeChange>(change())
                .answers_schema(json!({ "type": "object", "required": ["kind", "before", "after", "tables"] }))
                .repeatable(),
            check,
        )
        .post("/scheme-files/cards/{name}", file("send_card_list", "上传卡片名单", "Send a list of cards"), send_cards)
        .post("/scheme-files/scheme/{name}", file("send_scheme", "上传规则文件", "Send a scheme file"), send_scheme)
        .get(
            "/scheme-versions/{from}/changes/{to}",
            version(Spec::new("scheme_changes", "版本差异", "What differs between versions", "member.read"))
                .answers_schema(json!({ "type": "object", "required": ["from", "to", "tables", "lines"] })),
            changes,
        );
    let api = api
        .post(
            "/certificates",
            Spec::new("send_certificate", "提交证书", "Send a certificate of one's own", "member.certificate")
                .takes::<CertificateBody>(json!({
                    "public_key": format!("04{}", "0".repeat(128)), "not_before": "2027-01-01",
                    "not_after": "2027-12-31", "label": "2027"
                }))
                .answers_with::<CertificateSent>(201, "已提交 sent"),
            send_certificate,
        )
        .post(
            "/certificates/{id}/register",
            certificate(Spec::new(
                "register_certificate",
                "经办登记证书",
                "Propose its registration",
                "member.propose",
            ))
            .answers_with::<Submitted>(202, "待复核 waits for a second person"),
            register_certificate,
        )
        .post(
            "/certificates/{id}/refuse",
            certificate(Spec::new("refuse_certificate", "退回证书", "Put it aside", "member.propose"))
                .takes::<Reason>(json!({ "reason": "有效期有误" }))
                .answers_empty(204, "已退回 done"),
            refuse_certificate,
        );
    api.get(
        "/expected-board/{date}",
        Spec::new("expected_board", "应到文件看板", "Files that are expected on a date", "file.read")
            .path("date", DATE, "清算日期 clearing date", "2026-09-01")
            .answers::<ExpectedBoard>(),
        expected_board,
    )
    .get(
        "/onboarding",
        Spec::new("onboardings", "成员接入进度", "Members on their way in", "member.read")
            .answers_schema(json!({ "type": "object", "required": ["items"] })),
        onboardings,
    )
    .post(
        "/onboarding",
        Spec::new("start_onboarding", "开始成员接入", "Begin the onboarding of a member", "member.propose")
            .takes::<Start>(json!({ "member": "10003100", "name": "宁波市民卡" }))
            .answers_empty(204, "已开始 begun"),
        start,
    )
    .post(
        "/onboarding/{member}/{step}",
        Spec::new("note_step", "登记接入步骤", "Note a step of an onboarding", "member.propose")
            .path("member", CODE, "成员代码 member", "10003100")
            .path("step", "^[a-z_]{1,32}$", "步骤 step", "contract")
            .takes::<StepBody>(json!({ "state": "done", "on_date": "2026-11-20", "note": "协议 2026-17 号" }))
            .answers_empty(204, "已登记 noted"),
        note_step,
    )
}

/// An error of the scheme book as an answer.
pub(crate) fn told(error: MemberError) -> ApiError {
    use StatusCode as S;
    match error {
        MemberError::Storage(error) => error.into(),
        MemberError::Audit(error) => unexpected(&error),
        MemberError::Io { .. } => {
            tracing::error!(%error, "scheme book");
            ApiError::web(WebCode::Busy, "")
        }
        MemberError::Rows(ref rows) => {
            let field = |row: &tongka_member::RowFault| FieldError {
                field: format!("{}.{}", row.row, row.field),
                code: row.code.into(),
                message: format!("{} / {}", row.zh, row.en),
            };
            let errors = rows.iter().map(field).collect();
            ApiError::coded(S::UNPROCESSABLE_ENTITY, &error.to_string()).with_errors(errors)
        }
        MemberError::Scheme(ref faults) => {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            let field = |fault: &tongka_scheme::SchemeError| FieldError {
                field: "file".into(),
                code: fault.code.as_str().into(),
                message: fault.to_string(),
            };
            let errors = faults.iter().map(field).collect();
            ApiError::web(WebCode::Value, first).with_errors(errors)
        }
        MemberError::Refused(ref refusal) => {
            let status = match refusal.code {
                BookCode::NotFound | BookCode::Version => S::NOT_FOUND,
                BookCode::Exists | BookCode::State | BookCode::Empty => S::CONFLICT,
                BookCode::Broken => {
                    tracing::error!(%error, "scheme book");
                    S::SERVICE_UNAVAILABLE
                }
                _ => S::UNPROCESSABLE_ENTITY,
            };
            let (field, code) = (refusal.field.clone(), refusal.code.code().to_owned());
            let told = FieldError { field, code, message: format!("{} / {}", refusal.zh, refusal.en) };
            ApiError::coded(status, &error.to_string()).with_errors(vec![told])
        }
    }
}

async fn kinds() -> Json<Kinds> {
    let view = |k: &tongka_member::KindSpec| KindView {
        kind: k.kind.into(),
        zh: k.zh.into(),
        en: k.en.into(),
        dated: k.dated,
    };
    Json(Kinds { kinds: tongka_member::KINDS.iter().map(view).collect() })
}

async fn tried(app: &App, change: &SchemeChange) -> Result<tongka_member::Checked, ApiError> {
    let effective_on = change.effective_on.as_deref().map(|text| date("effective_on", text)).transpose()?;
    let note = change.note.as_deref().unwrap_or_default();
    if note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control) {
        return Err(ApiError::field("note", format!("至多 {LONGEST_NOTE} 个字符 at most {LONGEST_NOTE} characters")));
    }
    tongka_member::validate(&app.db, &change.kind, &change.payload, effective_on, app.clock()).await.map_err(told)
}

type Proposed = Result<(StatusCode, Json<Submitted>), ApiError>;

async fn submit(app: &App, actor: &tongka_access::Actor, change: &SchemeChange, key: RequestKey) -> Proposed {
    let mut proposal = tried(app, change).await?.proposal(Some(key.0));
    if let Some(note) = change.note.as_deref().map(str::trim).filter(|note| !note.is_empty()) {
        proposal.summary = format!("{}。说明：{note}", proposal.summary);
    }
    let approval = tongka_access::propose(&app.db, actor, &proposal, app.clock()).await?;
    Ok((StatusCode::ACCEPTED, Json(Submitted { approval })))
}

async fn propose(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Body(change): Body<SchemeChange>,
) -> Proposed {
    submit(&app, &actor, &change, key).await
}

async fn check(State(app): State<App>, Body(change): Body<SchemeChange>) -> Result<Json<Value>, ApiError> {
    let checked = tried(&app, &change).await?;
    serde_json::to_value(checked).map(Json).map_err(|e| unexpected(&e))
}

/// The whole body, where it is not larger than uploads may be.
async fn whole(app: &App, body: Bytes) -> Result<Vec<u8>, ApiError> {
    let most = usize::try_from(app.config.limits.upload_bytes).unwrap_or(usize::MAX).min(tongka_member::MOST_BYTES);
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::web(WebCode::Malformed, "请求中断 the body broke off"))?;
        if bytes.len() + chunk.len() > most {
            return Err(ApiError::web(WebCode::TooLarge, most.to_string()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn send_cards(
    State(app): State<App>,
    Who(actor): Who,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let bytes = whole(&app, body).await?;
    let sent = tongka_member::send_cards(&app.db, &name, &bytes, &actor.login, app.clock()).await.map_err(told)?;
    Ok(Json(json!({ "digest": sent.digest, "entries": sent.entries, "faults": sent.faults })))
}

async fn send_scheme(
    State(app): State<App>,
    Who(actor): Who,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let text = String::from_utf8(whole(&app, body).await?).map_err(|_| ApiError::field("file", "UTF-8"))?;
    let sent = tongka_member::send_scheme(&app.db, &app.folders.data, &name, &text, &actor.login, app.clock());
    let (sent, key_file) = sent.await.map_err(told)?;
    Ok(Json(json!({ "digest": sent.digest, "entries": sent.entries, "key_file": key_file })))
}

async fn changes(State(app): State<App>, Path((from, to)): Path<(i64, i64)>) -> Result<Json<Value>, ApiError> {
    let changes = tongka_member::changes(&app.db, from, to).await.map_err(told)?;
    Ok(Json(json!({ "from": changes.from, "to": changes.to, "tables": changes.tables, "lines": changes.lines })))
}

async fn send_certificate(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<CertificateBody>,
) -> Result<(StatusCode, Json<CertificateSent>), ApiError> {
    let new = serde_json::to_value(body).and_then(serde_json::from_value::<tongka_member::NewCertificate>);
    let new = new.map_err(|e| ApiError::web(WebCode::Value, e.to_string()))?;
    let Scope::Member(member) = actor.scope() else {
        return Err(ApiError::web(WebCode::Precondition, "证书由成员机构提交 certificates are sent by members"));
    };
    let sent = tongka_member::send_certificate(&app.db, member, &new, &actor.login, app.clock());
    Ok((StatusCode::CREATED, Json(CertificateSent { certificate: sent.await.map_err(told)? })))
}

async fn register_certificate(
    State(app): State<App>,
    Who(actor): Who,
    Extension(key): Extension<RequestKey>,
    Path(id): Path<i64>,
) -> Proposed {
    let register = tongka_member::waiting_certificate(&app.db, actor.scope(), id).await.map_err(told)?;
    let payload = serde_json::to_value(register).map_err(|e| unexpected(&e))?;
    let kind = "member.certificate.register".to_owned();
    submit(&app, &actor, &SchemeChange { kind, payload, effective_on: None, note: None }, key).await
}

async fn refuse_certificate(
    State(app): State<App>,
    Who(actor): Who,
    Path(id): Path<i64>,
    Body(body): Body<Reason>,
) -> Result<StatusCode, ApiError> {
    let refused = tongka_member::refuse_certificate(&app.db, id, &body.reason, &actor.login, app.clock());
    refused.await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn expected_board(
    State(app): State<App>,
    Who(actor): Who,
    Path(text): Path<String>,
) -> Result<Json<ExpectedBoard>, ApiError> {
    let day = date("date", &text)?;
    let board = tongka_member::expected_board(&app.db, actor.scope(), day, app.clock().now()).await.map_err(told)?;
    let at = |at: tongka_base::DateTime| crate::web::app::rfc3339(&tongka_base::date::format_date_time(at));
    let line = |line: tongka_member::ExpectedFiles| ExpectedLine {
        member: line.member.to_string(),
        name: line.name,
        kind: line.kind,
        from: at(line.from),
        by: at(line.by),
        expected: line.expected,
        arrived: line.arrived,
        last_at: line.last_at.map(at),
        standing: Standing::word(line.standing).into(),
        late_minutes: line.late_minutes,
    };
    Ok(Json(ExpectedBoard { items: board.into_iter().map(line).collect() }))
}

async fn onboardings(State(app): State<App>, Who(actor): Who) -> Result<Json<Value>, ApiError> {
    let items = tongka_member::onboardings(&app.db, actor.scope()).await.map_err(told)?;
    Ok(Json(json!({ "items": items })))
}

fn member(text: &str) -> Result<MemberCode, ApiError> {
    MemberCode::parse(text.as_bytes()).ok_or_else(|| ApiError::field("member", "八位成员代码 8 digits"))
}

async fn start(State(app): State<App>, Who(actor): Who, Body(body): Body<Start>) -> Result<StatusCode, ApiError> {
    let member = member(&body.member)?;
    let begun = tongka_member::start_onboarding(&app.db, member, &body.name, &actor.login, app.clock());
    begun.await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn note_step(
    State(app): State<App>,
    Who(actor): Who,
    Path((code, step)): Path<(String, String)>,
    Body(body): Body<StepBody>,
) -> Result<StatusCode, ApiError> {
    let member = member(&code)?;
    let state = StepState::from_word(&body.state).ok_or_else(|| ApiError::field("state", "open, doing, done"))?;
    let on_date = body.on_date.as_deref().map(|text| date("on_date", text)).transpose()?;
    let note = body.note.as_deref().unwrap_or_default();
    let noted = tongka_member::note_step(&app.db, member, &step, state, on_date, note, &actor.login, app.clock());
    noted.await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}
