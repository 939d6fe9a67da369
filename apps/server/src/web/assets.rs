//! The console's files (页面), built into the executable. Every path that is no file is the console's start page, so that
//! a link into it works. Files whose names hold a digest of their content never change and are kept by browsers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Files;

const WITHOUT_CONSOLE: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>通卡</title>\
<p>本可执行文件编译时没有页面：先安装 Node.js 20.19 以上并在 console 目录运行 npm ci 与 npm run build，再编译。接口可用，见 \
<a href=\"/openapi.json\">/openapi.json</a>。</p>\
<p>This executable was compiled without the console: with Node.js 20.19 or later run npm ci and npm run build in \
the folder console, then compile again. The API works.</p></html>";

/// Answers a path with a file, or with the start page.
pub(crate) async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let (name, found) = match Files::get(path) {
        Some(file) if !path.is_empty() => (path, Some(file)),
        // What looks like a file of its own must not be answered with a page.
        _ if path.starts_with("assets/") => return StatusCode::NOT_FOUND.into_response(),
        _ => ("index.html", Files::get("index.html")),
    };
    let Some(file) = found else {
        return ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], WITHOUT_CONSOLE).into_response();
    };
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(Body::from(file.data));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
