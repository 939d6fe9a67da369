//! Scheme files that are refused: each code with its place, all faults at once, no key in any message.

use tongka_scheme::{ErrorCode, parse};

const EXAMPLE: &str = include_str!("good.toml");
const KEY: &str = "C0C1C2C3C4C5C6C7D0D1D2D3D4D5D6D7";

/// The code and line of every error.
fn faults(text: &str) -> Vec<(String, usize)> {
    let errors = parse(text, "scheme.toml").expect_err("the scheme is refused");
    errors.iter().map(|e| (e.code.to_string(), e.line)).collect()
}

/// The example with one piece replaced, once.
fn with(old: &str, new: &str) -> String {
    assert!(EXAMPLE.contains(old), "{old}");
    EXAMPLE.replacen(old, new, 1)
}

/// The example with one piece replaced within the section that begins at `header`.
fn within(header: &str, old: &str, new: &str) -> String {
    let (before, after) = EXAMPLE.split_at(EXAMPLE.find(header).unwrap());
    assert!(after.contains(old), "{old}");
    format!("{before}{}", after.replacen(old, new, 1))
}

/// The example with sections added after its last line, 57.
fn and(more: &str) -> String {
    assert_eq!(EXAMPLE.lines().count(), 57);
    format!("{EXAMPLE}{more}")
}

const RANGE: &str = "[[psam_range]]\nmember = \"10002900\"\nstate = \"active\"\n";
const FEE: &str = "[[fee]]\nissuer = \"*\"\nindustry = \"*\"\nissuer_rate_ppm = 0\ncentre_rate_ppm = 0\n";

#[test]
fn every_fault_has_its_code_and_line() {
    let other_issuer = "[[issuer]]\nscheme = \"T\"\nissuer_id = \"0300290000000000\"\nmember = \"10002900\"\noverdraft_limit_fen = 0\n";
    let member = "[[member]]\ncode = \"10002900\"\nname = \"\"\ncity = \"\"\nactive_from = \"2026-01-01\"\n";
    let issuer = "[[issuer]]\nscheme = \"T\"\nissuer_id = \"02002900FFFFFFFF\"\nmember = \"10002900\"\noverdraft_limit_fen = 0\nkeys = [{ version = \"01\", algorithm = \"01\" }]\n";
    let card = "[[blacklist]]\nscheme = \"T\"\nissuer_id = \"02002900FFFFFFFF\"\napplication_serial = \"03104290000000012345\"\nlisted_at = \"2026-08-31T00:00:00\"\n";
    let tac_key = format!("[[tac_key]]\nscheme = \"T\"\nversion = \"01\"\nalgorithm = \"01\"\nkey = \"{KEY}\"\n");
    let reserve =
        "[[reserve]]\nmember = \"10002900\"\nopening_fen = 0\ntarget_fen = 0\nwarning_fen = 0\nstop_fen = 0\n";
    let fee = |from: &str| format!("{FEE}acquirer = \"*\"\n{from}");
    let cases: Vec<(&str, String, &str, usize)> = vec![
        ("not TOML", with("history_days = 90", "history_days = "), "C01", 5),
        ("the same field twice", with("history_days = 90", "history_days = 90\nhistory_days = 91"), "C01", 6),
        ("unknown section", and("[[tac_keys]]\nscheme = \"T\"\n"), "C02", 58),
        ("unknown field", with("city = \"2900\"", "city = \"2900\"\ncitty = \"2900\""), "C02", 12),
        ("unknown field of a rule", with("history_days", "x = 1\nhistory_days"), "C02", 5),
        ("unknown field of a key", with("algorithm = \"04\" }", "algorithm = \"04\", x = 1 }"), "C02", 19),
        ("unknown field of a test key", within("[[tac_key]]", "key = \"", "kee = 1\nkey = \""), "C02", 45),
        ("history too short", with("history_days = 90", "history_days = 89"), "C03", 5),
        ("history beyond the calendar", with("history_days = 90", "history_days = 36501"), "C03", 5),
        ("negative days", with("late_window_days = 30", "late_window_days = -1"), "C03", 2),
        ("too many days", with("late_window_days = 30", "late_window_days = 5000000000"), "C03", 2),
        ("too many hours", with("blacklist_grace_hours = 24", "blacklist_grace_hours = 876001"), "C03", 4),
        ("money with a fraction", with("single_limit_fen = 100000", "single_limit_fen = 1000.5"), "C03", 3),
        ("money as text", with("single_limit_fen = 100000", "single_limit_fen = \"100000\""), "C03", 3),
        ("negative limit", with("single_limit_fen = 100000", "single_limit_fen = -1"), "C03", 3),
        ("negative overdraft", with("overdraft_limit_fen = 0", "overdraft_limit_fen = -1"), "C03", 18),
        ("negative reserve", with("stop_fen = 50000000", "stop_fen = -1"), "C03", 57),
        ("money beyond 15 digits", with("stop_fen = 50000000", "stop_fen = 1000000000000000"), "C03", 57),
        ("late beyond history", with("late_window_days = 30", "late_window_days = 91"), "C03", 2),
        ("money beyond 64 bits", with("stop_fen = 50000000", "stop_fen = 9223372036854775808"), "C03", 57),
        ("unknown verifier", with("\"centre\"", "\"center\""), "C03", 6),
        ("a section written once", and("").replace("[[reserve]]", "[reserve]"), "C03", 52),
        (
            "a list of no tables",
            format!("reserve = [1]\n{}", &EXAMPLE[..EXAMPLE.find("[[reserve]]").unwrap()]),
            "C03",
            1,
        ),
        ("rules written as a list", with("[rules]", "[[rules]]"), "C03", 1),
        ("scheme letter", within("[[blacklist]]", "\"T\"", "\"X\""), "C03", 36),
        ("issuer id in lower case", within("[[blacklist]]", "02002900F", "02002900f"), "C03", 37),
        ("member date", with("2026-01-01", "2026-02-30"), "C03", 12),
        ("date without quotes", with("\"2026-01-01\"", "2026-01-01"), "C03", 12),
        ("compact date", with("2026-01-01", "20260101"), "C03", 12),
        ("member period reversed", with("\"2026-01-01\"", "\"2026-01-01\"\nactive_to = \"2025-12-31\""), "C03", 13),
        (
            "public key without 04",
            with("city = \"2900\"", &format!("sm2_public_key = \"{}\"\ncity = \"\"", "03".repeat(65))),
            "C03",
            11,
        ),
        (
            "public key too short",
            with("city = \"2900\"", &format!("sm2_public_key = \"{}\"\ncity = \"\"", "04".repeat(64))),
            "C03",
            11,
        ),
        ("suspensions no list", with("city =", "suspensions = 1\ncity ="), "C03", 11),
        (
            "suspension without a beginning",
            with("city =", "suspensions = [{ to = \"2026-05-01\" }]\ncity ="),
            "C08",
            11,
        ),
        (
            "suspensions overlap",
            with(
                "city =",
                "suspensions = [{ from = \"2026-05-01\" }, { from = \"2026-06-01\", to = \"2026-06-02\" }]\ncity =",
            ),
            "C03",
            11,
        ),
        (
            "certificate of unknown field",
            with("city =", &format!("certificates = [{{ public_key = \"{}\", x = 1 }}]\ncity =", "04".repeat(65))),
            "C02",
            11,
        ),
        (
            "certificate reversed",
            with(
                "city =",
                &format!(
                    "certificates = [{{ public_key = \"{}\", not_before = \"2026-02-02\", not_after = \"2026-02-01\" }}]\ncity =",
                    "04".repeat(65)
                ),
            ),
            "C03",
            11,
        ),
        (
            "a key registered twice",
            with(
                "city =",
                &format!(
                    "sm2_public_key = \"{0}\"\ncertificates = [{{ public_key = \"{0}\" }}]\ncity =",
                    "04".repeat(65)
                ),
            ),
            "C04",
            12,
        ),
        ("key algorithm", with("algorithm = \"04\"", "algorithm = \"02\""), "C03", 19),
        ("key version", with("version = \"01\"", "version = \"1\""), "C03", 19),
        ("keys no list", with("keys = [", "keys = \"\" # "), "C03", 19),
        ("PSAM in lower case", with("29000000FFFF", "29000000ffff"), "C03", 24),
        ("PSAM too short", with("290000000001", "29000000001"), "C03", 23),
        ("PSAM range reversed", with("290000000001", "300000000000"), "C03", 24),
        ("PSAM state", with("\"active\"", "\"on\""), "C03", 25),
        ("unlisted industry", with("industry = \"*\"", "industry = \"06\""), "C03", 30),
        ("industry of one digit", with("industry = \"*\"", "industry = \"1\""), "C03", 30),
        ("acquirer neither code nor *", with("acquirer = \"*\"", "acquirer = \"any\""), "C03", 28),
        ("rate above the whole", with("issuer_rate_ppm = 2000", "issuer_rate_ppm = 1000001"), "C03", 31),
        ("rates above the whole together", with("issuer_rate_ppm = 2000", "issuer_rate_ppm = 999501"), "C03", 32),
        ("fee period reversed", within("[[fee]]", "\"2026-01-01\"", "\"2026-01-01\"\nto = \"2025-12-31\""), "C03", 34),
        ("card serial", with("03104290000000012345", "0310429000000001234"), "C03", 38),
        ("list time", with("T00:00:00", "T24:00:00"), "C03", 39),
        ("list time without seconds", with("T00:00:00", "T00:00"), "C03", 39),
        ("test key too short", with("D6D7\"", "D6\""), "C03", 45),
        ("test key not hex", with("D6D7\"", "D6DX\""), "C03", 45),
        ("member twice", and(member), "C04", 59),
        ("issuer twice", and(issuer), "C04", 58),
        ("key twice in an issuer", with("algorithm = \"04\"", "algorithm = \"01\""), "C04", 19),
        ("card twice", and(card), "C04", 58),
        ("test key twice", and(&tac_key), "C04", 58),
        ("reserve twice", and(reserve), "C04", 59),
        ("issuer of no member", within("[[issuer]]", "\"10002900\"", "\"10002901\""), "C05", 17),
        ("range of no member", within("[[psam_range]]", "\"10002900\"", "\"00000000\""), "C05", 22),
        ("fee of no acquirer", with("acquirer = \"*\"", "acquirer = \"10002901\""), "C05", 28),
        ("fee of no issuer", with("issuer = \"*\"", "issuer = \"10002901\""), "C05", 29),
        ("reserve of no member", within("[[reserve]]", "\"10002900\"", "\"10002901\""), "C05", 53),
        ("card of no issuer", within("[[blacklist]]", "02002900", "02002901"), "C05", 37),
        ("card of another scheme", within("[[blacklist]]", "\"T\"", "\"M\""), "C05", 37),
        ("ranges overlap", and(&format!("{RANGE}from = \"29000000FFFF\"\nto = \"2900000FFFFF\"\n")), "C06", 21),
        ("a range within", and(&format!("{RANGE}from = \"290000000002\"\nto = \"290000000002\"\n")), "C06", 21),
        ("equal fees overlap", and(&fee("from = \"2027-01-01\"\n")), "C07", 27),
        ("equal fees of one day", and(&fee("from = \"2025-01-01\"\nto = \"2026-01-01\"\n")), "C07", 27),
        ("no rules", EXAMPLE[EXAMPLE.find("[[member]]").unwrap()..].to_owned(), "C08", 1),
        ("a rule missing", with("history_days = 90\n", ""), "C08", 1),
        ("a field missing", with("city = \"2900\"\n", ""), "C08", 8),
        ("a key field missing", with("version = \"01\", algorithm = \"04\"", "version = \"01\""), "C08", 19),
        ("issuer without the field keys", and(other_issuer), "C08", 58),
        ("issuer with no keys", and(&format!("{other_issuer}keys = []\n")), "C08", 58),
        (
            "issuer key that the centre lacks",
            and(&format!("{other_issuer}keys = [{{ version = \"02\", algorithm = \"01\" }}]\n")),
            "C08",
            58,
        ),
    ];
    for (name, text, code, line) in cases {
        assert_eq!(faults(&text), [(code.to_owned(), line)], "{name}");
    }
}

#[test]
fn errors_name_file_line_and_column_in_both_languages() {
    let more = format!("{RANGE}from = \"29000000FFFF\"\nto = \"2900000FFFFF\"\n");
    let text = and(&more).replace("overdraft_limit_fen = 0", "overdraft_limit_fen = \"零\"");
    let errors = parse(&text, "scheme.toml").unwrap_err();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "scheme.toml:18:23 C03 overdraft_limit_fen 应为0 至 999999999999999 的整数, 实为 \"零\" / \
             overdraft_limit_fen must be an integer from 0 to 999999999999999, found \"零\"",
            "scheme.toml:21:1 C06 PSAM号段重叠: 290000000001–29000000FFFF × 29000000FFFF–2900000FFFFF, 与第58行 / \
             PSAM ranges overlap: 290000000001–29000000FFFF × 29000000FFFF–2900000FFFFF, with line 58",
        ]
    );
}

#[test]
fn columns_count_characters_also_on_shared_lines() {
    let text = with("name = \"上海\"\ncity = \"2900\"", "")
        .replace("[[member]]\ncode = \"10002900\"\n\nactive_from = \"2026-01-01\"         # active_to optional\n", "");
    let text =
        format!("member = [{{ name = \"上海\", x = 1, code = \"10002900\", city = 1, active_from = \"\" }}]\n{text}");
    let errors = parse(&text, "scheme.toml").unwrap_err();
    let places: Vec<_> = errors.iter().map(|e| (e.code.as_str(), e.line, e.column)).collect();
    assert_eq!(places, [("C02", 1, 26), ("C03", 1, 59), ("C03", 1, 76)]);
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_text() {
    let text = with("history_days = 90", "history_days = 1")
        .replace("city = \"2900\"", "citty = \"2900\"")
        .replace("29000000FFFF", "29")
        .replace("industry = \"*\"", "industry = \"07\"")
        .replace("stop_fen = 50000000", "stop_fen = -5");
    let expected = [("C03", 5), ("C08", 8), ("C02", 11), ("C03", 24), ("C03", 30), ("C03", 57)];
    assert_eq!(faults(&text), expected.map(|(code, line)| (code.to_owned(), line)));
}

#[test]
fn a_bad_entry_is_still_known_by_its_code() {
    let text = with("active_from = \"2026-01-01\"", "active_from = \"soon\"");
    assert_eq!(faults(&text), [("C03".to_owned(), 12)], "no unknown member besides");
}

#[test]
fn member_codes_of_the_centre_and_of_nobody_are_refused() {
    for code in ["00000000", "99999999", "1000290", "1000290A", "100029000"] {
        let text = format!(
            "{}\n[[member]]\ncode = \"{code}\"\nname = \"\"\ncity = \"\"\nactive_from = \"2026-01-01\"\n",
            EXAMPLE
        );
        assert_eq!(faults(&text), [("C03".to_owned(), 60)], "{code}");
    }
}

#[test]
fn touching_ranges_and_periods_do_not_overlap() {
    let range = format!("{RANGE}from = \"290000010000\"\nto = \"290000010000\"\n");
    let before = format!("{FEE}acquirer = \"*\"\nfrom = \"2025-01-01\"\nto = \"2025-12-31\"\n");
    let other = format!("{FEE}acquirer = \"10002900\"\nfrom = \"2026-01-01\"\n");
    parse(&and(&format!("{range}{before}{other}")), "scheme.toml").unwrap();
}

#[test]
fn a_wide_range_overlaps_every_one_it_holds() {
    let range = |from: &str, to: &str| format!("{RANGE}from = \"{from}\"\nto = \"{to}\"\n");
    let inner = range("300000000001", "300000000002") + &range("300000000005", "300000000006");
    let text = and(&(range("300000000000", "3000000000FF") + &inner));
    assert_eq!(faults(&text), [("C06".to_owned(), 58), ("C06".to_owned(), 58)]);
    let text = and(&(inner + &range("300000000000", "3000000000FF")));
    assert_eq!(faults(&text), [("C06".to_owned(), 58), ("C06".to_owned(), 63)]);
}

#[test]
fn no_message_shows_a_key() {
    let key = |line: &str| within("[[tac_key]]", &format!("key = \"{KEY}\""), line);
    let texts = [
        key(&format!("key = {KEY}")),
        key(&format!("key = \"{KEY}")),
        key(&format!("key = '{KEY}")),
        key(&format!("key = \"{KEY}\" x")),
        key(&format!("key = \"{KEY}\"\nkey = \"{KEY}\"")),
        key(&format!("key = \"{KEY}00\"")),
        key(&format!("key = \"{}\"", &KEY[..24])),
        key(&format!("key = \"{}\"", &KEY[..8])),
        key("key = 0xC0C1C2C3C4C5C6"),
        key(&format!("key = [\"{KEY}\"]")),
        key(&format!("key = {{ {KEY} = 1 }}")),
        key(&format!("{KEY} = \"key\"")),
        key("C0C1C2C3 = \"key\""),
        key(&format!("\"{KEY}\"")),
        within("[[tac_key]]", "version = \"01\"", &format!("version = \"{KEY}\"")),
        within("[[tac_key]]", "scheme = \"T\"", "scheme = \"C0C1C2C3\""),
        with("city = \"2900\"", &format!("{KEY} = \"2900\"\ncity = \"\"")),
        with("history_days = 90", &format!("history_days = \"{KEY}\"")),
        format!("{KEY} = 1\n{EXAMPLE}"),
        format!("tac_key = \"{KEY}\"\n{EXAMPLE}").replace("[[tac_key]]", "[[tac_keys]]"),
        EXAMPLE.replace("[[tac_key]]", "[[tac_keys]]"),
    ];
    for text in texts {
        for error in parse(&text, "scheme.toml").unwrap_err() {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("C0C1C2") && !shown.contains(&0xC0_C1C2_C3C4_C5C6_u64.to_string()), "{shown}");
        }
    }
}

#[test]
fn codes_are_stable() {
    let codes = [
        (ErrorCode::Syntax, "C01"),
        (ErrorCode::UnknownField, "C02"),
        (ErrorCode::BadValue, "C03"),
        (ErrorCode::Duplicate, "C04"),
        (ErrorCode::UnknownReference, "C05"),
        (ErrorCode::PsamOverlap, "C06"),
        (ErrorCode::FeeOverlap, "C07"),
        (ErrorCode::Missing, "C08"),
    ];
    for (code, text) in codes {
        assert_eq!(code.to_string(), text);
    }
}
