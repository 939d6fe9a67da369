//! Whole days by hand: what a small scheme makes of small files.

mod files;
mod golden;
mod history;
mod money;
mod outbox;
mod records;

use crate::crypto::{diversify, sm3, tac};
use crate::fields::{hex, to_hex};
use crate::*;
use std::collections::BTreeMap;
use tongka_base::date::{parse_date, parse_time};
use tongka_base::*;
use tongka_scheme::*;

/// Issuer of most cards here, and acquirer of some records.
const SHANGHAI: MemberCode = MemberCode(10_002_900);
/// Acquirer of most records here, and issuer of some cards.
const JIAXING: MemberCode = MemberCode(10_003_350);
/// Issuer of MOHURD cards.
const BEIJING: MemberCode = MemberCode(10_001_000);
/// A member that left.
const GONE: MemberCode = MemberCode(10_009_000);

const TAC_MASTER: [u8; 16] =
    [0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7];

fn date(text: &str) -> Date {
    parse_date(text.as_bytes()).unwrap()
}

/// `YYYYMMDDHHMMSS`.
fn at(text: &str) -> DateTime {
    date(&text[..8]).and_time(parse_time(&text.as_bytes()[8..]).unwrap())
}

fn psam(text: &str) -> PsamNo {
    PsamNo::parse(text.as_bytes()).unwrap()
}

fn issuer_id(text: &str) -> IssuerId {
    IssuerId::parse(text.as_bytes()).unwrap()
}

fn scheme() -> Scheme {
    let member = |code, name: &str, active_to: Option<&str>| Member {
        code,
        name: name.into(),
        city: "0000".into(),
        active_from: date("20200101"),
        active_to: active_to.map(date),
        suspensions: Vec::new(),
        certificates: Vec::new(),
    };
    let (v1, tdes, sm4) = (KeyVersion(1), Algorithm::Tdes, Algorithm::Sm4);
    let issuer = |scheme, id: &str, member, overdraft, keys: &[_]| Issuer {
        scheme,
        issuer_id: issuer_id(id),
        member,
        overdraft_limit_fen: Fen(overdraft),
        keys: keys.to_vec(),
    };
    let range = |member, from: &str, to: &str, state| PsamRange { member, from: psam(from), to: psam(to), state };
    let key = |scheme, algorithm| TacKey { scheme, version: v1, algorithm, key: TAC_MASTER };
    let (t, m) = (CardScheme::TUnion, CardScheme::Mohurd);
    Scheme {
        rules: Rules {
            late_window_days: 30,
            single_limit_fen: Fen(100_000),
            blacklist_grace_hours: 24,
            history_days: 90,
            tac_verifier: TacVerifier::Centre,
        },
        members: vec![
            member(BEIJING, "北京", None),
            member(SHANGHAI, "上海", None),
            member(JIAXING, "嘉兴", None),
            member(GONE, "已退出", Some("20260815")),
        ],
        issuers: vec![
            issuer(t, "02002900FFFFFFFF", SHANGHAI, 0, &[(v1, tdes), (v1, sm4)]),
            issuer(t, "02003350FFFFFFFF", JIAXING, 500, &[(v1, tdes)]),
            issuer(t, "02009000FFFFFFFF", GONE, 0, &[(v1, tdes)]),
            issuer(m, "1000200000010000", BEIJING, 0, &[(v1, tdes)]),
        ],
        psam_ranges: vec![
            range(SHANGHAI, "290000000001", "29000000FFFF", PsamState::Active),
            range(JIAXING, "335000000001", "33500000FFFF", PsamState::Active),
            range(JIAXING, "335000010000", "33500001FFFF", PsamState::Stopped),
            range(JIAXING, "335000020000", "33500002FFFF", PsamState::Test),
        ],
        fees: vec![FeeRule {
            acquirer: None,
            issuer: None,
            industry: None,
            issuer_rate: RatePpm(20_000),
            centre_rate: RatePpm(2_500),
            from: date("20200101"),
            to: None,
        }],
        blacklist: vec![BlacklistEntry {
            scheme: t,
            issuer_id: issuer_id("02002900FFFFFFFF"),
            application_serial: AppSerial::parse(b"03104290000000066666").unwrap(),
            listed_at: at("20260830000000"),
        }],
        tac_keys: vec![key(t, tdes), key(t, sm4), key(m, tdes)],
        reserves: vec![Reserve {
            member: SHANGHAI,
            opening_fen: Fen(500_000_000),
            target_fen: Fen(0),
            warning_fen: Fen(0),
            stop_fen: Fen(0),
        }],
    }
}

/// A record field by field; [`Tap::default`] is a good one from Jiaxing's terminal with Shanghai's card.
#[derive(Clone)]
struct Tap {
    scheme: &'static str,
    issuer: &'static str,
    serial: String,
    card_type: &'static str,
    tti: &'static str,
    counter: String,
    psam: &'static str,
    psam_txn: String,
    balance: String,
    amount: u64,
    list_price: &'static str,
    date: String,
    time: &'static str,
    version: &'static str,
    algorithm: &'static str,
    /// Computed when empty.
    tac: &'static str,
    industry: &'static str,
    merchant: &'static str,
    line: &'static str,
    device: &'static str,
    city: &'static str,
    grey: &'static str,
    test: &'static str,
    reserved: &'static str,
}

impl Default for Tap {
    fn default() -> Self {
        Self {
            scheme: "T",
            issuer: "02002900FFFFFFFF",
            serial: "03104290000000012345".into(),
            card_type: "00",
            tti: "06",
            counter: "00123".into(),
            psam: "335000000001",
            psam_txn: "00000A17".into(),
            balance: "000010000".into(),
            amount: 200,
            list_price: "00000200",
            date: "20260831".into(),
            time: "083015",
            version: "01",
            algorithm: "01",
            tac: "",
            industry: "01",
            merchant: "00000001",
            line: "000000",
            device: "00000001",
            city: "3350",
            grey: "0",
            test: "0",
            reserved: "00",
        }
    }
}

impl Tap {
    /// A good tap unlike those of other numbers: its own card, counter and PSAM transaction.
    fn nth(n: u32) -> Self {
        Self { serial: format!("031042900000{n:08}"), psam_txn: format!("{n:08X}"), ..Self::default() }
    }

    /// The record line with CR LF.
    fn line(&self, number: usize) -> String {
        let tac = if self.tac.is_empty() { self.right_tac() } else { self.tac.into() };
        let number = format!("{number:08}");
        let amount = format!("{:08}", self.amount);
        let fields = [
            "D",
            &number,
            self.scheme,
            self.issuer,
            &self.serial,
            self.card_type,
            self.tti,
            &self.counter,
            self.psam,
            &self.psam_txn,
            &self.balance,
            &amount,
            self.list_price,
            &self.date,
            self.time,
            self.version,
            self.algorithm,
            &tac,
            self.industry,
            self.merchant,
            self.line,
            self.device,
            self.city,
            self.grey,
            self.test,
            self.reserved,
            "\r\n",
        ];
        fields.concat()
    }

    /// The TAC the card would have given; zeros where a field has no value.
    fn right_tac(&self) -> String {
        let algorithm = if self.algorithm == "04" { Algorithm::Sm4 } else { Algorithm::Tdes };
        let issuer: [u8; 8] = hex(self.issuer.as_bytes()).unwrap_or_default();
        let factor = if self.scheme == "M" { [issuer[2], issuer[3], 0xFF, 0, 0, 0, 0, 0] } else { issuer };
        let serial: [u8; 10] = hex(self.serial.as_bytes()).unwrap_or_default();
        let key = diversify(algorithm, &TAC_MASTER, &factor);
        let key = diversify(algorithm, &key, &serial[2..].try_into().unwrap());
        let text = [&format!("{:08X}", self.amount), self.tti, self.psam, &self.psam_txn, &self.date, self.time];
        let data: [u8; 22] = hex(text.concat().as_bytes()).unwrap_or([0; 22]);
        to_hex(&tac(algorithm, &key, &data))
    }
}

/// An upload of ready lines under a name, with a right header.
fn upload_of_lines(name: &str, lines: &[String]) -> Upload {
    let body = lines.concat();
    let total: u64 = lines.iter().map(|line| line[84..92].parse::<u64>().unwrap_or(0)).sum();
    let header = format!(
        "H01TXU{}00000000{}{}{:08}{total:015}016020260901010203{}\r\n",
        &name[13..21],
        &name[4..12],
        &name[22..28],
        lines.len(),
        to_hex(&sm3(body.as_bytes())),
    );
    upload(name, (header + &body).into_bytes())
}

fn upload_of(name: &str, taps: &[Tap]) -> Upload {
    let lines: Vec<String> = (1..).zip(taps).map(|(number, tap)| tap.line(number)).collect();
    upload_of_lines(name, &lines)
}

fn upload(name: &str, bytes: Vec<u8>) -> Upload {
    Upload { name: name.into(), source: Source::Bytes(bytes), signature: None }
}

fn bytes(upload: &Upload) -> &[u8] {
    match &upload.source {
        Source::Bytes(bytes) => bytes,
        Source::Path(_) | Source::Load(_) => unreachable!("tests upload bytes"),
    }
}

/// Proves successive clearing dates and keeps what one hands to the next.
struct Centre {
    scheme: Scheme,
    carried: CarryOver,
}

impl Centre {
    fn new(scheme: Scheme) -> Self {
        Self { carried: CarryOver::opening(&scheme), scheme }
    }

    fn day(&mut self, clearing_date: &str, uploads: &[Upload]) -> DayOutcome {
        self.day_in_runs(clearing_date, &[uploads])
    }

    fn day_in_runs(&mut self, clearing_date: &str, runs: &[&[Upload]]) -> DayOutcome {
        let created_at = at(&format!("{clearing_date}233000"));
        let input = self.carried.input(&self.scheme, date(clearing_date), created_at, &[], OutputMode::Keep);
        let outcome = prove_day_in_runs(&input, runs).unwrap();
        self.carried.carry(&outcome);
        outcome
    }
}

/// One day of the usual scheme on 2026-09-01.
fn prove(uploads: &[Upload]) -> DayOutcome {
    Centre::new(scheme()).day("20260901", uploads)
}

/// The verdicts of a file's records as text, e.g. `A00`.
fn verdicts(file: &FileOutcome) -> Vec<String> {
    file.reasons.iter().map(|reason| format!("{}{reason}", reason.verdict())).collect()
}

/// What became of each upload, e.g. `OK`, `F05`, `no-op`.
fn results(outcome: &DayOutcome) -> Vec<String> {
    let text = |file: &FileOutcome| match file.result {
        FileResult::Accepted => "OK".into(),
        FileResult::Refused(code) => code.to_string(),
        FileResult::NoOp => "no-op".into(),
    };
    outcome.files.iter().map(text).collect()
}
