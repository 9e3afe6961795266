//! libFuzzer's way into [`fuzz::bounce`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::bounce(data));
