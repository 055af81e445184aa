//! The numbers that make one Gemma 3 differ from another.
//!
//! All of them are decided here, once: nothing after this asks for a model's size or name.

mod from_gguf;
mod from_json;
mod tower;

use std::path::Path;

use crate::{Error, Numerics, cache};
pub use tower::TowerConfig;

/// The largest Gemma 3 has 62 layers; far more than that is a damaged file.
const MOST_LAYERS: usize = 1024;
/// No size in a model comes near this; so products of two sizes fit easily.
const LARGEST: usize = 1 << 24;
/// Without a pattern in the file, every sixth layer is global.
pub(crate) const PATTERN: usize = 6;

/// A model's sizes and constants, from GGUF metadata or `config.json`. Most fields keep their published names.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Rows of the embedding table: 262144, or 262208 with room for pictures.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the feed-forward block.
    pub intermediate_size: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key and value heads.
    pub num_key_value_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Positions the model was trained for.
    pub max_position_embeddings: usize,
    /// How many positions a local layer sees, a query's own included.
    pub sliding_window: usize,
    /// For each layer whether it is global, that is, sees all positions.
    pub layer_is_global: Vec<bool>,
    /// Under the root in every norm.
    pub rms_norm_eps: f32,
    /// Scores are multiplied by this: `query_pre_attn_scalar^-½`. On 27B that is not `head_dim^-½`.
    pub query_scale: f32,
    /// Base of the rotary angles in global layers.
    pub rope_theta: f64,
    /// Positions of global layers are divided by this: 8 for 4B and larger, 1 below. Local layers never are.
    pub rope_factor: f64,
    /// Base of the rotary angles in local layers.
    pub rope_local_base_freq: f64,
}

impl Config {
    /// How many layers there are.
    pub fn num_hidden_layers(&self) -> usize {
        self.layer_is_global.len()
    }

    /// Memory for the keys and values of `context_len` positions, at most: it is taken as the context fills.
    /// `chunk` as in [`crate::Setup::chunk`].
    pub fn cache_bytes(&self, numerics: Numerics, context_len: usize, chunk: Option<usize>) -> u64 {
        cache::bytes(self, numerics, context_len, chunk)
    }

    /// Refuses what no model can be, before anything is computed from it.
    fn checked(self, path: &Path) -> Result<Self, Error> {
        let wrong = |key, found, expected| Err(Error::setting(path, key, found, expected));
        let sizes = [
            ("vocabulary size", self.vocab_size),
            ("hidden size", self.hidden_size),
            ("feed-forward size", self.intermediate_size),
            ("number of heads", self.num_attention_heads),
            ("number of key/value heads", self.num_key_value_heads),
            ("head width", self.head_dim),
            ("context length", self.max_position_embeddings),
            ("sliding window", self.sliding_window),
        ];
        for (key, size) in sizes {
            if !(1..=LARGEST).contains(&size) {
                return wrong(key, &size, "a number from 1 to 16777216");
            }
        }
        if !self
            .num_attention_heads
            .is_multiple_of(self.num_key_value_heads)
        {
            return wrong(
                "number of heads",
                &self.num_attention_heads,
                "a multiple of the key/value heads",
            );
        }
        if !self.head_dim.is_multiple_of(2) {
            return wrong("head width", &self.head_dim, "an even number");
        }
        let constants = [
            ("norm epsilon", f64::from(self.rms_norm_eps)),
            ("query scale", f64::from(self.query_scale)),
            ("rope base", self.rope_theta),
            ("rope factor", self.rope_factor),
            ("local rope base", self.rope_local_base_freq),
        ];
        for (key, constant) in constants {
            if !(constant.is_finite() && constant > 0.0) {
                return wrong(key, &constant, "a positive number");
            }
        }
        Ok(self)
    }
}

/// The pattern of `layers` layers in which every `every`th is global.
fn pattern(path: &Path, layers: usize, every: usize) -> Result<Vec<bool>, Error> {
    check_layers(path, layers)?;
    if every == 0 {
        let (path, found) = (path.to_owned(), every.to_string());
        let expected = "at least 1";
        return Err(Error::Setting {
            path,
            key: "sliding window pattern",
            found,
            expected,
        });
    }
    Ok((0..layers)
        .map(|layer| (layer + 1).is_multiple_of(every))
        .collect())
}

fn check_layers(path: &Path, layers: usize) -> Result<(), Error> {
    if (1..=MOST_LAYERS).contains(&layers) {
        return Ok(());
    }
    let (path, found) = (path.to_owned(), layers.to_string());
    Err(Error::Setting {
        path,
        key: "number of layers",
        found,
        expected: "a number from 1 to 1024",
    })
}
