//! Models on their way to this machine: fetched, or taken in from a file. One at a time, and it can be cancelled.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use checkpoints::fetch::{self, Sources};
use checkpoints::{Models, Taking, starter};

use crate::assistant::lock;
use crate::event::FetchEvent;
use crate::models::Model;
use crate::{Assistant, Error};

impl Assistant {
    /// Fetches the starter model, verifies it, puts it into the models folder and chooses it.
    pub fn fetch_starter(&self, on_event: impl FnMut(FetchEvent)) -> Result<(), Error> {
        self.fetch(on_event, |models, sources, clock, stop, on_event| {
            starter::fetch(models, sources, clock, stop, on_event)
        })
    }

    /// As [`Self::fetch_starter`], but always the base checkpoint, also where the
    /// instruction-tuned one can be had: the golden data was made with it.
    pub fn fetch_base_starter(&self, on_event: impl FnMut(FetchEvent)) -> Result<(), Error> {
        self.fetch(on_event, |models, sources, clock, stop, on_event| {
            starter::fetch_base(models, sources, clock, stop, on_event)
        })
    }

    /// Fetches the offer of this name, verifies it, puts it into the models folder and chooses it.
    pub fn fetch_model(&self, name: &str, on_event: impl FnMut(FetchEvent)) -> Result<(), Error> {
        let published = checkpoints::published(name).ok_or_else(|| Error::NotOffered {
            name: name.to_owned(),
        })?;
        self.fetch(on_event, |models, sources, clock, stop, on_event| {
            fetch::fetch(published, models, sources, clock, stop, on_event)
        })
    }

    /// As [`Self::import_model`] from a window: tells how far it is, and ends with `None` when [`Self::cancel_fetch`]
    /// is called.
    pub fn open_model(
        &self,
        file: &Path,
        taking: Option<Taking>,
        mut on_event: impl FnMut(FetchEvent),
    ) -> Result<Option<Model>, Error> {
        let fetching = Fetching::begin(self)?;
        on_event(FetchEvent::Step("Taking the file in".to_owned()));
        let begun = Instant::now();
        self.import_model(
            file,
            None,
            taking,
            &fetching.stop,
            |done_bytes, total_bytes| {
                on_event(FetchEvent::Progress {
                    done_bytes,
                    total_bytes,
                    seconds_left: seconds_left(begun.elapsed(), done_bytes, total_bytes),
                });
            },
        )
    }

    /// Makes a running fetch end with `Cancelled`.
    pub fn cancel_fetch(&self) {
        if let Some(stop) = &*lock(&self.inner.fetch) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    fn fetch(
        &self,
        mut on_event: impl FnMut(FetchEvent),
        fetch: impl FnOnce(
            &Models,
            &Sources,
            fn() -> i64,
            &AtomicBool,
            &mut dyn FnMut(fetch::Event),
        ) -> Result<fetch::Outcome, checkpoints::Error>,
    ) -> Result<(), Error> {
        let folder = self.folder()?;
        let fetching = Fetching::begin(self)?;
        let options = &self.inner.options;
        let sources = Sources::usual(options.hub.as_deref());
        let outcome = fetch(
            folder,
            &sources,
            options.clock,
            &fetching.stop,
            &mut |event| {
                on_event(match event {
                    fetch::Event::Step(step) => FetchEvent::Step(step.to_string()),
                    fetch::Event::Progress {
                        done_bytes,
                        total_bytes,
                        seconds_left,
                    } => FetchEvent::Progress {
                        done_bytes,
                        total_bytes,
                        seconds_left,
                    },
                });
            },
        )?;
        drop(fetching);
        on_event(match outcome {
            fetch::Outcome::Here(checkpoint) => {
                self.keep_model(Some(&checkpoint.name))?;
                FetchEvent::Done(checkpoint.into())
            }
            fetch::Outcome::Cancelled => FetchEvent::Cancelled,
        });
        Ok(())
    }
}

/// At the speed so far, once that means something.
fn seconds_left(elapsed: Duration, done_bytes: u64, total_bytes: u64) -> Option<f64> {
    const MEANS_SOMETHING: Duration = Duration::from_secs(1);
    let left_bytes = total_bytes.saturating_sub(done_bytes) as f64;
    let is_known = MEANS_SOMETHING <= elapsed && 0 < done_bytes;
    is_known.then(|| elapsed.as_secs_f64() / done_bytes as f64 * left_bytes)
}

/// Held while a model is fetched: there is one fetch at a time, and it can be cancelled.
struct Fetching<'a> {
    assistant: &'a Assistant,
    stop: Arc<AtomicBool>,
}

impl<'a> Fetching<'a> {
    fn begin(assistant: &'a Assistant) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = lock(&assistant.inner.fetch);
        if running.is_some() {
            return Err(Error::Fetching);
        }
        *running = Some(stop.clone());
        Ok(Self { assistant, stop })
    }
}

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        *lock(&self.assistant.inner.fetch) = None;
    }
}
