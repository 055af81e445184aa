//! Models on their way to this machine, for whoever waits for one: fetched, or taken in from a file. It can be cancelled.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use checkpoints::Taking;
use checkpoints::fetch::Wanted;

use crate::assistant::lock;
use crate::event::FetchEvent;
use crate::fetches::{Fetch, FetchState};
use crate::models::Model;
use crate::{Assistant, Error};

impl Assistant {
    /// Fetches the starter model, verifies it, puts it into the models folder and chooses it.
    pub fn fetch_starter(&self, on_event: impl FnMut(FetchEvent)) -> Result<(), Error> {
        self.fetch_model("starter", on_event)
    }

    /// As [`Self::fetch_starter`], but always the base checkpoint, also where the
    /// instruction-tuned one can be had: the golden data was made with it.
    pub fn fetch_base_starter(&self, on_event: impl FnMut(FetchEvent)) -> Result<(), Error> {
        self.fetch_model("starter-base", on_event)
    }

    /// Queues the offer of this name and waits until it is verified, in the models folder, and chosen. While others come
    /// first, it waits for them too. [`Self::cancel_fetch`] pauses it.
    pub fn fetch_model(
        &self,
        name: &str,
        mut on_event: impl FnMut(FetchEvent),
    ) -> Result<(), Error> {
        let wanted = Wanted::named(name).ok_or_else(|| Error::NotOffered {
            name: name.to_owned(),
        })?;
        let fetching = Fetching::begin(self)?;
        self.queue_fetch(name)?;
        let mut told = Told::default();
        while let Some(fetch) = self.fetch_of(name)? {
            match &fetch.state {
                FetchState::Paused => {
                    on_event(FetchEvent::Cancelled);
                    return Ok(());
                }
                FetchState::Failed { error, hint, .. } => {
                    return Err(Error::FetchFailed {
                        what: error.clone(),
                        hint: hint.clone(),
                    });
                }
                FetchState::Running { .. } => told.tell(&fetch, &mut on_event),
                FetchState::Waiting if self.is_fetching()? => told.tell(&fetch, &mut on_event),
                FetchState::Waiting => {} // for a moment
            }
            if fetching.stop.load(Ordering::Relaxed) {
                match self.pause_fetch(name) {
                    Ok(()) | Err(Error::NotOrdered { .. }) => {} // it is here at this very moment
                    Err(error) => return Err(error),
                }
            }
            self.wait_for_fetches();
        }
        drop(fetching);
        let Some(checkpoint) = wanted.here(&self.folder()?) else {
            on_event(FetchEvent::Cancelled);
            return Ok(());
        };
        self.keep_model(Some(&checkpoint.name))?;
        on_event(FetchEvent::Done(checkpoint.into()));
        Ok(())
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

    /// Makes what is waited for end with `Cancelled`.
    pub fn cancel_fetch(&self) {
        if let Some(stop) = &*lock(&self.inner.fetch) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    fn is_fetching(&self) -> Result<bool, Error> {
        let is_running = |fetch: &Fetch| matches!(fetch.state, FetchState::Running { .. });
        Ok(self.fetches()?.iter().any(is_running))
    }

    fn fetch_of(&self, name: &str) -> Result<Option<Fetch>, Error> {
        Ok(self.fetches()?.into_iter().find(|fetch| fetch.name == name))
    }
}

/// What was told last: steps are told once.
#[derive(Default)]
struct Told {
    step: String,
    bytes: Option<(u64, u64)>,
}

impl Told {
    fn tell(&mut self, fetch: &Fetch, on_event: &mut impl FnMut(FetchEvent)) {
        let (step, seconds) = match &fetch.state {
            FetchState::Running {
                trouble: Some(trouble),
                ..
            } => (trouble.as_str(), None),
            FetchState::Running {
                step, seconds_left, ..
            } => (step.as_str(), *seconds_left),
            _ => ("Waiting for other models to come", None),
        };
        if self.step != step {
            step.clone_into(&mut self.step);
            on_event(FetchEvent::Step(step.to_owned()));
        }
        let Fetch {
            done_bytes,
            total_bytes,
            ..
        } = *fetch;
        if 0 < done_bytes
            && self.bytes.replace((done_bytes, total_bytes)) != Some((done_bytes, total_bytes))
        {
            on_event(FetchEvent::Progress {
                done_bytes,
                total_bytes,
                seconds_left: seconds,
            });
        }
    }
}

/// At the speed so far, once that means something.
fn seconds_left(elapsed: Duration, done_bytes: u64, total_bytes: u64) -> Option<f64> {
    const MEANS_SOMETHING: Duration = Duration::from_secs(1);
    let left_bytes = total_bytes.saturating_sub(done_bytes) as f64;
    let is_known = MEANS_SOMETHING <= elapsed && 0 < done_bytes;
    is_known.then(|| elapsed.as_secs_f64() / done_bytes as f64 * left_bytes)
}

/// Held while somebody waits for a model: one does at a time, and can be told to stop.
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
