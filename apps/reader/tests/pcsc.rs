//! The software card in a real pcscd through the vpcd driver, read by opensc-tool and by our own program. The packages
//! are installed by `cargo xtask test`. pcscd is one to a machine: everything is one test.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tongka_base::{Algorithm, AppSerial, CardScheme, IssuerId};
use tongka_card::card::ATR;
use tongka_card::data::{key_header, sealed_entry};
use tongka_card::files::PublicInfo;
use tongka_card::numbers::Pan;
use tongka_card::personalise::personalise;
use tongka_card::profile::{Keys, Profile};
use tongka_card::{Card, CardImage, Channel, KeyImage, KeyUsage, PowerLost, Random, data};
use tongka_crypto::{Key16, encrypt_key, mac_sm4, sm3, wrap_key};

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
    // The driver lets go of the card before it takes the next one, and may refuse it for a moment.
    let started = Instant::now();
    let card = loop {
        let mut command = Command::new(READER);
        let mut child = command.args(["emulate", "--card"]).arg(card).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let child = Ended(child);
        if line.contains("card inserted") {
            break child;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "the card is not taken: {line}");
    };
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
    let pcscd = if TcpStream::connect("127.0.0.1:35963").is_ok() {
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

    // What is no command is noted by the emulator.
    let card = insert(&path);
    {
        let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
        let reader = std::ffi::CString::new("Virtual PCD 00 00").unwrap();
        let found = context.connect(&reader, pcsc::ShareMode::Shared, pcsc::Protocols::ANY).unwrap();
        let mut buffer = [0; 300];
        for malformed in [&[0x00, 0xA4, 0x04, 0x00, 0x08, 0xA0][..], &[0x00, 0xB0, 0x95, 0x00, 0x00, 0x00]] {
            assert_eq!(found.transmit(malformed, &mut buffer).unwrap(), [0x67, 0x00]);
        }
    }
    remove(card);
    let log = std::fs::read_to_string(dir.path().join("card.bin.events")).unwrap();
    let seal = |data: &[u8]| Ok::<_, std::convert::Infallible>(sm3(data).to_vec());
    let (noted, _) = tongka_card::events::read(&log, tongka_card::events::UNSEALED, seal).unwrap();
    let told: Vec<(&str, &str)> = noted.iter().map(|e| (e.code.as_str(), e.detail.as_str())).collect();
    assert_eq!(told, [("6700", "6 bytes"), ("6700", "6 bytes")]);

    personalising(dir.path(), "own", &Profile::own(), false);
    personalising(dir.path(), "ministry", &Profile::tunion(), pcscd.is_some());

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

/// The value of a key in the test's orders.
fn key_of(n: u32, usage: KeyUsage, index: u8) -> [u8; 16] {
    [usage as u8 ^ n as u8 ^ index << 4; 16]
}

/// A card data file of two cards, as card management writes them: in the platform's form or the ministry's.
fn order(path: &Path, profile: &Profile) {
    let scheme = CardScheme::TUnion;
    let (mut body, mut names) = (Vec::new(), Vec::new());
    for n in 1..=2 {
        let (_, info) = serial_of(n);
        let mut dgis = vec![(0xB001, info.encode().to_vec()), (0xBF01, vec![0, 1, 0, 0, 0, 0, 9])];
        dgis.push((0xBF02, tongka_crypto::kcv(Algorithm::Sm4, &TRANSPORT).to_vec()));
        match &profile.keys {
            Keys::Sealed { sm4, .. } => {
                let one = |usage: KeyUsage| {
                    let (header, index) = (key_header(usage, 1, Algorithm::Sm4), usage.first_index());
                    sealed_entry(index, &wrap_key(Algorithm::Sm4, &TRANSPORT, header, &key_of(n, usage, index)))
                };
                dgis.push((*sm4, KeyUsage::ALL.into_iter().flat_map(one).collect()));
                dgis.push((0xBE05, [&[0, 1][..], &[n as u8; 40]].concat()));
            }
            Keys::Groups(groups) => {
                for group in groups {
                    let one = |slot: &tongka_card::profile::Slot| {
                        let value = key_of(n, slot.usage, slot.card_index);
                        let cipher = encrypt_key(Algorithm::Sm4, &TRANSPORT, &value);
                        [&profile.header(slot, group.algorithm, 1)[..], &cipher].concat()
                    };
                    dgis.push((group.dgi, group.slots.iter().flat_map(one).collect()));
                }
            }
        }
        names = dgis.iter().map(|(dgi, _)| *dgi).collect();
        body.extend(profile.card_part(n, &dgis));
    }
    let content = [profile.head(scheme.letter(), &names, (2, 7, 1), body.len() as u64), body].concat();
    let mac = mac_sm4(&FILE_KEY, [0; 16], &sm3(&content));
    std::fs::write(path, [&content[..], &mac].concat()).unwrap();
}

/// What the event log of an order tells, its seals checked.
fn events(dir: &Path, log: &str, order: &str) -> Vec<String> {
    let content = std::fs::read(dir.join(order)).unwrap();
    let digest = sm3(&content[..content.len() - 16]).iter().map(|b| format!("{b:02X}")).collect::<String>();
    let text = std::fs::read_to_string(dir.join(log)).unwrap();
    let seal = |data: &[u8]| Ok::<_, std::convert::Infallible>(mac_sm4(&FILE_KEY, [0; 16], &sm3(data)).to_vec());
    let (events, _) = tongka_card::events::read(&text, digest.as_bytes(), seal).unwrap();
    events.into_iter().map(|event| event.code).collect()
}

/// A card in the virtual reader that is pulled out after so many commands.
fn pulled_out(mut card: Card, after: usize) -> std::thread::JoinHandle<()> {
    use std::io::{Read, Write};
    let mut stream = TcpStream::connect("127.0.0.1:35963").unwrap();
    std::thread::spawn(move || {
        let mut commands = 0;
        loop {
            let mut length = [0; 2];
            if stream.read_exact(&mut length).is_err() {
                return;
            }
            let mut payload = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut payload).unwrap();
            let answer = match payload[..] {
                [0] => continue,
                [1 | 2] => {
                    card.power_on();
                    continue;
                }
                [4] => ATR.to_vec(),
                _ if commands == after => return,
                _ => {
                    commands += 1;
                    card.transmit(&payload)
                }
            };
            stream.write_all(&[&(answer.len() as u16).to_be_bytes()[..], &answer].concat()).unwrap();
        }
    })
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

/// Cards of an order are written one after the other; the order goes on where it stood; what is no blank card is told, and
/// noted.
fn personalising(dir: &Path, form: &str, profile: &Profile, pulled: bool) {
    let dir = &dir.join(form);
    std::fs::create_dir(dir).unwrap();
    order(&dir.join("order.tkc"), profile);
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
    let told = |outcome: Result<String, String>, code: &str| {
        let error = outcome.unwrap_err();
        assert!(error.contains(code), "{code}: {error}");
    };
    told(write(MAKER, TRANSPORT, [1; 16]), "Q12");
    assert!(std::fs::read_to_string(dir.join("feedback.csv.events.refused")).unwrap().contains(",Q12,"));
    told(write(MAKER, [1; 16], FILE_KEY), "Q13");
    told(good(), "Q07");
    // A card that another issuer has written.
    std::fs::write(dir.join("foreign.bin"), &*personalised().to_bytes()).unwrap();
    let card = insert(&dir.join("foreign.bin"));
    told(good(), "Q19");
    remove(card);
    for n in 1..=2 {
        let path = blank(&format!("blank-{n}.bin"));
        let card = insert(&path);
        told(write([1; 16], TRANSPORT, FILE_KEY), "Q15");
        let made = format!("{:?}", good());
        assert!(made.starts_with("Ok") && made.contains(&format!("\\\"left\\\":{}", 2 - n)), "{made}");
        if n == 1 {
            told(good(), "Q14");
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
    let expected = ["Q13", "Q07", "Q19", "Q15", "written", "Q14", "Q15", "written", "complete"];
    assert_eq!(events(dir, "feedback.csv.events", "order.tkc"), expected);
    let log = std::fs::read_to_string(dir.join("feedback.csv.events")).unwrap();
    assert!((1..=2).all(|n| !log.contains(&serial_of(n).0)), "numbers are masked");

    // A stop between the event and the line: the next run adds the line. Any other difference is refused.
    std::fs::write(dir.join("feedback.csv"), format!("{},ok\n", serial_of(1).0)).unwrap();
    assert!(good().unwrap().contains("\"left\":0"));
    assert_eq!(std::fs::read_to_string(dir.join("feedback.csv")).unwrap(), lines);
    std::fs::write(dir.join("feedback.csv"), "").unwrap();
    told(good(), "Q20");
    std::fs::write(dir.join("feedback.csv"), &lines).unwrap();
    std::fs::write(dir.join("feedback.csv.events"), log.replacen("Q19", "Q18", 1)).unwrap();
    told(good(), "Q20");
    std::fs::remove_file(dir.join("feedback.csv.events")).unwrap();
    std::fs::remove_file(dir.join("feedback.csv")).unwrap();

    // A card that power left in the middle of it: it says so, and its number stays for the next one.
    let path = blank("torn.bin");
    let mut torn = Card::from_bytes(&std::fs::read(&path).unwrap(), seeded()).unwrap();
    let bytes = std::fs::read(dir.join("order.tkc")).unwrap();
    let parsed = data::parse(&bytes[..bytes.len() - 16], &Profile::known()).unwrap();
    let image = parsed.cards[0].image(parsed.scheme().unwrap(), (Algorithm::Sm4, &Key16::new(TRANSPORT))).unwrap();
    let mut commands = 0;
    let mut cut = Cut { card: &mut torn, commands: &mut commands, at: 25 };
    personalise(&mut cut, &image, &Key16::new(MAKER), Algorithm::Sm4).unwrap_err();
    std::fs::write(&path, &*torn.to_bytes()).unwrap();
    let card = insert(&path);
    told(good(), "Q16");
    remove(card);
    assert!(!dir.join("feedback.csv").exists());
    assert_eq!(events(dir, "feedback.csv.events", "order.tkc"), ["Q16"]);

    // The card is pulled out in the middle of it: nothing is fed back. The service may lose sight of its reader then.
    if pulled {
        let card = Card::blank(Key16::new(MAKER), Algorithm::Sm4, seeded());
        let card = pulled_out(card, 20);
        noticed(true);
        told(good(), "Q08");
        card.join().unwrap();
        assert!(!dir.join("feedback.csv").exists());
        assert_eq!(events(dir, "feedback.csv.events", "order.tkc"), ["Q16", "Q08"]);
    }
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
