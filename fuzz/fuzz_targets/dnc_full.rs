//! libFuzzer's way into [`fuzz::dnc_full`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::dnc_full(data));
