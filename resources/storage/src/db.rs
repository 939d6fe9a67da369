//! Opening a database and reading from it.

use crate::scope::Scope;
use crate::statement::Statement;
use crate::{ReadTx, Row, StorageCode, StorageError, Value, WriteTx};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyConnection, AnyPool, Connection};
use std::time::Duration;

/// Which database is behind a [`Db`]. Nothing outside this crate should need to ask, except to tell people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbKind {
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl DbKind {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// How long a statement waits for a lock, on both databases; then it is [`StorageCode::Conflict`] (S03).
const LOCK_WAIT: Duration = Duration::from_secs(10);
const CONNECTIONS: u32 = 10;

/// A database: a pool of connections. Cloning shares the pool.
#[derive(Clone, Debug)]
pub struct Db {
    pub(crate) pool: AnyPool,
    kind: DbKind,
}

impl Db {
    /// Opens `sqlite:///path/file.db` (made if it is not there) or `postgres://user@host/database`.
    ///
    /// SQLite is set to WAL with `synchronous=FULL`, foreign keys on. Fails with [`StorageCode::Open`] (S01).
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        install_default_drivers();
        let (kind, url) = match url.split_once(':') {
            Some(("sqlite", _)) if url.contains('?') => (DbKind::Sqlite, url.to_owned()),
            Some(("sqlite", _)) => (DbKind::Sqlite, format!("{url}?mode=rwc")),
            Some(("postgres" | "postgresql", _)) => (DbKind::Postgres, url.to_owned()),
            // The address may hold a password: it is not repeated.
            _ => return Err(StorageError::new(StorageCode::Open, "address is neither sqlite:// nor postgres://")),
        };
        if kind == DbKind::Sqlite && url.contains(":memory:") {
            // Each connection of the pool would get a database of its own.
            return Err(StorageError::new(StorageCode::Open, "a database in memory is not supported, give a file"));
        }
        let unopened = |e| match StorageError::from_sqlx(kind, e) {
            full if full.code() == StorageCode::Full => full,
            other => other.with_code(StorageCode::Open),
        };
        // The pool keeps trying until its time is up, whatever the reason; this tells the reason at once.
        let mut probe = AnyConnection::connect(&url).await.map_err(unopened)?;
        prepare_connection(kind, &mut probe).await.map_err(unopened)?;
        probe.close().await.map_err(unopened)?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(LOCK_WAIT * 2)
            .test_before_acquire(kind == DbKind::Postgres)
            .after_connect(move |connection, _| Box::pin(prepare_connection(kind, connection)))
            .connect(&url)
            .await
            .map_err(unopened)?;
        let db = Self { pool, kind };
        db.check_journal().await?;
        Ok(db)
    }

    /// Which database this is.
    pub fn kind(&self) -> DbKind {
        self.kind
    }

    /// Closes all connections after their current statement.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Single statements that read, each over the newest committed state.
    pub fn read(&self, scope: Scope) -> Read<'_> {
        Read { db: self, scope }
    }

    /// Several statements that read one and the same committed state.
    pub async fn begin_read(&self, scope: Scope) -> Result<ReadTx, StorageError> {
        ReadTx::begin(self, scope).await
    }

    /// A write transaction: SQLite `BEGIN IMMEDIATE`, so that one writer follows the other; PostgreSQL `SERIALIZABLE`.
    ///
    /// SERIALIZABLE rather than READ COMMITTED with locks, because a forgotten lock would then cost money, whereas here
    /// it costs a [`StorageCode::Conflict`] (S03): the caller runs the whole transaction again, or reports it.
    pub async fn begin_write(&self, scope: Scope) -> Result<WriteTx, StorageError> {
        WriteTx::begin(self, scope, &[]).await
    }

    /// A write transaction that first locks whole tables against other writers (not against readers).
    ///
    /// For tables that every transaction of a kind changes, such as the head of a chain: writers then wait for each
    /// other (up to 10 s) instead of running into conflicts. On SQLite the same as [`Db::begin_write`].
    pub async fn begin_write_locking(&self, scope: Scope, tables: &[&str]) -> Result<WriteTx, StorageError> {
        WriteTx::begin(self, scope, tables).await
    }

    async fn check_journal(&self) -> Result<(), StorageError> {
        if self.kind == DbKind::Sqlite {
            let mode = self.read(Scope::Platform).fetch_one("PRAGMA journal_mode", &[]).await?.text("journal_mode")?;
            if mode != "wal" {
                let detail = format!("the file cannot be switched to WAL, its journal is {mode}");
                return Err(StorageError::new(StorageCode::Open, detail));
            }
        }
        Ok(())
    }
}

async fn prepare_connection(kind: DbKind, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let wait_ms = LOCK_WAIT.as_millis();
    let settings = match kind {
        DbKind::Sqlite => format!(
            "PRAGMA busy_timeout = {wait_ms}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA foreign_keys = ON"
        ),
        DbKind::Postgres => format!("SET lock_timeout = {wait_ms}"),
    };
    sqlx::raw_sql(sqlx::AssertSqlSafe(settings)).execute(connection).await?;
    Ok(())
}

/// Reads under a scope, one statement at a time.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    db: &'a Db,
    scope: Scope,
}

impl Read<'_> {
    /// All rows.
    pub async fn fetch_all(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        let query = Statement::prepare(sql, params, self.scope)?.query();
        let rows = query.fetch_all(&self.db.pool).await.map_err(|e| StorageError::from_sqlx(self.db.kind, e))?;
        Ok(rows.into_iter().map(Row).collect())
    }

    /// The first row, if any.
    pub async fn fetch_optional(&self, sql: &str, params: &[Value]) -> Result<Option<Row>, StorageError> {
        let query = Statement::prepare(sql, params, self.scope)?.query();
        let row = query.fetch_optional(&self.db.pool).await.map_err(|e| StorageError::from_sqlx(self.db.kind, e))?;
        Ok(row.map(Row))
    }

    /// The first row; without one [`StorageCode::NotFound`] (S08).
    pub async fn fetch_one(&self, sql: &str, params: &[Value]) -> Result<Row, StorageError> {
        let query = Statement::prepare(sql, params, self.scope)?.query();
        query.fetch_one(&self.db.pool).await.map(Row).map_err(|e| StorageError::from_sqlx(self.db.kind, e))
    }
}
