//! Lines with one field that does not match its type or its listed values (R 01), a variant for every field.

use tongka_wire::txu::LINE_LEN;

/// Which field is damaged and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage(usize);

/// Offset and new bytes.
const VARIANTS: &[(usize, &[u8])] = &[
    (1, b"00000000"),   // record number is not its place
    (8, b"X"),          // record number is not a number
    (9, b"X"),          // scheme
    (10, b"g"),         // issuer id
    (26, b"0x"),        // application serial
    (46, b"A0"),        // card type
    (48, b"05"),        // transaction type not listed
    (48, b"0x"),        // transaction type
    (50, b"65536"),     // counter beyond 65535
    (54, b" "),         // counter
    (66, b"a"),         // PSAM terminal number in lower case
    (74, b"Z"),         // PSAM transaction number
    (75, b"+00001000"), // balance
    (91, b"-"),         // amount
    (92, b"        "),  // list price
    (100, b"20260230"), // no such day
    (100, b"2026O101"), // a letter in the date
    (108, b"240000"),   // no such hour
    (112, b"60"),       // no such second
    (114, b"v1"),       // key version
    (116, b"02"),       // algorithm not listed
    (118, b"deadbeef"), // TAC in lower case
    (126, b"06"),       // industry not listed
    (128, b"MERCHANT"), // merchant
    (141, b" "),        // line
    (142, b"-0000001"), // device
    (150, b"CITY"),     // city
    (154, b"2"),        // grey flag
    (155, b"Y"),        // test flag
    (156, b"01"),       // reserved
];

impl Damage {
    /// How many variants there are.
    pub(crate) const COUNT: usize = VARIANTS.len();

    /// The variant of a number.
    pub(crate) fn variant(number: u64) -> Self {
        Self((number % Self::COUNT as u64) as usize)
    }

    /// Damages a written line.
    pub(crate) fn apply(self, line: &mut [u8; LINE_LEN]) {
        let (at, bytes) = VARIANTS[self.0];
        line[at..at + bytes.len()].copy_from_slice(bytes);
    }
}
