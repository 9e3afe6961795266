//! libFuzzer's way into [`fuzz::mail_hook`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::mail_hook(data));
