//! One question or one continuation without the store: what `lectern ask` and `complete` do.

use std::sync::atomic::AtomicBool;

use std::path::PathBuf;

use documents::Picture as Decoded;
use engine::{Limits, Prompt};
use library::PictureId;
use prompt::{PanAndScan, Part, Turn};

use crate::assistant::guarded;
use crate::loaded::Loaded;
use crate::models::{Model, Tuning};
use crate::settings::Sampling;
use crate::sight::{self, Looking, View};
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

/// What is shown with a question.
#[derive(Debug, Clone, PartialEq)]
pub struct AskPictures<'a> {
    /// PNG, JPEG, WebP, GIF, BMP or TIFF files, in this order.
    pub files: &'a [PathBuf],
    /// How each is also shown in pieces; `None` shows them whole only.
    pub pan_and_scan: Option<PanAndScan>,
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
        let none = AskPictures {
            files: &[],
            pan_and_scan: None,
        };
        self.ask_about(ask, &none, stop, |_| {}, on_text)
    }

    /// The same with pictures, before the question's words. `on_look` is told how far looking at them is,
    /// where the model has not seen them before. A model without eyes is an error before any work.
    pub fn ask_about(
        &self,
        ask: &Ask,
        pictures: &AskPictures,
        stop: &AtomicBool,
        on_look: impl FnMut(Looking),
        on_text: impl FnMut(&str),
    ) -> Result<AskOutcome, Error> {
        if ask.text.trim().is_empty() {
            return Err(Error::EmptyMessage);
        }
        let model = self.asked(ask)?;
        if !pictures.files.is_empty() && model.weights()?.tower().is_none() {
            return Err(Error::NoEyes { model: model.title });
        }
        let shown = Shown::read(pictures)?;
        let mut turn = Turn::user(ask.text);
        turn.content.splice(0..0, shown.parts);
        let gallery = Gallery {
            decoded: &shown.decoded,
            views: &shown.views,
        };
        self.say(ask, model, gallery, stop, on_look, on_text, |loaded| {
            let ids = loaded.compose(ask.system, &[turn])?;
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
        let model = self.asked(ask)?;
        self.say(
            ask,
            model,
            Gallery::EMPTY,
            stop,
            |_| {},
            on_text,
            |loaded| {
                let ids = prompt::continuation(&loaded.tokenizer, ask.text)?;
                Ok((ids, Words::of_a_continuation(&loaded.tokenizer)))
            },
        )
    }

    fn asked(&self, ask: &Ask) -> Result<Model, Error> {
        match ask.model {
            Some(model) => self.model_at(model),
            None => self.chosen_model()?.ok_or(Error::NoModel),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what is asked, of whom, and who listens"
    )]
    fn say(
        &self,
        ask: &Ask,
        model: Model,
        gallery: Gallery,
        stop: &AtomicBool,
        on_look: impl FnMut(Looking),
        mut on_text: impl FnMut(&str),
        compose: impl FnOnce(&Loaded) -> Result<(Vec<u32>, Words), Error>,
    ) -> Result<AskOutcome, Error> {
        let sampling = ask.sampling.for_engine(self.inner.options.entropy);
        let Some(mut seat) = self.inner.seat.take(stop, || {}) else {
            return Ok(AskOutcome::unbegun(model.name, sampling.seed));
        };
        let outcome = guarded("wrote an answer", || {
            let loaded = self.load(&mut seat, &model, None, || {})?;
            let (ids, words) = compose(loaded)?;
            prompt::room(ids.len(), loaded.engine.context_len(), 1)?;
            let open = |id| {
                let found = gallery.decoded.iter().find(|(known, _)| *known == id);
                Ok(found.expect("every view is of one of them").1.clone())
            };
            let looked = self.look(loaded, gallery.views, open, stop, on_look)?;
            let Some(pictures) = looked else {
                return Ok(AskOutcome::unbegun(
                    loaded.model.name.clone(),
                    sampling.seed,
                ));
            };
            let limits = Limits {
                max_tokens: ask.max_tokens.map(|tokens| tokens as usize),
                stop_ids: loaded.stop_ids(),
            };
            let mut text = String::new();
            let seed = sampling.seed;
            let speech = Speech {
                prompt: Prompt {
                    ids: &ids,
                    pictures: &pictures,
                },
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
        // One that is given by its path is not among the models here, and needs no library.
        let is_ours = ask.model.is_none_or(|name| name == model.name);
        if outcome.is_ok() && is_ours {
            // The answer is there: what is not kept of it is no reason to fail.
            let _ = self
                .library()
                .and_then(|library| Ok(library.model_was_used(&model.name, self.now_ms())?));
        }
        outcome
    }
}

/// Pictures that were read from their files.
#[derive(Default)]
struct Shown {
    decoded: Vec<(PictureId, Decoded)>,
    views: Vec<View>,
    /// Their places in the question.
    parts: Vec<Part>,
}

impl Shown {
    fn read(pictures: &AskPictures) -> Result<Self, Error> {
        let mut shown = Self::default();
        for file in pictures.files {
            let (id, picture) = sight::read_file(file)?;
            let (width, height) = (picture.width(), picture.height());
            let crops = match &pictures.pan_and_scan {
                Some(how) => prompt::crops(width, height, how)?,
                None => Vec::new(),
            };
            shown.views.extend(View::all_of(id, &crops));
            shown.parts.push(Part::Picture {
                width,
                height,
                pan_and_scan: pictures.pan_and_scan,
            });
            shown.decoded.push((id, picture));
        }
        Ok(shown)
    }
}

/// What is to be looked at.
struct Gallery<'a> {
    decoded: &'a [(PictureId, Decoded)],
    views: &'a [View],
}

impl Gallery<'_> {
    const EMPTY: Self = Self {
        decoded: &[],
        views: &[],
    };
}
