//! The target `parts` under libFuzzer; what it promises stands in `befund-hostile`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| befund_hostile::run("parts", data));
