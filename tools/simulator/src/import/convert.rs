//! Swipes of one close date as the records of one member.

use super::ImportError;
use super::swipe::Swipe;
use crate::cities::bcd;
use crate::dice::{Dice, Subject};
use crate::draft::{Draft, NONE, txn_base};
use crate::world::shift;
use std::collections::HashMap;
use tongka_base::date::days_since_epoch;
use tongka_base::{Algorithm, AppSerial, Date, Industry, KeyVersion, MemberCode, PsamNo, Reason};
use tongka_crypto::{diversify, sm3};
use tongka_scheme::{PsamState, Scheme};
use tongka_wire::txu::Txu;

/// Balance with which every card is assumed to start each close date, and what it is topped up with, fen.
pub(super) const START_FEN: i32 = 10_000;
/// Taps of a card on a close date; more have no counters left.
const CARD_TAPS: u16 = 32;
/// Taps of a terminal on a close date.
const PSAM_TAPS: u32 = 1 << 18;

/// An issuer-level key that a card may use.
struct KeyChoice {
    version: KeyVersion,
    algorithm: Algorithm,
    key: [u8; 16],
}

/// What the conversion needs of a scheme.
pub(super) struct Converter<'a> {
    scheme: &'a Scheme,
    pub(super) member: MemberCode,
    city: u16,
    range: (u64, u64),
    /// For each issuer its places in `choices`.
    keys_of: Vec<std::ops::Range<usize>>,
    choices: Vec<KeyChoice>,
}

struct CardState {
    serial: AppSerial,
    issuer: usize,
    choice: usize,
    taps: u16,
    balance: i32,
}

impl<'a> Converter<'a> {
    pub(super) fn new(scheme: &'a Scheme, member: Option<MemberCode>) -> Result<Self, ImportError> {
        let default = || scheme.members.iter().find(|m| m.name.contains("深圳")).or(scheme.members.first());
        let member = match member {
            Some(code) => scheme.member(code).ok_or(ImportError::Member(code.to_string()))?,
            None => default().ok_or(ImportError::Member("*".into()))?,
        };
        let active = scheme.psam_ranges.iter().find(|r| r.member == member.code && r.state == PsamState::Active);
        let range = active.ok_or(ImportError::NoPsam(member.code))?;
        let mut choices = Vec::new();
        let keys_of = scheme.issuers.iter().map(|issuer| {
            let start = choices.len();
            choices.extend(issuer.keys.iter().filter_map(|(version, algorithm)| {
                let master = scheme.tac_key(issuer.scheme, *version, *algorithm)?;
                let factor = issuer.scheme.issuer_factor(issuer.issuer_id);
                let key = diversify(*algorithm, &master.key, &factor);
                Some(KeyChoice { version: *version, algorithm: *algorithm, key })
            }));
            start..choices.len()
        });
        Ok(Self {
            scheme,
            member: member.code,
            city: member.city.parse().unwrap_or(0),
            range: (number(range.from), number(range.to)),
            keys_of: keys_of.collect(),
            choices,
        })
    }

    /// Issuer-level keys by [`Draft::issuer_key`].
    pub(super) fn keys(&self) -> Vec<[u8; 16]> {
        self.choices.iter().map(|choice| choice.key).collect()
    }

    /// The records of the swipes of one close date, in order of time; those that cannot be numbered are told to `reject`.
    pub(super) fn convert(
        &self,
        close: Date,
        swipes: &[Swipe],
        mut order: Vec<usize>,
        reject: &mut dyn FnMut(u64, String),
    ) -> Result<Vec<Draft>, ImportError> {
        order.sort_by_key(|i| (swipes[*i].date, swipes[*i].seconds, *i));
        let mut cards: HashMap<&str, CardState> = HashMap::new();
        let mut psam_taps: HashMap<PsamNo, u32> = HashMap::new();
        let mut made: HashMap<usize, usize> = HashMap::new();
        let mut drafts: Vec<Draft> = Vec::with_capacity(order.len());
        for index in order {
            let swipe = &swipes[index];
            if let Some(original) = swipe.copy_of {
                match made.get(&original) {
                    Some(place) => drafts.push(Draft { expect: Reason::Duplicate, ..drafts[*place].clone() }),
                    None => reject(swipe.line, "copy of a row that was rejected".into()),
                }
                continue;
            }
            let card = match cards.entry(&swipe.card) {
                std::collections::hash_map::Entry::Occupied(card) => card.into_mut(),
                std::collections::hash_map::Entry::Vacant(place) => place.insert(self.card(&swipe.card, close)?),
            };
            let psam = self.psam(swipe.device);
            let psam_tap = psam_taps.entry(psam).or_default();
            if card.taps == CARD_TAPS || *psam_tap == PSAM_TAPS {
                let what = if card.taps == CARD_TAPS { "card" } else { "terminal" };
                reject(swipe.line, format!("{what} has no numbers left for this close date"));
                continue;
            }
            made.insert(index, drafts.len());
            drafts.push(self.draft(swipe, card, psam, txn_base(close) + *psam_tap, close));
            *psam_tap += 1;
            card.taps += 1;
            card.balance = drafts[drafts.len() - 1].txu.balance_before - swipe.amount as i32;
        }
        Ok(drafts)
    }

    fn draft(&self, swipe: &Swipe, card: &CardState, psam: PsamNo, psam_txn: u32, close: Date) -> Draft {
        let issuer = &self.scheme.issuers[card.issuer];
        let choice = &self.choices[card.choice];
        let mut balance = card.balance;
        while balance < swipe.amount as i32 {
            balance += START_FEN;
        }
        let metro = swipe.industry == Industry::Metro;
        let txu = Txu {
            record_no: 0,
            scheme: issuer.scheme,
            issuer_id: issuer.issuer_id,
            serial: card.serial,
            card_type: 0,
            tti: if metro { 0x09 } else { 0x06 },
            counter: (days_since_epoch(close).rem_euclid(2048) * 32) as u16 + card.taps,
            psam,
            psam_txn,
            balance_before: balance,
            amount: swipe.amount,
            list_price: swipe.list_price,
            date: swipe.date,
            time_seconds: swipe.seconds,
            key_version: choice.version.0,
            algorithm: choice.algorithm,
            tac: [0; 4],
            industry: swipe.industry,
            merchant: (hash(&swipe.company) % 90_000_000) as u32 + 10_000_000,
            line: line_of(&swipe.company),
            device: (swipe.device % 100_000_000) as u32,
            city: self.city,
            grey: false,
            test: false,
        };
        Draft {
            txu,
            issuer_key: card.choice as u32,
            terminal: NONE,
            same_psam_as: NONE,
            expect: Reason::Ok,
            wrong_tac: false,
            damage: None,
        }
    }

    /// The card of a masked number: its issuer is the hash's place in the scheme's table, or the next one that takes
    /// part on the close date and has a test key.
    fn card(&self, masked: &str, close: Date) -> Result<CardState, ImportError> {
        let issuers = &self.scheme.issuers;
        let start = (hash(masked) % issuers.len().max(1) as u64) as usize;
        let usable = |i: &usize| {
            let member = self.scheme.member(issuers[*i].member);
            !self.keys_of[*i].is_empty() && member.is_some_and(|m| m.is_active(close) && m.is_active(shift(close, -1)))
        };
        let issuer = (start..issuers.len()).chain(0..start).find(usable).ok_or(ImportError::NoIssuer(close))?;
        let keys = &self.keys_of[issuer];
        let choice = keys.start + (hash(masked) >> 32) as usize % keys.len();
        Ok(CardState { serial: serial_of(masked), issuer, choice, taps: 0, balance: START_FEN })
    }

    /// The terminal number of a device: its hash's place in the member's first active range.
    fn psam(&self, device: u64) -> PsamNo {
        let (from, to) = self.range;
        let place = Dice::of(0, Subject::Import, [device, 0, 0]).below(to - from + 1);
        let bytes = (from + place).to_be_bytes();
        PsamNo(bytes[2..].try_into().expect("6 of 8 bytes"))
    }
}

fn number(psam: PsamNo) -> u64 {
    psam.0.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// A number that follows from a text.
fn hash(text: &str) -> u64 {
    u64::from_be_bytes(sm3(text.as_bytes())[..8].try_into().expect("8 of 32 bytes"))
}

/// `03`, the length and sixteen digits where the masked number is up to sixteen letters A to J, one for each digit; else
/// `0399` and the first eight bytes of its SM3.
fn serial_of(masked: &str) -> AppSerial {
    let letters = masked.len() <= 16 && masked.bytes().all(|b| (b'A'..=b'J').contains(&b));
    let (kind, number) = match letters {
        true => (masked.len() as u64, masked.bytes().fold(0, |n, letter| n << 4 | u64::from(letter - b'A'))),
        false => (99, hash(masked)),
    };
    let mut serial = [0x03; 10];
    serial[1..2].copy_from_slice(&bcd::<1>(kind));
    serial[2..].copy_from_slice(&number.to_be_bytes());
    AppSerial(serial)
}

/// The number of a metro line from its name, `地铁十一号线` is 11; 0 for all else.
fn line_of(company: &str) -> u32 {
    let Some(numeral) = company.strip_prefix("地铁").and_then(|c| c.strip_suffix("号线")) else { return 0 };
    let digit = |c: char| "一二三四五六七八九".chars().position(|d| d == c).map(|p| p as u32 + 1);
    match numeral.split_once('十') {
        None => numeral.parse().ok().or_else(|| numeral.chars().next().and_then(digit)).unwrap_or(0),
        Some((tens, ones)) => {
            let of = |text: &str, none| text.chars().next().map_or(Some(none), digit);
            of(tens, 1).zip(of(ones, 0)).map_or(0, |(tens, ones)| tens * 10 + ones)
        }
    }
}
