//! Files from the hub, over lines good and bad: asked for once, checked, and going on where they stopped.
//!
//! Read in this order: `wanted` (what can be fetched), `published` (a model of the catalogue), `listing` (what the hub
//! says of a repository), `verified`, `download`, `lanes` and `part` (one file), `line` (one question), `patience`,
//! `token` and `whoami` (who asks), `watch` (who hears of it); `refresh` (the catalogue beside the hub).

pub(crate) mod download;
mod lanes;
pub(crate) mod line;
mod listing;
pub(crate) mod part;
mod patience;
mod published;
mod refresh;
#[cfg(test)]
pub(crate) mod tests;
mod token;
pub(crate) mod verified;
mod wanted;
pub(crate) mod watch;
mod whoami;

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use crate::checkpoint::Checkpoint;
use crate::disk::Halt;
use crate::error::Error;

use download::Way;
use line::Line;

pub use lanes::Lines;
pub use listing::{About, Listed};
pub use patience::Patience;
pub use refresh::{Found, Seen, refresh};
pub use token::Token;
pub use wanted::Wanted;
pub use whoami::whoami;

/// The hub's usual address.
pub const HUB: &str = "https://huggingface.co";

/// Where models may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The hub's address; `None` leaves it out.
    pub hub: Option<String>,
    /// Who asks, where the hub wants to know.
    pub token: Option<Token>,
    /// How `pip` may be called, the likeliest first: program, then arguments.
    pub pip: Vec<Vec<OsString>>,
    /// How long to wait for a line, and for a better one.
    pub patience: Patience,
    /// How many lines at once.
    pub lines: Lines,
}

impl Sources {
    /// What a person's machine has: the hub at `endpoint` or its usual address, and pip.
    pub fn usual(endpoint: Option<&str>) -> Self {
        let pip = |python: &str| [python, "-m", "pip"].map(OsString::from).to_vec();
        Self {
            hub: Some(endpoint.unwrap_or(HUB).trim_end_matches('/').to_owned()),
            token: None,
            pip: vec![pip("python3"), pip("python")],
            patience: Patience::usual(),
            lines: Lines::usual(),
        }
    }

    pub(crate) fn way(&self) -> Way {
        Way {
            line: Line::new(&self.patience),
            lines: self.lines,
            patience: self.patience,
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
        /// In the last seconds, once it is known.
        bytes_per_second: Option<f64>,
        /// By that speed.
        seconds_left: Option<f64>,
    },
    /// Nothing comes for now.
    Trouble {
        /// "The line to huggingface.co broke"
        what: String,
        /// It is tried again after this.
        pause: Duration,
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
