//! What the scheme book promises, checked on SQLite and on PostgreSQL.

mod blacklist;
mod book;
mod changes;
mod model;
mod people;
mod things;

use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use tongka_access::{AccessError, Actor, Approval, approve, propose};
use tongka_base::date::parse_date_lenient;
use tongka_base::{Date, FixedClock};
use tongka_engine::day;
use tongka_member::{MemberError, Version, current, execute, import_first, validate};
use tongka_scheme::{Scheme, parse};
use tongka_storage::Db;
use tongka_testkit::{TestDatabase, databases};

/// Two members, their issuers, a range and a line of reserve each, two fees, a card, the keys of the centre.
const SCHEME: &str = include_str!("scheme.toml");

fn date(text: &str) -> Date {
    parse_date_lenient(text).unwrap()
}

/// 2026-08-20, noon.
fn clock() -> FixedClock {
    FixedClock(date("2026-08-20").and_hms_opt(12, 0, 0).unwrap())
}

/// A book on a fresh database.
struct Centre {
    _database: TestDatabase,
    folder: TempDir,
    db: Db,
}

impl Centre {
    /// An empty book on each kind of database.
    async fn empty() -> Vec<Self> {
        let mut all = Vec::new();
        for database in databases().await {
            let db = database.open().await;
            tongka_schema::migrate(&db).await.unwrap();
            all.push(Self { _database: database, folder: tempfile::tempdir().unwrap(), db });
        }
        all
    }

    /// A book of [`SCHEME`] on each kind of database.
    async fn both() -> Vec<Self> {
        let all = Self::empty().await;
        for centre in &all {
            centre.import(SCHEME).await;
        }
        all
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    async fn import(&self, text: &str) -> Version {
        import_first(&self.db, self.data(), "scheme.toml", text, "local", &clock()).await.unwrap()
    }

    async fn scheme(&self) -> Scheme {
        current(&self.db, self.data()).await.unwrap().1
    }

    /// Proposes and approves by two people.
    async fn change(&self, kind: &str, payload: Value) -> Result<Value, String> {
        let proposal = match validate(&self.db, kind, &payload, None, &clock()).await {
            Ok(checked) => checked.proposal(None),
            Err(error) => return Err(shown(&error)),
        };
        let id = propose(&self.db, &Actor::local("zhang"), &proposal, &clock()).await.unwrap();
        self.approve(id, "li").await.map(|approval| approval.result).map_err(|error| told(&error))
    }

    async fn approve(&self, id: i64, who: &str) -> Result<Approval, AccessError> {
        approve(&self.db, &Actor::local(who), id, &clock(), |tx, approval, clock| {
            Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
        })
        .await
    }

    /// Opens a clearing date under the current version and returns that.
    async fn open_day(&self, on: &str) -> Version {
        let (version, _) = current(&self.db, self.data()).await.unwrap();
        day::open(&self.db, date(on), &version.digest, &clock()).await.unwrap();
        version
    }

    async fn close_day(&self, on: &str) {
        day::close(&self.db, date(on), &clock()).await.unwrap();
    }
}

/// The code of an error, with the field at fault: `M08 from`.
fn shown(error: &MemberError) -> String {
    match error.refusal() {
        Some(refusal) => format!("{} {}", refusal.code.code(), refusal.field),
        None => error.code().to_owned(),
    }
}

fn told(error: &AccessError) -> String {
    match error {
        AccessError::Execution(inner) => match inner.downcast_ref::<MemberError>() {
            Some(error) => shown(error),
            None => inner.to_string(),
        },
        other => other.to_string(),
    }
}

fn example() -> Scheme {
    parse(SCHEME, "scheme.toml").unwrap()
}

fn fee(from: &str) -> Value {
    json!({
        "acquirer": "10002900", "issuer": "*", "industry": "01", "issuer_rate_ppm": 1000, "centre_rate_ppm": 200,
        "from": from,
    })
}
