//! What the storage layer promises, checked on SQLite and on PostgreSQL.

use tongka_base::MemberCode;
use tongka_storage::{
    Db, DbKind, Migration, Scope, StorageClass, StorageCode, StorageError, TenantCode, Value, params,
};
use tongka_testkit::{TestDatabase, databases, sqlite};

const A: MemberCode = MemberCode(10_002_900);
const B: MemberCode = MemberCode(20_003_100);

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "cases",
        sql:
            "CREATE TABLE item (id {pk}, member BIGINT NOT NULL, name {text} NOT NULL UNIQUE, note TEXT, body {blob}, \
              parent BIGINT REFERENCES item (id), CHECK (name <> 'bad'));
              CREATE TABLE counter (id BIGINT PRIMARY KEY, value BIGINT NOT NULL);
              INSERT INTO counter (id, value) VALUES (1, 0), (2, 0);",
    },
    Migration { version: 2, name: "tenants", sql: "CREATE TABLE shop (tenant BIGINT NOT NULL, name TEXT NOT NULL)" },
];

async fn ready(database: &TestDatabase) -> Db {
    let db = database.open().await;
    db.migrate(MIGRATIONS).await.unwrap();
    db
}

async fn insert_item(db: &Db, id: i64, member: MemberCode, name: &str) -> Result<(), StorageError> {
    let mut tx = db.begin_write(Scope::Platform).await?;
    tx.execute("INSERT INTO item (id, member, name) VALUES ($1, $2, $3)", params![id, member, name]).await?;
    tx.commit().await
}

async fn names(db: &Db, scope: Scope) -> Vec<String> {
    let rows = db.read(scope).fetch_all("SELECT name FROM item WHERE {scope:member} ORDER BY name", &[]).await.unwrap();
    rows.iter().map(|row| row.text("name").unwrap()).collect()
}

fn code<T>(result: Result<T, StorageError>) -> StorageCode {
    result.err().map(|e| e.code()).expect("an error")
}

#[tokio::test]
async fn every_type_reads_back_and_null_fits_every_column() {
    for database in databases().await {
        let db = ready(&database).await;
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        let insert = "INSERT INTO item (id, member, name, note, body, parent) VALUES ($1, $2, $3, $4, $5, $6)";
        tx.execute(insert, params![i64::MAX, A, "清分 ' \" $1", "", vec![0_u8, 255], None::<i64>]).await.unwrap();
        tx.execute(insert, params![1, B, "b", None::<&str>, None::<Vec<u8>>, i64::MAX]).await.unwrap();
        let rows = (2..1300).map(|i| {
            let odd = i % 2 == 1;
            let note = odd.then_some("odd");
            params![i, B, format!("row {i:04}"), note, note.map(|n| n.as_bytes().to_vec()), odd.then_some(1)].to_vec()
        });
        tx.insert_many("item", &["id", "member", "name", "note", "body", "parent"], rows.collect()).await.unwrap();
        tx.commit().await.unwrap();

        let select = "SELECT id, member, name, note, body, parent FROM item WHERE id = $1";
        let read = db.read(Scope::Platform);
        let row = read.fetch_one(select, params![i64::MAX]).await.unwrap();
        assert_eq!(row.int("id").unwrap(), i64::MAX);
        assert_eq!(row.text("name").unwrap(), "清分 ' \" $1");
        assert_eq!(row.opt_text("note").unwrap(), Some(String::new()));
        assert_eq!(row.blob("body").unwrap(), [0, 255]);
        assert_eq!(row.opt_int("parent").unwrap(), None);
        let row = read.fetch_one(select, params![1]).await.unwrap();
        assert_eq!((row.opt_text("note").unwrap(), row.opt_blob("body").unwrap()), (None, None));
        let row = read.fetch_one(select, params![1299]).await.unwrap();
        assert_eq!((row.text("note").unwrap(), row.int("parent").unwrap()), ("odd".to_owned(), 1));
        let row = read.fetch_one(select, params![1298]).await.unwrap();
        assert_eq!((row.opt_text("note").unwrap(), row.opt_int("parent").unwrap()), (None, None));

        let sum = "SELECT CAST(COUNT(*) AS BIGINT) AS n, CAST(SUM(id) AS BIGINT) AS total FROM item WHERE id < $1";
        let row = read.fetch_one(sum, params![1300]).await.unwrap();
        assert_eq!((row.int("n").unwrap(), row.int("total").unwrap()), (1299, 1299 * 1300 / 2));
        let wrong = [row.int("no such column").err(), row.text("n").err(), row.blob("n").err(), row.flag("n").err()];
        for error in wrong {
            assert_eq!(error.expect("an error").code(), StorageCode::Parameters);
        }
        assert_eq!(code(read.fetch_one(select, params![5000]).await), StorageCode::NotFound);
        assert!(read.fetch_optional(select, params![5000]).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn text_is_ordered_by_bytes() {
    for database in databases().await {
        let db = ready(&database).await;
        for (i, name) in ["b", "B", "a:1", "a", "é", "_", "a-2"].iter().enumerate() {
            insert_item(&db, i as i64, A, name).await.unwrap();
        }
        assert_eq!(names(&db, Scope::Platform).await, ["B", "_", "a", "a-2", "a:1", "b", "é"]);
    }
}

#[tokio::test]
async fn a_scope_sees_and_changes_its_own_rows_only() {
    for database in databases().await {
        let db = ready(&database).await;
        insert_item(&db, 1, A, "of a").await.unwrap();
        insert_item(&db, 2, B, "of b").await.unwrap();
        assert_eq!(names(&db, Scope::Platform).await, ["of a", "of b"]);
        assert_eq!(names(&db, Scope::Member(A)).await, ["of a"]);
        assert_eq!(names(&db, Scope::Member(MemberCode(1))).await, [""; 0]);

        let mut tx = db.begin_write(Scope::Member(A)).await.unwrap();
        let touch = "UPDATE item SET note = $1 WHERE id = $2 AND {scope:member}";
        assert_eq!(tx.execute(touch, params!["x", 2]).await.unwrap(), 0, "another member's row");
        assert_eq!(tx.execute(touch, params!["x", 1]).await.unwrap(), 1);
        let add = "INSERT INTO item (id, member, name) SELECT $1, $2, $3 WHERE {scope:$2}";
        assert_eq!(tx.execute(add, params![3, B, "forged"]).await.unwrap(), 0, "a row for another member");
        assert_eq!(tx.execute(add, params![3, A, "own"]).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(names(&db, Scope::Platform).await, ["of a", "of b", "own"]);

        for sql in ["SELECT id FROM item", "SELECT id FROM item WHERE {tenant:member}"] {
            assert_eq!(code(db.read(Scope::Member(A)).fetch_all(sql, &[]).await), StorageCode::Scope, "{sql}");
        }
        assert_eq!(
            code(
                db.read(Scope::Tenant(TenantCode(i64::from(A.0))))
                    .fetch_all("SELECT id FROM item WHERE {scope:member}", &[])
                    .await
            ),
            StorageCode::Scope,
            "a tenant with a member's number"
        );
        let mut tx = db.begin_write(Scope::Member(A)).await.unwrap();
        assert_eq!(code(tx.execute("DELETE FROM item", &[]).await), StorageCode::Scope);
        assert_eq!(code(tx.commit().await), StorageCode::Unfinished);
        let mut tx = db.begin_write(Scope::Member(A)).await.unwrap();
        let rows = vec![params![9, A, "batch"].to_vec()];
        assert_eq!(code(tx.insert_many("item", &["id", "member", "name"], rows).await), StorageCode::Scope);
        drop(tx);
        assert_eq!(names(&db, Scope::Platform).await.len(), 3);
    }
}

#[tokio::test]
async fn refusals_have_codes_and_spoil_the_transaction() {
    for database in databases().await {
        let db = ready(&database).await;
        insert_item(&db, 1, A, "a").await.unwrap();
        let cases: &[(&str, &[Value], StorageCode)] = &[
            ("INSERT INTO item (id, member, name) VALUES ($1, 1, 'x')", params![1], StorageCode::Unique),
            ("INSERT INTO item (id, member, name) VALUES (2, 1, $1)", params!["a"], StorageCode::Unique),
            (
                "INSERT INTO item (id, member, name, parent) VALUES (2, 1, 'x', $1)",
                params![77],
                StorageCode::Constraint,
            ),
            ("INSERT INTO item (id, member, name) VALUES (2, $1, 'x')", params![None::<i64>], StorageCode::Constraint),
            ("INSERT INTO item (id, member, name) VALUES (2, 1, $1)", params!["bad"], StorageCode::Constraint),
            ("INSERT INTO nowhere (id) VALUES ($1)", params![1], StorageCode::Statement),
            ("INSERT INTO item (id, member, name) VALUES ($1, 1, $2)", params![2], StorageCode::Parameters),
        ];
        for (sql, params, expected) in cases {
            let mut tx = db.begin_write(Scope::Platform).await.unwrap();
            tx.execute("UPDATE item SET note = 'touched' WHERE id = 1", &[]).await.unwrap();
            let error = tx.execute(sql, params).await.unwrap_err();
            assert_eq!(error.code(), *expected, "{sql}: {error}");
            assert_eq!(error.is_unique_violation(), *expected == StorageCode::Unique);
            assert_eq!(code(tx.commit().await), StorageCode::Unfinished, "{sql}");
            let row = db.read(Scope::Platform).fetch_one("SELECT note FROM item WHERE id = 1", &[]).await.unwrap();
            assert_eq!(row.opt_text("note").unwrap(), None, "{sql}");
        }
        assert_eq!(StorageCode::Unique.class(), StorageClass::Refusal);
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        let again = "INSERT INTO item (id, member, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        assert_eq!(tx.execute(again, params![1, A, "a"]).await.unwrap(), 0);
        assert_eq!(tx.execute(again, params![2, A, "b"]).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(names(&db, Scope::Platform).await, ["a", "b"]);
    }
}

#[tokio::test]
async fn what_is_not_committed_is_undone() {
    for database in databases().await {
        let db = ready(&database).await;
        let insert = "INSERT INTO item (id, member, name) VALUES ($1, 1, $2)";
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        tx.execute(insert, params![1, "dropped"]).await.unwrap();
        assert_eq!(names(&db, Scope::Platform).await, [""; 0], "not visible to others before the commit");
        drop(tx);
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        tx.execute(insert, params![1, "rolled back"]).await.unwrap();
        tx.rollback().await.unwrap();
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        tx.execute(insert, params![1, "kept"]).await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
        let db = database.open().await;
        assert_eq!(names(&db, Scope::Platform).await, ["kept"], "after opening again");
    }
}

#[tokio::test]
async fn a_read_transaction_sees_one_state() {
    for database in databases().await {
        let db = ready(&database).await;
        insert_item(&db, 1, A, "before").await.unwrap();
        let mut tx = db.begin_read(Scope::Platform).await.unwrap();
        let count = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM item";
        assert_eq!(tx.fetch_one(count, &[]).await.unwrap().int("n").unwrap(), 1);
        insert_item(&db, 2, A, "meanwhile").await.unwrap();
        assert_eq!(tx.fetch_one(count, &[]).await.unwrap().int("n").unwrap(), 1);
        drop(tx);
        assert_eq!(db.read(Scope::Platform).fetch_one(count, &[]).await.unwrap().int("n").unwrap(), 2);
    }
}

/// Reads a counter, then writes it back one higher.
async fn count_up(db: &Db, lock: bool) -> Result<(), StorageError> {
    let tables: &[&str] = if lock { &["counter"] } else { &[] };
    let mut tx = db.begin_write_locking(Scope::Platform, tables).await?;
    let value = tx.fetch_one("SELECT value FROM counter WHERE id = 1", &[]).await?.int("value")?;
    tokio::task::yield_now().await;
    tx.execute("UPDATE counter SET value = $1 WHERE id = 1", params![value + 1]).await?;
    tx.commit().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_update_is_lost_between_tasks() {
    for database in databases().await {
        let db = ready(&database).await;
        for lock in [false, true] {
            let before =
                db.read(Scope::Platform).fetch_one("SELECT value FROM counter WHERE id = 1", &[]).await.unwrap();
            let tasks = (0..8).map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    let mut conflicts = 0;
                    for _ in 0..25 {
                        while let Err(error) = count_up(&db, lock).await {
                            assert!(error.is_conflict(), "{error}");
                            conflicts += 1;
                        }
                    }
                    conflicts
                })
            });
            let mut conflicts = 0;
            for task in tasks.collect::<Vec<_>>() {
                conflicts += task.await.unwrap();
            }
            let after =
                db.read(Scope::Platform).fetch_one("SELECT value FROM counter WHERE id = 1", &[]).await.unwrap();
            assert_eq!(after.int("value").unwrap() - before.int("value").unwrap(), 200);
            if lock || db.kind() == DbKind::Sqlite {
                assert_eq!(conflicts, 0, "writers wait for each other");
            }
        }
    }
}

/// Two tasks each read both counters and write one: run one after the other, the sum stays below 2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_on_what_was_read_hold_until_the_commit() {
    // On SQLite the second BEGIN IMMEDIATE waits, so that the two cannot overlap at all.
    let database = databases().await.pop().expect("PostgreSQL is the last one");
    let db = ready(&database).await;
    let sum = "SELECT CAST(SUM(value) AS BIGINT) AS total FROM counter";
    let mut first = db.begin_write(Scope::Platform).await.unwrap();
    let mut second = db.begin_write(Scope::Platform).await.unwrap();
    for tx in [&mut first, &mut second] {
        assert_eq!(tx.fetch_one(sum, &[]).await.unwrap().int("total").unwrap(), 0);
    }
    let update = "UPDATE counter SET value = 1 WHERE id = $1";
    first.execute(update, params![1]).await.unwrap();
    first.commit().await.unwrap();
    let late = match second.execute(update, params![2]).await {
        Ok(_) => second.commit().await,
        Err(error) => Err(error),
    };
    assert_eq!(code(late), StorageCode::Conflict);
    assert_eq!(db.read(Scope::Platform).fetch_one(sum, &[]).await.unwrap().int("total").unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn migrations_are_applied_once() {
    for database in databases().await {
        let db = database.open().await;
        let other = database.open().await;
        let (first, second) = tokio::join!(db.migrate(MIGRATIONS), other.migrate(MIGRATIONS));
        first.unwrap();
        second.unwrap();
        db.migrate(MIGRATIONS).await.unwrap();
        let rows = db
            .read(Scope::Platform)
            .fetch_all("SELECT version, name, applied_at FROM schema_migration ORDER BY version", &[])
            .await
            .unwrap();
        let applied = rows.iter().map(|r| (r.int("version").unwrap(), r.text("name").unwrap())).collect::<Vec<_>>();
        assert_eq!(applied, [(1, "cases".to_owned()), (2, "tenants".to_owned())]);
        assert!(rows[0].text("applied_at").unwrap().starts_with("20"));
    }
}

#[tokio::test]
async fn a_list_that_does_not_continue_the_applied_one_is_refused() {
    let one = MIGRATIONS[0];
    let two = MIGRATIONS[1];
    let three = Migration { version: 3, name: "three", sql: "CREATE TABLE three (x BIGINT)" };
    let cases: &[(&[Migration], StorageCode)] = &[
        (
            &[one, Migration { sql: "CREATE TABLE shop (tenant BIGINT, name TEXT)", ..two }, three],
            StorageCode::MigrationAltered,
        ),
        (&[one, Migration { name: "renamed", ..two }], StorageCode::MigrationAltered),
        (&[one], StorageCode::MigrationNewer),
        (&[], StorageCode::MigrationNewer),
        (&[two, one], StorageCode::MigrationOrder),
        (&[one, one, two], StorageCode::MigrationOrder),
        (&[Migration { version: 0, ..three }, one, two], StorageCode::MigrationOrder),
    ];
    for database in databases().await {
        let db = ready(&database).await;
        for (list, expected) in cases {
            assert_eq!(code(db.migrate(list).await), *expected);
        }
        let gone = db.read(Scope::Platform).fetch_all("SELECT x FROM three", &[]).await;
        assert_eq!(code(gone), StorageCode::Statement, "nothing was applied");
    }
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing_and_can_be_run_again() {
    let half = "CREATE TABLE half (x BIGINT); INSERT INTO nowhere VALUES (1);";
    let whole = "CREATE TABLE half (x BIGINT); INSERT INTO half VALUES (1);";
    for database in databases().await {
        let db = ready(&database).await;
        let list = |sql| [MIGRATIONS[0], MIGRATIONS[1], Migration { version: 3, name: "half", sql }];
        assert_eq!(code(db.migrate(&list(half)).await), StorageCode::Statement);
        db.migrate(&list(whole)).await.unwrap();
        let row = db.read(Scope::Platform).fetch_one("SELECT x FROM half", &[]).await.unwrap();
        assert_eq!(row.int("x").unwrap(), 1);
    }
}

#[tokio::test]
async fn an_abandoned_statement_cannot_be_committed() {
    for database in databases().await {
        let db = ready(&database).await;
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        {
            let slow = "INSERT INTO shop (tenant, name) \
                        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT i, 'x' FROM n";
            let mut statement = Box::pin(tx.execute(slow, &[]));
            // Begun and dropped, as a timeout does.
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(statement.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
        }
        assert_eq!(code(tx.commit().await), StorageCode::Unfinished);
        let row = db.read(Scope::Platform).fetch_optional("SELECT name FROM shop", &[]).await.unwrap();
        assert!(row.is_none());
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_a_failure_and_comes_back() {
    let database = databases().await.pop().expect("PostgreSQL is the last one");
    let db = ready(&database).await;
    let mut tx = db.begin_write(Scope::Platform).await.unwrap();
    tx.execute("INSERT INTO item (id, member, name) VALUES (1, 1, 'a')", &[]).await.unwrap();
    let kill = "SELECT CAST(COUNT(pg_terminate_backend(pid)) AS BIGINT) AS n FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    db.read(Scope::Platform).fetch_all(kill, &[]).await.unwrap();
    let error = tx.commit().await.unwrap_err();
    assert!(error.is_lost(), "{error}");
    assert_eq!(error.code(), StorageCode::CommitUnknown);
    assert_eq!(error.class(), StorageClass::Failure);
    insert_item(&db, 1, A, "after").await.unwrap();
    assert_eq!(names(&db, Scope::Platform).await, ["after"]);
}

#[tokio::test]
async fn sqlite_is_set_to_be_durable() {
    let database = sqlite();
    let db = database.open().await;
    for (pragma, column, expected) in
        [("synchronous", "synchronous", 2), ("foreign_keys", "foreign_keys", 1), ("busy_timeout", "timeout", 10_000)]
    {
        let row = db.read(Scope::Platform).fetch_one(&format!("PRAGMA {pragma}"), &[]).await.unwrap();
        assert_eq!(row.int(column).unwrap(), expected, "{pragma}");
    }
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_refused() {
    for url in
        ["mysql://x", "", "sqlite:///no/such/folder/file.db", "sqlite::memory:", "postgres://nobody@127.0.0.1:1/none"]
    {
        assert_eq!(code(Db::open(url).await), StorageCode::Open, "{url}");
    }
    let error = Db::open("mysql://root:secret@host/db").await.unwrap_err();
    assert!(!error.to_string().contains("secret"));
}
