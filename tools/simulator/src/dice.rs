//! Deterministic choices: a value follows from the seed and from what it is for, never from the order of calls
//! elsewhere, so that the same plan gives the same bytes on any machine and with any number of threads.
//!
//! Own arithmetic (SplitMix64) on purpose: generators of libraries may change their streams between versions.

/// A stream of pseudo-random numbers for one subject.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Dice {
    /// The stream of (seed, subject, three numbers that name the one).
    pub(crate) fn of(seed: u64, subject: Subject, name: [u64; 3]) -> Self {
        let state = scramble(seed ^ (subject as u64).wrapping_mul(STEP));
        Self(name.into_iter().fold(state, |state, part| scramble(state.wrapping_add(STEP) ^ part.wrapping_mul(STEP))))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        scramble(self.0)
    }

    /// A number below `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `percent` of cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// The index of a weight, drawn in proportion; `cumulative` are the running sums, the last above 0.
    pub(crate) fn weighted(&mut self, cumulative: &[u64]) -> usize {
        let drawn = self.below(*cumulative.last().expect("at least one weight"));
        cumulative.partition_point(|sum| *sum <= drawn)
    }
}

/// What a stream is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    /// A card: its issuer, habits, fares.
    Card = 1,
    /// A card on one day.
    CardDay,
    /// A planned fault.
    Fault,
    /// A blacklisted card.
    Blacklist,
    /// A TAC master key.
    TacKey,
    /// The key behind a member's certificate.
    SigningKey,
    /// Imported data.
    Import,
    /// A settlement bank.
    Bank,
}
