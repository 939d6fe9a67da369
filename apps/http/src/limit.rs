//! A bound on what one caller may ask for (限流): a token bucket for each, in memory.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Callers remembered; when there are more, those that are full again are forgotten.
const REMEMBERED: usize = 20_000;

/// Requests a second in the long run, and how many may come at once.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Requests a second.
    pub per_second: u32,
    /// Most at once.
    pub burst: u32,
}

struct Bucket {
    /// Millionths of a request left.
    left: u64,
    at: Instant,
}

/// The buckets of all callers.
pub(crate) struct Limiter {
    rate: Rate,
    buckets: Mutex<HashMap<String, Bucket>>,
}

const ONE: u64 = 1_000_000;

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        let rate = Rate { per_second: rate.per_second.max(1), burst: rate.burst.max(1) };
        Self { rate, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one request from a caller's bucket; else how long to wait.
    pub(crate) fn take(&self, caller: &str, now: Instant) -> Result<(), Duration> {
        let full = u64::from(self.rate.burst) * ONE;
        let per_second = u64::from(self.rate.per_second) * ONE;
        let left = |bucket: &Bucket| {
            let micros = u64::try_from(now.saturating_duration_since(bucket.at).as_micros()).unwrap_or(u64::MAX);
            full.min(bucket.left.saturating_add(micros.saturating_mul(u64::from(self.rate.per_second))))
        };
        let mut buckets = self.buckets.lock().expect("nothing panics while it holds the lock");
        if buckets.len() >= REMEMBERED {
            buckets.retain(|_, bucket| left(bucket) < full);
        }
        let bucket = buckets.entry(caller.to_owned()).or_insert(Bucket { left: full, at: now });
        let have = left(bucket);
        bucket.at = now;
        if have < ONE {
            bucket.left = have;
            return Err(Duration::from_micros((ONE - have).div_ceil(per_second / ONE)));
        }
        bucket.left = have - ONE;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds_for_each_caller() {
        let limiter = Limiter::new(Rate { per_second: 10, burst: 3 });
        let start = Instant::now();
        for _ in 0..3 {
            assert!(limiter.take("a", start).is_ok());
        }
        assert_eq!(limiter.take("a", start), Err(Duration::from_millis(100)));
        assert!(limiter.take("b", start).is_ok(), "another caller has its own");
        assert!(limiter.take("a", start + Duration::from_millis(99)).is_err());
        assert!(limiter.take("a", start + Duration::from_millis(100)).is_ok());
        let later = start + Duration::from_secs(3600);
        assert_eq!((0..10).filter(|_| limiter.take("a", later).is_ok()).count(), 3, "no more than a burst is saved up");
    }
}
