//! What every handler needs.

use super::config::Config;
use super::events::Hub;
use super::routes::Ceremonies;
use super::worker::Bell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use tongka_base::{Clock, Date, SystemClock};
use tongka_exchange::intake::Folders;
use tongka_exchange::overview::TrendPoint;
use tongka_http::{ApiError, WebCode};
use tongka_scheme::Scheme;
use tongka_storage::Db;

/// The server's parts.
pub(crate) struct Parts {
    pub(crate) db: Db,
    pub(crate) config: Config,
    pub(crate) folders: Folders,
    pub(crate) web: tongka_http::Web,
    /// The doors to members, where this process has them.
    pub(crate) front: Option<Arc<tongka_link::Front>>,
    pub(crate) bell: Bell,
    pub(crate) hub: Hub,
    /// Points of closed dates, which never change.
    pub(crate) trend: Mutex<BTreeMap<Date, TrendPoint>>,
    /// The devices with the keys, where they are configured.
    pub(crate) hsm: Option<tongka_hsm::pool::Pool>,
    /// A device without any key, for work that needs none.
    pub(crate) no_hsm: tongka_hsm::soft::SoftHsm,
    /// Key ceremonies under way.
    pub(crate) ceremonies: tokio::sync::Mutex<Ceremonies>,
    /// Schemes of the dates that were looked at last, by digest: they never change, and a long blacklist takes time to read.
    pub(crate) schemes: Mutex<Vec<(String, Arc<Scheme>)>>,
    /// The OpenAPI document, made once.
    pub(crate) document: std::sync::OnceLock<serde_json::Value>,
}

/// [`Parts`], shared.
#[derive(Clone)]
pub(crate) struct App(pub(crate) Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Schemes that are kept: of the open date and of the last closed one.
const SCHEMES: usize = 2;

impl App {
    /// The scheme a date runs under, where its copy is there.
    pub(crate) fn scheme(&self, digest: &str) -> Option<Arc<Scheme>> {
        let known = || self.schemes.lock().expect("nothing panics while it holds the lock");
        if let Some((_, scheme)) = known().iter().find(|(other, _)| other == digest) {
            return Some(scheme.clone());
        }
        let scheme = Arc::new(tongka_exchange::run::stored_scheme(&self.folders, digest).ok()?);
        let mut known = known();
        known.truncate(SCHEMES - 1);
        known.insert(0, (digest.to_owned(), scheme.clone()));
        Some(scheme)
    }

    pub(crate) fn clock(&self) -> &'static dyn Clock {
        &SystemClock
    }
}

/// An error of the exchange as an answer.
pub(crate) fn exchange(error: tongka_exchange::ExchangeError) -> ApiError {
    use axum::http::StatusCode as S;
    use tongka_exchange::ExchangeError as E;
    match error {
        E::Storage(error) => error.into(),
        E::NotFound(what) => ApiError::not_found(what),
        E::Engine(error) => engine(error),
        other => {
            let text = other.to_string();
            let status = match text.get(..3) {
                Some("X06" | "X07" | "X08") => S::UNPROCESSABLE_ENTITY,
                Some("X02" | "X03") => S::CONFLICT,
                _ => S::SERVICE_UNAVAILABLE,
            };
            if status == S::SERVICE_UNAVAILABLE {
                tracing::error!(error = text, "exchange");
            }
            ApiError::coded(status, &text)
        }
    }
}

/// An error of the engine as an answer.
pub(crate) fn engine(error: tongka_engine::EngineError) -> ApiError {
    let text = error.to_string();
    let status = match text.get(..3) {
        Some("E01" | "E02" | "E03") => axum::http::StatusCode::CONFLICT,
        _ => axum::http::StatusCode::SERVICE_UNAVAILABLE,
    };
    ApiError::coded(status, &text)
}

/// Something that should not happen: told in the log, not to the caller.
pub(crate) fn unexpected(error: &dyn std::fmt::Display) -> ApiError {
    tracing::error!(%error, "unexpected");
    ApiError::web(WebCode::Internal, "")
}

/// Reads a date of a path or a query.
pub(crate) fn date(name: &str, text: &str) -> Result<Date, ApiError> {
    let read = tongka_base::date::parse_date_lenient(text).filter(|_| text.len() == 10);
    read.ok_or_else(|| ApiError::field(name, "YYYY-MM-DD"))
}

/// `YYYYMMDDHHMMSS` as RFC 3339 at +08:00; what is no time stays as it is.
pub(crate) fn rfc3339(text: &str) -> String {
    let digits = text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return text.to_owned();
    }
    let part = |a: usize, b: usize| &text[a..b];
    format!("{}-{}-{}T{}:{}:{}+08:00", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14))
}

pub(crate) const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
pub(crate) const NAME: &str = "^[A-Za-z0-9_.-]{1,64}$";
