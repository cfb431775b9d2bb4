//! The parser `idempotency_key` under its law.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onus_fuzz::hold("idempotency_key", data));
