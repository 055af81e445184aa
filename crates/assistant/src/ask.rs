//! One question or one continuation without the store: what `lectern ask` and `complete` do.

use std::sync::atomic::AtomicBool;

use crate::settings::Sampling;
use crate::{Assistant, Error};

/// A question that leaves no trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask<'a> {
    /// Name in the models folder, or a path to a GGUF file or Hugging Face folder; `None` is the chosen model.
    pub model: Option<&'a str>,
    pub system: Option<&'a str>,
    pub text: &'a str,
    pub sampling: Sampling,
    pub max_tokens: Option<u32>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AskOutcome {
    pub text: String,
    pub model: String,
    pub prompt_tokens: u32,
    pub answer_tokens: u32,
    pub prompt_seconds: f64,
    pub answer_seconds: f64,
    /// The seed that was used, so that the answer can be had again.
    pub seed: u64,
    /// True if `max_tokens` or the context ended it.
    pub cut_short: bool,
}

impl Assistant {
    /// Answers through the chat template (or, for a base model, the dialogue prompt).
    pub fn ask(
        &self,
        ask: &Ask,
        stop: &AtomicBool,
        on_text: impl FnMut(&str),
    ) -> Result<AskOutcome, Error> {
        todo!()
    }

    /// Continues the text as it stands. `system` must be `None`.
    pub fn complete(
        &self,
        ask: &Ask,
        stop: &AtomicBool,
        on_text: impl FnMut(&str),
    ) -> Result<AskOutcome, Error> {
        todo!()
    }
}
