//! Key management as custodians type it: what they enter comes from standard input, and none of it is shown or kept.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tongka_base::Algorithm::Sm4;
use tongka_crypto::{diversify, kcv};

const TONGKA: &str = env!("CARGO_BIN_EXE_tongka");
const PASSPHRASE: &str = "horse battery staple";
const KEYSTORE: &str = "Gm7-quartz-lantern";

struct Desk<'a> {
    dir: &'a Path,
    said: String,
}

impl Desk<'_> {
    /// Runs `tongka` with the lines as its input; its answer as JSON, or its error text.
    fn run(&mut self, args: &[&str], input: &[&str]) -> Result<Value, String> {
        let mut command = Command::new(TONGKA);
        command.arg("--json").args(args).current_dir(self.dir).env("PASS", KEYSTORE).env("BACKUP", "another one");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that needs no more input may be gone by now.
        let _ = child
            .stdin
            .take()
            .unwrap()
            .write_all(input.iter().map(|l| format!("{l}\n")).collect::<String>().as_bytes());
        let output = child.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        self.said.push_str(&out);
        self.said.push_str(&err);
        if output.status.success() {
            Ok(serde_json::from_str(&out).unwrap_or(Value::Null))
        } else {
            Err(err.into_owned())
        }
    }

    fn key(&mut self, args: &[&str], owner: &str, input: &[&str]) -> Result<Value, String> {
        let place = ["--data", "data", "--hsm", "hsm.toml", "--owner", owner];
        self.run(&[&["key"], args, &place].concat(), input)
    }

    /// One proposes, another approves.
    fn done(&mut self, args: &[&str], owner: &str, people: [&str; 2]) -> Result<Value, String> {
        let id = self.key(&[&["propose"], args, &["--as", people[0]]].concat(), owner, &[PASSPHRASE])?;
        let id = id["request"].to_string();
        self.key(&["approve", &id, "--as", people[1]], owner, &[PASSPHRASE])
    }
}

#[test]
fn a_ceremony_a_city_key_and_an_audit() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let config =
        "[[device]]\ndriver = \"soft\"\nname = \"soft\"\nkeystore = \"keys.json\"\npassphrase_env = \"PASS\"\n";
    fs::write(dir.join("hsm.toml"), config).unwrap();
    let mut desk = Desk { dir, said: String::new() };
    let term = ["--from", "2026-01-01", "--to", "2099-12-31", "--administrator", "admin"];
    for (owner, name) in [("0", "zhang"), ("0", "li"), ("3050", "chen"), ("3050", "lin")] {
        desk.key(&[&["enrol", "--name", name], &term[..]].concat(), owner, &[PASSPHRASE]).unwrap();
    }
    let parts: [[u8; 16]; 2] =
        [std::array::from_fn(|i| 0x31 ^ (i as u8 * 11)), std::array::from_fn(|i| 0x9E ^ (i as u8 * 7))];
    let whole: [u8; 16] = std::array::from_fn(|i| parts[0][i] ^ parts[1][i]);
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02X}")).collect::<String>();
    let (values, checks) = (parts.map(|p| hex(&p)), parts.map(|p| hex(&kcv(Sm4, &p))));
    let dtk = ["--name", "dtk.1", "--usage", "DTK", "--level", "national"];
    let hold =
        [&["ceremony", "--custodians", "2", "--leader", "zhang", "--minutes", "minutes.html"], &dtk[..]].concat();
    let lines = |first: &'static str, second: &'static str| {
        vec![
            first.to_owned(),
            PASSPHRASE.into(),
            values[0].clone(),
            checks[0].clone(),
            second.to_owned(),
            PASSPHRASE.into(),
            values[1].clone(),
            checks[1].clone(),
        ]
    };
    let enter = |desk: &mut Desk<'_>, lines: &[String]| {
        desk.key(&hold, "0", &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert!(enter(&mut desk, &lines("zhang", "zhang")).unwrap_err().contains("K06"));
    assert!(enter(&mut desk, &lines("zhang", "chen")).unwrap_err().contains("K03"));
    let mut wrong = lines("zhang", "li");
    wrong[3] = "000000".into();
    assert!(enter(&mut desk, &wrong).unwrap_err().contains("H06"));
    wrong[2] = "not hex".into();
    assert!(enter(&mut desk, &wrong).unwrap_err().contains("K09"));
    assert!(!dir.join("minutes.html").exists());
    let made = enter(&mut desk, &lines("zhang", "li")).unwrap();
    assert_eq!(made["kcv"], hex(&kcv(Sm4, &whole)));

    let activate = ["move", "--name", "dtk.1", "--to", "active"];
    assert!(desk.done(&activate, "0", ["zhang", "zhang"]).unwrap_err().contains("K06"));
    desk.key(&["refuse", "1", "--as", "zhang"], "0", &[PASSPHRASE]).unwrap();
    desk.done(&activate, "0", ["zhang", "li"]).unwrap();
    let factor = "3050FF0000000000";
    let derive = [
        "derive", "--parent", "dtk.1", "--factor", factor, "--to", "3050", "--name", "dtk.1", "--usage", "DTK",
        "--level", "issuer",
    ];
    let city = desk.done(&derive, "0", ["li", "zhang"]).unwrap();
    let expected = diversify(Sm4, &whole, &[0x30, 0x50, 0xFF, 0, 0, 0, 0, 0]);
    assert_eq!(city["kcv"], hex(&kcv(Sm4, &expected)));
    desk.done(&activate, "3050", ["chen", "lin"]).unwrap();
    desk.done(&["generate", "--name", "zmk", "--usage", "ZMK", "--level", "service"], "3050", ["chen", "lin"]).unwrap();
    desk.done(&["move", "--name", "zmk", "--to", "active"], "3050", ["chen", "lin"]).unwrap();
    let block = desk.done(&["export", "--name", "dtk.1", "--under", "zmk"], "3050", ["chen", "lin"]).unwrap();
    fs::write(dir.join("block.txt"), block["block"].as_str().unwrap()).unwrap();
    let import =
        ["import", "--under", "zmk", "--block", "block.txt", "--name", "copy", "--usage", "DTK", "--level", "issuer"];
    assert_eq!(desk.done(&import, "3050", ["lin", "chen"]).unwrap()["kcv"], city["kcv"]);
    assert!(
        desk.done(&["export", "--name", "zmk", "--under", "zmk"], "0", ["zhang", "li"]).unwrap_err().contains("K01")
    );

    // Cards of the city: product, numbers, order, data under the transport key, feedback, life.
    for (name, usage) in [("dpk", "DPK"), ("dlk", "DLK"), ("damk", "DAMK"), ("zak", "ZAK")] {
        desk.done(&["generate", "--name", name, "--usage", usage, "--level", "issuer"], "3050", ["chen", "lin"])
            .unwrap();
        desk.done(&["move", "--name", name, "--to", "active"], "3050", ["chen", "lin"]).unwrap();
    }
    let mut card = |args: &[&str]| desk.run(&[&["card"], args, &["--data", "data", "--owner", "3050"]].concat(), &[]);
    card(&[
        "product",
        "--code",
        "STD",
        "--name",
        "普通卡",
        "--scheme",
        "t",
        "--check-digit",
        "--issuer",
        "02003050FFFFFFFF",
        "--keys",
        "sm4",
        "--file",
        "adf-05=01{region}00*35",
    ])
    .unwrap();
    let first = "310430500000000000";
    let segment = ["segment", "--product", "STD", "--maker", "a", "--first", first, "--last", "310430500000000009"];
    card(&segment).unwrap();
    assert!(card(&segment).unwrap_err().contains("N03"));
    assert!(card(&["order", "--product", "STD", "--maker", "a", "--count", "11"]).unwrap_err().contains("N04"));
    assert_eq!(card(&["order", "--product", "STD", "--maker", "a", "--count", "2"]).unwrap()["order"], 1);
    let data = [
        "card",
        "data",
        "--order",
        "1",
        "--transport",
        "zmk",
        "--as",
        "chen",
        "lin",
        "--file-key",
        "zak",
        "--out",
        "order.tkc",
    ];
    let made = desk
        .run(
            &[&data[..], &["--data", "data", "--hsm", "hsm.toml", "--owner", "3050"]].concat(),
            &[PASSPHRASE, PASSPHRASE],
        )
        .unwrap();
    assert!(made["bytes"].as_u64().unwrap() > 500);
    let number = |body: &str| tongka_card::numbers::Pan::with_check_digit(body).unwrap().to_string();
    let numbers = [number(first), number("310430500000000001")];
    fs::write(dir.join("back.csv"), numbers.clone().map(|n| format!("{n},ok\n")).concat()).unwrap();
    let mut card = |args: &[&str]| desk.run(&[&["card"], args, &["--data", "data", "--owner", "3050"]].concat(), &[]);
    assert_eq!(card(&["feedback", "--order", "1", "back.csv"]).unwrap()["stock"], 2);
    card(&["move", "--number", &numbers[0], "--to", "issued"]).unwrap();
    assert_eq!(card(&["show", "--number", &numbers[0]]).unwrap()["state"], "issued");
    assert!(card(&["move", "--number", &numbers[0], "--to", "lost"]).unwrap_err().contains("N05"));
    assert_eq!(card(&["segments"]).unwrap()["segments"][0]["left"], 8);
    assert_eq!(card(&["orders"]).unwrap()["orders"][0]["state"], "closed");
    assert_eq!(card(&["parts", "--order", "1"]).unwrap()["parts"][0]["for"], "bureau");
    card(&["stock", "transfer", "--product", "STD", "--to", "B-1", "--count", "1"]).unwrap();
    assert_eq!(card(&["stock", "show"]).unwrap()["stock"].as_array().unwrap().len(), 2);
    assert_eq!(card(&["stock", "check"]).unwrap()["ok"], true);

    let mut sam =
        |args: &[&str]| desk.run(&[&["card", "sam"], args, &["--data", "data", "--owner", "3050"]].concat(), &[]);
    sam(&["register", "--kind", "psam", "--first", "305000000001", "--count", "5"]).unwrap();
    assert!(
        sam(&["register", "--kind", "isam", "--first", "305000000005", "--count", "1"]).unwrap_err().contains("N03")
    );
    let data =
        ["card", "sam", "data", "--kind", "psam", "--first", "305000000001", "--count", "2", "--as", "lin", "chen"];
    let rest = [
        "--transport",
        "zmk",
        "--file-key",
        "zak",
        "--out",
        "sam.tkc",
        "--data",
        "data",
        "--hsm",
        "hsm.toml",
        "--owner",
        "3050",
    ];
    desk.run(&[&data[..], &rest].concat(), &[PASSPHRASE, PASSPHRASE]).unwrap();
    let mut sam =
        |args: &[&str]| desk.run(&[&["card", "sam"], args, &["--data", "data", "--owner", "3050"]].concat(), &[]);
    assert!(sam(&["move", "--number", "305000000001", "--to", "in_use"]).unwrap_err().contains("N06"));
    sam(&["move", "--number", "305000000001", "--to", "in_use", "--holder", "bus-1"]).unwrap();
    assert_eq!(sam(&["show", "--number", "305000000001"]).unwrap()["state"], "in_use");

    let inventory = desk.key(&["inventory", "--as", "lin"], "3050", &[PASSPHRASE]).unwrap();
    assert_eq!((inventory["ok"].as_bool(), inventory["keys"].as_array().unwrap().len()), (Some(true), 7));
    assert_eq!(
        desk.key(&["inventory", "--as", "li"], "0", &[PASSPHRASE]).unwrap()["keys"].as_array().unwrap().len(),
        1
    );
    let requests = desk.key(&["requests", "--as", "lin"], "3050", &[PASSPHRASE]).unwrap();
    assert!(requests["requests"].as_array().unwrap().iter().all(|r| r["state"] == "done"));
    // Who is no custodian of an owner sees nothing of it.
    for command in ["inventory", "requests", "custodians"] {
        assert!(desk.key(&[command, "--as", "zhang"], "3050", &[PASSPHRASE]).unwrap_err().contains("K03"));
    }
    let audit = desk.run(&["audit", "verify", "--data", "data"], &[]).unwrap();
    let noted = audit["head"].as_str().unwrap().to_owned();
    desk.run(&["audit", "verify", "--data", "data", "--noted", &noted], &[]).unwrap();
    let list = desk.run(&["audit", "list", "--data", "data"], &[]).unwrap();
    let outcomes: Vec<&str> =
        list["entries"].as_array().unwrap().iter().filter_map(|e| e["outcome"].as_str()).collect();
    for code in ["ok", "K01", "K03", "K06", "K09", "H06"] {
        assert!(outcomes.contains(&code), "{code} in {outcomes:?}");
    }
    desk.run(
        &[
            "hsm",
            "backup",
            "--keystore",
            "keys.json",
            "--passphrase-env",
            "PASS",
            "--out",
            "backup.json",
            "--out-passphrase-env",
            "BACKUP",
        ],
        &[],
    )
    .unwrap();

    // No key, component or passphrase in what was printed or written.
    let mut all = desk.said.to_uppercase();
    for file in
        ["minutes.html", "keys.json", "backup.json", "block.txt", "hsm.toml", "data/tongka.db", "data/tongka.db-wal"]
    {
        all.push_str(&String::from_utf8_lossy(&fs::read(dir.join(file)).unwrap_or_default()).to_uppercase());
    }
    for secret in [&values[0], &values[1], &hex(&whole), &hex(&expected), PASSPHRASE, KEYSTORE] {
        let secret = secret.to_uppercase();
        assert!(!all.contains(&secret) && !all.contains(&secret[..secret.len() / 2]), "a secret was shown or kept");
    }
}
