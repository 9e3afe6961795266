//! libFuzzer's way into [`fuzz::hint`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::hint(data));
