//! Scheme files that are read: the example of the exchange interface (completed by its second TAC key), round trips, order, size.

use std::fmt::Write;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tongka_base::{Algorithm, CardScheme, Fen, IssuerId, KeyVersion, MemberCode, PsamNo, RatePpm};
use tongka_scheme::{PsamState, TacVerifier, parse, parse_tac_keys, render, render_tac_keys};

const EXAMPLE: &str = include_str!("good.toml");
const RULES: &str = "[rules]\nlate_window_days = 30\nsingle_limit_fen = 100000\nblacklist_grace_hours = 24\n\
    history_days = 90\ntac_verifier = \"issuer\"\n";

fn day(text: &str) -> tongka_base::Date {
    tongka_base::date::parse_date_lenient(text).unwrap()
}

#[test]
fn the_example_is_read() {
    let scheme = parse(EXAMPLE, "scheme.toml").unwrap();
    let shanghai = MemberCode(10_002_900);
    let issuer_id = IssuerId::parse(b"02002900FFFFFFFF").unwrap();
    assert_eq!(scheme.rules.late_window_days, 30);
    assert_eq!(scheme.rules.single_limit_fen, Fen(100_000));
    assert_eq!(scheme.rules.blacklist_grace_hours, 24);
    assert_eq!(scheme.rules.history_days, 90);
    assert_eq!(scheme.rules.tac_verifier, TacVerifier::Centre);
    let member = scheme.member(shanghai).unwrap();
    assert_eq!((member.name.as_str(), member.city.as_str()), ("上海", "2900"));
    assert_eq!((member.active_from, member.active_to, member.certificates.len()), (day("2026-01-01"), None, 0));
    let issuer = scheme.issuer(CardScheme::TUnion, issuer_id).unwrap();
    assert_eq!((issuer.member, issuer.overdraft_limit_fen), (shanghai, Fen(0)));
    assert_eq!(issuer.keys, [(KeyVersion(1), Algorithm::Tdes), (KeyVersion(1), Algorithm::Sm4)]);
    let range = scheme.psam_range(PsamNo::parse(b"290000000001").unwrap()).unwrap();
    assert_eq!((range.member, range.to.to_string().as_str()), (shanghai, "29000000FFFF"));
    assert_eq!(range.state, PsamState::Active);
    let fee = &scheme.fees[0];
    assert_eq!((fee.acquirer, fee.issuer, fee.industry), (None, None, None));
    assert_eq!((fee.issuer_rate, fee.centre_rate), (RatePpm(2000), RatePpm(500)));
    assert_eq!((fee.from, fee.to), (day("2026-01-01"), None));
    assert_eq!(scheme.blacklist[0].application_serial.to_string(), "03104290000000012345");
    assert_eq!(scheme.blacklist[0].listed_at, day("2026-08-30").and_hms_opt(0, 0, 0).unwrap());
    let key = scheme.tac_key(CardScheme::TUnion, KeyVersion(1), Algorithm::Tdes).unwrap();
    assert_eq!((key.key[0], key.key[15]), (0xC0, 0xD7));
    let reserve = scheme.reserve(shanghai).unwrap();
    assert_eq!((reserve.opening_fen, reserve.stop_fen), (Fen(500_000_000), Fen(50_000_000)));
    assert_eq!((reserve.target_fen, reserve.warning_fen), (Fen(400_000_000), Fen(200_000_000)));
}

/// The interface's example shows one of the two TAC keys that its issuer allows.
#[test]
fn the_example_as_printed_lacks_one_key() {
    let at = EXAMPLE.rfind("[[tac_key]]").unwrap();
    let printed = format!("{}{}", &EXAMPLE[..at], &EXAMPLE[EXAMPLE.find("\n[[reserve]]").unwrap()..]);
    let errors = parse(&printed, "scheme.toml").unwrap_err();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "scheme.toml:14:1 C08 中心验证TAC, 但缺少 [[tac_key]] T 01/04 / the centre checks TACs but [[tac_key]] T 01/04 is missing"
        ]
    );
    let by_issuer = printed.replace("tac_verifier = \"centre\"", "tac_verifier = \"issuer\"");
    assert_eq!(parse(&by_issuer, "scheme.toml").unwrap().tac_keys.len(), 1);
}

#[test]
fn keys_alone_read_back_and_nothing_else_is_taken_for_them() {
    let example = parse(EXAMPLE, "scheme.toml").unwrap();
    assert_eq!(parse_tac_keys(&render_tac_keys(&example.tac_keys), "keys.toml").unwrap(), example.tac_keys);
    assert_eq!(parse_tac_keys("", "keys.toml").unwrap(), []);
    let errors = parse_tac_keys(EXAMPLE, "keys.toml").unwrap_err();
    assert!(errors.iter().all(|error| error.code.as_str() == "C02"), "{errors:?}");
}

#[test]
fn a_suspended_member_takes_part_before_and_after() {
    let pauses = "suspensions = [{ from = \"2026-05-01\", to = \"2026-05-31\" }, { from = \"2026-09-01\" }]\ncity =";
    let scheme = parse(&EXAMPLE.replacen("city =", pauses, 1), "scheme.toml").unwrap();
    let cases = [("2025-12-31", false), ("2026-04-30", true), ("2026-05-01", false), ("2026-05-31", false)];
    for (on, active) in cases.into_iter().chain([("2026-06-01", true), ("2026-08-31", true), ("2030-01-01", false)]) {
        assert_eq!(scheme.members[0].is_active(day(on)), active, "{on}");
    }
    assert_eq!(parse(&render(&scheme), "again.toml").unwrap(), scheme);
}

#[test]
fn only_rules_are_required() {
    let scheme = parse(RULES, "scheme.toml").unwrap();
    assert!(scheme.members.is_empty() && scheme.reserves.is_empty());
    assert_eq!(parse(&render(&scheme), "again.toml").unwrap(), scheme);
}

#[test]
fn lists_come_out_ordered_and_read_back_equal() {
    let key = format!("04{}", "aB".repeat(64));
    let text = format!(
        r#"{RULES}
[[member]]
code = "20000000"
name = "引号\"与\\\n换行"
city = "3300"
active_from = "2026-01-01"
active_to = "2026-12-31"
sm2_public_key = "{key}"
[[member]]
code = "10000000"
name = "沪"
city = "2900"
active_from = "2026-01-01"
[[issuer]]
scheme = "M"
issuer_id = "1000200000010000"
member = "20000000"
overdraft_limit_fen = 800
keys = [{{ version = "A1", algorithm = "04" }}]
[[issuer]]
scheme = "T"
issuer_id = "02002900FFFFFFFF"
member = "10000000"
overdraft_limit_fen = 0
keys = [{{ version = "02", algorithm = "04" }}, {{ version = "01", algorithm = "01" }}]
[[psam_range]]
member = "20000000"
from = "330000000000"
to = "33FFFFFFFFFF"
state = "test"
[[psam_range]]
member = "10000000"
from = "290000000000"
to = "290000000000"
state = "stopped"
[[fee]]
acquirer = "20000000"
issuer = "10000000"
industry = "09"
issuer_rate_ppm = 1000000
centre_rate_ppm = 0
from = "2026-07-01"
[[fee]]
acquirer = "20000000"
issuer = "10000000"
industry = "09"
issuer_rate_ppm = 1
centre_rate_ppm = 2
from = "2026-01-01"
to = "2026-06-30"
[[blacklist]]
scheme = "M"
issuer_id = "1000200000010000"
application_serial = "03104290000000000002"
listed_at = "2026-08-30T23:59:59"
[[blacklist]]
scheme = "T"
issuer_id = "02002900FFFFFFFF"
application_serial = "03104290000000000001"
listed_at = "2026-08-30T00:00:00"
[[reserve]]
member = "20000000"
opening_fen = 0
target_fen = 0
warning_fen = 0
stop_fen = 0
[[reserve]]
member = "10000000"
opening_fen = 999999999999999
target_fen = 3
warning_fen = 2
stop_fen = 1
"#
    );
    let scheme = parse(&text, "scheme.toml").unwrap();
    assert_eq!(scheme.members.iter().map(|m| m.code.0).collect::<Vec<_>>(), [10_000_000, 20_000_000]);
    assert_eq!(scheme.members[1].name, "引号\"与\\\n换行");
    assert_eq!(scheme.members[1].certificates[0].public_key[..2], [0x04, 0xAB]);
    assert_eq!(scheme.issuers[0].scheme, CardScheme::TUnion);
    assert_eq!(scheme.issuers[0].keys[0].0, KeyVersion(2), "keys stay in file order");
    assert!(scheme.psam_ranges[0].from < scheme.psam_ranges[1].from);
    assert!(scheme.fees[0].from < scheme.fees[1].from, "fees of a pattern are ordered by first day");
    assert_eq!(scheme.blacklist[0].scheme, CardScheme::TUnion);
    assert_eq!(scheme.reserves[0].opening_fen, Fen(999_999_999_999_999));
    assert_eq!(parse(&render(&scheme), "again.toml").unwrap(), scheme);
    let example = parse(EXAMPLE, "scheme.toml").unwrap();
    assert_eq!(parse(&render(&example), "again.toml").unwrap(), example);
    assert_eq!(parse(&EXAMPLE.replace('\n', "\r\n"), "scheme.toml").unwrap(), example);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_name_reads_back(name in any::<String>(), city in any::<String>()) {
        let mut scheme = parse(EXAMPLE, "scheme.toml").unwrap();
        (scheme.members[0].name, scheme.members[0].city) = (name, city);
        prop_assert_eq!(parse(&render(&scheme), "again.toml").unwrap(), scheme);
    }
}

/// A national file: 350 members and issuers, 5,000 ranges, 100,000 blacklisted cards.
fn national() -> String {
    let mut text = RULES.to_owned();
    for n in 0..350 {
        write!(
            text,
            "[[member]]\ncode = \"1000{n:04}\"\nname = \"成员{n}\"\ncity = \"{n:04}\"\nactive_from = \"2026-01-01\"\n\
             [[issuer]]\nscheme = \"T\"\nissuer_id = \"0200{n:04}FFFFFFFF\"\nmember = \"1000{n:04}\"\n\
             overdraft_limit_fen = 0\nkeys = [{{ version = \"01\", algorithm = \"01\" }}]\n"
        )
        .unwrap();
    }
    for n in 0..5000 {
        let member = n % 350;
        writeln!(
            text,
            "[[psam_range]]\nmember = \"1000{member:04}\"\nfrom = \"{n:08}0000\"\nto = \"{n:08}FFFF\"\nstate = \"active\""
        )
        .unwrap();
    }
    for n in 0..100_000 {
        let issuer = n % 350;
        writeln!(
            text,
            "[[blacklist]]\nscheme = \"T\"\nissuer_id = \"0200{issuer:04}FFFFFFFF\"\n\
             application_serial = \"{n:020}\"\nlisted_at = \"2026-08-30T00:00:00\""
        )
        .unwrap();
    }
    text
}

#[test]
fn a_national_file_is_read_quickly() {
    let text = national();
    let begun = Instant::now();
    let scheme = parse(&text, "scheme.toml").unwrap();
    let good = begun.elapsed();
    assert_eq!((scheme.members.len(), scheme.psam_ranges.len(), scheme.blacklist.len()), (350, 5000, 100_000));
    let begun = Instant::now();
    let errors = parse(&text.replace("T00:00:00", "T24:00:00"), "scheme.toml").unwrap_err();
    let bad = begun.elapsed();
    assert_eq!(errors.len(), 100_000);
    println!("read in {good:?}, refused in {bad:?}");
    // The target is 2 s in a release build; the rest is room for unoptimised builds and busy machines.
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 2 });
    assert!(good < limit && bad < limit, "{good:?}, {bad:?}");
}
