//! Installations, server processes and callers for the tests of the server.

#![allow(dead_code, reason = "each test binary uses a part")]

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

pub(crate) const TONGKA: &str = env!("CARGO_BIN_EXE_tongka");
pub(crate) const PASSWORD: &str = "correct-horse-battery-9";

/// Every account of the test: login, staff number, owner, roles.
pub(crate) const PEOPLE: [(&str, &str, &str, &str); 11] = [
    ("operator", "E1", "centre", "operator"),
    ("checker", "E2", "centre", "checker"),
    ("finance", "E3", "centre", "finance"),
    ("system", "E4", "centre", "system-admin"),
    ("security", "E5", "centre", "security-admin"),
    ("auditor", "E6", "centre", "auditor"),
    ("keys", "E7", "centre", "key-manager"),
    ("keys2", "E8", "centre", "key-checker"),
    ("cards", "E9", "centre", "card-manager"),
    ("city", "M1", "member:10001000", "member-operator"),
    ("other", "M2", "member:10002900", "member-operator"),
];

pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// Where members send files, where the test has that door open.
    pub(crate) sftp: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn tongka(dir: &Path, args: &[&str]) {
    let output = Command::new(TONGKA).args(args).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An installation with a simulated day and accounts, its server running.
pub(crate) fn start(dir: &Path, settings: &str) -> Server {
    install(dir, &[]);
    serve(dir, settings)
}

/// An installation with a simulated day and accounts; `more` are options that every command gets.
pub(crate) fn install(dir: &Path, more: &[&str]) {
    let plan = ["simulate", "day", "--date", "2026-09-01", "--members", "4", "--records", "2000", "--seed", "5"];
    tongka(dir, &[&plan[..], &["--faults", "5", "--out", "day"]].concat());
    fs::create_dir(dir.join("data")).unwrap();
    fs::copy(dir.join("day/scheme.toml"), dir.join("data/scheme.toml")).unwrap();
    fs::write(dir.join("password"), PASSWORD).unwrap();
    for (login, person, owner, role) in PEOPLE {
        let who = ["account", "add", "--data", "data", "--login", login, "--name", login, "--person", person];
        let what = ["--owner", owner, "--role", role, "--password-file", "password"];
        tongka(dir, &[&who[..], &what, more].concat());
    }
}

pub(crate) fn serve(dir: &Path, settings: &str) -> Server {
    serve_as(dir, "tongka.toml", settings)
}

/// A server process with a configuration file of its own.
pub(crate) fn serve_as(dir: &Path, file: &str, settings: &str) -> Server {
    let config = format!("listen = \"127.0.0.1:0\"\ndata = \"data\"\n{settings}");
    fs::write(dir.join(file), config).unwrap();
    let mut child = Command::new(TONGKA)
        .args(["serve", "--config", file])
        .env("TONGKA_TEST_HSM", "passphrase of the test's device")
        .current_dir(dir)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut sftp = String::new();
    let address = loop {
        let line = lines.next().expect("the server says where it is").unwrap();
        if let Some((_, address)) = line.split_once("SFTP: ") {
            sftp = address.to_owned();
        }
        if let Some((_, address)) = line.split_once("http://") {
            break format!("http://{address}");
        }
    };
    // What else it says is read, so that it never waits for somebody to read it.
    std::thread::spawn(move || lines.for_each(drop));
    Server { child, address, sftp }
}

/// A caller: a browser's session or nobody.
pub(crate) struct Caller {
    pub(crate) agent: Agent,
    server: String,
    cookie: String,
    csrf: String,
    calls: std::cell::Cell<u32>,
}

impl Caller {
    pub(crate) fn nobody(server: &Server) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        let address = server.address.clone();
        Self { agent, server: address, cookie: String::new(), csrf: String::new(), calls: std::cell::Cell::new(0) }
    }

    pub(crate) fn log_in(server: &Server, login: &str) -> Self {
        let mut caller = Self::nobody(server);
        let body = json!({ "login": login, "password": PASSWORD });
        let mut response = caller.send("POST", "/sessions", Some(&body), &[]);
        assert_eq!(response.status(), StatusCode::OK, "{login}");
        let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
        caller.cookie = cookie.split(';').next().unwrap().to_owned();
        caller.csrf = read(&mut response)["csrf_token"].as_str().unwrap().to_owned();
        caller
    }

    /// The same caller at another process of the installation.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self {
            agent: self.agent.clone(),
            server: server.address.clone(),
            cookie: self.cookie.clone(),
            csrf: self.csrf.clone(),
            calls: std::cell::Cell::new(self.calls.get() + 1000),
        }
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Response<Body> {
        let bytes = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        let kind = if body.is_some() { "application/json" } else { "application/octet-stream" };
        self.send_bytes(method, path, &bytes, kind, headers)
    }

    pub(crate) fn send_bytes(
        &self,
        method: &str,
        path: &str,
        bytes: &[u8],
        kind: &str,
        more: &[(&str, &str)],
    ) -> Response<Body> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v1{path}", self.server))
            .header("cookie", &self.cookie);
        if !more.iter().any(|(name, _)| *name == "x-csrf-token") {
            request = request.header("x-csrf-token", &self.csrf);
        }
        if method == "POST" && !more.iter().any(|(name, _)| *name == "idempotency-key") {
            self.calls.set(self.calls.get() + 1);
            request = request.header("idempotency-key", format!("test-key-{:06}", self.calls.get()));
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        if method == "GET" || method == "DELETE" {
            return self.agent.run(request.body(()).unwrap()).unwrap();
        }
        self.agent.run(request.header("content-type", kind).body(bytes.to_vec()).unwrap()).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let mut response = self.send("GET", path, None, &[]);
        assert_eq!(response.status(), StatusCode::OK, "{path}: {}", read(&mut response));
        read(&mut response)
    }

    pub(crate) fn status(&self, method: &str, path: &str) -> u16 {
        let body = json!({});
        let body = (method != "GET" && method != "DELETE").then_some(&body);
        self.send(method, path, body, &[]).status().as_u16()
    }

    /// Asks again until what is asked for holds.
    pub(crate) fn wait(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let started = std::time::Instant::now();
        loop {
            let value = self.get(path);
            if holds(&value) {
                return value;
            }
            assert!(started.elapsed().as_secs() < 120, "{path} never came to it: {value}");
            std::thread::yield_now();
        }
    }
}

pub(crate) fn read(response: &mut Response<Body>) -> Value {
    let mut text = String::new();
    response.body_mut().as_reader().read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

pub(crate) fn code(response: &mut Response<Body>) -> String {
    read(response)["code"].as_str().unwrap_or_default().to_owned()
}

pub(crate) const FAST: &str = "[limits]\nrequests_per_second = 100000\nburst = 100000\nbody_bytes = 65536\n\
                    upload_bytes = 20000000\ntimeout_seconds = 60\n";
