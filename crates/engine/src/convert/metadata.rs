//! What a converted file says about itself, under the keys that llama.cpp's converter writes.

use std::collections::BTreeMap;

use gguf::{Array, Value};

use super::Format;
use crate::config::PATTERN;
use crate::{Config, Weights};

/// Keys of a source that are no longer true.
const OUTDATED: [&str; 4] = [
    "general.alignment",
    "split.no",
    "split.count",
    "split.tensors.count",
];

/// All metadata of the new file; `given` counts more than what the source says.
pub fn of(
    weights: &Weights,
    to: Format,
    given: BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let mut all = match weights.header() {
        Some(header) => header
            .metadata()
            .filter(|(key, _)| !OUTDATED.contains(key))
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .collect(),
        None => of_config(weights.config()),
    };
    all.extend(given);
    match file_type(to) {
        Some(number) => all.insert("general.file_type".to_owned(), Value::U32(number)),
        None => all.remove("general.file_type"),
    };
    all.insert("general.quantization_version".to_owned(), Value::U32(2));
    all
}

/// llama.cpp's number for the mixture (`enum llama_ftype`); 8-bit floats are none of its.
fn file_type(to: Format) -> Option<u32> {
    Some(match to {
        Format::Q4_0 => 2,
        Format::Q8_0 => 7,
        Format::Q4_K => 14, // Q4_K_S
        Format::Q6_K => 18,
        Format::BF16 => 32,
        Format::F8 => return None,
    })
}

/// What a configuration is in GGUF.
fn of_config(config: &Config) -> BTreeMap<String, Value> {
    let size =
        |size: usize| Value::U32(u32::try_from(size).expect("sizes are checked to be small"));
    let text = |text: &str| Value::Text(text.to_owned());
    let number = |number: f64| Value::F32(number as f32);
    let mut all = vec![
        ("general.architecture", text("gemma3")),
        ("general.type", text("model")),
        (
            "gemma3.context_length",
            size(config.max_position_embeddings),
        ),
        ("gemma3.embedding_length", size(config.hidden_size)),
        ("gemma3.block_count", size(config.num_hidden_layers())),
        ("gemma3.feed_forward_length", size(config.intermediate_size)),
        (
            "gemma3.attention.head_count",
            size(config.num_attention_heads),
        ),
        (
            "gemma3.attention.head_count_kv",
            size(config.num_key_value_heads),
        ),
        ("gemma3.attention.key_length", size(config.head_dim)),
        ("gemma3.attention.value_length", size(config.head_dim)),
        (
            "gemma3.attention.layer_norm_rms_epsilon",
            Value::F32(config.rms_norm_eps),
        ),
        (
            "gemma3.attention.sliding_window",
            size(config.sliding_window),
        ),
        ("gemma3.rope.freq_base", number(config.rope_theta)),
        (
            "gemma3.rope.freq_base_swa",
            number(config.rope_local_base_freq),
        ),
    ];
    // Where nothing is said the size decides, so "none" is said as well.
    match config.rope_factor {
        1.0 => all.push(("gemma3.rope.scaling.type", text("none"))),
        factor => all.extend([
            ("gemma3.rope.scaling.type", text("linear")),
            ("gemma3.rope.scaling.factor", number(factor)),
        ]),
    }
    let is_usual =
        |(layer, is_global): (usize, &bool)| *is_global == (layer + 1).is_multiple_of(PATTERN);
    if !config.layer_is_global.iter().enumerate().all(is_usual) {
        let local = config.layer_is_global.iter().map(|is_global| !is_global);
        let local = Value::Array(Array::Bool(local.collect()));
        all.push(("gemma3.attention.sliding_window_pattern", local));
    }
    all.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
