//! libFuzzer's way into [`fuzz::dnc_change`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::dnc_change(data));
