//! Live events (实时事件) for pages: what changed, not what it is; a page then asks for what it shows.
//!
//! The database is looked at once a second, so that pages on one node see what another node did.

use super::app::App;
use super::worker::Bell;
use std::time::Duration;
use tokio::sync::broadcast;
use tongka_storage::{Db, Scope, params};

/// Events held for a page that is slow; one that is slower is told to look again.
const HELD: usize = 64;
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Kinds of events: `day`, `file`, `job`, `approval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) number: i64,
}

/// Where pages listen.
#[derive(Clone, Debug)]
pub(crate) struct Hub(broadcast::Sender<Event>);

impl Hub {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(HELD).0)
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}

/// What is looked at: an event's kind and a query whose answer changes with it.
const WATCHED: [(&str, &str); 4] = [
    ("day", "SELECT (SELECT COUNT(*) FROM clearing_day) * 1000 + (SELECT COUNT(*) FROM day_step) AS n"),
    (
        "file",
        "SELECT COALESCE((SELECT MAX(upload_no) FROM upload), 0) * 1000 + \
              (SELECT COUNT(*) FROM receipt WHERE clearing_date = (SELECT MAX(clearing_date) FROM clearing_day)) AS n",
    ),
    (
        "job",
        "SELECT COALESCE(MAX(id), 0) * 1000 + COALESCE(SUM(CASE WHEN state IN ('queued', 'running') \
             THEN progress_done + 1 ELSE 0 END), 0) AS n FROM job",
    ),
    (
        "approval",
        "SELECT COALESCE(MAX(id), 0) * 1000 + COALESCE(SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END), 0) AS n \
                  FROM approval",
    ),
];

/// Watches while somebody listens, until the server stops.
pub(crate) async fn watch(app: App, bell: Bell) {
    let mut known: [Option<i64>; WATCHED.len()] = [None; WATCHED.len()];
    while !bell.stopped() {
        tokio::time::sleep(LOOK_EVERY).await;
        if app.hub.0.receiver_count() == 0 {
            continue;
        }
        for ((kind, sql), known) in WATCHED.iter().zip(&mut known) {
            match number(&app.db, sql).await {
                Ok(number) => {
                    if known.is_some_and(|before| before != number) {
                        let _ = app.hub.0.send(Event { kind, number });
                    }
                    *known = Some(number);
                }
                Err(error) => tracing::warn!(%error, kind, "events"),
            }
        }
    }
}

async fn number(db: &Db, sql: &str) -> Result<i64, tongka_storage::StorageError> {
    let sql = format!("SELECT CAST(n AS BIGINT) AS n FROM ({sql}) AS counted");
    db.read(Scope::Platform).fetch_one(&sql, params![]).await?.int("n")
}
