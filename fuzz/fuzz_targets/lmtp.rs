//! libFuzzer's way into [`fuzz::lmtp`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::lmtp(data));
