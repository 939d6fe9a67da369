//! The PKCS#11 driver on SoftHSM2, installed by `cargo xtask test`. One test, because the module reads its place from
//! the environment of the process.

mod suite;

use std::path::Path;
use std::process::Command;
use suite::{Abilities, run, spec};
use tongka_base::Algorithm::{Sm4, Tdes};
use tongka_hsm::pkcs11::{Pkcs11Hsm, Policy};
use tongka_hsm::{Hsm, HsmCode, KeyRef, Usage};

/// Where Debian's packages put the module.
const MODULES: [&str; 2] = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

#[test]
fn softhsm_keeps_the_contract_as_far_as_its_policy_and_mechanisms_go() {
    let module = MODULES.map(Path::new).into_iter().find(|p| p.exists()).expect("package softhsm2 is installed");
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let config = dir.path().join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", tokens.display());
    std::fs::write(&config, text).unwrap();
    // SAFETY: this process has no other thread that reads or changes the environment: it has this one test.
    unsafe { std::env::set_var("SOFTHSM2_CONF", &config) };
    for label in ["full", "cards", "strict"] {
        let init = ["--init-token", "--free", "--label", label, "--pin", "1234", "--so-pin", "5678"];
        let output = Command::new("softhsm2-util").args(init).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let open = |label: &str, pin: &str, policy| Pkcs11Hsm::open(module, label, pin, policy);
    assert_eq!(open("none", "1234", Policy::Strict).err().unwrap().code, HsmCode::Failed);
    assert_eq!(open("full", "9999", Policy::Strict).err().unwrap().code, HsmCode::Keystore);

    let full = open("full", "1234", Policy::AllKeys).unwrap();
    run(&full, &full, Abilities { algorithms: &[Tdes], sm2: false, file_mac: false });
    // What the token does not offer is refused by name.
    assert_eq!(full.generate(&spec("sm4", Usage::Tac, Sm4)).unwrap_err().code, HsmCode::Unsupported);
    assert_eq!(full.generate(&spec("sm2", Usage::Sign, Sm4)).unwrap_err().code, HsmCode::Unsupported);
    full.generate(&spec("zak", Usage::FileMac, Tdes)).unwrap();
    assert_eq!(full.file_mac("zak", b"file").unwrap_err().code, HsmCode::Unsupported);
    assert_eq!(full.export(KeyRef::stored("zak"), "zmk.t").unwrap_err().code, HsmCode::WrongUsage);
    let stored = full.keys().unwrap();
    drop(full);
    assert_eq!(open("full", "1234", Policy::Strict).unwrap().keys().unwrap(), stored, "found again");

    // A policy that keeps keys above a card's inside.
    let cards = open("cards", "1234", Policy::CardKeys).unwrap();
    cards.generate(&spec("issuer.dtk", Usage::Tac, Tdes)).unwrap();
    let factor = [[1; 8]];
    let card = KeyRef { name: "issuer.dtk", factors: &factor };
    let tac = cards.tac(card, &[7; 22]).unwrap();
    let record = tongka_crypto::TacInput { issuer_key: 0, card_factor: [1; 8], data: [7; 22] };
    let mut right = [false; 2];
    let issuer = [KeyRef::stored("issuer.dtk")];
    cards.verify_tacs(&issuer, &[record, record], &[tac, [0; 4]], &mut right).unwrap();
    assert_eq!(right, [true, false]);
    let two = KeyRef { name: "issuer.dtk", factors: &[[1; 8], [2; 8]] };
    assert_eq!(cards.tac(two, &[7; 22]).unwrap_err().code, HsmCode::Unsupported);
    assert_eq!(cards.derive(card, &spec("x", Usage::Tac, Tdes)).unwrap_err().code, HsmCode::Unsupported);

    let strict = open("strict", "1234", Policy::Strict).unwrap();
    let made = strict.generate(&spec("issuer.dtk", Usage::Tac, Tdes)).unwrap();
    assert_eq!(strict.kcv(issuer[0]).unwrap(), made.kcv);
    assert_eq!(strict.tac(card, &[7; 22]).unwrap_err().code, HsmCode::Unsupported);
    assert_eq!(strict.kcv(card).unwrap_err().code, HsmCode::Unsupported);
    assert_eq!(strict.verify_tacs(&issuer, &[record], &[tac], &mut right[..1]).unwrap_err().code, HsmCode::Unsupported);
    strict.destroy("issuer.dtk").unwrap();
    assert!(strict.keys().unwrap().is_empty());
}
