//! Every kind of change: what it does and what it refuses, each case after the ones before it.

use super::*;
use tongka_base::{Fen, MemberCode};
use tongka_engine::posting;
use tongka_ledger::{AccountSpec, NormalSide};
use tongka_scheme::render;
use tongka_storage::Scope;

/// A change and what comes of it: `ok`, or the code with the field at fault.
type Case = (&'static str, Value, &'static str);

/// Runs cases one after the other on both databases, while the clearing date 2026-09-01 is open, and returns the scheme
/// that they lead to.
async fn run(cases: &[Case]) -> Scheme {
    let mut ends = Vec::new();
    for centre in Centre::both().await {
        centre.open_day("2026-09-01").await;
        for (at, (kind, payload, expected)) in cases.iter().enumerate() {
            let outcome = centre.change(kind, payload.clone()).await;
            let outcome = outcome.map_or_else(|code| code, |_| "ok".to_owned());
            assert_eq!(outcome, *expected, "case {at}: {kind} {payload}");
        }
        let scheme = centre.scheme().await;
        assert_eq!(parse(&render(&scheme), "rendered.toml").unwrap(), scheme);
        ends.push(scheme);
    }
    assert_eq!(ends[0], ends[1]);
    ends.swap_remove(0)
}

#[tokio::test]
async fn members() {
    let new = |code: &str, from: &str| json!({ "code": code, "name": "宁波", "city": "3320", "active_from": from });
    let edit = |name: &str| json!({ "code": "10002900", "name": name, "city": "2900" });
    let suspend = |code: &str, from: &str, to: Value| json!({ "code": code, "from": from, "to": to, "reason": "欠费" });
    let resume = |on: &str| json!({ "code": "10002900", "on": on });
    let scheme = run(&[
        ("member.add", new("10002900", "2026-10-01"), "M07 code"),
        ("member.add", new("10003320", "2026-09-01"), "M08 active_from"),
        ("member.add", json!({ "code": "10003320", "name": " ", "city": "3320", "active_from": "2026-10-01" }), "M19 name"),
        ("member.add", json!({ "code": "10003320", "name": "宁波", "city": "332", "active_from": "2026-10-01" }), "M19 city"),
        (
            "member.add",
            json!({ "code": "10003320", "name": "宁波", "city": "3320", "active_from": "2026-10-01", "active_to": "2026-09-30" }),
            "M19 active_to",
        ),
        ("member.add", new("10003320", "2026-10-01"), "ok"),
        ("member.edit", edit("上海"), "M09 "),
        ("member.edit", edit("上海交通卡"), "ok"),
        ("member.edit", json!({ "code": "10009999", "name": "x", "city": "0000" }), "M06 code"),
        (
            "member.edit",
            json!({ "code": "10002900", "name": "上海", "city": "2900", "active_from": "2026-12-01" }),
            "M13 active_from",
        ),
        (
            "member.edit",
            json!({ "code": "10003320", "name": "宁波", "city": "3320", "active_from": "2026-11-01" }),
            "ok",
        ),
        ("member.suspend", suspend("10002900", "2026-09-01", Value::Null), "M08 from"),
        ("member.suspend", suspend("10003350", "2031-01-01", Value::Null), "M13 from"),
        ("member.suspend", suspend("10002900", "2026-09-10", json!("2026-09-09")), "M19 to"),
        ("member.suspend", suspend("10002900", "2026-09-10", Value::Null), "ok"),
        ("member.suspend", suspend("10002900", "2026-10-10", Value::Null), "M13 from"),
        ("member.resume", resume("2026-09-09"), "M13 on"),
        ("member.resume", resume("2026-09-20"), "ok"),
        ("member.resume", resume("2026-09-20"), "M13 on"),
        ("member.suspend", suspend("10002900", "2026-12-01", json!("2026-12-31")), "ok"),
        ("member.resume", resume("2026-12-01"), "ok"),
        ("member.close", json!({ "code": "10003350", "last_day": "2026-09-30", "reason": "退出" }), "M13 code"),
        ("member.close", json!({ "code": "10003320", "last_day": "2026-08-31", "reason": "退出" }), "M08 last_day"),
        ("member.close", json!({ "code": "10003320", "last_day": "2026-09-30", "reason": "退出" }), "M19 last_day"),
        ("member.close", json!({ "code": "10003320", "last_day": "2026-12-31", "reason": "退出" }), "ok"),
    ])
    .await;
    let ningbo = scheme.member(MemberCode(10_003_320)).unwrap();
    assert_eq!((ningbo.active_from, ningbo.active_to), (date("2026-11-01"), Some(date("2026-12-31"))));
    let shanghai = scheme.member(MemberCode(10_002_900)).unwrap();
    assert_eq!(shanghai.name, "上海交通卡");
    let active =
        ["2026-09-09", "2026-09-10", "2026-09-19", "2026-09-20", "2026-12-15"].map(|d| shanghai.is_active(date(d)));
    assert_eq!(active, [true, false, false, true, true]);
}

#[tokio::test]
async fn issuers_and_ranges() {
    let keys = json!([{ "version": "01", "algorithm": "04" }]);
    let issuer = |id: &str, member: &str, overdraft: i64, keys: &Value| json!({ "scheme": "T", "issuer_id": id, "member": member, "overdraft_limit_fen": overdraft, "keys": keys });
    let range = |from: &str, to: &str, member: &str, state: &str| json!({ "from": from, "to": to, "member": member, "state": state });
    let known = "02002900FFFFFFFF";
    let scheme = run(&[
        ("member.issuer.add", issuer(known, "10002900", 0, &keys), "M07 issuer_id"),
        ("member.issuer.add", issuer("02003350FFFFFFFF", "10009999", 0, &keys), "M06 member"),
        ("member.issuer.add", issuer("02003350FFFFFFFF", "10003350", -1, &keys), "M10 overdraft_limit_fen"),
        ("member.issuer.add", issuer("02003350FFFFFFFF", "10003350", 0, &json!([])), "M10 keys"),
        (
            "member.issuer.add",
            issuer("02003350FFFFFFFF", "10003350", 0, &json!([{ "version": "02", "algorithm": "04" }])),
            "M10 keys",
        ),
        ("member.issuer.add", issuer("02003350FFFFFFFF", "10003350", 0, &keys), "ok"),
        ("member.issuer.edit", issuer("02003350FFFFFFFF", "10003350", 500, &keys), "ok"),
        ("member.issuer.edit", issuer("02003351FFFFFFFF", "10003350", 500, &keys), "M06 issuer_id"),
        ("member.issuer.remove", json!({ "scheme": "T", "issuer_id": known }), "M11 issuer_id"),
        ("member.issuer.remove", json!({ "scheme": "M", "issuer_id": "1000335000010000" }), "ok"),
        ("member.psam.add", range("290000000001", "290000000002", "10002900", "active"), "M07 from"),
        ("member.psam.add", range("29000000FFFF", "290000020000", "10002900", "active"), "M10 from"),
        ("member.psam.add", range("290000020000", "29000001FFFF", "10002900", "active"), "M19 to"),
        ("member.psam.add", range("290000020000", "29000002FFFF", "10009999", "active"), "M06 member"),
        ("member.psam.add", range("290000020000", "29000002FFFF", "10002900", "test"), "ok"),
        ("member.psam.edit", range("290000000001", "290000020000", "10002900", "active"), "M10 from"),
        ("member.psam.edit", range("290000000001", "29000001FFFF", "10002900", "active"), "ok"),
        ("member.psam.stop", json!({ "from": "290000000001" }), "ok"),
        ("member.psam.stop", json!({ "from": "290000000001" }), "M13 from"),
        ("member.psam.remove", json!({ "from": "335000000000" }), "ok"),
        ("member.psam.remove", json!({ "from": "335000000000" }), "M06 from"),
    ])
    .await;
    assert_eq!(scheme.issuers.iter().map(|i| i.overdraft_limit_fen.0).collect::<Vec<_>>(), [0, 500]);
    let ranges: Vec<_> = scheme.psam_ranges.iter().map(|r| (r.to.to_string(), r.state.name())).collect();
    assert_eq!(ranges, [("29000001FFFF".into(), "stopped"), ("29000002FFFF".into(), "test")]);
}

#[tokio::test]
async fn fees() {
    let with = |from: &str, name: &str, value: Value| {
        let mut payload = fee(from);
        payload[name] = value;
        payload
    };
    let end = |industry: &str, from: &str, to: &str| {
        let (acquirer, issuer) = if industry == "*" { ("*", "*") } else { ("10002900", "*") };
        json!({ "acquirer": acquirer, "issuer": issuer, "industry": industry, "from": from, "to": to })
    };
    let general = |from: &str, previous: bool| {
        json!({
            "acquirer": "*", "issuer": "*", "industry": "*", "issuer_rate_ppm": 1800, "centre_rate_ppm": 400,
            "from": from, "end_previous": previous,
        })
    };
    let scheme = run(&[
        ("member.fee.add", fee("2026-09-01"), "M08 from"),
        ("member.fee.add", fee("2026-09-02"), "ok"),
        ("member.fee.add", fee("2026-09-02"), "M07 from"),
        ("member.fee.add", fee("2026-10-01"), "M10 from"),
        ("member.fee.add", with("2026-10-01", "issuer", json!("10009999")), "M06 issuer"),
        ("member.fee.add", with("2026-10-01", "industry", json!("06")), "M02 industry"),
        ("member.fee.add", with("2026-10-01", "to", json!("2026-09-30")), "M19 to"),
        ("member.fee.add", with("2026-10-01", "centre_rate_ppm", json!(1_000_000)), "M10 centre_rate_ppm"),
        ("member.fee.edit", with("2026-09-02", "centre_rate_ppm", json!(250)), "ok"),
        ("member.fee.edit", with("2026-09-03", "centre_rate_ppm", json!(250)), "M06 from"),
        ("member.fee.add", general("2026-10-01", false), "M10 from"),
        ("member.fee.add", general("2026-10-01", true), "ok"),
        ("member.fee.add", with("2027-01-01", "end_previous", json!(true)), "ok"),
        ("member.fee.add", with("2026-09-01", "end_previous", json!(true)), "M08 from"),
        ("member.fee.end", end("*", "2026-01-01", "2026-08-31"), "M08 to"),
        ("member.fee.end", end("*", "2026-01-01", "2026-10-31"), "M13 to"),
        ("member.fee.end", end("*", "2026-01-01", "2026-09-01"), "ok"),
        ("member.fee.end", end("01", "2027-01-01", "2026-12-31"), "ok"),
    ])
    .await;
    let shown: Vec<_> =
        scheme.fees.iter().map(|f| format!("{f} {:?} {}", f.to.map(|to| to.to_string()), f.centre_rate.0)).collect();
    assert_eq!(
        shown,
        [
            "*/*/* 2026-01-01 Some(\"2026-09-01\") 500",
            "*/*/* 2026-10-01 None 400",
            "10002900/*/01 2026-09-02 Some(\"2026-12-31\") 250",
            "10002900/10003350/02 2026-01-01 Some(\"2026-12-31\") 300",
        ]
    );
    // A rule that a clearing date was priced by cannot be edited.
    let payload = json!({
        "acquirer": "10002900", "issuer": "10003350", "industry": "02", "from": "2026-01-01", "issuer_rate_ppm": 1,
        "centre_rate_ppm": 1,
    });
    run(&[("member.fee.edit", payload, "M08 from")]).await;
}

#[tokio::test]
async fn rules_and_reserves() {
    let rules = |late: u32, history: u32, verifier: &str| {
        json!({
            "late_window_days": late, "single_limit_fen": 90_000, "blacklist_grace_hours": 12, "history_days": history,
            "tac_verifier": verifier,
        })
    };
    let reserve = |member: &str, lines: [i64; 4]| {
        json!({
            "member": member, "opening_fen": lines[0], "target_fen": lines[1], "warning_fen": lines[2],
            "stop_fen": lines[3],
        })
    };
    let scheme = run(&[
        ("member.rules.set", rules(30, 89, "centre"), "M10 history_days"),
        ("member.rules.set", rules(100, 90, "centre"), "M10 late_window_days"),
        ("member.rules.set", rules(20, 120, "bank"), "M02 tac_verifier"),
        ("member.rules.set", rules(20, 120, "issuer"), "ok"),
        ("member.reserve.set", reserve("10009999", [0, 0, 0, 0]), "M06 member"),
        ("member.reserve.set", reserve("10003350", [0, 1, 2, 3]), "M19 warning_fen"),
        ("member.reserve.set", reserve("10003350", [0, 300, 200, -100]), "M10 stop_fen"),
        ("member.reserve.set", reserve("10003350", [700, 300, 200, 100]), "ok"),
        ("member.reserve.set", reserve("10003350", [700, 300, 200, 100]), "M09 "),
    ])
    .await;
    assert_eq!((scheme.rules.history_days, scheme.rules.tac_verifier.name()), (120, "issuer"));
    assert_eq!(scheme.reserve(MemberCode(10_003_350)).unwrap().opening_fen, Fen(700));
}

#[tokio::test]
async fn a_member_with_money_or_open_files_does_not_leave() {
    for centre in Centre::both().await {
        centre.open_day("2026-09-01").await;
        let scheme = centre.scheme().await;
        posting::open_accounts(&centre.db, &scheme, date("2026-09-01"), &clock()).await.unwrap();
        let close = json!({ "code": "10002900", "last_day": "2026-09-30", "reason": "退出" });
        assert_eq!(centre.change("member.close", close.clone()).await, Err("M12 code".into()));
        let opening = json!({
            "member": "10002900", "opening_fen": 1, "target_fen": 400000000, "warning_fen": 200000000, "stop_fen": 0,
        });
        assert_eq!(centre.change("member.reserve.set", opening).await, Err("M13 opening_fen".into()));

        // Its money is paid out, but the open date has a file of it.
        let mut tx = centre.db.begin_write(Scope::Platform).await.unwrap();
        let account = |code: &str, side| AccountSpec {
            code: code.into(),
            kind: "bank".into(),
            owner: None,
            normal_side: side,
            min_fen: None,
            max_fen: None,
        };
        tongka_ledger::open_accounts(&mut tx, &[account("payout", NormalSide::Credit)]).await.unwrap();
        let payout = tongka_ledger::Transfer {
            key: "payout".into(),
            debit: posting::reserve_account(MemberCode(10_002_900)),
            credit: "payout".into(),
            amount: Fen(500_000_000),
            date: date("2026-09-01"),
            reason: "payout".into(),
            created_at: "20260901120000".into(),
        };
        tongka_ledger::post_all(&mut tx, &[payout]).await.unwrap();
        let upload = "INSERT INTO upload (upload_no, clearing_date, name, member, file_date, sequence, header, \
                      fingerprint, body_digest, record_count, total_fen, accepted_at) \
                      VALUES (1, $1, 'TXU_20260901_10003350_000001.dat', 10003350, $1, 1, '', '', '', 1, 200, \
                      '20260901090000')";
        let day = tongka_base::date::days_since_epoch(date("2026-09-01"));
        tx.execute(upload, tongka_storage::params![day]).await.unwrap();
        let group = "INSERT INTO upload_group (upload_no, issuer, industry, record_count, gross_fen) \
                     VALUES (1, 10002900, 1, 1, 200)";
        tx.execute(group, tongka_storage::params![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(centre.change("member.close", close.clone()).await, Err("M12 code".into()));
        centre.close_day("2026-09-01").await;
        centre.change("member.close", close).await.unwrap();
    }
}
