//! Fresh databases for a test body.

use crate::Postgres;
use tempfile::TempDir;
use tongka_storage::{Db, DbKind, Scope};

/// A fresh, empty database; gone with the test process at the latest.
#[derive(Debug)]
pub struct TestDatabase {
    kind: DbKind,
    url: String,
    /// Holds the SQLite file.
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// Which database it is.
    pub fn kind(&self) -> DbKind {
        self.kind
    }

    /// Everything in it as text, whatever the tables are: rows on PostgreSQL, the bytes of the files on SQLite. For tests
    /// that look for what must not be in it.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn dump(&self, db: &Db) -> String {
        if self.kind == DbKind::Sqlite {
            let path = self.url.trim_start_matches("sqlite://");
            let bytes = |name: String| std::fs::read(name).unwrap_or_default();
            let all = [bytes(path.to_owned()), bytes(format!("{path}-wal"))].concat();
            return String::from_utf8_lossy(&all).into_owned();
        }
        let sql =
            "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables WHERE table_schema = 'public'";
        let mut out = String::new();
        for table in db.read(Scope::Platform).fetch_all(sql, &[]).await.expect("tables") {
            let name = table.text("name").expect("a name");
            let sql = format!("SELECT CAST(t AS TEXT) AS line FROM {name} t");
            for row in db.read(Scope::Platform).fetch_all(&sql, &[]).await.expect("rows") {
                out.push_str(&row.text("line").expect("a line"));
                out.push('\n');
            }
        }
        out
    }

    /// Its address for [`Db::open`]; for SQLite, valid as long as this value lives.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Opens it, and says in the test's output which one it is.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> Db {
        eprintln!("-- on {}", self.kind.name());
        Db::open(&self.url).await.unwrap_or_else(|e| panic!("{} does not open: {e}", self.url))
    }
}

/// A fresh SQLite file.
///
/// # Panics
/// When no folder for temporary files can be made.
pub fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    TestDatabase { kind: DbKind::Sqlite, url, _folder: Some(folder) }
}

/// A fresh database of each kind: SQLite, then PostgreSQL on the process's own server.
///
/// # Panics
/// When PostgreSQL is not installed or does not start; the message says what to do.
pub async fn databases() -> Vec<TestDatabase> {
    let server = Postgres::shared().unwrap_or_else(|e| panic!("{e}"));
    let url = server.fresh_database().await.unwrap_or_else(|e| panic!("{e}"));
    vec![sqlite(), TestDatabase { kind: DbKind::Postgres, url, _folder: None }]
}
