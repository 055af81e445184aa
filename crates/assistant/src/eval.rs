//! Numbers instead of words: what the goldens are compared with.

use std::path::Path;

use crate::{Assistant, Error};

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
    pub model: &'a str,
    /// safetensors with `input_ids` (i32 `[T]`).
    pub input: &'a Path,
    /// safetensors: `logits` (f32 `[T, vocabulary]`), or with `top` `nll` `[T-1]`, `top_ids` (i32) and `top_logprobs` `[T, K]`.
    pub output: &'a Path,
    pub precision: Precision,
    /// Positions read at once; `None` is the engine's own choice.
    pub chunk: Option<usize>,
    pub top: Option<usize>,
}

impl Assistant {
    pub fn eval_logits(&self, logits: &Logits) -> Result<(), Error> {
        todo!()
    }

    /// Each line of `input` is `{"text": …}` or `{"messages": […], …}` as in `tests/golden/prompts.json`;
    /// each line of `output` is `{"ids": […]}`.
    pub fn eval_prompt(&self, model: &str, input: &Path, output: &Path) -> Result<(), Error> {
        todo!()
    }
}
