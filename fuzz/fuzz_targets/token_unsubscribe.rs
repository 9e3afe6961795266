//! libFuzzer's way into [`fuzz::token_unsubscribe`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::token_unsubscribe(data));
