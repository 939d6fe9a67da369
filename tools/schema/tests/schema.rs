//! The whole schema on both databases.

use tongka_schema::{MIGRATIONS, migrate};
use tongka_storage::{Scope, params};
use tongka_testkit::databases;

#[tokio::test]
async fn the_schema_is_applied_once_on_both_databases() {
    for database in databases().await {
        let db = database.open().await;
        migrate(&db).await.unwrap();
        migrate(&db).await.unwrap();
        let sql = "SELECT version FROM schema_migration ORDER BY version";
        let rows = db.read(Scope::Platform).fetch_all(sql, params![]).await.unwrap();
        let applied = rows.iter().map(|row| row.int("version").unwrap()).collect::<Vec<_>>();
        assert_eq!(applied, MIGRATIONS.iter().map(|m| m.version).collect::<Vec<_>>());
        // Versions are 1, 2, 3, …: two branches that add one each collide here, not in production.
        assert!(applied.iter().copied().eq(1..=applied.len() as i64));
    }
}
