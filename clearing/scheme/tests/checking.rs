//! Schemes that did not come from a file: `check` finds what the parser would find in their rendering.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tongka_base::{Algorithm, Date, Fen, Industry, KeyVersion, MemberCode, RatePpm};
use tongka_scheme::{Certificate, Period, Scheme, TacVerifier, check, parse, render};

const EXAMPLE: &str = include_str!("good.toml");

fn day(text: &str) -> Date {
    tongka_base::date::parse_date_lenient(text).unwrap()
}

fn example() -> Scheme {
    parse(EXAMPLE, "scheme.toml").unwrap()
}

fn certificate(n: u8, from: Option<&str>, to: Option<&str>) -> Certificate {
    let mut public_key = [n; 65];
    public_key[0] = 0x04;
    Certificate { not_before: from.map(day), not_after: to.map(day), public_key }
}

fn pause(from: &str, to: Option<&str>) -> Period {
    Period { from: day(from), to: to.map(day) }
}

/// A change of the example, and the codes of the faults it makes.
type Case = (&'static str, fn(&mut Scheme), &'static [&'static str]);

const CASES: &[Case] = &[
    ("nothing", |_| {}, &[]),
    ("history too short", |s| s.rules.history_days = 89, &["C03"]),
    ("late beyond history", |s| s.rules.late_window_days = 91, &["C03"]),
    ("grace of a century", |s| s.rules.blacklist_grace_hours = 876_001, &["C03"]),
    ("negative limit", |s| s.rules.single_limit_fen = Fen(-1), &["C03"]),
    ("the centre's code", |s| s.members[0].code = MemberCode(0), &["C03", "C05"]),
    ("member twice", |s| s.members.push(s.members[0].clone()), &["C04"]),
    ("member ends before it begins", |s| s.members[0].active_to = Some(day("2025-12-31")), &["C03"]),
    ("suspension reversed", |s| s.members[0].suspensions = vec![pause("2026-05-02", Some("2026-05-01"))], &["C03"]),
    (
        "suspensions apart",
        |s| s.members[0].suspensions = vec![pause("2026-05-01", Some("2026-05-31")), pause("2026-06-01", None)],
        &[],
    ),
    (
        "suspensions overlap",
        |s| s.members[0].suspensions = vec![pause("2026-05-01", None), pause("2026-06-01", None)],
        &["C03"],
    ),
    (
        "a certificate after the other",
        |s| {
            s.members[0].certificates = vec![
                certificate(1, None, Some("2026-06-30")),
                certificate(2, Some("2026-06-01"), Some("2026-12-31")),
                certificate(3, Some("2026-07-01"), None),
            ]
        },
        &[],
    ),
    (
        "three at once",
        |s| {
            s.members[0].certificates = vec![
                certificate(1, None, Some("2026-06-30")),
                certificate(2, Some("2026-06-01"), None),
                certificate(3, Some("2026-06-30"), None),
            ]
        },
        &["C03"],
    ),
    (
        "one key twice",
        |s| {
            s.members[0].certificates =
                vec![certificate(1, None, Some("2026-06-30")), certificate(1, Some("2026-07-01"), None)]
        },
        &["C04"],
    ),
    (
        "certificate reversed",
        |s| s.members[0].certificates = vec![certificate(1, Some("2026-07-01"), Some("2026-06-30"))],
        &["C03"],
    ),
    (
        "no public key",
        |s| s.members[0].certificates = vec![Certificate { public_key: [3; 65], ..certificate(1, None, None) }],
        &["C03"],
    ),
    ("issuer twice", |s| s.issuers.push(s.issuers[0].clone()), &["C04"]),
    ("issuer of nobody", |s| s.issuers[0].member = MemberCode(1), &["C05"]),
    ("issuer without a key", |s| s.issuers[0].keys.clear(), &["C08"]),
    ("issuer's key twice", |s| s.issuers[0].keys.push((KeyVersion(1), Algorithm::Sm4)), &["C04"]),
    ("negative overdraft", |s| s.issuers[0].overdraft_limit_fen = Fen(-1), &["C03"]),
    ("a key that the centre lacks", |s| s.tac_keys.truncate(1), &["C08"]),
    (
        "a key that the centre does not need",
        |s| {
            s.tac_keys.truncate(1);
            s.rules.tac_verifier = TacVerifier::Issuer;
        },
        &[],
    ),
    ("TAC key twice", |s| s.tac_keys.push(s.tac_keys[1].clone()), &["C04"]),
    ("range twice", |s| s.psam_ranges.push(s.psam_ranges[0].clone()), &["C06"]),
    ("range of nobody", |s| s.psam_ranges[0].member = MemberCode(1), &["C05"]),
    (
        "range reversed",
        |s| {
            let range = &mut s.psam_ranges[0];
            std::mem::swap(&mut range.from, &mut range.to);
        },
        &["C03"],
    ),
    ("fee twice", |s| s.fees.push(s.fees[0].clone()), &["C07"]),
    (
        "fee after fee",
        |s| {
            s.fees[0].to = Some(day("2026-06-30"));
            s.fees.push(tongka_scheme::FeeRule { from: day("2026-07-01"), to: None, ..s.fees[0].clone() });
        },
        &[],
    ),
    (
        "fee of another pattern",
        |s| s.fees.push(tongka_scheme::FeeRule { industry: Some(Industry::Bus), ..s.fees[0].clone() }),
        &[],
    ),
    ("fee of nobody", |s| s.fees[0].issuer = Some(MemberCode(1)), &["C05"]),
    ("fee above the whole", |s| s.fees[0].centre_rate = RatePpm(1_000_001), &["C03"]),
    ("fees above the whole together", |s| s.fees[0].centre_rate = RatePpm(998_001), &["C03"]),
    ("fee ends before it begins", |s| s.fees[0].to = Some(day("2025-12-31")), &["C03"]),
    ("card twice", |s| s.blacklist.push(s.blacklist[0].clone()), &["C04"]),
    ("card of no issuer", |s| s.blacklist[0].issuer_id.0[0] = 9, &["C05"]),
    ("reserve twice", |s| s.reserves.push(s.reserves[0]), &["C04"]),
    ("reserve of nobody", |s| s.reserves[0].member = MemberCode(1), &["C05"]),
    ("negative line", |s| s.reserves[0].stop_fen = Fen(-1), &["C03"]),
    ("line of sixteen digits", |s| s.reserves[0].target_fen = Fen(1_000_000_000_000_000), &["C03"]),
];

#[test]
fn check_finds_what_the_parser_finds() {
    for (name, change, expected) in CASES {
        let mut scheme = example();
        change(&mut scheme);
        let found: BTreeSet<_> = check(&scheme).iter().map(|fault| fault.code.as_str()).collect();
        assert_eq!(found, expected.iter().copied().collect(), "{name}: {:?}", check(&scheme));
        match parse(&render(&scheme), "rendered.toml") {
            Ok(read) => assert_eq!((read, found.len()), (scheme, 0), "{name}"),
            Err(errors) => {
                let read: BTreeSet<_> = errors.iter().map(|error| error.code.as_str()).collect();
                assert_eq!(read, found, "{name}: {errors:?}");
            }
        }
    }
}

#[test]
fn no_fault_shows_a_key_or_a_whole_card_number() {
    for (name, change, _) in CASES {
        let mut scheme = example();
        change(&mut scheme);
        for fault in check(&scheme) {
            let text = fault.to_string();
            assert!(!text.contains("03104290000000012345") && !text.contains("C0C1C2C3"), "{name}: {text}");
            assert!(text.contains(fault.code.as_str()) && text.contains(fault.field), "{text}");
        }
    }
}

#[test]
fn lists_out_of_order_are_faults() {
    let changes: [fn(&mut Scheme); 3] = [
        |s| {
            let mut second = s.members[0].clone();
            second.code = MemberCode(1);
            s.members.push(second);
        },
        |s| {
            let mut second = s.fees[0].clone();
            second.to = Some(day("2024-12-31"));
            second.from = day("2024-01-01");
            s.fees.push(second);
        },
        |s| {
            let mut second = s.blacklist[0].clone();
            second.application_serial.0[0] = 1;
            s.blacklist.push(second);
        },
    ];
    for change in changes {
        let mut scheme = example();
        change(&mut scheme);
        assert!(!check(&scheme).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Random fee rules and PSAM ranges: the two ways agree on whether they overlap.
    #[test]
    fn check_and_parser_agree_on_overlaps(
        fees in prop::collection::vec((0..3u8, 1..28u32, prop::option::of(1..28u32)), 0..6),
        ranges in prop::collection::vec((0..50u8, 0..20u8), 0..6),
    ) {
        let mut scheme = example();
        let first = scheme.fees[0].clone();
        let may = |d| Date::from_ymd_opt(2026, 5, d).unwrap();
        scheme.fees = fees
            .into_iter()
            .map(|(industry, from, to)| tongka_scheme::FeeRule {
                industry: Industry::from_code(industry),
                from: may(from),
                to: to.map(may),
                ..first.clone()
            })
            .collect();
        scheme.fees.sort_by_key(tongka_scheme::FeeRule::key);
        let range = scheme.psam_ranges[0].clone();
        let psam = |n| tongka_base::PsamNo([1, 0, 0, 0, 0, n]);
        scheme.psam_ranges = ranges
            .into_iter()
            .map(|(from, length)| tongka_scheme::PsamRange { from: psam(from), to: psam(from + length), ..range.clone() })
            .collect();
        scheme.psam_ranges.sort_by_key(|r| (r.from, r.to));
        let found: BTreeSet<_> = check(&scheme).iter().map(|fault| fault.code.as_str()).collect();
        match parse(&render(&scheme), "rendered.toml") {
            Ok(read) => prop_assert_eq!((read, found.len()), (scheme, 0)),
            Err(errors) => {
                let read: BTreeSet<_> = errors.iter().map(|error| error.code.as_str()).collect();
                prop_assert_eq!(read, found);
            }
        }
    }
}
