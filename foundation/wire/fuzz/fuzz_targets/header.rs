//! Any bytes as a header line: what reads must write back as it was, but for a total of minus zero.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongka_wire::{HEADER, Header};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::parse(bytes) {
        let again = header.write().expect("what was read fits");
        let total = HEADER.range("total_amount").expect("a field of the header").start;
        assert!(again == bytes || header.total_amount == 0 && bytes[total] == b'-');
    }
});
