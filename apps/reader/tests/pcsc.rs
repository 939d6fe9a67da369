//! The software card in a real pcscd through the vpcd driver, read by opensc-tool and by our own program. The packages
//! are installed by `cargo xtask test`. pcscd is one to a machine: everything is one test.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tongka_base::{Algorithm, AppSerial, CardScheme, IssuerId};
use tongka_card::files::PublicInfo;
use tongka_card::numbers::Pan;
use tongka_card::personalise::personalise;
use tongka_card::{Card, CardImage, Channel, KeyImage, KeyUsage, PowerLost, Random, data};
use tongka_crypto::{Key16, mac_sm4, sm3, wrap_key};

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
    let card = Ended(child);
    noticed(true);
    card
}

/// Waits until the service has noticed that a card is in the reader, or that none is, without speaking to the card.
fn noticed(present: bool) {
    until("the service notices", || {
        let list = Command::new("opensc-tool").arg("-l").output().unwrap();
        let text = String::from_utf8_lossy(&list.stdout).into_owned();
        let line = text.lines().find(|line| line.contains("Virtual PCD 00 00"))?.to_owned();
        (line.contains("Yes") == present).then_some(line)
    });
}

fn remove(card: Ended) {
    drop(card);
    noticed(false);
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
    let told = reader(&["--json", "show", "--reader", "Virtual PCD 00 00"]);
    assert!(told.status.success(), "{told:?}");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
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
    remove(card);
    let card = insert(&path);
    let again = opensc(&wrong);
    assert!(again.contains("SW1=0x63, SW2=0xC1"), "{again}");
    remove(card);

    personalising(dir.path());

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

const TRANSPORT: [u8; 16] = *b"transport key 01";
const FILE_KEY: [u8; 16] = *b"file key of city";
const MAKER: [u8; 16] = [0x5C; 16];

/// A card data file of two cards, as card management writes them.
fn order(path: &Path) {
    let scheme = CardScheme::TUnion;
    let mut body = Vec::new();
    for n in 1..=2 {
        let (_, info) = serial_of(n);
        let mut keys = Vec::new();
        for usage in KeyUsage::ALL {
            let sealed = wrap_key(Algorithm::Sm4, &TRANSPORT, [usage as u8, 1, 4], &[usage as u8 ^ n as u8; 16]);
            keys.push(sealed.len() as u8);
            keys.extend(sealed);
        }
        let dgis = [(data::EF15, info.encode().to_vec()), (data::LIMITS, vec![0, 1, 0, 0]), (data::SM4_KEYS, keys)];
        body.extend(data::card_part(n, &dgis));
    }
    let content = [data::head(scheme.letter(), data::dgi_names(scheme), 2, 7, body.len() as u64), body].concat();
    let mac = mac_sm4(&FILE_KEY, [0; 16], &sm3(&content));
    std::fs::write(path, [&content[..], &mac].concat()).unwrap();
}

fn serial_of(n: u32) -> (String, PublicInfo) {
    let pan = Pan::with_check_digit(&format!("31043050000000000{n}")).unwrap();
    let info = PublicInfo {
        issuer: IssuerId([0x02, 0, 0x30, 0x50, 0xFF, 0xFF, 0xFF, 0xFF]),
        enabled: 0,
        version: 1,
        serial: pan.serial(),
        start: [0x20, 0x26, 0x01, 0x01],
        expiry: [0x20, 0x36, 0x01, 0x01],
        issuer_data: [0; 2],
    };
    (pan.to_string(), info)
}

/// Cards of an order are written one after the other; the order goes on where it stood; what is no blank card is told.
fn personalising(dir: &Path) {
    order(&dir.join("order.tkc"));
    let blank = |name: &str| {
        let card = Card::blank(Key16::new(MAKER), Algorithm::Sm4, seeded());
        std::fs::write(dir.join(name), &*card.to_bytes()).unwrap();
        dir.join(name)
    };
    let write = |maker: [u8; 16], transport: [u8; 16], file: [u8; 16]| {
        let hex = |key: [u8; 16]| key.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let mut command = Command::new(READER);
        command.args(["--json", "personalise", "--order", "order.tkc", "--feedback", "feedback.csv"]);
        command.args(["--reader", "Virtual PCD 00 00"]).current_dir(dir);
        command.env("TONGKA_MAKER_KEY", hex(maker)).env("TONGKA_TRANSPORT_KEY", hex(transport));
        let output = command.env("TONGKA_FILE_KEY", hex(file)).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    };
    let good = || write(MAKER, TRANSPORT, FILE_KEY);
    assert!(write(MAKER, TRANSPORT, [1; 16]).unwrap_err().contains("Q12"));
    assert!(write(MAKER, [1; 16], FILE_KEY).unwrap_err().contains("Q13"));
    for n in 1..=2 {
        let path = blank(&format!("blank-{n}.bin"));
        let card = insert(&path);
        let told = format!("{:?}", write([1; 16], TRANSPORT, FILE_KEY));
        assert!(told.contains("Q15"), "{told}");
        let told = format!("{:?}", good());
        assert!(told.starts_with("Ok") && told.contains(&format!("\\\"left\\\":{}", 2 - n)), "{told}");
        if n == 1 {
            assert!(format!("{:?}", good()).contains("Q14"), "the card was written before");
        }
        remove(card);
        let mut made = Card::from_bytes(&std::fs::read(&path).unwrap(), seeded()).unwrap();
        made.transmit(&[0x00, 0xA4, 0x04, 0x00, 8, 0xA0, 0, 0, 0x06, 0x32, 0x01, 0x01, 0x05]);
        let answer = made.transmit(&[0x00, 0xB0, 0x95, 0, 30]);
        assert_eq!(answer[..30], serial_of(n).1.encode());
    }
    let lines: String = (1..=2).map(|n| format!("{},ok\n", serial_of(n).0)).collect();
    assert_eq!(std::fs::read_to_string(dir.join("feedback.csv")).unwrap(), lines);
    assert!(good().unwrap().contains("\"left\":0"), "the order is complete");

    // A card that power left in the middle of it: it says so, and its number stays for the next one.
    std::fs::write(dir.join("feedback.csv"), "").unwrap();
    let path = blank("torn.bin");
    let mut torn = Card::from_bytes(&std::fs::read(&path).unwrap(), seeded()).unwrap();
    let parsed =
        data::parse(&std::fs::read(dir.join("order.tkc")).map(|b| b[..b.len() - 16].to_vec()).unwrap()).unwrap();
    let image = parsed.cards[0].image(parsed.scheme().unwrap(), (Algorithm::Sm4, &Key16::new(TRANSPORT))).unwrap();
    let mut commands = 0;
    let mut cut = Cut { card: &mut torn, commands: &mut commands, at: 25 };
    personalise(&mut cut, &image, &Key16::new(MAKER), Algorithm::Sm4).unwrap_err();
    std::fs::write(&path, &*torn.to_bytes()).unwrap();
    let _card = insert(&path);
    assert!(format!("{:?}", good()).contains("Q16"));
    assert_eq!(std::fs::read_to_string(dir.join("feedback.csv")).unwrap(), "");
}

/// A card that is pulled out of its reader after some commands.
struct Cut<'a> {
    card: &'a mut Card,
    commands: &'a mut usize,
    at: usize,
}

impl Channel for Cut<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, PowerLost> {
        *self.commands += 1;
        if *self.commands > self.at { Err(PowerLost) } else { Ok(self.card.transmit(command)) }
    }
}
