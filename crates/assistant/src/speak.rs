//! One generation, from ids to what a person sees: words as they become certain, and how fast.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use engine::{Ended, Engine, Event, Limits, Prompt, Sampling};
use prompt::{Decoder, DialogueStop, Heard, Tokenizer};

use crate::Error;

/// What the model is to say.
pub struct Speech<'a> {
    pub prompt: Prompt<'a>,
    pub sampling: Sampling,
    pub limits: Limits,
    pub words: Words,
    pub stop: &'a AtomicBool,
}

/// What happens on the way.
pub enum Progress {
    /// `done` of `total` tokens of the prompt are read.
    Reading {
        done: u32,
        total: u32,
        seconds_left: Option<f64>,
    },
    /// The answer grew by `delta`, which is never empty.
    Text {
        delta: String,
        tokens: u32,
        tokens_per_second: f64,
    },
}

/// What came of it.
pub struct Said {
    /// All that was generated, also what a dialogue does not show.
    pub ids: Vec<u32>,
    pub prompt_tokens: u32,
    pub cached_tokens: u32,
    pub prompt_seconds: f64,
    pub answer_seconds: f64,
    /// True unless the model ended the answer.
    pub cut_short: bool,
}

/// Has the model say it. An error of `on_progress` ends it and is returned.
pub fn speak(
    engine: &mut Engine,
    speech: Speech,
    on_progress: impl FnMut(Progress) -> Result<(), Error>,
) -> Result<Said, Error> {
    let Speech {
        prompt,
        sampling,
        limits,
        words,
        stop,
    } = speech;
    let begun = Instant::now();
    let hearing = RefCell::new(Hearing {
        words,
        pace: Pace::new(begun),
        on_progress,
        failure: None,
    });
    let over = Cell::new(false); // the dialogue's next speaker begins, or nobody can hear any more
    let outcome = engine.generate(
        prompt,
        &sampling,
        &limits,
        &|| over.get() || stop.load(Ordering::Relaxed),
        |event| over.set(over.get() || hearing.borrow_mut().hear(event)),
    )?;
    let mut hearing = hearing.into_inner();
    hearing.finish();
    if let Some(failure) = hearing.failure {
        return Err(failure);
    }
    let ended = Instant::now();
    let read = hearing.pace.read.unwrap_or(ended);
    Ok(Said {
        prompt_tokens: outcome.prompt_tokens as u32,
        cached_tokens: outcome.cached_tokens as u32,
        prompt_seconds: (read - begun).as_secs_f64(),
        answer_seconds: (ended - read).as_secs_f64(),
        cut_short: match outcome.ended {
            Ended::StopToken(_) => false,
            Ended::Stopped => !over.get(),
            Ended::MaxTokens | Ended::ContextFull => true,
        },
        ids: outcome.ids,
    })
}

struct Hearing<F> {
    words: Words,
    pace: Pace,
    on_progress: F,
    failure: Option<Error>,
}

impl<F: FnMut(Progress) -> Result<(), Error>> Hearing<F> {
    /// Tells what happened; true if the answer is over.
    fn hear(&mut self, event: Event) -> bool {
        let now = Instant::now();
        match event {
            Event::Read { done, total } => {
                let seconds_left = self.pace.read(done, total, now);
                self.tell(Progress::Reading {
                    done: done as u32,
                    total: total as u32,
                    seconds_left,
                });
            }
            Event::Token(id) => {
                self.pace.token(now);
                if let Some(delta) = self.words.push(id) {
                    self.tell_text(delta, now);
                }
            }
        }
        self.words.over || self.failure.is_some()
    }

    fn finish(&mut self) {
        if let Some(delta) = self.words.finish() {
            self.tell_text(delta, Instant::now());
        }
    }

    fn tell_text(&mut self, delta: String, now: Instant) {
        let (tokens, tokens_per_second) = (self.pace.tokens, self.pace.tokens_per_second(now));
        self.tell(Progress::Text {
            delta,
            tokens,
            tokens_per_second,
        });
    }

    fn tell(&mut self, progress: Progress) {
        if self.failure.is_none() {
            self.failure = (self.on_progress)(progress).err();
        }
    }
}

/// When things happened, and what follows for the rest.
struct Pace {
    begun: Instant,
    /// Tokens that needed no reading.
    cached: Option<usize>,
    /// When all was read.
    read: Option<Instant>,
    first_token: Option<Instant>,
    tokens: u32,
}

impl Pace {
    fn new(begun: Instant) -> Self {
        Self {
            begun,
            cached: None,
            read: None,
            first_token: None,
            tokens: 0,
        }
    }

    /// Seconds until all is read, at the speed so far; the first report only says where reading begins.
    fn read(&mut self, done: usize, total: usize, now: Instant) -> Option<f64> {
        if done >= total {
            self.read = Some(now);
        }
        let Some(cached) = self.cached else {
            self.cached = Some(done);
            return None;
        };
        let (read, left) = (done.saturating_sub(cached), total.saturating_sub(done));
        (read > 0).then(|| (now - self.begun).as_secs_f64() / read as f64 * left as f64)
    }

    fn token(&mut self, now: Instant) {
        self.first_token.get_or_insert(now);
        self.tokens += 1;
    }

    /// The first token is a result of reading: the speed is that of those after it, 0 before there is one.
    fn tokens_per_second(&self, now: Instant) -> f64 {
        let seconds = self
            .first_token
            .map_or(0.0, |first| (now - first).as_secs_f64());
        if seconds > 0.0 {
            f64::from(self.tokens.saturating_sub(1)) / seconds
        } else {
            0.0
        }
    }
}

/// Ids to what is shown.
pub struct Words {
    decoder: Option<Decoder>,
    /// Watches for the next speaker, where the model was not taught to end its turn.
    dialogue: Option<DialogueStop>,
    /// White space at the beginning belongs to the prompt's layout, not to the answer.
    trims: bool,
    over: bool,
}

impl Words {
    /// An answer of a model that was taught to chat.
    pub fn of_an_answer(tokenizer: &Tokenizer) -> Self {
        Self {
            decoder: Some(tokenizer.decoder()),
            dialogue: None,
            trims: true,
            over: false,
        }
    }

    /// An answer of a base model, which would go on with the person's next question.
    pub fn of_a_dialogue(tokenizer: &Tokenizer) -> Self {
        Self {
            dialogue: Some(DialogueStop::new()),
            ..Self::of_an_answer(tokenizer)
        }
    }

    /// A continuation, as it comes.
    pub fn of_a_continuation(tokenizer: &Tokenizer) -> Self {
        Self {
            trims: false,
            ..Self::of_an_answer(tokenizer)
        }
    }

    /// What can be shown because of `id`, if anything.
    fn push(&mut self, id: u32) -> Option<String> {
        if self.over {
            return None;
        }
        let text = self.decoder.as_mut()?.push(id)?;
        let text = match &mut self.dialogue {
            None => text,
            Some(dialogue) => match dialogue.push(&text) {
                Heard::Text(text) => text,
                Heard::Last(text) => {
                    self.over = true;
                    text
                }
            },
        };
        self.trimmed(text)
    }

    /// What was held back, once no more ids come.
    fn finish(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        self.over = true;
        let mut text = self.decoder.take()?.finish();
        if let Some(mut dialogue) = self.dialogue.take() {
            text = match dialogue.push(&text) {
                Heard::Text(text) => text + &dialogue.finish(),
                Heard::Last(text) => text,
            };
        }
        self.trimmed(text)
    }

    fn trimmed(&mut self, text: String) -> Option<String> {
        let text = if self.trims {
            text.trim_start().to_owned()
        } else {
            text
        };
        self.trims &= text.is_empty();
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_left_follows_from_the_speed_so_far() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut pace = Pace::new(begun);
        assert_eq!(
            pace.read(100, 1000, at(0)),
            None,
            "what was cached says nothing about speed"
        );
        assert_eq!(pace.read(400, 1000, at(3)), Some(6.0));
        assert_eq!(pace.read(1000, 1000, at(9)), Some(0.0));
        assert_eq!(pace.read, Some(at(9)));
    }

    #[test]
    fn speed_counts_from_the_first_token() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut pace = Pace::new(begun);
        pace.token(at(10));
        assert_eq!(pace.tokens_per_second(at(10)), 0.0);
        pace.token(at(11));
        pace.token(at(12));
        assert_eq!(pace.tokens_per_second(at(12)), 1.0);
    }

    #[test]
    fn white_space_before_an_answer_is_not_shown() {
        let tokenizer = crate::vocabulary::letters();
        #[track_caller]
        fn check(mut words: Words, tokenizer: &Tokenizer, said: &str, expected: &str) {
            let ids = tokenizer.literal(said);
            let mut shown: String = ids.into_iter().filter_map(|id| words.push(id)).collect();
            shown.push_str(&words.finish().unwrap_or_default());
            assert_eq!(shown, expected);
        }
        check(
            Words::of_an_answer(&tokenizer),
            &tokenizer,
            " \n a b",
            "a b",
        );
        check(
            Words::of_a_continuation(&tokenizer),
            &tokenizer,
            " a b",
            " a b",
        );
        check(Words::of_a_dialogue(&tokenizer), &tokenizer, " a b", "a b");
    }
}
