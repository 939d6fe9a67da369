//! Any bytes as a TXU record: the fast codec and the record table must agree, and what reads must write back as it was,
//! but for a balance of minus zero.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongka_wire::txu::{LINE_LEN, RECORD_LEN, amount_or_zero, at, format_txu, parse_txu};
use tongka_wire::{Kind, parse_record};

fuzz_target!(|bytes: &[u8]| {
    let amount = amount_or_zero(bytes);
    let table = Kind::Txu.table();
    if let Ok(txu) = parse_txu(bytes) {
        assert_eq!(amount, u64::from(txu.amount));
        assert!(bytes[0] != table.mark || parse_record(table, bytes).is_ok());
        let mut again = [0; LINE_LEN];
        format_txu(&txu, &mut again).expect("what was read fits");
        let minus_zero = txu.balance_before == 0 && bytes[at::BALANCE_BEFORE.start] == b'-';
        assert!(again[1..RECORD_LEN] == bytes[1..RECORD_LEN] || minus_zero);
    }
});
