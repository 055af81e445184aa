//! What a person can ask for by name.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::published::{self, Partial};
use super::watch::Watch;
use super::{Event, Outcome, Sources, outcome};
use crate::catalogue::{self, Published};
use crate::checkpoint::Checkpoint;
use crate::disk;
use crate::error::Error;
use crate::models::{FetchTurn, Models};
use crate::starter;

/// Something that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A model of the catalogue.
    Published(&'static Published),
    /// The first model of a new machine, from wherever it can be had: `starter`.
    Starter,
    /// The base checkpoint the tests use: `starter-base`.
    StarterBase,
}

impl Wanted {
    /// What is fetched under this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "starter" => Some(Self::Starter),
            "starter-base" => Some(Self::StarterBase),
            name => catalogue::published(name).map(Self::Published),
        }
    }

    /// "Gemma 3 4B"
    pub fn title(&self) -> &'static str {
        match self {
            Self::Published(published) => published.size.title,
            Self::Starter | Self::StarterBase => catalogue::SIZES[0].title,
        }
    }

    /// Bytes to be fetched, as far as that is known before the hub is asked.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Published(published) => published.bytes(),
            Self::Starter => starter::hub_bytes(),
            Self::StarterBase => starter::packages_bytes(),
        }
    }

    /// Bytes of it that came and wait for the rest.
    pub fn partial_bytes(&self, models: &Models) -> u64 {
        let here = self.partials(models).into_iter();
        here.map(|path| match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => disk::bytes_in(&path),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
    }

    /// Where they are, as far as they are.
    pub fn partials(&self, models: &Models) -> Vec<PathBuf> {
        match self {
            Self::Published(published) => vec![Partial::of(published, models).folder],
            Self::Starter | Self::StarterBase => starter::partials(models),
        }
    }

    /// The model, if it is here.
    pub fn here(&self, models: &Models) -> Option<Checkpoint> {
        match self {
            Self::Published(published) => models.find(published.name).ok(),
            Self::Starter => starter::here(models),
            Self::StarterBase => starter::base_here(models),
        }
    }

    /// Fetches it and puts it into `models`.
    ///
    /// `clock` is the Unix time in milliseconds; `stop` is looked at several times a second.
    pub fn fetch(
        &self,
        models: &Models,
        _turn: &FetchTurn,
        sources: &Sources,
        clock: &dyn Fn() -> i64,
        stop: &AtomicBool,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Outcome, Error> {
        let mut watch = Watch::new(stop, clock, on_event);
        outcome(match self {
            Self::Published(published) => published::fetch(published, models, sources, &mut watch),
            Self::Starter => starter::fetch(models, sources, &mut watch),
            Self::StarterBase => starter::fetch_base(models, sources, &mut watch),
        })
    }

    /// Deletes what came and waits for the rest. Says how many bytes that freed.
    pub fn forget(&self, models: &Models, _turn: &FetchTurn) -> Result<u64, Error> {
        let freed_bytes = self.partial_bytes(models);
        for path in self.partials(models) {
            let gone = match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&path),
                Ok(_) => fs::remove_file(&path),
                Err(_) => continue,
            };
            gone.map_err(Error::io("delete", &path))?;
        }
        Ok(freed_bytes)
    }
}
