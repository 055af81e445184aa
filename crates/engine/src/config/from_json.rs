//! What `config.json` says, and what transformers takes where it says nothing.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{Config, pattern};
use crate::Error;

/// transformers' `Gemma3TextConfig`. Published files leave out what equals the default: 4B's says nothing of heads.
#[derive(Deserialize)]
#[serde(default)]
struct Text {
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    head_dim: usize,
    max_position_embeddings: usize,
    sliding_window: usize,
    #[serde(alias = "_sliding_window_pattern")]
    sliding_window_pattern: usize,
    layer_types: Option<Vec<String>>,
    rms_norm_eps: f32,
    query_pre_attn_scalar: f32,
    rope_theta: f64,
    rope_local_base_freq: f64,
    rope_scaling: Option<Rope>,
    rope_parameters: Option<RopeOfKind>,
    hidden_activation: String,
    attention_bias: bool,
    attn_logit_softcapping: Option<f32>,
    final_logit_softcapping: Option<f32>,
    use_bidirectional_attention: Option<bool>,
}

/// Since version 5 transformers writes the angles of each kind of layer.
#[derive(Deserialize)]
struct RopeOfKind {
    full_attention: Rope,
    sliding_attention: Rope,
}

#[derive(Deserialize)]
struct Rope {
    rope_theta: Option<f64>,
    #[serde(alias = "type")]
    rope_type: Option<String>,
    factor: Option<f64>,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            model_type: "gemma3_text".to_owned(),
            hidden_size: 2304,
            intermediate_size: 9216,
            num_hidden_layers: 26,
            num_attention_heads: 8,
            num_key_value_heads: 4,
            head_dim: 256,
            max_position_embeddings: 131_072,
            sliding_window: 4096,
            sliding_window_pattern: super::PATTERN,
            layer_types: None,
            rms_norm_eps: 1e-6,
            query_pre_attn_scalar: 256.0,
            rope_theta: 1_000_000.0,
            rope_local_base_freq: 10_000.0,
            rope_scaling: None,
            rope_parameters: None,
            hidden_activation: "gelu_pytorch_tanh".to_owned(),
            attention_bias: false,
            attn_logit_softcapping: None,
            final_logit_softcapping: None,
            use_bidirectional_attention: None,
        }
    }
}

impl Config {
    /// The configuration in the text of the file at `path`; `vocab_size` is the number of rows of the table,
    /// which is what counts.
    pub(crate) fn from_json(json: &str, path: &Path, vocab_size: usize) -> Result<Self, Error> {
        let damaged = |source| Error::Json {
            path: path.to_owned(),
            source,
        };
        let file: Value = serde_json::from_str(json).map_err(damaged)?;
        // A checkpoint that also sees pictures keeps the text model's numbers apart.
        let text = file.get("text_config").filter(|text| !text.is_null());
        let text = match (text, file.get("model_type")) {
            (Some(text), _) => Text::deserialize(text),
            // Of such a one that says nothing of the text model, all of it is as transformers has it.
            (None, Some(kind)) if kind == "gemma3" => Ok(Text::default()),
            (None, _) => Text::deserialize(&file),
        }
        .map_err(damaged)?;
        if text.model_type != "gemma3_text" {
            return Err(Error::Architecture {
                path: path.to_owned(),
                found: text.model_type,
            });
        }
        text.refuse_what_is_not_gemma_3(path)?;
        let (rope_theta, rope_factor, rope_local_base_freq) = text.rope(path)?;

        Self {
            vocab_size,
            hidden_size: text.hidden_size,
            intermediate_size: text.intermediate_size,
            num_attention_heads: text.num_attention_heads,
            num_key_value_heads: text.num_key_value_heads,
            head_dim: text.head_dim,
            max_position_embeddings: text.max_position_embeddings,
            sliding_window: text.sliding_window,
            layer_is_global: text.layer_is_global(path)?,
            rms_norm_eps: text.rms_norm_eps,
            query_scale: text.query_pre_attn_scalar.sqrt().recip(),
            rope_theta,
            rope_factor,
            rope_local_base_freq,
        }
        .checked(path)
    }
}

impl Text {
    /// Settings that transformers knows and no Gemma 3 uses: computing on without them would be wrong.
    fn refuse_what_is_not_gemma_3(&self, path: &Path) -> Result<(), Error> {
        let wrong = |key, found, expected| Err(Error::setting(path, key, found, expected));
        if self.hidden_activation != "gelu_pytorch_tanh" {
            return wrong(
                "hidden_activation",
                &self.hidden_activation,
                "gelu_pytorch_tanh",
            );
        }
        if self.attention_bias {
            return wrong("attention_bias", &true, "false");
        }
        if self.use_bidirectional_attention == Some(true) {
            return wrong("use_bidirectional_attention", &true, "false");
        }
        if let Some(cap) = self.attn_logit_softcapping {
            return wrong("attn_logit_softcapping", &cap, "null");
        }
        if let Some(cap) = self.final_logit_softcapping {
            return wrong("final_logit_softcapping", &cap, "null");
        }
        Ok(())
    }

    /// Base and factor of the global layers, base of the local ones.
    fn rope(&self, path: &Path) -> Result<(f64, f64, f64), Error> {
        let Some(of_kind) = &self.rope_parameters else {
            let factor = self
                .rope_scaling
                .as_ref()
                .map_or(Ok(1.0), |rope| rope.factor(path))?;
            return Ok((self.rope_theta, factor, self.rope_local_base_freq));
        };
        let (global, local) = (&of_kind.full_attention, &of_kind.sliding_attention);
        if local.factor(path)? != 1.0 {
            return Err(Error::Setting {
                path: path.to_owned(),
                key: "rope_parameters.sliding_attention",
                found: "scaled".to_owned(),
                expected: "not scaled",
            });
        }
        let theta = global.rope_theta.unwrap_or(self.rope_theta);
        let local_theta = local.rope_theta.unwrap_or(self.rope_local_base_freq);
        Ok((theta, global.factor(path)?, local_theta))
    }

    fn layer_is_global(&self, path: &Path) -> Result<Vec<bool>, Error> {
        let Some(types) = &self.layer_types else {
            return pattern(path, self.num_hidden_layers, self.sliding_window_pattern);
        };
        let wrong = |found: String, expected| Error::Setting {
            path: path.to_owned(),
            key: "layer_types",
            found,
            expected,
        };
        super::check_layers(path, types.len())?;
        if types.len() != self.num_hidden_layers {
            return Err(wrong(
                format!("{} entries", types.len()),
                "one entry for each of num_hidden_layers",
            ));
        }
        let is_global = |kind: &String| match kind.as_str() {
            "full_attention" => Ok(true),
            "sliding_attention" => Ok(false),
            other => Err(wrong(
                format!("{other:?}"),
                "full_attention or sliding_attention",
            )),
        };
        types.iter().map(is_global).collect()
    }
}

impl Rope {
    fn factor(&self, path: &Path) -> Result<f64, Error> {
        match self.rope_type.as_deref() {
            Some("default") => Ok(1.0),
            Some("linear") | None => Ok(self.factor.unwrap_or(1.0)),
            Some(other) => Err(Error::Setting {
                path: path.to_owned(),
                key: "rope_scaling.rope_type",
                found: other.to_owned(),
                expected: "linear or default",
            }),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        Config::from_json(json, Path::new("config.json"), 262_208).unwrap()
    }

    #[track_caller]
    fn check_refused(json: &str, expected: &str) {
        let error = Config::from_json(json, Path::new("config.json"), 262_208).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    /// As published: what equals the default is not said.
    #[test]
    fn the_4b_model_says_little_and_means_much() {
        let config = config(
            r#"{ "model_type": "gemma3", "text_config": {
                "hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text",
                "num_hidden_layers": 34, "rope_scaling": { "factor": 8.0, "rope_type": "linear" },
                "sliding_window": 1024 }, "vision_config": { "hidden_size": 1152 } }"#,
        );
        let heads = (
            config.num_attention_heads,
            config.num_key_value_heads,
            config.head_dim,
        );
        assert_eq!(heads, (8, 4, 256));
        assert_eq!(config.query_scale, 1.0 / 16.0);
        assert_eq!((config.rope_theta, config.rope_factor), (1e6, 8.0));
        assert_eq!(config.rope_local_base_freq, 1e4);
        assert_eq!(config.vocab_size, 262_208);
        let global: Vec<usize> = (0..34)
            .filter(|layer| config.layer_is_global[*layer])
            .collect();
        assert_eq!(global, [5, 11, 17, 23, 29]);
    }

    #[test]
    fn the_27b_model_scales_queries_by_another_number_than_its_heads_width() {
        let config = config(
            r#"{ "text_config": { "head_dim": 128, "hidden_size": 5376, "intermediate_size": 21504,
                "num_attention_heads": 32, "num_hidden_layers": 62, "num_key_value_heads": 16,
                "query_pre_attn_scalar": 168, "sliding_window": 1024,
                "rope_scaling": { "factor": 8.0, "rope_type": "linear" } } }"#,
        );
        assert!((config.query_scale - 168f32.powf(-0.5)).abs() < 1e-9);
    }

    /// transformers 5 writes one entry a layer and one set of angles a kind.
    #[test]
    fn the_newer_form_means_the_same() {
        let old = config(
            r#"{ "num_hidden_layers": 7, "rope_scaling": { "factor": 8.0, "rope_type": "linear" } }"#,
        );
        let new = config(
            r#"{ "num_hidden_layers": 7, "_sliding_window_pattern": 6,
                "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention",
                    "sliding_attention", "sliding_attention", "full_attention", "sliding_attention"],
                "rope_parameters": {
                    "full_attention": { "rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0 },
                    "sliding_attention": { "rope_type": "default", "rope_theta": 10000.0 } } }"#,
        );
        assert_eq!(old, new);
    }

    #[test]
    fn what_no_gemma_3_has_is_refused() {
        check_refused(
            r#"{ "final_logit_softcapping": 30.0 }"#,
            "config.json: final_logit_softcapping is 30, expected null",
        );
        check_refused(
            r#"{ "rope_scaling": { "rope_type": "yarn", "factor": 8.0 } }"#,
            "config.json: rope_scaling.rope_type is yarn, expected linear or default",
        );
        check_refused(
            r#"{ "hidden_activation": "silu" }"#,
            "config.json: hidden_activation is silu, expected gelu_pytorch_tanh",
        );
        check_refused(
            r#"{ "head_dim": 255 }"#,
            "config.json: head width is 255, expected an even number",
        );
        check_refused(
            r#"{ "query_pre_attn_scalar": 0 }"#,
            "config.json: query scale is inf, expected a positive number",
        );
    }
}
