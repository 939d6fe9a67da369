//! One suite for every driver: what a device answers must be what the published rules say, and what it refuses must
//! have the same code everywhere.

mod suite;

use std::time::Duration;
use suite::{Abilities, run};
use tongka_hsm::profile::{Profile, RACAL_LIKE};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::tcp::{Address, TcpHsm};
use tongka_hsm::{Hsm, HsmCode};
use tongka_testkit::hsm::{NetworkHsm, certificates};

#[test]
fn the_soft_driver_keeps_the_contract() {
    let hsm = SoftHsm::in_memory();
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "a process with keys leaves no core: {cores}");
    run(&hsm, &hsm, Abilities::ALL);
}

#[test]
fn the_soft_driver_keeps_the_contract_with_a_file_and_finds_its_keys_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys/keystore.json");
    let before = {
        let hsm = SoftHsm::open(&path, b"correct horse").unwrap();
        run(&hsm, &hsm, Abilities::ALL);
        hsm.backup(&dir.path().join("backup.json"), b"another").unwrap();
        assert_eq!(hsm.backup(&dir.path().join("backup.json"), b"x").unwrap_err().code, HsmCode::Exists);
        hsm.keys().unwrap()
    };
    assert!(before.len() > 5);
    for (file, passphrase) in [("keys/keystore.json", &b"correct horse"[..]), ("backup.json", b"another")] {
        let hsm = SoftHsm::open(&dir.path().join(file), passphrase).unwrap();
        assert_eq!(hsm.keys().unwrap(), before);
        assert_eq!(SoftHsm::open(&dir.path().join(file), b"wrong").err().unwrap().code, HsmCode::Keystore);
    }
    // The file shows no key, and any change of it is found.
    let text = std::fs::read_to_string(&path).unwrap();
    for (_, value) in suite::MASTERS {
        assert!(!text.to_uppercase().contains(value));
    }
    for (from, to) in [("\"passes\": 3", "\"passes\": 2"), ("\"lanes\": 1", "\"lanes\": 999999"), ("{", "[")] {
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        assert_eq!(SoftHsm::open(&path, b"correct horse").err().unwrap().code, HsmCode::Keystore, "{from}");
    }
    let at = text.find("\"keys\": \"").unwrap() + 20;
    let mut altered = text.into_bytes();
    altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
    std::fs::write(&path, altered).unwrap();
    assert_eq!(SoftHsm::open(&path, b"correct horse").err().unwrap().code, HsmCode::Keystore);
}

#[test]
fn a_device_on_the_network_keeps_the_contract() {
    let device = NetworkHsm::start();
    let hsm = device.driver();
    run(device.console.as_ref(), &hsm, Abilities::ALL);
    let spec = suite::spec("late", tongka_hsm::Usage::Tac, tongka_base::Algorithm::Sm4);
    let refused = hsm.import_components(&spec, &[], None).unwrap_err();
    assert_eq!(refused.code, HsmCode::Unsupported, "components are for the console");
    drop(device);
    assert_eq!(hsm.check().unwrap_err().code, HsmCode::Failed);
    assert_eq!(hsm.check().unwrap_err().code, HsmCode::Failed, "and when connecting again");
}

#[test]
fn a_command_that_the_profile_lacks_is_refused_by_name() {
    let mut profile = Profile::parse(RACAL_LIKE).unwrap();
    profile.commands.remove("sm2_sign");
    let hsm =
        TcpHsm::new(Address { address: "127.0.0.1:1".into(), timeout: Duration::from_secs(1), tls: None }, profile);
    let error = hsm.sm2_sign("key", b"message").unwrap_err();
    assert_eq!(error.code, HsmCode::Unsupported);
    assert!(error.detail.contains("sm2_sign"));
    assert_eq!(hsm.check().unwrap_err().code, HsmCode::Failed, "nobody listens");
}

#[test]
fn profiles_are_read_whole_or_refused() {
    for (from, to) in [
        ("code = \"NC\"", "code = \"N\""),
        ("code = \"KL\"", "code = \"NC\""),
        ("\"H01\"", "\"H99\""),
        ("model:v", "model:q"),
        ("kcv:h3", "kcv:h"),
        ("header = 4", "header = 400"),
        ("header = 4", "headers = 4"),
    ] {
        let error = Profile::parse(&RACAL_LIKE.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.code, HsmCode::Value, "{from} -> {to}");
    }
}

#[test]
fn a_device_answers_any_bytes_and_stays_up() {
    use std::io::{Read, Write};
    let device = NetworkHsm::start();
    let hsm = device.driver();
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    for round in 0..300_usize {
        let mut stream = std::net::TcpStream::connect(device.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut message: Vec<u8> = (0..round % 90).map(|_| random()).collect();
        if round % 3 == 0 {
            let codes = [b"NC", b"KL", b"A0", b"A4", b"A6", b"A8", b"T2", b"T4", b"M8"];
            message.splice(0..0, [&b"0000"[..], codes[round % codes.len()]].concat());
        }
        let length = (message.len() as u16).to_be_bytes();
        stream.write_all(&[&length[..], &message].concat()).unwrap();
        let mut answer = [0; 2];
        if message.len() >= 6 {
            stream.read_exact(&mut answer).unwrap();
        }
    }
    hsm.check().unwrap();
}

#[test]
fn tls_on_both_sides_and_configurations() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let device = NetworkHsm::start_tls(dir.path());
    let config = |ca: &str, name: &str, who: &str| {
        format!(
            "[[device]]\ndriver = \"tcp\"\nname = \"a\"\naddress = \"{}\"\n\
             tls = {{ ca = \"{ca}.pem\", server = \"{name}\", certificate = \"{who}.pem\", key = \"{who}.key\" }}\n",
            device.address()
        )
    };
    let open = |text: &str| tongka_hsm::config::open(text, dir.path());
    let pool = open(&config("server", "hsm.test", "client")).unwrap();
    run(device.console.as_ref(), &pool, Abilities::ALL);
    for (ca, name, who) in
        [("stranger", "hsm.test", "client"), ("server", "other.test", "client"), ("server", "hsm.test", "stranger")]
    {
        let refused = open(&config(ca, name, who)).unwrap().check().unwrap_err();
        assert_eq!(refused.code, HsmCode::Failed, "{ca} {name} {who}");
    }
    let good = config("server", "hsm.test", "client");
    for bad in [
        good.replace("driver = \"tcp\"", "driver = \"usb\""),
        good.replace("address", "adress"),
        good.replace("server.pem", "none.pem"),
        format!("{good}{good}"),
        String::new(),
        "[[device]]\ndriver = \"soft\"\nname = \"s\"\nkeystore = \"k\"\npassphrase_env = \"TONGKA_NO_SUCH\"\n"
            .to_owned(),
    ] {
        assert_eq!(open(&bad).err().unwrap().code, HsmCode::Value, "{bad}");
    }
    // The example configurations are read up to the files that a site has.
    // As cargo says it now, not as it was compiled: a shared target folder may hold what another clone compiled.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let examples = std::path::Path::new(&here);
    std::fs::copy(examples.join("profiles/racal-like.toml"), dir.path().join("racal-like.toml")).unwrap();
    for name in ["provider-ca.pem", "cloud-ca.pem"] {
        std::fs::copy(dir.path().join("server.pem"), dir.path().join(name)).unwrap();
    }
    for example in ["own-machine-room", "hosted-devices", "cloud-service"] {
        let text = std::fs::read_to_string(examples.join(format!("configurations/{example}.toml"))).unwrap();
        assert!(!open(&text).unwrap().health().is_empty(), "{example}");
    }
}
