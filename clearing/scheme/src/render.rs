//! Writes a scheme as TOML.

use std::fmt::{self, Display, Write};

use tongka_base::Date;

use crate::{Certificate, Scheme, TacKey};

/// Writes the scheme as a scheme file that [`parse`](crate::parse) reads back equal, provided that the scheme keeps
/// the invariants of a parsed one. The text contains the TAC keys of a test scheme in the clear.
pub fn render(scheme: &Scheme) -> String {
    let mut out = String::new();
    write(&mut out, scheme).expect("a String takes all text");
    out
}

/// Writes TAC keys alone, in the clear, for [`parse_tac_keys`](crate::parse_tac_keys).
pub fn render_tac_keys(keys: &[TacKey]) -> String {
    let mut out = String::new();
    write_tac_keys(&mut out, keys).expect("a String takes all text");
    out
}

fn write(out: &mut String, scheme: &Scheme) -> fmt::Result {
    let rules = &scheme.rules;
    writeln!(out, "[rules]")?;
    writeln!(out, "late_window_days = {}", rules.late_window_days)?;
    writeln!(out, "single_limit_fen = {}", rules.single_limit_fen.0)?;
    writeln!(out, "blacklist_grace_hours = {}", rules.blacklist_grace_hours)?;
    writeln!(out, "history_days = {}", rules.history_days)?;
    writeln!(out, "tac_verifier = \"{}\"", rules.tac_verifier.name())?;
    for member in &scheme.members {
        writeln!(out, "\n[[member]]\ncode = \"{}\"", member.code)?;
        writeln!(out, "name = {}\ncity = {}", Quoted(&member.name), Quoted(&member.city))?;
        writeln!(out, "active_from = \"{}\"", member.active_from)?;
        if let Some(to) = member.active_to {
            writeln!(out, "active_to = \"{to}\"")?;
        }
        if !member.suspensions.is_empty() {
            let pauses = member.suspensions.iter().map(|pause| {
                let to = pause.to.map_or(String::new(), |to| format!(", to = \"{to}\""));
                format!("{{ from = \"{}\"{to} }}", pause.from)
            });
            writeln!(out, "suspensions = [{}]", pauses.collect::<Vec<_>>().join(", "))?;
        }
        match member.certificates.as_slice() {
            [] => {}
            [Certificate { not_before: None, not_after: None, public_key }] => {
                writeln!(out, "sm2_public_key = \"{}\"", Hex(public_key))?;
            }
            list => {
                let day = |name: &str, day: Option<Date>| day.map_or(String::new(), |d| format!(", {name} = \"{d}\""));
                let list = list.iter().map(|certificate| {
                    let (from, to) = (certificate.not_before, certificate.not_after);
                    let (from, to) = (day("not_before", from), day("not_after", to));
                    format!("{{ public_key = \"{}\"{from}{to} }}", Hex(&certificate.public_key))
                });
                writeln!(out, "certificates = [{}]", list.collect::<Vec<_>>().join(", "))?;
            }
        }
    }
    for issuer in &scheme.issuers {
        writeln!(out, "\n[[issuer]]\nscheme = \"{}\"\nissuer_id = \"{}\"", issuer.scheme, issuer.issuer_id)?;
        writeln!(out, "member = \"{}\"\noverdraft_limit_fen = {}", issuer.member, issuer.overdraft_limit_fen.0)?;
        let keys = issuer.keys.iter().map(|(version, algorithm)| {
            format!("{{ version = \"{:02X}\", algorithm = \"{:02X}\" }}", version.0, algorithm.code())
        });
        writeln!(out, "keys = [{}]", keys.collect::<Vec<_>>().join(", "))?;
    }
    for range in &scheme.psam_ranges {
        writeln!(out, "\n[[psam_range]]\nmember = \"{}\"", range.member)?;
        writeln!(out, "from = \"{}\"\nto = \"{}\"\nstate = \"{}\"", range.from, range.to, range.state.name())?;
    }
    for fee in &scheme.fees {
        writeln!(out, "\n[[fee]]\nacquirer = \"{}\"\nissuer = \"{}\"", OrAny(fee.acquirer), OrAny(fee.issuer))?;
        writeln!(out, "industry = \"{}\"\nissuer_rate_ppm = {}", OrAny(fee.industry), fee.issuer_rate.0)?;
        writeln!(out, "centre_rate_ppm = {}\nfrom = \"{}\"", fee.centre_rate.0, fee.from)?;
        if let Some(to) = fee.to {
            writeln!(out, "to = \"{to}\"")?;
        }
    }
    for card in &scheme.blacklist {
        writeln!(out, "\n[[blacklist]]\nscheme = \"{}\"\nissuer_id = \"{}\"", card.scheme, card.issuer_id)?;
        writeln!(out, "application_serial = \"{}\"", card.application_serial)?;
        writeln!(out, "listed_at = \"{}T{}\"", card.listed_at.date(), card.listed_at.time())?;
    }
    write_tac_keys(out, &scheme.tac_keys)?;
    for reserve in &scheme.reserves {
        writeln!(out, "\n[[reserve]]\nmember = \"{}\"\nopening_fen = {}", reserve.member, reserve.opening_fen.0)?;
        writeln!(out, "target_fen = {}\nwarning_fen = {}", reserve.target_fen.0, reserve.warning_fen.0)?;
        writeln!(out, "stop_fen = {}", reserve.stop_fen.0)?;
    }
    Ok(())
}

fn write_tac_keys(out: &mut String, keys: &[TacKey]) -> fmt::Result {
    for key in keys {
        writeln!(out, "\n[[tac_key]]\nscheme = \"{}\"\nversion = \"{:02X}\"", key.scheme, key.version.0)?;
        writeln!(out, "algorithm = \"{:02X}\"\nkey = \"{}\"", key.algorithm.code(), Hex(&key.key))?;
    }
    Ok(())
}

/// A pattern field: the value, or `*`.
struct OrAny<T>(Option<T>);

impl<T: Display> Display for OrAny<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("*"),
        }
    }
}

/// Upper-case hexadecimal.
struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// A TOML basic string.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
