//! See `fuzz::NOTES`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::NOTES.check(file);
});
