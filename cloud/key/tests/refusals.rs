//! Every refusal of key management has its code and an audit entry, and leaves nothing half-done; one owner's custodians
//! can neither see nor use another's keys, by any command; sessions of a server stand for passphrases, terms stay.

use chrono::NaiveDate;
use tongka_audit::Entry;
use tongka_base::{Algorithm, FixedClock};
use tongka_crypto::{Key16, kcv};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::{Component, Usage};
use tongka_key::*;
use tongka_storage::{Scope, TenantCode};
use tongka_testkit::databases;

const A: TenantCode = TenantCode(3050);
const B: TenantCode = TenantCode(3310);
const PASSPHRASE: &str = "horse battery staple";

fn login(owner: TenantCode, name: &str) -> Login<'_> {
    Login::new(owner, name, PASSPHRASE)
}

fn new_key(name: &str, usage: Usage, level: Level) -> NewKey {
    NewKey { name: name.to_owned(), usage, sm4: true, version: 1, index: 1, scheme: None, level }
}

fn component(n: u8) -> Component {
    let value = std::array::from_fn(|i| n ^ (i as u8).wrapping_mul(31));
    Component { kcv: kcv(Algorithm::Sm4, &value), value: Key16::new(value) }
}

/// What is in the books and on the device, to see that nothing of it changed.
async fn state(desk: &Desk<'_>) -> String {
    let mut out = format!("{:?}", desk.hsm.keys().unwrap());
    for owner in [CENTRE, A, B] {
        out.push_str(&format!("{:?}", keys(desk, owner).await.unwrap()));
    }
    out
}

async fn last(desk: &Desk<'_>) -> Entry {
    let all = tongka_audit::entries(desk.db, Scope::Platform, 0, 100_000).await.unwrap();
    all.into_iter().next_back().unwrap()
}

/// Awaits an outcome that must be refused: by its code, with an audit entry, with nothing changed.
macro_rules! refused {
    ($desk:expr, $what:expr, $code:literal, $action:literal, $outcome:expr) => {{
        let before = state($desk).await;
        let error = $outcome.await.map(drop).unwrap_err();
        assert_eq!(error.code(), $code, "{}: {error}", $what);
        let entry = last($desk).await;
        assert_eq!((entry.action.as_str(), entry.outcome.as_str()), ($action, $code), "{}", $what);
        assert_eq!(state($desk).await, before, "{}: nothing half-done", $what);
    }};
}

async fn done(desk: &Desk<'_>, owner: TenantCode, action: Action) {
    let people = if owner == A { ["chen", "lin"] } else { ["zhao", "qian"] };
    let id = propose(desk, login(owner, people[0]), &action).await.unwrap();
    approve(desk, login(owner, people[1]), id).await.unwrap();
}

async fn active(desk: &Desk<'_>, owner: TenantCode, name: &str, usage: Usage) {
    done(desk, owner, Action::Generate { key: new_key(name, usage, Level::Issuer) }).await;
    done(desk, owner, Action::Move { name: name.into(), to: KeyState::Active }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_coded_and_audited_and_tenants_are_apart() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let hsm = SoftHsm::in_memory();
        let day = |y| NaiveDate::from_ymd_opt(y, 6, 1).unwrap();
        let clock = FixedClock(day(2026).and_hms_opt(9, 0, 0).unwrap());
        let desk = &Desk { db: &db, hsm: &hsm, clock: &clock };
        for (owner, names) in [(A, ["chen", "lin"]), (B, ["zhao", "qian"])] {
            for name in names {
                enrol(desk, "admin", login(owner, name), day(2025), day(2030)).await.unwrap();
            }
            for (name, usage) in [("zmk", Usage::Transport), ("dpk", Usage::Purchase), ("zak", Usage::FileMac)] {
                active(desk, owner, name, usage).await;
            }
        }
        enrol(desk, "admin", login(A, "past"), day(2020), day(2021)).await.unwrap();
        enrol(desk, "admin", login(A, "future"), day(2028), day(2030)).await.unwrap();
        people(desk).await;
        ceremonies(desk).await;
        purposes(desk).await;
        apart(desk).await;
        sessions(desk).await;
        assert!(tongka_audit::verify(&db, None).await.unwrap().faults.is_empty());
        db.close().await;
    }
}

async fn people(desk: &Desk<'_>) {
    let action = Action::Generate { key: new_key("new", Usage::Tac, Level::Issuer) };
    for (what, who, code) in [("past", "past", "K04"), ("not yet", "future", "K04")] {
        let before = state(desk).await;
        assert_eq!(propose(desk, login(A, who), &action).await.unwrap_err().code(), code, "{what}");
        assert_eq!((last(desk).await.outcome.as_str(), state(desk).await), (code, before));
        let both = together(desk, [login(A, "chen"), login(A, who)]).await;
        assert_eq!(both.unwrap_err().code(), code);
    }
    refused!(desk, "unknown", "K03", "key.generate.propose", propose(desk, login(A, "nobody"), &action));
    let wrong = Login::new(A, "chen", "something else");
    refused!(desk, "wrong passphrase", "K03", "key.generate.propose", propose(desk, wrong, &action));
    let days = (NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(), NaiveDate::from_ymd_opt(2025, 1, 1).unwrap());
    refused!(desk, "term", "K09", "custodian.enrol", enrol(desk, "admin", login(A, "x"), days.0, days.1));
    let short = Login::new(A, "x", "short");
    refused!(desk, "passphrase", "K09", "custodian.enrol", enrol(desk, "admin", short, days.1, days.0));
    let id = propose(desk, login(A, "chen"), &action).await.unwrap();
    refused!(desk, "same person", "K06", "key.generate.approve", approve(desk, login(A, "chen"), id));
    refused!(desk, "no such request", "K01", "key.approve", approve(desk, login(A, "lin"), id + 100));
    refuse(desk, login(A, "lin"), id).await.unwrap();
    refused!(desk, "decided", "K07", "key.generate.approve", approve(desk, login(A, "lin"), id));
    refused!(desk, "decided", "K07", "key.generate.refuse", refuse(desk, login(A, "lin"), id));
    refused!(
        desk,
        "unreadable input",
        "K10",
        "key.ceremony",
        desk.audited((A, "chen", "key.ceremony", "x"), Err::<(), _>(KeyError::Missing("component".into())))
    );
    let list = custodians(desk, A).await.unwrap();
    let names: Vec<(&str, bool)> = list.iter().map(|c| (c.name.as_str(), c.locked)).collect();
    assert_eq!(names, [("chen", false), ("future", false), ("lin", false), ("past", false)]);
}

async fn ceremonies(desk: &Desk<'_>) {
    let new = new_key("made", Usage::Tac, Level::Issuer);
    let enter = |name, n| Participant { login: login(A, name), component: component(n) };
    refused!(desk, "one custodian", "K08", "key.ceremony", OpenCeremony::open(desk, "chen", A, &new, 1));
    refused!(desk, "six custodians", "K08", "key.ceremony", OpenCeremony::open(desk, "chen", A, &new, 6));
    let taken = new_key("dpk", Usage::Purchase, Level::Issuer);
    refused!(desk, "taken", "K02", "key.ceremony", OpenCeremony::open(desk, "chen", A, &taken, 2));
    let odd = new_key("No Name", Usage::Tac, Level::Issuer);
    refused!(desk, "name", "H13", "key.ceremony", OpenCeremony::open(desk, "chen", A, &odd, 2));

    let mut begun = OpenCeremony::open(desk, "chen", A, &new, 2).await.unwrap();
    let mut wrong = enter("chen", 1);
    wrong.component.kcv[0] ^= 1;
    refused!(desk, "wrong KCV", "H06", "key.ceremony.enter", begun.enter(desk, wrong));
    refused!(desk, "expired", "K04", "key.ceremony.enter", begun.enter(desk, enter("past", 1)));
    let foreign = Participant { login: login(B, "zhao"), component: component(1) };
    refused!(desk, "another owner's", "K03", "key.ceremony.enter", begun.enter(desk, foreign));
    begun.enter(desk, enter("chen", 1)).await.unwrap();
    assert_eq!((begun.missing(), begun.participants().collect::<Vec<_>>()), (1, vec!["chen"]));
    refused!(desk, "the same again", "K06", "key.ceremony.enter", begun.enter(desk, enter("chen", 2)));
    refused!(desk, "a repeated component", "H05", "key.ceremony.enter", begun.enter(desk, enter("lin", 1)));
    refused!(desk, "a missing component", "K10", "key.ceremony", begun.complete(desk, None));

    let mut begun = OpenCeremony::open(desk, "chen", A, &new, 2).await.unwrap();
    begun.enter(desk, enter("chen", 1)).await.unwrap();
    begun.enter(desk, enter("lin", 2)).await.unwrap();
    refused!(desk, "KCV of the whole", "H06", "key.ceremony", begun.complete(desk, Some([0; 3])));
    let mut begun = OpenCeremony::open(desk, "chen", A, &new, 2).await.unwrap();
    begun.enter(desk, enter("chen", 1)).await.unwrap();
    begun.abandon(desk).await.unwrap();
    assert_eq!((last(desk).await.action.as_str(), last(desk).await.outcome.as_str()), ("key.ceremony.abandon", "ok"));
    let mut begun = OpenCeremony::open(desk, "chen", A, &new, 2).await.unwrap();
    begun.enter(desk, enter("chen", 1)).await.unwrap();
    begun.enter(desk, enter("lin", 2)).await.unwrap();
    refused!(desk, "a third", "K06", "key.ceremony.enter", begun.enter(desk, enter("lin", 3)));
    let minutes = begun.complete(desk, None).await.unwrap();
    assert_eq!(minutes.participants.len(), 2);
    assert_eq!(desk.hsm.kcv(tongka_hsm::KeyRef::stored("3050.made")).unwrap(), minutes.kcv);
}

/// A key used for another purpose, and other actions that make no sense.
async fn purposes(desk: &Desk<'_>) {
    let new = || new_key("n", Usage::Tac, Level::Issuer);
    let export = |name: &str, under: &str| Action::Export {
        name: name.into(),
        factors: Factors::default(),
        under: under.into(),
    };
    let import = |key, under: &str| Action::Import { key, under: under.into(), block: "TK1".into() };
    let derive = |parent: &str, factors, key| Action::Derive { parent: parent.into(), factors, to: A.0, key };
    let one = || Factors::new(["00*8"]);
    let cases = [
        ("under a file key", "H03", export("dpk", "zak")),
        ("out of a file key", "H03", import(new(), "zak")),
        ("no such key", "K01", export("none", "zmk")),
        ("not active", "K07", export("made", "zmk")),
        ("no levels", "K09", derive("dpk", Factors::default(), new())),
        ("too many levels", "K09", derive("dpk", Factors::new(["00*8"; 5]), new())),
        ("no factor", "K09", derive("dpk", Factors::new(["00*7"]), new())),
        ("no pattern", "K09", derive("dpk", Factors::new(["{issuer}"]), new())),
        ("no issuer", "K09", derive("dpk", Factors { issuer: Some("02".into()), ..Factors::new(["{issuer}"]) }, new())),
        ("no serial", "K09", derive("dpk", Factors { serial: Some("0Z".into()), ..one() }, new())),
        ("taken", "K02", Action::Generate { key: new_key("dpk", Usage::Tac, Level::Issuer) }),
        ("no name", "H13", Action::Generate { key: new_key("", Usage::Tac, Level::Issuer) }),
        ("back", "K07", Action::Move { name: "dpk".into(), to: KeyState::Generated }),
    ];
    for (what, code, action) in &cases {
        let before = state(desk).await;
        let error = propose(desk, login(A, "chen"), action).await.expect_err(what);
        assert_eq!(error.code(), *code, "{what}: {error}");
        let entry = last(desk).await;
        assert_eq!((entry.action, entry.outcome.as_str()), (format!("{}.propose", action.word()), *code), "{what}");
        assert_eq!(state(desk).await, before, "{what}");
    }
    // What only the device can tell is told when it is done.
    for (what, code, action) in [
        ("a damaged block", "H12", import(new(), "zmk")),
        ("for another purpose", "H03", derive("dpk", one(), new_key("n", Usage::Load, Level::Issuer))),
        (
            "in another algorithm",
            "H04",
            derive("dpk", one(), NewKey { sm4: false, ..new_key("n", Usage::Purchase, Level::Issuer) }),
        ),
    ] {
        let id = propose(desk, login(A, "chen"), &action).await.unwrap();
        let before = state(desk).await;
        assert_eq!(approve(desk, login(A, "lin"), id).await.unwrap_err().code(), code, "{what}");
        let entry = last(desk).await;
        assert_eq!((entry.action, entry.outcome.as_str()), (format!("{}.approve", action.word()), code), "{what}");
        assert_eq!(state(desk).await, before, "{what}");
        refuse(desk, login(A, "lin"), id).await.unwrap();
    }
}

/// Custodians of B, about keys of A: every command there is.
async fn apart(desk: &Desk<'_>) {
    let of_a = "only.a";
    active(desk, A, of_a, Usage::Transport).await;
    let waiting =
        propose(desk, login(A, "chen"), &Action::Move { name: of_a.into(), to: KeyState::Revoked }).await.unwrap();
    let before = state(desk).await;
    let new = || new_key("stolen", Usage::Transport, Level::Issuer);
    let one = || Factors::new(["00*8"]);
    let name = || of_a.to_owned();
    for action in [
        Action::Derive { parent: name(), factors: one(), to: B.0, key: new() },
        Action::Derive { parent: "dpk".into(), factors: one(), to: A.0, key: new() },
        Action::Export { name: name(), factors: Factors::default(), under: "zmk".into() },
        Action::Export { name: "dpk".into(), factors: Factors::default(), under: name() },
        Action::Import { key: new(), under: name(), block: "TK1".into() },
        Action::Move { name: name(), to: KeyState::Destroyed },
        Action::Move { name: "3050.only.a".into(), to: KeyState::Destroyed },
    ] {
        assert_eq!(propose(desk, login(B, "zhao"), &action).await.unwrap_err().code(), "K01", "{action:?}");
        assert_eq!(last(desk).await.outcome, "K01");
    }
    refused!(desk, "approving", "K01", "key.approve", approve(desk, login(B, "qian"), waiting));
    refused!(desk, "refusing", "K01", "key.refuse", refuse(desk, login(B, "qian"), waiting));
    // In the name of A: who B's custodians are is of no use there.
    let pretend = Login::new(A, "zhao", PASSPHRASE);
    refused!(desk, "looking", "K03", "key.see", admit(desk, pretend));
    refused!(
        desk,
        "proposing",
        "K03",
        "key.generate.propose",
        propose(desk, pretend, &Action::Generate { key: new() })
    );
    refused!(desk, "a session of B in A", "K03", "key.see", admit(desk, Login::of_session(A, "zhao")));
    let mixed = together(desk, [login(A, "chen"), login(B, "zhao")]).await;
    assert_eq!(mixed.unwrap_err().code(), "K03");
    // Picking by purpose and every list: nothing of A.
    let wanted = Wanted { index: 1, ..Wanted::new(Usage::Transport, Algorithm::Sm4) };
    assert_eq!(pick(desk, B, wanted).await.unwrap().spec.name, "zmk");
    assert!(keys(desk, B).await.unwrap().iter().all(|k| k.owner == B && k.spec.name != of_a));
    assert!(requests(desk, B).await.unwrap().iter().all(|r| r.owner == B && r.id != waiting));
    assert!(custodians(desk, B).await.unwrap().iter().all(|c| ["zhao", "qian"].contains(&c.name.as_str())));
    for finding in inventory(desk, B).await.unwrap() {
        assert!(matches!(&finding, Finding::Sound(key) if key.owner == B), "{finding:?}");
    }
    for spec in lists::LISTS {
        let query = tongka_listing::Query::all(spec).unwrap();
        let page = tongka_listing::page(desk.db, Scope::Tenant(B), spec, &query).await.unwrap();
        assert!(!page.items.is_empty() && page.items.iter().all(|row| row["owner"] == B.0), "{}", spec.name);
    }
    let of_b = tongka_audit::entries(desk.db, Scope::Tenant(B), 0, 100_000).await.unwrap();
    assert!(of_b.iter().all(|entry| entry.owner == B.0));
    assert_eq!(state(desk).await, before);
    refuse(desk, login(A, "lin"), waiting).await.unwrap();
}

/// A server that has authenticated a person need not ask for the passphrase; office and term count all the same.
async fn sessions(desk: &Desk<'_>) {
    let action = Action::Generate { key: new_key("by.session", Usage::Tac, Level::Issuer) };
    let of = |name| Login::of_session(A, name);
    refused!(desk, "no custodian", "K03", "key.generate.propose", propose(desk, of("nobody"), &action));
    refused!(desk, "expired", "K04", "key.generate.propose", propose(desk, of("past"), &action));
    let id = propose(desk, of("chen"), &action).await.unwrap();
    refused!(desk, "the same person", "K06", "key.generate.approve", approve(desk, of("chen"), id));
    approve(desk, of("lin"), id).await.unwrap();
    // One who is known by sessions only has no passphrase that anybody could guess.
    let (from, to) = (NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(), NaiveDate::from_ymd_opt(2027, 1, 1).unwrap());
    enrol(desk, "admin", of("wu"), from, to).await.unwrap();
    admit(desk, of("wu")).await.unwrap();
    refused!(desk, "an empty passphrase", "K03", "key.see", admit(desk, Login::new(A, "wu", "")));
}
