//! One question or one continuation without the store: what `lectern ask` and `complete` do.

use std::sync::atomic::AtomicBool;

use engine::{Limits, Prompt};
use prompt::Turn;

use crate::assistant::guarded;
use crate::loaded::Loaded;
use crate::models::Tuning;
use crate::settings::Sampling;
use crate::speak::{Progress, Speech, Words, speak};
use crate::{Assistant, Error};

/// A question that leaves no trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask<'a> {
    /// Name in the models folder, or a path to a GGUF file or Hugging Face folder; `None` is the chosen model.
    pub model: Option<&'a str>,
    /// What the model is told before the question; a continuation has none.
    pub system: Option<&'a str>,
    /// The question, or the text to go on with.
    pub text: &'a str,
    /// How the answer is drawn.
    pub sampling: Sampling,
    /// So many tokens at most; `None` is as many as the context holds.
    pub max_tokens: Option<u32>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AskOutcome {
    /// All that `on_text` heard.
    pub text: String,
    /// The model's name.
    pub model: String,
    /// Tokens that were read.
    pub prompt_tokens: u32,
    /// Tokens that were written.
    pub answer_tokens: u32,
    /// How long reading took.
    pub prompt_seconds: f64,
    /// How long writing took.
    pub answer_seconds: f64,
    /// The seed that was used, so that the answer can be had again.
    pub seed: u64,
    /// True if `stop`, `max_tokens` or the context ended it.
    pub cut_short: bool,
}

impl AskOutcome {
    /// Stopped before anything was said.
    fn unbegun(model: String, seed: u64) -> Self {
        Self {
            text: String::new(),
            model,
            prompt_tokens: 0,
            answer_tokens: 0,
            prompt_seconds: 0.0,
            answer_seconds: 0.0,
            seed,
            cut_short: true,
        }
    }
}

impl Assistant {
    /// Answers through the chat template (or, for a base model, the dialogue prompt), until `stop` is set.
    pub fn ask(
        &self,
        ask: &Ask,
        stop: &AtomicBool,
        on_text: impl FnMut(&str),
    ) -> Result<AskOutcome, Error> {
        if ask.text.trim().is_empty() {
            return Err(Error::EmptyMessage);
        }
        self.say(ask, stop, on_text, |loaded| {
            let ids = loaded.compose(ask.system, &[Turn::user(ask.text)])?;
            let words = match loaded.model.tuning {
                Tuning::Instructed => Words::of_an_answer(&loaded.tokenizer),
                Tuning::Pretrained => Words::of_a_dialogue(&loaded.tokenizer),
            };
            Ok((ids, words))
        })
    }

    /// Continues the text as it stands, until `stop` is set.
    pub fn complete(
        &self,
        ask: &Ask,
        stop: &AtomicBool,
        on_text: impl FnMut(&str),
    ) -> Result<AskOutcome, Error> {
        self.say(ask, stop, on_text, |loaded| {
            let ids = prompt::continuation(&loaded.tokenizer, ask.text)?;
            Ok((ids, Words::of_a_continuation(&loaded.tokenizer)))
        })
    }

    fn say(
        &self,
        ask: &Ask,
        stop: &AtomicBool,
        mut on_text: impl FnMut(&str),
        compose: impl FnOnce(&Loaded) -> Result<(Vec<u32>, Words), Error>,
    ) -> Result<AskOutcome, Error> {
        let model = match ask.model {
            Some(model) => self.model_at(model)?,
            None => self.chosen_model()?.ok_or(Error::NoModel)?,
        };
        let sampling = ask.sampling.for_engine(self.inner.options.entropy);
        let Some(mut seat) = self.inner.seat.take(stop, || {}) else {
            return Ok(AskOutcome::unbegun(model.name, sampling.seed));
        };
        let outcome = guarded("wrote an answer", || {
            let loaded = self.load(&mut seat, &model, || {})?;
            let (ids, words) = compose(loaded)?;
            prompt::room(ids.len(), loaded.engine.context_len(), 1)?;
            let limits = Limits {
                max_tokens: ask.max_tokens.map(|tokens| tokens as usize),
                stop_ids: loaded.stop_ids(),
            };
            let mut text = String::new();
            let seed = sampling.seed;
            let speech = Speech {
                prompt: Prompt::text(&ids),
                sampling,
                limits,
                words,
                stop,
            };
            let said = speak(&mut loaded.engine, speech, |progress| {
                if let Progress::Text { delta, .. } = progress {
                    text.push_str(&delta);
                    on_text(&delta);
                }
                Ok(())
            })?;
            Ok(AskOutcome {
                text,
                model: loaded.model.name.clone(),
                prompt_tokens: said.prompt_tokens,
                answer_tokens: said.ids.len() as u32,
                prompt_seconds: said.prompt_seconds,
                answer_seconds: said.answer_seconds,
                seed,
                cut_short: said.cut_short,
            })
        });
        if let Err(Error::Crashed { .. } | Error::Engine(_)) = outcome {
            self.unload(&mut seat);
        }
        outcome
    }
}
