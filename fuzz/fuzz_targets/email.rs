//! libFuzzer's way into [`fuzz::email`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::email(data));
