//! Two people, one version each; nobody in between.

use super::*;
use tongka_access::AccessCode;
use tongka_base::SystemClock;
use tongka_engine::day::days;
use tongka_member::{KINDS, at_version, version_of, versions};

fn range(from: &str) -> Value {
    json!({ "member": "10002900", "from": from, "to": from, "state": "active" })
}

#[tokio::test]
async fn who_proposes_does_not_approve() {
    for centre in Centre::both().await {
        let checked = validate(&centre.db, "member.psam.add", &range("AA0000000000"), None, &clock()).await.unwrap();
        assert_eq!((checked.before.clone(), checked.after["to"].as_str()), (Value::Null, Some("AA0000000000")));
        assert_eq!(
            checked.summary,
            "新增PSAM号段 AA0000000000–AA0000000000，属成员 10002900，状态 active（自清算日 2026-08-20 起）"
        );
        let id = propose(&centre.db, &Actor::local("zhang"), &checked.proposal(None), &clock()).await.unwrap();
        assert_eq!(centre.approve(id, "zhang").await.unwrap_err().code(), AccessCode::SamePerson.code());
        assert_eq!(versions(&centre.db).await.unwrap().len(), 1);
        let approval = centre.approve(id, "li").await.unwrap();
        let version = versions(&centre.db).await.unwrap().pop().unwrap();
        assert_eq!((version.number, version.approval), (2, Some(id)));
        assert_eq!(approval.result["digest"], version.digest);
        assert_eq!(centre.approve(id, "wang").await.unwrap_err().code(), AccessCode::Decided.code());
        let entries = tongka_audit::entries(&centre.db, tongka_storage::Scope::Platform, 0, 100).await.unwrap();
        let made: Vec<_> = entries.iter().filter(|e| e.action == "member.version").collect();
        assert_eq!(made.len(), 2);
        assert_eq!((made[1].actor.as_str(), made[1].object.as_str()), ("li", "member.psam.add"));
        assert!(made[1].detail.contains(&version.digest));
    }
}

#[tokio::test]
async fn a_proposal_that_no_longer_fits_stays_open_and_changes_nothing() {
    for centre in Centre::both().await {
        let mut ids = Vec::new();
        for _ in 0..2 {
            let kind = "member.psam.add";
            let checked = validate(&centre.db, kind, &range("AA0000000000"), None, &clock()).await.unwrap();
            ids.push(propose(&centre.db, &Actor::local("zhang"), &checked.proposal(None), &clock()).await.unwrap());
        }
        centre.approve(ids[0], "li").await.unwrap();
        assert_eq!(told(&centre.approve(ids[1], "li").await.unwrap_err()), "M07 from");
        assert_eq!(versions(&centre.db).await.unwrap().len(), 2);
        tongka_access::withdraw(&centre.db, &Actor::local("zhang"), ids[1], &clock()).await.unwrap();
    }
}

#[tokio::test]
async fn approvals_at_the_same_moment_make_one_version_each() {
    for centre in Centre::both().await {
        let mut ids = Vec::new();
        for n in 0..8 {
            let payload = range(&format!("AA000000000{n}"));
            let checked = validate(&centre.db, "member.psam.add", &payload, None, &clock()).await.unwrap();
            ids.push(propose(&centre.db, &Actor::local("zhang"), &checked.proposal(None), &clock()).await.unwrap());
        }
        let tasks: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let db = centre.db.clone();
                tokio::spawn(async move {
                    approve(&db, &Actor::local("li"), id, &SystemClock, |tx, approval, clock| {
                        Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
                    })
                    .await
                })
            })
            .collect();
        let mut made = Vec::new();
        for task in tasks {
            made.push(task.await.unwrap().unwrap().result["version"].as_i64().unwrap());
        }
        made.sort_unstable();
        assert_eq!(made, (2..=9).collect::<Vec<_>>());
        assert_eq!(centre.scheme().await.psam_ranges.len(), 10);
        assert!(tongka_member::verify(&centre.db).await.unwrap().faults.is_empty());
    }
}

#[tokio::test]
async fn a_clearing_date_runs_under_the_version_it_was_opened_with() {
    for centre in Centre::both().await {
        let opened = centre.open_day("2026-09-01").await;
        centre.change("member.psam.stop", json!({ "from": "290000000001" })).await.unwrap();
        let day = days(&centre.db).await.unwrap().pop().unwrap();
        let version = version_of(&centre.db, &day.scheme_digest).await.unwrap().unwrap();
        assert_eq!(version, opened);
        let runs_under = at_version(&centre.db, centre.data(), version.number).await.unwrap();
        assert_eq!(runs_under.psam_ranges[0].state.name(), "active");
        let kind = "member.psam.remove";
        let checked = validate(&centre.db, kind, &json!({ "from": "335000000000" }), None, &clock()).await.unwrap();
        assert_eq!(checked.first_clearing_date, date("2026-09-02"));
        centre.close_day("2026-09-01").await;
        let next = centre.open_day("2026-09-02").await;
        assert_eq!(next.number, 2);
    }
}

#[tokio::test]
async fn a_later_first_clearing_date_is_a_later_deed() {
    for centre in Centre::both().await {
        centre.open_day("2026-09-01").await;
        let try_on = async |kind: &str, payload: Value, on: &str| {
            let checked = validate(&centre.db, kind, &payload, Some(date(on)), &clock()).await;
            checked.map(|c| (c.effective_on, c.first_clearing_date)).map_err(|error| shown(&error))
        };
        let kind = "member.psam.add";
        let next = (None, date("2026-09-02"));
        assert_eq!(try_on(kind, range("AA0000000000"), "2026-09-02").await, Ok(next));
        let later = (Some(date("2026-10-08")), date("2026-10-08"));
        assert_eq!(try_on(kind, range("AA0000000000"), "2026-10-08").await, Ok(later));
        assert_eq!(try_on(kind, range("AA0000000000"), "2026-09-01").await, Err("M08 effective_on".into()));
        assert_eq!(try_on("member.fee.add", fee("2026-10-08"), "2026-10-08").await, Err("M19 effective_on".into()));
    }
}

#[tokio::test]
async fn payloads_are_read_strictly() {
    assert!(KINDS.iter().all(|spec| spec.kind.starts_with("member.") && !spec.zh.is_empty() && !spec.en.is_empty()));
    for centre in Centre::both().await {
        let cases = [
            ("member.nothing", json!({}), "M03 kind"),
            ("member.fee.add", json!({}), "M02 "),
            ("member.fee.add", json!([]), "M02 "),
            ("member.psam.stop", json!({ "from": "29000000000g" }), "M02 from"),
            ("member.psam.stop", json!({ "from": 1 }), "M02 from"),
            ("member.psam.stop", json!({ "from": "290000000001", "x": 1 }), "M02 x"),
            ("member.add", json!({ "code": "00000000" }), "M02 code"),
            ("member.suspend", json!({ "code": "10002900", "from": "2026-13-01" }), "M02 from"),
            (
                "member.issuer.add",
                json!({ "scheme": "T", "issuer_id": "0200310000000000", "member": "10002900", "overdraft_limit_fen": 0,
                        "keys": [{ "version": "01", "algorithm": "02" }] }),
                "M02 keys[0].algorithm",
            ),
        ];
        for (kind, payload, expected) in cases {
            assert_eq!(centre.change(kind, payload.clone()).await, Err(expected.into()), "{kind} {payload}");
        }
        assert_eq!(versions(&centre.db).await.unwrap().len(), 1);
    }
}
