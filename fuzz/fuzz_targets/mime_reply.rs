//! libFuzzer's way into [`fuzz::mime_reply`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::mime_reply(data));
