//! Orders to the bank: pay (pain.001) or collect (pain.008).

use super::error::{IsoCode, IsoError};
use super::value::{reference, short_text};
use tongka_base::date::DateTime;
use tongka_base::{Date, Fen};

/// Which way the money of an order goes, seen from the account of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Out of it: customer credit transfer (付款), pain.001.
    Pay,
    /// Into it: customer direct debit (代扣), pain.008.
    Collect,
}

impl Way {
    /// The message that is written.
    pub fn message(self) -> &'static str {
        match self {
            Self::Pay => "pain.001.001.09",
            Self::Collect => "pain.008.001.08",
        }
    }
}

/// An account and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Name, at most 140 characters.
    pub name: String,
    /// Account number, at most 34 characters.
    pub account: String,
    /// The bank's number in the national clearing system (CNAPS, 联行号), 12 digits.
    pub bank: String,
}

/// One payment of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Identifies the payment for ever, at both ends: a bank that gets it twice executes it once.
    pub id: String,
    /// Amount, above zero.
    pub amount: Fen,
    /// Who receives, or from whom it is collected.
    pub party: Party,
    /// The mandate (授权协议) by which it is collected; not used when paying.
    pub mandate: Option<(String, Date)>,
    /// What it is for.
    pub remittance: String,
}

/// An order (指令): payments out of, or collections into, one account of ours on one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentOrder {
    /// Identifies the message for ever.
    pub id: String,
    /// Pay or collect.
    pub way: Way,
    /// When it was made.
    pub created_at: DateTime,
    /// When the bank is to execute it.
    pub execute_on: Date,
    /// Our account.
    pub own: Party,
    /// The payments, at least one.
    pub payments: Vec<Payment>,
}

impl PaymentOrder {
    /// Sum of the payments.
    ///
    /// # Errors
    /// B06 where it does not fit.
    pub fn sum(&self) -> Result<Fen, IsoError> {
        Fen::try_sum(self.payments.iter().map(|p| p.amount)).map_err(|e| IsoError::new(IsoCode::Amount, e.to_string()))
    }

    /// What the schemas and the bank ask of an order.
    pub(crate) fn check(&self) -> Result<(), IsoError> {
        reference(&self.id, "MsgId")?;
        self.own.check()?;
        if self.payments.is_empty() || self.payments.len() > 100_000 {
            return Err(IsoError::field("NbOfTxs", self.payments.len()));
        }
        let mut ids = std::collections::HashSet::new();
        for payment in &self.payments {
            reference(&payment.id, "EndToEndId")?;
            payment.party.check()?;
            short_text(&payment.remittance, 140, "Ustrd")?;
            if payment.amount <= Fen::ZERO {
                return Err(IsoError::new(IsoCode::Amount, format!("{}: {}", payment.id, payment.amount)));
            }
            if !ids.insert(payment.id.as_str()) {
                return Err(IsoError::field("EndToEndId", format!("twice {}", payment.id)));
            }
            match (&payment.mandate, self.way) {
                (Some((mandate, _)), Way::Collect) => drop(reference(mandate, "MndtId")?),
                (None, Way::Collect) => return Err(IsoError::field("MndtId", format!("缺失 missing: {}", payment.id))),
                (_, Way::Pay) => {}
            }
        }
        self.sum().map(drop)
    }
}

impl Party {
    /// What the schemas and the bank ask of it.
    ///
    /// # Errors
    /// B05.
    pub fn check(&self) -> Result<(), IsoError> {
        short_text(&self.name, 140, "Nm")?;
        let account = (1..=34).contains(&self.account.len()) && self.account.bytes().all(|b| b.is_ascii_alphanumeric());
        if !account {
            return Err(IsoError::field("Acct/Id", "1–34 位字母数字 letters and digits"));
        }
        let bank = self.bank.len() == 12 && self.bank.bytes().all(|b| b.is_ascii_digit());
        if bank { Ok(()) } else { Err(IsoError::field("MmbId", "12 位联行号 digits")) }
    }
}
