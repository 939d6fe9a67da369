//! Several processes of one installation on PostgreSQL: every role alone, workers twice, one of them killed.

mod common;

use common::{Caller, FAST, Server, install, read, serve_as};
use serde_json::json;
use std::fs;
use tempfile::TempDir;
use tongka_testkit::Postgres;
use ureq::http::StatusCode;

#[test]
fn another_worker_goes_on_where_one_was_killed() {
    let postgres = Postgres::start().unwrap();
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    install(dir, &["--database", &postgres.url()]);
    let settings = |role: &str| format!("roles = [\"{role}\"]\ndatabase = \"{}\"\n{FAST}", postgres.url());
    let node = |file: &str, role: &str| serve_as(dir, file, &settings(role));
    let (one, two) = (node("one.toml", "centre-api"), node("two.toml", "centre-api"));
    let mut workers = vec![node("worker-1.toml", "worker")];
    let operator = Caller::log_in(&one, "operator");

    // A session of one node is one of the other, and what was ended on one is ended on both.
    let elsewhere = operator.at(&two);
    assert_eq!(elsewhere.get("/session")["account"]["login"], "operator");
    let opened = read(&mut elsewhere.send("POST", "/clearing-days", Some(&json!({ "date": "2026-09-01" })), &[]));
    operator.wait(&format!("/jobs/{}", opened["job"]), |job| job["state"] == "done");
    let mut names: Vec<_> = fs::read_dir(dir.join("day/inbox")).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let files: Vec<_> = names.iter().filter(|p| p.extension().is_some_and(|e| e == "dat")).collect();
    let (first, rest) = files.split_at(files.len() / 2);
    let send = |caller: &Caller, path: &std::path::Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let signature = fs::read_to_string(path.with_extension("dat.sig")).unwrap_or_default();
        let signature: String = signature.split_ascii_whitespace().collect();
        let headers: &[(&str, &str)] = if signature.is_empty() { &[] } else { &[("x-tongka-signature", &signature)] };
        let bytes = fs::read(path).unwrap();
        let kind = "application/octet-stream";
        let status = caller.send_bytes("POST", &format!("/uploads/{name}"), &bytes, kind, headers).status();
        u64::from(status == StatusCode::ACCEPTED)
    };
    let received = |wanted: u64| {
        operator.wait("/dashboard", |d| d["open_day"]["files"]["received"].as_u64().unwrap_or_default() >= wanted)
    };
    let mut sent: u64 = first.iter().map(|path| send(&operator, path)).sum();
    received(sent);

    // A second worker waits; the first is killed, and the second leads.
    workers.push(node("worker-2.toml", "worker"));
    drop::<Server>(workers.remove(0));
    sent += rest.iter().map(|path| send(&elsewhere, path)).sum::<u64>();
    received(sent);
    let cut = read(&mut operator.send("POST", "/clearing-days/2026-09-01/cut", Some(&json!({})), &[]));
    let ended = elsewhere.wait(&format!("/jobs/{}", cut["job"]), |j| j["state"] == "done" || j["state"] == "failed");
    assert_eq!((&ended["state"], &ended["result"]["imbalance_fen"]), (&json!("done"), &json!(0)), "{ended}");
    assert_eq!(operator.get("/clearing-days/2026-09-01")["state"], "closed");
    assert_eq!(operator.send("DELETE", "/session", None, &[]).status(), StatusCode::NO_CONTENT);
    assert_eq!(elsewhere.status("GET", "/session"), 401);

    // A front alone serves members and nothing else.
    let front = node("front.toml", "front");
    let city = Caller::log_in(&one, "city").at(&front);
    assert!(city.get("/front/outbox")["files"].as_array().is_some_and(|files| !files.is_empty()));
    assert_eq!(city.status("GET", "/uploads"), 404);
    assert_eq!(Caller::log_in(&one, "city").status("GET", "/front/outbox"), 503, "this node is no front");
}
