//! Random sequences of changes against a model: the scheme itself, changed by hand.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tongka_base::{AppSerial, Fen, Industry, MemberCode, PsamNo, RatePpm};
use tongka_member::{at_version, versions};
use tongka_scheme::{BlacklistEntry, FeeRule, Member, Period, PsamRange, PsamState, check, render};

/// A change as the model sees it.
#[derive(Clone, Debug)]
enum Step {
    AddMember { n: u32, from: u32 },
    Rename { n: u32, name: u8 },
    Suspend { n: u32, from: u32, days: Option<u32> },
    AddRange { n: u32, from: u8, length: u8, state: u8 },
    StopRange { at: usize },
    RemoveRange { at: usize },
    AddFee { n: u32, industry: u8, from: u32, rate: u32 },
    EndFee { at: usize, to: u32 },
    ListCard { serial: u8 },
    UnlistCard { at: usize },
    Overdraft { at: usize, fen: i64 },
    Rules { late: u32 },
    OpenNextDay,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let member = 0..4u32;
    let step = prop_oneof![
        (member.clone(), 1..40u32).prop_map(|(n, from)| Step::AddMember { n, from }),
        (member.clone(), 0..3u8).prop_map(|(n, name)| Step::Rename { n, name }),
        (member.clone(), 1..40u32, prop::option::of(0..10u32)).prop_map(|(n, from, days)| Step::Suspend {
            n,
            from,
            days
        }),
        (member.clone(), 0..60u8, 0..20u8, 0..3u8).prop_map(|(n, from, length, state)| Step::AddRange {
            n,
            from,
            length,
            state
        }),
        (0..6usize).prop_map(|at| Step::StopRange { at }),
        (0..6usize).prop_map(|at| Step::RemoveRange { at }),
        (member, 0..4u8, 1..40u32, 0..3u32).prop_map(|(n, industry, from, rate)| Step::AddFee {
            n,
            industry,
            from,
            rate
        }),
        (0..6usize, 1..60u32).prop_map(|(at, to)| Step::EndFee { at, to }),
        (0..8u8).prop_map(|serial| Step::ListCard { serial }),
        (0..4usize).prop_map(|at| Step::UnlistCard { at }),
        (0..3usize, -1..3i64).prop_map(|(at, fen)| Step::Overdraft { at, fen }),
        (0..120u32).prop_map(|late| Step::Rules { late }),
        Just(Step::OpenNextDay),
    ];
    prop::collection::vec(step, 1..16)
}

fn code(n: u32) -> MemberCode {
    if n == 0 { MemberCode(10_002_900) } else { MemberCode(10_003_300 + n) }
}

/// Day 0 is the first clearing date.
fn nth(day: u32) -> Date {
    date("2026-09-01") + chrono::Days::new(u64::from(day))
}

fn psam(n: u16) -> PsamNo {
    PsamNo([0xBB, 0, 0, 0, (n >> 8) as u8, n as u8])
}

/// The step as a change, and what the model becomes; `None` where the change must be refused whatever the scheme says.
fn apply(step: &Step, model: &Scheme, today: u32) -> Option<(&'static str, Value, Option<Scheme>)> {
    let mut next = model.clone();
    let ahead = |day: u32| day > today;
    let known = |n: u32| model.member(code(n)).is_some();
    Some(match *step {
        Step::AddMember { n, from } => {
            let name = format!("城市{n}");
            let payload = json!({ "code": code(n).to_string(), "name": name, "city": "0000", "active_from": nth(from).to_string() });
            let fits = !known(n) && ahead(from);
            next.members.push(Member {
                code: code(n),
                name,
                city: "0000".into(),
                active_from: nth(from),
                active_to: None,
                suspensions: vec![],
                certificates: vec![],
            });
            next.members.sort_by_key(|m| m.code);
            ("member.add", payload, fits.then_some(next))
        }
        Step::Rename { n, name } => {
            let member = next.members.iter_mut().find(|m| m.code == code(n));
            let name = format!("新名{name}");
            let payload = json!({ "code": code(n).to_string(), "name": name, "city": "0001" });
            let done = member.map(|m| (m.name, m.city) = (name, "0001".into())).is_some();
            ("member.edit", payload, done.then_some(next))
        }
        Step::Suspend { n, from, days } => {
            let period = Period { from: nth(from), to: days.map(|days| nth(from + days)) };
            let payload = json!({
                "code": code(n).to_string(), "from": period.from.to_string(), "to": period.to.map(|to| to.to_string()),
                "reason": "测试",
            });
            let member = next.members.iter_mut().find(|m| m.code == code(n));
            let fits = member.is_some_and(|m| {
                let free = m.suspensions.iter().all(|p| p.last() < period.from || period.last() < p.from);
                m.suspensions.push(period);
                m.suspensions.sort();
                free && m.active_to.is_none_or(|last| period.from <= last)
            });
            ("member.suspend", payload, (fits && ahead(from)).then_some(next))
        }
        Step::AddRange { n, from, length, state } => {
            let state = [PsamState::Active, PsamState::Stopped, PsamState::Test][usize::from(state)];
            let (from, to) = (psam(u16::from(from)), psam(u16::from(from) + u16::from(length)));
            let payload = json!({
                "member": code(n).to_string(), "from": from.to_string(), "to": to.to_string(), "state": state.name(),
            });
            let fits = model.psam_ranges.iter().all(|r| r.from != from);
            next.psam_ranges.push(PsamRange { member: code(n), from, to, state });
            next.psam_ranges.sort_by_key(|r| r.from);
            ("member.psam.add", payload, fits.then_some(next))
        }
        Step::StopRange { at } => {
            let range = next.psam_ranges.get_mut(at)?;
            let payload = json!({ "from": range.from.to_string() });
            range.state = PsamState::Stopped;
            ("member.psam.stop", payload, Some(next))
        }
        Step::RemoveRange { at } => {
            (at < next.psam_ranges.len()).then_some(())?;
            let range = next.psam_ranges.remove(at);
            ("member.psam.remove", json!({ "from": range.from.to_string() }), Some(next))
        }
        Step::AddFee { n, industry, from, rate } => {
            let industry = Industry::from_code(industry);
            let rule = FeeRule {
                acquirer: Some(code(n)),
                issuer: None,
                industry,
                issuer_rate: RatePpm(rate * 400_000),
                centre_rate: RatePpm(300_000),
                from: nth(from),
                to: None,
            };
            let payload = json!({
                "acquirer": code(n).to_string(), "issuer": "*",
                "industry": industry.map_or("*".to_owned(), |i| i.to_string()),
                "issuer_rate_ppm": rule.issuer_rate.0, "centre_rate_ppm": 300_000, "from": rule.from.to_string(),
            });
            next.fees.push(rule);
            next.fees.sort_by_key(FeeRule::key);
            ("member.fee.add", payload, ahead(from).then_some(next))
        }
        Step::EndFee { at, to } => {
            let rule = next.fees.get(at)?.clone();
            let any = |code: Option<MemberCode>| code.map_or("*".to_owned(), |code| code.to_string());
            let payload = json!({
                "acquirer": any(rule.acquirer), "issuer": any(rule.issuer),
                "industry": rule.industry.map_or("*".to_owned(), |i| i.to_string()), "from": rule.from.to_string(),
                "to": nth(to).to_string(),
            });
            let fits = to >= today && rule.to.is_none_or(|last| nth(to) < last);
            if nth(to) < rule.from {
                next.fees.remove(at);
            } else {
                next.fees[at].to = Some(nth(to));
            }
            ("member.fee.end", payload, fits.then_some(next))
        }
        Step::ListCard { serial } => {
            let mut bytes = [0x03; 10];
            bytes[9] = serial;
            let issuer = model.issuers.first()?;
            let entry = BlacklistEntry {
                scheme: issuer.scheme,
                issuer_id: issuer.issuer_id,
                application_serial: AppSerial(bytes),
                listed_at: clock().0,
            };
            let payload = json!({ "cards": [{
                "scheme": entry.scheme.to_string(), "issuer_id": entry.issuer_id.to_string(),
                "application_serial": entry.application_serial.to_string(),
            }] });
            next.blacklist.push(entry);
            next.blacklist.sort_by_key(|b| (b.scheme, b.issuer_id, b.application_serial));
            ("member.blacklist.add", payload, Some(next))
        }
        Step::UnlistCard { at } => {
            (at < next.blacklist.len()).then_some(())?;
            let entry = next.blacklist.remove(at);
            let payload = json!({ "cards": [{
                "scheme": entry.scheme.to_string(), "issuer_id": entry.issuer_id.to_string(),
                "application_serial": entry.application_serial.to_string(),
            }] });
            ("member.blacklist.remove", payload, Some(next))
        }
        Step::Overdraft { at, fen } => {
            let issuer = next.issuers.get_mut(at)?;
            issuer.overdraft_limit_fen = Fen(fen * 100);
            let keys = issuer.keys.iter().map(|(version, algorithm)| {
                json!({ "version": format!("{:02X}", version.0), "algorithm": format!("{:02X}", algorithm.code()) })
            });
            let payload = json!({
                "scheme": issuer.scheme.to_string(), "issuer_id": issuer.issuer_id.to_string(),
                "member": issuer.member.to_string(), "overdraft_limit_fen": fen * 100, "keys": keys.collect::<Vec<_>>(),
            });
            ("member.issuer.edit", payload, Some(next))
        }
        Step::Rules { late } => {
            next.rules.late_window_days = late;
            let rules = next.rules;
            let payload = json!({
                "late_window_days": late, "single_limit_fen": rules.single_limit_fen.0,
                "blacklist_grace_hours": rules.blacklist_grace_hours, "history_days": rules.history_days,
                "tac_verifier": rules.tac_verifier.name(),
            });
            ("member.rules.set", payload, Some(next))
        }
        Step::OpenNextDay => return None,
    })
}

/// Runs a sequence; every change must be accepted exactly when the model says so.
async fn follow(centre: &Centre, steps: &[Step]) {
    let mut today = 0;
    centre.open_day(&nth(today).to_string()).await;
    let mut states = vec![example()];
    for step in steps {
        let model = states.last().unwrap();
        match apply(step, model, today) {
            None if matches!(step, Step::OpenNextDay) => {
                centre.close_day(&nth(today).to_string()).await;
                today += 1;
                centre.open_day(&nth(today).to_string()).await;
            }
            None => {}
            Some((kind, payload, next)) => {
                let next = next.filter(|next| check(next).is_empty() && next != model);
                let outcome = centre.change(kind, payload.clone()).await;
                assert_eq!(outcome.is_ok(), next.is_some(), "{step:?} {payload}: {outcome:?}");
                states.extend(next);
            }
        }
    }
    let known = versions(&centre.db).await.unwrap();
    assert_eq!(known.len(), states.len());
    for (version, state) in known.iter().zip(&states) {
        assert_eq!(&at_version(&centre.db, centre.data(), version.number).await.unwrap(), state);
        assert_eq!(&parse(&render(state), "rendered.toml").unwrap(), state);
    }
    let verified = tongka_member::verify(&centre.db).await.unwrap();
    assert_eq!((verified.faults, verified.digest), (vec![], known.last().unwrap().digest.clone()));
}

#[test]
fn every_version_is_what_the_model_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = Config { cases: 12, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let result = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async {
            for centre in Centre::both().await {
                follow(&centre, &steps).await;
            }
        });
        Ok(())
    });
    result.unwrap();
}
