//! Accounts, roles, logins, sessions, one-time passwords.

use crate::{OTHERS, OURS, PASSWORD, code, member, set, worlds};
use chrono::TimeDelta;
use tongka_access::{
    Actor, LISTS, NewAccount, Owner, Role, TotpState, account, begin_totp, change_password, confirm_totp,
    create_first_admin, csrf_fits, csrf_token, delete_role, end_session, end_totp, logout, open_account, preference,
    put_role, recovery_codes_left, reset_password, reset_totp, roles, set_enabled, set_preference, set_roles,
    sync_roles,
};
use tongka_base::MemberCode;
use tongka_storage::{Scope, TenantCode, params};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrators_are_made_once() {
    for w in worlds().await {
        let new = |login: &str| NewAccount {
            login: login.into(),
            name: "王五".into(),
            person: format!("P-{login}"),
            owner: Owner::Centre,
        };
        let first = async |login: &str, role: &str, password: &str| {
            create_first_admin(&w.db, &new(login), role, password, &w.clock).await
        };
        assert_eq!(code(first("sys", "operator", PASSWORD).await), "P12");
        assert_eq!(code(first("sys", "system-admin", "short").await), "P07");
        assert_eq!(code(first("sys", "system-admin", PASSWORD).await), "ok");
        assert_eq!(code(first("sys2", "system-admin", PASSWORD).await), "P26");
        assert_eq!(code(first("sys", "security-admin", PASSWORD).await), "P09");
        assert_eq!(code(first("SYS", "security-admin", PASSWORD).await), "P09", "case makes no other login");
        assert_eq!(code(first("sec", "security-admin", PASSWORD).await), "ok");
        // Once nobody can act as one, there may be another.
        let id = w.enter("sys").await.identity.actor.account;
        set_enabled(&w.db, &Actor::local("root"), id, false, &w.clock).await.unwrap();
        assert_eq!(code(first("sys2", "system-admin", PASSWORD).await), "ok");
        assert!(w.was_audited("account.open", "P07").await && w.was_audited("account.open", "ok").await);
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_take_two_people_and_are_never_ones_own() {
    for w in worlds().await {
        let system = w.open("system", Owner::Centre, &["system-admin"]).await;
        let security = w.open("security", Owner::Centre, &["security-admin"]).await;
        let operator = w.open("operator", Owner::Centre, &["operator"]).await;
        let new =
            NewAccount {
                login: "zhang.san".into(), name: "张三".into(), person: "1001".into(), owner: Owner::Centre
            };
        assert_eq!(code(open_account(&w.db, &operator, &new, &w.clock).await), "P05");
        assert_eq!(code(open_account(&w.db, &security, &new, &w.clock).await), "P05");
        let opened = open_account(&w.db, &system, &new, &w.clock).await.unwrap();
        let give = async |actor: &Actor, id, roles: &[&str]| set_roles(&w.db, actor, id, &set(roles), &w.clock).await;
        assert_eq!(code(give(&system, opened.id, &["checker"]).await), "P05");
        assert_eq!(code(give(&security, opened.id, &["nothing"]).await), "P12");
        assert_eq!(code(give(&security, opened.id, &["member-admin"]).await), "P11", "three powers in one");
        assert_eq!(code(give(&security, opened.id, &["operator", "checker"]).await), "P11", "maker and checker in one");
        assert_eq!(code(give(&security, opened.id, &["checker"]).await), "ok");
        assert_eq!(code(give(&security, security.account, &["checker"]).await), "P14");
        assert_eq!(code(give(&security, 9_999, &["checker"]).await), "P06");
        // The same person's other account counts too, and is oneself.
        let second = w.open_for("zhang2", "1001", Owner::Centre, &[]).await.unwrap();
        assert_eq!(code(give(&security, second, &["operator"]).await), "P11");
        assert_eq!(code(give(&security, second, &["viewer"]).await), "ok");
        let own = w.open_for("security2", "P-security", Owner::Centre, &[]).await.unwrap();
        assert_eq!(code(give(&security, own, &["finance"]).await), "P14");
        assert_eq!(code(reset_password(&w.db, &system, system.account, &w.clock).await), "P14");
        // The account works with what it was given, and changes its password first.
        let first = w.try_with("zhang.san", &opened.password, None).await.unwrap();
        assert!(first.identity.must_change_password && first.identity.actor.may("member.approve"));
        assert!(!w.leaks(&opened.password).await);
        for (bad, why) in [("ab", "login"), ("a b c", "login"), ("x".repeat(33).as_str(), "login")] {
            let new = NewAccount { login: bad.into(), ..new.clone() };
            assert_eq!(code(open_account(&w.db, &system, &new, &w.clock).await), "P10", "{why}");
        }
        assert!(w.was_audited("account.roles", "P11").await && w.was_audited("account.roles", "ok").await);
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_manage_their_own_people_only() {
    for w in worlds().await {
        let ours = w.open("ours", member(OURS), &["member-admin"]).await;
        let theirs = w.open("theirs", member(OTHERS), &["member-operator"]).await;
        let new =
            |login: &str, owner| NewAccount { login: login.into(), name: "李四".into(), person: login.into(), owner };
        let opened = open_account(&w.db, &ours, &new("clerk", member(OURS)), &w.clock).await.unwrap();
        for owner in [member(OTHERS), Owner::Centre, Owner::Tenant(TenantCode(i64::from(OURS)))] {
            assert_eq!(code(open_account(&w.db, &ours, &new("spy", owner), &w.clock).await), "P05");
        }
        let give = async |id, roles: &[&str]| code(set_roles(&w.db, &ours, id, &set(roles), &w.clock).await);
        assert_eq!(give(opened.id, &["member-operator"]).await, "ok");
        assert_eq!(give(opened.id, &["operator"]).await, "P12", "the centre's work is not for members");
        assert_eq!(give(theirs.account, &["member-operator"]).await, "P06", "as if it were not there");
        assert_eq!(code(reset_password(&w.db, &ours, theirs.account, &w.clock).await), "P06");
        assert_eq!(code(set_enabled(&w.db, &ours, theirs.account, false, &w.clock).await), "P06");
        assert_eq!(code(account(&w.db, ours.scope(), theirs.account).await), "P06");
        assert_eq!(account(&w.db, ours.scope(), opened.id).await.unwrap().roles, ["member-operator"]);
        assert_eq!(code(account(&w.db, Scope::Tenant(TenantCode(i64::from(OURS))), opened.id).await), "P06");
        // A member of the same number as a tenant is another owner.
        assert_eq!(code(account(&w.db, Scope::Member(MemberCode(OURS)), opened.id).await), "ok");
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_data_and_hold_no_clashing_duties() {
    for w in worlds().await {
        sync_roles(&w.db).await.unwrap();
        sync_roles(&w.db).await.unwrap();
        let security = w.open("security", Owner::Centre, &["security-admin"]).await;
        let operator = w.open("operator", Owner::Centre, &["operator"]).await;
        let role = |code: &str, permissions: &[&str]| Role {
            code: code.into(),
            zh: "对账员".into(),
            en: "Reconciler".into(),
            built_in: false,
            permissions: set(permissions),
        };
        let put = async |actor, role| code(put_role(&w.db, actor, &role, &w.clock).await);
        assert_eq!(put(&operator, role("reconciler", &["ledger.read"])).await, "P05");
        assert_eq!(put(&security, role("operator", &["ledger.read"])).await, "P13");
        assert_eq!(put(&security, role("reconciler", &["no.such"])).await, "P10");
        assert_eq!(put(&security, role("Reconciler!", &["ledger.read"])).await, "P10");
        assert_eq!(put(&security, role("reconciler", &["member.propose", "member.approve"])).await, "P11");
        assert_eq!(put(&security, role("reconciler", &["audit.verify", "access.write"])).await, "P11");
        assert_eq!(put(&security, role("reconciler", &["ledger.read", "position.read"])).await, "ok");
        let id = w.open_for("rec", "R1", Owner::Centre, &["reconciler", "checker"]).await.unwrap();
        let held = w.enter("rec").await;
        assert!(held.identity.actor.may("ledger.read") && !held.identity.actor.may("report.write"));
        // Defined anew it binds who has it at their next request; clashes there refuse it.
        assert_eq!(put(&security, role("reconciler", &["member.propose"])).await, "P11");
        assert_eq!(put(&security, role("reconciler", &["job.manage"])).await, "ok");
        assert!(w.whose(&held.token).await.unwrap().actor.may("job.manage"));
        w.open_for("own", "P-security", Owner::Centre, &["reconciler"]).await.unwrap();
        assert_eq!(put(&security, role("reconciler", &["file.read"])).await, "P14");
        assert_eq!(code(delete_role(&w.db, &security, "reconciler", &w.clock).await), "P27");
        assert_eq!(code(delete_role(&w.db, &security, "viewer", &w.clock).await), "P13");
        assert_eq!(code(delete_role(&w.db, &security, "nothing", &w.clock).await), "P06");
        let _ = id;
        assert_eq!(roles(&w.db).await.unwrap().iter().filter(|r| !r.built_in).count(), 1);
        for list in LISTS {
            tongka_listing::check(&w.db, list).await.unwrap();
        }
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_lock_and_tell_nothing() {
    for w in worlds().await {
        w.open("zhang", Owner::Centre, &["viewer"]).await;
        let texts =
            async |login: &str, password: &str| w.try_with(login, password, None).await.err().unwrap().to_string();
        let wrong = texts("zhang", "wrong").await;
        assert_eq!(wrong, texts("nobody", "wrong").await);
        assert_eq!(wrong, texts("", "").await);
        assert_eq!(wrong, texts("zhang\0", "x").await);
        for _ in 0..4 {
            assert_eq!(texts("zhang", "wrong").await, wrong);
        }
        assert_eq!(texts("zhang", PASSWORD).await, wrong, "locked: the right one has the same answer");
        assert!(w.was_audited("account.lock", "ok").await);
        w.clock.pass(TimeDelta::minutes(15));
        w.enter("ZHANG").await;
        // A success forgets earlier failures.
        for _ in 0..4 {
            texts("zhang", "wrong").await;
        }
        w.enter("zhang").await;
        for _ in 0..4 {
            texts("zhang", "wrong").await;
        }
        let id = w.enter("zhang").await.identity.actor.account;
        set_enabled(&w.db, &Actor::local("root"), id, false, &w.clock).await.unwrap();
        assert_eq!(texts("zhang", PASSWORD).await, wrong);
        let sql = "SELECT outcome, COUNT(*) AS n FROM login_log GROUP BY outcome ORDER BY outcome";
        let rows = w.db.read(Scope::Platform).fetch_all(sql, params![]).await.unwrap();
        let counts: Vec<_> = rows.iter().map(|r| (r.text("outcome").unwrap(), r.int("n").unwrap())).collect();
        let expected = [("disabled", 1), ("locked", 1), ("ok", 4), ("password", 13), ("unknown", 3)];
        assert_eq!(counts, expected.map(|(outcome, n)| (outcome.to_owned(), n)));
        // Somebody who types the password into the other field does not find it in the log.
        texts("my secret words", "x").await;
        assert!(!w.leaks("my secret").await && !w.leaks(PASSWORD).await);
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_idleness_by_age_and_by_hand() {
    for w in worlds().await {
        let security = w.open("security", Owner::Centre, &["security-admin"]).await;
        let ours = w.open("ours", member(OURS), &["member-admin"]).await;
        w.open("zhang", Owner::Centre, &["viewer"]).await;
        let first = w.enter("zhang").await;
        assert_eq!(first.token.len(), 43);
        assert!(!w.leaks(&first.token).await);
        let csrf = csrf_token(&first.token);
        assert!(csrf_fits(&first.token, &csrf) && !csrf_fits(&first.token, "x") && !w.leaks(&csrf).await);
        assert_eq!(code(w.whose("nonsense").await), "P15");
        // Used now and then it lives on, up to its last hour.
        for _ in 0..71 {
            w.clock.pass(TimeDelta::minutes(10));
            assert_eq!(code(w.whose(&first.token).await), "ok");
        }
        w.clock.pass(TimeDelta::minutes(10));
        assert_eq!(code(w.whose(&first.token).await), "P15", "twelve hours");
        let second = w.enter("zhang").await;
        w.clock.pass(TimeDelta::seconds(15 * 60));
        assert_eq!(code(w.whose(&second.token).await), "ok");
        w.clock.pass(TimeDelta::seconds(15 * 60 + 1));
        assert_eq!(code(w.whose(&second.token).await), "P15", "idle");
        // By hand: one's own, or with the permission.
        let third = w.enter("zhang").await;
        let zhang = third.identity.actor.clone();
        let session = |actor: &Actor| match actor.via {
            tongka_access::Via::Session(id) => id,
            _ => panic!(),
        };
        assert_eq!(code(end_session(&w.db, &ours, session(&zhang), &w.clock).await), "P06");
        assert_eq!(code(end_session(&w.db, &zhang, session(&security), &w.clock).await), "P05");
        assert_eq!(code(end_session(&w.db, &security, session(&zhang), &w.clock).await), "ok");
        assert_eq!(code(end_session(&w.db, &security, session(&zhang), &w.clock).await), "P27");
        assert_eq!(code(w.whose(&third.token).await), "P15");
        let fourth = w.enter("zhang").await;
        logout(&w.db, &fourth.identity.actor, &w.clock).await.unwrap();
        assert_eq!(code(w.whose(&fourth.token).await), "P15");
        let fifth = w.enter("zhang").await;
        set_enabled(&w.db, &Actor::local("root"), zhang.account, false, &w.clock).await.unwrap();
        assert_eq!(code(w.whose(&fifth.token).await), "P15");
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_change_forward_only() {
    for w in worlds().await {
        w.open("zhang", Owner::Centre, &["viewer"]).await;
        let here = w.enter("zhang").await;
        let elsewhere = w.enter("zhang").await;
        let zhang = &here.identity.actor;
        let change = async |old: &str, new: &str| code(change_password(&w.db, zhang, old, new, &w.clock).await);
        assert_eq!(change("wrong", "another river of many stones").await, "P01");
        assert_eq!(change(PASSWORD, "short").await, "P07");
        assert_eq!(change(PASSWORD, PASSWORD).await, "P08");
        let mut old = PASSWORD.to_owned();
        for word in ["zero", "one", "two", "three", "four"] {
            let new = format!("another river of {word} stones");
            assert_eq!(change(&old, &new).await, "ok");
            old = new;
        }
        assert_eq!(change(&old, "another river of zero stones").await, "P08", "one of the last five");
        assert_eq!(change(&old, PASSWORD).await, "ok", "longer ago");
        assert_eq!(code(w.whose(&here.token).await), "ok");
        assert_eq!(code(w.whose(&elsewhere.token).await), "P15");
        // Reset by another: for one login, and everywhere out.
        let opened = reset_password(&w.db, &Actor::local("root"), zhang.account, &w.clock).await.unwrap();
        assert_eq!(code(w.whose(&here.token).await), "P15");
        assert_eq!(code(w.try_with("zhang", PASSWORD, None).await), "P01");
        assert!(w.try_with("zhang", &opened.password, None).await.unwrap().identity.must_change_password);
        w.db.close().await;
    }
}

fn code_at(secret: &str, unix: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(unix).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_passwords_open_once() {
    for w in worlds().await {
        let zhang = w.open("zhang", Owner::Centre, &["viewer"]).await;
        let security = w.open("security", Owner::Centre, &["security-admin"]).await;
        let now = || tongka_base::Clock::now(&w.clock).and_utc().timestamp() as u64 - 8 * 3600;
        let confirm = async |code: &str| confirm_totp(&w.db, &w.secret, &zhang, code, &w.clock).await;
        assert_eq!(code(confirm("123456").await), "P27");
        let offer = begin_totp(&w.db, &w.secret, &zhang, &w.clock).await.unwrap();
        assert!(offer.url.starts_with("otpauth://totp/Tongka:zhang?secret=") && !w.leaks(&offer.secret).await);
        w.enter("zhang").await;
        let wrong = if code_at(&offer.secret, now()) == "000000" { "000001" } else { "000000" };
        assert_eq!(code(confirm(wrong).await), "P28");
        let recovery = confirm(&code_at(&offer.secret, now())).await.unwrap();
        assert_eq!(recovery.len(), 10);
        assert!(!w.leaks(&recovery[0]).await);
        assert_eq!(code(begin_totp(&w.db, &w.secret, &zhang, &w.clock).await), "P27");

        let enter = async |totp: Option<&str>| code(w.try_with("zhang", PASSWORD, totp).await);
        assert_eq!(enter(None).await, "P02");
        assert_eq!(code(w.try_with("zhang", "wrong", None).await), "P01", "only who knows the password hears of it");
        assert_eq!(enter(Some(&code_at(&offer.secret, now()))).await, "P01", "it was used to confirm");
        w.clock.pass(TimeDelta::seconds(30));
        let next = code_at(&offer.secret, now());
        assert_eq!(enter(Some(&next)).await, "ok");
        assert_eq!(enter(Some(&next)).await, "P01", "used");
        assert_eq!(enter(Some(&recovery[0])).await, "ok");
        assert_eq!(enter(Some(&recovery[0])).await, "P01", "used");
        assert_eq!(enter(Some(&recovery[1].to_lowercase())).await, "ok");
        assert_eq!(recovery_codes_left(&w.db, &zhang).await.unwrap(), 8);
        assert_eq!(code(end_totp(&w.db, &w.secret, &zhang, "000", &w.clock).await), "P28");
        // Wrong codes lock like wrong passwords.
        for _ in 0..5 {
            assert_eq!(enter(Some("nonsense")).await, "P01");
        }
        assert_eq!(enter(Some(&recovery[2])).await, "P01");
        w.clock.pass(TimeDelta::minutes(15));
        assert_eq!(enter(Some(&recovery[2])).await, "ok");
        assert_eq!(code(reset_totp(&w.db, &zhang, security.account, &w.clock).await), "P05");
        reset_totp(&w.db, &security, zhang.account, &w.clock).await.unwrap();
        assert_eq!(account(&w.db, Scope::Platform, zhang.account).await.unwrap().totp, TotpState::Off);
        assert_eq!(enter(None).await, "ok");
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_are_of_one_account() {
    for w in worlds().await {
        let zhang = w.open("zhang", Owner::Centre, &["viewer"]).await;
        let li = w.open("li4", Owner::Centre, &["viewer"]).await;
        let value = serde_json::json!({"columns": ["a"], "text": "列\u{0}"});
        set_preference(&w.db, &zhang, "list.uploads", &value).await.unwrap();
        assert_eq!(preference(&w.db, &zhang, "list.uploads").await.unwrap(), value);
        assert!(preference(&w.db, &li, "list.uploads").await.unwrap().is_null());
        set_preference(&w.db, &zhang, "list.uploads", &serde_json::Value::Null).await.unwrap();
        assert!(preference(&w.db, &zhang, "list.uploads").await.unwrap().is_null());
        let large = serde_json::json!("x".repeat(70_000));
        for (name, value) in [("", &value), ("a/b", &value), ("big", &large)] {
            assert_eq!(code(set_preference(&w.db, &zhang, name, value).await), "P10", "{name}");
        }
        w.db.close().await;
    }
}
