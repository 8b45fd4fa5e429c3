//! The target `runbook` under libFuzzer; what it promises stands in `befund-hostile`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| befund_hostile::run("runbook", data));
