//! The server as people and machines meet it: the real executable, real sockets, a whole day from upload to close.

mod common;

use common::{Caller, FAST, PASSWORD, PEOPLE, code, read, start, tongka};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;
use ureq::Body;
use ureq::http::{Response, StatusCode};

#[test]
fn a_day_from_upload_to_close_with_two_people() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let server = start(dir, FAST);
    let operator = Caller::log_in(&server, "operator");
    let checker = Caller::log_in(&server, "checker");
    let city = Caller::log_in(&server, "city");
    let other = Caller::log_in(&server, "other");

    let opened = read(&mut operator.send("POST", "/clearing-days", Some(&json!({ "date": "2026-09-01" })), &[]));
    let job = opened["job"].as_i64().unwrap();
    operator.wait(&format!("/jobs/{job}"), |job| job["state"] == "done");

    // Every member sends its files, with signatures where it has a certificate.
    let mut sent = 0;
    let mut names: Vec<_> = fs::read_dir(dir.join("day/inbox")).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let mut own = String::new();
    for path in names.iter().filter(|p| p.extension().is_some_and(|e| e == "dat")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let signature = fs::read_to_string(path.with_extension("dat.sig")).unwrap_or_default();
        let signature: String = signature.split_ascii_whitespace().collect();
        let headers: &[(&str, &str)] = if signature.is_empty() { &[] } else { &[("x-tongka-signature", &signature)] };
        let (sender, bytes) = match name.get(13..21) {
            Some("10001000") => (&city, fs::read(path).unwrap()),
            _ => (&operator, fs::read(path).unwrap()),
        };
        let response =
            sender.send_bytes("POST", &format!("/uploads/{name}"), &bytes, "application/octet-stream", headers);
        if response.status() == StatusCode::ACCEPTED {
            sent += 1;
            if name.contains("10001000") && own.is_empty() {
                own = name.to_owned();
            }
        } else {
            // Only a name that no upload has is refused at the door; the rest gets its receipt.
            assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        }
    }
    assert!(sent > 4);
    let dashboard = operator.wait("/dashboard", |d| {
        let files = &d["open_day"]["files"];
        files["received"].as_u64().unwrap_or_default() >= sent
    });
    assert!(dashboard["open_day"]["records"].as_u64().unwrap() > 1000);
    let upload = city.get(&format!("/uploads/{own}"));
    assert_eq!(upload["accepted"], true);
    // Another member's file is not there.
    assert_eq!(other.status("GET", &format!("/uploads/{own}")), 404);
    assert_eq!(other.status("GET", &format!("/uploads/{own}/raw")), 404);
    // A name of another member is refused.
    let refused =
        city.send_bytes("POST", "/uploads/TXU_20260901_10002900_000009.dat", b"x", "application/octet-stream", &[]);
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);

    let cut = read(&mut operator.send("POST", "/clearing-days/2026-09-01/cut", Some(&json!({})), &[]));
    let job = cut["job"].as_i64().unwrap();
    let ended = operator.wait(&format!("/jobs/{job}"), |job| job["state"] == "done" || job["state"] == "failed");
    assert_eq!((&ended["state"], &ended["result"]["imbalance_fen"]), (&json!("done"), &json!(0)), "{ended}");
    let day = operator.get("/clearing-days/2026-09-01");
    assert_eq!((&day["state"], day["steps"].as_array().unwrap().len()), (&json!("closed"), 8));
    assert!(day["steps"].as_array().unwrap().iter().all(|step| step["state"] == "done"));

    // The bytes of an upload come back as they were sent.
    let mut raw = Vec::new();
    let mut response = city.send("GET", &format!("/uploads/{own}/raw"), None, &[]);
    response.body_mut().as_reader().read_to_end(&mut raw).unwrap();
    assert!(raw == fs::read(dir.join("day/inbox").join(&own)).unwrap());
    let explained = city.get(&format!("/uploads/{own}/records/1/explain"));
    assert!(explained["checks"].as_array().is_some_and(|c| !c.is_empty()));

    // Nobody here may see whole card numbers; a member sees where a record of its own card comes from, and no other.
    let raw = explained["raw"].as_str().unwrap();
    assert_eq!(raw.matches('*').count(), 10, "{raw}");
    let found = |query: &str, fits: &dyn Fn(&Value) -> bool| {
        let page = operator.get(&format!("/records?limit=500&verdict=A{query}"));
        let items = page["items"].as_array().unwrap();
        items.iter().find(|r| fits(r)).unwrap_or_else(|| panic!("{query}: {items:?}")).clone()
    };
    let path = |record: &Value| {
        format!("/uploads/{}/records/{}/explain", record["upload"].as_str().unwrap(), record["record_no"])
    };
    let of_city = found("&issuer=10001000", &|r| r["sender"] != "10001000");
    let name = of_city["upload"].as_str().unwrap();
    assert_eq!(city.get(&path(&of_city))["record"], of_city["record_no"]);
    let of_sender = format!("&sender={}", of_city["sender"].as_str().unwrap());
    let stranger = found(&of_sender, &|r| r["issuer"] != "10001000");
    assert_eq!(city.status("GET", &path(&stranger)), 404);
    let hits = operator.get(&format!("/search?q={name}"));
    assert_eq!(hits["items"][0]["path"], format!("/uploads/{name}"));
    assert!(city.get("/member-names")["items"].as_array().unwrap().len() == 4);

    let proof = read(&mut operator.send("POST", "/clearing-days/2026-09-01/prove", Some(&json!({})), &[]));
    assert!(proof["job"].is_i64());
    let proof = operator.wait("/clearing-days/2026-09-01/proof", |p| p["state"] == "done" || p["state"] == "failed");
    assert_eq!((&proof["state"], &proof["differences"]), (&json!("done"), &json!([])));

    // A suspicious record: one proposes, the same person cannot approve, another can, once.
    let suspicious = operator.get("/suspicious?limit=1&state=open");
    let row = &suspicious["items"][0];
    let path = format!("/suspicious/{}/{}/propose", row["upload"].as_str().unwrap(), row["record"]);
    let body = json!({ "decision": "clear", "reason": "终端日志证明交易成功" });
    let mut first = operator.send("POST", &path, Some(&body), &[("idempotency-key", "propose-0001")]);
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let approval = read(&mut first)["approval"].as_i64().unwrap();
    let mut again = operator.send("POST", &path, Some(&body), &[("idempotency-key", "propose-0001")]);
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(read(&mut again)["approval"].as_i64(), Some(approval));
    let other_body = json!({ "decision": "reject", "reason": "终端日志证明交易成功" });
    let mut conflict = operator.send("POST", &path, Some(&other_body), &[("idempotency-key", "propose-0001")]);
    assert_eq!(code(&mut conflict), "P19");
    let approve = format!("/approvals/{approval}/approve");
    assert!(operator.send("POST", &approve, Some(&json!({})), &[]).status().is_client_error());
    let done = checker.send("POST", &approve, Some(&json!({})), &[]);
    assert_eq!(done.status(), StatusCode::OK);
    let mut twice = checker.send("POST", &approve, Some(&json!({})), &[]);
    assert_eq!((twice.status(), code(&mut twice)), (StatusCode::CONFLICT, "P04".into()));

    // A reserve is topped up once for a reference of the bank; nobody takes out more than there is.
    let finance = Caller::log_in(&server, "finance");
    let balance = |caller: &Caller| {
        let accounts = caller.get("/ledger-accounts?code=member:10001000:reserve");
        accounts["items"][0]["balance_fen"].as_i64().unwrap_or_else(|| panic!("{accounts}"))
    };
    let before = balance(&finance);
    let paid = json!({ "amount_fen": 12_345, "reference": "BANK-17", "note": "补足额度" });
    let asked = read(&mut finance.send("POST", "/reserves/10001000/topups", Some(&paid), &[]));
    let approve = format!("/approvals/{}/approve", asked["approval"].as_i64().unwrap_or_else(|| panic!("{asked}")));
    assert_eq!((balance(&finance), finance.status("POST", &approve)), (before, 403));
    let done = read(&mut checker.send("POST", &approve, Some(&json!({})), &[]));
    assert_eq!((&done["state"], &done["result"]["balance_fen"]), (&json!("done"), &json!(before + 12_345)), "{done}");
    assert_eq!((balance(&city), city.get("/topups")["total"].as_i64()), (before + 12_345, Some(1)));
    assert_eq!(other.get("/topups")["total"], 0);
    let mut twice = finance.send("POST", "/reserves/10001000/topups", Some(&paid), &[]);
    assert_eq!((twice.status().as_u16(), code(&mut twice)), (409, "T02".into()));
    let much = json!({ "amount_fen": before + 12_346, "reference": "BANK-18" });
    let mut much = finance.send("POST", "/reserves/10001000/withdrawals", Some(&much), &[]);
    assert_eq!((much.status().as_u16(), code(&mut much)), (422, "T03".into()));

    // What other fees would have meant, and then other fees: proposed, tried, approved by a second person.
    let today = operator.get("/fees?limit=500");
    let rules: Vec<Value> = today["items"].as_array().unwrap().iter().map(dearer).collect();
    let wanted = json!({ "clearing_dates": ["2026-09-01"], "fees": rules });
    let asked = read(&mut operator.send("POST", "/what-if", Some(&wanted), &[]));
    let job = asked["job"].as_i64().unwrap_or_else(|| panic!("{asked}"));
    let priced = operator.wait(&format!("/jobs/{job}"), |job| job["state"] == "done" || job["state"] == "failed");
    let centre = &priced["result"]["centre"];
    assert!(centre["difference_fen"].as_i64().unwrap() > 0, "{priced}");
    let sum = |what: &str| -> i64 {
        let members = priced["result"]["members"].as_array().unwrap().iter();
        members.map(|m| m[what].as_i64().unwrap()).sum::<i64>() + centre[what].as_i64().unwrap()
    };
    assert_eq!(["before_fen", "after_fen", "difference_fen"].map(sum), [0; 3]);
    assert_eq!(city.status("POST", "/what-if"), 403);

    // The bank: accounts by two people, a settlement date over a closed clearing date, the layers of the date.
    let wrong = json!({ "role": "clearing", "member": "10001000", "number": "1", "name": "x", "bank": "y" });
    let mut wrong = finance.send("POST", "/bank-accounts", Some(&wrong), &[]);
    assert_eq!((wrong.status().as_u16(), code(&mut wrong)), (422, "T01".into()));
    let mut early = finance.send("POST", "/settlement-dates", Some(&json!({ "date": "2026-09-02" })), &[]);
    assert_eq!((early.status().as_u16(), code(&mut early)), (409, "T07".into()));
    let mut accounts = vec![("clearing", "00000000", "6200000000000001"), ("fees", "00000000", "6200000000000002")];
    let of_members: Vec<(String, String)> = operator.get("/members?limit=50")["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["code"].as_str().unwrap().to_owned())
        .map(|code| (code.clone(), format!("62000001{code}")))
        .collect();
    accounts.extend(of_members.iter().map(|(member, number)| ("reserve", member.as_str(), number.as_str())));
    for (role, member, number) in accounts {
        let ask =
            json!({ "role": role, "member": member, "number": number, "name": "通卡测试", "bank": "102100099996" });
        let asked = read(&mut finance.send("POST", "/bank-accounts", Some(&ask), &[]));
        let approve = format!("/approvals/{}/approve", asked["approval"].as_i64().unwrap_or_else(|| panic!("{asked}")));
        let done = read(&mut checker.send("POST", &approve, Some(&json!({})), &[]));
        assert_eq!(done["state"], "done", "{done}");
    }
    let closed = finance.send("POST", "/settlement-dates", Some(&json!({ "date": "2026-09-05" })), &[]).status();
    assert_eq!(closed.as_u16(), 409, "a Saturday");
    let made = read(&mut finance.send("POST", "/settlement-dates", Some(&json!({ "date": "2026-09-02" })), &[]));
    assert_eq!(
        (&made["first_clearing_date"], &made["last_clearing_date"]),
        (&json!("2026-09-01"), &json!("2026-09-01"))
    );
    let figure = |name: &str| made[name].as_i64().unwrap_or_else(|| panic!("{made}"));
    assert_eq!(figure("pays_fen").abs(), figure("receives_fen") + figure("fees_fen"), "{made}");
    let again = read(&mut finance.send("POST", "/settlement-dates", Some(&json!({ "date": "2026-09-02" })), &[]));
    assert_eq!(again, made);
    let compared = read(&mut finance.send("POST", "/clearing-days/2026-09-01/reconcile", Some(&json!({})), &[]));
    let states: Vec<&str> =
        compared["layers"].as_array().unwrap().iter().map(|layer| layer["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["green", "green", "green", "waiting"], "{compared}");
    assert_eq!(city.get("/reserve-standings")["items"].as_array().unwrap().len(), 1);

    let fee = |from: &str| {
        json!({
            "kind": "member.fee.add", "note": "明年费率",
            "payload": {
                "acquirer": "10001000", "issuer": "10002900", "industry": "05", "issuer_rate_ppm": 4000,
                "centre_rate_ppm": 700, "from": from
            }
        })
    };
    let mut past = operator.send("POST", "/scheme-changes", Some(&fee("2026-09-01")), &[]);
    assert_eq!((past.status(), code(&mut past)), (StatusCode::UNPROCESSABLE_ENTITY, "M08".into()));
    let checked = read(&mut operator.send("POST", "/scheme-changes/check", Some(&fee("2026-10-01")), &[]));
    assert_eq!(checked["tables"], json!([{ "table": "scheme_fee", "added": 1, "removed": 0 }]));
    let proposed = read(&mut operator.send("POST", "/scheme-changes", Some(&fee("2026-10-01")), &[]));
    let approval = proposed["approval"].as_i64().unwrap_or_else(|| panic!("{proposed}"));
    assert_eq!(operator.get("/scheme-versions")["total"], 1, "a proposal changes nothing");
    let approve = format!("/approvals/{approval}/approve");
    assert_eq!(operator.status("POST", &approve), 403);
    let mut done = checker.send("POST", &approve, Some(&json!({})), &[]);
    let done = read(&mut done);
    assert_eq!((&done["state"], &done["result"]["version"]), (&json!("done"), &json!(2)), "{done}");
    let changes = operator.get("/scheme-versions/1/changes/2");
    assert!(changes["lines"].as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains("10002900")));
    // The next date runs under it.
    let opened = read(&mut operator.send("POST", "/clearing-days", Some(&json!({})), &[]));
    operator.wait(&format!("/jobs/{}", opened["job"]), |job| job["state"] == "done");
    let scheme =
        fs::read_dir(dir.join("data/schemes")).unwrap().map(|e| fs::read_to_string(e.unwrap().path()).unwrap());
    assert!(scheme.into_iter().any(|text| text.starts_with("# 规则簿 scheme book: version 2") && text.contains("700")));

    let auditor = Caller::log_in(&server, "auditor");
    let verified = read(&mut auditor.send("POST", "/audit/verify", Some(&json!({})), &[]));
    assert_eq!(verified["ok"], true);
}

/// A member sends a file and fetches its receipt with OpenSSH's own program.
#[test]
fn a_member_sends_and_fetches_by_sftp() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let server = start(dir, &format!("{FAST}\n[front]\nsftp = \"127.0.0.1:0\"\n"));
    let run = |program: &str, args: &[&str], input: &str| {
        let mut command = Command::new(program);
        command.args(args).current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    assert!(run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "city.key"], "").0);
    tongka(dir, &["front", "add", "--data", "data", "--login", "city-line", "--member", "10001000"]);
    let key = ["--public-key", "city.key.pub", "--from", "2026-01-01", "--to", "2036-12-31"];
    tongka(dir, &[&["front", "key", "--data", "data", "--login", "city-line"][..], &key].concat());
    let operator = Caller::log_in(&server, "operator");
    let opened = read(&mut operator.send("POST", "/clearing-days", Some(&json!({ "date": "2026-09-01" })), &[]));
    operator.wait(&format!("/jobs/{}", opened["job"]), |job| job["state"] == "done");

    let port = server.sftp.rsplit(':').next().unwrap();
    let options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "BatchMode=yes"];
    let sftp = |batch: &str| {
        let mut args = vec!["-i", "city.key", "-P", port, "-b", "-"];
        options.iter().for_each(|option| args.extend(["-o", option]));
        args.push("city-line@127.0.0.1");
        run("sftp", &args, batch)
    };
    let names = fs::read_dir(dir.join("day/inbox")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let own: Vec<String> = names.filter(|name| name.starts_with("TXU_20260901_10001000_")).collect();
    let data = own.iter().filter(|name| name.ends_with(".dat")).min().unwrap();
    let mut batch = format!("cd inbox\nput day/inbox/{data} {data}\n");
    if own.contains(&format!("{data}.sig")) {
        batch += &format!("put day/inbox/{data}.sig {data}.sig\n");
    }
    let (ok, text) = sftp(&batch);
    assert!(ok, "{text}");
    let city = Caller::log_in(&server, "city");
    let receipts = city.wait("/receipts", |page| page["total"].as_u64().unwrap_or_default() > 0);
    assert_eq!(receipts["items"][0]["upload_name"], **data, "{receipts}");
    let (ok, text) = sftp("cd outbox\nls\n");
    assert!(ok && text.contains("TXR_20260901_10001000"), "{text}");
    assert!(city.get("/transfers")["total"].as_u64().unwrap() > 0);
    assert_eq!(Caller::log_in(&server, "other").get("/transfers")["total"], 0);
}

/// A member's program sends, fetches and acknowledges by HTTPS, signed; lists reach it after two people published them.
#[test]
fn a_members_program_sends_and_fetches_by_https() {
    use tongka_link::client::{HttpsTarget, Remote, RemoteFile, Sending, Signing, Target, remote_code};
    use tongka_link::disk::Content;
    use tongka_wire::{FileName, HEADER_LEN, Header, Kind, LIST_VERSION, Value as Wire, parse_record, write_record};

    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    fs::write(dir.join("passphrase"), "passphrase of the centre\n").unwrap();
    tongka(dir, &["front", "keygen", "--out", "centre.key", "--passphrase-file", "passphrase"]);
    let signing = "[front]\nsigning_key = \"centre.key\"\nsigning_passphrase = \"passphrase of the centre\"\n";
    let server = start(dir, &format!("{FAST}\n{signing}"));
    let operator = Caller::log_in(&server, "operator");
    let checker = Caller::log_in(&server, "checker");
    let city = Caller::log_in(&server, "city");
    let opened = read(&mut operator.send("POST", "/clearing-days", Some(&json!({ "date": "2026-09-01" })), &[]));
    operator.wait(&format!("/jobs/{}", opened["job"]), |job| job["state"] == "done");
    let system = Caller::log_in(&server, "system");
    let key = |login: &str| {
        let account = system.get(&format!("/accounts?login={login}"))["items"][0]["id"].as_i64().unwrap();
        let ask = json!({ "account": account, "name": "transfer client" });
        let made = read(&mut system.send("POST", "/api-keys", Some(&ask), &[]));
        let secret = made["secret"].as_str().unwrap_or_else(|| panic!("{made}"));
        use base64::Engine;
        let secret = base64::engine::general_purpose::STANDARD.decode(secret).unwrap();
        Target::Https(HttpsTarget {
            url: server.address.clone(),
            authorities: None,
            key: made["id"].as_str().unwrap().to_owned(),
            signing: Signing::Hmac(secret.into()),
            timeout: std::time::Duration::from_secs(30),
            clock: std::sync::Arc::new(tongka_base::SystemClock),
        })
    };
    let (target, other) = (key("city"), key("other"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let remote = runtime.block_on(Remote::connect(&target)).unwrap();
    let send = |remote: &Remote, path: &Path, name: FileName, signature: bool| {
        let content = Content::of(&mut fs::File::open(path).unwrap()).unwrap().fingerprint();
        let file = Sending { path, name, signature, fingerprint: &content };
        runtime.block_on(remote.send(&file, &|_| ()))
    };

    // An upload, its signature where one is due, and its receipt.
    let mut names: Vec<_> = fs::read_dir(dir.join("day/inbox")).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let path = names.iter().find(|p| p.to_string_lossy().ends_with("TXU_20260901_10001000_000001.dat")).unwrap();
    let name = FileName::parse(path.file_name().unwrap().to_str().unwrap()).unwrap();
    send(&remote, path, name, false).unwrap();
    let signature = path.with_extension("dat.sig");
    if signature.is_file() {
        send(&remote, &signature, name, true).unwrap();
    }
    city.wait("/receipts", |page| page["total"].as_u64().unwrap_or_default() > 0);
    send(&remote, path, name, false).unwrap();
    let stranger = runtime.block_on(Remote::connect(&other)).unwrap();
    // Pieces are larger than other bodies may be; what is in them is the centre's to judge.
    let large = FileName { sequence: 900, ..name };
    let path_large = dir.join(large.to_string());
    fs::write(&path_large, vec![b'x'; 9_000_000]).unwrap();
    send(&remote, &path_large, large, false).unwrap();
    city.wait(&format!("/transfers?name={large}&state=handed"), |page| page["total"] == 1);
    let foreign = send(&stranger, path, name, false).unwrap_err();
    assert_eq!(remote_code(&foreign), Some("Y05"), "{foreign}");
    let waits = |remote: &Remote| runtime.block_on(remote.list()).unwrap();
    let fetch = |remote: &Remote, file: &RemoteFile| {
        let into = dir.join(&file.name);
        runtime.block_on(remote.fetch(file, &into)).unwrap();
        runtime.block_on(remote.confirm(&file.name)).unwrap();
        fs::read(into).unwrap()
    };
    let files = waits(&remote);
    let receipt = files.iter().find(|f| f.name.starts_with("TXR_") && f.name.ends_with(".dat")).unwrap();
    let bytes = fetch(&remote, receipt);
    let told = tongka_wire::parse_txr(&bytes[HEADER_LEN..]).unwrap();
    assert_eq!(told.upload_name, name.to_string());
    // Signed by the centre.
    let signed = files.iter().find(|f| f.name == format!("{}.sig", receipt.name)).unwrap();
    let signature = tongka_link::sign::read_signature(&String::from_utf8(fetch(&remote, signed)).unwrap()).unwrap();
    let key: Value = serde_json::from_str(&fs::read_to_string(dir.join("centre.key")).unwrap()).unwrap();
    let public = tongka_link::sign::read_sm2_public_key(key["public_key"].as_str().unwrap()).unwrap();
    assert!(tongka_link::sign::verify_reader(&mut bytes.as_slice(), &public, &signature).unwrap());
    assert!(waits(&remote).iter().all(|f| f.name != receipt.name), "confirmed");
    assert!(!waits(&stranger).iter().any(|f| f.name.contains("10001000")));

    // A list: proposed, approved by another, published, offered, fetched, acknowledged.
    let ask = json!({ "list": "WHT", "note": "首发" });
    let asked = read(&mut operator.send("POST", "/list-publications", Some(&ask), &[]));
    let approve = format!("/approvals/{}/approve", asked["approval"].as_i64().unwrap_or_else(|| panic!("{asked}")));
    assert_eq!(operator.status("POST", &approve), 403);
    let done = read(&mut checker.send("POST", &approve, Some(&json!({})), &[]));
    assert_eq!(done["result"]["version"], 1, "{done}");
    city.wait("/list-lag", |page| page["items"][0]["state"] == "never");
    let list = waits(&remote).into_iter().find(|f| f.name.starts_with("WHT_") && f.name.ends_with(".dat")).unwrap();
    let bytes = fetch(&remote, &list);
    assert_eq!(Header::parse(&bytes[..HEADER_LEN]).unwrap().kind, Kind::Wht);
    let first = parse_record(&LIST_VERSION, &bytes[HEADER_LEN..HEADER_LEN + LIST_VERSION.line_len()]).unwrap();
    assert_eq!((&first[1], &first[2], &first[4]), (&Wire::Number(1), &Wire::Number(0), &Wire::Number(4)));
    let acknowledge = |version: i64, sequence: u32| {
        let now = tongka_base::Clock::now(&tongka_base::SystemClock);
        let stamp = tongka_base::date::format_date_time(now);
        let mut body = Vec::new();
        let says = [
            Wire::Text("K".into()),
            Wire::Text("WHT".into()),
            Wire::Number(version),
            Wire::Number(stamp.parse().unwrap()),
        ];
        write_record(Kind::Ack.table(), &says, &mut body).unwrap();
        let member = tongka_base::MemberCode(10_001_000);
        let name = FileName { kind: Kind::Ack, date: now.date(), member, sequence };
        let header = Header {
            kind: Kind::Ack,
            sender: member,
            receiver: tongka_base::MemberCode::CENTRE,
            file_date: now.date(),
            sequence,
            record_count: 1,
            total_amount: 0,
            record_length: Kind::Ack.table().line_len() as u16,
            created_at: stamp.as_bytes().try_into().unwrap(),
            body_digest: tongka_crypto::sm3(&body),
        };
        let path = dir.join(name.to_string());
        fs::write(&path, [&header.write().unwrap()[..], &body].concat()).unwrap();
        send(&remote, &path, name, false).unwrap();
        name.to_string()
    };
    let wrong = acknowledge(2, 1);
    let refused = city.wait(&format!("/transfers?name={wrong}&state=rejected"), |page| page["total"] == 1);
    assert_eq!(refused["items"][0]["code"], "O04", "{refused}");
    acknowledge(1, 2);
    city.wait("/list-lag", |page| page["items"][0]["state"] == "current");
    let lag = operator.get("/list-lag?sort=member");
    assert_eq!((&lag["total"], &lag["items"][1]["state"]), (&json!(3), &json!("never")), "{lag}");
    let query = "scheme=T&issuer_id=02002900FFFFFFFF&serial=00000000000000000001&at=20260901120000";
    let judged = operator.get(&format!("/blacklist-liability?acquirer=10001000&{query}"));
    assert_eq!(judged["listed"], false);
    assert_eq!(city.status("GET", &format!("/blacklist-liability?acquirer=10002900&{query}")), 404);
}

/// A key is made by two custodians on the web, and used under dual control; the components stay nowhere.
#[test]
fn keys_are_made_by_two_custodians_and_cards_ordered() {
    const COMPONENTS: [&str; 2] = ["1A2B3C4D5E6F70811223344556677889", "99887766554433221100FFEEDDCCBBAA"];
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let hsm = "[[device]]\nname = \"soft\"\ndriver = \"soft\"\nkeystore = \"keystore\"\npassphrase_env = \"TONGKA_TEST_HSM\"\n";
    fs::write(dir.join("hsm.toml"), hsm).unwrap();
    let server = start(dir, &format!("{FAST}\n[keys]\nhsm = \"hsm.toml\"\n"));
    let system = Caller::log_in(&server, "system");
    let (keys, second) = (Caller::log_in(&server, "keys"), Caller::log_in(&server, "keys2"));
    for name in ["chen", "lin"] {
        let body = json!({ "name": name, "passphrase": format!("{name} keeps a key"), "from": "2026-01-01", "to": "2036-01-01" });
        assert_eq!(system.send("POST", "/custodians", Some(&body), &[]).status(), StatusCode::NO_CONTENT);
    }
    let key = |name: &str, usage: &str| json!({ "name": name, "usage": usage, "sm4": true, "version": 1, "index": 1, "level": "national" });
    let kcv = |hex: &str| {
        let bytes: Vec<u8> = (0..16).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
        let kcv = tongka_crypto::kcv(tongka_base::Algorithm::Sm4, bytes.as_slice().try_into().unwrap());
        kcv.iter().map(|b| format!("{b:02X}")).collect::<String>()
    };
    let one = json!({ "key": key("dpk", "DPK"), "custodians": ["chen", "chen"] });
    assert_eq!(keys.send("POST", "/key-ceremonies", Some(&one), &[]).status(), StatusCode::UNPROCESSABLE_ENTITY);
    let two = json!({ "key": key("dpk", "DPK"), "custodians": ["chen", "lin"] });
    let begun = read(&mut keys.send("POST", "/key-ceremonies", Some(&two), &[]));
    let path = format!("/key-ceremonies/{}", begun["id"].as_i64().unwrap_or_else(|| panic!("{begun}")));
    let enter = |caller: &Caller, name: &str, component: &str, kcv: &str| {
        let body = json!({ "custodian": name, "passphrase": format!("{name} keeps a key"), "component": component, "kcv": kcv });
        let mut answer = caller.send("POST", &format!("{path}/components"), Some(&body), &[]);
        let told = read(&mut answer);
        assert!(!told.to_string().contains(component), "a component is never told");
        (answer.status().as_u16(), told["code"].as_str().unwrap_or_default().to_owned())
    };
    let values = COMPONENTS.map(kcv);
    assert_eq!(enter(&keys, "chen", COMPONENTS[0], "000000"), (422, "H06".into()));
    assert_eq!(enter(&keys, "chen", COMPONENTS[0], &values[0]), (200, String::new()));
    let mut early = keys.send("POST", &format!("{path}/finish"), Some(&json!({})), &[]);
    assert_eq!((early.status().as_u16(), code(&mut early)), (422, "K10".into()));
    assert_eq!(enter(&second, "chen", COMPONENTS[1], &values[1]), (403, "K06".into()));
    assert_eq!(enter(&second, "lin", COMPONENTS[1], &values[1]), (200, String::new()));
    let made = read(&mut keys.send("POST", &format!("{path}/finish"), Some(&json!({})), &[]));
    assert_eq!(made["state"], "done", "{made}");
    let mut minutes = keys.send("GET", &format!("{path}/minutes"), None, &[]);
    assert!(read(&mut minutes).as_str().unwrap().contains(made["kcv"].as_str().unwrap()));

    // What is done with a key is proposed by one custodian and approved by another.
    let signed = |name: &str| json!({ "custodian": name, "passphrase": format!("{name} keeps a key") });
    let mut wish = signed("chen");
    wish["action"] = "move".into();
    wish["name"] = "dpk".into();
    wish["to"] = "active".into();
    let request = read(&mut keys.send("POST", "/key-requests", Some(&wish), &[]));
    let path = format!("/key-requests/{}/approve", request["request"].as_i64().unwrap_or_else(|| panic!("{request}")));
    assert_eq!(keys.send("POST", &path, Some(&signed("lin")), &[]).status(), StatusCode::FORBIDDEN);
    let mut same = second.send("POST", &path, Some(&signed("chen")), &[]);
    assert_eq!((same.status().as_u16(), code(&mut same)), (403, "K06".into()));
    assert_eq!(second.send("POST", &path, Some(&signed("lin")), &[]).status(), StatusCode::OK);
    assert_eq!(keys.get("/keys?name=dpk")["items"][0]["state"], "active");
    let found = keys.get("/key-inventory");
    assert_eq!(found["items"], json!([{ "name": "dpk", "finding": "sound" }]));

    let cards = Caller::log_in(&server, "cards");
    let product = json!({
        "code": "T-CITY", "name": "普通卡", "scheme": "T", "issuer": "02003050FFFFFFFF", "region": "32053050",
        "kind": 1, "keys": "sm4", "max_balance_fen": 100_000, "deposit_fen": 2000, "years": 10
    });
    assert_eq!(cards.send("POST", "/card-products", Some(&product), &[]).status(), StatusCode::NO_CONTENT);
    let segment = json!({
        "product": "T-CITY", "maker": "jinbang", "first": "3104305000000000000", "last": "3104305000000000999"
    });
    assert_eq!(cards.send("POST", "/segments", Some(&segment), &[]).status(), StatusCode::NO_CONTENT);
    let mut again = cards.send("POST", "/segments", Some(&segment), &[]);
    assert_eq!((again.status().as_u16(), code(&mut again)), (409, "N03".into()));
    let ask = json!({ "product": "T-CITY", "maker": "jinbang", "card_count": 100 });
    let order = read(&mut cards.send("POST", "/production-orders", Some(&ask), &[]));
    assert_eq!(order["first"], "3104305000000000000", "{order}");
    assert_eq!(cards.get("/production-orders")["total"], 1);

    // Neither component nor passphrase is in anything that the installation keeps.
    drop(server);
    for entry in fs::read_dir(dir.join("data")).unwrap().flatten().filter(|e| e.path().is_file()) {
        let bytes = fs::read(entry.path()).unwrap();
        for secret in COMPONENTS.iter().copied().chain(["chen keeps a key", "lin keeps a key"]) {
            assert!(!bytes.windows(secret.len()).any(|w| w.eq_ignore_ascii_case(secret.as_bytes())), "{entry:?}");
        }
    }
}

/// A row of the list of fees as a rule in the words of the scheme file, with a higher rate of the centre.
fn dearer(row: &Value) -> Value {
    let any = |name: &str| row[name].as_str().filter(|code| *code != "0").unwrap_or("*");
    let mut rule = json!({
        "acquirer": any("acquirer"), "issuer": any("issuer"), "industry": any("industry"),
        "issuer_rate_ppm": row["issuer_rate_ppm"], "centre_rate_ppm": row["centre_rate_ppm"].as_u64().unwrap() + 1000,
        "from": row["from_date"],
    });
    if row["to_date"].is_string() {
        rule["to"] = row["to_date"].clone();
    }
    rule
}

/// Every route by every role: what the permission table says, and nothing else.
#[test]
fn every_endpoint_asks_for_its_permission() {
    let dir = TempDir::new().unwrap();
    let server = start(dir.path(), FAST);
    let nobody = Caller::nobody(&server);
    let document: Value = {
        let request = ureq::http::Request::get(format!("{}/openapi.json", server.address)).body(()).unwrap();
        read(&mut nobody.agent.run(request).unwrap())
    };
    let mut routes: Vec<(String, String, Option<String>, bool)> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let description = operation["description"].as_str().unwrap();
            let permission = description.split('`').nth(1).map(str::to_owned);
            let public = operation["security"] == json!([]);
            assert!(public || permission.is_some() || description.contains("登录即可"), "{method} {path}");
            let path = path.trim_start_matches("/api/v1").to_owned();
            let filled = path
                .replace("{date}", "2026-09-01")
                .replace("{id}", "999999")
                .replace("{record}", "1")
                .replace("{from}", "1")
                .replace("{to}", "2")
                .replace("{member}", "10009900")
                .replace("{step}", "contract")
                .replace("{code}", "nothing")
                .replace("{key}", "nothing")
                .replace("{upload}", "nothing.dat")
                .replace("{file}", "10002900.pdf")
                .replace("{number}", "310530500001")
                .replace("{name}", "nothing.dat");
            assert!(!filled.contains('{'), "{path}: the test does not know this parameter");
            routes.push((method.to_uppercase(), filled, permission, public));
        }
    }
    assert!(routes.len() > 40, "{}", routes.len());
    for (method, path, _, public) in routes.iter().filter(|r| r.1 != "/events") {
        let status = nobody.status(method, path);
        assert!(*public || status == 401, "{method} {path} by nobody: {status}");
    }
    for (login, ..) in PEOPLE {
        let caller = Caller::log_in(&server, login);
        let session = caller.get("/session");
        let held: Vec<&str> = session["permissions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for (method, path, permission, _) in &routes {
            // Ending the session would end the test; events never end.
            if path == "/session" && method == "DELETE" || path == "/events" || path == "/sessions" {
                continue;
            }
            let status = caller.status(method, path);
            let allowed = permission.as_deref().is_none_or(|p| held.contains(&p));
            if allowed {
                assert!(status != 401 && status < 500, "{method} {path} by {login}: {status}");
            } else {
                assert_eq!(status, 403, "{method} {path} by {login}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_refused_clearly() {
    let dir = TempDir::new().unwrap();
    let mut server = start(dir.path(), FAST);
    let operator = Caller::log_in(&server, "operator");
    let system = Caller::log_in(&server, "system");
    let mut cases: BTreeMap<&str, (Response<Body>, u16, &str)> = BTreeMap::new();
    let json = "application/json";
    let mut add = |name, response, status, code| drop(cases.insert(name, (response, status, code)));
    add("no such path", operator.send("GET", "/nothing", None, &[]), 404, "W14");
    add("no such method", operator.send("PUT", "/dashboard", Some(&json!({})), &[]), 405, "W15");
    add("broken JSON", operator.send_bytes("POST", "/clearing-days", b"{", json, &[]), 400, "W10");
    add("unknown field", operator.send("POST", "/clearing-days", Some(&json!({ "dat": "x" })), &[]), 422, "W12");
    add("not JSON", operator.send_bytes("POST", "/clearing-days", b"{}", "text/plain", &[]), 415, "W11");
    let huge = vec![b' '; 70_000];
    add("too large", operator.send_bytes("POST", "/clearing-days", &huge, json, &[]), 413, "W13");
    let key = [("idempotency-key", "short")];
    add("bad key", operator.send("POST", "/clearing-days", Some(&json!({})), &key), 422, "W19");
    add("no token", operator.send("POST", "/clearing-days", Some(&json!({})), &[("x-csrf-token", "x")]), 403, "W18");
    add("bad filter", operator.send("GET", "/jobs?nothing=1", None, &[]), 422, "W12");
    add("bad limit", operator.send("GET", "/jobs?limit=501", None, &[]), 422, "W12");
    add("bad date", operator.send("GET", "/clearing-days/20260901", None, &[]), 422, "W12");
    add("no such day", operator.send("GET", "/clearing-days/2026-09-09", None, &[]), 404, "W22");
    add("forbidden", operator.send("POST", "/accounts/1/disable", Some(&json!({})), &[]), 403, "P05");
    add("oneself", system.send("POST", "/accounts/999/disable", Some(&json!({})), &[]), 404, "P06");
    for (name, (mut response, status, expected)) in cases {
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body = read(&mut response);
        assert_eq!(
            (response.status().as_u16(), body["code"].as_str().unwrap_or_default()),
            (status, expected),
            "{name}: {body}"
        );
        assert_eq!(kind, "application/problem+json", "{name}");
        assert!(!body["title"].as_str().unwrap().is_ascii() && body["title_en"].as_str().unwrap().is_ascii(), "{name}");
        assert!(body["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{name}");
    }

    // A list exports what was filtered, and the deed is on record.
    let auditor = Caller::log_in(&server, "auditor");
    let mut csv = auditor.send("GET", "/login-log/export?format=csv&columns=at,login,outcome", None, &[]);
    let mut text = String::new();
    csv.body_mut().as_reader().read_to_string(&mut text).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains("operator"), "{text}");
    let mut xlsx = Vec::new();
    let mut response = auditor.send("GET", "/login-log/export?format=xlsx", None, &[]);
    response.body_mut().as_reader().read_to_end(&mut xlsx).unwrap();
    assert_eq!(&xlsx[..2], b"PK");
    let exports = auditor.get("/audit?action=list.export");
    assert_eq!(exports["total"], 2);

    // A list of the centre alone is not there for a member, in no form.
    let city = Caller::log_in(&server, "city");
    for path in ["/scheme-versions", "/scheme-versions/export", "/scheme-versions/export?format=xlsx"] {
        assert_eq!(city.status("GET", path), 404, "{path}");
    }

    // A stop is orderly, and no password is in what the installation keeps.
    let stop = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
    assert!(stop.success() && server.child.wait().unwrap().success());
    let database = fs::read(dir.path().join("data/tongka.db")).unwrap();
    assert!(!database.windows(PASSWORD.len()).any(|w| w == PASSWORD.as_bytes()));
}
