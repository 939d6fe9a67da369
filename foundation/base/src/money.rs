//! Money (金额) in integer fen (分) and rates (费率) in integer parts per million.

use std::fmt;
use std::iter::Sum;

/// An amount of money in fen (分), the hundredth of a yuan. Signed: a negative amount is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(pub i64);

/// A rate in parts per million (ppm): `RatePpm(2000)` is 0.2 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RatePpm(pub u32);

/// A sum of money that does not fit: the calculation stops, nothing wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("M01 金额溢出 money overflow: {0} fen does not fit into 64 bits")]
pub struct MoneyError(pub i128);

impl Fen {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Sum of two amounts, or [`MoneyError`] when it does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        Self::from_i128(i128::from(self.0) + i128::from(other.0))
    }

    /// Difference of two amounts, or [`MoneyError`] when it does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        Self::from_i128(i128::from(self.0) - i128::from(other.0))
    }

    /// The amount with the other sign, or [`MoneyError`] for the one value that has none.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        Self::from_i128(-i128::from(self.0))
    }

    /// Narrows an exact sum to fen.
    pub fn from_i128(fen: i128) -> Result<Self, MoneyError> {
        i64::try_from(fen).map(Self).map_err(|_| MoneyError(fen))
    }

    /// The fee on this amount at `rate`, rounded half up (四舍五入) to the fen, computed without overflow.
    ///
    /// Half up means towards positive infinity at exactly .5, so it is meant for amounts of zero and more.
    pub fn fee_half_up(self, rate: RatePpm) -> Result<Self, MoneyError> {
        let exact = i128::from(self.0) * i128::from(rate.0);
        Self::from_i128((exact + 500_000).div_euclid(1_000_000))
    }

    /// Checked sum of many amounts.
    pub fn try_sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        Self::from_i128(amounts.into_iter().map(|a| i128::from(a.0)).sum())
    }
}

/// Exact sum in 128 bits; narrow it with [`Fen::from_i128`].
impl Sum<Fen> for i128 {
    fn sum<I: Iterator<Item = Fen>>(iter: I) -> Self {
        iter.map(|a| i128::from(a.0)).sum()
    }
}

/// Yuan with two decimals and thousands separators, for people: `-1,234.56`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.unsigned_abs();
        let yuan = (fen / 100).to_string();
        let mut text = String::with_capacity(yuan.len() + yuan.len() / 3 + 4);
        if self.0 < 0 {
            text.push('-');
        }
        for (i, digit) in yuan.chars().enumerate() {
            if i > 0 && (yuan.len() - i).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text.push_str(&format!(".{:02}", fen % 100));
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fees_round_half_up_on_the_aggregate() {
        let cases = [
            (0, 2000, 0),
            (250, 2000, 1),
            (249, 2000, 0),
            (251, 2000, 1),
            (1_000_000, 500, 500),
            (1000, 500, 1),
            (999, 500, 0),
        ];
        for (gross, rate, fee) in cases {
            assert_eq!(Fen(gross).fee_half_up(RatePpm(rate)), Ok(Fen(fee)), "{gross} at {rate} ppm");
        }
    }

    #[test]
    fn overflow_is_an_error() {
        assert_eq!(Fen(i64::MAX).checked_add(Fen(1)), Err(MoneyError(i128::from(i64::MAX) + 1)));
        assert!(Fen(i64::MIN).checked_neg().is_err());
        assert_eq!(Fen(i64::MAX).fee_half_up(RatePpm(1_000_000)), Ok(Fen(i64::MAX)));
    }

    #[test]
    fn people_read_yuan() {
        for (fen, text) in
            [(0, "0.00"), (5, "0.05"), (-123_456, "-1,234.56"), (100_000_000, "1,000,000.00"), (99_999, "999.99")]
        {
            assert_eq!(Fen(fen).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn a_fee_is_within_half_a_fen(gross in 0i64..1_000_000_000_000, rate in 0u32..1_000_000) {
            let fee = Fen(gross).fee_half_up(RatePpm(rate)).unwrap().0;
            let error = i128::from(fee) * 1_000_000 - i128::from(gross) * i128::from(rate);
            prop_assert!((-499_999..=500_000).contains(&error));
        }
    }
}
