//! The `hsm` commands as an operator types them.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const TONGKA: &str = env!("CARGO_BIN_EXE_tongka");

/// Ends a process with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn json(args: &[&str], dir: &std::path::Path) -> (bool, Value) {
    let output = Command::new(TONGKA).arg("--json").args(args).current_dir(dir).output().unwrap();
    (output.status.success(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
}

#[test]
fn a_simulated_device_is_checked_listed_and_found_gone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (device, address) = simulator(dir, &[]);
    let config = format!("[[device]]\ndriver = \"tcp\"\nname = \"one\"\naddress = \"{address}\"\ntimeout_ms = 2000\n");
    std::fs::write(dir.join("hsm.toml"), config).unwrap();
    let (ok, report) = json(&["hsm", "check", "--config", "hsm.toml"], dir);
    assert!(ok && report["devices"][0]["model"].as_str().unwrap().starts_with("Tongka soft HSM"), "{report}");
    assert_eq!(json(&["hsm", "keys", "--config", "hsm.toml"], dir), (true, serde_json::json!({ "keys": [] })));
    assert!(!json(&["hsm", "bench", "--config", "hsm.toml", "--seconds", "0"], dir).0, "it has no keys");
    drop(device);
    let (ok, report) = json(&["hsm", "check", "--config", "hsm.toml"], dir);
    assert!(!ok && report["devices"][0]["error"].as_str().unwrap().starts_with("H09"), "{report}");

    // The keystore it made opens only with its passphrase.
    let soft = "[[device]]\ndriver = \"soft\"\nname = \"s\"\nkeystore = \"keys.json\"\npassphrase_env = \"PASS\"\n";
    std::fs::write(dir.join("soft.toml"), soft).unwrap();
    let keys = |passphrase: &str| {
        let mut command = Command::new(TONGKA);
        command
            .args(["hsm", "keys", "--config", "soft.toml"])
            .env("PASS", passphrase)
            .current_dir(dir)
            .output()
            .unwrap()
    };
    assert!(keys("correct horse").status.success());
    let wrong = keys("wrong horse");
    let message = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && message.contains("H11") && !message.contains("horse"), "{message}");
}

/// The line a simulator prints when it listens, and where.
fn simulator(dir: &std::path::Path, tls: &[&str]) -> (Ended, String) {
    let mut simulate = Command::new(TONGKA);
    simulate.args(["hsm", "simulate", "--listen", "127.0.0.1:0", "--keystore", "keys.json"]).args(tls);
    simulate.env("TONGKA_HSM_PASSPHRASE", "correct horse").current_dir(dir).stdout(Stdio::piped());
    let mut device = Ended(simulate.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(device.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("simulator: ").nth(1).and_then(|rest| rest.split('，').next()).unwrap();
    (device, address.to_owned())
}

#[test]
fn a_simulated_device_over_tls_is_measured_and_takes_only_whom_it_knows() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    tongka_testkit::hsm::certificates(dir);
    // Keys are made on the keystore before the device runs on it.
    let keys = tongka_hsm::soft::SoftHsm::open(&dir.join("keys.json"), b"correct horse").unwrap();
    for usage in [tongka_hsm::Usage::Load, tongka_hsm::Usage::Tac] {
        let (name, algorithm) = (usage.code().to_lowercase(), tongka_base::Algorithm::Sm4);
        let spec = tongka_hsm::KeySpec { name, usage, algorithm, version: 1, index: 1 };
        tongka_hsm::Hsm::generate(&keys, &spec).unwrap();
    }
    drop(keys);
    let files = ["--tls-cert", "server.pem", "--tls-key", "server.key", "--tls-client-ca", "client.pem"];
    let (_device, address) = simulator(dir, &files);
    let config = |who: &str| {
        let tls = format!(
            "{{ ca = \"server.pem\", server = \"hsm.test\", certificate = \"{who}.pem\", key = \"{who}.key\" }}"
        );
        let text = format!("[[device]]\ndriver = \"tcp\"\nname = \"one\"\naddress = \"{address}\"\ntls = {tls}\n");
        std::fs::write(dir.join("hsm.toml"), text).unwrap();
    };
    config("client");
    let (ok, report) = json(&["hsm", "check", "--config", "hsm.toml", "--count", "5"], dir);
    let device = &report["devices"][0];
    assert!(ok && device["commands"] == 5 && device["p99_us"].as_u64() > Some(0), "{report}");
    assert_eq!((&device["in_use"], &device["failures"]), (&true.into(), &0.into()));
    let (ok, report) = json(&["hsm", "bench", "--config", "hsm.toml", "--seconds", "0", "--threads", "1"], dir);
    assert!(ok && report["results"].as_array().unwrap().len() == 3, "{report}");
    config("stranger");
    let (ok, report) = json(&["hsm", "check", "--config", "hsm.toml"], dir);
    assert!(!ok && report["devices"][0]["error"].as_str().unwrap().starts_with("H09"), "{report}");
    let missing = ["--tls-cert", "none.pem", "--tls-key", "server.key"];
    let mut command = Command::new(TONGKA);
    command.args(["hsm", "simulate", "--listen", "127.0.0.1:0", "--keystore", "keys.json"]).args(missing);
    let output = command.env("TONGKA_HSM_PASSPHRASE", "correct horse").current_dir(dir).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("H13"), "{output:?}");
}

#[test]
fn the_soft_device_measures_itself() {
    let (ok, report) = json(&["hsm", "bench", "--seconds", "0", "--threads", "1"], std::path::Path::new("."));
    assert!(ok, "{report}");
    assert_eq!(report["results"].as_array().unwrap().len(), 6);
}
