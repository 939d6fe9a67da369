//! The balance chain of a card (余额链): what its offline counter and its balances prove.
//!
//! Pure. A purse counts its debits and knows its balance, so that of two records with neighbouring counters the later one
//! begins with the balance that the earlier one left, plus what was loaded between. Hence:
//!
//! - a record that nobody may clear as it is (grey, wrong TAC, too late) **happened** when it fits exactly between two
//!   accepted neighbours: counter one below and one above, balances without a remainder;
//! - it **did not happen** as it says when an accepted record has its counter and other content;
//! - of missing counters the neighbours prove how much they spent: at least that, for a load between hides as much.
//!
//! The trunk of a chain is made of accepted records only, and of those that people cleared. Invariants: links are in the order of counters; a proof names two
//! accepted records, which anybody can look up; nothing is proven from a terminal's clock.

use serde_json::{Value, json};
use tongka_base::{DateTime, Fen, Reason, Verdict};
use tongka_exchange::record::Record;

/// Counters wrap at this.
const WRAP: u32 = 1 << 16;
/// A span of counters wider than this means that they wrapped.
const HALF: u32 = WRAP / 2;
/// How far a later record's time may lie before an earlier one's: terminals' clocks are wrong by hours, not by days.
const CLOCK_TOLERANCE_HOURS: i64 = 24;

/// A record as the chain sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Offline counter.
    pub counter: u16,
    /// Balance before.
    pub before: Fen,
    /// Amount.
    pub amount: Fen,
    /// When, by the terminal's clock.
    pub at: DateTime,
    /// Reason, which fixes the verdict.
    pub reason: Reason,
    /// Upload.
    pub upload: String,
    /// Number there.
    pub record_no: u32,
    /// Whether people cleared it: it then counts as accepted.
    pub is_cleared: bool,
}

impl Tap {
    /// The tap of a record; none of a malformed one.
    pub fn of(record: &Record) -> Option<Self> {
        let fields = record.fields.as_ref()?;
        Some(Self {
            counter: fields.counter,
            before: fields.balance_before,
            amount: record.amount,
            at: fields.at,
            reason: record.reason,
            upload: record.upload.clone(),
            record_no: record.record_no,
            is_cleared: false,
        })
    }

    /// Balance after; a purse's balance is far from what would not fit.
    pub fn after(&self) -> Fen {
        Fen(self.before.0.saturating_sub(self.amount.0))
    }

    /// Whether it is part of the trunk.
    pub fn is_accepted(&self) -> bool {
        self.is_cleared || self.reason.verdict() == Verdict::Accepted
    }

    fn json(&self) -> Value {
        json!({
            "upload": self.upload, "record": self.record_no, "counter": self.counter,
            "before_fen": self.before.0, "amount_fen": self.amount.0, "after_fen": self.after().0,
        })
    }
}

/// How a link joins the accepted one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It is the first.
    First,
    /// Counter + 1, balances without a remainder.
    Continuous,
    /// Counter + 1, and this was loaded between.
    Loaded(Fen),
    /// Counter + 1, and this is missing: an unload, or a record that is not what it says.
    Short(Fen),
    /// Counters are missing between (断点).
    Gap {
        /// How many.
        missing: u32,
        /// What they spent at least; none where loads hide it.
        spent: Option<Fen>,
    },
    /// The same counter again with the same balance and amount.
    Duplicate,
    /// The same counter again with other content.
    Conflict,
}

/// A record in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The record.
    pub tap: Tap,
    /// How it joins the accepted link before it.
    pub join: Join,
    /// Its counter went on while its time went back by more than clocks are wrong (回退): a copied card, or one whose counter
    /// was set back.
    pub is_regression: bool,
    /// What the chain says of it, where it is not accepted.
    pub proof: Option<Proof>,
}

/// What the chain says of a record that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It fits exactly between these two accepted links (places in [`Chain::links`]).
    Happened {
        /// The link with the counter before.
        before: usize,
        /// The link with the counter after.
        after: usize,
    },
    /// This accepted link has its counter and other content.
    DidNot {
        /// The link that has it.
        other: usize,
    },
    /// This accepted link is the same record.
    Copy {
        /// The link that it repeats.
        other: usize,
    },
    /// There is no accepted link with the counter before, or none with the counter after.
    NoNeighbour,
    /// Neighbours are there, but balances leave a remainder.
    Remainder,
}

/// The records of one card in the order of its counter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The records.
    pub links: Vec<Link>,
    /// Counters of the links, unwrapped, ascending.
    counters: Vec<u32>,
}

impl Chain {
    /// Draws the chain of a card's records, whatever their order, and proves what can be proven.
    pub fn of(mut taps: Vec<Tap>) -> Self {
        let (mut least, mut most) = (u16::MAX, 0);
        for tap in &taps {
            (least, most) = (least.min(tap.counter), most.max(tap.counter));
        }
        let has_wrapped = u32::from(most.saturating_sub(least)) > HALF;
        let unwrapped = |tap: &Tap| {
            let counter = u32::from(tap.counter);
            if has_wrapped && counter < HALF { counter + WRAP } else { counter }
        };
        // Of one counter the accepted record comes first, so that the others are told apart from it.
        taps.sort_by_cached_key(|tap| (unwrapped(tap), !tap.is_accepted(), tap.at, tap.upload.clone(), tap.record_no));
        let counters: Vec<u32> = taps.iter().map(unwrapped).collect();
        let mut links: Vec<Link> = Vec::with_capacity(taps.len());
        let (mut trunk, mut latest): (Option<usize>, Option<DateTime>) = (None, None);
        for (index, tap) in taps.into_iter().enumerate() {
            let join = trunk.map_or(Join::First, |last| join(&links[last].tap, &tap, counters[index] - counters[last]));
            let hours = latest.map_or(0, |latest| (latest - tap.at).num_hours());
            let is_accepted = tap.is_accepted();
            let is_regression = is_accepted && hours > CLOCK_TOLERANCE_HOURS;
            if is_accepted {
                trunk = Some(index);
                latest = latest.max(Some(tap.at));
            }
            links.push(Link { tap, join, is_regression, proof: None });
        }
        let mut chain = Self { links, counters };
        for index in 0..chain.links.len() {
            if !chain.links[index].tap.is_accepted() {
                chain.links[index].proof = Some(chain.prove(index));
            }
        }
        chain
    }

    /// The accepted link of a counter.
    fn accepted(&self, counter: u32) -> Option<usize> {
        let first = self.counters.partition_point(|other| *other < counter);
        (self.counters.get(first) == Some(&counter) && self.links[first].tap.is_accepted()).then_some(first)
    }

    fn prove(&self, index: usize) -> Proof {
        let (tap, counter) = (&self.links[index].tap, self.counters[index]);
        if let Some(other) = self.accepted(counter) {
            let same = (self.links[other].tap.before, self.links[other].tap.amount) == (tap.before, tap.amount);
            return if same { Proof::Copy { other } } else { Proof::DidNot { other } };
        }
        let before = counter.checked_sub(1).and_then(|counter| self.accepted(counter));
        let (Some(before), Some(after)) = (before, self.accepted(counter + 1)) else { return Proof::NoNeighbour };
        let fits = self.links[before].tap.after() == tap.before && tap.after() == self.links[after].tap.before;
        if fits { Proof::Happened { before, after } } else { Proof::Remainder }
    }

    /// The place of a record.
    pub fn find(&self, upload: &str, record_no: u32) -> Option<usize> {
        self.links.iter().position(|link| link.tap.record_no == record_no && link.tap.upload == upload)
    }

    /// The proof that a record happened, as it is written into a proposal; none where it is not proven.
    pub fn evidence(&self, index: usize) -> Option<Evidence> {
        let Proof::Happened { before, after } = self.links[index].proof.as_ref()? else { return None };
        let tap = |index: usize| self.links[index].tap.clone();
        Some(Evidence { before: tap(*before), record: tap(index), after: tap(*after) })
    }

    /// What is needed to draw it: every link with how it joins and what is proven, as an array.
    pub fn json(&self) -> Value {
        self.links.iter().map(Link::json).collect()
    }

    /// The gaps, each with the places of its neighbours.
    pub fn gaps(&self) -> Vec<(usize, usize, u32, Option<Fen>)> {
        let mut trunk = None;
        let mut gaps = Vec::new();
        for (index, link) in self.links.iter().enumerate().filter(|(_, link)| link.tap.is_accepted()) {
            if let (Join::Gap { missing, spent }, Some(before)) = (link.join, trunk) {
                gaps.push((before, index, missing, spent));
            }
            trunk = Some(index);
        }
        gaps
    }
}

impl Join {
    fn json(self) -> Value {
        match self {
            Self::First => json!({ "kind": "first" }),
            Self::Continuous => json!({ "kind": "continuous" }),
            Self::Loaded(amount) => json!({ "kind": "loaded", "amount_fen": amount.0 }),
            Self::Short(amount) => json!({ "kind": "short", "amount_fen": amount.0 }),
            Self::Gap { missing, spent } => {
                json!({ "kind": "gap", "missing": missing, "amount_fen": spent.map(|spent| spent.0) })
            }
            Self::Duplicate => json!({ "kind": "duplicate" }),
            Self::Conflict => json!({ "kind": "conflict" }),
        }
    }
}

impl Proof {
    fn json(&self) -> Value {
        match self {
            Self::Happened { before, after } => json!({ "kind": "happened", "before": before, "after": after }),
            Self::DidNot { other } => json!({ "kind": "did_not", "other": other }),
            Self::Copy { other } => json!({ "kind": "copy", "other": other }),
            Self::NoNeighbour => json!({ "kind": "no_neighbour" }),
            Self::Remainder => json!({ "kind": "remainder" }),
        }
    }
}

impl Link {
    fn json(&self) -> Value {
        let mut link = self.tap.json();
        link["at"] = json!(format!("{}+08:00", self.tap.at.format("%Y-%m-%dT%H:%M:%S")));
        link["verdict"] = json!(self.tap.reason.verdict().to_string());
        link["reason"] = json!(self.tap.reason.to_string());
        link["cleared"] = json!(self.tap.is_cleared);
        link["join"] = self.join.json();
        link["regression"] = json!(self.is_regression);
        link["proof"] = self.proof.as_ref().map_or(Value::Null, Proof::json);
        link
    }
}

fn join(last: &Tap, tap: &Tap, step: u32) -> Join {
    let spent = last.after().0.saturating_sub(tap.before.0);
    match step {
        0 if (last.before, last.amount) == (tap.before, tap.amount) => Join::Duplicate,
        0 => Join::Conflict,
        1 if spent == 0 => Join::Continuous,
        1 if spent < 0 => Join::Loaded(Fen(spent.saturating_neg())),
        1 => Join::Short(Fen(spent)),
        _ => Join::Gap { missing: step - 1, spent: (spent >= 0).then_some(Fen(spent)) },
    }
}

/// The proof that a record happened: it, and the two accepted records that it fits between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The accepted record before.
    pub before: Tap,
    /// The record.
    pub record: Tap,
    /// The accepted record after.
    pub after: Tap,
}

impl Evidence {
    /// For people, and for the reason of a proposal. It names neither uploads nor members of the neighbours: the
    /// acquirer of the record may read it.
    pub fn text(&self) -> String {
        format!(
            "余额链证明：序号 {} 后余额 {}，本笔序号 {} 由 {} 至 {}，序号 {} 前余额 {} proven by the balance chain",
            self.before.counter,
            self.before.after(),
            self.record.counter,
            self.record.before,
            self.record.after(),
            self.after.counter,
            self.after.before
        )
    }

    /// As it is kept with a proposal of the centre.
    pub fn json(&self) -> Value {
        json!({ "before": self.before.json(), "record": self.record.json(), "after": self.after.json() })
    }
}
