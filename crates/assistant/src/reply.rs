//! The walk of one message: saved, composed, read, answered, saved.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use engine::{Limits, Prompt};

use crate::assistant::{guarded, lock};
use crate::catch_up::caught_up;
use crate::conversations::{ConversationId, Message};
use crate::event::ReplyEvent;
use crate::loaded::Loaded;
use crate::models::Tuning;
use crate::pictures::PictureId;
use crate::sight::View;
use crate::speak::{Progress, Said, Speech, Words, speak};
use crate::{Assistant, Error, history};

/// The least that must fit after the prompt: an answer of a sentence or two. A prompt that leaves
/// less is refused before any work.
const LEAST_ANSWER_TOKENS: usize = 64;

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// In words; none are needed where there are pictures.
    pub text: &'a str,
    /// Shown before the words: pictures that are kept, each with whether it is also shown in pieces.
    pub pictures: &'a [(PictureId, bool)],
}

impl<'a> From<&'a str> for Question<'a> {
    fn from(text: &'a str) -> Self {
        Self {
            text,
            pictures: &[],
        }
    }
}

impl Assistant {
    /// Saves `question`, has the model answer it, and tells `on_event` as it happens.
    ///
    /// Blocks until the answer has ended; a second question waits its turn and says so. A stop ends
    /// it with [`ReplyEvent::Ended`] like any other answer. After an error the question is kept, and
    /// so is what was written of the answer, cut short.
    pub fn reply<'a>(
        &self,
        conversation: ConversationId,
        question: impl Into<Question<'a>>,
        mut on_event: impl FnMut(ReplyEvent),
    ) -> Result<(), Error> {
        let Question { text, pictures } = question.into();
        if text.trim().is_empty() && pictures.is_empty() {
            return Err(Error::EmptyMessage);
        }
        let stop = self.stop_of(conversation); // from here on a stop is heard
        let question =
            self.library()?
                .add_question_with(conversation, text, pictures, self.now_ms())?;
        let question = Message::from(question);
        self.name_after(&question)?;
        on_event(ReplyEvent::Asked(question.clone()));

        let turn = self.inner.seat.take(&stop, || {
            let loading = self.shown().loading; // by another that needs the same: it will be there then
            on_event(if loading {
                ReplyEvent::Loading
            } else {
                ReplyEvent::Waiting
            });
        });
        let Some(mut seat) = turn else {
            return self.end_unbegun(conversation, &mut on_event);
        };
        let outcome = guarded("wrote an answer", || {
            self.answer(&mut seat, &question, &stop, &mut on_event)
        });
        if let Err(Error::Crashed { .. } | Error::Engine(_)) = outcome {
            // Whatever state it is in, the next question finds a fresh one.
            self.unload(&mut seat);
        }
        outcome
    }

    fn answer(
        &self,
        seat: &mut Option<Loaded>,
        question: &Message,
        stop: &AtomicBool,
        on_event: &mut impl FnMut(ReplyEvent),
    ) -> Result<(), Error> {
        let loaded = self.load_chosen(seat, || on_event(ReplyEvent::Loading))?;
        if stop.load(Ordering::Relaxed) {
            return self.end_unbegun(question.conversation, on_event);
        }
        let (prompt, views) = self.prompt_for(loaded, question)?;

        // The row exists before its first word, marked cut short: a crash leaves the truth.
        let answer = self
            .library()?
            .begin_answer(question.conversation, self.now_ms())?;
        let id = answer.message().id;
        on_event(ReplyEvent::Started(answer.message().clone().into()));
        let looked = self.look(
            loaded,
            &views,
            |picture| self.kept_picture(picture),
            stop,
            |looking| on_event(ReplyEvent::Looking(looking)),
        )?;
        let Some(pictures) = looked else {
            on_event(ReplyEvent::Ended(answer.message().clone().into()));
            return Ok(());
        };
        let answer = Mutex::new(answer);

        let speech = Speech {
            prompt: Prompt {
                ids: &prompt,
                pictures: &pictures,
            },
            sampling: self
                .settings()?
                .sampling
                .for_engine(self.inner.options.entropy),
            limits: Limits {
                max_tokens: None,
                stop_ids: loaded.stop_ids(),
            },
            words: match loaded.model.tuning {
                Tuning::Instructed => Words::of_an_answer(&loaded.tokenizer),
                Tuning::Pretrained => Words::of_a_dialogue(&loaded.tokenizer),
            },
            stop,
        };
        let on_progress = |progress| {
            match progress {
                Progress::Reading {
                    done,
                    total,
                    seconds_left,
                } => {
                    on_event(ReplyEvent::Reading {
                        done,
                        total,
                        seconds_left,
                    });
                }
                Progress::Text {
                    delta,
                    tokens,
                    tokens_per_second,
                } => {
                    // Never more than a second behind.
                    lock(&answer).append(&delta, self.now_ms())?;
                    on_event(ReplyEvent::Text {
                        message: id,
                        delta,
                        tokens,
                        tokens_per_second,
                    });
                }
            }
            Ok(())
        };
        let said = caught_up(
            &answer,
            || self.now_ms(),
            || speak(&mut loaded.engine, speech, on_progress),
        )?;

        let mut answer = answer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let text = answer.message().text.trim_end().to_owned();
        loaded.spoken.remember(
            &loaded.tokenizer,
            question.conversation,
            id,
            &said.ids,
            &text,
        );
        answer.replace(text, self.now_ms())?;
        let kept = answer.finish(said.cut_short, &figures(loaded, &said), self.now_ms())?;
        self.library()?
            .model_was_used(&loaded.model.name, self.now_ms())?;
        on_event(ReplyEvent::Ended(kept.into()));
        Ok(())
    }

    /// The ids of the conversation up to `question`, and what is to be looked at in their places. What
    /// does not fit is refused with its counts.
    fn prompt_for(
        &self,
        loaded: &Loaded,
        question: &Message,
    ) -> Result<(Vec<u32>, Vec<View>), Error> {
        let messages = history::until(self.messages(question.conversation)?, question);
        let compose = |messages: &[Message]| -> Result<(Vec<u32>, Vec<View>), Error> {
            let views = history::views(messages);
            if !views.is_empty() && !loaded.engine.has_eyes() {
                let model = loaded.model.title.clone();
                return Err(Error::NoEyes { model });
            }
            let ids = loaded.compose(None, &history::turns(messages, &loaded.spoken))?;
            prompt::room(ids.len(), loaded.engine.context_len(), LEAST_ANSWER_TOKENS)?;
            Ok((ids, views))
        };
        match compose(&messages) {
            Err(Error::Prompt(prompt::Error::TooLong { .. })) => {
                compose(&history::answered(&messages))
            }
            outcome => outcome,
        }
    }

    /// Stopped before there was an answer: it is kept as one without a word.
    fn end_unbegun(
        &self,
        conversation: ConversationId,
        on_event: &mut impl FnMut(ReplyEvent),
    ) -> Result<(), Error> {
        let answer = self.library()?.begin_answer(conversation, self.now_ms())?;
        let kept = Message::from(answer.message().clone());
        on_event(ReplyEvent::Started(kept.clone()));
        on_event(ReplyEvent::Ended(kept));
        Ok(())
    }

    /// The first message names its conversation, unless a person has.
    fn name_after(&self, question: &Message) -> Result<(), Error> {
        let library = self.library()?;
        if library
            .conversation(question.conversation)?
            .title
            .is_empty()
        {
            library.rename_conversation(question.conversation, &history::title(question))?;
        }
        Ok(())
    }
}

fn figures(loaded: &Loaded, said: &Said) -> library::Figures {
    library::Figures {
        model: loaded.model.name.clone(),
        prompt_tokens: said.prompt_tokens,
        cached_tokens: said.cached_tokens,
        answer_tokens: said.ids.len() as u32,
        prompt_seconds: said.prompt_seconds,
        answer_seconds: said.answer_seconds,
        context_tokens: loaded.engine.context_len() as u32,
    }
}
