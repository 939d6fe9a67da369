//! A settlement bank (结算银行) for tests: it takes orders, keeps true balances, and answers as real ones do at their worst.
//!
//! Seeded: the same calls give the same bytes. Faults by percent: an order that never arrives, a payment refused, a booking
//! on the next day, an answer or notification lost, late, doubled, or out of order; a statement that comes a day late.
//!
//! Invariants, which are the truth that tests compare with: a payment id is executed once, however often it is sent; the
//! clearing account may be overdrawn, a reserve may not; a statement's balances are the true ones.

use crate::dice::{Dice, Subject};
use std::collections::{BTreeMap, BTreeSet};
use tongka_base::date::format_date;
use tongka_base::{Date, DateTime, Fen};
use tongka_wire::iso20022::{
    CamtHead, Entry, EntryStatus, IsoError, Notification, OriginalStatus, PaymentOrder, Statement, StatementHead,
    StatusReport, TransactionStatus, Way, read_order, write_notification, write_statements, write_status,
};

/// How often what goes wrong, in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BankFaults {
    /// An order is lost on its way, the first time.
    pub lost_order: u64,
    /// A payment is refused.
    pub rejected: u64,
    /// A payment is booked on the next day.
    pub late_booking: u64,
    /// An answer or notification is lost.
    pub lost: u64,
    /// Anything is given out twice.
    pub doubled: u64,
    /// Anything is given out with the next day's.
    pub late: u64,
}

/// A payment that was taken.
#[derive(Clone, Debug)]
struct Taken {
    status: OriginalStatus,
    reason: Option<&'static str>,
}

/// A payment to be booked.
#[derive(Clone, Debug)]
struct Booking {
    id: String,
    amount: Fen,
    payer: String,
    payee: String,
    on: Date,
}

/// A file for the centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFile {
    /// Name.
    pub name: String,
    /// Bytes.
    pub bytes: Vec<u8>,
}

#[derive(Debug)]
struct Account {
    balance: i64,
    /// What it opened the day with.
    opening: i64,
    entries: Vec<Entry>,
    statements: u64,
    may_overdraw: bool,
}

/// The bank.
#[derive(Debug)]
pub struct SimulatedBank {
    seed: u64,
    faults: BankFaults,
    today: Date,
    accounts: BTreeMap<String, Account>,
    seen_orders: BTreeSet<String>,
    taken: BTreeMap<String, Taken>,
    bookings: Vec<Booking>,
    /// Days to wait, and the file.
    out: Vec<(u32, BankFile)>,
    made: u64,
    /// Faults that really happened, by name.
    pub happened: BTreeMap<&'static str, u64>,
}

impl SimulatedBank {
    /// A bank with accounts: number, balance, whether it may be overdrawn.
    pub fn new(seed: u64, faults: BankFaults, today: Date, accounts: &[(&str, Fen, bool)]) -> Self {
        let account = |(number, balance, may_overdraw): &(&str, Fen, bool)| {
            let (balance, may_overdraw) = (balance.0, *may_overdraw);
            let account = Account { balance, opening: balance, entries: Vec::new(), statements: 0, may_overdraw };
            ((*number).to_owned(), account)
        };
        Self {
            seed,
            faults,
            today,
            accounts: accounts.iter().map(account).collect(),
            seen_orders: BTreeSet::new(),
            taken: BTreeMap::new(),
            bookings: Vec::new(),
            out: Vec::new(),
            made: 0,
            happened: BTreeMap::new(),
        }
    }

    /// The faults from now on.
    pub fn set_faults(&mut self, faults: BankFaults) {
        self.faults = faults;
    }

    /// What an account truly holds.
    pub fn balance(&self, account: &str) -> Option<Fen> {
        self.accounts.get(account).map(|a| Fen(a.balance))
    }

    /// How often a payment was executed: never, or once.
    pub fn executed(&self, id: &str) -> bool {
        self.taken.get(id).is_some_and(|t| t.status == OriginalStatus::Settled)
    }

    fn now(&self, hour: u32) -> DateTime {
        self.today.and_hms_opt(hour, 0, 0).unwrap_or_default()
    }

    fn dice(&mut self, what: u64) -> Dice {
        self.made += 1;
        Dice::of(self.seed, Subject::Bank, [what, self.made, 0])
    }

    fn happens(&mut self, name: &'static str, percent: u64) -> bool {
        let happens = percent > 0 && self.dice(1).percent(percent);
        if happens {
            *self.happened.entry(name).or_default() += 1;
        }
        happens
    }

    /// Takes an order, or the same order again: payments that are known are answered, not executed.
    ///
    /// # Errors
    /// B codes for an order that does not read; nothing is done.
    pub fn order(&mut self, bytes: &[u8]) -> Result<(), IsoError> {
        let order = read_order(bytes)?;
        let percent = self.faults.lost_order;
        if self.seen_orders.insert(order.id.clone()) && self.happens("lost order", percent) {
            return Ok(());
        }
        for payment in &order.payments {
            if !self.taken.contains_key(&payment.id) {
                self.take(&order, payment.id.clone(), payment.amount, payment.party.account.clone());
            }
        }
        let told: Vec<TransactionStatus> = order.payments.iter().map(|p| self.told(&p.id)).collect();
        let report = StatusReport {
            id: self.name("PSR"),
            created_at: self.now(10),
            order: order.id.clone(),
            group: None,
            reason: None,
            transactions: told,
        };
        let bytes = write_status(&report, order.way.message())?;
        let lost = self.faults.lost;
        self.give(&report.id, bytes, lost);
        Ok(())
    }

    fn told(&self, id: &str) -> TransactionStatus {
        let taken = &self.taken[id];
        // What is booked at the end of the day is on its way until then.
        let rejected = taken.status == OriginalStatus::Rejected;
        TransactionStatus {
            id: id.to_owned(),
            status: if rejected { OriginalStatus::Rejected } else { OriginalStatus::Pending },
            reason: taken.reason.map(str::to_owned),
            text: None,
        }
    }

    fn take(&mut self, order: &PaymentOrder, id: String, amount: Fen, party: String) {
        let (payer, payee) = match order.way {
            Way::Pay => (order.own.account.clone(), party),
            Way::Collect => (party, order.own.account.clone()),
        };
        // What is still to be booked is set aside, so that no money is spent twice.
        let aside: i64 = self.bookings.iter().filter(|b| b.payer == payer).map(|b| b.amount.0).sum();
        let short = self.accounts.get(&payer).is_none_or(|a| !a.may_overdraw && a.balance - aside < amount.0);
        let rejected = self.faults.rejected;
        let reason = if short { Some("AM04") } else { self.happens("rejected", rejected).then_some("AC06") };
        let status = if reason.is_some() { OriginalStatus::Rejected } else { OriginalStatus::Settled };
        self.taken.insert(id.clone(), Taken { status, reason });
        if reason.is_none() {
            let percent = self.faults.late_booking;
            let late = self.happens("late booking", percent);
            let on = if late { self.today.succ_opt().unwrap_or(self.today) } else { self.today };
            self.bookings.push(Booking { id, amount, payer, payee, on });
        }
    }

    fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}{}{:05}", format_date(self.today), self.made)
    }

    fn give(&mut self, id: &str, bytes: Vec<u8>, lost: u64) {
        if self.happens("lost", lost) {
            return;
        }
        let BankFaults { late, doubled, .. } = self.faults;
        let wait = u32::from(self.happens("late", late));
        let file = BankFile { name: format!("{id}.xml"), bytes };
        if self.happens("doubled", doubled) {
            let again = BankFile { name: format!("{id}-again.xml"), bytes: file.bytes.clone() };
            let later = u32::from(self.dice(2).percent(50));
            self.out.push((wait + later, again));
        }
        self.out.push((wait, file));
    }

    /// Money comes in from outside, or goes out: on one account alone.
    pub fn outside(&mut self, account: &str, amount: Fen, bank_reference: &str, remittance: &str) {
        let today = self.today;
        let Some(account) = self.accounts.get_mut(account) else { return };
        account.balance += amount.0;
        let number = account.entries.len() as u32 + 1;
        account.entries.push(Entry {
            bank_reference: Some(bank_reference.to_owned()),
            reference: None,
            ..entry(number, amount, today, remittance)
        });
    }

    /// Ends the day: books what is due, gives out notifications and the statements of all accounts, and goes on to `next`.
    ///
    /// # Errors
    /// B codes where a message cannot be written.
    pub fn end_day(&mut self, next: Date) -> Result<(), IsoError> {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.bookings).into_iter().partition(|b| b.on <= self.today);
        self.bookings = later;
        for booking in due {
            self.book(&booking)?;
        }
        let numbers: Vec<String> = self.accounts.keys().cloned().collect();
        for number in numbers {
            self.state(&number)?;
        }
        self.today = next;
        Ok(())
    }

    fn book(&mut self, booking: &Booking) -> Result<(), IsoError> {
        let reference = self.name("BK");
        for (number, amount) in [(&booking.payer, -booking.amount.0), (&booking.payee, booking.amount.0)] {
            let today = self.today;
            let Some(account) = self.accounts.get_mut(number) else { continue };
            account.balance += amount;
            let line = Entry {
                reference: Some(booking.id.clone()),
                bank_reference: Some(reference.clone()),
                ..entry(account.entries.len() as u32 + 1, Fen(amount), today, "清算资金")
            };
            account.entries.push(line.clone());
            let (id, at) = (self.name("NTF"), self.now(16));
            let notification =
                Notification { id: id.clone(), account: number.clone(), entries: vec![Entry { number: 1, ..line }] };
            let head = CamtHead { id: id.clone(), created_at: at };
            let bytes = write_notification(&head, &[notification])?;
            let lost = self.faults.lost;
            self.give(&id, bytes, lost);
        }
        Ok(())
    }

    fn state(&mut self, number: &str) -> Result<(), IsoError> {
        let (id, at, today) = (self.name("STM"), self.now(20), self.today);
        let account = self.accounts.get_mut(number).expect("one of its keys");
        account.statements += 1;
        let head = StatementHead {
            id: id.clone(),
            sequence: Some(account.statements),
            created_at: Some(at),
            account: number.to_owned(),
            days: Some((today, today)),
            opening: Fen(account.opening),
            closing: Fen(account.balance),
            closing_on: Some(today),
        };
        account.opening = account.balance;
        let statement = Statement { head, entries: std::mem::take(&mut account.entries) };
        let bytes = write_statements(&CamtHead { id: id.clone(), created_at: at }, &[statement])?;
        // A statement may be late, never lost: it can be asked for again.
        self.give(&id, bytes, 0);
        Ok(())
    }

    /// What is given out now, in an order of its own.
    pub fn collect(&mut self) -> Vec<BankFile> {
        let (now, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.out).into_iter().partition(|(wait, _)| *wait == 0);
        self.out = later.into_iter().map(|(wait, file)| (wait - 1, file)).collect();
        let mut files: Vec<BankFile> = now.into_iter().map(|(_, file)| file).collect();
        let mut dice = self.dice(3);
        for at in (1..files.len()).rev() {
            files.swap(at, dice.below(at as u64 + 1) as usize);
        }
        files
    }
}

fn entry(number: u32, amount: Fen, on: Date, remittance: &str) -> Entry {
    Entry {
        number,
        amount: Fen(amount.0.abs()),
        is_credit: amount > Fen::ZERO,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked_on: Some(on),
        valued_on: Some(on),
        reference: None,
        bank_reference: None,
        return_reason: None,
        party: None,
        party_account: None,
        remittance: remittance.to_owned(),
    }
}
