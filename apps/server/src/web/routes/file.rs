//! Files: uploads with their receipts and records, raw bytes, result files, and sending a file in.

use super::day::VerdictView;
use crate::output::hex;
use crate::web::app::{App, NAME, exchange, rfc3339, unexpected};
use axum::Json;
use axum::body::{Body as Bytes, BodyDataStream};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path as FilePath, PathBuf};
use tokio_stream::wrappers::ReceiverStream;
use tongka_access::Actor;
use tongka_base::{Reason, Verdict};
use tongka_crypto::Sm3;
use tongka_exchange::explain::{self, Explained};
use tongka_exchange::store::{self, Receipt, Upload};
use tongka_http::{Api, ApiError, Params, Spec, WebCode, Who};
use tongka_lake::archive::ArchiveReader;
use tongka_lake::table::Table;
use tongka_storage::Scope;
use tongka_wire::txu::at::SERIAL;
use tongka_wire::{FileName, Kind};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    name: String,
    result: String,
    detail: String,
    clearing_date: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct GroupView {
    issuer: String,
    industry: String,
    count: u64,
    gross_fen: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UploadView {
    name: String,
    member: String,
    accepted: bool,
    clearing_date: Option<String>,
    file_date: Option<String>,
    sequence: Option<u32>,
    record_count: u64,
    total_fen: i64,
    accepted_at: Option<String>,
    body_digest: Option<String>,
    receipts: Vec<ReceiptView>,
    verdicts: Vec<VerdictView>,
    groups: Vec<GroupView>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RawRecord {
    record_no: u32,
    verdict: String,
    reason: String,
    raw: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RawPage {
    items: Vec<RawRecord>,
    /// Where the next page begins.
    next: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordsQuery {
    verdict: Option<String>,
    from: Option<u32>,
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Arrived {
    name: String,
    bytes: u64,
    /// SM3 of the whole file.
    digest: String,
}

const UPLOAD: &str = "TXU_20260901_10002900_000001.dat";

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let named = |spec: Spec| spec.path("name", NAME, "文件名 file name", UPLOAD);
    let verdict = json!({ "enum": ["A", "R", "S", "D", "T"] });
    api.get(
        "/uploads/{name}",
        named(Spec::new("upload", "上送文件", "An upload", "file.read")).answers::<UploadView>(),
        upload,
    )
    .post(
        "/uploads/{name}",
        named(Spec::new("send_upload", "上送文件", "Send a file in", "file.upload"))
            .takes_file()
            .answers_with::<Arrived>(202, "已收到，回执随后 received, the receipt follows"),
        send,
    )
    .get(
        "/uploads/{name}/records",
        named(Spec::new("upload_records", "文件的记录", "Records of a file", "file.read"))
            .query_schema("verdict", verdict, "判定 verdict", json!("S"))
            .query_schema("from", json!({ "type": "integer", "minimum": 1 }), "起始序号 first record", json!(1))
            .query_schema(
                "limit",
                json!({ "type": "integer", "minimum": 1, "maximum": 500 }),
                "条数 records",
                json!(50),
            )
            .answers::<RawPage>(),
        records,
    )
    .get(
        "/uploads/{name}/raw",
        named(Spec::new("upload_raw", "原始字节", "The bytes as they came", "file.download")).answers_file("*/*"),
        raw,
    )
    .get(
        "/uploads/{name}/records/{record}/explain",
        named(Spec::new("explain", "记录的来龙去脉", "The trail of a record", "record.read"))
            .path_number("record", "记录序号 record number")
            .answers_schema(json!({ "type": "object", "required": ["accepted"] })),
        explain_record,
    )
    .get(
        "/result-files/{name}/content",
        named(Spec::new("result_file", "结果文件内容", "A result file", "file.download")).answers_file("*/*"),
        result_file,
    )
    .get(
        "/receipts/{name}/content",
        named(Spec::new("receipt_file", "回执内容", "A receipt", "file.download")).answers_file("*/*"),
        receipt_file,
    )
}

async fn found(app: &App, scope: Scope, name: &str) -> Result<Upload, ApiError> {
    let upload = store::upload(&app.db, scope, name).await.map_err(exchange)?;
    upload.ok_or_else(|| ApiError::not_found(format!("upload {name}")))
}

fn receipt_view(receipt: &Receipt) -> ReceiptView {
    let name = store::result_name(Kind::Txr, receipt.clearing_date, receipt.member, receipt.sequence);
    ReceiptView {
        name: name.to_string(),
        result: receipt.result.clone(),
        detail: receipt.detail.clone(),
        clearing_date: receipt.clearing_date.to_string(),
    }
}

async fn upload(
    State(app): State<App>,
    Who(actor): Who,
    Path(name): Path<String>,
) -> Result<Json<UploadView>, ApiError> {
    let scope = actor.scope();
    let receipts = store::receipts_of(&app.db, scope, &name).await.map_err(exchange)?;
    let known = store::upload(&app.db, scope, &name).await.map_err(exchange)?;
    let read = FileName::parse(&name).ok();
    let Some(upload) = known else {
        let first = receipts.first().ok_or_else(|| ApiError::not_found(format!("upload {name}")))?;
        return Ok(Json(UploadView {
            member: first.member.to_string(),
            accepted: false,
            clearing_date: None,
            file_date: read.map(|n| n.date.to_string()),
            sequence: read.map(|n| n.sequence),
            record_count: 0,
            total_fen: 0,
            accepted_at: None,
            body_digest: None,
            receipts: receipts.iter().map(receipt_view).collect(),
            verdicts: Vec::new(),
            groups: Vec::new(),
            name,
        }));
    };
    let (verdicts, groups) = store::summary(&app.db, scope, upload.number).await.map_err(exchange)?;
    let verdict = |(reason, count, amount): (Reason, u64, tongka_base::Fen)| VerdictView::new(reason, count, amount);
    Ok(Json(UploadView {
        name,
        member: upload.name.member.to_string(),
        accepted: true,
        clearing_date: Some(upload.clearing_date.to_string()),
        file_date: Some(upload.name.date.to_string()),
        sequence: Some(upload.name.sequence),
        record_count: upload.records,
        total_fen: upload.total.0,
        accepted_at: Some(rfc3339(&upload.accepted_at)),
        body_digest: Some(upload.body_digest),
        receipts: receipts.iter().map(receipt_view).collect(),
        verdicts: verdicts.into_iter().map(verdict).collect(),
        groups: groups
            .into_iter()
            .map(|(issuer, industry, count, gross)| GroupView {
                issuer: issuer.to_string(),
                industry: industry.to_string(),
                count,
                gross_fen: gross.0,
            })
            .collect(),
    }))
}

/// When a transaction happened.
fn at(txu: &tongka_wire::txu::Txu) -> tongka_base::DateTime {
    txu.date.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::seconds(i64::from(txu.time_seconds))
}

/// A record's line for who may not see whole card numbers.
pub(crate) fn masked_line(line: &[u8]) -> String {
    let hidden = SERIAL.start + 6..SERIAL.end - 4;
    let shown = line.iter().enumerate().map(|(at, byte)| if hidden.contains(&at) { b'*' } else { *byte });
    String::from_utf8_lossy(&shown.collect::<Vec<u8>>()).into_owned()
}

async fn records(
    State(app): State<App>,
    Who(actor): Who,
    Path(name): Path<String>,
    Params(query): Params<RecordsQuery>,
) -> Result<Json<RawPage>, ApiError> {
    let upload = found(&app, actor.scope(), &name).await?;
    let limit = query.limit.unwrap_or(50);
    let from = query.from.unwrap_or(1);
    if !(1..=500).contains(&limit) || from == 0 {
        return Err(ApiError::field("limit", "1 to 500, from 1"));
    }
    let wanted = match query.verdict.as_deref() {
        None | Some("") => None,
        Some(letter) => {
            let verdict = Verdict::ALL.into_iter().find(|v| v.to_string() == letter);
            Some(verdict.ok_or_else(|| ApiError::field("verdict", "A R S D T"))?)
        }
    };
    let lake = tongka_exchange::run::lake(&app.folders);
    let unmasked = actor.may("cards.unmask");
    let page = tokio::task::spawn_blocking(move || {
        let (table, archive) =
            (lake.table_path(upload.clearing_date, &name), lake.archive_path(upload.clearing_date, &name));
        let (reasons, _) = Table::open(&table)?.outcomes()?;
        let reason = |no: u32| Reason::from_code(reasons[no as usize - 1]).expect("a column holds only known reasons");
        let last = reasons.len() as u32;
        let mut fitting = (from..=last).filter(|no| wanted.is_none_or(|v| reason(*no).verdict() == v));
        let shown: Vec<u32> = fitting.by_ref().take(limit as usize).collect();
        let next = fitting.next();
        let lines = ArchiveReader::open(&archive)?.lines(&shown)?;
        let items = shown.iter().zip(lines).map(|(no, line)| RawRecord {
            record_no: *no,
            verdict: reason(*no).verdict().to_string(),
            reason: reason(*no).to_string(),
            raw: match line.strip_suffix(b"\r\n").unwrap_or(&line) {
                line if unmasked => String::from_utf8_lossy(line).into_owned(),
                line => masked_line(line),
            },
        });
        Ok(RawPage { items: items.collect(), next })
    });
    let page: Result<RawPage, tongka_lake::LakeError> = page.await.map_err(|e| unexpected(&e))?;
    Ok(Json(page.map_err(|e| exchange(e.into()))?))
}

fn attachment(name: &str, body: Bytes) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

async fn noted(app: &App, actor: &Actor, name: &str) -> Result<(), ApiError> {
    super::day::audited(app, actor, "file.download", name).await
}

/// The bytes of an accepted upload, block by block from the archive.
async fn raw(State(app): State<App>, Who(actor): Who, Path(name): Path<String>) -> Result<Response, ApiError> {
    let upload = found(&app, actor.scope(), &name).await?;
    noted(&app, &actor, &name).await?;
    let path = tongka_exchange::run::lake(&app.folders).archive_path(upload.clearing_date, &name);
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(2);
    tokio::task::spawn_blocking(move || {
        let work = || -> Result<(), tongka_lake::LakeError> {
            let mut archive = ArchiveReader::open(&path)?;
            let mut block = Vec::new();
            while archive.next_block(&mut block)? {
                if sender.blocking_send(Ok(block.clone())).is_err() {
                    return Ok(());
                }
            }
            Ok(())
        };
        if let Err(error) = work() {
            tracing::error!(%error, "archive");
            let _ = sender.blocking_send(Err(std::io::Error::other(error.to_string())));
        }
    });
    Ok(attachment(&name, Bytes::from_stream(ReceiverStream::new(receiver))))
}

async fn explain_record(
    State(app): State<App>,
    Who(actor): Who,
    Path((name, record)): Path<(String, u32)>,
) -> Result<Json<Value>, ApiError> {
    let explained = explain::explain(&app.db, &app.folders, actor.scope(), &name, record).await.map_err(exchange)?;
    let mut told = crate::commands::trail::json(&explained);
    if let Explained::Record(trail) = &explained {
        if !actor.may("cards.unmask") {
            told["raw"] = json!(masked_line(&trail.raw));
        }
        if trail.reason == Reason::Blacklisted
            && let Ok(txu) = tongka_wire::txu::parse_txu(&[&trail.raw[..], b"\r\n"].concat())
        {
            let (card, at) = ((txu.scheme, txu.issuer_id, txu.serial), at(&txu));
            let judged = super::list_version::judge(&app, trail.upload.name.member, card, at).await?;
            told["liability"] = json!(judged);
        }
        let texts = trail.checks.iter().map(|c| (c.reason.text_zh(), c.reason.text_en()));
        for (check, (zh, en)) in told["checks"].as_array_mut().into_iter().flatten().zip(texts) {
            check["zh"] = json!(zh);
            check["en"] = json!(en);
        }
    }
    Ok(Json(told))
}

/// A published file out of the outbox; its name says whose it is.
async fn outgoing(app: &App, actor: &Actor, name: &str, kinds: &[Kind]) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found(format!("file {name}"));
    let read = FileName::parse(name).ok().filter(|n| kinds.contains(&n.kind)).ok_or_else(missing)?;
    let visible = match actor.scope() {
        Scope::Platform => true,
        Scope::Member(member) => read.member == member,
        Scope::Tenant(_) => false,
    };
    let path = app.folders.member_outbox(read.member).join(name);
    if !visible || !path.is_file() {
        return Err(missing());
    }
    noted(app, actor, name).await?;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(2);
    tokio::task::spawn_blocking(move || {
        let outcome = send_file(&path, &sender);
        if let Err(error) = outcome {
            let _ = sender.blocking_send(Err(error));
        }
    });
    Ok(attachment(name, Bytes::from_stream(ReceiverStream::new(receiver))))
}

fn send_file(
    path: &FilePath,
    to: &tokio::sync::mpsc::Sender<Result<Vec<u8>, std::io::Error>>,
) -> Result<(), std::io::Error> {
    use std::io::Read;
    let mut file = std::fs::File::open(path)?;
    loop {
        let mut block = vec![0; 1 << 17];
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok(());
        }
        block.truncate(read);
        if to.blocking_send(Ok(block)).is_err() {
            return Ok(());
        }
    }
}

async fn result_file(State(app): State<App>, Who(actor): Who, Path(name): Path<String>) -> Result<Response, ApiError> {
    outgoing(&app, &actor, &name, &[Kind::Txe, Kind::Txd, Kind::Sus, Kind::Stl, Kind::Sta]).await
}

async fn receipt_file(State(app): State<App>, Who(actor): Who, Path(name): Path<String>) -> Result<Response, ApiError> {
    outgoing(&app, &actor, &name, &[Kind::Txr]).await
}

/// Takes a file in: on disk before it is acknowledged, then visible under its name, then the worker is nudged.
async fn send(
    State(app): State<App>,
    Who(actor): Who,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Arrived>), ApiError> {
    let read = FileName::parse(&name).ok().filter(|n| n.kind == Kind::Txu);
    let read = read.ok_or_else(|| ApiError::field("name", "F01 文件名不合规 TXU_YYYYMMDD_MEMBER_SEQUENCE.dat"))?;
    if let Scope::Member(member) = actor.scope()
        && read.member != member
    {
        return Err(ApiError::field("name", "F02 文件名中的机构不是本机构 another member's file"));
    }
    let signature = match headers.get("x-tongka-signature") {
        None => None,
        Some(value) => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_bytes());
            Some(bytes.map_err(|_| ApiError::field("X-Tongka-Signature", "base64"))?)
        }
    };
    let signed = headers.get("x-content-sm3").and_then(|v| v.to_str().ok()).map(str::to_ascii_uppercase);
    // One folder for what is not complete yet, beside the inbox, so that putting it there is one rename.
    let beside = app.folders.data.join("arriving");
    let temporary = beside.join(format!("{}.{}", name, hex(&rand::random::<[u8; 8]>())));
    let outcome = keep(&app, &beside, &temporary, body.into_data_stream(), signed.as_deref()).await;
    let (bytes, digest) = match outcome {
        Ok(kept) => kept,
        Err(error) => {
            let _ = std::fs::remove_file(&temporary);
            return Err(error);
        }
    };
    let target = app.folders.inbox.join(&name);
    let failed = |error: std::io::Error| {
        tracing::error!(%error, "inbox");
        ApiError::web(WebCode::Busy, "")
    };
    if let Some(signature) = signature {
        let text = base64::engine::general_purpose::STANDARD.encode(signature);
        let path = PathBuf::from(format!("{}.sig", target.display()));
        tongka_lake::durable::write_file(&path, text.as_bytes()).map_err(|e| exchange(e.into()))?;
    }
    std::fs::rename(&temporary, &target).map_err(failed)?;
    tongka_lake::durable::sync_dir(&app.folders.inbox).map_err(|e| exchange(e.into()))?;
    super::day::audited(&app, &actor, "file.upload", &name).await?;
    app.bell.nudge.notify_waiters();
    Ok((StatusCode::ACCEPTED, Json(Arrived { name, bytes, digest })))
}

async fn keep(
    app: &App,
    folder: &FilePath,
    path: &FilePath,
    mut body: BodyDataStream,
    signed: Option<&str>,
) -> Result<(u64, String), ApiError> {
    /// A sender that says nothing for so long is given up.
    const SILENCE: std::time::Duration = std::time::Duration::from_secs(30);
    let failed = |error: std::io::Error| {
        tracing::error!(%error, "arriving file");
        ApiError::web(WebCode::Busy, "")
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = std::fs::File::create(path).map_err(failed)?;
    let (mut bytes, mut digest) = (0_u64, Sm3::default());
    loop {
        let next = tokio::time::timeout(SILENCE, body.next()).await;
        let Some(piece) = next.map_err(|_| ApiError::web(WebCode::TooSlow, ""))? else { break };
        let piece = piece.map_err(|_| ApiError::web(WebCode::Malformed, "the body ended too early"))?;
        bytes += piece.len() as u64;
        if bytes > app.config.limits.upload_bytes {
            return Err(ApiError::web(WebCode::TooLarge, format!("at most {} bytes", app.config.limits.upload_bytes)));
        }
        digest.update(&piece);
        file.write_all(&piece).map_err(failed)?;
    }
    let digest = hex(&digest.finish());
    if signed.is_some_and(|signed| signed != digest) {
        return Err(ApiError::web(WebCode::Value, "X-Content-SM3"));
    }
    let synced = tokio::task::spawn_blocking(move || file.sync_all()).await;
    synced.map_err(|e| unexpected(&e))?.map_err(failed)?;
    Ok((bytes, digest))
}
