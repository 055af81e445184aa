//! Numbers instead of words: what the goldens are compared with.

mod features;
mod likely;
mod lines;
mod pixels;
mod tensors;

use std::fs;
use std::path::Path;

use engine::{Engine, Numerics, Prompt};
use prompt::Tokenizer;

use self::likely::{likeliest, log_sum_exp};
use self::lines::Line;
use self::tensors::{Plan, Writer, read_input_ids, read_pictures};
use crate::{Assistant, Error, loaded, vocabulary};

pub use self::features::Features;
pub use self::pixels::Pixels;

/// Which arithmetic the forward pass uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// float32 throughout, embedding scale not rounded: the arithmetic of the reference.
    Exact,
    /// What a chat uses.
    Fast,
}

/// What `lectern eval logits` was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits<'a> {
    /// Name in the models folder, or a path to a GGUF file or Hugging Face folder.
    pub model: &'a str,
    /// The picture tower; `None` is the one in the folder or beside the file.
    pub mmproj: Option<&'a Path>,
    /// safetensors with `input_ids` (i32 `[T]`), and where pictures are among them `pixel_values`
    /// (f32 `[n, 3, 896, 896]`).
    pub input: &'a Path,
    /// safetensors: `logits` (f32 `[T, vocabulary]`), or with `top` `nll` `[T-1]`, `top_ids` (i32) and `top_logprobs` `[T, K]`.
    pub output: &'a Path,
    /// Which arithmetic.
    pub precision: Precision,
    /// Positions read at once; `None` is the engine's own choice.
    pub chunk: Option<usize>,
    /// How many of the likeliest next tokens to keep at every position; `None` keeps all logits.
    pub top: Option<usize>,
}

impl Assistant {
    /// Computes what comes next at every position of a token sequence.
    pub fn eval_logits(&self, logits: &Logits) -> Result<(), Error> {
        let ids = read_input_ids(logits.input)?;
        let pixels = read_pictures(logits.input)?;
        let mut engine =
            self.engine_at(logits.model, logits.mmproj, logits.precision, logits.chunk)?;
        let pictures = features::encoded(&mut engine, &pixels)?;
        let prompt = Prompt {
            ids: &ids,
            pictures: &pictures,
        };
        match logits.top {
            None => write_all(&mut engine, prompt, logits.output),
            Some(k) => write_top(&mut engine, prompt, k, logits.output),
        }
    }

    fn engine_at(
        &self,
        model: &str,
        mmproj: Option<&Path>,
        precision: Precision,
        chunk: Option<usize>,
    ) -> Result<Engine, Error> {
        let model = self.model_at(model)?;
        let numerics = match precision {
            Precision::Exact => Numerics::Exact,
            Precision::Fast => Numerics::Fast,
        };
        let mmproj = mmproj.or(model.mmproj.as_deref());
        let weights = engine::Weights::open_with(&model.path, mmproj)?;
        let image_token = vocabulary::image_token(&model.path, &weights)?;
        let setup = loaded::setup(self.compute(), numerics, chunk, None, image_token);
        Ok(Engine::load(weights, setup)?)
    }

    /// Each line of `input` is `{"text": …}` or `{"messages": […], …}` as in `tests/golden/prompts.json`;
    /// each line of `output` is `{"ids": […]}`. Messages go through the chat template, whatever the
    /// model was taught.
    pub fn eval_prompt(&self, model: &str, input: &Path, output: &Path) -> Result<(), Error> {
        let model = self.model_at(model)?;
        let tokenizer = vocabulary::tokenizer_of(&model.path)?;
        let text = fs::read_to_string(input).map_err(|source| Error::io("read", input, source))?;
        let mut out = String::new();
        for (place, line) in text.lines().enumerate() {
            let ids = ids_of(&tokenizer, line).map_err(|what| Error::Line {
                path: input.to_owned(),
                line: place + 1,
                what,
            })?;
            out += &format!("{}\n", serde_json::json!({ "ids": ids }));
        }
        fs::write(output, out).map_err(|source| Error::io("write", output, source))
    }
}

fn ids_of(tokenizer: &Tokenizer, line: &str) -> Result<Vec<u32>, String> {
    match lines::read(line)? {
        Line::Text(text) => Ok(tokenizer.marked(&text)),
        Line::Conversation { system, turns } => {
            prompt::chat(tokenizer, system.as_deref(), &turns).map_err(|error| error.to_string())
        }
    }
}

/// Every row goes to the file as it comes: all of them may be more than memory holds.
fn write_all(engine: &mut Engine, prompt: Prompt, output: &Path) -> Result<(), Error> {
    let shape = [prompt.ids.len(), engine.vocabulary_len()];
    let mut writer = Writer::create(
        output,
        &[Plan {
            name: "logits",
            dtype: "F32",
            shape: &shape,
        }],
    )?;
    let mut written = Ok(());
    engine.logits(prompt, |_, rows| {
        if written.is_ok() {
            written = writer.f32s(rows);
        }
    })?;
    written?;
    writer.finish()
}

fn write_top(engine: &mut Engine, prompt: Prompt, k: usize, output: &Path) -> Result<(), Error> {
    let ids = prompt.ids;
    let n_words = engine.vocabulary_len();
    let k = k.min(n_words);
    let mut nll = Vec::with_capacity(ids.len());
    let (mut top_ids, mut top_logprobs) = (Vec::new(), Vec::new());
    engine.logits(prompt, |first, rows| {
        for (place, row) in (first..).zip(rows.chunks_exact(n_words)) {
            let sum = log_sum_exp(row);
            let log_probability = |logit: f32| (f64::from(logit) - sum) as f32;
            if let Some(next) = ids.get(place + 1) {
                nll.push(-log_probability(row[*next as usize]));
            }
            for (id, logit) in likeliest(row, k) {
                top_ids.push(id as i32);
                top_logprobs.push(log_probability(logit));
            }
        }
    })?;
    let (pairs, table) = ([nll.len()], [ids.len(), k]);
    let mut writer = Writer::create(
        output,
        &[
            Plan {
                name: "nll",
                dtype: "F32",
                shape: &pairs,
            },
            Plan {
                name: "top_ids",
                dtype: "I32",
                shape: &table,
            },
            Plan {
                name: "top_logprobs",
                dtype: "F32",
                shape: &table,
            },
        ],
    )?;
    writer.f32s(&nll)?;
    writer.i32s(&top_ids)?;
    writer.f32s(&top_logprobs)?;
    writer.finish()
}
