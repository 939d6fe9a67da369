//! What people and permissions promise, on both databases.

mod approvals;
mod people;
mod requests;

use chrono::{NaiveDate, TimeDelta};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use tongka_access::{
    AccessError, Actor, Identity, LoggedIn, Login, NewAccount, Owner, ServerSecret, SessionRules, identify, login,
    open_account_here,
};
use tongka_base::{Clock, DateTime, MemberCode};
use tongka_storage::{Db, Scope, params};
use tongka_testkit::{TestDatabase, databases};

/// A clock that goes on when it is told to.
struct Wall(Mutex<DateTime>);

impl Wall {
    fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Wall {
    fn now(&self) -> DateTime {
        *self.0.lock().unwrap()
    }
}

const PASSWORD: &str = "mild river carries old stones";

struct World {
    db: Db,
    clock: Wall,
    secret: ServerSecret,
    rules: SessionRules,
    /// Holds the secret's file.
    folder: tempfile::TempDir,
    _database: TestDatabase,
}

async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let secret = ServerSecret::open(&folder.path().join("server.secret")).unwrap();
        let start = NaiveDate::from_ymd_opt(2026, 9, 1).unwrap().and_hms_opt(8, 0, 0).unwrap();
        let clock = Wall(Mutex::new(start));
        worlds.push(World { db, clock, secret, rules: SessionRules::default(), folder, _database: database });
    }
    worlds
}

fn member(code: u32) -> Owner {
    Owner::Member(MemberCode(code))
}

const OURS: u32 = 10_002_900;
const OTHERS: u32 = 10_003_050;

impl World {
    /// An account with roles; its person is `P-<login>`.
    async fn open(&self, login: &str, owner: Owner, roles: &[&str]) -> Actor {
        self.open_for(login, &format!("P-{login}"), owner, roles).await.unwrap();
        self.enter(login).await.identity.actor
    }

    async fn open_for(&self, login: &str, person: &str, owner: Owner, roles: &[&str]) -> Result<i64, AccessError> {
        let new = NewAccount { login: login.into(), name: format!("姓名{login}"), person: person.into(), owner };
        open_account_here(&self.db, &Actor::local("root"), &new, roles, PASSWORD, &self.clock).await
    }

    async fn try_with(&self, name: &str, password: &str, totp: Option<&str>) -> Result<LoggedIn, AccessError> {
        let wanted = Login { login: name, password, totp, address: "192.0.2.7", agent: "test" };
        login(&self.db, &self.secret, &self.rules, &wanted, &self.clock).await
    }

    async fn enter(&self, login: &str) -> LoggedIn {
        self.try_with(login, PASSWORD, None).await.unwrap()
    }

    async fn whose(&self, token: &str) -> Result<Identity, AccessError> {
        identify(&self.db, &self.rules, token, &self.clock).await
    }

    /// What the audit log holds: actions with their outcomes.
    async fn audited(&self) -> Vec<(String, String)> {
        let entries = tongka_audit::entries(&self.db, Scope::Platform, 0, 10_000).await.unwrap();
        assert!(tongka_audit::verify(&self.db, None).await.unwrap().faults.is_empty());
        entries.into_iter().map(|e| (e.action, e.outcome)).collect()
    }

    async fn was_audited(&self, action: &str, outcome: &str) -> bool {
        self.audited().await.iter().any(|(a, o)| a == action && o == outcome)
    }

    /// Whether any text of the database or of the secret's folder holds this.
    async fn leaks(&self, text: &str) -> bool {
        let read = self.db.read(Scope::Platform);
        let tables = [
            ("account", "login || name || person || password_hash || totp_secret"),
            ("account_password", "password_hash"),
            ("account_recovery", "code_hash"),
            ("session", "token_hash || address || agent || COALESCE(end_reason, '')"),
            ("login_log", "login || outcome || address || agent"),
            ("api_key", "id || name || kind || secret"),
            ("api_nonce", "api_key || nonce"),
            ("stored_answer", "caller || request_key || fingerprint || COALESCE(answer, '')"),
            ("audit_entry", "actor || action || object || outcome || detail"),
            ("approval", "object || summary || before_json || after_json || COALESCE(reason, '')"),
        ];
        for (table, texts) in tables {
            for row in read.fetch_all(&format!("SELECT {texts} AS texts FROM {table}"), params![]).await.unwrap() {
                if row.text("texts").unwrap().contains(text) {
                    return true;
                }
            }
        }
        false
    }

    fn secret_path(&self) -> std::path::PathBuf {
        Path::new(self.folder.path()).join("server.secret")
    }
}

fn code<T>(outcome: Result<T, AccessError>) -> String {
    match outcome {
        Ok(_) => "ok".into(),
        Err(error) => error.code().into_owned(),
    }
}

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|i| (*i).to_owned()).collect()
}
