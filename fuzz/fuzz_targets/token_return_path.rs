//! libFuzzer's way into [`fuzz::token_return_path`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::token_return_path(data));
