//! `demo`: a national clearing day on embedded defaults.

use crate::{Outcome, build_release, root};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const DATE: &str = "2026-09-01";
/// Close date of imported taps: the day before, so that they arrive one day late, as real ones do.
const TAPS_DATE: &str = "2026-08-31";

pub(crate) fn run(taps: Option<PathBuf>, serve: bool) -> Outcome {
    let taps = taps.map(|path| path.canonicalize().map_err(|e| format!("{}: {e}", path.display()))).transpose()?;
    println!("通卡演示：30 家成员机构、30 万条记录、1% 差错的一个清算日");
    println!(
        "Demo: one clearing day of 30 members, 300,000 records, 1 % faults (seconds, once built), then the server\n"
    );
    crate::console::build()?;
    let tongka = build_release()?;
    let dir = root().join("demo");
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    }
    let day = ["simulate", "day", "--date", DATE, "--members", "30", "--records", "300000", "--seed", "1"];
    let what = "模拟成员机构上送 simulate what the members upload";
    crate::run(what, Command::new(&tongka).args(day).args(["--faults", "1", "--out", "demo"]))?;
    if let Some(taps) = taps {
        let import = ["import", "taps", "--from", "shenzhen", "--scheme", "demo/scheme.toml", "--close-on", TAPS_DATE];
        let what = "导入真实刷卡记录 import real tap records as one more upload";
        crate::run(what, Command::new(&tongka).args(import).args(["--out", "demo/taps"]).arg(&taps))?;
        for entry in fs::read_dir(dir.join("taps")).map_err(|e| e.to_string())?.flatten() {
            if entry.path().extension().is_some_and(|e| e == "dat") {
                fs::copy(entry.path(), dir.join("inbox").join(entry.file_name())).map_err(|e| e.to_string())?;
            }
        }
    }
    let folders = ["--inbox", "demo/inbox", "--outbox", "demo/outbox", "--data", "demo/data"];
    let run_day = ["centre", "run-day", "--scheme", "demo/scheme.toml", "--date", DATE];
    crate::run("运行清算日 run the clearing day", Command::new(&tongka).args(run_day).args(folders))?;
    let prove = ["centre", "prove", "--data", "demo/data", "--date", DATE, "--inbox", "demo/inbox"];
    crate::run("三方证明 prove books, lake and raw files", Command::new(&tongka).args(prove))?;
    crate::run("校验总账 verify the ledger", Command::new(&tongka).args(["ledger", "verify", "--data", "demo/data"]))?;
    std::fs::copy(dir.join("scheme.toml"), dir.join("data/scheme.toml")).map_err(|e| e.to_string())?;
    accounts(&tongka)?;
    custodians(&tongka)?;
    println!("\n接下来看 Where to look next:");
    let t = tongka.display();
    println!("  {t} centre positions --data demo/data");
    println!("  {t} centre files --data demo/data --member 10002900");
    println!("  {t} centre explain --data demo/data --file TXU_20260901_10002900_000001.dat --record 1");
    println!("  demo/outbox/10002900/  回执与结果文件 receipts and result files；格式 formats: docs/formats/README.md");
    println!("  demo/truth.csv         模拟时已知的每条判定 the verdicts known by construction");
    if !serve {
        return Ok(());
    }
    println!("\n服务器 The server: http://127.0.0.1:8080  （Ctrl-C 结束 to end）");
    println!("演示账号 demo accounts，口令 password {PASSWORD}:");
    for (login, name, _, role) in ACCOUNTS {
        println!("  {login:<10} {name}（{role}）");
    }
    let folders = ["--data", "demo/data", "--listen", "127.0.0.1:8080"];
    println!("  密钥保管员 custodians: {}，口令 passphrase {PASSWORD}", CUSTODIANS.join(", "));
    let environment =
        [("TONGKA_INBOX", "demo/data/inbox"), ("TONGKA_OUTBOX", "demo/outbox"), ("TONGKA_KEYS__HSM", HSM), DEVICE];
    crate::run("服务器 serve", Command::new(&tongka).arg("serve").args(folders).envs(environment))
}

/// Of all demo accounts; a real installation asks for each.
const PASSWORD: &str = "tongka-demo-2026";
/// Login, name, owner, role.
const ACCOUNTS: [(&str, &str, &str, &str); 11] = [
    ("operator", "清算操作员", "centre", "operator"),
    ("checker", "复核员", "centre", "checker"),
    ("finance", "财务", "centre", "finance"),
    ("system", "系统管理员", "centre", "system-admin"),
    ("security", "安全管理员", "centre", "security-admin"),
    ("auditor", "审计员", "centre", "auditor"),
    ("viewer", "只读", "centre", "viewer"),
    ("keys", "密钥管理员", "centre", "key-manager"),
    ("keycheck", "密钥复核员", "centre", "key-checker"),
    ("cards", "卡管员", "centre", "card-manager"),
    ("shanghai", "上海（成员机构）", "member:10002900", "member-operator"),
];

/// Two of them make a key together.
const CUSTODIANS: [&str; 2] = ["chen", "lin"];
/// A soft HSM, and the passphrase of its keystore in the environment.
const HSM: &str = "demo/data/hsm.toml";
const DEVICE: (&str, &str) = ("TONGKA_DEMO_HSM", PASSWORD);

/// Gives the demo a soft HSM and custodians for its keys.
fn custodians(tongka: &std::path::Path) -> Outcome {
    let config = "[[device]]\nname = \"soft\"\ndriver = \"soft\"\nkeystore = \"keystore\"\n\
                  passphrase_env = \"TONGKA_DEMO_HSM\"\n";
    fs::write(root().join(HSM), config).map_err(|e| e.to_string())?;
    for name in CUSTODIANS {
        let args = ["key", "enrol", "--data", "demo/data", "--hsm", HSM, "--owner", "0", "--name", name];
        let term = ["--from", "2026-01-01", "--to", "2036-12-31", "--administrator", "demo"];
        let mut command = Command::new(tongka);
        command.args(args).args(term).env(DEVICE.0, DEVICE.1).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.current_dir(root()).spawn().map_err(|e| e.to_string())?;
        let mut entered = child.stdin.take().ok_or("no standard input")?;
        writeln!(entered, "{PASSWORD}").map_err(|e| e.to_string())?;
        drop(entered);
        let status = child.wait().map_err(|e| e.to_string())?;
        if !status.success() {
            return Err(format!("custodian {name}: {status}"));
        }
    }
    Ok(())
}

/// Opens the demo accounts, each of a person of its own.
fn accounts(tongka: &std::path::Path) -> Outcome {
    let file = root().join("demo/password");
    fs::write(&file, PASSWORD).map_err(|e| e.to_string())?;
    for (login, name, owner, role) in ACCOUNTS {
        let who = ["account", "add", "--data", "demo/data", "--login", login, "--name", name, "--person", login];
        let what = ["--owner", owner, "--role", role, "--password-file", "demo/password"];
        crate::run(&format!("账号 account {login}"), Command::new(tongka).args(who).args(what))?;
    }
    fs::remove_file(&file).map_err(|e| e.to_string())
}
