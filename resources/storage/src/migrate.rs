//! Migrations (数据库迁移): the one ordered list by which a database gets its tables.

use crate::{Db, DbKind, StorageCode, StorageError, WriteTx, params};
use std::fmt::Write;
use tongka_crypto::sm3;

/// A step of the schema, applied once and never altered afterwards.
///
/// The text may hold several statements separated by semicolons. It is the same for both databases but for:
///
/// | token | SQLite | PostgreSQL |
/// |---|---|---|
/// | `{pk}` | `INTEGER PRIMARY KEY` | `BIGINT PRIMARY KEY` |
/// | `{blob}` | `BLOB` | `BYTEA` |
/// | `{text}` | `TEXT` | `TEXT COLLATE "C"` |
///
/// Use `{text}` for text that is ordered or compared with `<`: both databases then order by bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Place in the list, rising.
    pub version: i64,
    /// Short name, for people.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

impl Migration {
    fn digest(&self) -> String {
        // The length keeps a name from running over into the text.
        let content = format!("{}|{}{}", self.name.len(), self.name, self.sql);
        sm3(content.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02X}").expect("a string takes everything");
            text
        })
    }

    fn text(&self, kind: DbKind) -> String {
        let (pk, blob, text) = match kind {
            DbKind::Sqlite => ("INTEGER PRIMARY KEY", "BLOB", "TEXT"),
            DbKind::Postgres => ("BIGINT PRIMARY KEY", "BYTEA", "TEXT COLLATE \"C\""),
        };
        self.sql.replace("{pk}", pk).replace("{blob}", blob).replace("{text}", text)
    }
}

/// `applied_at` comes from the database's own clock and is for people only.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, \
                     digest TEXT NOT NULL, applied_at TEXT NOT NULL)";

impl Db {
    /// Applies what of the list is not applied yet, each migration in a transaction of its own.
    ///
    /// Safe to run again, by several processes at once, and after a crash. Refused before anything is changed:
    /// [`StorageCode::MigrationOrder`] (S14) versions do not rise, or one is missing below an applied one;
    /// [`StorageCode::MigrationAltered`] (S13) an applied one has another name or text;
    /// [`StorageCode::MigrationNewer`] (S15) the database has one that the list does not.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<(), StorageError> {
        if let Some(pair) = migrations.windows(2).find(|pair| pair[0].version >= pair[1].version) {
            let detail = format!("version {} follows version {}", pair[1].version, pair[0].version);
            return Err(StorageError::new(StorageCode::MigrationOrder, detail));
        }
        while self.apply_next(migrations).await? {}
        Ok(())
    }

    async fn apply_next(&self, migrations: &[Migration]) -> Result<bool, StorageError> {
        let mut tx = WriteTx::begin_exclusive(self).await?;
        tx.script(TABLE.into()).await?;
        let done = check_applied(&mut tx, migrations).await?;
        let Some(next) = migrations.get(done) else {
            tx.commit().await?;
            return Ok(false);
        };
        tx.script(next.text(self.kind())).await?;
        tx.execute(
            "INSERT INTO schema_migration (version, name, digest, applied_at) \
             VALUES ($1, $2, $3, CAST(CURRENT_TIMESTAMP AS TEXT))",
            params![next.version, next.name, next.digest()],
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Compares the applied migrations with the head of the list and returns their number.
async fn check_applied(tx: &mut WriteTx, migrations: &[Migration]) -> Result<usize, StorageError> {
    let rows = tx.fetch_all("SELECT version, name, digest FROM schema_migration ORDER BY version", &[]).await?;
    for (i, row) in rows.iter().enumerate() {
        let version = row.int("version")?;
        let Some(known) = migrations.iter().find(|m| m.version == version) else {
            let detail = format!("migration {version} {} is not known to this program", row.text("name")?);
            return Err(StorageError::new(StorageCode::MigrationNewer, detail));
        };
        if row.text("digest")? != known.digest() {
            let detail = format!("migration {version} was applied as {} with another text", row.text("name")?);
            return Err(StorageError::new(StorageCode::MigrationAltered, detail));
        }
        if migrations[i].version != version {
            let detail = format!("migration {} is missing below {version}", migrations[i].version);
            return Err(StorageError::new(StorageCode::MigrationOrder, detail));
        }
    }
    Ok(rows.len())
}
