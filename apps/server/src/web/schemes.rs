//! The scheme a clearing date runs under, and when dates are due.

use super::config::Config;
use std::error::Error;
use tongka_base::{Date, DateTime, MemberCode};
use tongka_exchange::intake::Folders;
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Reads a scheme's text.
pub(crate) fn parse(text: &str) -> Outcome<Scheme> {
    tongka_scheme::parse(text, "scheme").map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\n").into()
    })
}

/// The text of the scheme that a date was opened with.
pub(crate) fn stored_text(folders: &Folders, digest: &str) -> Outcome<String> {
    let path = folders.data.join("schemes").join(format!("{digest}.toml"));
    std::fs::read_to_string(&path).map_err(|e| format!("L01 {}: {e}", path.display()).into())
}

/// The text of the scheme that a date to be opened runs under: the configured file.
pub(crate) async fn text_for(_db: &Db, config: &Config, _date: Date) -> Outcome<String> {
    let path = config.clearing.scheme.clone().unwrap_or_else(|| config.data.join("scheme.toml"));
    std::fs::read_to_string(&path)
        .map_err(|e| format!("W28 没有规则文件 no scheme file {}: {e}", path.display()).into())
}

/// What the schedule asks for now, if anything.
pub(crate) async fn due(
    _db: &Db,
    last: Option<Date>,
    open: Option<Date>,
    now: DateTime,
) -> Outcome<Option<(&'static str, Date)>> {
    use super::worker::{CUT, OPEN};
    // A date is open for its calendar day: it opens when the day begins and is cut when the day is over.
    if let Some(open) = open {
        return Ok((now.date() > open).then_some((CUT, open)));
    }
    let next = last.and_then(|last| last.succ_opt()).unwrap_or(now.date());
    Ok((next <= now.date()).then_some((OPEN, next)))
}

/// A file that is expected and not there.
pub(crate) struct Missing {
    pub(crate) member: MemberCode,
    pub(crate) by: DateTime,
}

/// Files that are expected on an open date by now, or soon, and not there.
pub(crate) async fn missing_files(
    _db: &Db,
    _scope: Scope,
    _date: Date,
    _now: DateTime,
) -> Result<Vec<Missing>, tongka_http::ApiError> {
    Ok(Vec::new())
}
