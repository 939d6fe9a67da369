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
    let mut simulate = Command::new(TONGKA);
    simulate.args(["hsm", "simulate", "--listen", "127.0.0.1:0", "--keystore", "keys.json"]);
    simulate.env("TONGKA_HSM_PASSPHRASE", "correct horse").current_dir(dir).stdout(Stdio::piped());
    let mut device = Ended(simulate.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(device.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("simulator: ").nth(1).and_then(|rest| rest.split('，').next()).unwrap();
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

#[test]
fn the_soft_device_measures_itself() {
    let (ok, report) = json(&["hsm", "bench", "--seconds", "0", "--threads", "1"], std::path::Path::new("."));
    assert!(ok, "{report}");
    assert_eq!(report["results"].as_array().unwrap().len(), 6);
}
