//! libFuzzer's way into [`fuzz::keyword`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::keyword(data));
