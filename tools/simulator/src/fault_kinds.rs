//! The kinds of faulty records and which of them comes when.

use crate::damage::Damage;
use crate::world::World;

/// A way in which up to four records are wrong, or right by a hair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// R 01, the number chooses the field.
    Field(u64),
    /// R 03: no such issuer id, or not in this scheme.
    UnknownIssuer(bool),
    /// R 16: the issuer's member was suspended before.
    InactiveIssuer,
    /// R 02: terminal of another member.
    ForeignPsam,
    /// R 02: stopped terminal, or a number in no range.
    BadPsam(bool),
    /// T 12: test flag.
    TestFlag,
    /// T 12: test card type.
    TestCard,
    /// T 12: test terminal.
    TestPsam,
    /// R 11.
    Future,
    /// S 18.
    TooLate,
    /// A 00: as late as it may be.
    JustInTime,
    /// R 15: key version.
    KeyVersion,
    /// R 15: algorithm that the issuer does not use.
    KeyAlgorithm,
    /// S 06.
    Tac,
    /// S 06, then the same card key with a right TAC: A 00.
    TacThenGood,
    /// S 08, and A 00 at the limit.
    OverLimit,
    /// A 00 down to the overdraft limit, then S 17.
    OverBalance,
    /// S 19.
    Grey,
    /// R 07 long after listing.
    Listed,
    /// A 00 within the grace of the blacklist, then R 07 when it ends.
    JustListed,
    /// A 00, then D 04.
    Duplicate,
    /// A 00, then S 05.
    Conflict,
    /// A 00, then S 14.
    PsamConflict,
    /// A 00, D 04, S 05 and a record of another card with the conflict's PSAM numbers: A 00, for the conflict holds none.
    ConflictHoldsNothing,
    /// Two checks apply to one record: T 12, S 18, S 08, S 19 or S 06 by number.
    TwoChecks(u64),
}

use Fault::*;

/// Faults that need four members to be possible come last.
const ALWAYS: [Fault; 30] = [
    UnknownIssuer(false),
    BadPsam(false),
    TestFlag,
    Future,
    TooLate,
    KeyVersion,
    Tac,
    OverLimit,
    OverBalance,
    Grey,
    Listed,
    Duplicate,
    Conflict,
    PsamConflict,
    UnknownIssuer(true),
    BadPsam(true),
    TestCard,
    TestPsam,
    JustInTime,
    KeyAlgorithm,
    TacThenGood,
    ConflictHoldsNothing,
    Listed,
    Duplicate,
    Conflict,
    TwoChecks(0),
    TwoChecks(1),
    TwoChecks(2),
    TwoChecks(3),
    TwoChecks(4),
];

/// The fault of a number among all faults of the day: first every kind and every field once, then the kinds in turn.
pub(crate) fn fault_of(world: &World, number: u64) -> Fault {
    let four = [InactiveIssuer, ForeignPsam];
    let kinds = ALWAYS.len() as u64 + if world.suspended().is_some() { four.len() as u64 } else { 0 };
    let kind = |k: u64| ALWAYS.get(k as usize).copied().unwrap_or_else(|| four[k as usize - ALWAYS.len()]);
    if number < kinds {
        return kind(number);
    }
    match number - kinds {
        0 => JustListed,
        rest @ 1..=FIELDS => Field(rest - 1),
        rest => {
            let (round, place) = ((rest - 1) / (kinds + 1), (rest - 1) % (kinds + 1));
            if place == kinds { Field(round) } else { kind(place) }
        }
    }
}

const FIELDS: u64 = Damage::COUNT as u64;

/// Faults after which each kind has come up.
pub(crate) fn one_round(world: &World) -> u64 {
    ALWAYS.len() as u64 + FIELDS + 1 + if world.suspended().is_some() { 2 } else { 0 }
}
