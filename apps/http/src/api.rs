//! Building an API, and the gate in front of every handler.

use crate::identity;
use crate::limit::{Limiter, Rate};
use crate::spec::{Access, Spec};
use crate::{ApiError, WebCode};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tongka_access::{
    Actor, Answer, Claim, Identity, KeyKind, ServerSecret, SessionRules, Signed, claim, release, store_answer, verify,
};
use tongka_base::Clock;
use tongka_crypto::sm3;
use tongka_listing::ListSpec;
use tongka_storage::Db;

/// Where every route is.
pub const PREFIX: &str = "/api/v1";

/// Limits and rules of an API.
#[derive(Clone, Debug)]
pub struct WebOptions {
    /// Sessions.
    pub session: SessionRules,
    /// Requests of one caller.
    pub rate: Rate,
    /// Most bytes of a body.
    pub body_bytes: usize,
    /// How long a request may take.
    pub timeout: Duration,
}

/// What every request needs.
pub struct WebParts {
    /// Database.
    pub db: Db,
    /// The installation's secret.
    pub secret: ServerSecret,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Limits.
    pub options: WebOptions,
    limiter: Limiter,
}

/// [`WebParts`], shared.
#[derive(Clone)]
pub struct Web(Arc<WebParts>);

impl std::ops::Deref for Web {
    type Target = WebParts;

    fn deref(&self) -> &WebParts {
        &self.0
    }
}

impl Web {
    /// Puts the parts together.
    pub fn new(db: Db, secret: ServerSecret, clock: Arc<dyn Clock>, options: WebOptions) -> Self {
        let limiter = Limiter::new(options.rate);
        Self(Arc::new(WebParts { db, secret, clock, options, limiter }))
    }
}

/// A route as the permission table and the document know it.
#[derive(Clone, Debug)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path with `{names}`.
    pub path: String,
    pub(crate) spec: Spec,
}

impl Route {
    /// Who may call it.
    pub fn access(&self) -> Access {
        self.spec.access
    }

    /// Its name in generated clients.
    pub fn id(&self) -> &'static str {
        self.spec.id
    }

    /// Whether it is a POST that needs an idempotency key.
    pub fn needs_key(&self) -> bool {
        self.method == Method::POST && self.spec.idempotent
    }
}

/// An API in the making.
pub struct Api<S> {
    web: Web,
    routes: Vec<Route>,
    lists: Vec<&'static ListSpec>,
    router: Router<S>,
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    /// One without routes.
    pub fn new(web: Web) -> Self {
        Self { web, routes: Vec::new(), lists: Vec::new(), router: Router::new() }
    }

    /// A route that reads.
    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &str, spec: Spec, handler: H) -> Self {
        self.route(Method::GET, path, spec, on(MethodFilter::GET, handler))
    }

    /// A route that changes.
    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &str, spec: Spec, handler: H) -> Self {
        self.route(Method::POST, path, spec, on(MethodFilter::POST, handler))
    }

    /// A route that sets.
    #[must_use]
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &str, spec: Spec, handler: H) -> Self {
        self.route(Method::PUT, path, spec, on(MethodFilter::PUT, handler))
    }

    /// A route that removes.
    #[must_use]
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &str, spec: Spec, handler: H) -> Self {
        self.route(Method::DELETE, path, spec, on(MethodFilter::DELETE, handler))
    }

    /// A list: its page and its export.
    #[must_use]
    pub fn list(mut self, list: &'static ListSpec) -> Self {
        self.lists.push(list);
        let (page, export) = crate::openapi::list_specs(list);
        let (at_page, at_export) = (format!("/{}", list.name), format!("/{}/export", list.name));
        let (pages, exports) = (crate::lists::page_route(&self.web, list), crate::lists::export_route(&self.web, list));
        self.route(Method::GET, &at_page, page, pages).route(Method::GET, &at_export, export, exports)
    }

    fn route(mut self, method: Method, path: &str, spec: Spec, handler: MethodRouter<S>) -> Self {
        let path = format!("{PREFIX}{path}");
        let route = Route { method, path: path.clone(), spec };
        let gate = Gate { web: self.web.clone(), route: Arc::new(route.clone()) };
        self.routes.push(route);
        // The gate bounds bodies by the route.
        let handler = handler.layer(DefaultBodyLimit::disable());
        self.router = self.router.route(&path, handler.layer(from_fn_with_state(gate, pass)));
        self
    }

    /// Every route there is.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The OpenAPI document.
    pub fn document(&self, title: &str, version: &str) -> Value {
        crate::openapi::document(title, version, &self.routes)
    }

    /// The router, with the metadata of the lists at `/lists`.
    pub fn finish(mut self) -> (Router<S>, Vec<Route>) {
        let lists = self.lists.clone();
        let spec = Spec::logged_in("lists", "列表的元数据", "Metadata of the lists that the caller may read")
            .answers_schema(serde_json::json!({ "type": "object", "required": ["lists"], "properties": {
                "lists": { "type": "array", "items": { "type": "object" } } } }));
        self = self.get("/lists", spec, move |who: crate::Who| async move { crate::lists::metadata(&lists, &who.0) });
        (self.router, self.routes)
    }
}

#[derive(Clone)]
struct Gate {
    web: Web,
    route: Arc<Route>,
}

/// Routes that somebody may call whose password has to be changed first.
const BEFORE_PASSWORD: [&str; 3] = ["session", "log_out", "change_password"];

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let limit = gate.web.options.timeout;
    let work = admitted(&gate, request, next);
    if gate.route.spec.streams {
        return work.await.unwrap_or_else(IntoResponse::into_response);
    }
    match tokio::time::timeout(limit, work).await {
        Ok(outcome) => outcome.unwrap_or_else(IntoResponse::into_response),
        Err(_) => ApiError::web(WebCode::TooSlow, "").into_response(),
    }
}

async fn admitted(gate: &Gate, request: Request, next: Next) -> Result<Response, ApiError> {
    let (web, spec) = (&gate.web, &gate.route.spec);
    let address = address(&request);
    let (mut parts, body) = request.into_parts();
    // Before anything is looked up: whoever has no session pays for the look-up with their address.
    let signed = parts.headers.contains_key(header::AUTHORIZATION);
    if spec.access == Access::Public || (!signed && identity::token(&parts.headers).is_none()) {
        within_rate(web, &format!("address {address}"))?;
    }
    // A body of a route that streams is hashed by its handler against the digest that was signed.
    let (bytes, body) = if spec.streams {
        (None, body)
    } else {
        let limit = spec.body_bytes.unwrap_or(web.options.body_bytes);
        let bytes = to_bytes(body, limit).await;
        let bytes = bytes.map_err(|_| ApiError::web(WebCode::TooLarge, format!("at most {limit} bytes")))?;
        (Some(bytes.clone()), axum::body::Body::from(bytes))
    };
    if spec.access != Access::Public {
        let identity = identify_caller(web, &parts.method, &parts.headers, &parts.uri, bytes.as_deref()).await?;
        let identity = identity.ok_or_else(|| ApiError::web(WebCode::Anonymous, ""))?;
        within_rate(web, &format!("account {}", identity.actor.account))?;
        if let Access::Permission(code) = spec.access {
            identity.actor.require(code)?;
        }
        if identity.must_change_password && !BEFORE_PASSWORD.contains(&spec.id) {
            return Err(ApiError::web(WebCode::PasswordChange, ""));
        }
        let actor = identity.actor.clone();
        parts.extensions.insert(actor.clone());
        parts.extensions.insert(identity);
        if gate.route.needs_key() {
            let content = bytes.as_deref().unwrap_or_default().to_vec();
            let response = once(web, &actor, Request::from_parts(parts, body), next, &content).await;
            return response.map(|response| by(response, actor));
        }
        return Ok(by(next.run(Request::from_parts(parts, body)).await, actor));
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Leaves word for the log who it was.
fn by(mut response: Response, actor: Actor) -> Response {
    response.extensions_mut().insert(actor);
    response
}

fn address(request: &Request) -> String {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map_or_else(String::new, |c| c.0.ip().to_string())
}

fn within_rate(web: &Web, caller: &str) -> Result<(), ApiError> {
    web.limiter.take(caller, Instant::now()).map_err(|wait| {
        metrics::counter!("tongka_http_limited_total").increment(1);
        ApiError::web(WebCode::TooMany, "").retry_after(wait.as_secs() + 1)
    })
}

async fn identify_caller(
    web: &Web,
    method: &Method,
    headers: &HeaderMap,
    uri: &axum::http::Uri,
    body: Option<&[u8]>,
) -> Result<Option<Identity>, ApiError> {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return identity::by_session(web, method, headers).await;
    };
    let malformed = |what: &str| ApiError::web(WebCode::Malformed, what);
    let authorization = authorization.to_str().map_err(|_| malformed("Authorization"))?;
    let digest = match body {
        Some(body) => sm3(body),
        None => {
            let given = headers.get("x-content-sm3").and_then(|v| hex::decode(v.as_bytes()).ok());
            given.and_then(|d| d.try_into().ok()).ok_or_else(|| malformed("X-Content-SM3"))?
        }
    };
    let signed = signed(authorization, method, uri, &digest).ok_or_else(|| malformed("Authorization"))?;
    Ok(Some(verify(&web.db, &web.secret, &signed, &*web.clock).await?))
}

/// Reads `SCHEME key="…",timestamp="…",nonce="…",signature="…"`, in any order.
fn signed<'a>(
    authorization: &'a str,
    method: &'a Method,
    uri: &'a axum::http::Uri,
    body_digest: &'a [u8; 32],
) -> Option<Signed<'a>> {
    let (scheme, rest) = authorization.split_once(' ')?;
    let kind = [KeyKind::HmacSm3, KeyKind::Sm2].into_iter().find(|kind| kind.scheme() == scheme)?;
    let value = |name: &str| {
        rest.split(',').find_map(|pair| {
            let (found, value) = pair.trim().split_once('=')?;
            (found == name).then(|| value.strip_prefix('"')?.strip_suffix('"'))?
        })
    };
    Some(Signed {
        kind,
        key: value("key")?,
        timestamp: value("timestamp")?,
        nonce: value("nonce")?,
        signature: value("signature")?,
        method: method.as_str(),
        path_and_query: uri.path_and_query().map_or(uri.path(), |t| t.as_str()),
        body_digest,
    })
}

/// Largest answer that is kept, in bytes.
const LARGEST_ANSWER: usize = 1 << 20;
/// Code of a commit of which nobody knows whether it happened.
const COMMIT_UNKNOWN: &str = "S05";

/// Does a change once for a key: the answer is kept and given again.
async fn once(web: &Web, actor: &Actor, request: Request, next: Next, body: &[u8]) -> Result<Response, ApiError> {
    let key = request.headers().get("idempotency-key").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
    if !(8..=64).contains(&key.len()) || !key.bytes().all(fits) {
        return Err(ApiError::web(WebCode::IdempotencyKey, "Idempotency-Key: 8 to 64 of A-Z a-z 0-9 _ . : -"));
    }
    let caller = format!("account {}", actor.account);
    let head = format!("{} {}\n", request.method(), request.uri());
    // Keyed, for a body may hold a passphrase.
    let fingerprint = web.secret.fingerprint(&[head.as_bytes(), body].concat());
    let (db, secret) = (&web.db, &web.secret);
    if let Claim::Answered(kept) = claim(db, secret, &caller, &key, &fingerprint, &*web.clock).await? {
        let mut response = Response::new(axum::body::Body::from(kept.body));
        *response.status_mut() = axum::http::StatusCode::from_u16(kept.status).unwrap_or_default();
        for (name, value) in kept.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(&value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        return Ok(response);
    }
    let mut request = request;
    request.extensions_mut().insert(RequestKey(key.clone()));
    // On its own, so that it ends, and is known to have ended, though the caller went away.
    let work = tokio::spawn(kept(web.clone(), caller, key, request, next));
    work.await.unwrap_or_else(|_| Err(ApiError::web(WebCode::Internal, "")))
}

/// Does a change and keeps its answer.
async fn kept(web: Web, caller: String, key: String, request: Request, next: Next) -> Result<Response, ApiError> {
    let response = next.run(request).await;
    if !response.status().is_success() {
        // A refusal may be mended and tried again under the same key; only what was done is kept. Where nobody knows
        // whether it was done, nobody may do it again under this key.
        let unknown = response.extensions().get::<ApiError>().is_some_and(|e| e.code() == COMMIT_UNKNOWN);
        if !unknown {
            release(&web.db, &caller, &key).await?;
        }
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST_ANSWER).await;
    let body = body.map_err(|_| ApiError::web(WebCode::Internal, "answer too large"))?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let answer = Answer {
        status: parts.status.as_u16(),
        headers: vec![("content-type".into(), content_type.to_owned())],
        body: body.to_vec(),
    };
    store_answer(&web.db, &web.secret, &caller, &key, &answer).await?;
    Ok(Response::from_parts(parts, axum::body::Body::from(body)))
}

/// The idempotency key of the request, for deeds that keep it themselves.
#[derive(Clone, Debug)]
pub struct RequestKey(pub String);
