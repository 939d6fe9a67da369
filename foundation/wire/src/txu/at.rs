//! Where each field of a TXU record stands, by the record table.

use crate::tables::TXU;
use std::ops::Range;

macro_rules! ranges {
    ($($name:ident $field:literal),* $(,)?) => {
        $(
            #[doc = concat!("Bytes of the field `", $field, "`.")]
            pub const $name: Range<usize> = TXU.const_range($field);
        )*
    };
}

ranges! {
    MARK "mark",
    RECORD_NO "record_no",
    SCHEME "scheme",
    ISSUER_ID "issuer_id",
    SERIAL "serial",
    CARD_TYPE "card_type",
    TTI "tti",
    COUNTER "counter",
    PSAM "psam",
    PSAM_TXN "psam_txn",
    BALANCE_BEFORE "balance_before",
    AMOUNT "amount",
    LIST_PRICE "list_price",
    DATE "date",
    TIME "time",
    KEY_VERSION "key_version",
    ALGORITHM "algorithm",
    TAC "tac",
    INDUSTRY "industry",
    MERCHANT "merchant",
    LINE "line",
    DEVICE "device",
    CITY "city",
    GREY "grey",
    TEST "test",
    RESERVED "reserved",
}
