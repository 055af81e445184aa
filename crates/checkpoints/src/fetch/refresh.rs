//! The catalogue beside what the hub has now.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use super::listing::{About, Listed, Repository};
use super::published::of_model;
use super::watch::Watch;
use super::{HUB, Patience, Sources, line};
use crate::catalogue::{CATALOGUE, Published};
use crate::disk::Halt;
use crate::error::Error;
use crate::origin::OriginFile;

/// How often a hub that does not answer is asked again: somebody waits for it.
const TRIES_AT_MOST: u32 = 2;

/// What the hub has of a model of the catalogue.
#[derive(Debug)]
pub struct Seen {
    /// The model.
    pub published: &'static Published,
    /// What the hub says of it, or why it does not.
    pub found: Result<Found, Error>,
}

/// What the hub says of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What its repository is called now.
    pub repository: String,
    /// The commit its files are of.
    pub revision: String,
    /// Whether it is given only to those who have agreed to something.
    pub is_gated: bool,
    /// What would be fetched.
    pub files: Vec<OriginFile>,
}

/// Asks the hub for every model of the catalogue; `None` if `stop` was set. Tells after each how many of all are done.
/// Fails only if the hub cannot be reached at all.
pub fn refresh(
    sources: &Sources,
    stop: &AtomicBool,
    mut on_progress: impl FnMut(usize, usize),
) -> Result<Option<Vec<Seen>>, Error> {
    let patience = Patience {
        tries: Some(sources.patience.tries.unwrap_or(TRIES_AT_MOST)),
        ..sources.patience
    };
    let sources = Sources {
        patience,
        ..sources.clone()
    };
    let mut on_event = |_| {};
    let mut watch = Watch::new(stop, &|| 0, &mut on_event);
    // Several models of the catalogue are in one repository.
    let mut known: HashMap<&str, (About, Vec<Listed>)> = HashMap::new();
    let mut seen = Vec::new();
    for (done, published) in CATALOGUE.iter().enumerate() {
        on_progress(done, CATALOGUE.len());
        let asked = match known.get(published.repository) {
            Some(known) => Ok(known.clone()),
            None => ask(published, &sources, &mut watch),
        };
        let found = match asked {
            Ok((about, listed)) => {
                known.insert(published.repository, (about.clone(), listed.clone()));
                found(published, about, listed, &sources)
            }
            Err(Halt::Stopped) => return Ok(None),
            Err(Halt::Failed(error @ Error::Unreachable { .. })) => return Err(error),
            Err(Halt::Failed(error)) => Err(error),
        };
        seen.push(Seen { published, found });
    }
    on_progress(CATALOGUE.len(), CATALOGUE.len());
    Ok(Some(seen))
}

fn ask(
    published: &Published,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<(About, Vec<Listed>), Halt> {
    let endpoint = sources.hub.as_deref().unwrap_or(HUB);
    let mut way = sources.way();
    if let Some(token) = sources.token.as_ref().filter(|_| published.is_gated) {
        way.line = way.line.with_token(endpoint, token);
    }
    let repository = Repository {
        endpoint,
        name: published.repository,
        way: &way,
    };
    let about = repository.about(watch)?;
    let files = repository.files(&about.revision, watch)?;
    Ok((about, files))
}

fn found(
    published: &Published,
    about: About,
    listed: Vec<Listed>,
    sources: &Sources,
) -> Result<Found, Error> {
    let host = line::host_of(sources.hub.as_deref().unwrap_or(HUB)).to_owned();
    let files = of_model(published, listed).map_err(|file| Error::NotThere { host, file })?;
    let files = files.into_iter().map(|listed| OriginFile {
        name: listed.file,
        bytes: listed.bytes,
        sha256: listed.sha256,
    });
    Ok(Found {
        repository: about.name,
        revision: about.revision,
        is_gated: about.is_gated,
        files: files.collect(),
    })
}
