//! See `fuzz::PDF`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::PDF.check(file);
});
