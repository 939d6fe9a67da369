//! The sums of an account and the rule of its bounds: pure, used both when posting and when verifying.

use crate::NormalSide;
use tongka_base::Fen;

/// What a row of the transfer table does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Posted,
    Pending,
    PostPending,
    VoidPending,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Posted, Self::Pending, Self::PostPending, Self::VoidPending];

    pub(crate) fn name(self) -> &'static str {
        ["posted", "pending", "post", "void"][self as usize]
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }

    /// By how much it changes the posted and the pending sum, in units of its amount.
    fn factors(self) -> (i128, i128) {
        match self {
            Self::Posted => (1, 0),
            Self::Pending => (0, 1),
            Self::PostPending => (1, -1),
            Self::VoidPending => (0, -1),
        }
    }
}

/// Posted and pending sums of an account, fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) debits: i128,
    pub(crate) credits: i128,
    pub(crate) pending_debits: i128,
    pub(crate) pending_credits: i128,
}

impl Sums {
    /// Books one side of a row.
    pub(crate) fn book(&mut self, phase: Phase, side: NormalSide, amount: Fen) {
        let (posted, pending) = phase.factors();
        let amount = i128::from(amount.0);
        let (sum, pending_sum) = match side {
            NormalSide::Debit => (&mut self.debits, &mut self.pending_debits),
            NormalSide::Credit => (&mut self.credits, &mut self.pending_credits),
        };
        *sum += posted * amount;
        *pending_sum += pending * amount;
    }

    /// The four sums, in the order of the columns.
    pub(crate) fn columns(&self) -> [i128; 4] {
        [self.debits, self.credits, self.pending_debits, self.pending_credits]
    }

    /// Lowest and highest balance that the account can come to, whichever pending transfers are posted.
    fn extremes(&self, normal_side: NormalSide) -> (i128, i128) {
        let balance = self.credits - self.debits;
        match normal_side {
            NormalSide::Credit => (balance - self.pending_debits, balance + self.pending_credits),
            NormalSide::Debit => (-balance - self.pending_credits, -balance + self.pending_debits),
        }
    }
}

/// Terms of an account that bear on its balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) normal_side: NormalSide,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
}

impl Terms {
    /// The balance that is out of bounds, if one is, counting pending transfers against the account.
    pub(crate) fn breach(&self, sums: &Sums) -> Option<i128> {
        let (low, high) = sums.extremes(self.normal_side);
        let below = self.min.is_some_and(|min| low < i128::from(min)).then_some(low);
        let above = || self.max.is_some_and(|max| high > i128::from(max)).then_some(high);
        below.or_else(above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_counts_against_the_account_and_never_for_it() {
        use NormalSide::{Credit, Debit};
        use Phase::{Pending, PostPending, Posted, VoidPending};
        let reserve = Terms { normal_side: Credit, min: Some(0), max: Some(100) };
        let asset = Terms { normal_side: Debit, min: Some(-10), max: None };
        type Case = (Terms, &'static [(Phase, NormalSide, i64)], Option<i128>);
        let cases: &[Case] = &[
            (reserve, &[(Posted, Credit, 100)], None),
            (reserve, &[(Posted, Credit, 101)], Some(101)),
            (reserve, &[(Posted, Debit, 1)], Some(-1)),
            (reserve, &[(Pending, Credit, 101)], Some(101)),
            (reserve, &[(Pending, Credit, 50), (Posted, Debit, 1)], Some(-1)),
            (reserve, &[(Posted, Credit, 50), (Pending, Debit, 50)], None),
            (reserve, &[(Posted, Credit, 50), (Pending, Debit, 51)], Some(-1)),
            (reserve, &[(Posted, Credit, 50), (Pending, Debit, 50), (PostPending, Debit, 50)], None),
            (reserve, &[(Posted, Credit, 50), (Pending, Debit, 50), (VoidPending, Debit, 50)], None),
            (reserve, &[(Posted, Credit, 100), (Pending, Debit, 50), (Pending, Credit, 1)], Some(101)),
            (asset, &[(Posted, Credit, 10)], None),
            (asset, &[(Posted, Credit, 11)], Some(-11)),
            (asset, &[(Pending, Debit, 5), (Pending, Credit, 11)], Some(-11)),
            (asset, &[(Posted, Debit, i64::MAX), (Posted, Debit, i64::MAX)], None),
        ];
        for (terms, rows, breach) in cases {
            let mut sums = Sums::default();
            rows.iter().for_each(|(phase, side, amount)| sums.book(*phase, *side, Fen(*amount)));
            assert_eq!(terms.breach(&sums), *breach, "{rows:?}");
        }
    }

    #[test]
    fn phases_read_back() {
        for phase in Phase::ALL {
            assert_eq!(Phase::from_name(phase.name()), Some(phase));
        }
    }
}
