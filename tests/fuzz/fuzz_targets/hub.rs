//! See `fuzz::HUB`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::HUB.check(file);
});
