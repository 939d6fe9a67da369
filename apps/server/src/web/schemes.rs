//! The scheme a clearing date runs under, and when dates are due.

use super::app::{App, exchange};
use super::config::Config;
use super::routes::book_told;
use std::collections::BTreeSet;
use std::error::Error;
use tongka_base::{Date, DateTime, MemberCode, SystemClock};
use tongka_engine::day::Day;
use tongka_exchange::intake::Folders;
use tongka_http::ApiError;
use tongka_member::{BookCode, ExpectedFiles, Standing};
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

/// Fills an empty scheme book from the configured file, where there is one: the first start of an installation.
pub(crate) async fn fill_book(db: &Db, config: &Config) -> Outcome<()> {
    if tongka_member::current_version(db).await?.is_some() {
        return Ok(());
    }
    let path = config.clearing.scheme.clone().unwrap_or_else(|| config.data.join("scheme.toml"));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && config.clearing.scheme.is_none() => return Ok(()),
        Err(error) => return Err(format!("W28 规则文件不可读 cannot read {}: {error}", path.display()).into()),
    };
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match tongka_member::import_first(db, &config.data, &name, &text, "system", &SystemClock).await {
        Ok(version) => tracing::info!(version = version.number, file = name, "scheme book filled"),
        // Another process of the installation was faster.
        Err(error) if error.code() == BookCode::State.code() => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The text of the scheme that a date to be opened runs under: the book as it is now, with its version in the first line.
pub(crate) async fn text_for(db: &Db, config: &Config) -> Outcome<String> {
    let (version, scheme) = tongka_member::current(db, &config.data).await?;
    let head = format!("# 规则簿 scheme book: version {}, digest {}\n", version.number, version.digest);
    Ok(head + &tongka_scheme::render(&scheme))
}

/// What the schedule asks for now, if anything. Without a schedule in the book a date is open for its calendar day.
pub(crate) async fn due(
    db: &Db,
    last: Option<Date>,
    open: Option<Date>,
    now: DateTime,
) -> Outcome<Option<(&'static str, Date)>> {
    use super::worker::{CUT, OPEN};
    let schedule = tongka_member::schedule(db).await?;
    let Some(open) = open else {
        let next = last.and_then(|last| last.succ_opt()).unwrap_or(now.date());
        let due = schedule.times(next).map_or(next <= now.date(), |times| times.open_at <= now);
        return Ok(due.then_some((OPEN, next)));
    };
    let due = match schedule.times(open) {
        None => now.date() > open,
        Some(times) if now < times.cut_at => false,
        // The cut waits for files that are on their way, but not for ever.
        Some(times) if now >= times.grace_until => true,
        Some(_) => missing(&tongka_member::expected_board(db, Scope::Platform, open, now).await?).is_empty(),
    };
    Ok(due.then_some((CUT, open)))
}

/// A file that is expected and not there.
pub(crate) struct Missing {
    pub(crate) member: MemberCode,
    pub(crate) by: DateTime,
}

/// Of a board, what is late or soon will be.
fn missing(board: &[ExpectedFiles]) -> Vec<Missing> {
    let troubled =
        |line: &&ExpectedFiles| matches!(line.standing, Standing::DueSoon | Standing::Late | Standing::Escalated);
    board.iter().filter(troubled).map(|line| Missing { member: line.member, by: line.by }).collect()
}

/// What should come on a date and what of it came.
pub(crate) struct Expected {
    pub(crate) expected: u64,
    pub(crate) arrived: u64,
    /// What is late, or soon will be.
    pub(crate) missing: Vec<Missing>,
}

/// What should come on a date: as the book says, or, where it says nothing, a file of each member that takes part.
pub(crate) async fn expected(app: &App, scope: Scope, day: &Day) -> Result<Expected, ApiError> {
    let (db, date, now) = (&app.db, day.date, app.clock().now());
    let board = tongka_member::expected_board(db, scope, date, now).await.map_err(book_told)?;
    if !board.is_empty() {
        let sum = |of: fn(&ExpectedFiles) -> u32| board.iter().map(|line| u64::from(of(line))).sum();
        return Ok(Expected {
            expected: sum(|line| line.expected),
            arrived: sum(|line| line.arrived.min(line.expected)),
            missing: missing(&board),
        });
    }
    let scheme = app.scheme(&day.scheme_digest);
    let sees = |member: MemberCode| scope == Scope::Platform || scope == Scope::Member(member);
    let members = scheme.iter().flat_map(|s| &s.members).filter(|m| m.is_active(date) && sees(m.code));
    let wanted: BTreeSet<MemberCode> = members.map(|m| m.code).collect();
    let uploads = tongka_exchange::store::uploads(db, scope, date).await.map_err(exchange)?;
    let came: BTreeSet<MemberCode> = uploads.iter().map(|u| u.name.member).collect();
    let times = tongka_member::schedule(db).await.map_err(book_told)?.times(date);
    let midnight = date.succ_opt().unwrap_or(date).and_time(chrono::NaiveTime::MIN);
    let by = times.map_or(midnight, |times| times.cut_at);
    Ok(Expected {
        expected: wanted.len() as u64,
        arrived: wanted.intersection(&came).count() as u64,
        missing: wanted.difference(&came).map(|member| Missing { member: *member, by }).collect(),
    })
}
