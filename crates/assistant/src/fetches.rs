//! Models that are to come: a queue that survives everything, because it lies in the models folder and not in here.
//!
//! Whoever asks for something writes it into the order book (`checkpoints::orders`). Each process that wants a model to
//! come has one thread that works through the book (`worker`, and for each model `attempt` and `overseer`), one model after the other; of several processes one
//! does, and the others watch. A wish that another process writes is obeyed within a second.
//!
//! What a window shows is `shown`; who wants to hear of changes is in `watching`.

mod attempt;
mod overseer;
mod shown;
mod watching;
mod worker;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use checkpoints::fetch::Wanted;
use checkpoints::orders::{Entry, Failure, Order, Report, Wish};

use crate::assistant::lock;
use crate::{Assistant, Error};

/// Whoever fetches looks at the book more often than this.
const OBEYED_WITHIN: Duration = Duration::from_secs(10);
/// Between two looks at what another process does.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A model that is to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// What it was asked for by: a name of the offers, or `starter`.
    pub name: String,
    /// "Gemma 3 4B"
    pub title: String,
    /// Bytes that came.
    pub done_bytes: u64,
    /// Bytes there are.
    pub total_bytes: u64,
    /// What it does.
    pub state: FetchState,
}

/// What a fetch does.
#[derive(Debug, Clone, PartialEq)]
pub enum FetchState {
    /// Others come first.
    Waiting,
    /// It comes.
    Running {
        /// "Downloading the model"
        step: String,
        /// In the last seconds; `None` until that is known.
        bytes_per_second: Option<f64>,
        /// By that speed.
        seconds_left: Option<f64>,
        /// "The line to huggingface.co broke; trying again in 8 seconds"
        trouble: Option<String>,
    },
    /// A person wants it to wait. What came is kept.
    Paused,
    /// It does not come unless somebody does something. What came is kept.
    Failed {
        /// What happened.
        error: String,
        /// What to do about it.
        hint: String,
        /// Whether it takes a token of an account that has agreed to the terms.
        needs_token: bool,
    },
}

/// What this process knows of fetches, beside what the book says.
#[derive(Default)]
pub(crate) struct Fetches {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Counts what a window might want to show.
    changes: u64,
    /// Counts what was asked for: who works looks again before it ends.
    asked: u64,
    is_working: bool,
    /// True once the process is to end.
    is_leaving: bool,
    running: Option<Running>,
    /// What could not even be written into the book, by order and attempt.
    failures: HashMap<String, (u32, Failure)>,
}

/// The fetch that this process is at.
struct Running {
    name: String,
    stop: Arc<AtomicBool>,
    report: Report,
}

impl Fetches {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Lets everybody look who waits for a change.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        state.changes += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until something changed after the change number `seen`, or for `at_most`. Yields the number of the last.
    fn wait(&self, seen: u64, at_most: Duration) -> u64 {
        let state = self.state();
        let waited = self
            .changed
            .wait_timeout_while(state, at_most, |state| state.changes == seen);
        match waited {
            Ok((state, _)) => state.changes,
            Err(poisoned) => poisoned.into_inner().0.changes,
        }
    }

    /// Forgets why `name` could not be begun: somebody asks for another attempt.
    fn forgive(&self, name: &str) {
        self.state().failures.remove(name);
    }

    /// Makes the fetch of `name` end soon, if this process is at it.
    fn stop(&self, name: &str) {
        let state = self.state();
        if let Some(running) = state.running.as_ref().filter(|it| it.name == name) {
            running.stop.store(true, Ordering::Relaxed);
        }
        self.tell(state);
    }
}

impl Assistant {
    /// Every model that is to come, in the order in which they will.
    pub fn fetches(&self) -> Result<Vec<Fetch>, Error> {
        shown::fetches(self)
    }

    /// Puts a model into the queue, or lets it go on where it stopped: one of the offers by its name, or `starter`.
    /// Returns at once.
    pub fn queue_fetch(&self, name: &str) -> Result<(), Error> {
        let wanted = Wanted::named(name).ok_or_else(|| Error::NotOffered {
            name: name.to_owned(),
        })?;
        let models = &self.folder()?;
        if wanted.here(models).is_some() {
            return Ok(());
        }
        match models.order(name)? {
            Some(entry) if is_coming(&entry) => {}
            entry => models.put_order(name, self.next_order(entry.as_ref()))?,
        }
        self.inner.fetches.forgive(name);
        worker::wake(self);
        Ok(())
    }

    /// Lets a fetch wait. What came is kept.
    pub fn pause_fetch(&self, name: &str) -> Result<(), Error> {
        let models = &self.folder()?;
        let wish = Wish::Pause;
        let order = ordered(models.order(name)?, name)?.order?;
        models.put_order(name, Order { wish, ..order })?;
        self.inner.fetches.stop(name);
        Ok(())
    }

    /// Lets a fetch go on that waits or failed.
    pub fn resume_fetch(&self, name: &str) -> Result<(), Error> {
        let models = &self.folder()?;
        let entry = ordered(models.order(name)?, name)?;
        if !is_coming(&entry) {
            models.put_order(name, self.next_order(Some(&entry)))?;
        }
        self.inner.fetches.forgive(name);
        worker::wake(self);
        Ok(())
    }

    /// Takes a model out of the queue, and what came of it from the disk. Says how many bytes that freed.
    pub fn cancel_fetch_of(&self, name: &str) -> Result<u64, Error> {
        let models = &self.folder()?;
        let entry = ordered(models.order(name)?, name)?;
        let order = entry.order.unwrap_or(Order {
            wish: Wish::Cancel,
            since_ms: self.now_ms(),
            attempt: 0,
        });
        let freed_bytes = entry
            .wanted
            .map_or(0, |wanted| wanted.partial_bytes(models));
        let wish = Wish::Cancel;
        models.put_order(name, Order { wish, ..order })?;
        self.inner.fetches.stop(name);
        worker::wake(self);
        let (begun, mut seen) = (Instant::now(), 0);
        while models.order(name)?.is_some() {
            if OBEYED_WITHIN < begun.elapsed() {
                let folder = models.folder().to_owned();
                return Err(checkpoints::Error::Busy { folder }.into());
            }
            seen = self.inner.fetches.wait(seen, LOOK_EVERY);
        }
        Ok(freed_bytes)
    }

    /// Goes on with what was coming when Lectern was closed, or ended otherwise. What a person paused stays so.
    pub fn carry_on_fetches(&self) {
        worker::wake(self);
    }

    /// Lets go of what is being fetched, because Lectern is being closed: it goes on with the next start.
    pub fn leave_fetches(&self) {
        let mut state = self.inner.fetches.state();
        state.is_leaving = true;
        if let Some(running) = &state.running {
            running.stop.store(true, Ordering::Relaxed);
        }
        self.inner.fetches.tell(state);
    }

    /// Calls `on_change` with all fetches, now and whenever something changes, at most ten times a second, until it
    /// returns false.
    pub fn watch_fetches(&self, on_change: impl FnMut(Vec<Fetch>) -> bool + Send + 'static) {
        watching::watch(self, on_change);
    }

    /// Until something changes, or might have.
    pub(crate) fn wait_for_fetches(&self) {
        const MIGHT_HAVE: Duration = Duration::from_millis(100);
        let seen = self.inner.fetches.state().changes;
        self.inner.fetches.wait(seen, MIGHT_HAVE);
    }

    /// One more attempt at what was ordered, in its place; at the end of the queue if nothing was.
    fn next_order(&self, entry: Option<&Entry>) -> Order {
        let before = entry.and_then(|entry| entry.order.as_ref().ok());
        Order {
            wish: Wish::Come,
            since_ms: before.map_or_else(|| self.now_ms(), |order| order.since_ms),
            attempt: before.map_or(1, |order| order.attempt.wrapping_add(1)),
        }
    }
}

fn ordered(entry: Option<Entry>, name: &str) -> Result<Entry, Error> {
    entry.ok_or_else(|| Error::NotOrdered {
        name: name.to_owned(),
    })
}

/// Whether it comes without anybody asking again.
fn is_coming(entry: &Entry) -> bool {
    let is_wanted = matches!(&entry.order, Ok(order) if order.wish == Wish::Come);
    is_wanted && failure(entry).is_none()
}

/// Why the order was given up, if it was and nobody asked again.
fn failure(entry: &Entry) -> Option<&Failure> {
    let order = entry.order.as_ref().ok()?;
    let report = entry.report.as_ref()?;
    let is_of_this = report.attempt == order.attempt;
    report.failure.as_ref().filter(|_| is_of_this)
}
