//! See `fuzz::TOKENIZER`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::TOKENIZER.check(file);
});
