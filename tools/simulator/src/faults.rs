//! Records that are wrong on purpose, each with cards and terminals of its own, so that its verdict follows from how it
//! was made.

use crate::damage::Damage;
use crate::dice::{Dice, Subject};
use crate::draft::{Draft, NONE, counter_base, txn_base};
use crate::fault_kinds::Fault::{self, *};
use crate::fault_kinds::fault_of;
use crate::traffic::{Site, fare};
use crate::world::{Card, LATE_WINDOW_DAYS, SINGLE_LIMIT_FEN, World, shift};
use tongka_base::date::days_since_epoch;
use tongka_base::{Algorithm, IssuerId, Reason};

/// Most records that one fault needs.
pub(crate) const MOST_RECORDS: usize = 4;

struct Maker<'a> {
    world: &'a World,
    site: &'a Site,
    number: u64,
    dice: Dice,
}

impl Maker<'_> {
    fn card(&mut self, which: u64) -> Card {
        self.world.card(self.site.member, self.site.sequence, 9_000_000 + self.number * 4 + which, &mut self.dice)
    }

    /// A good record at a faulty terminal.
    fn tap(&mut self, card: Card) -> Draft {
        let time = self.dice.between(5 * 3600, 22 * 3600) as u32;
        let local = self.site.faulty_terminal(self.number);
        let terminal = self.site.terminals[local as usize];
        let mut draft = Draft::tap(self.world, card, &terminal, local, self.site.date, time);
        (draft.txu.list_price, draft.txu.amount) = fare(terminal.industry, 0, &mut self.dice);
        draft.txu.amount = draft.txu.amount.max(1);
        draft.txu.balance_before = 20_000;
        draft.txu.counter = counter_base(self.site.date);
        draft
    }

    fn good(&mut self) -> Draft {
        let card = self.card(0);
        self.tap(card)
    }

    fn wrong(&mut self, reason: Reason) -> Draft {
        Draft { expect: reason, ..self.good() }
    }

    /// A card of an issuer that uses one algorithm only, if a member that is active has one.
    fn single_algorithm(&mut self) -> Option<Card> {
        let active = self.world.active_members() * 2;
        let singles = || (0..active).filter(|i| self.world.issuers[*i as usize].algorithms.len() == 1);
        let count = singles().count() as u64;
        let issuer = (count > 0).then(|| singles().nth((self.number % count) as usize)).flatten()?;
        Some(self.card_from(issuer))
    }

    fn card_from(&self, issuer: u32) -> Card {
        let owner = u64::from(self.site.member) * 10_000 + u64::from(self.site.sequence);
        self.world.card_of(issuer, owner * 10_000_000 + 9_000_000 + self.number * 4, 0)
    }

    fn make(&mut self, fault: Fault) -> Vec<Draft> {
        let member = self.site.member;
        match fault {
            Field(number) => {
                let damage = Damage::variant(number);
                vec![Draft { damage: Some(damage), ..self.wrong(Reason::Format) }]
            }
            UnknownIssuer(other_scheme) => {
                let mut draft = self.wrong(Reason::UnknownIssuer);
                let own = &self.world.issuers[(member * 2 + 1) as usize];
                draft.txu.scheme = tongka_base::CardScheme::TUnion;
                draft.txu.issuer_id =
                    if other_scheme { own.issuer_id } else { IssuerId([0x02, 0, 0x99, 0x99, 0xFF, 0xFF, 0xFF, 0xFF]) };
                vec![draft]
            }
            InactiveIssuer => {
                let issuer = self.world.suspended().map_or(0, |m| m * 2 + (self.number % 2) as u32);
                let card = self.card_from(issuer);
                vec![Draft { expect: Reason::IssuerInactive, ..self.tap(card) }]
            }
            ForeignPsam => {
                let draft = self.wrong(Reason::UnknownPsam);
                let other = (member + 1) % self.world.members;
                fixed_psam_of(draft, World::psam(other, 0, 5), self.site, self.number)
            }
            BadPsam(stopped) => {
                let draft = self.wrong(Reason::UnknownPsam);
                let psam = World::psam(member, if stopped { 1 } else { 3 }, 9);
                fixed_psam_of(draft, psam, self.site, self.number)
            }
            TestFlag => {
                let mut draft = self.wrong(Reason::TestRecord);
                draft.txu.test = true;
                vec![draft]
            }
            TestCard => {
                let mut draft = self.wrong(Reason::TestRecord);
                draft.txu.card_type = 4;
                vec![draft]
            }
            TestPsam => {
                let draft = self.wrong(Reason::TestRecord);
                fixed_psam_of(draft, World::psam(member, 2, 7), self.site, self.number)
            }
            Future => self.dated(1, Reason::FutureDate),
            TooLate => self.dated(-(LATE_WINDOW_DAYS as i32) - 1, Reason::TooLate),
            JustInTime => self.dated(-(LATE_WINDOW_DAYS as i32), Reason::Ok),
            KeyVersion => {
                let mut draft = self.wrong(Reason::KeyNotAllowed);
                draft.txu.key_version = 2;
                vec![draft]
            }
            KeyAlgorithm => match self.single_algorithm() {
                Some(card) => {
                    let other = if card.algorithm == Algorithm::Sm4 { Algorithm::Tdes } else { Algorithm::Sm4 };
                    vec![Draft { expect: Reason::KeyNotAllowed, ..self.tap(Card { algorithm: other, ..card }) }]
                }
                None => self.make(KeyVersion),
            },
            Tac => vec![self.wrong(Reason::TacWrong)],
            TacThenGood => {
                let wrong = self.wrong(Reason::TacWrong);
                let mut right = Draft { expect: Reason::Ok, ..wrong.clone() };
                right.txu.time_seconds += 1;
                vec![wrong, right]
            }
            OverLimit => {
                let mut at_limit = self.good();
                at_limit.txu.amount = SINGLE_LIMIT_FEN;
                at_limit.txu.list_price = SINGLE_LIMIT_FEN + 100;
                at_limit.txu.balance_before = 2_000_000;
                let mut over = Draft { expect: Reason::OverLimit, ..at_limit.clone() };
                over.txu.amount += 1;
                over.txu.counter += 1;
                over.txu.balance_before = 1_900_000;
                over.txu.time_seconds += 60;
                vec![at_limit, over]
            }
            OverBalance => {
                let mut enough = self.good();
                let overdraft = self.world.issuers[enough.issuer_key as usize].overdraft;
                enough.txu.balance_before = enough.txu.amount as i32 - overdraft;
                let mut over = Draft { expect: Reason::OverBalance, ..enough.clone() };
                over.txu.balance_before -= 1;
                over.txu.counter += 1;
                over.txu.time_seconds += 60;
                vec![enough, over]
            }
            Grey => {
                let mut draft = self.wrong(Reason::Grey);
                draft.txu.grey = true;
                vec![draft]
            }
            Listed => {
                let card = self.world.old_listed(self.number * 31 + u64::from(member) * 7);
                vec![Draft { expect: Reason::Blacklisted, ..self.tap(card) }]
            }
            JustListed => self.just_listed(),
            TwoChecks(which) => self.two_checks(which),
            Duplicate => {
                let original = self.good();
                let mut copy = Draft { expect: Reason::Duplicate, ..original.clone() };
                copy.same_psam_as = 0;
                vec![original, copy]
            }
            Conflict => self.conflict(),
            PsamConflict => {
                let original = self.good();
                vec![original.clone(), self.at_same_place(&original, Reason::PsamConflict)]
            }
            ConflictHoldsNothing => {
                let mut drafts = self.conflict();
                let mut copy = Draft { expect: Reason::Duplicate, ..drafts[0].clone() };
                copy.same_psam_as = 0;
                let mut other = self.at_same_place(&drafts[1], Reason::Ok);
                other.same_psam_as = 1;
                drafts.extend([copy, other]);
                drafts
            }
        }
    }

    fn dated(&mut self, days: i32, reason: Reason) -> Vec<Draft> {
        let mut draft = self.wrong(reason);
        draft.txu.date = shift(self.site.date, days);
        vec![fixed_number(draft, self.number)]
    }

    fn conflict(&mut self) -> Vec<Draft> {
        let original = self.good();
        let mut other = Draft { expect: Reason::KeyConflict, ..original.clone() };
        other.txu.time_seconds += 60;
        other.txu.amount += 1;
        other.txu.list_price += 1;
        vec![original, other]
    }

    /// Another card, a minute later, with the PSAM numbers of the first draft.
    fn at_same_place(&mut self, original: &Draft, reason: Reason) -> Draft {
        let card = self.card(1);
        let mut draft = Draft { expect: reason, same_psam_as: 0, ..self.tap(card) };
        draft.txu.time_seconds = original.txu.time_seconds + 60;
        draft
    }

    /// On the first of the month, in the last second of the grace and in the next.
    fn just_listed(&mut self) -> Vec<Draft> {
        let Some((first, card)) = self.world.just_listed(self.site.date) else { return self.make(Listed) };
        let mut inside = self.tap(card);
        inside.txu.date = first;
        inside.txu.time_seconds = 12 * 3600 - 1;
        inside.terminal = NONE;
        let days_late = days_since_epoch(self.site.date) - days_since_epoch(first);
        inside.txu.psam_txn = txn_base(first) + 0x3_0000 + (days_late as u32) * 1024 + (self.number % 512) as u32 * 2;
        let mut after = Draft { expect: Reason::Blacklisted, ..inside.clone() };
        after.txu.time_seconds += 1;
        after.txu.counter += 1;
        after.txu.psam_txn += 1;
        after.txu.balance_before -= inside.txu.amount as i32;
        vec![inside, after]
    }

    /// Records to which two checks apply: the earlier one decides.
    fn two_checks(&mut self, which: u64) -> Vec<Draft> {
        let number = self.number;
        match which {
            0 => {
                let mut draft = self.wrong(Reason::TestRecord);
                draft.txu.test = true;
                draft.txu.date = shift(self.site.date, 1);
                vec![fixed_number(draft, number)]
            }
            1 => {
                let mut late = self.dated(-(LATE_WINDOW_DAYS as i32) - 2, Reason::TooLate);
                late[0].wrong_tac = true;
                late
            }
            2 => {
                let mut draft = self.wrong(Reason::OverLimit);
                draft.txu.amount = SINGLE_LIMIT_FEN + 1;
                draft.txu.list_price = draft.txu.amount;
                vec![draft]
            }
            3 => {
                let mut draft = self.make(Listed);
                draft[0].expect = Reason::Grey;
                draft[0].txu.grey = true;
                draft
            }
            _ => {
                let mut draft = self.wrong(Reason::TacWrong);
                draft.txu.amount = SINGLE_LIMIT_FEN + 1;
                draft.txu.list_price = draft.txu.amount;
                draft.txu.grey = true;
                vec![draft]
            }
        }
    }
}

/// The record with a PSAM number of its own choice.
fn fixed_psam_of(mut draft: Draft, psam: tongka_base::PsamNo, site: &Site, number: u64) -> Vec<Draft> {
    draft.terminal = NONE;
    draft.txu.psam = psam;
    draft.txu.psam_txn = txn_base(site.date) + number as u32;
    vec![draft]
}

/// The record with the numbers that terminal and card had on the day it was made.
fn fixed_number(mut draft: Draft, number: u64) -> Draft {
    draft.terminal = NONE;
    draft.txu.psam_txn = txn_base(draft.txu.date) + (1 << 17) + number as u32;
    draft.txu.counter = counter_base(draft.txu.date) + 15;
    draft
}

/// Adds the records of fault `global` of the day, which is number `local` of this upload.
pub(crate) fn add(world: &World, site: &Site, global: u64, local: u64, drafts: &mut Vec<Draft>) {
    let day = days_since_epoch(site.date) as u64;
    let owner = u64::from(site.member) << 32 | u64::from(site.sequence);
    let dice = Dice::of(world.seed, Subject::Fault, [owner, local, day]);
    let start = drafts.len() as u32;
    let made = Maker { world, site, number: local, dice }.make(fault_of(world, global));
    drafts.extend(made.into_iter().map(|mut draft| {
        if draft.same_psam_as != NONE {
            draft.same_psam_as += start;
        }
        draft
    }));
}

/// Records that are sent in one upload and once more in the next: `site` is the first of the two.
pub(crate) fn shared(world: &World, site: &Site, count: u64, again: bool, drafts: &mut Vec<Draft>) {
    let day = days_since_epoch(site.date) as u64;
    let owner = u64::from(site.member) << 32 | u64::from(site.sequence);
    for number in 0..count {
        let mut dice = Dice::of(world.seed, Subject::Fault, [owner, (1 << 32) + number, day]);
        let card = world.card(site.member, site.sequence, 8_000_000 + number, &mut dice);
        let local = site.shared_terminal();
        let terminal = site.terminals[local as usize];
        let time = 6 * 3600 + (number * 3600 / count.max(60)) as u32;
        let mut draft = Draft::tap(world, card, &terminal, NONE, site.date, time);
        (draft.txu.list_price, draft.txu.amount) = fare(terminal.industry, 0, &mut dice);
        draft.txu.balance_before = 15_000;
        draft.txu.counter = counter_base(site.date);
        draft.txu.psam_txn = txn_base(site.date) + number as u32;
        draft.expect = if again { Reason::Duplicate } else { Reason::Ok };
        drafts.push(draft);
    }
}
