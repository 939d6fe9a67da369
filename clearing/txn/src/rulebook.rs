//! A scheme compiled for one clearing date: every look-up of a record check is a small array or a hash.

use std::collections::HashMap;
use tongka_base::date::days_since_epoch;
use tongka_base::{Algorithm, Date, MemberCode};
use tongka_crypto::diversify;
use tongka_scheme::{PsamState, Scheme, TacVerifier};

/// What the checks need to know of an issuer.
#[derive(Clone, Debug)]
pub struct IssuerRules {
    /// Index of its member in the scheme.
    pub member: u16,
    /// First and last day (days since epoch) on which the member takes part.
    pub active: (i32, i32),
    /// First and last days of the times between in which it does not.
    pub suspended: Vec<(i32, i32)>,
    /// How far below zero a purse may go, fen.
    pub overdraft_limit_fen: i64,
    /// Allowed keys: (version, algorithm code, index of the issuer-level key in its algorithm's list).
    pub keys: Vec<(u8, u8, u32)>,
}

impl IssuerRules {
    /// Whether the member takes part on a day (days since epoch).
    pub(crate) fn is_active(&self, day: i32) -> bool {
        let within = |&(from, to): &(i32, i32)| from <= day && day <= to;
        within(&self.active) && !self.suspended.iter().any(within)
    }
}

/// The scheme compiled for one clearing date.
pub struct Rulebook {
    pub(crate) clearing_day: i32,
    pub(crate) earliest_day: i32,
    pub(crate) single_limit_fen: i64,
    pub(crate) verify_tac: bool,
    pub(crate) issuers: Vec<IssuerRules>,
    pub(crate) issuer_index: HashMap<(u8, u64), u16>,
    /// Issuer-level TAC keys, 3DES then SM4.
    pub(crate) tac_keys: [Vec<[u8; 16]>; 2],
    /// Second since epoch from which a listed card is refused.
    pub(crate) blacklist: HashMap<(u8, u64, u16, u64), i64>,
    psam_ranges: Vec<(MemberCode, u64, u64, PsamState)>,
    members: Vec<MemberCode>,
}

/// The sender of an upload, with its own PSAM ranges.
pub struct Sender {
    /// Its code.
    pub code: MemberCode,
    /// Disjoint ranges, ordered: first, last, state.
    pub(crate) psam_ranges: Vec<(u64, u64, PsamState)>,
}

pub(crate) fn algorithm_slot(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Tdes => 0,
        Algorithm::Sm4 => 1,
    }
}

/// A PSAM terminal number as a column holds it.
pub fn number48(psam: [u8; 6]) -> u64 {
    psam.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))
}

impl Rulebook {
    /// Compiles a scheme; derives the issuer-level TAC keys once.
    ///
    /// # Panics
    /// On a scheme with more than 65,000 members or issuers.
    pub fn compile(scheme: &Scheme, clearing_date: Date) -> Self {
        assert!(scheme.members.len() < 65_000 && scheme.issuers.len() < 65_000, "scheme too large");
        let verify_tac = scheme.rules.tac_verifier == TacVerifier::Centre;
        let mut tac_keys = [Vec::new(), Vec::new()];
        let mut issuer_index = HashMap::new();
        let mut issuers = Vec::with_capacity(scheme.issuers.len());
        for issuer in &scheme.issuers {
            let member =
                scheme.members.binary_search_by_key(&issuer.member, |m| m.code).expect("a scheme resolves members");
            let last_day = |day: Option<Date>| day.map_or(i32::MAX, days_since_epoch);
            let party = &scheme.members[member];
            let mut keys = Vec::new();
            for &(version, algorithm) in &issuer.keys {
                let list = &mut tac_keys[algorithm_slot(algorithm)];
                if verify_tac {
                    let master = scheme.tac_key(issuer.scheme, version, algorithm).expect("a scheme has its TAC keys");
                    let factor = issuer.scheme.issuer_factor(issuer.issuer_id);
                    list.push(diversify(algorithm, &master.key, &factor));
                }
                keys.push((version.0, algorithm.code(), list.len().saturating_sub(1) as u32));
            }
            let key = (issuer.scheme.letter(), u64::from_be_bytes(issuer.issuer_id.0));
            issuer_index.insert(key, issuers.len() as u16);
            issuers.push(IssuerRules {
                member: member as u16,
                active: (days_since_epoch(party.active_from), last_day(party.active_to)),
                suspended: party.suspensions.iter().map(|p| (days_since_epoch(p.from), last_day(p.to))).collect(),
                overdraft_limit_fen: issuer.overdraft_limit_fen.0,
                keys,
            });
        }
        let grace = i64::from(scheme.rules.blacklist_grace_hours) * 3600;
        let blacklist = scheme.blacklist.iter().map(|entry| {
            let (high, low) = split_serial(entry.application_serial.0);
            let key = (entry.scheme.letter(), u64::from_be_bytes(entry.issuer_id.0), high, low);
            (key, entry.listed_at.and_utc().timestamp() + grace)
        });
        let clearing_day = days_since_epoch(clearing_date);
        Self {
            clearing_day,
            earliest_day: clearing_day - scheme.rules.late_window_days as i32,
            single_limit_fen: scheme.rules.single_limit_fen.0,
            verify_tac,
            issuer_index,
            issuers,
            tac_keys,
            blacklist: blacklist.collect(),
            psam_ranges: scheme
                .psam_ranges
                .iter()
                .map(|r| (r.member, number48(r.from.0), number48(r.to.0), r.state))
                .collect(),
            members: scheme.members.iter().map(|m| m.code).collect(),
        }
    }

    /// A sender with its PSAM ranges.
    pub fn sender(&self, code: MemberCode) -> Sender {
        let own = self.psam_ranges.iter().filter(|(owner, ..)| *owner == code);
        Sender { code, psam_ranges: own.map(|&(_, from, to, state)| (from, to, state)).collect() }
    }

    /// The member code of a member index.
    pub fn member(&self, index: u16) -> Option<MemberCode> {
        self.members.get(usize::from(index)).copied()
    }

    /// Number of members.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// The member codes by index.
    pub fn member_codes(&self) -> &[MemberCode] {
        &self.members
    }

    /// The issuer of (scheme letter, issuer id).
    pub fn issuer(&self, scheme: u8, issuer_id: u64) -> Option<(u16, &IssuerRules)> {
        let index = *self.issuer_index.get(&(scheme, issuer_id))?;
        Some((index, &self.issuers[usize::from(index)]))
    }
}

impl Sender {
    /// State of the range that holds a PSAM number, if any.
    pub fn psam_state(&self, psam: u64) -> Option<PsamState> {
        let after = self.psam_ranges.partition_point(|range| range.0 <= psam);
        self.psam_ranges[..after].last().filter(|range| psam <= range.1).map(|range| range.2)
    }
}

/// The two columns of an application serial.
pub fn split_serial(serial: [u8; 10]) -> (u16, u64) {
    let high = u16::from_be_bytes([serial[0], serial[1]]);
    (high, u64::from_be_bytes(serial[2..].try_into().expect("8 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspension_interrupts_the_time_of_taking_part() {
        let suspended = vec![(20, 29), (40, i32::MAX)];
        let rules = IssuerRules { member: 0, active: (10, i32::MAX), suspended, overdraft_limit_fen: 0, keys: vec![] };
        let active: Vec<i32> = (0..50).filter(|day| rules.is_active(*day)).collect();
        assert_eq!(active, (10..20).chain(30..40).collect::<Vec<_>>());
    }
}
