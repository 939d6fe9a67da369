//! The simulated scheme: members named after real cities, their issuers, terminals, keys, fees and lists.
//!
//! It follows from the seed and the number of members alone, so that successive simulated days share one scheme.

use crate::SimError;
use crate::cities::{CITIES, bcd, bcd2};
use crate::dice::{Dice, Subject};
use tongka_base::date::{days_since_epoch, format_date, from_days_since_epoch};
use tongka_base::{
    Algorithm, AppSerial, CardScheme, Date, Fen, Industry, IssuerId, KeyVersion, MemberCode, PsamNo, RatePpm,
};
use tongka_crypto::{diversify, sm2_public_key};
use tongka_scheme::{
    BlacklistEntry, Certificate, FeeRule, Issuer, Member, PsamRange, PsamState, Reserve, Rules, Scheme, TacKey,
    TacVerifier,
};

/// Most members a simulated scheme can have.
pub const MAX_MEMBERS: u32 = 350;
/// Cards that have been on the blacklist for years.
pub(crate) const OLD_LISTED: u64 = 200;
/// Terminals of one state and member.
pub(crate) const RANGE_LEN: u32 = 1 << 20;
/// Days late that a record may be.
pub(crate) const LATE_WINDOW_DAYS: u32 = 30;
/// Single limit, fen.
pub(crate) const SINGLE_LIMIT_FEN: u32 = 100_000;

const VERSION: KeyVersion = KeyVersion(1);

/// A date that is known to be real.
pub(crate) fn ymd(year: i32, month: u32, day: u32) -> Date {
    Date::from_ymd_opt(year, month, day).expect("a real date")
}

/// A date some days away.
pub(crate) fn shift(date: Date, days: i32) -> Date {
    from_days_since_epoch(days_since_epoch(date) + days).expect("years of this century")
}

/// An issuer with what its cards need.
#[derive(Clone, Debug)]
pub(crate) struct IssuerKit {
    pub(crate) scheme: CardScheme,
    pub(crate) issuer_id: IssuerId,
    pub(crate) city: u16,
    pub(crate) overdraft: i32,
    pub(crate) algorithms: Vec<Algorithm>,
}

/// A card.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Card {
    /// Index of its issuer.
    pub(crate) issuer: u32,
    pub(crate) serial: AppSerial,
    pub(crate) algorithm: Algorithm,
}

/// The scheme with its secrets.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) members: u32,
    pub(crate) scheme: Scheme,
    /// Issuers by index: twice the member's index for T-Union, one more for MOHURD.
    pub(crate) issuers: Vec<IssuerKit>,
    /// Issuer-level TAC keys by issuer index, 3DES.
    pub(crate) keys_tdes: Vec<[u8; 16]>,
    /// Issuer-level TAC keys by issuer index, SM4.
    pub(crate) keys_sm4: Vec<[u8; 16]>,
    /// Running sums of the active members' weights.
    weights: Vec<u64>,
}

/// The scheme that [`simulate_day`](crate::simulate_day) writes for this seed and number of members.
pub fn simulated_scheme(seed: u64, members: u32) -> Result<Scheme, SimError> {
    World::new(seed, members).map(|world| world.scheme)
}

impl World {
    pub(crate) fn new(seed: u64, members: u32) -> Result<Self, SimError> {
        if !(1..=MAX_MEMBERS).contains(&members) {
            return Err(SimError::Plan(format!("members {members} not in 1..={MAX_MEMBERS}")));
        }
        let tac_keys = master_keys(seed);
        let issuers: Vec<IssuerKit> = (0..members as usize).flat_map(issuer_kits).collect();
        let keys = |algorithm| {
            let derive = |kit: &IssuerKit| {
                let master = tac_keys.iter().find(|k| (k.scheme, k.algorithm) == (kit.scheme, algorithm));
                let factor = kit.scheme.issuer_factor(kit.issuer_id);
                diversify(algorithm, &master.expect("a key for each").key, &factor)
            };
            issuers.iter().map(derive).collect::<Vec<_>>()
        };
        let (keys_tdes, keys_sm4) = (keys(Algorithm::Tdes), keys(Algorithm::Sm4));
        let active = if members >= 4 { members - 1 } else { members };
        let mut sum = 0;
        let weights = (0..active).map(|i| {
            sum += Self::weight(i);
            sum
        });
        let weights = weights.collect();
        let mut world = Self {
            seed,
            members,
            scheme: Scheme {
                rules: rules(),
                members: Vec::new(),
                issuers: Vec::new(),
                psam_ranges: Vec::new(),
                fees: Vec::new(),
                blacklist: Vec::new(),
                tac_keys,
                reserves: Vec::new(),
            },
            issuers,
            keys_tdes,
            keys_sm4,
            weights,
        };
        world.fill()?;
        Ok(world)
    }

    /// Share of traffic of the member of an index, in no unit.
    pub(crate) fn weight(index: u32) -> u64 {
        1_000_000 / (u64::from(index) + 3)
    }

    /// Members that take part today: all but the suspended one, which is the last of four and more.
    pub(crate) fn active_members(&self) -> u32 {
        self.weights.len() as u32
    }

    /// Index of the suspended member.
    pub(crate) fn suspended(&self) -> Option<u32> {
        (self.active_members() < self.members).then_some(self.members - 1)
    }

    /// Code of the member of an index.
    pub(crate) fn code(index: u32) -> MemberCode {
        MemberCode(10_000_000 + u32::from(CITIES[index as usize].code))
    }

    /// Whether uploads of the member of an index are signed: the second member, or two smaller ones among many.
    pub(crate) fn signs(&self, index: u32) -> bool {
        if self.members > 8 { index == 5 || index == 7 } else { index == 1 }
    }

    /// The simulated private key behind a member's certificate.
    pub(crate) fn signing_key(&self, index: u32) -> [u8; 32] {
        let mut dice = Dice::of(self.seed, Subject::SigningKey, [u64::from(index), 0, 0]);
        let mut key = [0; 32];
        key.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&dice.next().to_be_bytes()));
        key[0] = key[0] & 0x3F | 0x10;
        key
    }

    /// A terminal number of a member: `block` 0 active, 1 stopped, 2 test, 3 in no range.
    pub(crate) fn psam(index: u32, block: u32, number: u32) -> PsamNo {
        let city = bcd2(CITIES[index as usize].code);
        let [a, b, c, d] = (block * RANGE_LEN + number).to_be_bytes();
        PsamNo([city[0], city[1], a, b, c, d])
    }

    /// The card of a number that taps in one upload of an acquirer; seven cards of ten come from elsewhere.
    pub(crate) fn card(&self, acquirer: u32, sequence: u32, number: u64, dice: &mut Dice) -> Card {
        let member = if dice.percent(30) { acquirer } else { dice.weighted(&self.weights) as u32 };
        let owner = u64::from(acquirer) * 10_000 + u64::from(sequence);
        self.card_of(member * 2 + u32::from(dice.percent(35)), owner * 10_000_000 + number, dice.next())
    }

    /// A card of an issuer by its fourteen-digit number.
    pub(crate) fn card_of(&self, issuer: u32, number: u64, choice: u64) -> Card {
        let kit = &self.issuers[issuer as usize];
        // 03, the issuer's city, then who owns the card in the simulation and its number.
        let digits: [u8; 9] = {
            let mut out = [0; 9];
            out[..2].copy_from_slice(&bcd2(kit.city));
            out[2..].copy_from_slice(&bcd::<7>(number));
            out
        };
        let mut serial = [0x03; 10];
        serial[1..].copy_from_slice(&digits);
        let algorithm = kit.algorithms[(choice % kit.algorithms.len() as u64) as usize];
        Card { issuer, serial: AppSerial(serial), algorithm }
    }

    /// The long-listed blacklisted card of a number.
    pub(crate) fn old_listed(&self, number: u64) -> Card {
        self.listed(number % OLD_LISTED)
    }

    /// The first day of the date's month, and the card that was put on the blacklist at noon of the day before it.
    pub(crate) fn just_listed(&self, date: Date) -> Option<(Date, Card)> {
        let number: u32 = format_date(date).parse().ok()?;
        let (year, month) = (number / 10_000, number / 100 % 100);
        let index = u64::from(year.checked_sub(LISTINGS_FROM)?) * 12 + u64::from(month) - 1;
        (index < LISTINGS).then(|| (first_of(index), self.listed(OLD_LISTED + index)))
    }

    fn listed(&self, number: u64) -> Card {
        let mut dice = Dice::of(self.seed, Subject::Blacklist, [number, 0, 0]);
        let member = dice.weighted(&self.weights) as u32;
        self.card_of(member * 2 + u32::from(dice.percent(35)), 99_900_000_000_000 + number, dice.next())
    }

    fn fill(&mut self) -> Result<(), SimError> {
        let mut members = Vec::new();
        for index in 0..self.members {
            members.push(self.member(index)?);
            let code = Self::code(index);
            for (block, state) in [PsamState::Active, PsamState::Stopped, PsamState::Test].into_iter().enumerate() {
                let psam = |number| Self::psam(index, block as u32, number);
                self.scheme.psam_ranges.push(PsamRange { member: code, from: psam(1), to: psam(RANGE_LEN - 1), state });
            }
            for kit in &self.issuers[index as usize * 2..][..2] {
                self.scheme.issuers.push(Issuer {
                    scheme: kit.scheme,
                    issuer_id: kit.issuer_id,
                    member: code,
                    overdraft_limit_fen: Fen(i64::from(kit.overdraft)),
                    keys: kit.algorithms.iter().map(|a| (VERSION, *a)).collect(),
                });
            }
            let opening = 200_000_000 + 300_000_000 / (i64::from(index) + 1);
            self.scheme.reserves.push(Reserve {
                member: code,
                opening_fen: Fen(opening),
                target_fen: Fen(opening / 5 * 4),
                warning_fen: Fen(opening / 5 * 2),
                stop_fen: Fen(opening / 10),
            });
        }
        members.sort_by_key(|m: &Member| m.code);
        self.scheme.members = members;
        self.scheme.issuers.sort_by_key(|i| (i.scheme, i.issuer_id));
        self.scheme.psam_ranges.sort_by_key(|r| r.from);
        self.scheme.reserves.sort_by_key(|r| r.member);
        self.scheme.fees = fees(self.members);
        self.scheme.fees.sort_by_key(FeeRule::key);
        let noon_before = |index: u64| shift(first_of(index), -1).and_hms_opt(12, 0, 0).expect("noon");
        let mut blacklist: Vec<BlacklistEntry> = (0..OLD_LISTED + LISTINGS)
            .map(|number| {
                let card = self.listed(number);
                let kit = &self.issuers[card.issuer as usize];
                let long_ago = shift(ymd(2020, 7, 1), number as i32).and_hms_opt(0, 0, 0).expect("midnight");
                let listed_at = number.checked_sub(OLD_LISTED).map_or(long_ago, noon_before);
                BlacklistEntry {
                    scheme: kit.scheme,
                    issuer_id: kit.issuer_id,
                    application_serial: card.serial,
                    listed_at,
                }
            })
            .collect();
        blacklist.sort_by_key(|b| (b.scheme, b.issuer_id, b.application_serial));
        self.scheme.blacklist = blacklist;
        Ok(())
    }

    fn member(&self, index: u32) -> Result<Member, SimError> {
        let city = &CITIES[index as usize];
        let suspended = self.suspended();
        let joined_later = suspended.is_some_and(|last| index + 1 == last);
        let key = self.signs(index).then(|| sm2_public_key(&self.signing_key(index)).ok_or(SimError::Signature));
        Ok(Member {
            code: Self::code(index),
            name: city.name.clone(),
            city: format!("{:04}", city.code),
            active_from: if joined_later { ymd(2020, 6, 1) } else { ymd(2018, 1, 1) },
            active_to: (suspended == Some(index)).then(|| ymd(2019, 12, 31)),
            suspensions: Vec::new(),
            certificates: key.transpose()?.into_iter().map(always_valid).collect(),
        })
    }
}

fn always_valid(public_key: [u8; 65]) -> Certificate {
    Certificate { not_before: None, not_after: None, public_key }
}

/// First year in which a card is listed on the eve of each month.
const LISTINGS_FROM: u32 = 2021;
/// Listings on such eves, to the end of 2060.
const LISTINGS: u64 = 480;

/// The first day of a month, counted from the first listing.
fn first_of(index: u64) -> Date {
    ymd((u64::from(LISTINGS_FROM) + index / 12) as i32, (index % 12) as u32 + 1, 1)
}

fn rules() -> Rules {
    Rules {
        late_window_days: LATE_WINDOW_DAYS,
        single_limit_fen: Fen(i64::from(SINGLE_LIMIT_FEN)),
        blacklist_grace_hours: 24,
        history_days: 90,
        tac_verifier: TacVerifier::Centre,
    }
}

fn master_keys(seed: u64) -> Vec<TacKey> {
    let pairs = CardScheme::ALL.into_iter().flat_map(|s| [(s, Algorithm::Tdes), (s, Algorithm::Sm4)]);
    let key = |(scheme, algorithm): (CardScheme, Algorithm)| {
        let name = [u64::from(scheme.letter()), u64::from(algorithm.code()), 0];
        let mut dice = Dice::of(seed, Subject::TacKey, name);
        let mut key = [0; 16];
        key.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&dice.next().to_be_bytes()));
        TacKey { scheme, version: VERSION, algorithm, key }
    };
    pairs.map(key).collect()
}

fn issuer_kits(index: usize) -> [IssuerKit; 2] {
    let city = &CITIES[index];
    let [high, low] = bcd2(city.code);
    let [m_high, m_low] = bcd2(city.mohurd_code);
    let both = vec![Algorithm::Tdes, Algorithm::Sm4];
    let t_keys = if index % 3 == 1 { vec![Algorithm::Tdes] } else { both.clone() };
    let m_keys = vec![both, vec![Algorithm::Tdes], vec![Algorithm::Sm4]].swap_remove(index % 3);
    [
        IssuerKit {
            scheme: CardScheme::TUnion,
            issuer_id: IssuerId([0x02, 0x00, high, low, 0xFF, 0xFF, 0xFF, 0xFF]),
            city: city.code,
            overdraft: 0,
            algorithms: t_keys,
        },
        IssuerKit {
            scheme: CardScheme::Mohurd,
            issuer_id: IssuerId([0x10, 0x00, m_high, m_low, 0x00, 0x01, 0x00, 0x00]),
            city: city.code,
            overdraft: if index.is_multiple_of(2) { 800 } else { 0 },
            algorithms: m_keys,
        },
    ]
}

/// A default, one rule an industry, and rules of single acquirers and issuers.
fn fees(members: u32) -> Vec<FeeRule> {
    let rule = |acquirer, issuer, industry, issuer_ppm, centre_ppm| FeeRule {
        acquirer,
        issuer,
        industry,
        issuer_rate: RatePpm(issuer_ppm),
        centre_rate: RatePpm(centre_ppm),
        from: ymd(2018, 1, 1),
        to: None,
    };
    let mut fees = vec![
        rule(None, None, None, 2000, 500),
        rule(None, None, Some(Industry::Retail), 5000, 800),
        rule(None, None, Some(Industry::Taxi), 3000, 600),
    ];
    for index in 0..members {
        let code = World::code(index);
        match index % 10 {
            0 => fees.push(rule(None, Some(code), None, 1500, 500)),
            3 => fees.push(rule(Some(code), None, None, 2500, 400)),
            6 => fees.push(rule(Some(code), None, Some(Industry::Metro), 1000, 300)),
            9 => fees.push(rule(Some(World::code(0)), Some(code), None, 1200, 350)),
            _ => {}
        }
    }
    fees
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Whether all keys differ and stand in order.
    fn ascending<K: Ord>(keys: impl IntoIterator<Item = K>) -> bool {
        keys.into_iter().collect::<Vec<_>>().windows(2).all(|pair| pair[0] < pair[1])
    }

    #[test]
    fn a_scheme_is_ordered_and_its_references_resolve() {
        for members in [1, 2, 4, 9, MAX_MEMBERS] {
            let scheme = simulated_scheme(1, members).unwrap();
            assert_eq!(scheme.members.len(), members as usize);
            assert!(ascending(scheme.members.iter().map(|m| m.code)));
            assert!(ascending(scheme.issuers.iter().map(|i| (i.scheme, i.issuer_id))));
            assert!(ascending(scheme.psam_ranges.iter().flat_map(|r| [r.from, r.to])));
            assert!(ascending(scheme.blacklist.iter().map(|b| (b.scheme, b.issuer_id, b.application_serial))));
            let patterns: BTreeSet<_> = scheme.fees.iter().map(|f| (f.acquirer, f.issuer, f.industry)).collect();
            assert_eq!(patterns.len(), scheme.fees.len());
            for issuer in &scheme.issuers {
                assert!(scheme.member(issuer.member).is_some());
                assert!(issuer.keys.iter().all(|(v, a)| scheme.tac_key(issuer.scheme, *v, *a).is_some()));
            }
            assert!(scheme.members.iter().all(|m| scheme.reserve(m.code).is_some()));
            assert_eq!(scheme.members.iter().filter(|m| m.active_to.is_some()).count(), usize::from(members >= 4));
        }
        assert!(matches!(simulated_scheme(1, 351), Err(SimError::Plan(_))));
    }

    #[test]
    fn a_scheme_follows_from_seed_and_members() {
        assert_eq!(simulated_scheme(5, 20).unwrap(), simulated_scheme(5, 20).unwrap());
        assert_ne!(simulated_scheme(5, 20).unwrap().tac_keys, simulated_scheme(6, 20).unwrap().tac_keys);
        let signing = simulated_scheme(5, 20).unwrap().members.iter().filter(|m| !m.certificates.is_empty()).count();
        assert_eq!(signing, 2);
    }
}
