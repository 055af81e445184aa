//! See `fuzz::CONFIG`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::CONFIG.check(file);
});
