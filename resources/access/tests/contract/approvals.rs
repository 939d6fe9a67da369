//! Two people for one deed.

use crate::{OTHERS, OURS, World, code, member, set, worlds};
use chrono::{NaiveDate, TimeDelta};
use serde_json::json;
use std::sync::Arc;
use tongka_access::{
    Actor, Approval, ApprovalState, Execution, Owner, Proposal, approval, approve, due, propose, refuse, set_roles,
    withdraw,
};
use tongka_base::Clock;
use tongka_storage::{Db, Scope, WriteTx, params};

fn proposal(owner: Owner) -> Proposal {
    Proposal {
        kind: "member.fee.add",
        owner,
        object: "10002900".into(),
        summary: "新增费率".into(),
        before: json!(null),
        after: json!({"rate_ppm": 6000}),
        effective_on: None,
        request_key: None,
    }
}

/// Does what it was approved for: a preference of account 1 is the change that is made, and seen.
fn execute<'t>(tx: &'t mut WriteTx, approval: &'t Approval, _: &'t dyn Clock) -> Execution<'t> {
    Box::pin(async move {
        let sql = "INSERT INTO preference (account, name, value) VALUES (1, $1, 'done')";
        tx.execute(sql, params![format!("a{}", approval.id)]).await?;
        if approval.after["rate_ppm"] == json!(-1) {
            return Err("M07 费率不能为负".into());
        }
        Ok(json!({"fee": 1}))
    })
}

async fn done(db: &Db) -> i64 {
    let sql = "SELECT COUNT(*) AS n FROM preference";
    db.read(Scope::Platform).fetch_one(sql, params![]).await.unwrap().int("n").unwrap()
}

async fn decide(w: &World, actor: &Actor, id: i64) -> String {
    code(approve(&w.db, actor, id, &w.clock, execute).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_person_decides_once() {
    for w in worlds().await {
        let maker = w.open("maker", Owner::Centre, &["operator"]).await;
        let checker = w.open("checker", Owner::Centre, &["checker"]).await;
        let finance = w.open("finance", Owner::Centre, &["finance"]).await;
        assert_eq!(code(propose(&w.db, &checker, &proposal(Owner::Centre), &w.clock).await), "P05");
        let id = propose(&w.db, &maker, &proposal(Owner::Centre), &w.clock).await.unwrap();
        assert_eq!(decide(&w, &maker, id).await, "P05");
        assert_eq!(decide(&w, &finance, id).await, "P05");
        assert_eq!(decide(&w, &checker, id + 1).await, "P06");
        // The maker by a second account, or after a change of roles, is still the same person.
        w.open_for("maker2", "P-maker", Owner::Centre, &[]).await.unwrap();
        let second = w.enter("maker2").await.identity.actor;
        let root = Actor::local("root");
        set_roles(&w.db, &root, maker.account, &set(&[]), &w.clock).await.unwrap();
        set_roles(&w.db, &root, second.account, &set(&["checker"]), &w.clock).await.unwrap();
        assert_eq!(decide(&w, &second, id).await, "P03");
        assert_eq!(decide(&w, &Actor::local("P-maker"), id).await, "P03");
        assert_eq!(done(&w.db).await, 0);
        let before = approval(&w.db, Scope::Platform, id).await.unwrap();
        assert_eq!(
            (before.state, before.decider, before.after),
            (ApprovalState::Open, None, json!({"rate_ppm": 6000}))
        );
        let decided = approve(&w.db, &checker, id, &w.clock, execute).await.unwrap();
        assert_eq!((decided.state, &decided.result), (ApprovalState::Done, &json!({"fee": 1})));
        assert_eq!(approval(&w.db, Scope::Platform, id).await.unwrap(), decided);
        assert_eq!(decide(&w, &checker, id).await, "P04");
        assert_eq!(code(refuse(&w.db, &checker, id, "晚了", &w.clock).await), "P04");
        assert_eq!(done(&w.db).await, 1);
        for (action, outcome) in [
            ("member.fee.add.propose", "P05"),
            ("member.fee.add.propose", "ok"),
            ("approval.approve", "P03"),
            ("approval.approve", "P04"),
            ("member.fee.add.approve", "ok"),
            ("member.fee.add.execute", "ok"),
        ] {
            assert!(w.was_audited(action, outcome).await, "{action} {outcome}");
        }
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_count_at_the_moment_of_the_decision() {
    for w in worlds().await {
        let maker = w.open("maker", Owner::Centre, &["operator"]).await;
        let checker = w.open("checker", Owner::Centre, &["checker"]).await;
        let id = propose(&w.db, &maker, &proposal(Owner::Centre), &w.clock).await.unwrap();
        set_roles(&w.db, &Actor::local("root"), checker.account, &set(&["viewer"]), &w.clock).await.unwrap();
        assert!(checker.may("member.approve"), "as it was at the beginning of the request");
        assert_eq!(decide(&w, &checker, id).await, "P05");
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_decide_at_once_one_wins() {
    for w in worlds().await {
        let maker = w.open("maker", Owner::Centre, &["operator"]).await;
        let w = Arc::new(w);
        let one = w.open("first", Owner::Centre, &["checker"]).await;
        let two = w.open("second", Owner::Centre, &["checker"]).await;
        for _ in 0..5 {
            let id = propose(&w.db, &maker, &proposal(Owner::Centre), &w.clock).await.unwrap();
            let before = done(&w.db).await;
            let (a, b) = (w.clone(), w.clone());
            let (one, two) = (one.clone(), two.clone());
            let tasks = (
                tokio::spawn(async move { decide(&a, &one, id).await }),
                tokio::spawn(async move { decide(&b, &two, id).await }),
            );
            let mut codes = [tasks.0.await.unwrap(), tasks.1.await.unwrap()];
            codes.sort();
            assert_eq!(codes, ["P04", "ok"]);
            assert_eq!(done(&w.db).await, before + 1);
        }
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deed_that_is_refused_leaves_all_as_it_was() {
    for w in worlds().await {
        let maker = w.open("maker", Owner::Centre, &["operator"]).await;
        let checker = w.open("checker", Owner::Centre, &["checker"]).await;
        let bad = Proposal { after: json!({"rate_ppm": -1}), ..proposal(Owner::Centre) };
        let id = propose(&w.db, &maker, &bad, &w.clock).await.unwrap();
        let refusal = approve(&w.db, &checker, id, &w.clock, execute).await.unwrap_err();
        assert_eq!(refusal.code(), "P24");
        assert!(refusal.to_string().contains("M07"), "{refusal}");
        assert_eq!(done(&w.db).await, 0);
        assert_eq!(approval(&w.db, Scope::Platform, id).await.unwrap().state, ApprovalState::Open);
        assert_eq!(code(refuse(&w.db, &checker, id, "  ", &w.clock).await), "P10");
        let refused = refuse(&w.db, &checker, id, "费率有误", &w.clock).await.unwrap();
        assert_eq!((refused.state, refused.reason.as_deref()), (ApprovalState::Refused, Some("费率有误")));
        // Taken back by who proposed it, and by nobody else.
        let id = propose(&w.db, &maker, &bad, &w.clock).await.unwrap();
        assert_eq!(code(withdraw(&w.db, &checker, id, &w.clock).await), "P05");
        assert_eq!(withdraw(&w.db, &maker, id, &w.clock).await.unwrap().state, ApprovalState::Withdrawn);
        assert_eq!(decide(&w, &checker, id).await, "P04");
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_effect_later_waits_for_its_day() {
    for w in worlds().await {
        let maker = w.open("maker", Owner::Centre, &["operator"]).await;
        let checker = w.open("checker", Owner::Centre, &["checker"]).await;
        let day = |d| NaiveDate::from_ymd_opt(2026, 9, d);
        let of = |effective_on, rate: i64| Proposal {
            effective_on,
            after: json!({"rate_ppm": rate}),
            ..proposal(Owner::Centre)
        };
        let make = async |p: Proposal| propose(&w.db, &maker, &p, &w.clock).await;
        assert_eq!(
            code(make(Proposal { effective_on: NaiveDate::from_ymd_opt(2026, 8, 31), ..of(None, 1) }).await),
            "P23"
        );
        let mut ids = Vec::new();
        for (on, rate) in [(day(1), 1), (day(3), 2), (day(2), -1), (day(3), 4), (day(4), 5)] {
            let id = make(of(on, rate)).await.unwrap();
            assert_eq!(decide(&w, &checker, id).await, "ok");
            ids.push(id);
        }
        let states = async || {
            let mut states = Vec::new();
            for id in &ids {
                states.push(approval(&w.db, Scope::Platform, *id).await.unwrap().state.word());
            }
            states
        };
        assert_eq!(states().await, ["done", "scheduled", "scheduled", "scheduled", "scheduled"]);
        assert_eq!(done(&w.db).await, 1);
        withdraw(&w.db, &maker, ids[3], &w.clock).await.unwrap();
        assert!(due(&w.db, day(1).unwrap(), &w.clock, execute).await.unwrap().is_empty());
        w.clock.pass(TimeDelta::days(2));
        let worked = due(&w.db, day(3).unwrap(), &w.clock, execute).await.unwrap();
        assert_eq!(
            worked.iter().map(|a| (a.id, a.state.word())).collect::<Vec<_>>(),
            [(ids[2], "failed"), (ids[1], "done")]
        );
        assert!(worked[0].reason.as_deref().unwrap().contains("M07"));
        assert_eq!(states().await, ["done", "done", "failed", "withdrawn", "scheduled"]);
        assert_eq!(done(&w.db).await, 2, "the failed one left nothing");
        assert!(due(&w.db, day(3).unwrap(), &w.clock, execute).await.unwrap().is_empty(), "once");
        assert!(w.was_audited("member.fee.add.execute", "P24").await);
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn institutions_decide_their_own_proposals() {
    for w in worlds().await {
        let ours = w.open("ours", member(OURS), &["member-operator"]).await;
        let our_checker = w.open("ourchecker", member(OURS), &["member-checker"]).await;
        let their_checker = w.open("theirchecker", member(OTHERS), &["member-checker"]).await;
        let centre = w.open("centre", Owner::Centre, &["operator"]).await;
        let centre_checker = w.open("centrechecker", Owner::Centre, &["checker"]).await;
        let dispute = |owner| Proposal { kind: "dispute.raise", ..proposal(owner) };
        let id = propose(&w.db, &ours, &dispute(member(OURS)), &w.clock).await.unwrap();
        assert_eq!(decide(&w, &their_checker, id).await, "P06", "as if it were not there");
        assert_eq!(decide(&w, &centre_checker, id).await, "P22");
        assert_eq!(decide(&w, &our_checker, id).await, "ok");
        // What the centre proposes about a member, the member may see and not decide.
        let id = propose(&w.db, &centre, &dispute(member(OURS)), &w.clock).await.unwrap();
        assert_eq!(code(approval(&w.db, our_checker.scope(), id).await), "ok");
        assert_eq!(code(approval(&w.db, their_checker.scope(), id).await), "P06");
        assert_eq!(decide(&w, &our_checker, id).await, "P22");
        assert_eq!(code(withdraw(&w.db, &our_checker, id, &w.clock).await), "P05");
        assert_eq!(decide(&w, &centre_checker, id).await, "ok");
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_twice_under_a_key_is_asking_once() {
    for w in worlds().await {
        let maker = w.open("maker", Owner::Centre, &["operator"]).await;
        let other = w.open("other", Owner::Centre, &["operator"]).await;
        let keyed = Proposal { request_key: Some("k1".into()), ..proposal(Owner::Centre) };
        let id = propose(&w.db, &maker, &keyed, &w.clock).await.unwrap();
        assert_eq!(propose(&w.db, &maker, &keyed, &w.clock).await.unwrap(), id);
        let changed = Proposal { after: json!({"rate_ppm": 1}), ..keyed.clone() };
        assert_eq!(code(propose(&w.db, &maker, &changed, &w.clock).await), "P29");
        assert_ne!(propose(&w.db, &other, &changed, &w.clock).await.unwrap(), id);
        for bad in [
            Proposal { object: String::new(), ..keyed.clone() },
            Proposal { summary: "x".repeat(301), ..keyed.clone() },
            Proposal { request_key: Some(String::new()), ..keyed.clone() },
            Proposal { after: json!("x".repeat(300 << 10)), ..keyed.clone() },
        ] {
            assert_eq!(code(propose(&w.db, &maker, &bad, &w.clock).await), "P10");
        }
        w.db.close().await;
    }
}
