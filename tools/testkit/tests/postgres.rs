//! The private server starts, serves and leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use tongka_storage::{Db, Scope};
use tongka_testkit::Postgres;

#[tokio::test]
async fn a_server_serves_fresh_databases_and_is_gone_when_dropped() {
    let server = Postgres::start().unwrap_or_else(|e| panic!("{e}"));
    let first = server.fresh_database().await.unwrap();
    let second = server.fresh_database().await.unwrap();
    assert_ne!(first, second);
    for url in [&first, &second] {
        let db = Db::open(url).await.unwrap();
        db.read(Scope::Platform).fetch_all("CREATE TABLE t (x BIGINT)", &[]).await.unwrap();
        let fsync = db.read(Scope::Platform).fetch_one("SHOW fsync", &[]).await.unwrap();
        assert_eq!(fsync.text("fsync").unwrap(), "on");
        db.close().await;
    }
    let port = port_of(&first);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    drop(server);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the server still listens");
}

fn port_of(url: &str) -> u16 {
    url.split(':').nth(2).and_then(|rest| rest.split('/').next()).unwrap().parse().unwrap()
}

#[test]
fn a_server_stops_when_its_process_is_killed() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_tongka-postgres"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let address = ("127.0.0.1", port_of(&url));
    assert!(TcpStream::connect(address).is_ok());
    process.kill().unwrap();
    process.wait().unwrap();
    // Each connection closes at once: one that stays open would hold the server up.
    let gone = (0..1_000_000).any(|_| TcpStream::connect(address).is_err());
    assert!(gone, "the server still listens");
}

#[test]
fn a_missing_postgresql_is_a_failure_that_names_the_package() {
    let nothing = std::env::temp_dir();
    let output =
        Command::new(env!("CARGO_BIN_EXE_tongka-postgres")).env("TONGKA_POSTGRES_BIN", nothing).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("install the Debian package postgresql"), "{said}");
}

#[tokio::test]
async fn one_body_gets_both_databases() {
    let databases = tongka_testkit::databases().await;
    assert_eq!(databases.len(), 2);
    for database in &databases {
        let db = database.open().await;
        assert_eq!(db.kind(), database.kind());
        let row =
            db.read(Scope::Platform).fetch_one("SELECT CAST($1 AS BIGINT) AS x", tongka_storage::params![7]).await;
        assert_eq!(row.unwrap().int("x").unwrap(), 7);
    }
}
