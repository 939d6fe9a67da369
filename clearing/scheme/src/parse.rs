//! Reads a scheme file.
//!
//! The text becomes a TOML tree with positions; each section is then read field by field, so that one pass reports
//! every fault. No message quotes the text around a fault, and none quotes a value of `[[tac_key]]`.

use toml::de::{DeTable, DeValue};
use tongka_base::{Algorithm, AppSerial, CardScheme, Industry, IssuerId, KeyVersion, MemberCode, PsamNo, RatePpm};

use crate::check::{
    KeyId, MAX_DAYS, MAX_HOURS, MIN_HISTORY_DAYS, WHOLE_PPM, crowded_certificates, missing_tac_keys, overlapping_fees,
    overlapping_periods, overlapping_ranges, show_key_id,
};
use crate::read::*;
use crate::{
    BlacklistEntry, Certificate, ErrorCode, FeeRule, Issuer, MAX_VALID_CERTIFICATES, Member, Period, PsamRange,
    PsamState, Reserve, Rules, Scheme, SchemeError, TacKey, TacVerifier,
};

const SECTIONS: [&str; 8] = ["rules", "member", "issuer", "psam_range", "fee", "blacklist", "tac_key", "reserve"];

/// Reads a scheme file whole, or refuses it whole with every error found, in the order of the text.
///
/// `file_name` only names the file in errors. A file that is not TOML yields its first syntax error alone.
pub fn parse(text: &str, file_name: &str) -> Result<Scheme, Vec<SchemeError>> {
    read_whole(text, file_name, read_scheme)
}

/// Reads a file that holds nothing but `[[tac_key]]`, as [`render_tac_keys`](crate::render_tac_keys) writes it.
pub fn parse_tac_keys(text: &str, file_name: &str) -> Result<Vec<TacKey>, Vec<SchemeError>> {
    read_whole(text, file_name, |root, report| {
        check_sections(root, &["tac_key"], report);
        Some(read_tac_keys(root, &mut Seen::default(), report))
    })
}

fn read_whole<T>(
    text: &str,
    file_name: &str,
    read: impl FnOnce(&DeTable<'_>, &mut Report<'_>) -> Option<T>,
) -> Result<T, Vec<SchemeError>> {
    let mut report = Report::new(text);
    let value = match DeTable::parse(text) {
        Ok(root) => read(root.get_ref(), &mut report),
        Err(error) => {
            let at = error.span().map_or(text.len(), |span| span.start);
            let message = error.message();
            report.add(ErrorCode::Syntax, at, format!("TOML语法错误: {message}"), format!("not TOML: {message}"));
            None
        }
    };
    let errors = report.finish(file_name);
    match value {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(errors),
    }
}

fn check_sections(root: &DeTable<'_>, known: &[&str], report: &mut Report<'_>) {
    for (key, _) in root {
        if !known.contains(&key.get_ref().as_ref()) {
            let name = quote(key.get_ref());
            let (zh, en) = (format!("未知的节 {}", name.zh), format!("unknown section {}", name.en));
            report.add(ErrorCode::UnknownField, key.span().start, zh, en);
        }
    }
}

/// Reads all sections; `None`, or any error in the report, refuses the file.
fn read_scheme(root: &DeTable<'_>, report: &mut Report<'_>) -> Option<Scheme> {
    check_sections(root, &SECTIONS, report);
    let rules = read_rules(root, report);

    let mut member_lines = Seen::default();
    let members = section(root, "member", report);
    let members: Vec<_> = members.iter().filter_map(|e| read_member(e, &mut member_lines, report)).collect();

    let mut issuer_lines = Seen::default();
    let issuer_entries = section(root, "issuer", report);
    let mut issuers = Vec::with_capacity(issuer_entries.len());
    for entry in &issuer_entries {
        issuers.extend(read_issuer(entry, &member_lines, &mut issuer_lines, report).map(|issuer| (entry.at, issuer)));
    }

    let ranges = section(root, "psam_range", report);
    let mut ranges: Vec<_> = ranges.iter().filter_map(|e| read_psam_range(e, &member_lines, report)).collect();
    ranges.sort_by_key(|(at, range)| (range.from, range.to, *at));
    report_ranges(&ranges, report);

    let fees = section(root, "fee", report);
    let mut fees: Vec<_> = fees.iter().filter_map(|e| read_fee(e, &member_lines, report)).collect();
    fees.sort_by_key(|(at, fee)| (fee.key(), *at));
    report_fees(&fees, report);

    let cards = section(root, "blacklist", report);
    let mut card_lines = Seen::with_capacity(cards.len());
    let blacklist: Vec<_> =
        cards.iter().filter_map(|e| read_blacklist(e, &issuer_lines, &mut card_lines, report)).collect();

    let mut key_lines = Seen::default();
    let tac_keys = read_tac_keys(root, &mut key_lines, report);
    if rules.is_some_and(|rules| rules.tac_verifier == TacVerifier::Centre) {
        report_tac_keys(&issuers, &key_lines, report);
    }

    let mut reserve_lines = Seen::default();
    let reserves = section(root, "reserve", report);
    let reserves: Vec<_> =
        reserves.iter().filter_map(|e| read_reserve(e, &member_lines, &mut reserve_lines, report)).collect();

    let mut scheme = Scheme {
        rules: rules?,
        members,
        issuers: issuers.into_iter().map(|(_, issuer)| issuer).collect(),
        psam_ranges: ranges.into_iter().map(|(_, range)| range).collect(),
        fees: fees.into_iter().map(|(_, fee)| fee).collect(),
        blacklist,
        tac_keys,
        reserves,
    };
    scheme.members.sort_by_key(|m| m.code);
    scheme.issuers.sort_by_key(|i| (i.scheme, i.issuer_id));
    scheme.blacklist.sort_by_key(|b| (b.scheme, b.issuer_id, b.application_serial));
    scheme.reserves.sort_by_key(|r| r.member);
    Some(scheme)
}

/// Reports each range, in ascending order, that begins within one before it.
fn report_ranges(ranges: &[(usize, PsamRange)], report: &mut Report<'_>) {
    for (first, second) in overlapping_ranges(ranges.iter().map(|(_, range)| range)) {
        let (first, second) = in_text_order(&ranges[first], &ranges[second]);
        let line = report.line(second.0);
        let shown = format!("{}–{} × {}–{}", first.1.from, first.1.to, second.1.from, second.1.to);
        let zh = format!("PSAM号段重叠: {shown}, 与第{line}行");
        report.add(ErrorCode::PsamOverlap, first.0, zh, format!("PSAM ranges overlap: {shown}, with line {line}"));
    }
}

/// Reports each fee rule that begins, by date, while another of equal pattern holds.
fn report_fees(fees: &[(usize, FeeRule)], report: &mut Report<'_>) {
    for (first, second) in overlapping_fees(fees.iter().map(|(_, fee)| fee)) {
        let (first, second) = in_text_order(&fees[first], &fees[second]);
        let line = report.line(second.0);
        let zh = format!("相同条件的费率规则有效期重叠: 与第{line}行");
        let en = format!("fee rules of equal pattern overlap in time: with line {line}");
        report.add(ErrorCode::FeeOverlap, first.0, zh, en);
    }
}

fn in_text_order<'a, T>(one: &'a (usize, T), other: &'a (usize, T)) -> (&'a (usize, T), &'a (usize, T)) {
    if one.0 <= other.0 { (one, other) } else { (other, one) }
}

/// Reports every key allowed for an issuer that the verifying centre does not have.
fn report_tac_keys(issuers: &[(usize, Issuer)], keys: &Seen<KeyId>, report: &mut Report<'_>) {
    for (at, issuer) in issuers {
        for id in missing_tac_keys(issuer, |id| keys.contains(id)) {
            let shown = show_key_id(id);
            let zh = format!("中心验证TAC, 但缺少 [[tac_key]] {shown}");
            let en = format!("the centre checks TACs but [[tac_key]] {shown} is missing");
            report.add(ErrorCode::Missing, *at, zh, en);
        }
    }
}

fn read_rules(root: &DeTable<'_>, report: &mut Report<'_>) -> Option<Rules> {
    let Some(value) = root.get("rules") else {
        report.add(ErrorCode::Missing, 0, "缺少 [rules] 节", "section [rules] is missing");
        return None;
    };
    let DeValue::Table(table) = value.get_ref() else {
        let (zh, en) = ("rules 应写为 [rules] 节", "rules must be one section [rules]");
        report.add(ErrorCode::BadValue, value.span().start, zh, en);
        return None;
    };
    let entry = Entry { section: "rules", at: value.span().start, table };
    entry.check_fields(
        &["late_window_days", "single_limit_fen", "blacklist_grace_hours", "history_days", "tac_verifier"],
        report,
    );
    let limit = entry.fen("single_limit_fen", report);
    let grace = entry.integer("blacklist_grace_hours", 0, MAX_HOURS, report);
    let history = entry.integer("history_days", MIN_HISTORY_DAYS, MAX_DAYS, report);
    // A record that may still come in must meet everything it could repeat.
    let late = entry.integer("late_window_days", 0, history.unwrap_or(MAX_DAYS), report);
    let verifier = entry.text("tac_verifier", VERIFIER, report, TacVerifier::from_name);
    Some(Rules {
        late_window_days: u32::try_from(late?).ok()?,
        single_limit_fen: limit?,
        blacklist_grace_hours: u32::try_from(grace?).ok()?,
        history_days: u32::try_from(history?).ok()?,
        tac_verifier: verifier?,
    })
}

fn read_member(entry: &Entry<'_, '_>, seen: &mut Seen<MemberCode>, report: &mut Report<'_>) -> Option<Member> {
    const FIELDS: [&str; 8] =
        ["code", "name", "city", "active_from", "active_to", "suspensions", "sm2_public_key", "certificates"];
    entry.check_fields(&FIELDS, report);
    let code = entry.text("code", OWN_CODE, report, |text| {
        MemberCode::parse(text.as_bytes()).filter(|c| ![MemberCode::CENTRE, MemberCode::UNROUTED].contains(c))
    });
    if let Some(code) = code {
        let (zh, en) = (format!("成员重复: {code}"), format!("duplicate member: {code}"));
        seen.add(code, entry.at_field("code"), zh, en, report);
    }
    let name = entry.text("name", TEXT, report, |text| Some(text.to_owned()));
    let city = entry.text("city", TEXT, report, |text| Some(text.to_owned()));
    let (active_from, active_to) = entry.period("active_from", "active_to", report);
    let suspensions = read_suspensions(entry, report);
    let certificates = read_certificates(entry, report);
    Some(Member {
        code: code?,
        name: name?,
        city: city?,
        active_from: active_from?,
        active_to: active_to?,
        suspensions: suspensions?,
        certificates: certificates?,
    })
}

/// Reads a list of tables inside a section, an absent one as empty; every item is read before the whole is judged.
fn read_list<T>(
    entry: &Entry<'_, '_>,
    name: &'static str,
    wants: (Want, Want),
    report: &mut Report<'_>,
    mut read: impl FnMut(&Entry<'_, '_>, &mut Report<'_>) -> Option<T>,
) -> Option<Vec<(usize, T)>> {
    let Some(value) = entry.table.get(name) else { return Some(Vec::new()) };
    let DeValue::Array(items) = value.get_ref() else {
        entry.bad(name, value, wants.0, report);
        return None;
    };
    let read: Vec<_> = items
        .iter()
        .map(|item| {
            let DeValue::Table(table) = item.get_ref() else {
                entry.bad(name, item, wants.1, report);
                return None;
            };
            let item = Entry { section: name, at: item.span().start, table };
            read(&item, report).map(|value| (item.at, value))
        })
        .collect();
    read.into_iter().collect()
}

fn read_suspensions(entry: &Entry<'_, '_>, report: &mut Report<'_>) -> Option<Vec<Period>> {
    let mut pauses = read_list(entry, "suspensions", (PERIOD_LIST, PERIOD_ITEM), report, |item, report| {
        item.check_fields(&["from", "to"], report);
        let (from, to) = item.period("from", "to", report);
        Some(Period { from: from?, to: to? })
    })?;
    pauses.sort_by_key(|(at, pause)| (*pause, *at));
    for (first, second) in overlapping_periods(pauses.iter().map(|(_, pause)| *pause)) {
        let line = report.line(pauses[first].0);
        let (zh, en) = (format!("暂停期间重叠: 与第{line}行"), format!("suspensions overlap: with line {line}"));
        report.add(ErrorCode::BadValue, pauses[second].0, zh, en);
    }
    Some(pauses.into_iter().map(|(_, pause)| pause).collect())
}

/// The short form `sm2_public_key`, always valid, and the list `certificates`.
fn read_certificates(entry: &Entry<'_, '_>, report: &mut Report<'_>) -> Option<Vec<Certificate>> {
    let read_key = |text: &str| {
        let mut key = [0; 65];
        (read_hex(text, &mut key) && key[0] == 0x04).then_some(key)
    };
    let always = entry.optional_text("sm2_public_key", PUBLIC_KEY, report, read_key);
    let listed = read_list(entry, "certificates", (CERTIFICATE_LIST, CERTIFICATE_ITEM), report, |item, report| {
        item.check_fields(&["public_key", "not_before", "not_after"], report);
        let public_key = item.text("public_key", PUBLIC_KEY, report, read_key);
        let not_before = item.optional_text("not_before", DATE, report, read_date);
        let not_after = item.optional_text("not_after", DATE, report, read_date);
        if let (Some(Some(first)), Some(Some(last))) = (not_before, not_after)
            && first > last
        {
            item.reversed("not_before", "not_after", &first.to_string(), &last.to_string(), report);
        }
        Some(Certificate { not_before: not_before?, not_after: not_after?, public_key: public_key? })
    });
    let mut all = listed?;
    let always = always?.map(|public_key| Certificate { not_before: None, not_after: None, public_key });
    all.extend(always.map(|certificate| (entry.at_field("sm2_public_key"), certificate)));
    all.sort_by_key(|(at, certificate)| (*certificate, *at));
    let mut seen = Seen::default();
    for (at, certificate) in &all {
        seen.add(certificate.public_key, *at, "证书公钥重复", "duplicate public key", report);
    }
    for at in crowded_certificates(all.iter().map(|(_, certificate)| *certificate)) {
        let zh = format!("同一日有效的证书超过 {MAX_VALID_CERTIFICATES} 张");
        let en = format!("more than {MAX_VALID_CERTIFICATES} certificates are valid on one day");
        report.add(ErrorCode::BadValue, all[at].0, zh, en);
    }
    Some(all.into_iter().map(|(_, certificate)| certificate).collect())
}

fn read_issuer(
    entry: &Entry<'_, '_>,
    members: &Seen<MemberCode>,
    seen: &mut Seen<(CardScheme, IssuerId)>,
    report: &mut Report<'_>,
) -> Option<Issuer> {
    entry.check_fields(&["scheme", "issuer_id", "member", "overdraft_limit_fen", "keys"], report);
    let scheme = entry.scheme(report);
    let issuer_id = entry.issuer_id(report);
    if let (Some(scheme), Some(id)) = (scheme, issuer_id) {
        let (zh, en) = (format!("发卡机构重复: {scheme} {id}"), format!("duplicate issuer: {scheme} {id}"));
        seen.add((scheme, id), entry.at, zh, en, report);
    }
    let member = entry.member("member", members, report);
    let overdraft_limit_fen = entry.fen("overdraft_limit_fen", report);
    let keys = read_issuer_keys(entry, report);
    Some(Issuer {
        scheme: scheme?,
        issuer_id: issuer_id?,
        member: member?,
        overdraft_limit_fen: overdraft_limit_fen?,
        keys: keys?,
    })
}

fn read_issuer_keys(entry: &Entry<'_, '_>, report: &mut Report<'_>) -> Option<Vec<(KeyVersion, Algorithm)>> {
    entry.required("keys", report)?;
    let mut seen = Seen::default();
    let keys = read_list(entry, "keys", (KEY_LIST, KEY_ITEM), report, |item, report| {
        item.check_fields(&["version", "algorithm"], report);
        let (version, algorithm) = (item.version(report), item.algorithm(report));
        let key = (version?, algorithm?);
        let shown = format!("{:02X}/{:02X}", key.0.0, key.1.code());
        let (zh, en) = (format!("密钥重复: {shown}"), format!("duplicate key: {shown}"));
        seen.add(key, item.at, zh, en, report);
        Some(key)
    })?;
    if keys.is_empty() {
        let (zh, en) = ("发卡机构没有允许的密钥: keys 为空", "the issuer allows no TAC key: keys is empty");
        report.add(ErrorCode::Missing, entry.at, zh, en);
        return None;
    }
    Some(keys.into_iter().map(|(_, key)| key).collect())
}

fn read_psam_range(
    entry: &Entry<'_, '_>,
    members: &Seen<MemberCode>,
    report: &mut Report<'_>,
) -> Option<(usize, PsamRange)> {
    entry.check_fields(&["member", "from", "to", "state"], report);
    let member = entry.member("member", members, report);
    let from = entry.text("from", PSAM, report, |text| PsamNo::parse(text.as_bytes()));
    let to = entry.text("to", PSAM, report, |text| PsamNo::parse(text.as_bytes()));
    let state = entry.text("state", STATE, report, PsamState::from_name);
    let (from, to) = (from?, to?);
    if from > to {
        entry.reversed("from", "to", &from.to_string(), &to.to_string(), report);
        return None;
    }
    Some((entry.at, PsamRange { member: member?, from, to, state: state? }))
}

fn read_fee(entry: &Entry<'_, '_>, members: &Seen<MemberCode>, report: &mut Report<'_>) -> Option<(usize, FeeRule)> {
    entry.check_fields(&["acquirer", "issuer", "industry", "issuer_rate_ppm", "centre_rate_ppm", "from", "to"], report);
    let acquirer = entry.member_or_any("acquirer", members, report);
    let issuer = entry.member_or_any("issuer", members, report);
    let industry = entry.text("industry", INDUSTRY, report, |text| match text.as_bytes() {
        b"*" => Some(None),
        [high @ b'0'..=b'9', low @ b'0'..=b'9'] => Industry::from_code((high - b'0') * 10 + (low - b'0')).map(Some),
        _ => None,
    });
    let issuer_rate = entry.integer("issuer_rate_ppm", 0, WHOLE_PPM, report);
    let centre_rate = entry.integer("centre_rate_ppm", 0, WHOLE_PPM, report);
    if let (Some(issuer), Some(centre)) = (issuer_rate, centre_rate)
        && issuer + centre > WHOLE_PPM
    {
        let zh = format!("两项费率之和超过 {WHOLE_PPM} ppm: {issuer} + {centre}");
        let en = format!("the two rates exceed {WHOLE_PPM} ppm together: {issuer} + {centre}");
        report.add(ErrorCode::BadValue, entry.at_field("centre_rate_ppm"), zh, en);
    }
    let (from, to) = entry.period("from", "to", report);
    let fee = FeeRule {
        acquirer: acquirer?,
        issuer: issuer?,
        industry: industry?,
        issuer_rate: RatePpm(u32::try_from(issuer_rate?).ok()?),
        centre_rate: RatePpm(u32::try_from(centre_rate?).ok()?),
        from: from?,
        to: to?,
    };
    Some((entry.at, fee))
}

fn read_blacklist(
    entry: &Entry<'_, '_>,
    issuers: &Seen<(CardScheme, IssuerId)>,
    seen: &mut Seen<(CardScheme, IssuerId, AppSerial)>,
    report: &mut Report<'_>,
) -> Option<BlacklistEntry> {
    entry.check_fields(&["scheme", "issuer_id", "application_serial", "listed_at"], report);
    let scheme = entry.scheme(report);
    let issuer_id = entry.issuer_id(report);
    let serial = entry.text("application_serial", SERIAL, report, |text| AppSerial::parse(text.as_bytes()));
    let listed_at = entry.text("listed_at", DATE_TIME, report, read_date_time);
    let (scheme, issuer_id) = (scheme?, issuer_id?);
    if !issuers.contains(&(scheme, issuer_id)) {
        let zh = format!("未登记的发卡机构: {scheme} {issuer_id}");
        let en = format!("unknown issuer: {scheme} {issuer_id}");
        report.add(ErrorCode::UnknownReference, entry.at_field("issuer_id"), zh, en);
    }
    let application_serial = serial?;
    seen.add((scheme, issuer_id, application_serial), entry.at, "黑名单卡重复", "duplicate blacklist card", report);
    Some(BlacklistEntry { scheme, issuer_id, application_serial, listed_at: listed_at? })
}

/// In order of identity.
fn read_tac_keys(root: &DeTable<'_>, seen: &mut Seen<KeyId>, report: &mut Report<'_>) -> Vec<TacKey> {
    let entries = section(root, "tac_key", report);
    let mut keys: Vec<_> = entries.iter().filter_map(|e| read_tac_key(e, seen, report)).collect();
    keys.sort_by_key(|k| (k.scheme, k.version, k.algorithm));
    keys
}

fn read_tac_key(entry: &Entry<'_, '_>, seen: &mut Seen<KeyId>, report: &mut Report<'_>) -> Option<TacKey> {
    entry.check_fields(&["scheme", "version", "algorithm", "key"], report);
    let (scheme, version, algorithm) = (entry.scheme(report), entry.version(report), entry.algorithm(report));
    let key = entry.text("key", TAC_KEY, report, |text| {
        let mut key = [0; 16];
        read_hex(text, &mut key).then_some(key)
    });
    let (scheme, version, algorithm) = (scheme?, version?, algorithm?);
    let shown = show_key_id((scheme, version, algorithm));
    let (zh, en) = (format!("TAC密钥重复: {shown}"), format!("duplicate TAC key: {shown}"));
    seen.add((scheme, version, algorithm), entry.at, zh, en, report);
    Some(TacKey { scheme, version, algorithm, key: key? })
}

fn read_reserve(
    entry: &Entry<'_, '_>,
    members: &Seen<MemberCode>,
    seen: &mut Seen<MemberCode>,
    report: &mut Report<'_>,
) -> Option<Reserve> {
    entry.check_fields(&["member", "opening_fen", "target_fen", "warning_fen", "stop_fen"], report);
    let member = entry.member("member", members, report);
    if let Some(code) = member {
        let (zh, en) = (format!("成员备付金重复: {code}"), format!("duplicate reserve of member {code}"));
        seen.add(code, entry.at_field("member"), zh, en, report);
    }
    let [opening, target, warning, stop] =
        ["opening_fen", "target_fen", "warning_fen", "stop_fen"].map(|name| entry.fen(name, report));
    Some(Reserve {
        member: member?,
        opening_fen: opening?,
        target_fen: target?,
        warning_fen: warning?,
        stop_fen: stop?,
    })
}
