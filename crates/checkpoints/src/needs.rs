//! What a model takes of a machine: memory at a context, foreseen before a byte of it is here.

use crate::catalogue::{Published, Size};

/// Bytes of a number that is kept of what was read: bfloat16.
const KEPT_BYTES: u64 = 2;
/// Positions that a local layer keeps besides its window: the stretch that is read at once, and what can be taken back.
const BESIDE_THE_WINDOW: u64 = 256 + 256;
/// The program, its words and its scratch memory, whatever the model.
const PROGRAM_BYTES: u64 = 30_000_000;
/// Scratch memory for each number of a row, while a stretch is read.
const SCRATCH_BYTES_PER_NUMBER: u64 = 14_000;

/// Memory, by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The weights, and the quick copy of the head.
    pub weights_bytes: u64,
    /// What is kept of so many positions.
    pub cache_bytes: u64,
    /// The picture tower, once a picture is looked at.
    pub tower_bytes: u64,
    /// The program itself.
    pub program_bytes: u64,
}

impl Needs {
    /// Of `model` with a context of `tokens`.
    pub fn of(model: &Published, tokens: u32) -> Self {
        Self {
            weights_bytes: model.weights_bytes() + model.head_copy_bytes(),
            cache_bytes: cache_bytes(model.size, tokens),
            tower_bytes: model.tower_bytes(),
            program_bytes: PROGRAM_BYTES + model.size.width * SCRATCH_BYTES_PER_NUMBER,
        }
    }

    /// All of it.
    pub fn bytes(&self) -> u64 {
        self.weights_bytes + self.cache_bytes + self.tower_bytes + self.program_bytes
    }
}

fn cache_bytes(size: &Size, tokens: u32) -> u64 {
    let tokens = u64::from(tokens.min(size.context_tokens));
    let ring = tokens.min(size.window + BESIDE_THE_WINDOW);
    let local_layers = size.layers - size.global_layers;
    let kept_numbers = 2 * size.kv_heads * size.head_dim; // keys and values
    (size.global_layers * tokens + local_layers * ring) * kept_numbers * KEPT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{SIZES, published};

    /// Global layers cost so many bytes a token; the rest is rings.
    #[test]
    fn the_cache_grows_with_global_layers_only() {
        let bytes_per_token = [3_072, 4_096, 20_480, 65_536, 81_920];
        for (size, expected) in SIZES.iter().zip(bytes_per_token) {
            let (short, long) = (cache_bytes(size, 16_384), cache_bytes(size, 16_385));
            assert_eq!(long - short, expected, "{}", size.title);
        }
        let beyond = cache_bytes(&SIZES[0], 1_000_000);
        assert_eq!(
            beyond,
            cache_bytes(&SIZES[0], 32_768),
            "no more than it was trained for"
        );
    }

    #[test]
    fn a_model_with_eyes_needs_its_tower_too() {
        let of = |name| Needs::of(published(name).expect("it is there"), 8192);
        assert_eq!(of("gemma-3-1b-it-Q4_K_M").tower_bytes, 0);
        let four = of("gemma-3-4b-it-Q4_K_M");
        assert!(four.tower_bytes > 800_000_000);
        let parts = four.weights_bytes + four.cache_bytes + four.tower_bytes + four.program_bytes;
        assert_eq!(four.bytes(), parts);
    }
}
