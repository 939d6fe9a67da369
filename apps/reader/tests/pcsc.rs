//! The software card in a real pcscd through the vpcd driver, read by opensc-tool and by our own program. The packages
//! are installed by `cargo xtask test`. pcscd is one to a machine: everything is one test.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tongka_base::{Algorithm, AppSerial, CardScheme, IssuerId};
use tongka_card::files::PublicInfo;
use tongka_card::{Card, CardImage, KeyImage, KeyUsage, Random};
use tongka_crypto::Key16;

const READER: &str = env!("CARGO_BIN_EXE_tongka-reader");

/// Ends a process with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn seeded() -> Random {
    let mut state = 7_u64;
    Box::new(move |out| {
        for byte in out {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (state >> 40) as u8;
        }
    })
}

/// A personalised card with 12.34 yuan.
fn personalised() -> Card {
    let info = PublicInfo {
        issuer: IssuerId([0x02, 0, 0x29, 0, 0xFF, 0xFF, 0xFF, 0xFF]),
        enabled: 1,
        version: 1,
        serial: AppSerial([0x03, 0x10, 0x42, 0x90, 0, 0, 0, 0x01, 0x23, 0x45]),
        start: [0x20, 0x26, 0x01, 0x01],
        expiry: [0x20, 0x36, 0x01, 0x01],
        issuer_data: [0; 2],
    };
    let keys = KeyUsage::ALL.map(|usage| KeyImage::new(usage, Algorithm::Sm4, Key16::new([usage as u8; 16])));
    let mut image = CardImage::new(CardScheme::TUnion, Algorithm::Sm4, &info, keys.to_vec());
    image.ep.balance = 1234;
    Card::from_image(&image, seeded()).unwrap()
}

fn reader(args: &[&str]) -> Output {
    Command::new(READER).args(args).output().unwrap()
}

/// Asks again until an answer satisfies, for what a daemon needs a moment for.
fn until(what: &str, mut answer: impl FnMut() -> Option<String>) -> String {
    let started = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::yield_now();
    }
}

fn insert(card: &Path) -> Ended {
    let mut command = Command::new(READER);
    let mut child = command.args(["emulate", "--card"]).arg(card).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("card inserted"), "{line}");
    Ended(child)
}

fn opensc(apdus: &[&str]) -> String {
    let apdus = apdus.iter().flat_map(|apdu| ["-s", apdu]);
    let output = Command::new("opensc-tool").args(["--card-driver", "default"]).args(apdus).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn any_pcsc_program_sees_the_card() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("card.bin");
    std::fs::write(&path, &*personalised().to_bytes()).unwrap();
    let _pcscd = if TcpStream::connect("127.0.0.1:35963").is_ok() {
        None
    } else {
        let mut pcscd = Command::new("pcscd");
        pcscd.arg("--foreground").stdout(Stdio::null()).stderr(Stdio::null());
        Some(Ended(pcscd.spawn().expect("packages pcscd and vsmartcard-vpcd are installed")))
    };
    until("pcscd listens for a card", || TcpStream::connect("127.0.0.1:35963").ok().map(|_| String::new()));
    let card = insert(&path);
    let told = until("our own program reads the card", || {
        let output = reader(&["--json", "show", "--reader", "Virtual PCD 00 00"]);
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    });
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["balance_fen"], &told["issuer"]), (&1234.into(), &"02002900FFFFFFFF".into()));
    assert_eq!(told["serial"], "031042**********2345");
    assert!(String::from_utf8_lossy(&reader(&["readers"]).stdout).contains("Virtual PCD"));
    let text = String::from_utf8_lossy(&reader(&["show"]).stdout).into_owned();
    assert!(text.contains("余额 balance     12.34 元"), "{text}");

    let list = Command::new("opensc-tool").arg("-l").output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains("Yes"), "{}", String::from_utf8_lossy(&list.stdout));
    let answer = opensc(&["00A4040008A000000632010105", "805C030204"]);
    assert!(answer.contains("SW1=0x90, SW2=0x00") && answer.contains("00 00 04 D2"), "{answer}");
    // A wrong authentication costs a try, which is on disk before the answer: it stays when the card is put in again.
    let wrong = ["00A4040008A000000632010105", "0084000008", "00820000080000000000000000"];
    assert!(opensc(&wrong).contains("SW1=0x63, SW2=0xC2"));
    drop(card);
    let _card = insert(&path);
    let again = until("the card is in again", || Some(opensc(&wrong)).filter(|answer| answer.contains("SW1=0x63")));
    assert!(again.contains("SW1=0x63, SW2=0xC1"), "{again}");

    // What is no card is refused.
    std::fs::write(dir.path().join("no.bin"), b"no card").unwrap();
    for (args, code) in [
        (vec!["emulate", "--card", "no.bin"], "Q04"),
        (vec!["emulate", "--card", "missing.bin"], "Q01"),
        (vec!["emulate", "--card", "card.bin", "--address", "127.0.0.1:1"], "Q05"),
        (vec!["show", "--reader", "no such reader"], "Q07"),
        (vec!["blank", "--card", "card.bin", "--maker-key-env", "X"], "Q02"),
        (vec!["blank", "--card", "new.bin", "--maker-key-env", "TONGKA_NO_SUCH"], "Q03"),
    ] {
        let output = Command::new(READER).args(&args).current_dir(dir.path()).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && message.contains(code), "{args:?}: {message}");
    }
    let mut blank = Command::new(READER);
    blank.args(["blank", "--card", "new.bin", "--maker-key-env", "MAKER"]).env("MAKER", "5c".repeat(16));
    assert!(blank.current_dir(dir.path()).status().unwrap().success());
    assert!(Card::from_bytes(&std::fs::read(dir.path().join("new.bin")).unwrap(), seeded()).is_ok());
}
