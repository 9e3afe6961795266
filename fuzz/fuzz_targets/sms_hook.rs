//! libFuzzer's way into [`fuzz::sms_hook`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::sms_hook(data));
