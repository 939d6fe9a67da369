//! What one clearing date hands to the next, so that days can be proven in sequence from their raw files alone.

use crate::day::{DayInput, OutputMode};
use crate::history::KeyHistory;
use crate::name::FileId;
use crate::netting::Adjustment;
use crate::outcome::{DayOutcome, Digest, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use tongka_base::{Date, DateTime, Fen, MemberCode};
use tongka_scheme::Scheme;

/// Everything that earlier clearing dates left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarryOver {
    /// Keys of accepted records.
    pub history: KeyHistory,
    /// Identities taken, with SM3 of the whole file.
    pub accepted: BTreeMap<FileId, Digest>,
    /// Refusals receipted.
    pub refused: BTreeSet<Refusal>,
    /// Reserve of each member.
    pub reserves: BTreeMap<MemberCode, Fen>,
}

impl CarryOver {
    /// Before the first clearing date: nothing accepted, reserves as the members opened them.
    pub fn opening(scheme: &Scheme) -> Self {
        let reserves = scheme.reserves.iter().map(|r| (r.member, r.opening_fen)).collect();
        Self { reserves, ..Self::default() }
    }

    /// The input of the next clearing date.
    pub fn input<'a>(
        &'a self,
        scheme: &'a Scheme,
        clearing_date: Date,
        created_at: DateTime,
        adjustments: &'a [Adjustment],
        output: OutputMode,
    ) -> DayInput<'a> {
        DayInput {
            scheme,
            clearing_date,
            created_at,
            history: &self.history,
            accepted_before: &self.accepted,
            refused_before: &self.refused,
            reserve_before: &self.reserves,
            adjustments,
            output,
        }
    }

    /// Takes over what a proven day left.
    pub fn carry(&mut self, outcome: &DayOutcome) {
        self.history.remember(outcome);
        self.accepted.extend(&outcome.accepted);
        self.refused.extend(outcome.refused.iter().cloned());
        for (&member, position) in &outcome.positions {
            self.reserves.insert(member, position.reserve_after);
        }
    }
}
