//! Checks between entries: PSAM ranges, fee rules, TAC keys.

use std::collections::HashMap;

use tongka_base::{Algorithm, CardScheme, Date, KeyVersion};

use crate::read::{Report, Seen};
use crate::{ErrorCode, FeeRule, Issuer, PsamRange};

/// Identity of a TAC key.
pub(crate) type KeyId = (CardScheme, KeyVersion, Algorithm);

/// Reports each range, in ascending order, that begins within one before it.
pub(crate) fn check_ranges(ranges: &[(usize, PsamRange)], report: &mut Report<'_>) {
    let mut widest: Option<&(usize, PsamRange)> = None;
    for range in ranges {
        if let Some(before) = widest.filter(|before| range.1.from <= before.1.to) {
            let (first, second) = if before.0 <= range.0 { (before, range) } else { (range, before) };
            let line = report.line(second.0);
            let shown = format!("{}–{} × {}–{}", first.1.from, first.1.to, second.1.from, second.1.to);
            let zh = format!("PSAM号段重叠: {shown}, 与第{line}行");
            report.add(ErrorCode::PsamOverlap, first.0, zh, format!("PSAM ranges overlap: {shown}, with line {line}"));
        }
        if widest.is_none_or(|before| before.1.to < range.1.to) {
            widest = Some(range);
        }
    }
}

/// Reports each fee rule that begins, by date, while another of equal pattern holds.
pub(crate) fn check_fees(fees: &[(usize, FeeRule)], report: &mut Report<'_>) {
    let mut by_pattern: HashMap<_, Vec<&(usize, FeeRule)>> = HashMap::new();
    for fee in fees {
        by_pattern.entry((fee.1.acquirer, fee.1.issuer, fee.1.industry)).or_default().push(fee);
    }
    let last_day = |fee: &FeeRule| fee.to.unwrap_or(Date::MAX);
    for rules in by_pattern.values_mut() {
        rules.sort_by_key(|(at, fee)| (fee.from, *at));
        let mut longest = rules[0];
        for fee in &rules[1..] {
            if fee.1.from <= last_day(&longest.1) {
                let (first, second) = if longest.0 <= fee.0 { (longest, *fee) } else { (*fee, longest) };
                let line = report.line(second.0);
                let zh = format!("相同条件的费率规则有效期重叠: 与第{line}行");
                let en = format!("fee rules of equal pattern overlap in time: with line {line}");
                report.add(ErrorCode::FeeOverlap, first.0, zh, en);
            }
            if last_day(&longest.1) < last_day(&fee.1) {
                longest = fee;
            }
        }
    }
}

/// Reports every key allowed for an issuer that the verifying centre does not have.
pub(crate) fn check_tac_keys(issuers: &[(usize, Issuer)], keys: &Seen<KeyId>, report: &mut Report<'_>) {
    for (at, issuer) in issuers {
        for (version, algorithm) in &issuer.keys {
            let id = (issuer.scheme, *version, *algorithm);
            if !keys.contains(&id) {
                let shown = show_key_id(id);
                let zh = format!("中心验证TAC, 但缺少 [[tac_key]] {shown}");
                let en = format!("the centre checks TACs but [[tac_key]] {shown} is missing");
                report.add(ErrorCode::Missing, *at, zh, en);
            }
        }
    }
}

pub(crate) fn show_key_id((scheme, version, algorithm): KeyId) -> String {
    format!("{scheme} {:02X}/{:02X}", version.0, algorithm.code())
}
