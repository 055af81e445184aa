//! Files from the hub, over lines good and bad: asked for once, checked, and going on where they stopped.
//!
//! Read in this order: `published` (a model of the catalogue), `listing` (what the hub says of a
//! repository), `verified` and `download` (one file), `line` (one question), `watch` (who hears of it).

pub(crate) mod download;
pub(crate) mod line;
mod listing;
mod published;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod verified;
pub(crate) mod watch;

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use crate::checkpoint::Checkpoint;
use crate::disk::Halt;
use crate::error::Error;

pub use published::fetch;

/// The hub's usual address.
pub const HUB: &str = "https://huggingface.co";

/// Where models may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The hub's address; `None` leaves it out.
    pub hub: Option<String>,
    /// How `pip` may be called, the likeliest first: program, then arguments.
    pub pip: Vec<Vec<OsString>>,
    /// How long to wait before each further try when the line is lost; any byte that comes starts
    /// the count again.
    pub pauses: Vec<Duration>,
}

impl Sources {
    /// What a person's machine has: the hub at `endpoint` or its usual address, and pip.
    pub fn usual(endpoint: Option<&str>) -> Self {
        let pip = |python: &str| [python, "-m", "pip"].map(OsString::from).to_vec();
        Self {
            hub: Some(endpoint.unwrap_or(HUB).trim_end_matches('/').to_owned()),
            pip: vec![pip("python3"), pip("python")],
            pauses: [1, 2, 4, 8, 15].map(Duration::from_secs).to_vec(),
        }
    }
}

/// What happens while it comes.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What is being done now; `Display` says it in words for a person.
    Step(Step),
    /// How far the step is.
    Progress {
        /// Bytes that are done.
        done_bytes: u64,
        /// Bytes there are.
        total_bytes: u64,
        /// By the speed of the last seconds, once it is known.
        seconds_left: Option<f64>,
    },
}

/// One thing after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Asking who has it.
    Looking,
    /// It is coming.
    Downloading,
    /// The packages are here and become one file.
    Unpacking,
    /// Whether it is what was published.
    Checking,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Looking => "Looking for the model",
            Self::Downloading => "Downloading the model",
            Self::Unpacking => "Unpacking the model",
            Self::Checking => "Checking the model",
        })
    }
}

/// How a fetch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Verified and in the models folder, or it was there already.
    Here(Checkpoint),
    /// `stop` was set. What arrived is kept for the next try.
    Cancelled,
}

pub(crate) fn outcome(fetched: Result<Checkpoint, Halt>) -> Result<Outcome, Error> {
    match fetched {
        Ok(checkpoint) => Ok(Outcome::Here(checkpoint)),
        Err(Halt::Stopped) => Ok(Outcome::Cancelled),
        Err(Halt::Failed(error)) => Err(error),
    }
}
