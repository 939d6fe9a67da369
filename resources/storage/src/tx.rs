//! Transactions.

use crate::insert::insert_texts;
use crate::scope::Scope;
use crate::statement::{Statement, bind_all, check_values, identifier};
use crate::{Db, DbKind, Row, StorageCode, StorageError, Value};
use sqlx::{Any, AssertSqlSafe, Transaction};

/// A transaction and what it may see.
struct Open {
    tx: Transaction<'static, Any>,
    scope: Scope,
    kind: DbKind,
    /// Set while a statement runs and left set when it fails or its future is dropped: nothing can be committed then.
    unfinished: bool,
}

impl Open {
    async fn begin(db: &Db, scope: Scope, statement: &'static str) -> Result<Self, StorageError> {
        let tx = db.pool.begin_with(statement).await.map_err(|e| StorageError::from_sqlx(db.kind(), e))?;
        Ok(Self { tx, scope, kind: db.kind(), unfinished: false })
    }

    fn start(&mut self) {
        self.unfinished = true;
    }

    fn end<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StorageError> {
        // A row that is not there is an answer, not a failure of the statement.
        self.unfinished = !matches!(result, Ok(_) | Err(sqlx::Error::RowNotFound));
        result.map_err(|e| StorageError::from_sqlx(self.kind, e))
    }

    async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StorageError> {
        self.start();
        let query = Statement::prepare(sql, params, self.scope)?.query();
        let result = query.execute(&mut *self.tx).await;
        self.end(result).map(|r| r.rows_affected())
    }

    async fn fetch_all(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        self.start();
        let query = Statement::prepare(sql, params, self.scope)?.query();
        let result = query.fetch_all(&mut *self.tx).await;
        self.end(result).map(|rows| rows.into_iter().map(Row).collect())
    }

    async fn fetch_optional(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StorageError> {
        self.start();
        let query = Statement::prepare(sql, params, self.scope)?.query();
        let result = query.fetch_optional(&mut *self.tx).await;
        self.end(result).map(|row| row.map(Row))
    }

    async fn fetch_one(&mut self, sql: &str, params: &[Value]) -> Result<Row, StorageError> {
        let row = self.fetch_optional(sql, params).await?;
        row.ok_or_else(|| StorageError::from_sqlx(self.kind, sqlx::Error::RowNotFound))
    }

    async fn raw(&mut self, sql: String) -> Result<(), StorageError> {
        self.start();
        let result = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *self.tx).await;
        self.end(result).map(drop)
    }
}

/// Several reads of one and the same committed state, from [`Db::begin_read`]. Ends when dropped.
pub struct ReadTx(Open);

impl ReadTx {
    pub(crate) async fn begin(db: &Db, scope: Scope) -> Result<Self, StorageError> {
        let statement = match db.kind() {
            DbKind::Sqlite => "BEGIN DEFERRED",
            DbKind::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Open::begin(db, scope, statement).await.map(Self)
    }

    /// All rows.
    pub async fn fetch_all(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        self.0.fetch_all(sql, params).await
    }

    /// The first row, if any.
    pub async fn fetch_optional(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StorageError> {
        self.0.fetch_optional(sql, params).await
    }

    /// The first row; without one [`StorageCode::NotFound`] (S08).
    pub async fn fetch_one(&mut self, sql: &str, params: &[Value]) -> Result<Row, StorageError> {
        self.0.fetch_one(sql, params).await
    }
}

/// A write transaction, from [`Db::begin_write`]. Dropped without [`WriteTx::commit`] it is rolled back.
///
/// Once a statement failed, also with a refusal such as [`StorageCode::Unique`], only rolling back is left: PostgreSQL
/// demands it, and here SQLite behaves alike. To go on after a possible duplicate, ask with `ON CONFLICT DO NOTHING`
/// and look at the number of rows.
pub struct WriteTx(Open);

impl WriteTx {
    pub(crate) async fn begin(db: &Db, scope: Scope, tables: &[&str]) -> Result<Self, StorageError> {
        let tables = tables.iter().map(|t| identifier(t)).collect::<Result<Vec<_>, _>>()?;
        let statement = match db.kind() {
            DbKind::Sqlite => "BEGIN IMMEDIATE",
            DbKind::Postgres => "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
        };
        let mut open = Open::begin(db, scope, statement).await?;
        if db.kind() == DbKind::Postgres && !tables.is_empty() {
            // LOCK TABLE takes no snapshot: the first statement after it does, and so sees all that the wait was for.
            open.raw(format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", tables.join(", "))).await?;
        }
        Ok(Self(open))
    }

    /// For migrations: one at a time, also between processes.
    pub(crate) async fn begin_exclusive(db: &Db) -> Result<Self, StorageError> {
        if db.kind() == DbKind::Sqlite {
            return Self::begin(db, Scope::Platform, &[]).await;
        }
        let mut open = Open::begin(db, Scope::Platform, "BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        open.raw("SELECT pg_advisory_xact_lock(7203681541)".into()).await?;
        Ok(Self(open))
    }

    /// For migrations: statements separated by semicolons, without parameters.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), StorageError> {
        self.0.raw(sql).await
    }

    /// The scope of every statement in this transaction.
    pub fn scope(&self) -> Scope {
        self.0.scope
    }

    /// Runs a statement that changes rows and returns their number.
    pub async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StorageError> {
        self.0.execute(sql, params).await
    }

    /// All rows.
    pub async fn fetch_all(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        self.0.fetch_all(sql, params).await
    }

    /// The first row, if any.
    pub async fn fetch_optional(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StorageError> {
        self.0.fetch_optional(sql, params).await
    }

    /// The first row; without one [`StorageCode::NotFound`] (S08).
    pub async fn fetch_one(&mut self, sql: &str, params: &[Value]) -> Result<Row, StorageError> {
        self.0.fetch_one(sql, params).await
    }

    /// Inserts many rows, each with one value a column, in as few statements as the database's limits allow.
    ///
    /// Only under [`Scope::Platform`]; a narrow scope inserts one by one with a marker ([`Scope`]), else S10.
    pub async fn insert_many(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StorageError> {
        self.0.start();
        if self.0.scope != Scope::Platform {
            let detail = format!("insert_many into {table} under scope {:?}", self.0.scope);
            return Err(StorageError::new(StorageCode::Scope, detail));
        }
        for row in &rows {
            check_values(row)?;
        }
        for (text, values) in insert_texts(self.0.kind, table, columns, rows)? {
            self.0.start();
            let result = bind_all(sqlx::query(AssertSqlSafe(text)), values).execute(&mut *self.0.tx).await;
            self.0.end(result)?;
        }
        self.0.unfinished = false;
        Ok(())
    }

    /// Makes everything in this transaction durable.
    ///
    /// [`StorageCode::Unfinished`] (S17): a statement failed before, all is rolled back. [`StorageCode::Conflict`]
    /// (S03): nothing was written. [`StorageCode::CommitUnknown`] (S05): the answer was lost; the work may be there.
    pub async fn commit(self) -> Result<(), StorageError> {
        if self.0.unfinished {
            self.rollback().await?;
            return Err(StorageError::new(StorageCode::Unfinished, "rolled back"));
        }
        let kind = self.0.kind;
        self.0.tx.commit().await.map_err(|e| {
            let error = StorageError::from_sqlx(kind, e);
            if error.is_lost() { error.with_code(StorageCode::CommitUnknown) } else { error }
        })
    }

    /// Undoes everything in this transaction.
    pub async fn rollback(self) -> Result<(), StorageError> {
        let kind = self.0.kind;
        self.0.tx.rollback().await.map_err(|e| StorageError::from_sqlx(kind, e))
    }
}
