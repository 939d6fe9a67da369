//! What every other crate speaks in: money, dates, codes of parties and cards, verdicts, the clock.
//!
//! Pure: no I/O, no async, no global state. Invariants: money is integer fen and every operation on it is
//! checked; rates are integer parts per million; a date comes from data or from a [`clock::Clock`], never from
//! the operating system directly.

pub mod calendar;
pub mod clock;
pub mod codes;
pub mod date;
pub mod id;
pub mod money;
pub mod verdict;

pub use calendar::{BankCalendar, DayKind};
pub use clock::{Clock, FixedClock, SystemClock};
pub use date::{Date, DateTime};
pub use id::{Algorithm, AppSerial, CardScheme, Industry, IssuerId, KeyVersion, MemberCode, PsamNo};
pub use money::{Fen, MoneyError, RatePpm};
pub use verdict::{FileCode, Reason, Verdict};
