//! The parser `receipt_wish` under its law.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onus_fuzz::hold("receipt_wish", data));
