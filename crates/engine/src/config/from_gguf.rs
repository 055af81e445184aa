//! What a GGUF file's metadata says, and what it leaves unsaid (gemma3.cpp in llama.cpp knows it by heart).

use std::path::Path;

use gguf::{Array, Header, Value};

use super::{Config, PATTERN, pattern};
use crate::Error;

/// From here on up sizes have the factor, whether the file says so or not: 4B has 34 layers, 1B has 26.
const FIRST_LAYERS_WITH_FACTOR: usize = 34;
const FACTOR: f32 = 8.0;
/// 27B is known by its layers: the format has no key for `query_pre_attn_scalar`.
const LAYERS_OF_27B: usize = 62;
/// Converters leave out the local base.
const LOCAL_BASE: f32 = 10_000.0;

impl Config {
    /// The configuration in the metadata of the file at `path`; `vocab_size` is the number of rows of the table,
    /// which is what counts.
    pub(crate) fn from_gguf(header: &Header, path: &Path, vocab_size: u64) -> Result<Self, Error> {
        let damaged = |source| Error::Gguf {
            path: path.to_owned(),
            source,
        };
        let architecture: &str = header.require("general.architecture").map_err(damaged)?;
        if architecture != "gemma3" {
            return Err(Error::Architecture {
                path: path.to_owned(),
                found: architecture.to_owned(),
            });
        }
        let size = |key| {
            header
                .require::<u32>(key)
                .map(|size| size as usize)
                .map_err(damaged)
        };
        let number = |key| header.get::<f32>(key).map_err(damaged);

        let layers = size("gemma3.block_count")?;
        let hidden_size = size("gemma3.embedding_length")?;
        let num_attention_heads = size("gemma3.attention.head_count")?;
        let head_dim = size("gemma3.attention.key_length")?;
        let value_dim = size("gemma3.attention.value_length")?;
        if value_dim != head_dim {
            return Err(Error::Setting {
                path: path.to_owned(),
                key: "gemma3.attention.value_length",
                found: value_dim.to_string(),
                expected: "the same as key_length",
            });
        }
        let default_factor = if layers < FIRST_LAYERS_WITH_FACTOR {
            1.0
        } else {
            FACTOR
        };
        let query_pre_attn_scalar = match layers {
            LAYERS_OF_27B => hidden_size as f32 / num_attention_heads as f32,
            _ => head_dim as f32,
        };

        Self {
            vocab_size: usize::try_from(vocab_size).unwrap_or(usize::MAX),
            hidden_size,
            intermediate_size: size("gemma3.feed_forward_length")?,
            num_attention_heads,
            num_key_value_heads: size("gemma3.attention.head_count_kv")?,
            head_dim,
            max_position_embeddings: size("gemma3.context_length")?,
            sliding_window: size("gemma3.attention.sliding_window")?,
            layer_is_global: layer_is_global(header, path, layers)?,
            rms_norm_eps: number("gemma3.attention.layer_norm_rms_epsilon")?.unwrap_or(1e-6),
            query_scale: query_pre_attn_scalar.sqrt().recip(),
            // This is the base of the global layers only.
            rope_theta: number("gemma3.rope.freq_base")?
                .unwrap_or(1_000_000.0)
                .into(),
            rope_factor: rope_factor(header, path)?.unwrap_or(default_factor).into(),
            rope_local_base_freq: number("gemma3.rope.freq_base_swa")?
                .unwrap_or(LOCAL_BASE)
                .into(),
        }
        .checked(path)
    }
}

/// The factor if the file says one.
fn rope_factor(header: &Header, path: &Path) -> Result<Option<f32>, Error> {
    const TYPE: &str = "gemma3.rope.scaling.type";
    let damaged = |source| Error::Gguf {
        path: path.to_owned(),
        source,
    };
    match header.get::<&str>(TYPE).map_err(damaged)? {
        Some("none") => Ok(Some(1.0)),
        Some("linear") | None => header.get("gemma3.rope.scaling.factor").map_err(damaged),
        Some(other) => Err(Error::Setting {
            path: path.to_owned(),
            key: TYPE,
            found: other.to_owned(),
            expected: "linear or none",
        }),
    }
}

/// Some converters write the pattern as a number, some as one truth value a layer ("is local"), most not at all.
fn layer_is_global(header: &Header, path: &Path, layers: usize) -> Result<Vec<bool>, Error> {
    const KEY: &str = "gemma3.attention.sliding_window_pattern";
    let damaged = |source| Error::Gguf {
        path: path.to_owned(),
        source,
    };
    let local = header.metadata().find(|(key, _)| *key == KEY);
    match local {
        None => pattern(path, layers, PATTERN),
        Some((_, Value::Array(Array::Bool(local)))) if local.len() == layers => {
            super::check_layers(path, layers)?;
            Ok(local.iter().map(|local| !local).collect())
        }
        Some(_) => pattern(
            path,
            layers,
            header.require::<u32>(KEY).map_err(damaged)? as usize,
        ),
    }
}
