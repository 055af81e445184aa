//! See `fuzz::TEXT`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::TEXT.check(file);
});
