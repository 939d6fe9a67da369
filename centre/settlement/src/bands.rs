//! Bands of a reserve (备付金区间) and how long it lasts. Pure.
//!
//! | band | balance | what follows |
//! |---|---|---|
//! | `good` | at the target or above | |
//! | `alert` 提醒 | below the target | the member is told |
//! | `call` 追缴 | below the warning line | it is asked for what is missing to the target |
//! | `stop` 停付 | below the stop line | what it has to pay is held by rule, and it is called |

use tongka_base::{Fen, MoneyError};
use tongka_scheme::Reserve;

/// Where a balance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// At the target or above.
    Good,
    /// Below the target.
    Alert,
    /// Below the warning line.
    Call,
    /// Below the stop line.
    Stop,
}

impl Band {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        ["good", "alert", "call", "stop"][self as usize]
    }

    /// Where a balance stands between a member's lines.
    pub fn of(lines: &Reserve, balance: Fen) -> Self {
        match balance {
            b if b < lines.stop_fen => Self::Stop,
            b if b < lines.warning_fen => Self::Call,
            b if b < lines.target_fen => Self::Alert,
            _ => Self::Good,
        }
    }
}

/// What a member is asked to pay in: from the band `call` on, what is missing to the target.
///
/// # Errors
/// M01.
pub fn call(lines: &Reserve, balance: Fen) -> Result<Fen, MoneyError> {
    if Band::of(lines, balance) < Band::Call { Ok(Fen::ZERO) } else { lines.target_fen.checked_sub(balance) }
}

/// On how many further clearing dates the balance stays at the stop line or above, if they go on as the recent ones did on
/// average: whole dates, rounded down. None where the recent positions together do not take from it.
pub fn days_left(balance: Fen, stop: Fen, recent: &[Fen]) -> Option<i64> {
    let total: i128 = recent.iter().copied().sum();
    if total >= 0 {
        return None;
    }
    let room = i128::from(balance.0) - i128::from(stop.0);
    let days = (room.max(0) * recent.len() as i128) / -total;
    Some(i64::try_from(days).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongka_base::MemberCode;

    #[test]
    fn lines_belong_to_the_better_band() {
        let lines = Reserve {
            member: MemberCode(1),
            opening_fen: Fen(0),
            target_fen: Fen(300),
            warning_fen: Fen(200),
            stop_fen: Fen(100),
        };
        let cases = [
            (300, Band::Good, 0),
            (299, Band::Alert, 0),
            (200, Band::Alert, 0),
            (199, Band::Call, 101),
            (100, Band::Call, 200),
            (99, Band::Stop, 201),
            (-5, Band::Stop, 305),
        ];
        for (balance, band, called) in cases {
            assert_eq!(
                (Band::of(&lines, Fen(balance)), call(&lines, Fen(balance))),
                (band, Ok(Fen(called))),
                "{balance}"
            );
        }
    }

    #[test]
    fn days_left_are_rounded_down() {
        let recent = |amounts: &[i64]| amounts.iter().copied().map(Fen).collect::<Vec<_>>();
        let cases: [(i64, &[i64], Option<i64>); 7] = [
            (1000, &[-100, -100], Some(9)),
            (1000, &[-200, 0, -70], Some(10)),
            (1000, &[], None),
            (1000, &[5, -5], None),
            (1000, &[10], None),
            (99, &[-1], Some(0)),
            (-50, &[-1], Some(0)),
        ];
        for (balance, nets, days) in cases {
            assert_eq!(days_left(Fen(balance), Fen(100), &recent(nets)), days, "{balance} {nets:?}");
        }
        assert_eq!(days_left(Fen(i64::MAX), Fen(i64::MIN), &recent(&[-1, 0])), Some(i64::MAX));
    }
}
