//! Key management on both databases, over the soft device: who may do what, what is left behind, what is never shown.

use chrono::NaiveDate;
use std::cell::RefCell;
use tongka_base::{Algorithm, FixedClock};
use tongka_crypto::{Key16, kcv};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::{Component, Hsm, KeyRef, Usage};
use tongka_key::*;
use tongka_storage::TenantCode;
use tongka_testkit::databases;

const CITY: TenantCode = TenantCode(3050);
const OTHER: TenantCode = TenantCode(3310);
const PASSPHRASE: &str = "horse battery staple";
/// The national TAC key of the test and the components it is made from.
const MASTER: [u8; 16] =
    [0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7];

fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

fn parts() -> Vec<[u8; 16]> {
    let a: [u8; 16] = std::array::from_fn(|i| 0x31 ^ (i as u8).wrapping_mul(73));
    let b: [u8; 16] = std::array::from_fn(|i| 0x9E ^ (i as u8).wrapping_mul(41));
    let c = std::array::from_fn(|i| MASTER[i] ^ a[i] ^ b[i]);
    vec![a, b, c]
}

fn component(value: [u8; 16]) -> Component {
    Component { kcv: kcv(Algorithm::Sm4, &value), value: Key16::new(value) }
}

fn login(owner: TenantCode, name: &str) -> Login<'_> {
    Login::new(owner, name, PASSPHRASE)
}

fn new_key(name: &str, usage: Usage, version: u8, level: Level) -> NewKey {
    NewKey { name: name.to_owned(), usage, sm4: true, version, index: 1, scheme: None, level }
}

/// Every error that was shown, to be searched for secrets at the end.
struct Shown(RefCell<Vec<String>>);

impl Shown {
    fn refused<T: std::fmt::Debug>(&self, outcome: Result<T, KeyError>, code: &str) {
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        self.0.borrow_mut().push(format!("{error} {error:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_and_used_by_several_people_and_never_shown() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let hsm = SoftHsm::in_memory();
        let clock = FixedClock(day(2026, 9, 1).and_hms_opt(9, 0, 0).unwrap());
        let desk = Desk { db: &db, hsm: &hsm, clock: &clock };
        let shown = Shown(RefCell::new(Vec::new()));
        for (owner, name) in [
            (CENTRE, "zhang"),
            (CENTRE, "li"),
            (CENTRE, "wang"),
            (CITY, "chen"),
            (CITY, "lin"),
            (OTHER, "zhao"),
            (OTHER, "qian"),
        ] {
            enrol(&desk, "admin", login(owner, name), day(2026, 1, 1), day(2027, 12, 31)).await.unwrap();
        }
        enrol(&desk, "admin", login(CENTRE, "past"), day(2025, 1, 1), day(2025, 12, 31)).await.unwrap();
        let short = Login::new(CENTRE, "x", "short");
        shown.refused(enrol(&desk, "admin", short, day(2026, 1, 1), day(2027, 1, 1)).await, "K09");
        shown.refused(enrol(&desk, "admin", login(CENTRE, "a b"), day(2026, 1, 1), day(2027, 1, 1)).await, "K09");

        the_ceremony(&desk, &shown).await;
        dual_control(&desk, &shown).await;
        tenants(&desk, &shown).await;
        rotation(&desk, &shown).await;
        what_is_left(&desk, &hsm, &shown).await;

        // Five wrong passphrases lock; a new term unlocks.
        let wrong = Login::new(CENTRE, "wang", "something else");
        let action = Action::Generate { key: new_key("later", Usage::Tac, 1, Level::National) };
        for _ in 0..5 {
            shown.refused(propose(&desk, wrong, &action).await, "K03");
        }
        shown.refused(propose(&desk, login(CENTRE, "wang"), &action).await, "K05");
        enrol(&desk, "admin", login(CENTRE, "wang"), day(2026, 1, 1), day(2027, 1, 1)).await.unwrap();
        propose(&desk, login(CENTRE, "wang"), &action).await.unwrap();

        // Nowhere is a key, a component or a passphrase.
        let log = tongka_audit::verify(&db, None).await.unwrap();
        assert!(log.entries > 30 && log.faults.is_empty(), "{log:?}");
        let text = format!("{}{}", database.dump(&db).await, shown.0.borrow().join("\n")).to_uppercase();
        for code in ["K01", "K03", "K04", "K05", "K06", "K07", "K08", "H06"] {
            assert!(text.contains(code), "the audit log tells of {code}");
        }
        let mut secrets: Vec<String> = parts().iter().map(hex::encode_upper).collect();
        secrets.push(hex::encode_upper(MASTER));
        secrets.push(PASSPHRASE.to_uppercase());
        for secret in secrets {
            assert!(!text.contains(&secret) && !text.contains(&secret[..12]));
        }
        for spec in lists::LISTS {
            tongka_listing::check(&db, spec).await.unwrap();
        }
        db.close().await;
    }
}

async fn the_ceremony(desk: &Desk<'_>, shown: &Shown) {
    let new = new_key("dtk.1", Usage::Tac, 1, Level::National);
    let hold = async |names: &[&str], values: &[[u8; 16]], kcv| {
        let participants = names.iter().zip(values);
        let participants =
            participants.map(|(name, value)| Participant { login: login(CENTRE, name), component: component(*value) });
        ceremony(desk, "zhang", CENTRE, &new, participants.collect(), kcv).await
    };
    let whole = Some(kcv(Algorithm::Sm4, &MASTER));
    let all = parts();
    shown.refused(hold(&["zhang"], &all, None).await, "K08");
    shown.refused(hold(&["zhang", "zhang", "li"], &all, whole).await, "K06");
    shown.refused(hold(&["zhang", "past", "li"], &all, whole).await, "K04");
    shown.refused(hold(&["zhang", "chen", "li"], &all, whole).await, "K03");
    shown.refused(hold(&["zhang", "li"], &all, whole).await, "H06");
    shown.refused(hold(&["zhang", "li", "wang"], &[all[0], all[1], all[0]], None).await, "H05");
    let mut wrong = component(all[1]);
    wrong.kcv[2] ^= 1;
    let participants = vec![
        Participant { login: login(CENTRE, "zhang"), component: component(all[0]) },
        Participant { login: login(CENTRE, "li"), component: wrong },
    ];
    shown.refused(ceremony(desk, "zhang", CENTRE, &new, participants, None).await, "H06");
    assert!(keys(desk, CENTRE).await.unwrap().is_empty() && desk.hsm.keys().unwrap().is_empty(), "nothing half-done");

    let minutes = hold(&["zhang", "li", "wang"], &all, whole).await.unwrap();
    assert_eq!(Some(minutes.kcv), whole);
    let html = minutes.html();
    for wanted in ["zhang", "li", "wang", "dtk.1", &hex::encode_upper(minutes.kcv)] {
        assert!(html.contains(wanted), "{wanted}");
    }
    for value in all.iter().chain([&MASTER]) {
        assert!(!html.to_uppercase().contains(&hex::encode_upper(&value[..4])));
    }
    shown.refused(hold(&["zhang", "li", "wang"], &all, whole).await, "K02");
}

/// Proposes as one and approves as another.
async fn do_it(desk: &Desk<'_>, owner: TenantCode, people: [&str; 2], action: Action) -> Result<Done, KeyError> {
    let id = propose(desk, login(owner, people[0]), &action).await?;
    approve(desk, login(owner, people[1]), id).await
}

fn activate(name: &str) -> Action {
    Action::Move { name: name.to_owned(), to: KeyState::Active }
}

async fn dual_control(desk: &Desk<'_>, shown: &Shown) {
    let id = propose(desk, login(CENTRE, "zhang"), &activate("dtk.1")).await.unwrap();
    shown.refused(approve(desk, login(CENTRE, "zhang"), id).await, "K06");
    shown.refused(approve(desk, login(CITY, "chen"), id).await, "K01");
    shown.refused(approve(desk, login(CENTRE, "past"), id).await, "K04");
    assert_eq!(keys(desk, CENTRE).await.unwrap()[0].state, KeyState::Generated);
    // Two approve at once: one does it, the other is told.
    let (one, two) = tokio::join!(approve(desk, login(CENTRE, "li"), id), approve(desk, login(CENTRE, "wang"), id));
    let (done, late) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(done.unwrap(), Done::Moved);
    let late = late.unwrap_err().code();
    assert!(["K07", "S03"].contains(&late.as_str()), "{late}");
    shown.refused(approve(desk, login(CENTRE, "li"), id).await, "K07");
    assert_eq!(keys(desk, CENTRE).await.unwrap()[0].state, KeyState::Active);
    // A refused request is not done; its proposer may withdraw it.
    let id = propose(desk, login(CENTRE, "zhang"), &Action::Move { name: "dtk.1".into(), to: KeyState::Revoked })
        .await
        .unwrap();
    refuse(desk, login(CENTRE, "zhang"), id).await.unwrap();
    shown.refused(approve(desk, login(CENTRE, "li"), id).await, "K07");
    let never = Action::Move { name: "dtk.1".into(), to: KeyState::Generated };
    shown.refused(propose(desk, login(CENTRE, "zhang"), &never).await, "K07");
    shown.refused(propose(desk, login(CENTRE, "zhang"), &activate("nothing")).await, "K01");
    let list = requests(desk, CENTRE).await.unwrap();
    assert_eq!((list[0].state.as_str(), list[0].decided_by.as_deref()), ("refused", Some("zhang")));
    assert!(requests(desk, CITY).await.unwrap().is_empty());
}

async fn tenants(desk: &Desk<'_>, shown: &Shown) {
    let derive = |to: TenantCode| Action::Derive {
        parent: "dtk.1".into(),
        factors: Factors { issuer: Some(format!("1000{:04}00010000", to.0)), ..Factors::new(["{issuer:2..4}FF00*5"]) },
        to: to.0,
        key: new_key("dtk.1", Usage::Tac, 1, Level::Issuer),
    };
    // Only the centre derives, and what it derives is the tenant's.
    shown.refused(propose(desk, login(CITY, "chen"), &derive(CITY)).await, "K01");
    for to in [CITY, OTHER] {
        let Done::Made { kcv } = do_it(desk, CENTRE, ["zhang", "li"], derive(to)).await.unwrap() else { panic!() };
        let of_tenant = keys(desk, to).await.unwrap();
        assert_eq!((of_tenant.len(), of_tenant[0].kcv, of_tenant[0].parent.as_deref()), (1, kcv, Some("0.dtk.1")));
    }
    assert_eq!(keys(desk, CENTRE).await.unwrap().len(), 1, "the centre's list does not show them");
    shown.refused(do_it(desk, CENTRE, ["zhang", "li"], derive(CITY)).await, "K02");
    for (owner, people) in [(CITY, ["chen", "lin"]), (OTHER, ["zhao", "qian"])] {
        do_it(desk, owner, people, activate("dtk.1")).await.unwrap();
        let zmk = Action::Generate { key: new_key(&format!("zmk.{owner}"), Usage::Transport, 1, Level::Service) };
        do_it(desk, owner, people, zmk).await.unwrap();
        do_it(desk, owner, people, activate(&format!("zmk.{owner}"))).await.unwrap();
    }
    // Every command of one city about another city's key: it is not there.
    let theirs = "zmk.3310".to_owned();
    let commands = [
        Action::Derive {
            parent: theirs.clone(),
            factors: Factors::new(["00*8"]),
            to: CITY.0,
            key: new_key("d", Usage::Transport, 1, Level::Issuer),
        },
        Action::Export { name: theirs.clone(), factors: Factors::default(), under: "zmk.3050".into() },
        Action::Export { name: "dtk.1".into(), factors: Factors::default(), under: theirs.clone() },
        Action::Import { key: new_key("i", Usage::Tac, 1, Level::Issuer), under: theirs.clone(), block: "TK1".into() },
        Action::Move { name: theirs.clone(), to: KeyState::Revoked },
    ];
    for action in &commands {
        shown.refused(propose(desk, login(CITY, "chen"), action).await, "K01");
    }
    shown.refused(pick(desk, CITY, Wanted::new(Usage::Transport, Algorithm::Tdes)).await, "K01");
    let findings = inventory(desk, CITY).await.unwrap();
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|f| matches!(f, Finding::Sound(key) if key.owner == CITY)), "{findings:?}");
    let someone = Login { owner: OTHER, ..login(CITY, "chen") };
    shown.refused(propose(desk, someone, &activate("dtk.1")).await, "K03");

    // A key leaves under the tenant's transport key, and comes back under another name.
    let export = Action::Export { name: "dtk.1".into(), factors: Factors::default(), under: "zmk.3050".into() };
    let Done::Block(block) = do_it(desk, CITY, ["lin", "chen"], export).await.unwrap() else { panic!() };
    let block = String::from_utf8(block.0).unwrap();
    let import = |name: &str, block: &str| Action::Import {
        key: new_key(name, Usage::Tac, 1, Level::Issuer),
        under: "zmk.3050".into(),
        block: block.to_owned(),
    };
    shown.refused(do_it(desk, CITY, ["lin", "chen"], import("back", &block.replacen('D', "E", 1))).await, "H12");
    do_it(desk, CITY, ["lin", "chen"], import("back", &block)).await.unwrap();
    let both = keys(desk, CITY).await.unwrap();
    assert_eq!(both[0].kcv, both[1].kcv);
    // A request that the device refused stays open and can be refused by people.
    let open = requests(desk, CITY).await.unwrap().into_iter().find(|r| r.state == "open").unwrap();
    refuse(desk, login(CITY, "chen"), open.id).await.unwrap();
}

async fn rotation(desk: &Desk<'_>, shown: &Shown) {
    let people = ["chen", "lin"];
    let second = Action::Generate { key: new_key("dtk.2", Usage::Tac, 2, Level::Issuer) };
    do_it(desk, CITY, people, second).await.unwrap();
    let tac = Wanted::new(Usage::Tac, Algorithm::Sm4);
    let version = async |version| pick(desk, CITY, Wanted { version, ..tac }).await.map(|k| k.spec.name);
    assert_eq!(version(None).await.unwrap(), "dtk.1", "the new one is not yet in use");
    do_it(desk, CITY, people, activate("dtk.2")).await.unwrap();
    do_it(desk, CITY, people, Action::Move { name: "dtk.1".into(), to: KeyState::Retired }).await.unwrap();
    assert_eq!((version(None).await.unwrap(), version(Some(1)).await.unwrap()), ("dtk.2".into(), "dtk.1".into()));
    // What cards of the old version did is still verified.
    let old = pick(desk, CITY, tac.version(1)).await.unwrap();
    desk.hsm.tac(KeyRef { name: &old.device_name(), factors: &[[1; 8]] }, &[0; 22]).unwrap();
    do_it(desk, CITY, people, Action::Move { name: "dtk.1".into(), to: KeyState::Revoked }).await.unwrap();
    shown.refused(version(Some(1)).await, "K01");
    // A suspended key does nothing until it is active again.
    let move_to = |name: &str, to| Action::Move { name: name.to_owned(), to };
    do_it(desk, CITY, people, move_to("dtk.2", KeyState::Suspended)).await.unwrap();
    shown.refused(version(None).await, "K01");
    shown.refused(version(Some(2)).await, "K01");
    do_it(desk, CITY, people, activate("dtk.2")).await.unwrap();
    // Of two keys that would do the same one is in use; a scheme's own key goes before one of every scheme.
    let third =
        |name: &str, scheme| Action::Generate { key: NewKey { scheme, ..new_key(name, Usage::Tac, 2, Level::Issuer) } };
    do_it(desk, CITY, people, third("twin", None)).await.unwrap();
    shown.refused(do_it(desk, CITY, people, activate("twin")).await, "K07");
    do_it(desk, CITY, people, third("mohurd", Some('M'))).await.unwrap();
    do_it(desk, CITY, people, activate("mohurd")).await.unwrap();
    shown.refused(do_it(desk, CITY, people, third("odd", Some('X'))).await, "K09");
    let of_scheme = async |scheme| pick(desk, CITY, Wanted { scheme, ..tac }).await.unwrap().spec.name;
    use tongka_base::CardScheme::{Mohurd, TUnion};
    assert_eq!((of_scheme(Some(Mohurd)).await, of_scheme(Some(TUnion)).await), ("mohurd".into(), "dtk.2".into()));
    assert_eq!(of_scheme(None).await, "dtk.2");
    for name in ["twin", "mohurd"] {
        let from = keys(desk, CITY).await.unwrap().into_iter().find(|k| k.spec.name == name).unwrap().state;
        if from == KeyState::Active {
            do_it(desk, CITY, people, move_to(name, KeyState::Revoked)).await.unwrap();
        }
        do_it(desk, CITY, people, move_to(name, KeyState::Destroyed)).await.unwrap();
    }
    // Over several levels, inside one owner: what comes out is what the device makes over both.
    let key = new_key("deep", Usage::Tac, 9, Level::Issuer);
    let factors =
        Factors { serial: Some("03104290000000012345".into()), ..Factors::new(["3050FF0000000000", "{serial:2..10}"]) };
    let derive = Action::Derive { parent: "dtk.2".into(), factors, to: CITY.0, key };
    let Done::Made { kcv } = do_it(desk, CITY, people, derive).await.unwrap() else { panic!() };
    let levels = [[0x30, 0x50, 0xFF, 0, 0, 0, 0, 0], [0x42, 0x90, 0, 0, 0, 1, 0x23, 0x45]];
    assert_eq!(kcv, desk.hsm.kcv(KeyRef { name: "3050.dtk.2", factors: &levels }).unwrap());
    do_it(desk, CITY, people, move_to("deep", KeyState::Destroyed)).await.unwrap();
    shown.refused(do_it(desk, CITY, people, activate("dtk.1")).await, "K07");
}

async fn what_is_left(desk: &Desk<'_>, hsm: &SoftHsm, shown: &Shown) {
    let destroy = || Action::Move { name: "dtk.1".into(), to: KeyState::Destroyed };
    do_it(desk, CITY, ["chen", "lin"], destroy()).await.unwrap();
    assert!(hsm.kcv(KeyRef::stored("3050.dtk.1")).is_err());
    // As a stop between the books and the device would leave it: a key without a row, a row without a key, another key
    // under the name, a destroyed key that is still there.
    let spec = |name: &str, usage| tongka_hsm::KeySpec {
        name: name.into(),
        usage,
        algorithm: Algorithm::Sm4,
        version: 1,
        index: 1,
    };
    hsm.generate(&spec("3050.orphan", Usage::Tac)).unwrap();
    hsm.destroy("3050.back").unwrap();
    hsm.destroy("3050.dtk.2").unwrap();
    hsm.generate(&spec("3050.dtk.2", Usage::Tac)).unwrap();
    hsm.generate(&spec("3050.dtk.1", Usage::Tac)).unwrap();
    let found = inventory(desk, CITY).await.unwrap();
    let kinds: Vec<(&str, &str)> = found
        .iter()
        .map(|finding| match finding {
            Finding::Sound(key) => ("sound", key.spec.name.as_str()),
            Finding::Missing(key) => ("missing", key.spec.name.as_str()),
            Finding::Differs(key) => ("differs", key.spec.name.as_str()),
            Finding::Remains(key) => ("remains", key.spec.name.as_str()),
            Finding::Unknown(name) => ("unknown", name.as_str()),
        })
        .collect();
    let expected = [
        ("missing", "back"),
        ("sound", "deep"),
        ("remains", "dtk.1"),
        ("differs", "dtk.2"),
        ("sound", "mohurd"),
        ("sound", "twin"),
        ("sound", "zmk.3050"),
        ("unknown", "orphan"),
    ];
    assert_eq!(kinds, expected);
    // Making the key again takes the place of the orphan; destroying again finishes what was stopped.
    do_it(desk, CITY, ["chen", "lin"], Action::Generate { key: new_key("orphan", Usage::Tac, 3, Level::Issuer) })
        .await
        .unwrap();
    do_it(desk, CITY, ["chen", "lin"], destroy()).await.unwrap();
    assert!(hsm.kcv(KeyRef::stored("3050.dtk.1")).is_err());
    shown.refused(do_it(desk, CITY, ["chen", "lin"], activate("dtk.1")).await, "K07");
}
