//! The invariants of a scheme: what must hold between entries, and the same for a scheme that came from elsewhere than a
//! scheme file.
//!
//! The parser asks the first half of this module and adds lines and columns; [`check`] asks all of it of a [`Scheme`].

use std::collections::HashSet;
use std::fmt;

use tongka_base::{Algorithm, CardScheme, Date, Fen, KeyVersion, MemberCode};

use crate::{
    Certificate, ErrorCode, FeeRule, Issuer, MAX_VALID_CERTIFICATES, Member, Period, PsamRange, Scheme, TacVerifier,
};

/// Least `history_days`.
pub(crate) const MIN_HISTORY_DAYS: i64 = 90;
/// Most days of a rule, a century: keeps date arithmetic within the calendar.
pub(crate) const MAX_DAYS: i64 = 36_500;
/// Most hours of a rule, a century.
pub(crate) const MAX_HOURS: i64 = MAX_DAYS * 24;
/// All of a gross amount, in parts per million.
pub(crate) const WHOLE_PPM: i64 = 1_000_000;
/// Most fen of a value: 15 digits, as wide as the sums of the interface; sums of such values stay within 64 bits.
pub(crate) const MAX_FEN: i64 = 999_999_999_999_999;

/// Identity of a TAC key.
pub(crate) type KeyId = (CardScheme, KeyVersion, Algorithm);

/// Each range, in ascending order, that begins within one before it: (the earlier, itself) by place.
pub(crate) fn overlapping_ranges<'a>(ranges: impl Iterator<Item = &'a PsamRange>) -> Vec<(usize, usize)> {
    overlapping(ranges.map(|range| (range.from, range.to)))
}

/// Each period, in ascending order, that begins within one before it: (the earlier, itself) by place.
pub(crate) fn overlapping_periods(periods: impl Iterator<Item = Period>) -> Vec<(usize, usize)> {
    overlapping(periods.map(|period| (period.from, period.last())))
}

/// Each inclusive interval, in ascending order, that begins within one before it, with the widest such.
fn overlapping<T: Copy + Ord>(intervals: impl Iterator<Item = (T, T)>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut widest: Option<(usize, T)> = None;
    for (at, (from, to)) in intervals.enumerate() {
        if let Some((before, _)) = widest.filter(|(_, end)| from <= *end) {
            found.push((before, at));
        }
        if widest.is_none_or(|(_, end)| end < to) {
            widest = Some((at, to));
        }
    }
    found
}

/// Each fee rule, ordered by key, that begins while another of equal pattern holds: (the other, itself) by place.
pub(crate) fn overlapping_fees<'a>(fees: impl Iterator<Item = &'a FeeRule>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut longest: Option<(usize, &FeeRule)> = None;
    let last_day = |fee: &FeeRule| fee.to.unwrap_or(Date::MAX);
    for (at, fee) in fees.enumerate() {
        let pattern = |fee: &FeeRule| (fee.acquirer, fee.issuer, fee.industry);
        let before = longest.filter(|(_, other)| pattern(other) == pattern(fee));
        match before {
            Some((other, rule)) if fee.from <= last_day(rule) => {
                found.push((other, at));
                if last_day(rule) < last_day(fee) {
                    longest = Some((at, fee));
                }
            }
            _ => longest = Some((at, fee)),
        }
    }
    found
}

/// Each certificate, in order, on whose first day too many are valid.
pub(crate) fn crowded_certificates(certificates: impl Iterator<Item = Certificate>) -> Vec<usize> {
    let all: Vec<Certificate> = certificates.collect();
    let crowded = |at: &usize| {
        let first = all[*at].period().from;
        all[..=*at].iter().filter(|c| c.is_valid(first)).count() > MAX_VALID_CERTIFICATES
    };
    (0..all.len()).filter(crowded).collect()
}

/// The keys allowed for an issuer that are not there.
pub(crate) fn missing_tac_keys(issuer: &Issuer, has: impl Fn(&KeyId) -> bool) -> impl Iterator<Item = KeyId> {
    issuer.keys.iter().map(|(version, algorithm)| (issuer.scheme, *version, *algorithm)).filter(move |id| !has(id))
}

pub(crate) fn show_key_id((scheme, version, algorithm): KeyId) -> String {
    format!("{scheme} {:02X}/{:02X}", version.0, algorithm.code())
}

/// One reason for which a scheme may not be used, and where. Never contains key bytes or a whole card number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault.
    pub code: ErrorCode,
    /// Section of the scheme file, such as `fee`.
    pub section: &'static str,
    /// Which entry, by what identifies it.
    pub entry: String,
    /// Field at fault.
    pub field: &'static str,
    /// The reason in Chinese.
    pub reason_zh: String,
    /// The reason in English.
    pub reason_en: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, section, entry, field, reason_zh, reason_en } = self;
        write!(f, "[{section}] {entry} {field}: {code} {reason_zh} / {reason_en}")
    }
}

impl std::error::Error for Fault {}

/// Every fault of a scheme that did not come from [`parse`](crate::parse): none means that `render` and `parse` give it
/// back equal. The lists must be in their order; one that is not shows as a duplicate (C04).
///
/// What `parse` alone can see, the spelling of values, is carried by the types here.
pub fn check(scheme: &Scheme) -> Vec<Fault> {
    let mut checker = Checker { scheme, faults: Vec::new() };
    checker.rules();
    checker.members();
    checker.issuers();
    checker.psam_ranges();
    checker.fees();
    checker.blacklist();
    checker.reserves();
    checker.faults
}

struct Checker<'a> {
    scheme: &'a Scheme,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn add(
        &mut self,
        code: ErrorCode,
        (section, field): (&'static str, &'static str),
        entry: impl Into<String>,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        let (entry, reason_zh, reason_en) = (entry.into(), zh.into(), en.into());
        self.faults.push(Fault { code, section, entry, field, reason_zh, reason_en });
    }

    fn within(&mut self, place: (&'static str, &'static str), entry: &str, value: i64, min: i64, max: i64) {
        if !(min..=max).contains(&value) {
            let zh = format!("应为 {min} 至 {max} 的整数, 实为 {value}");
            let en = format!("must be an integer from {min} to {max}, found {value}");
            self.add(ErrorCode::BadValue, place, entry, zh, en);
        }
    }

    fn fen(&mut self, place: (&'static str, &'static str), entry: &str, value: Fen) {
        self.within(place, entry, value.0, 0, MAX_FEN);
    }

    /// Identities must rise; one that does not is there before.
    fn rising<T: Ord>(&mut self, section: &'static str, field: &'static str, keys: impl Iterator<Item = (T, String)>) {
        let mut last: Option<T> = None;
        for (key, entry) in keys {
            if last.as_ref().is_some_and(|last| *last >= key) {
                self.add(ErrorCode::Duplicate, (section, field), entry, "重复或次序错误", "duplicate, or out of order");
            }
            last = Some(key);
        }
    }

    fn member(&mut self, place: (&'static str, &'static str), entry: &str, code: MemberCode) {
        if self.scheme.member(code).is_none() {
            let (zh, en) = (format!("未登记的成员: {code}"), format!("unknown member: {code}"));
            self.add(ErrorCode::UnknownReference, place, entry, zh, en);
        }
    }

    fn period(&mut self, place: (&'static str, &'static str), entry: &str, from: Date, to: Option<Date>) {
        if let Some(to) = to.filter(|to| from > *to) {
            let (zh, en) = (format!("始日大于止日: {from} > {to}"), format!("begins after its end: {from} > {to}"));
            self.add(ErrorCode::BadValue, place, entry, zh, en);
        }
    }

    fn rules(&mut self) {
        let rules = self.scheme.rules;
        let mut within = |field, value: u32, min, max| self.within(("rules", field), "", i64::from(value), min, max);
        within("history_days", rules.history_days, MIN_HISTORY_DAYS, MAX_DAYS);
        // A record that may still come in must meet everything it could repeat.
        within("late_window_days", rules.late_window_days, 0, i64::from(rules.history_days).min(MAX_DAYS));
        within("blacklist_grace_hours", rules.blacklist_grace_hours, 0, MAX_HOURS);
        self.fen(("rules", "single_limit_fen"), "", rules.single_limit_fen);
    }

    fn members(&mut self) {
        let scheme = self.scheme;
        self.rising("member", "code", scheme.members.iter().map(|m| (m.code, m.code.to_string())));
        for member in &scheme.members {
            let entry = member.code.to_string();
            if [MemberCode::CENTRE, MemberCode::UNROUTED].contains(&member.code) || entry.len() > 8 {
                let (zh, en) = ("成员代码不可用", "not a code that a member can have");
                self.add(ErrorCode::BadValue, ("member", "code"), &entry, zh, en);
            }
            self.period(("member", "active_to"), &entry, member.active_from, member.active_to);
            self.suspensions(member, &entry);
            self.certificates(member, &entry);
        }
    }

    fn suspensions(&mut self, member: &Member, entry: &str) {
        for pause in &member.suspensions {
            self.period(("member", "suspensions"), entry, pause.from, pause.to);
        }
        let ordered = member.suspensions.is_sorted();
        if !ordered || !overlapping_periods(member.suspensions.iter().copied()).is_empty() {
            let (zh, en) = ("暂停期间重叠或次序错误", "suspensions overlap or are out of order");
            self.add(ErrorCode::BadValue, ("member", "suspensions"), entry, zh, en);
        }
    }

    fn certificates(&mut self, member: &Member, entry: &str) {
        let place = ("member", "certificates");
        let mut keys = HashSet::new();
        for certificate in &member.certificates {
            self.period(place, entry, certificate.not_before.unwrap_or(Date::MIN), certificate.not_after);
            if certificate.public_key[0] != 0x04 {
                self.add(ErrorCode::BadValue, place, entry, "公钥应以04开头", "a public key begins with 04");
            }
            if !keys.insert(certificate.public_key) {
                self.add(ErrorCode::Duplicate, place, entry, "证书公钥重复", "duplicate public key");
            }
        }
        if !member.certificates.is_sorted() || !crowded_certificates(member.certificates.iter().copied()).is_empty() {
            let zh = format!("同一日有效的证书超过 {MAX_VALID_CERTIFICATES} 张, 或次序错误");
            let en = format!("more than {MAX_VALID_CERTIFICATES} certificates valid on one day, or out of order");
            self.add(ErrorCode::BadValue, place, entry, zh, en);
        }
    }

    fn issuers(&mut self) {
        let scheme = self.scheme;
        let shown = |i: &Issuer| format!("{} {}", i.scheme, i.issuer_id);
        self.rising("issuer", "issuer_id", scheme.issuers.iter().map(|i| ((i.scheme, i.issuer_id), shown(i))));
        let keys: HashSet<KeyId> = scheme.tac_keys.iter().map(|k| (k.scheme, k.version, k.algorithm)).collect();
        self.rising(
            "tac_key",
            "version",
            scheme.tac_keys.iter().map(|k| {
                let id = (k.scheme, k.version, k.algorithm);
                (id, show_key_id(id))
            }),
        );
        for issuer in &scheme.issuers {
            let entry = shown(issuer);
            self.member(("issuer", "member"), &entry, issuer.member);
            self.fen(("issuer", "overdraft_limit_fen"), &entry, issuer.overdraft_limit_fen);
            if issuer.keys.is_empty() {
                let (zh, en) = ("发卡机构没有允许的密钥", "the issuer allows no TAC key");
                self.add(ErrorCode::Missing, ("issuer", "keys"), &entry, zh, en);
            }
            let mut seen = HashSet::new();
            if !issuer.keys.iter().all(|key| seen.insert(*key)) {
                self.add(ErrorCode::Duplicate, ("issuer", "keys"), &entry, "密钥重复", "duplicate key");
            }
            if scheme.rules.tac_verifier == TacVerifier::Centre {
                for id in missing_tac_keys(issuer, |id| keys.contains(id)) {
                    let shown = show_key_id(id);
                    let (zh, en) = (format!("缺少TAC密钥 {shown}"), format!("TAC key {shown} is missing"));
                    self.add(ErrorCode::Missing, ("issuer", "keys"), &entry, zh, en);
                }
            }
        }
    }

    fn psam_ranges(&mut self) {
        let ranges = &self.scheme.psam_ranges;
        let shown = |r: &PsamRange| format!("{}–{}", r.from, r.to);
        for range in ranges {
            let entry = shown(range);
            self.member(("psam_range", "member"), &entry, range.member);
            if range.from > range.to {
                let (zh, en) = ("首号大于末号", "the first number is after the last");
                self.add(ErrorCode::BadValue, ("psam_range", "to"), &entry, zh, en);
            }
        }
        if !ranges.is_sorted_by_key(|r| (r.from, r.to)) {
            let (zh, en) = ("号段次序错误", "ranges are out of order");
            self.add(ErrorCode::PsamOverlap, ("psam_range", "from"), "", zh, en);
        }
        for (first, second) in overlapping_ranges(ranges.iter()) {
            let other = shown(&ranges[first]);
            let (zh, en) = (format!("PSAM号段重叠: {other}"), format!("PSAM ranges overlap: {other}"));
            self.add(ErrorCode::PsamOverlap, ("psam_range", "from"), shown(&ranges[second]), zh, en);
        }
    }

    fn fees(&mut self) {
        let fees = &self.scheme.fees;
        for fee in fees {
            let entry = fee.to_string();
            for (field, party) in [("acquirer", fee.acquirer), ("issuer", fee.issuer)] {
                if let Some(code) = party {
                    self.member(("fee", field), &entry, code);
                }
            }
            let (issuer, centre) = (i64::from(fee.issuer_rate.0), i64::from(fee.centre_rate.0));
            self.within(("fee", "issuer_rate_ppm"), &entry, issuer, 0, WHOLE_PPM);
            self.within(("fee", "centre_rate_ppm"), &entry, centre, 0, WHOLE_PPM);
            if issuer.max(centre) <= WHOLE_PPM && issuer + centre > WHOLE_PPM {
                let zh = format!("两项费率之和超过 {WHOLE_PPM} ppm: {issuer} + {centre}");
                let en = format!("the two rates exceed {WHOLE_PPM} ppm together: {issuer} + {centre}");
                self.add(ErrorCode::BadValue, ("fee", "centre_rate_ppm"), &entry, zh, en);
            }
            self.period(("fee", "to"), &entry, fee.from, fee.to);
        }
        if !fees.is_sorted_by_key(FeeRule::key) {
            let (zh, en) = ("费率规则次序错误", "fee rules are out of order");
            self.add(ErrorCode::FeeOverlap, ("fee", "from"), "", zh, en);
        }
        for (first, second) in overlapping_fees(fees.iter()) {
            let other = fees[first].to_string();
            let zh = format!("相同条件的费率规则有效期重叠: {other}");
            let en = format!("fee rules of equal pattern overlap in time: {other}");
            self.add(ErrorCode::FeeOverlap, ("fee", "from"), fees[second].to_string(), zh, en);
        }
    }

    fn blacklist(&mut self) {
        let scheme = self.scheme;
        let key = |i: usize| {
            let card = &scheme.blacklist[i];
            (card.scheme, card.issuer_id, card.application_serial)
        };
        // Cards of an issuer stand together: it is looked up once.
        let mut known = None;
        for (at, card) in scheme.blacklist.iter().enumerate() {
            if at > 0 && key(at - 1) >= key(at) {
                let (zh, en) = ("黑名单卡重复或次序错误", "duplicate blacklist card, or out of order");
                let masked = card.application_serial.masked();
                self.add(ErrorCode::Duplicate, ("blacklist", "application_serial"), masked, zh, en);
            }
            let issuer = (card.scheme, card.issuer_id);
            if known != Some(issuer) {
                if scheme.issuer(card.scheme, card.issuer_id).is_none() {
                    let entry = format!("{} {}", card.scheme, card.issuer_id);
                    let (zh, en) = ("未登记的发卡机构", "unknown issuer");
                    self.add(ErrorCode::UnknownReference, ("blacklist", "issuer_id"), entry, zh, en);
                }
                known = Some(issuer);
            }
        }
    }

    fn reserves(&mut self) {
        let scheme = self.scheme;
        self.rising("reserve", "member", scheme.reserves.iter().map(|r| (r.member, r.member.to_string())));
        for reserve in &scheme.reserves {
            let entry = reserve.member.to_string();
            self.member(("reserve", "member"), &entry, reserve.member);
            self.fen(("reserve", "opening_fen"), &entry, reserve.opening_fen);
            self.fen(("reserve", "target_fen"), &entry, reserve.target_fen);
            self.fen(("reserve", "warning_fen"), &entry, reserve.warning_fen);
            self.fen(("reserve", "stop_fen"), &entry, reserve.stop_fen);
        }
    }
}
