//! From a prompt to its continuation.

use crate::sampling::Sampler;
use crate::{Engine, Error, Prompt, Sampling};

/// When to stop by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// So many tokens at most; `None` is as many as the context holds.
    pub max_tokens: Option<usize>,
    /// Ids that end the answer; they are not part of it.
    pub stop_ids: Vec<u32>,
}

/// What happens on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `done` of the prompt's `total` tokens are in the cache. Comes once before reading and once after each chunk.
    Read {
        /// Tokens in the cache.
        done: usize,
        /// Tokens of the prompt.
        total: usize,
    },
    /// The next token of the answer.
    Token(u32),
}

/// What came of it. A stopped answer is an outcome like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Length of the prompt.
    pub prompt_tokens: usize,
    /// How many of them were in the cache already.
    pub cached_tokens: usize,
    /// The answer, without the id that ended it.
    pub ids: Vec<u32>,
    /// Why it ended.
    pub ended: Ended,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The model said so, with this one of [`Limits::stop_ids`].
    StopToken(u32),
    /// [`Limits::max_tokens`] was reached.
    MaxTokens,
    /// The context is full.
    ContextFull,
    /// The caller said so.
    Stopped,
}

impl Engine {
    /// Reads what of `prompt` is not in the cache yet and continues it, token by token.
    ///
    /// The longest usable common beginning of `prompt` and of what was read and generated before, pictures
    /// included, is not read again. `stop` is asked before every chunk and every token; what was read until then stays in the cache.
    pub fn generate(
        &mut self,
        prompt: Prompt,
        sampling: &Sampling,
        limits: &Limits,
        stop: &dyn Fn() -> bool,
        mut on_event: impl FnMut(Event),
    ) -> Result<Outcome, Error> {
        let mut sampler = Sampler::new(sampling)?;
        let laid = self.lay(prompt, 0)?;
        let total = prompt.ids.len();
        self.check_room(total)?;

        let cached_tokens = self.keep_beginning(&laid);
        let mut outcome = Outcome {
            prompt_tokens: total,
            cached_tokens,
            ids: Vec::new(),
            ended: Ended::Stopped,
        };
        on_event(Event::Read {
            done: cached_tokens,
            total,
        });
        let on_chunk = |done| on_event(Event::Read { done, total });
        if !self.read_chunks(&laid, cached_tokens, stop, on_chunk)? {
            return Ok(outcome);
        }

        outcome.ended = loop {
            if limits
                .max_tokens
                .is_some_and(|most| outcome.ids.len() >= most)
            {
                break Ended::MaxTokens;
            }
            if stop() {
                break Ended::Stopped;
            }
            // The last token of an answer is not read before the next prompt asks for it.
            if let Some(id) = outcome.ids.last() {
                if self.cached_ids().len() == self.context_len() {
                    break Ended::ContextFull;
                }
                self.read_token(*id)?;
            }
            let id = self.choose(&mut sampler)?;
            if limits.stop_ids.contains(&id) {
                break Ended::StopToken(id);
            }
            outcome.ids.push(id);
            on_event(Event::Token(id));
        };
        Ok(outcome)
    }
}
