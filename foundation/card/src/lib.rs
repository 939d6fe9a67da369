//! Transit cards (城市一卡通): numbers, file layouts, APDUs, a software card and a software PSAM.
//!
//! Pure: no I/O, no clock, randomness is the caller's. Invariants: no APDU makes it panic; a purse changes only under a
//! valid MAC; the writes of a command become visible all or nothing, wherever power is lost; keys are wiped on drop and
//! never shown.

mod answer;
pub mod apdu;
pub mod card;
pub mod data;
pub mod events;
pub mod files;
pub mod flow;
pub mod numbers;
pub mod nvm;
pub mod pattern;
pub mod personalise;
pub mod profile;
pub mod psam;

pub use apdu::{Command, Response, StatusWord};
pub use card::{Card, CardImage, KeyImage, KeyUsage, Random};
pub use flow::{Channel, FlowError, PurchaseRecord, purchase};
pub use nvm::PowerLost;
pub use pattern::{Fields, Pattern};
pub use psam::{Psam, PsamImage};

use tongka_base::Algorithm;

/// The algorithm byte of cards and SAMs: 00 3DES, 04 SM4. It is not the byte of exchange files.
pub fn algorithm_byte(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Tdes => 0x00,
        Algorithm::Sm4 => 0x04,
    }
}

/// The algorithm of a card's or SAM's algorithm byte.
pub fn algorithm_from_byte(byte: u8) -> Option<Algorithm> {
    match byte {
        0x00 => Some(Algorithm::Tdes),
        0x04 => Some(Algorithm::Sm4),
        _ => None,
    }
}

/// Compares secrets without stopping at the first difference.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}
