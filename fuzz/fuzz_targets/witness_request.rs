//! The parser `witness_request` under its law.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onus_fuzz::hold("witness_request", data));
