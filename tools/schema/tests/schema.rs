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
        // Every topic has a number of its own: two branches that take the same one collide here, not in production.
        assert!(applied.windows(2).all(|pair| pair[0] < pair[1]), "{applied:?}");
    }
}
