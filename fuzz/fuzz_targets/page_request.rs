//! libFuzzer's way into [`fuzz::page_request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::page_request(data));
