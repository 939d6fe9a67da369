//! Certificates, days and hours, expected files, onboarding, lists.

use super::*;
use tongka_base::{DayKind, MemberCode};
use tongka_crypto::{sm2_public_key, sm2_sign};
use tongka_listing::{Query, page};
use tongka_member::change::read_calendar;
use tongka_member::{
    LISTS, NewCertificate, Standing, StepState, bank_calendar, expected_board, note_step, onboardings, proof_text,
    refuse_certificate, schedule, send_certificate, start_onboarding, waiting_certificate,
};
use tongka_storage::{Scope, TenantCode, params};

const SHANGHAI: MemberCode = MemberCode(10_002_900);
const JIAXING: MemberCode = MemberCode(10_003_350);

fn key(n: u8) -> ([u8; 32], [u8; 65]) {
    let private = [n; 32];
    (private, sm2_public_key(&private).unwrap())
}

fn register(n: u8, from: &str, to: &str) -> Value {
    json!({
        "member": "10002900", "public_key": hex::encode_upper(key(n).1), "not_before": from, "not_after": to,
        "label": format!("证书 {n}"),
    })
}

#[tokio::test]
async fn certificates_take_each_others_place() {
    for centre in Centre::both().await {
        centre.open_day("2026-09-01").await;
        let kind = "member.certificate.register";
        let mut off_curve = register(1, "2026-09-02", "2027-09-01");
        off_curve["public_key"] = json!(format!("04{}", "11".repeat(64)));
        assert_eq!(centre.change(kind, off_curve).await, Err("M14 public_key".into()));
        assert_eq!(centre.change(kind, register(1, "2026-01-01", "2026-09-01")).await, Err("M08 not_after".into()));
        assert_eq!(centre.change(kind, register(1, "2026-09-03", "2026-09-02")).await, Err("M19 not_after".into()));
        centre.change(kind, register(1, "2026-09-02", "2027-09-01")).await.unwrap();
        assert_eq!(centre.change(kind, register(1, "2027-09-02", "2028-09-01")).await, Err("M07 public_key".into()));
        centre.change(kind, register(2, "2027-08-01", "2028-09-01")).await.unwrap();
        assert_eq!(centre.change(kind, register(3, "2027-08-15", "2028-09-01")).await, Err("M10 certificates".into()));
        centre.change(kind, register(3, "2027-09-02", "2028-09-01")).await.unwrap();
        let scheme = centre.scheme().await;
        let member = scheme.member(SHANGHAI).unwrap();
        let valid = ["2026-09-01", "2026-09-02", "2027-08-01", "2027-09-02", "2028-09-02"]
            .map(|on| member.certificates_on(date(on)).count());
        assert_eq!(valid, [0, 1, 2, 2, 0]);

        let revoke = json!({
            "member": "10002900", "reason": "密钥泄露",
            "fingerprint": hex::encode_upper(tongka_crypto::sm3(&key(1).1)),
        });
        centre.change("member.certificate.revoke", revoke.clone()).await.unwrap();
        assert_eq!(centre.change("member.certificate.revoke", revoke).await, Err("M13 fingerprint".into()));
        let unknown = json!({ "member": "10002900", "fingerprint": "00", "reason": "x" });
        assert_eq!(centre.change("member.certificate.revoke", unknown).await, Err("M06 fingerprint".into()));
        let scheme = centre.scheme().await;
        let member = scheme.member(SHANGHAI).unwrap();
        assert_eq!(member.certificates_on(date("2026-09-02")).count(), 0);
        assert_eq!(member.certificates.len(), 3, "it must go on signing");
    }
}

#[tokio::test]
async fn members_send_their_certificates_in() {
    for centre in Centre::both().await {
        let (private, public_key) = key(9);
        let proof = sm2_sign(&private, proof_text(SHANGHAI, &public_key).as_bytes()).unwrap();
        let mut new = NewCertificate {
            public_key,
            not_before: date("2026-09-02"),
            not_after: date("2027-09-01"),
            label: "UKey 9".into(),
            proof: Some(hex::encode_upper(&proof)),
        };
        let send =
            async |member, new: &NewCertificate| send_certificate(&centre.db, member, new, "shanghai", &clock()).await;
        assert_eq!(shown(&send(JIAXING, &new).await.unwrap_err()), "M14 proof");
        let id = send(SHANGHAI, &new).await.unwrap();
        assert_eq!(shown(&send(SHANGHAI, &new).await.unwrap_err()), "M07 public_key");
        assert!(centre.scheme().await.members.iter().all(|m| m.certificates.is_empty()), "it counts for nothing yet");
        let theirs = waiting_certificate(&centre.db, Scope::Member(JIAXING), id).await.unwrap_err();
        assert_eq!(shown(&theirs), "M06 upload");
        let waiting = waiting_certificate(&centre.db, Scope::Platform, id).await.unwrap();
        let payload = serde_json::to_value(waiting).unwrap();
        let mut other = payload.clone();
        other["public_key"] = json!(hex::encode_upper(key(8).1));
        assert_eq!(centre.change("member.certificate.register", other).await, Err("M06 upload".into()));
        centre.change("member.certificate.register", payload.clone()).await.unwrap();
        assert_eq!(centre.scheme().await.member(SHANGHAI).unwrap().certificates.len(), 1);
        let settled = refuse_certificate(&centre.db, id, "x", "zhang", &clock()).await.unwrap_err();
        assert_eq!(shown(&settled), "M13 upload");

        (new.public_key, new.proof) = (key(7).1, None);
        let id = send(SHANGHAI, &new).await.unwrap();
        refuse_certificate(&centre.db, id, "用途不符", "zhang", &clock()).await.unwrap();
        assert_eq!(shown(&waiting_certificate(&centre.db, Scope::Platform, id).await.unwrap_err()), "M06 upload");
        send(SHANGHAI, &new).await.unwrap();
    }
}

const YEAR: &str = "date,kind,note\n2026-09-20,workday,国庆节调休\n2026-10-01,holiday,国庆节\n2026-10-02,holiday,国庆节\n\
                    2026-10-05,holiday,国庆节\n2026-10-06,holiday,国庆节\n2026-10-07,holiday,国庆节\n2026-10-10,workday,国庆节调休\n";

#[tokio::test]
async fn a_bank_calendar_is_set_year_by_year() {
    let set = read_calendar(2026, YEAR).unwrap();
    assert_eq!((set.days.len(), set.days[0].kind), (7, DayKind::Workday));
    let MemberError::Rows(faults) =
        read_calendar(2026, "date,kind,note\n2026-02-30,holiday,\n2026-10-01,off,\n").unwrap_err()
    else {
        panic!("rows are refused")
    };
    assert_eq!(faults.iter().map(|f| (f.row, f.field.as_str())).collect::<Vec<_>>(), [(2, "date"), (3, "kind")]);
    assert_eq!(shown(&read_calendar(2026, "day,kind\n").unwrap_err()), "M15 file");
    let payload = serde_json::to_value(set).unwrap();
    let with = |date: &str, kind: &str| {
        let mut payload = payload.clone();
        payload["days"].as_array_mut().unwrap().push(json!({ "date": date, "kind": kind, "note": "" }));
        payload
    };
    for centre in Centre::both().await {
        centre.open_day("2026-09-30").await;
        let kind = "member.calendar.set";
        assert!(bank_calendar(&centre.db).await.unwrap().is_bank_day(date("2026-10-01")));
        assert_eq!(centre.change(kind, with("2027-01-01", "holiday")).await, Err("M19 days[7].date".into()));
        assert_eq!(centre.change(kind, with("2026-10-01", "holiday")).await, Err("M07 days[7].date".into()));
        assert_eq!(centre.change(kind, with("2026-10-08", "workday")).await, Err("M19 days[7].kind".into()));
        centre.change(kind, payload.clone()).await.unwrap();
        let calendar = bank_calendar(&centre.db).await.unwrap();
        assert_eq!(calendar.settlement_date(date("2026-09-30")), Some(date("2026-10-08")));
        assert_eq!(calendar.settlement_date(date("2026-09-19")), Some(date("2026-09-20")));
        assert!(calendar.knows(date("2026-01-01")) && !calendar.knows(date("2027-01-01")));
        assert_eq!(centre.change(kind, with("2026-09-25", "holiday")).await, Err("M08 days".into()));
        centre.change(kind, with("2026-12-31", "holiday")).await.unwrap();
        assert!(!bank_calendar(&centre.db).await.unwrap().is_bank_day(date("2026-12-31")));
        assert_eq!(centre.scheme().await, example(), "a calendar is no part of the scheme");
    }
}

#[tokio::test]
async fn clearing_dates_have_their_times_and_files_are_expected() {
    for centre in Centre::both().await {
        let row = |weekday: u8, cut: &str, next: bool| json!({ "weekday": weekday, "open": "00:00", "cut": cut, "cut_next_day": next, "grace_minutes": 20 });
        let kind = "member.schedule.set";
        assert_eq!(centre.change(kind, json!({ "rows": [row(1, "23:00", false)] })).await, Err("M19 rows".into()));
        assert_eq!(
            centre.change(kind, json!({ "rows": [row(0, "00:00", false)] })).await,
            Err("M19 rows[0].cut".into())
        );
        let twice = json!({ "rows": [row(0, "23:00", false), row(0, "22:00", false)] });
        assert_eq!(centre.change(kind, twice).await, Err("M07 rows[1].weekday".into()));
        assert_eq!(schedule(&centre.db).await.unwrap().times(date("2026-09-01")), None);
        centre.change(kind, json!({ "rows": [row(0, "23:00", false), row(2, "01:30", true)] })).await.unwrap();
        let times = schedule(&centre.db).await.unwrap();
        assert_eq!(times.times(date("2026-09-01")).unwrap().cut_at.to_string(), "2026-09-02 01:30:00");
        assert_eq!(times.times(date("2026-09-02")).unwrap().grace_until.to_string(), "2026-09-02 23:20:00");

        let file = json!({
            "kind": "TXU", "from": "01:00", "by": "16:00", "min_count": 1, "warn_minutes": 30, "escalate_minutes": 60,
        });
        let kind = "member.expected.set";
        let mut bad = file.clone();
        bad["min_count"] = json!(0);
        assert_eq!(
            centre.change(kind, json!({ "member": "10002900", "rows": [bad] })).await,
            Err("M19 rows[0].min_count".into())
        );
        for member in ["10002900", "10003350"] {
            centre.change(kind, json!({ "member": member, "rows": [file] })).await.unwrap();
        }
        centre.open_day("2026-09-01").await;
        let now = |hour, minute| date("2026-09-01").and_hms_opt(hour, minute, 0).unwrap();
        let board = async |scope, at| {
            let board = expected_board(&centre.db, scope, date("2026-09-01"), at).await.unwrap();
            board.into_iter().map(|line| (line.member, line.standing)).collect::<Vec<_>>()
        };
        let both = |one, other| vec![(SHANGHAI, one), (JIAXING, other)];
        assert_eq!(board(Scope::Platform, now(15, 0)).await, both(Standing::Waiting, Standing::Waiting));
        assert_eq!(board(Scope::Platform, now(15, 40)).await, both(Standing::DueSoon, Standing::DueSoon));
        let upload = "INSERT INTO upload (upload_no, clearing_date, name, member, file_date, sequence, header, \
                      fingerprint, body_digest, record_count, total_fen, accepted_at) \
                      VALUES (1, $1, 'TXU_20260901_10003350_000001.dat', 10003350, $1, 1, '', '', '', 1, 200, \
                      '20260901155000')";
        let mut tx = centre.db.begin_write(Scope::Platform).await.unwrap();
        tx.execute(upload, params![tongka_base::date::days_since_epoch(date("2026-09-01"))]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(board(Scope::Platform, now(16, 30)).await, both(Standing::Late, Standing::Arrived));
        assert_eq!(board(Scope::Platform, now(17, 1)).await, both(Standing::Escalated, Standing::Arrived));
        assert_eq!(board(Scope::Member(JIAXING), now(17, 1)).await, [(JIAXING, Standing::Arrived)]);
        assert_eq!(board(Scope::Tenant(TenantCode(1)), now(17, 1)).await, []);
        // A member that does not take part is not waited for.
        let feb = expected_board(&centre.db, Scope::Platform, date("2026-02-10"), now(17, 1)).await.unwrap();
        assert_eq!(feb.iter().map(|line| line.member).collect::<Vec<_>>(), [SHANGHAI]);
        centre.change(kind, json!({ "member": "10003350", "rows": [] })).await.unwrap();
        assert_eq!(board(Scope::Platform, now(12, 0)).await, [(SHANGHAI, Standing::Waiting)]);
    }
}

#[tokio::test]
async fn onboarding_is_ticked_and_seen() {
    for centre in Centre::both().await {
        let newcomer = MemberCode(10_003_320);
        let note = async |member, step: &str, state| {
            note_step(&centre.db, member, step, state, Some(date("2026-08-18")), "合同 18 号", "zhang", &clock()).await
        };
        let refused = note(newcomer, "contract", StepState::Done).await.unwrap_err();
        assert_eq!(shown(&refused), "M06 member");
        start_onboarding(&centre.db, newcomer, "宁波", "zhang", &clock()).await.unwrap();
        let again = start_onboarding(&centre.db, newcomer, "宁波", "zhang", &clock()).await.unwrap_err();
        assert_eq!(shown(&again), "M07 member");
        note(newcomer, "contract", StepState::Doing).await.unwrap();
        note(newcomer, "contract", StepState::Done).await.unwrap();
        assert_eq!(shown(&note(newcomer, "issuer", StepState::Done).await.unwrap_err()), "M13 step");
        assert_eq!(shown(&note(newcomer, "tea", StepState::Done).await.unwrap_err()), "M06 step");
        start_onboarding(&centre.db, SHANGHAI, "上海", "zhang", &clock()).await.unwrap();

        let done = |member: &tongka_member::Onboarding| {
            member.steps.iter().filter(|s| s.state == StepState::Done).map(|s| s.step).collect::<Vec<_>>()
        };
        let all = onboardings(&centre.db, Scope::Platform).await.unwrap();
        assert_eq!(all.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["上海", "宁波"]);
        assert_eq!(done(&all[0]), ["member", "issuer", "psam", "reserve"]);
        assert_eq!(done(&all[1]), ["contract"]);
        assert_eq!(all[1].steps[0].on_date, Some(date("2026-08-18")));
        let own = onboardings(&centre.db, Scope::Member(SHANGHAI)).await.unwrap();
        assert_eq!(own, all[..1], "a member sees itself");
    }
}

async fn rows(db: &Db, scope: Scope, name: &str) -> Vec<serde_json::Map<String, Value>> {
    let spec = LISTS.iter().find(|spec| spec.name == name).unwrap();
    page(db, scope, spec, &Query::all(spec).unwrap()).await.unwrap().items
}

#[tokio::test]
async fn lists_show_what_may_be_seen() {
    for centre in Centre::both().await {
        centre.open_day("2026-09-01").await;
        centre.change("member.certificate.register", register(1, "2026-09-02", "2027-09-01")).await.unwrap();
        centre.change("member.fee.add", fee("2026-09-02")).await.unwrap();
        centre
            .change("member.calendar.set", serde_json::to_value(read_calendar(2026, YEAR).unwrap()).unwrap())
            .await
            .unwrap();
        for spec in LISTS {
            tongka_listing::check(&centre.db, spec).await.unwrap();
        }
        let count = async |scope, name: &str| rows(&centre.db, scope, name).await.len();
        let jiaxing = Scope::Member(JIAXING);
        let expected = [
            ("members", 2, 2),
            ("issuers", 2, 1),
            ("psam-ranges", 2, 1),
            ("fees", 3, 3),
            ("reserves", 2, 1),
            ("blacklist", 1, 0),
            ("blacklist-cards", 1, 0),
            ("certificates", 1, 0),
            ("holidays", 7, 7),
        ];
        for (name, all, own) in expected {
            assert_eq!((count(Scope::Platform, name).await, count(jiaxing, name).await), (all, own), "{name}");
        }
        let shanghai = Scope::Member(SHANGHAI);
        assert_eq!((count(shanghai, "blacklist").await, count(shanghai, "certificates").await), (1, 1));
        assert_eq!(count(Scope::Platform, "scheme-versions").await, 4);
        let masked = rows(&centre.db, Scope::Platform, "blacklist").await;
        assert_eq!(masked[0]["application_serial"], "031042**********2345");
        assert_eq!(masked[0]["member"], "10002900");
        let whole = rows(&centre.db, Scope::Platform, "blacklist-cards").await;
        assert_eq!(whole[0]["application_serial"], "03104290000000012345");
        let permission = |name: &str| LISTS.iter().find(|spec| spec.name == name).unwrap().permission;
        assert_eq!((permission("blacklist"), permission("blacklist-cards")), ("member.read", "cards.unmask"));
        for spec in LISTS {
            assert!(tongka_access::permission(spec.permission).is_some(), "{}", spec.permission);
        }
        let fees = rows(&centre.db, Scope::Platform, "fees").await;
        let states: Vec<_> = fees.iter().map(|fee| fee["state"].as_str().unwrap()).collect();
        assert_eq!(states.iter().filter(|state| **state == "coming").count(), 1);
        let members = rows(&centre.db, Scope::Platform, "members").await;
        assert_eq!(members[0]["state"], "active");
        // A fee between two others is theirs.
        let mut private = fee("2026-10-01");
        private["issuer"] = json!("10002900");
        centre.change("member.fee.add", private).await.unwrap();
        assert_eq!((count(Scope::Platform, "fees").await, count(jiaxing, "fees").await), (4, 3));
    }
}
