//! Any text as a file name: what reads must display as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongka_wire::FileName;

fuzz_target!(|text: &str| {
    if let Ok(name) = FileName::parse(text) {
        assert_eq!(name.to_string(), text);
    }
});
