//! Simulated days: determinism, truth, and files that keep to the exchange interface.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tongka_base::date::parse_date;
use tongka_base::{FileCode, KeyVersion, Reason};
use tongka_crypto::{TacInput, diversify, sm3, tac_batch};
use tongka_simulator::{DayPlan, DaySummary, SimError, simulate_day, simulated_scheme};
use tongka_wire::txu::{LINE_LEN, Txu, amount_or_zero, parse_txu};
use tongka_wire::{FileName, HEADER_LEN, Header};

fn plan(date: &str, faults_ppm: u32) -> DayPlan {
    let date = parse_date(date.as_bytes()).unwrap();
    DayPlan { date, members: 5, records: 6_000, seed: 11, faults_ppm, max_records_per_file: 900 }
}

fn run(plan: &DayPlan, out: &Path) -> DaySummary {
    simulate_day(plan, out, &|_| {}).unwrap()
}

/// Every file under a folder with its bytes.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            files.extend(tree(&entry.path()).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    files
}

/// Rows of `truth.csv` but for the header.
fn truth(out: &Path) -> Vec<(String, u32, String, String)> {
    let text = fs::read_to_string(out.join("truth.csv")).unwrap();
    assert!(text.starts_with("upload,record_no,verdict,reason\n"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0].to_owned(), cells[1].parse().unwrap(), cells[2].to_owned(), cells[3].to_owned())
    };
    text.lines().skip(1).map(row).collect()
}

/// Records of the files that are accepted, in the order of acceptance, with whether the record is accepted.
fn records(out: &Path) -> Vec<(FileName, Txu, bool)> {
    let mut found = Vec::new();
    let mut body = Vec::new();
    for (name, number, verdict, _) in truth(out) {
        if number == 0 {
            body = fs::read(out.join("inbox").join(&name)).unwrap_or_default();
            continue;
        }
        let line = &body[HEADER_LEN + (number as usize - 1) * LINE_LEN..][..LINE_LEN];
        let name = FileName::parse(&name).unwrap();
        if let Ok(txu) = parse_txu(line).map_err(|_| assert_ne!(verdict, "A")) {
            found.push((name, txu, verdict == "A"));
        }
    }
    found
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let (one, two, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let plan = plan("20260901", 20_000);
    assert_eq!(run(&plan, one.path()), run(&plan, two.path()));
    assert!(tree(one.path()) == tree(two.path()));
    run(&DayPlan { seed: 12, ..plan }, other.path());
    assert!(tree(one.path()) != tree(other.path()));
    assert!(matches!(simulate_day(&plan, one.path(), &|_| {}), Err(SimError::NotEmpty(_))));
}

#[test]
fn every_code_occurs() {
    for (members, records) in [(4, 2_000), (350, 2_000), (12, 30_000)] {
        let out = tempfile::tempdir().unwrap();
        let plan = DayPlan { members, records, ..plan("20260901", 1_000) };
        let summary = run(&plan, out.path());
        assert_eq!(summary.records, records);
        let rows = truth(out.path());
        let codes: BTreeSet<String> =
            rows.iter().filter(|r| r.1 > 0).map(|(_, _, verdict, reason)| format!("{verdict}{reason}")).collect();
        let all: BTreeSet<String> = Reason::ALL.iter().map(|r| format!("{}{r}", r.verdict())).collect();
        assert_eq!(codes, all);
        let files: BTreeSet<&str> = rows.iter().filter(|r| r.1 == 0).map(|r| r.2.as_str()).collect();
        let expected: BTreeSet<&str> = FileCode::ALL.iter().map(|c| c.code()).chain(["OK"]).collect();
        assert_eq!(files, expected);
        assert_eq!(rows.iter().filter(|r| r.1 > 0).count() as u64, records);
        let resent = rows.iter().find(|r| r.2 == "F07").unwrap();
        let name = resent.0.strip_prefix("resend/").unwrap();
        let (old, new) = (fs::read(out.path().join("inbox").join(name)), fs::read(out.path().join(&resent.0)));
        assert_ne!(old.unwrap(), new.unwrap());
    }
}

#[test]
fn a_duplicate_comes_in_the_next_file_too() {
    let out = tempfile::tempdir().unwrap();
    run(&plan("20260901", 20_000), out.path());
    let mut originals = BTreeMap::new();
    let (mut inside, mut across) = (0, 0);
    for (name, txu, accepted) in records(out.path()) {
        let key = (name.member, txu.serial, txu.counter, txu.psam_txn, txu.amount);
        match originals.get(&key) {
            Some(first) if *first == name.sequence => inside += 1,
            Some(first) => across += u32::from(first + 1 == name.sequence),
            None if accepted => drop(originals.insert(key, name.sequence)),
            None => {}
        }
    }
    assert!(inside > 0 && across > 0, "{inside} inside a file, {across} across two");
}

#[test]
fn faults_are_about_as_many_as_asked_for() {
    let out = tempfile::tempdir().unwrap();
    let summary =
        run(&DayPlan { records: 60_000, max_records_per_file: 20_000, ..plan("20260901", 30_000) }, out.path());
    let wrong = summary.records - summary.accepted;
    assert!((1_500..=2_100).contains(&wrong), "{wrong} of 60000 at 3 %");
    assert_eq!(summary.reasons.values().sum::<u64>(), summary.records);
}

#[test]
fn accepted_files_keep_to_the_interface() {
    let out = tempfile::tempdir().unwrap();
    run(&plan("20260901", 20_000), out.path());
    let scheme = simulated_scheme(11, 5).unwrap();
    let mut signed = 0;
    for (name, number, verdict, _) in truth(out.path()) {
        if number != 0 || verdict != "OK" {
            continue;
        }
        let bytes = fs::read(out.path().join("inbox").join(&name)).unwrap();
        let identity = FileName::parse(&name).unwrap();
        let (head, body) = bytes.split_at(HEADER_LEN);
        let header = Header::parse(head).unwrap();
        assert_eq!(
            (header.sender, header.file_date, header.sequence),
            (identity.member, identity.date, identity.sequence)
        );
        assert_eq!(header.receiver.0, 0);
        assert_eq!((header.record_length as usize, body.len() % LINE_LEN), (LINE_LEN, 0));
        assert_eq!(header.record_count as usize, body.len() / LINE_LEN);
        assert_eq!(header.total_amount as u64, body.chunks(LINE_LEN).map(amount_or_zero).sum::<u64>());
        assert_eq!(header.body_digest, sm3(body));
        assert!(body.chunks(LINE_LEN).all(|line| line[0] == b'D' && line.ends_with(b"\r\n")));
        let signs = !scheme.member(identity.member).unwrap().certificates.is_empty();
        assert_eq!(signs, out.path().join("inbox").join(format!("{name}.sig")).exists());
        signed += u32::from(signs);
    }
    assert!(signed > 0);
    assert!(tree(out.path()).keys().all(|name| !name.ends_with(".tmp")));
}

#[test]
fn a_clean_day_is_clean_and_its_chains_hold() {
    let out = tempfile::tempdir().unwrap();
    let summary = run(&plan("20260901", 0), out.path());
    assert_eq!((summary.accepted, summary.refused_files), (6_000, 0));
    assert!(truth(out.path()).iter().all(|r| r.1 == 0 && r.2 == "OK" || r.2 == "A" && r.3 == "00"));
    let scheme = simulated_scheme(11, 5).unwrap();
    let (mut cards, mut terminals) = (BTreeMap::new(), BTreeMap::new());
    let (mut industries, mut foreign, mut entries) = (BTreeSet::new(), 0, 0);
    for (name, txu, _) in records(out.path()) {
        let issuer = scheme.issuer(txu.scheme, txu.issuer_id).unwrap();
        assert!(issuer.keys.contains(&(KeyVersion(txu.key_version), txu.algorithm)));
        assert_eq!(scheme.psam_range(txu.psam).unwrap().member, name.member);
        assert!(txu.amount <= txu.list_price);
        assert!(i64::from(txu.amount) <= i64::from(txu.balance_before) + issuer.overdraft_limit_fen.0);
        if let Some(before) = terminals.insert(txu.psam, txu.psam_txn) {
            assert!(txu.psam_txn > before, "PSAM {}", txu.psam);
        }
        let left = txu.balance_before - txu.amount as i32;
        if let Some((counter, balance)) = cards.insert((txu.scheme, txu.issuer_id, txu.serial), (txu.counter, left)) {
            assert_eq!(txu.counter, counter + 1);
            assert!((txu.balance_before - balance) % 10_000 == 0 && txu.balance_before >= balance);
        }
        industries.insert(txu.industry);
        foreign += u32::from(issuer.member != name.member);
        entries += u32::from(txu.amount == 0 && txu.industry == tongka_base::Industry::Metro);
        let master = scheme.tac_key(txu.scheme, KeyVersion(1), txu.algorithm).unwrap();
        let key = diversify(txu.algorithm, &master.key, &txu.scheme.issuer_factor(txu.issuer_id));
        let mut data = [0; 22];
        data[..4].copy_from_slice(&txu.amount.to_be_bytes());
        data[4] = txu.tti;
        data[5..11].copy_from_slice(&txu.psam.0);
        data[11..15].copy_from_slice(&txu.psam_txn.to_be_bytes());
        let (t, date) = (txu.time_seconds, tongka_base::date::format_date(txu.date));
        let stamp = format!("{date}{:02}{:02}{:02}", t / 3600, t / 60 % 60, t % 60);
        assert!(tongka_base::id::parse_hex(stamp.as_bytes(), &mut data[15..]));
        let input = TacInput { issuer_key: 0, card_factor: txu.serial.card_factor(), data };
        let mut tac = [[0; 4]];
        tac_batch(txu.algorithm, &[key], &[input], &mut tac);
        assert_eq!(tac[0], txu.tac);
    }
    assert_eq!(industries.len(), 6);
    assert!(foreign > 3_000 && entries > 500, "{foreign} foreign, {entries} entries");
}

#[test]
fn days_of_one_seed_share_a_scheme_and_no_keys() {
    let (mut cards, mut terminals) = (BTreeSet::new(), BTreeSet::new());
    let mut schemes = BTreeSet::new();
    for date in ["20260901", "20260902", "20260930", "20270101"] {
        let out = tempfile::tempdir().unwrap();
        run(&plan(date, 20_000), out.path());
        schemes.insert(fs::read(out.path().join("scheme.toml")).unwrap());
        for (_, txu, accepted) in records(out.path()) {
            if accepted {
                assert!(cards.insert((txu.scheme, txu.issuer_id, txu.serial, txu.counter)));
                assert!(terminals.insert((txu.psam, txu.psam_txn)));
            }
        }
    }
    assert_eq!(schemes.len(), 1);
}

#[test]
fn the_scheme_file_reads_back() {
    let out = tempfile::tempdir().unwrap();
    run(&plan("20260901", 0), out.path());
    let text = fs::read_to_string(out.path().join("scheme.toml")).unwrap();
    assert_eq!(tongka_scheme::parse(&text, "scheme.toml").unwrap(), simulated_scheme(11, 5).unwrap());
}

#[test]
fn impossible_plans_are_refused() {
    let out = tempfile::tempdir().unwrap();
    let good = plan("20260901", 0);
    let wrong = [
        DayPlan { members: 0, ..good },
        DayPlan { members: 351, ..good },
        DayPlan { max_records_per_file: 0, ..good },
        DayPlan { max_records_per_file: 1_000_001, ..good },
        DayPlan { faults_ppm: 200_001, ..good },
        DayPlan { records: u64::MAX, ..good },
        plan("20200101", 0),
    ];
    for plan in wrong {
        assert!(matches!(simulate_day(&plan, out.path(), &|_| {}), Err(SimError::Plan(_))), "{plan:?}");
    }
    let empty = run(&DayPlan { records: 0, ..plan("20260901", 1_000) }, out.path());
    assert_eq!((empty.files, empty.records), (4, 0));
}
