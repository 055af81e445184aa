//! See `fuzz::PICTURE`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::PICTURE.check(file);
});
