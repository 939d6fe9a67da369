//! The checks of one record by itself (记录级检查): orders 1 to 13 of the document, chapter 5.
//!
//! Checks 14 and 15 look at earlier records and are in `history`. Every check here is a pure function of the record,
//! the sender, the scheme and the clearing date, so records may be judged in any order and side by side.

use crate::crypto::{diversify, tac};
use crate::error::ProofError;
use crate::filecheck::lines;
use crate::record::Record;
use std::collections::HashMap;
use std::num::NonZero;
use std::thread;
use tongka_base::date::days_since_epoch;
use tongka_base::{Algorithm, AppSerial, CardScheme, Date, DateTime, IssuerId, KeyVersion, MemberCode, Reason};
use tongka_scheme::{Issuer, Member, PsamRange, PsamState, Rules, Scheme, TacVerifier};

type IssuerKey = (CardScheme, IssuerId);
type Card = (CardScheme, IssuerId, AppSerial);

/// The scheme laid out for one clearing date, by the questions the checks ask.
pub(crate) struct Rulebook<'a> {
    clearing_date: Date,
    rules: Rules,
    issuers: HashMap<IssuerKey, &'a Issuer>,
    members: HashMap<MemberCode, &'a Member>,
    ranges: HashMap<MemberCode, Vec<&'a PsamRange>>,
    blacklist: HashMap<Card, DateTime>,
    /// TAC keys after the issuer's level of diversification, for every key an issuer may use.
    issuer_tac_keys: HashMap<(CardScheme, IssuerId, KeyVersion, Algorithm), [u8; 16]>,
}

impl<'a> Rulebook<'a> {
    pub(crate) fn new(scheme: &'a Scheme, clearing_date: Date) -> Result<Self, ProofError> {
        let mut ranges: HashMap<MemberCode, Vec<&PsamRange>> = HashMap::new();
        for range in &scheme.psam_ranges {
            ranges.entry(range.member).or_default().push(range);
        }
        let mut issuer_tac_keys = HashMap::new();
        if scheme.rules.tac_verifier == TacVerifier::Centre {
            for issuer in &scheme.issuers {
                for &(version, algorithm) in &issuer.keys {
                    let key = issuer_tac_key(scheme, issuer, version, algorithm)?;
                    issuer_tac_keys.insert((issuer.scheme, issuer.issuer_id, version, algorithm), key);
                }
            }
        }
        Ok(Self {
            clearing_date,
            rules: scheme.rules,
            issuers: scheme.issuers.iter().map(|i| ((i.scheme, i.issuer_id), i)).collect(),
            members: scheme.members.iter().map(|m| (m.code, m)).collect(),
            ranges,
            blacklist: scheme
                .blacklist
                .iter()
                .map(|b| ((b.scheme, b.issuer_id, b.application_serial), b.listed_at))
                .collect(),
            issuer_tac_keys,
        })
    }

    /// The member that answers for a well-formed record's card; `None` when the issuer is unknown.
    pub(crate) fn issuer_member(&self, record: &Record) -> Option<MemberCode> {
        self.issuers.get(&(record.scheme, record.issuer_id)).map(|issuer| issuer.member)
    }

    /// The reason that checks 1 to 13 give to every record of a body, in file order. `Reason::Ok`: none of them.
    ///
    /// The records are shared out to the machine's processors, for TACs take the time of a day.
    pub(crate) fn judge_all(&self, body: &[u8], sender: MemberCode) -> Vec<Reason> {
        let records: Vec<(u64, &[u8])> = (1..).zip(lines(body)).collect();
        let workers = thread::available_parallelism().map_or(1, NonZero::get);
        let share = records.len().div_ceil(workers).max(1);
        thread::scope(|scope| {
            let parts: Vec<_> = records
                .chunks(share)
                .map(|part| scope.spawn(|| part.iter().map(|&(place, line)| self.judge(line, place, sender)).collect()))
                .collect();
            parts.into_iter().flat_map(|part| -> Vec<Reason> { part.join().expect("a check panicked") }).collect()
        })
    }

    /// The first of checks 1 to 13 that applies to a record.
    fn judge(&self, line: &[u8], place: u64, sender: MemberCode) -> Reason {
        // 1
        let Some(record) = Record::read(line, place) else { return Reason::Format };
        // 2
        let Some(issuer) = self.issuers.get(&(record.scheme, record.issuer_id)) else { return Reason::UnknownIssuer };
        // 3
        if !self.members.get(&issuer.member).is_some_and(|member| member.is_active(record.date)) {
            return Reason::IssuerInactive;
        }
        // 4
        let own_ranges = self.ranges.get(&sender).map_or(&[][..], Vec::as_slice);
        let range = own_ranges.iter().find(|range| range.from <= record.psam && record.psam <= range.to);
        let Some(range) = range.filter(|range| range.state != PsamState::Stopped) else { return Reason::UnknownPsam };
        // 5
        if record.test || record.card_type == 4 || range.state == PsamState::Test {
            return Reason::TestRecord;
        }
        // 6
        if record.date > self.clearing_date {
            return Reason::FutureDate;
        }
        // 7
        let days_late = i64::from(days_since_epoch(self.clearing_date)) - i64::from(days_since_epoch(record.date));
        if days_late > i64::from(self.rules.late_window_days) {
            return Reason::TooLate;
        }
        // 8
        if !issuer.keys.contains(&(record.key_version, record.algorithm)) {
            return Reason::KeyNotAllowed;
        }
        // 9
        if self.rules.tac_verifier == TacVerifier::Centre && !self.tac_is_right(&record) {
            return Reason::TacWrong;
        }
        // 10
        if record.amount > self.rules.single_limit_fen.0 {
            return Reason::OverLimit;
        }
        // 11
        if i128::from(record.amount) > i128::from(record.balance_before) + i128::from(issuer.overdraft_limit_fen.0) {
            return Reason::OverBalance;
        }
        // 12
        if record.grey {
            return Reason::Grey;
        }
        // 13
        if self.is_blacklisted(&record) {
            return Reason::Blacklisted;
        }
        Reason::Ok
    }

    fn tac_is_right(&self, record: &Record) -> bool {
        let key = (record.scheme, record.issuer_id, record.key_version, record.algorithm);
        let issuer_key = self.issuer_tac_keys[&key];
        let card_factor = record.application_serial.0[2..10].try_into().expect("8 bytes");
        let card_key = diversify(record.algorithm, &issuer_key, &card_factor);
        tac(record.algorithm, &card_key, &record.tac_data) == record.tac
    }

    fn is_blacklisted(&self, record: &Record) -> bool {
        let grace_ms = i64::from(self.rules.blacklist_grace_hours) * 3_600_000;
        self.blacklist
            .get(&(record.scheme, record.issuer_id, record.application_serial))
            .is_some_and(|&listed_at| (record.at - listed_at).num_milliseconds() >= grace_ms)
    }
}

/// A national TAC key after the issuer's level of diversification.
fn issuer_tac_key(
    scheme: &Scheme,
    issuer: &Issuer,
    version: KeyVersion,
    algorithm: Algorithm,
) -> Result<[u8; 16], ProofError> {
    let national = scheme
        .tac_keys
        .iter()
        .find(|key| key.scheme == issuer.scheme && key.version == version && key.algorithm == algorithm)
        .ok_or(ProofError::MissingTacKey {
            scheme: char::from(issuer.scheme.letter()),
            version: version.0,
            algorithm: algorithm.code(),
        })?;
    let id = issuer.issuer_id.0;
    let factor = match issuer.scheme {
        CardScheme::TUnion => id,
        CardScheme::Mohurd => [id[2], id[3], 0xFF, 0, 0, 0, 0, 0],
    };
    Ok(diversify(algorithm, &national.key, &factor))
}
