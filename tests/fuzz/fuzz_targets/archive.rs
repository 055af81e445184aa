//! See `fuzz::ARCHIVE`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::ARCHIVE.check(file);
});
