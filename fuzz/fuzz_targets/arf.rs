//! libFuzzer's way into [`fuzz::arf`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::arf(data));
