//! The status page (状态页): read-only, on this machine, nothing loaded from elsewhere, `/status.json` beside it.

use crate::books::{Books, shown_at};
use crate::client::Client;
use crate::config::Config;
use crate::convert::formats::format_amount;
use crate::convert::profile::Unit;
use crate::status::{self, Line, Live, Status};
use crate::{ClientCode, ClientError};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use tongka_base::Clock;

/// What the page reads.
pub struct Shared {
    pub(crate) config: Config,
    pub(crate) books: RwLock<Books>,
    /// Bytes of the journal that the books above come from.
    pub(crate) shown: AtomicU64,
    pub(crate) live: Arc<Mutex<Live>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    /// Shows the client's books as they are now.
    pub(crate) fn publish(&self, client: &Client) {
        let size = client.journal.size();
        // The books change with the journal only.
        if self.shown.swap(size, Ordering::AcqRel) != size {
            client.books().clone_into(&mut self.books.write().expect("no thread panics with it"));
        }
    }

    fn status(&self) -> Status {
        let books = self.books.read().expect("no thread panics with it");
        let live = self.live.lock().expect("no thread panics with it").clone();
        status::of(&self.config, &books, &live, true, self.clock.now())
    }
}

/// Opens the page.
///
/// # Errors
/// Z18 the address cannot be had.
pub async fn start(address: SocketAddr, shared: Arc<Shared>) -> Result<SocketAddr, ClientError> {
    let wrong = |e| ClientError::new(ClientCode::Io, format!("{address}: {e}"));
    let listener = tokio::net::TcpListener::bind(address).await.map_err(wrong)?;
    let bound = listener.local_addr().map_err(wrong)?;
    let router = Router::new()
        .route("/", get(page))
        .route("/status.json", get(json))
        .layer(from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared);
    tracing::info!("状态页 status page: http://{bound}/");
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("{error}");
        }
    });
    Ok(bound)
}

async fn page(State(shared): State<Arc<Shared>>) -> Html<String> {
    Html(render(&shared.status()))
}

async fn json(State(shared): State<Arc<Shared>>) -> Json<Status> {
    Json(shared.status())
}

/// A page of another site must not read this one by giving this machine its name.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    let own = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    if !own && !shared.config.page.allow_remote {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut response = next.run(request).await;
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Bytes for people.
fn shown_bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        1_048_576..10_737_418_240 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}

fn card(out: &mut String, zh: &str, en: &str, value: &str, tone: &str) {
    let _ = write!(
        out,
        "<div class=\"card {tone}\"><div class=\"value\">{}</div><div class=\"label\">{zh}<span>{en}</span></div></div>",
        escape(value)
    );
}

fn table(out: &mut String, zh: &str, en: &str, lines: &[Line]) {
    let _ = write!(out, "<section><h2>{zh}<span>{en}</span></h2>");
    if lines.is_empty() {
        out.push_str("<p class=\"empty\">还没有文件 no files yet</p></section>");
        return;
    }
    out.push_str(
        "<table><thead><tr><th>文件<span>File</span></th><th>状态<span>State</span></th><th>时间<span>Time</span></th>\
         <th class=\"n\">大小<span>Size</span></th><th>说明<span>Remark</span></th></tr></thead><tbody>",
    );
    for line in lines.iter().take(40) {
        let _ = write!(
            out,
            "<tr><td class=\"name\">{}</td><td><span class=\"tag {}\">{}<i>{}</i></span></td><td class=\"at\">{}</td>\
             <td class=\"n\">{}</td><td class=\"remark\">{}</td></tr>",
            escape(&line.name),
            line.tone,
            line.state_zh,
            line.state,
            escape(&shown_at(&line.at)),
            shown_bytes(line.size),
            escape(&line.remark)
        );
    }
    out.push_str("</tbody></table></section>");
}

/// The page as HTML, with everything in it.
pub fn render(status: &Status) -> String {
    let live = &status.live;
    let (line_tone, line_text) = match (&live.paused, &live.error, &live.last_contact) {
        (Some(_), ..) => ("bad", "已暂停 Paused"),
        (_, Some(_), _) => ("wait", "正在重试 Retrying"),
        (_, None, Some(_)) => ("ok", "连接正常 Connected"),
        _ => ("wait", "尚未连接 Not connected yet"),
    };
    let mut out = String::with_capacity(32 * 1024);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>传输客户端 {member}</title>\
         <style>{STYLE}</style></head><body><header><div><h1>传输客户端<span>tongka-link</span></h1>\
         <p>{name} {member} → {target}</p></div><div class=\"line\"><span class=\"tag {line_tone}\">{line_text}</span>\
         <p>{at}</p></div></header><main>",
        member = escape(&status.member),
        name = escape(&status.name),
        target = escape(&status.target),
        at = shown_at(&status.at),
    );
    troubles(&mut out, status);
    let today = &status.today;
    out.push_str("<section><h2>今日<span>Today</span></h2><div class=\"cards\">");
    for expected in &status.expected {
        let tone = if expected.late {
            "bad"
        } else if expected.delivered < expected.files {
            "wait"
        } else {
            "ok"
        };
        let value = format!("{}/{}", expected.delivered, expected.files);
        card(&mut out, &format!("应送 {}（{} 前）", expected.kind, expected.by), "expected", &value, tone);
    }
    let tone = |n: u32, tone| if n > 0 { tone } else { "" };
    card(&mut out, "待发送", "waiting", &today.waiting.to_string(), tone(today.waiting, "wait"));
    card(&mut out, "已送达", "delivered", &today.delivered.to_string(), "");
    card(&mut out, "回执接受", "accepted", &today.accepted.to_string(), tone(today.accepted, "ok"));
    card(&mut out, "接受记录", "records", &today.records.to_string(), "");
    card(&mut out, "接受金额（元）", "CNY", &format_amount(today.amount_fen, Unit::Yuan), "");
    card(&mut out, "拒绝", "refused", &today.refused.to_string(), tone(today.refused, "bad"));
    card(&mut out, "已取结果", "fetched", &today.fetched.to_string(), "");
    if today.converted > 0 {
        card(&mut out, "已转换源文件", "converted", &today.converted.to_string(), "");
    }
    out.push_str("</div></section>");
    health(&mut out, live);
    table(&mut out, "发出的文件", "Outgoing", &status.outgoing);
    table(&mut out, "收到的文件", "Incoming", &status.incoming);
    let _ = write!(
        out,
        "</main><footer>进程 {} 自 {} 起运行 · 每 5 秒刷新 · <code>tongka-link log 文件名</code> 查看任一文件的来龙去脉 · \
         <a href=\"/status.json\">status.json</a></footer></body></html>",
        live.pid,
        shown_at(&live.started_at)
    );
    out
}

fn troubles(out: &mut String, status: &Status) {
    if status.troubles.is_empty() {
        out.push_str("<div class=\"calm\">没有待处理的问题<span>nothing needs attention</span></div>");
        return;
    }
    let _ = write!(
        out,
        "<section class=\"troubles\"><h2>待处理 {}<span>needs attention · tongka-link ack 文件名 处理后确认</span></h2><ul>",
        status.troubles.len()
    );
    for trouble in status.troubles.iter().take(50) {
        let _ = write!(
            out,
            "<li><b>{}</b><div><div class=\"name\">{}</div>{}</div><time>{}</time></li>",
            escape(&trouble.code),
            escape(&trouble.file),
            escape(&trouble.text),
            escape(&shown_at(&trouble.at))
        );
    }
    out.push_str("</ul></section>");
}

fn health(out: &mut String, live: &Live) {
    out.push_str("<section><h2>运行<span>Health</span></h2><dl>");
    let mut row = |zh: &str, en: &str, value: String| {
        let _ = write!(out, "<div><dt>{zh}<span>{en}</span></dt><dd>{}</dd></div>", escape(&value));
    };
    let never = || "—".to_owned();
    row("最近连通", "last contact", live.last_contact.as_deref().map_or_else(never, shown_at));
    let off = |off: i64| match off {
        0 => "一致 equal".to_owned(),
        off if off > 0 => format!("本机快 {off} 秒 ahead"),
        off => format!("本机慢 {} 秒 behind", -off),
    };
    row("与中心时差", "clock", live.clock_off_s.map_or_else(never, off));
    if let Some((_, _, text)) = &live.error {
        row("最近错误", "last error", text.clone());
        row("连续失败", "failures in a row", live.failures.to_string());
        row("下次重试", "next try", live.next_try.as_deref().map_or_else(never, shown_at));
    }
    if let Some((name, at, size)) = &live.sending {
        let percent = (at * 100).checked_div(*size).unwrap_or(100);
        row("正在发送", "sending", format!("{name} {percent}%"));
    }
    if let Some(waiting) = live.remote_waiting {
        row("中心待取", "waiting at the centre", waiting.to_string());
    }
    let mut seen = Vec::new();
    for disk in &live.disks {
        let key = (disk.free_bytes >> 20, disk.total_bytes);
        if !seen.contains(&key) {
            seen.push(key);
            let value =
                format!("{} / {}（{}）", shown_bytes(disk.free_bytes), shown_bytes(disk.total_bytes), disk.folder);
            row("磁盘剩余", "disk free", value);
        }
    }
    out.push_str("</dl></section>");
}

const STYLE: &str = "\
:root{--ink:#1d2733;--soft:#66727f;--line:#e3e8ee;--ok:#12805c;--okbg:#e6f5ef;--wait:#9a6700;--waitbg:#fdf3dc;\
--bad:#b3261e;--badbg:#fdecea;--brand:#0b4f9e}*{box-sizing:border-box}body{margin:0;background:#f4f6f9;color:var(--ink);\
font:14px/1.55 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}\
header{background:linear-gradient(100deg,#0b3d7a,#0b4f9e);color:#fff;padding:20px 32px;display:flex;justify-content:space-between;\
align-items:center;gap:24px}header h1{margin:0;font-size:22px;font-weight:600}header p{margin:2px 0 0;opacity:.85}\
.line{text-align:right}h1 span,h2 span,th span,dt span,.label span,.calm span{font-weight:400;opacity:.6;margin-left:8px;\
font-size:.82em}main{max-width:1240px;margin:0 auto;padding:20px 24px}section{background:#fff;border:1px solid var(--line);\
border-radius:10px;padding:16px 20px;margin-bottom:18px}h2{font-size:16px;margin:0 0 12px;font-weight:600}\
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:12px}.card{border:1px solid var(--line);\
border-radius:8px;padding:12px 14px}.value{font-size:24px;font-weight:600;font-variant-numeric:tabular-nums}\
.label{color:var(--soft);font-size:13px}.card.ok .value{color:var(--ok)}.card.wait{background:var(--waitbg);border-color:#f0dca8}\
.card.wait .value{color:var(--wait)}.card.bad{background:var(--badbg);border-color:#f3c2bd}.card.bad .value{color:var(--bad)}\
table{width:100%;border-collapse:collapse}th{text-align:left;color:var(--soft);font-weight:500;font-size:13px;padding:6px 8px;\
border-bottom:1px solid var(--line)}td{padding:7px 8px;border-bottom:1px solid #f0f3f6;vertical-align:top}\
tr:last-child td{border-bottom:0}.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
.name{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;white-space:nowrap}.at,time{white-space:nowrap;\
color:var(--soft);font-variant-numeric:tabular-nums}.remark{color:var(--soft);word-break:break-word}\
.tag{display:inline-block;border-radius:12px;padding:1px 10px;font-size:13px;white-space:nowrap}.tag i{font-style:normal;\
opacity:.65;margin-left:6px;font-size:12px}.tag.ok{background:var(--okbg);color:var(--ok)}\
.tag.wait{background:var(--waitbg);color:var(--wait)}.tag.bad{background:var(--badbg);color:var(--bad)}\
.calm{background:var(--okbg);color:var(--ok);border-radius:10px;padding:12px 20px;margin-bottom:18px;font-weight:500}\
.troubles{border-color:#f3c2bd;background:#fffafa}.troubles h2{color:var(--bad)}ul{list-style:none;margin:0;padding:0}\
li{display:flex;gap:14px;padding:9px 0;border-top:1px solid #f6dfdc;align-items:baseline}li>div{flex:1;word-break:break-word}\
li b{background:var(--bad);color:#fff;border-radius:6px;padding:0 8px;font-variant-numeric:tabular-nums}\
dl{margin:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(280px,1fr));gap:8px 24px}dt{color:var(--soft);font-size:13px}\
dd{margin:0;word-break:break-word}.empty{color:var(--soft);margin:4px 0}footer{max-width:1240px;margin:0 auto;\
padding:0 24px 28px;color:var(--soft);font-size:13px}a{color:var(--brand)}\
@media(max-width:760px){header{flex-direction:column;align-items:flex-start;padding:16px 20px}.line{text-align:left}\
main{padding:14px 10px}section{overflow-x:auto}}";
