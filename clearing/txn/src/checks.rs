//! Record checks 1 to 13 of exchange interface v1, chapter 5. The first that applies is the record's reason.

use crate::columns::{Columns, FLAG_GREY, FLAG_TEST, NO_MEMBER, NO_RANK};
use crate::keys::{KeyHash, KeySecret};
use crate::rulebook::{IssuerRules, Rulebook, Sender, algorithm_slot, number48, split_serial};
use tongka_base::date::days_since_epoch;
use tongka_base::{Algorithm, Reason};
use tongka_crypto::{TacInput, tac_batch};
use tongka_scheme::PsamState;
use tongka_wire::txu::{CONTENT, Txu, amount_or_zero, parse_txu};

/// Bytes of one TXU line with CR LF.
const LINE: usize = tongka_wire::txu::LINE_LEN;
/// Card type of test cards.
const TEST_CARD: u8 = 4;

/// Buffers reused from chunk to chunk.
#[derive(Default)]
pub struct Scratch {
    inputs: [Vec<TacInput>; 2],
    rows: [Vec<u32>; 2],
    tacs: Vec<[u8; 4]>,
    last_issuer: Option<((u8, u64), Option<u16>)>,
}

/// Appends the records of `lines` (whole TXU lines with CR LF) to `out` and gives each its reason, checks 1 to 13.
///
/// A record that passes them all has reason `Ok` and its key hashes set; checks 14 and 15 are still to come. The first
/// line is the record that follows the rows already in `out`.
///
/// # Panics
/// When `lines` is not whole lines; the file checks come first.
pub fn check_chunk(
    rulebook: &Rulebook,
    sender: &Sender,
    secret: &KeySecret,
    lines: &[u8],
    out: &mut Columns,
    scratch: &mut Scratch,
) {
    assert!(lines.len().is_multiple_of(LINE), "file checks let only whole lines through");
    let first_row = out.len();
    for list in 0..2 {
        scratch.inputs[list].clear();
        scratch.rows[list].clear();
    }
    for line in lines.chunks_exact(LINE) {
        let row = out.len();
        match parse_txu(line).ok().filter(|txu| txu.record_no as usize == row + 1) {
            Some(txu) => push(out, &txu),
            None => {
                out.push_zero();
                out.amount[row] = amount_or_zero(line) as u32;
                out.issuer_member[row] = NO_MEMBER;
                out.issuer_rank[row] = NO_RANK;
                out.reason[row] = Reason::Format.code();
                continue;
            }
        }
        let key = (out.scheme[row], out.issuer_id[row]);
        let issuer = match scratch.last_issuer {
            Some((last, issuer)) if last == key => issuer,
            _ => rulebook.issuer(key.0, key.1).map(|(index, _)| index),
        };
        scratch.last_issuer = Some((key, issuer));
        let rules = issuer.map(|index| &rulebook.issuers[usize::from(index)]);
        out.issuer_rank[row] = issuer.unwrap_or(NO_RANK);
        out.issuer_member[row] = rules.map_or(NO_MEMBER, |rules| rules.member);
        let reason = before_tac(rulebook, sender, out, row, rules);
        out.reason[row] = reason.code();
        if reason == Reason::Ok && rulebook.verify_tac {
            let rules = rules.expect("a record past check 2 has its issuer");
            let (slot, input) = tac_input(out, row, rules, line);
            scratch.inputs[slot].push(input);
            scratch.rows[slot].push(row as u32);
        }
    }
    for algorithm in [Algorithm::Tdes, Algorithm::Sm4] {
        let slot = algorithm_slot(algorithm);
        let inputs = &scratch.inputs[slot];
        scratch.tacs.resize(inputs.len(), [0; 4]);
        tac_batch(algorithm, &rulebook.tac_keys[slot], inputs, &mut scratch.tacs);
        for (row, tac) in scratch.rows[slot].iter().zip(&scratch.tacs) {
            if out.tac[*row as usize] != u32::from_be_bytes(*tac) {
                out.reason[*row as usize] = Reason::TacWrong.code();
            }
        }
    }
    for (line, row) in lines.chunks_exact(LINE).zip(first_row..) {
        if out.reason[row] != Reason::Ok.code() {
            continue;
        }
        let rules = &rulebook.issuers[usize::from(out.issuer_rank[row])];
        let reason = after_tac(rulebook, out, row, rules);
        out.reason[row] = reason.code();
        if reason == Reason::Ok {
            set_keys(secret, sender, out, row, line);
        }
    }
}

fn push(out: &mut Columns, txu: &Txu) {
    let (serial_high, serial_low) = split_serial(txu.serial.0);
    out.scheme.push(txu.scheme.letter());
    out.issuer_id.push(u64::from_be_bytes(txu.issuer_id.0));
    out.serial_high.push(serial_high);
    out.serial_low.push(serial_low);
    out.card_type.push(txu.card_type);
    out.tti.push(txu.tti);
    out.counter.push(txu.counter);
    out.psam.push(number48(txu.psam.0));
    out.psam_txn.push(txu.psam_txn);
    out.balance_before.push(txu.balance_before);
    out.amount.push(txu.amount);
    out.list_price.push(txu.list_price);
    out.date.push(days_since_epoch(txu.date));
    out.time.push(txu.time_seconds);
    out.key_version.push(txu.key_version);
    out.algorithm.push(txu.algorithm.code());
    out.tac.push(u32::from_be_bytes(txu.tac));
    out.industry.push(txu.industry.code());
    out.merchant.push(txu.merchant);
    out.line.push(txu.line);
    out.device.push(txu.device);
    out.city.push(txu.city);
    out.flags.push((u8::from(txu.grey) * FLAG_GREY) | (u8::from(txu.test) * FLAG_TEST));
    out.issuer_member.push(NO_MEMBER);
    out.issuer_rank.push(NO_RANK);
    out.reason.push(0);
    out.card_key.push(KeyHash::default());
    out.psam_key.push(KeyHash::default());
}

fn set_keys(secret: &KeySecret, sender: &Sender, out: &mut Columns, row: usize, line: &[u8]) {
    let serial = (out.serial_high[row], out.serial_low[row]);
    out.card_key[row] =
        secret.card(out.scheme[row], out.issuer_id[row], serial, out.counter[row], &line[CONTENT], sender.code.0);
    out.psam_key[row] = secret.psam(out.psam[row], out.psam_txn[row]);
}

/// The TAC data of a purchase: amount, type, PSAM terminal no., PSAM transaction no., date, time (domain rule: 22 bytes).
fn tac_input(out: &Columns, row: usize, rules: &IssuerRules, line: &[u8]) -> (usize, TacInput) {
    let algorithm = Algorithm::from_code(out.algorithm[row]).expect("check 1 lets only listed algorithms through");
    let key = allowed_key(rules, out, row).expect("check 8 lets only allowed keys through");
    let mut data = [0; 22];
    data[..4].copy_from_slice(&out.amount[row].to_be_bytes());
    data[4] = out.tti[row];
    data[5..11].copy_from_slice(&out.psam[row].to_be_bytes()[2..]);
    data[11..15].copy_from_slice(&out.psam_txn[row].to_be_bytes());
    for (byte, pair) in data[15..].iter_mut().zip(line[100..114].chunks_exact(2)) {
        *byte = (pair[0] - b'0') << 4 | (pair[1] - b'0');
    }
    (algorithm_slot(algorithm), TacInput { issuer_key: key, card_factor: out.serial_low[row].to_be_bytes(), data })
}

fn allowed_key(rules: &IssuerRules, out: &Columns, row: usize) -> Option<u32> {
    let wanted = (out.key_version[row], out.algorithm[row]);
    rules.keys.iter().find(|key| (key.0, key.1) == wanted).map(|key| key.2)
}

/// Checks 2 to 8.
fn before_tac(rulebook: &Rulebook, sender: &Sender, out: &Columns, row: usize, issuer: Option<&IssuerRules>) -> Reason {
    let Some(issuer) = issuer else {
        return Reason::UnknownIssuer;
    };
    let date = out.date[row];
    if !issuer.is_active(date) {
        return Reason::IssuerInactive;
    }
    let psam_state = match sender.psam_state(out.psam[row]) {
        None | Some(PsamState::Stopped) => return Reason::UnknownPsam,
        Some(state) => state,
    };
    if out.flags[row] & FLAG_TEST != 0 || out.card_type[row] == TEST_CARD || psam_state == PsamState::Test {
        return Reason::TestRecord;
    }
    if date > rulebook.clearing_day {
        return Reason::FutureDate;
    }
    if date < rulebook.earliest_day {
        return Reason::TooLate;
    }
    if allowed_key(issuer, out, row).is_none() {
        return Reason::KeyNotAllowed;
    }
    Reason::Ok
}

/// Checks 10 to 13.
fn after_tac(rulebook: &Rulebook, out: &Columns, row: usize, issuer: &IssuerRules) -> Reason {
    let amount = i64::from(out.amount[row]);
    if amount > rulebook.single_limit_fen {
        return Reason::OverLimit;
    }
    if amount > i64::from(out.balance_before[row]) + issuer.overdraft_limit_fen {
        return Reason::OverBalance;
    }
    if out.flags[row] & FLAG_GREY != 0 {
        return Reason::Grey;
    }
    if !rulebook.blacklist.is_empty() {
        let card = (out.scheme[row], out.issuer_id[row], out.serial_high[row], out.serial_low[row]);
        if rulebook.blacklist.get(&card).is_some_and(|from| transaction_second(out, row) >= *from) {
            return Reason::Blacklisted;
        }
    }
    Reason::Ok
}

fn transaction_second(out: &Columns, row: usize) -> i64 {
    i64::from(out.date[row]) * 86_400 + i64::from(out.time[row])
}

/// One check of one record, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStep {
    /// Order of the check in chapter 5.
    pub order: u8,
    /// The reason the check would give.
    pub reason: Reason,
    /// What the check looked at.
    pub inputs: String,
    /// Whether the check applied, so that its reason became the record's.
    pub applied: bool,
}

/// Runs checks 1 to 13 on one TXU line and tells what each looked at, up to the one that applied.
///
/// The verdict is that of [`check_chunk`]: this only adds the inputs. `record_no` is the record's place in its file.
pub fn trace_record(rulebook: &Rulebook, sender: &Sender, line: &[u8], record_no: u32) -> Vec<CheckStep> {
    let mut out = Columns::default();
    let parsed = parse_txu(line);
    let secret = KeySecret::new([0; 16]);
    let reason = match &parsed {
        Ok(txu) if txu.record_no == record_no => {
            // The chunk check counts its own rows, so the record is judged as the first of a file of one.
            let mut first = line.to_vec();
            first[1..9].copy_from_slice(b"00000001");
            check_chunk(rulebook, sender, &secret, &first, &mut out, &mut Scratch::default());
            out.reason(0)
        }
        _ => Reason::Format,
    };
    let mut steps = Vec::new();
    for (order, check) in CHECKS.iter().enumerate() {
        let inputs = match (&parsed, check) {
            (Err(field), _) => format!("{field}"),
            (Ok(txu), Reason::Format) => format!("record_no={} place={record_no}", txu.record_no),
            (Ok(txu), _) => inputs(rulebook, sender, txu, &out, *check),
        };
        let applied = *check == reason;
        steps.push(CheckStep { order: order as u8 + 1, reason: *check, inputs, applied });
        if applied {
            break;
        }
    }
    steps
}

/// Checks 1 to 13 in their order.
const CHECKS: [Reason; 13] = [
    Reason::Format,
    Reason::UnknownIssuer,
    Reason::IssuerInactive,
    Reason::UnknownPsam,
    Reason::TestRecord,
    Reason::FutureDate,
    Reason::TooLate,
    Reason::KeyNotAllowed,
    Reason::TacWrong,
    Reason::OverLimit,
    Reason::OverBalance,
    Reason::Grey,
    Reason::Blacklisted,
];

fn inputs(rulebook: &Rulebook, sender: &Sender, txu: &Txu, out: &Columns, check: Reason) -> String {
    let day = |days: i32| tongka_base::date::from_days_since_epoch(days).map_or("-".into(), |date| date.to_string());
    let issuer = rulebook.issuer(out.scheme[0], out.issuer_id[0]).map(|(_, rules)| rules);
    let range = sender.psam_state(out.psam[0]).map_or("none", PsamState::name);
    match check {
        Reason::UnknownIssuer => format!(
            "scheme={} issuer_id={} member={}",
            txu.scheme,
            txu.issuer_id,
            issuer.and_then(|i| rulebook.member(i.member)).map_or("-".into(), |m| m.to_string())
        ),
        Reason::IssuerInactive => {
            let span = |&(from, to): &(i32, i32)| {
                format!("{}..{}", day(from), if to == i32::MAX { String::new() } else { day(to) })
            };
            let pauses = issuer.map_or(&[][..], |i| &i.suspended).iter().map(|p| format!(" suspended={}", span(p)));
            let active = span(&issuer.map_or((0, 0), |i| i.active));
            format!("date={} active={active}{}", txu.date, pauses.collect::<String>())
        }
        Reason::UnknownPsam => format!("psam={} range={range}", txu.psam),
        Reason::TestRecord => {
            format!("test_flag={} card_type={:02} range={range}", u8::from(txu.test), txu.card_type)
        }
        Reason::FutureDate => format!("date={} clearing_date={}", txu.date, day(rulebook.clearing_day)),
        Reason::TooLate => format!("date={} earliest={}", txu.date, day(rulebook.earliest_day)),
        Reason::KeyNotAllowed => format!(
            "key={:02X}/{:02X} allowed={}",
            txu.key_version,
            txu.algorithm.code(),
            issuer.map_or("-".into(), |i| {
                i.keys.iter().map(|k| format!("{:02X}/{:02X}", k.0, k.1)).collect::<Vec<_>>().join(",")
            })
        ),
        Reason::TacWrong if rulebook.verify_tac => {
            format!("tac={:08X} algorithm={:02X} matches={}", out.tac[0], out.algorithm[0], out.reason(0) != check)
        }
        Reason::TacWrong => "verified by the issuer".into(),
        Reason::OverLimit => format!("amount_fen={} single_limit_fen={}", txu.amount, rulebook.single_limit_fen),
        Reason::OverBalance => format!(
            "amount_fen={} balance_before_fen={} overdraft_limit_fen={}",
            txu.amount,
            txu.balance_before,
            issuer.map_or(0, |i| i.overdraft_limit_fen)
        ),
        Reason::Grey => format!("grey_flag={}", u8::from(txu.grey)),
        Reason::Blacklisted => {
            let card = (out.scheme[0], out.issuer_id[0], out.serial_high[0], out.serial_low[0]);
            format!(
                "card={} refused_from={} transaction={}",
                txu.serial.masked(),
                rulebook.blacklist.get(&card).and_then(|s| chrono_text(*s)).unwrap_or("not listed".into()),
                chrono_text(transaction_second(out, 0)).unwrap_or_default()
            )
        }
        _ => String::new(),
    }
}

fn chrono_text(second: i64) -> Option<String> {
    let date = tongka_base::date::from_days_since_epoch(second.div_euclid(86_400) as i32)?;
    let time = second.rem_euclid(86_400);
    Some(format!("{date} {:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60))
}
