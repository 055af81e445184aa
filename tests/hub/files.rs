//! Files that a hub has in tests, and what they should be.

use std::fs;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::golden;

/// A checkpoint of so many bytes: a small one, and what nobody reads behind it.
pub fn model(bytes: usize) -> Vec<u8> {
    let mut model = fs::read(golden("tiny-text/model.gguf")).expect("the golden model");
    let mut noise = Noise(7);
    while model.len() < bytes {
        model.extend(noise.next().to_le_bytes());
    }
    model.truncate(bytes);
    model
}

/// Numbers that look random and are always the same (xorshift64).
#[derive(Debug)]
pub struct Noise(pub u64);

impl Noise {
    /// The next of them.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// The next, below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// The SHA-256 of a file.
pub fn sha256_of(path: &Path) -> String {
    let mut file = fs::File::open(path).expect("the file is here");
    let mut digest = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece).expect("it can be read") {
            0 => break,
            length => digest.update(&piece[..length]),
        }
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
