//! See `fuzz::SAFETENSORS`.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    fuzz::SAFETENSORS.check(file);
});
