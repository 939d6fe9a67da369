//! Keys of accepted records, and the checks against them: orders 14 and 15 of the document, chapter 5.
//!
//! Only accepted records hold keys. History is kept by clearing date, so that its window is simply a range of dates.

use crate::crypto::Sm3;
use crate::record::{self, Record};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tongka_base::date::{days_since_epoch, from_days_since_epoch};
use tongka_base::{AppSerial, CardScheme, Date, IssuerId, MemberCode, PsamNo, Reason};

/// What no two accepted records may share: the card and its offline counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardKey {
    /// Card scheme.
    pub scheme: CardScheme,
    /// Issuer id.
    pub issuer_id: IssuerId,
    /// Application serial.
    pub application_serial: AppSerial,
    /// Offline counter.
    pub offline_counter: u16,
}

/// A transaction as its PSAM numbered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PsamTxn {
    /// PSAM terminal no.
    pub psam: PsamNo,
    /// PSAM transaction no.
    pub transaction: [u8; 4],
}

impl CardKey {
    fn of(record: &Record) -> Self {
        Self {
            scheme: record.scheme,
            issuer_id: record.issuer_id,
            application_serial: record.application_serial,
            offline_counter: record.offline_counter,
        }
    }
}

impl PsamTxn {
    fn of(record: &Record) -> Self {
        Self { psam: record.psam, transaction: record.psam_transaction }
    }
}

/// First half of SM3 over sender and fields 3 to 23: equal content, equal digest.
pub type ContentDigest = [u8; 16];

/// The keys held by the records accepted on one clearing date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayKeys {
    /// Content of the record that holds each card key.
    pub cards: HashMap<CardKey, ContentDigest>,
    /// PSAM transactions of accepted records. The card of each need not be known: a record of the same card key has
    /// been answered by check 14 before check 15 is asked.
    pub psams: HashSet<PsamTxn>,
}

/// The keys of earlier clearing dates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyHistory {
    /// By clearing date. A day's keys are shared with the outcome they came from.
    pub days: BTreeMap<Date, Arc<DayKeys>>,
}

impl KeyHistory {
    /// Adds the keys that a proven day left, in the place of any of the same date.
    pub fn remember(&mut self, outcome: &crate::DayOutcome) {
        self.days.insert(outcome.clearing_date, Arc::clone(&outcome.keys));
    }

    /// Adds the keys of one record that was accepted on a clearing date; false when the line is no record.
    pub fn remember_record(&mut self, clearing_date: Date, sender: MemberCode, line: &[u8], place: u64) -> bool {
        let Some(record) = Record::read(line, place) else { return false };
        let keys = Arc::make_mut(self.days.entry(clearing_date).or_default());
        keys.cards.insert(CardKey::of(&record), content_digest(line, sender));
        keys.psams.insert(PsamTxn::of(&record));
        true
    }

    /// Drops the days before a date, to save memory once no window reaches them any more.
    pub fn forget_before(&mut self, date: Date) {
        self.days = self.days.split_off(&date);
    }

    /// The days that count for a clearing date: from `history_days` before it up to the day before it.
    fn window(&self, clearing_date: Date, history_days: u32) -> Vec<&DayKeys> {
        let first = i64::from(days_since_epoch(clearing_date)) - i64::from(history_days);
        let first = i32::try_from(first).ok().and_then(from_days_since_epoch).unwrap_or(Date::MIN);
        self.days.range(first..clearing_date).map(|(_, keys)| &**keys).collect()
    }
}

/// Earlier accepted records as one clearing date sees them: the history's window and today so far.
pub(crate) struct Earlier<'a> {
    window: Vec<&'a DayKeys>,
    today: DayKeys,
}

impl<'a> Earlier<'a> {
    pub(crate) fn new(history: &'a KeyHistory, clearing_date: Date, history_days: u32) -> Self {
        Self { window: history.window(clearing_date, history_days), today: DayKeys::default() }
    }

    /// Checks 14 and 15 of a record that passed all others. When neither applies the record is accepted and from now
    /// on holds its keys.
    pub(crate) fn admit(&mut self, record: &Record, line: &[u8], sender: MemberCode) -> Reason {
        let card_key = CardKey::of(record);
        let psam_txn = PsamTxn::of(record);
        let content = content_digest(line, sender);

        let holders: Vec<ContentDigest> = self.days().filter_map(|day| day.cards.get(&card_key).copied()).collect();
        // 14
        if holders.contains(&content) {
            return Reason::Duplicate;
        }
        if !holders.is_empty() {
            return Reason::KeyConflict;
        }
        // 15
        if self.days().any(|day| day.psams.contains(&psam_txn)) {
            return Reason::PsamConflict;
        }
        self.today.cards.insert(card_key, content);
        self.today.psams.insert(psam_txn);
        Reason::Ok
    }

    /// The keys of the records admitted here.
    pub(crate) fn into_today(self) -> DayKeys {
        self.today
    }

    fn days(&self) -> impl Iterator<Item = &DayKeys> {
        self.window.iter().copied().chain([&self.today])
    }
}

fn content_digest(line: &[u8], sender: MemberCode) -> ContentDigest {
    let mut running = Sm3::default();
    running.update(&sender.0.to_be_bytes());
    running.update(record::content(line));
    running.finish()[..16].try_into().expect("16 bytes")
}
