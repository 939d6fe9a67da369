//! The only door to the current time, so that a clearing day can be replayed at any wall time.

use crate::date::DateTime;
use chrono::{FixedOffset, Utc};

/// Tells the wall time in Asia/Shanghai.
pub trait Clock: Send + Sync {
    /// The wall time now, Asia/Shanghai (UTC+8, no daylight saving).
    fn now(&self) -> DateTime;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime {
        let shanghai = FixedOffset::east_opt(8 * 3600).expect("UTC+8 is a valid offset");
        Utc::now().with_timezone(&shanghai).naive_local()
    }
}

/// A clock that stands still, for tests and for byte-exact replays.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub DateTime);

impl Clock for FixedClock {
    fn now(&self) -> DateTime {
        self.0
    }
}
