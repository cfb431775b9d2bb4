//! The parser `name_pattern` under its law.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onus_fuzz::hold("name_pattern", data));
