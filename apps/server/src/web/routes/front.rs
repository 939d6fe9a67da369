//! The HTTPS file API (文件接口) of the front: what a member's transfer client calls, resumed at any byte. The rules are in
//! [`tongka_link::https`].

use crate::web::app::{App, rfc3339, unexpected};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use tongka_access::{Actor, Owner, Via};
use tongka_base::date::format_date_time;
use tongka_http::{Api, ApiError, Params, Spec, WebCode, Who};
use tongka_link::front::{QUOTA_BYTES, QUOTA_FILES};
use tongka_link::https::{LARGEST_READ, UploadRange, finish, offset, read_range, receive_chunk};
use tongka_link::{Caller, Channel, Front, LinkCode, LinkError, inbox, outbox};
use utoipa::ToSchema;

/// Bytes of the largest piece of an upload.
const LARGEST_PIECE: usize = LARGEST_READ as usize;
/// Of files, signatures and their unfinished names.
const FILE: &str = "^[A-Za-z0-9_.-]{1,96}$";
const EXAMPLE: &str = "TXU_20260901_10002900_000001.dat";

#[derive(Serialize, ToSchema)]
pub(crate) struct InboxState {
    name: String,
    /// Bytes that are there.
    size: u64,
    /// `receiving`, `waiting` for its signature, `handed` to the centre, `taken` or `rejected` by it.
    state: String,
    /// SM3 of the bytes, where all are there.
    fingerprint: String,
    modified_at: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UploadProgress {
    /// Bytes that are there: where to go on.
    offset: u64,
    /// Empty while bytes are missing; then as [`InboxState`].
    state: String,
    fingerprint: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OutboxFile {
    name: String,
    size: u64,
    modified_at: String,
    confirmed: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OutboxList {
    files: Vec<OutboxFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tagged {
    tag: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutboxQuery {
    all: Option<bool>,
    limit: Option<usize>,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let named = |spec: Spec| spec.path("name", FILE, "文件名 file name", EXAMPLE);
    let tagged = |spec: Spec| named(spec).query("tag", "同名上传的标签 tells uploads of one name apart", "1A2B3C4D");
    let range = json!({ "type": "string" });
    api.get(
        "/front/inbox/{name}",
        tagged(Spec::new("front_inbox_file", "上送文件的状态与断点", "How far an upload is", "file.upload"))
            .answers::<InboxState>(),
        state,
    )
    .put(
        "/front/inbox/{name}",
        tagged(Spec::new("front_upload", "上送文件的一段", "Send a piece of a file", "file.upload"))
            .header(
                "Content-Range",
                range.clone(),
                "bytes a-b/size，末尾可为 at the end bytes */size",
                "bytes 0-159/160",
            )
            .takes_piece(LARGEST_PIECE)
            .answers::<UploadProgress>(),
        receive,
    )
    .get(
        "/front/outbox",
        Spec::new("front_outbox", "待取文件", "Files that wait to be fetched", "file.download")
            .query_schema("all", json!({ "type": "boolean" }), "含已确认 with confirmed ones", json!(false))
            .query_schema("limit", json!({ "type": "integer", "minimum": 1 }), "条数 files", json!(1000))
            .answers::<OutboxList>(),
        list,
    )
    .get(
        "/front/outbox/{name}",
        named(Spec::new("front_download", "取文件的一段", "Fetch a part of a file", "file.download"))
            .answers_file("application/octet-stream")
            .answers_part(),
        send,
    )
    .post(
        "/front/outbox/{name}/fetched",
        named(Spec::new("front_confirm", "确认已取", "Confirm that a file was fetched", "file.download"))
            .repeatable()
            .answers_empty(204, "已确认 confirmed"),
        confirm,
    )
}

fn told(error: LinkError) -> ApiError {
    use StatusCode as S;
    let status = match error.code() {
        Some(LinkCode::Name | LinkCode::Kind | LinkCode::Invalid | LinkCode::Signature) => S::UNPROCESSABLE_ENTITY,
        Some(LinkCode::Foreign) => S::FORBIDDEN,
        Some(LinkCode::NotFound) => S::NOT_FOUND,
        Some(LinkCode::TooLarge) => S::PAYLOAD_TOO_LARGE,
        Some(LinkCode::Full | LinkCode::Io) | None => {
            if let LinkError::Storage(error) = error {
                return error.into();
            }
            tracing::error!(%error, "front");
            S::SERVICE_UNAVAILABLE
        }
        Some(_) => S::CONFLICT,
    };
    ApiError::coded(status, &error.to_string())
}

/// The front of this process and the member who calls. Only members have files here.
fn at_the_door(app: &App, actor: &Actor, peer: SocketAddr) -> Result<(Arc<Front>, Caller), ApiError> {
    let Owner::Member(member) = actor.owner else {
        return Err(ApiError::not_found("该账号不属于成员机构 the account is no member's"));
    };
    let front = app.front.clone();
    let front =
        front.ok_or_else(|| ApiError::web(WebCode::Busy, "本进程不是通信前置 this process is not the front"))?;
    let login = match &actor.via {
        Via::ApiKey(key) => format!("{}/{key}", actor.login),
        _ => actor.login.clone(),
    };
    let caller = Caller {
        member,
        login,
        channel: Channel::Https,
        address: peer.ip().to_canonical().to_string(),
        quota_bytes: QUOTA_BYTES,
        quota_files: QUOTA_FILES,
    };
    Ok((front, caller))
}

fn moment(seconds: u64) -> String {
    let utc = DateTime::from_timestamp(seconds as i64, 0).unwrap_or_default().naive_utc();
    rfc3339(&format_date_time(utc + TimeDelta::hours(8)))
}

async fn state(
    State(app): State<App>,
    Who(actor): Who,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    Path(name): Path<String>,
    Params(Tagged { tag }): Params<Tagged>,
) -> Result<Response, ApiError> {
    let (front, caller) = at_the_door(&app, &actor, peer)?;
    let there = offset(&front, &caller, &name, tag.as_deref().unwrap_or_default()).await.map_err(told)?;
    let mut response = if method == Method::HEAD {
        StatusCode::OK.into_response()
    } else {
        let (file, fingerprint) = inbox::state(&front, &caller, &name).await.map_err(told)?;
        let (name, size, state) = (file.name, file.size, file.state);
        Json(InboxState { name, size, state, fingerprint, modified_at: moment(file.modified) }).into_response()
    };
    response.headers_mut().insert("upload-offset", HeaderValue::from(there));
    Ok(response)
}

async fn receive(
    State(app): State<App>,
    Who(actor): Who,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    Params(Tagged { tag }): Params<Tagged>,
    headers: HeaderMap,
    piece: Bytes,
) -> Result<Json<UploadProgress>, ApiError> {
    let (front, caller) = at_the_door(&app, &actor, peer)?;
    let range = headers.get(header::CONTENT_RANGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let UploadRange { chunk, size } = UploadRange::parse(range).map_err(told)?;
    if chunk.end - chunk.start != piece.len() as u64 {
        return Err(ApiError::field("Content-Range", "与请求体长度不符 not the length of the body"));
    }
    let tag = tag.unwrap_or_default();
    // On its own, so that a piece is taken whole though its sender went away.
    let work = async move {
        let mut there = chunk.end;
        if !piece.is_empty() || size == 0 {
            there = receive_chunk(&front, &caller, &name, &tag, chunk.start, &piece).await?;
        }
        if there < size {
            return Ok(UploadProgress { offset: there, state: String::new(), fingerprint: String::new() });
        }
        let taken = finish(&front, &caller, &name, &tag, size).await?;
        Ok(UploadProgress { offset: size, state: taken.state.into(), fingerprint: taken.fingerprint })
    };
    tokio::spawn(work).await.map_err(|e| unexpected(&e))?.map(Json).map_err(told)
}

async fn list(
    State(app): State<App>,
    Who(actor): Who,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Params(query): Params<OutboxQuery>,
) -> Result<Json<OutboxList>, ApiError> {
    let (front, caller) = at_the_door(&app, &actor, peer)?;
    let all = query.all.unwrap_or(false);
    let files = outbox::list(&front, &caller).await.map_err(told)?;
    let shown = files.into_iter().filter(|file| all || !file.confirmed).take(query.limit.unwrap_or(usize::MAX));
    let file = |file: outbox::OutFile| OutboxFile {
        name: file.name,
        size: file.size,
        modified_at: moment(file.modified),
        confirmed: file.confirmed,
    };
    Ok(Json(OutboxList { files: shown.map(file).collect() }))
}

async fn send(
    State(app): State<App>,
    Who(actor): Who,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (front, caller) = at_the_door(&app, &actor, peer)?;
    let wanted = headers.get(header::RANGE).map(|v| v.to_str().unwrap_or_default());
    let (range, size, bytes) = read_range(&front, &caller, &name, wanted).await.map_err(told)?;
    let is_whole = range.start == 0 && range.end == size;
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if !is_whole {
        let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&text).expect("plain digits"));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

async fn confirm(
    State(app): State<App>,
    Who(actor): Who,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let (front, caller) = at_the_door(&app, &actor, peer)?;
    outbox::confirm(&front, &caller, &name).await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}
