//! The parser `member_name` under its law.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onus_fuzz::hold("member_name", data));
