//! The outermost layers: request ids, the log of requests, metrics, security headers, and the body of every error.

use crate::{ApiError, WebCode};
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tongka_access::Actor;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

/// By which a request is found in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// What the pages may load and do: only what this server gives them.
const CONTENT_SECURITY: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
                                connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                                frame-ancestors 'none'";

/// Puts the outermost layers around a whole router.
pub fn finish_router(router: Router) -> Router {
    let packed = DefaultPredicate::new().and(NotForContentType::const_new("text/event-stream"));
    router
        .method_not_allowed_fallback(|| async { ApiError::web(WebCode::Method, "") })
        .layer(CompressionLayer::new().gzip(true).compress_when(packed))
        .layer(from_fn(outermost))
}

/// An id that a caller gave is kept where it is harmless.
fn request_id(request: &Request) -> String {
    let given = request.headers().get("x-request-id").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (8..=64).contains(&given.len()) && given.bytes().all(plain) {
        return given.to_owned();
    }
    hex::encode(rand::random::<[u8; 12]>())
}

async fn outermost(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip().to_string());
    // The pattern, not the path: what is in the path may be somebody's number.
    let route = request.extensions().get::<MatchedPath>().map_or("other".to_owned(), |m| m.as_str().to_owned());
    let caught = futures_util::FutureExt::catch_unwind(AssertUnwindSafe(next.run(request))).await;
    let response = caught.unwrap_or_else(|_| ApiError::web(WebCode::Internal, "").into_response());
    let login = response.extensions().get::<Actor>().map(|a| a.login.clone());
    let mut response = told(response, &id, &path).await;
    let ms = started.elapsed().as_millis() as u64;
    let status = response.status().as_u16();
    metrics::counter!("tongka_http_requests_total", "route" => route.clone(), "method" => method.to_string(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("tongka_http_request_duration_seconds", "route" => route.clone())
        .record(started.elapsed().as_secs_f64());
    let (peer, login) = (peer.unwrap_or_default(), login.unwrap_or_default());
    if status >= 500 {
        tracing::error!(request_id = id, %method, route, status, ms, peer, login, "request");
    } else {
        tracing::info!(request_id = id, %method, route, status, ms, peer, login, "request");
    }
    let is_api = path.starts_with(crate::api::PREFIX);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert("x-request-id", value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY));
    if is_api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// Gives an error its body. What the framework refused itself becomes a problem as well.
async fn told(mut response: Response, id: &str, path: &str) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return error.problem(id, path);
    }
    let status = response.status();
    let is_ours = response.headers().get(header::CONTENT_TYPE).is_some_and(|v| {
        let kind = v.as_bytes();
        kind.starts_with(b"application/problem+json") || kind.starts_with(b"application/json")
    });
    if !(status.is_client_error() || status.is_server_error()) || is_ours {
        return response;
    }
    let detail = axum::body::to_bytes(response.into_body(), 1024).await.unwrap_or_default();
    let detail = String::from_utf8_lossy(&detail).into_owned();
    let code = match status {
        StatusCode::NOT_FOUND => WebCode::NoPath,
        StatusCode::METHOD_NOT_ALLOWED => WebCode::Method,
        StatusCode::PAYLOAD_TOO_LARGE => WebCode::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => WebCode::ContentType,
        StatusCode::UNPROCESSABLE_ENTITY => WebCode::Value,
        StatusCode::REQUEST_TIMEOUT => WebCode::TooSlow,
        status if status.is_server_error() => WebCode::Internal,
        _ => WebCode::Malformed,
    };
    ApiError::web(code, detail).problem(id, path)
}
