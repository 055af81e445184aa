//! A model of the catalogue, fetched as one: its weights, and its picture tower where it has one.
//!
//! All files come from one revision of the repository, into a folder that gets its name when the last
//! of them is here and checked. What has come before a fetch ended, however it ended, is not asked for again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::download::Remote;
use super::listing::{Listed, Repository};
use super::watch::Watch;
use super::{Event, HUB, Outcome, Sources, Step, line, outcome, verified};
use crate::catalogue::Published;
use crate::checkpoint::Checkpoint;
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::models::{Models, PARTIAL};
use crate::origin::{Origin, OriginFile};
use crate::starter::NOTICE;

/// Which revision the files of an unfinished fetch are of.
const REVISION: &str = "revision";

/// Fetches `published` from the hub and puts it into `models` under its name.
///
/// `clock` is the Unix time in milliseconds; `stop` is looked at several times a second.
pub fn fetch(
    published: &Published,
    models: &Models,
    sources: &Sources,
    clock: impl Fn() -> i64,
    stop: &AtomicBool,
    mut on_event: impl FnMut(Event),
) -> Result<Outcome, Error> {
    let mut watch = Watch::new(stop, &clock, &mut on_event);
    outcome(fetch_all(published, models, sources, &mut watch))
}

fn fetch_all(
    published: &Published,
    models: &Models,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    let Published { name, .. } = published;
    if let Ok(here) = models.find(name) {
        return Ok(here);
    }
    if published.is_gated {
        return Err(Error::Gated {
            repository: published.repository.to_owned(),
        }
        .into());
    }
    let _turn = models.take_turn()?;
    let nowhere = || Error::Unreachable {
        host: line::host_of(HUB).to_owned(),
        source: None,
    };
    let repository = Repository {
        endpoint: sources.hub.as_deref().ok_or_else(nowhere)?,
        name: published.repository,
        pauses: &sources.pauses,
    };
    let partial = Partial {
        folder: models.folder().join(format!("{name}{PARTIAL}")),
    };
    watch.step(Step::Looking);
    let revision = partial.revision(&repository, watch)?;
    let files = wanted(published, &repository, &revision, watch)?;

    let total_bytes = files.iter().map(|file| file.bytes).sum();
    disk::check_room(
        models.folder(),
        total_bytes - partial.bytes(&files).min(total_bytes),
    )?;
    let mut before_bytes = 0;
    for file in &files {
        watch.of_several(before_bytes, total_bytes);
        partial.fetch(file, &repository, &revision, watch)?;
        before_bytes += file.bytes;
    }
    disk::write(&partial.path("NOTICE.txt"), NOTICE.as_bytes())?;
    let origin = Origin {
        source: repository.address(),
        revision: Some(revision),
        fetched_ms: Some(watch.now_ms()),
        files: files.into_iter().map(OriginFile::from).collect(),
    };
    origin.write(models.folder(), name)?;
    partial.finish(&models.folder().join(name))?;
    Ok(models.find(name)?)
}

/// The files of the repository that make up the model.
fn wanted(
    published: &Published,
    repository: &Repository,
    revision: &str,
    watch: &Watch,
) -> Result<Vec<Listed>, Halt> {
    let listed = repository.files(revision, watch)?;
    let missing = |file: String| Error::Changed {
        host: line::host_of(repository.endpoint).to_owned(),
        file,
    };
    let ending = format!("{}.gguf", published.format.name()).to_lowercase();
    let is_tower = |file: &str| file.starts_with("mmproj") && file.ends_with(".gguf");
    let find = |is_it: &dyn Fn(&str) -> bool| {
        let files = listed.iter().filter(|it| it.sha256.is_some());
        // A name with less in it is the plainer one.
        let of_the_kind = files.filter(|it| is_it(&it.file.to_lowercase()));
        of_the_kind.min_by_key(|it| it.file.len()).cloned()
    };
    let weights = find(&|file| file.ends_with(&ending) && !is_tower(file));
    let mut files = vec![weights.ok_or_else(|| missing(format!("{}.gguf", published.name)))?];
    if published.size.has_eyes {
        let tower = find(&|file| is_tower(file) && file.contains("f16") && !file.contains("bf16"))
            .or_else(|| find(&is_tower));
        files.push(tower.ok_or_else(|| missing("mmproj".to_owned()))?);
    }
    Ok(files)
}

impl From<Listed> for OriginFile {
    fn from(listed: Listed) -> Self {
        let Listed {
            file,
            bytes,
            sha256,
        } = listed;
        Self {
            name: file,
            bytes,
            sha256,
        }
    }
}

/// The folder in which a model gathers.
struct Partial {
    folder: PathBuf,
}

impl Partial {
    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The one that was begun with, or what it is now.
    fn revision(&self, repository: &Repository, watch: &Watch) -> Result<String, Halt> {
        let path = self.path(REVISION);
        match fs::read_to_string(&path) {
            Ok(revision) if !revision.is_empty() => Ok(revision),
            _ => {
                let revision = repository.revision(watch)?;
                let folder = &self.folder;
                fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
                disk::write(&path, revision.as_bytes())?;
                Ok(revision)
            }
        }
    }

    /// What is here of `files`.
    fn bytes(&self, files: &[Listed]) -> u64 {
        let here = |path: PathBuf| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let files = files.iter().map(|file| &file.file);
        files
            .map(|file| here(self.path(file)) + here(self.path(&format!("{file}{PARTIAL}"))))
            .sum()
    }

    fn fetch(
        &self,
        listed: &Listed,
        repository: &Repository,
        revision: &str,
        watch: &mut Watch,
    ) -> Result<(), Halt> {
        let path = self.path(&listed.file);
        if path.is_file() {
            return Ok(()); // it gets its name when it is whole and checked
        }
        let remote = Remote {
            url: repository.url(revision, &listed.file),
            file: &listed.file,
            bytes: listed.bytes,
            sha256: listed.sha256.as_deref().unwrap_or_default(), // each that is wanted has one
        };
        let partial = self.path(&format!("{}{PARTIAL}", listed.file));
        verified::fetch(&remote, &partial, repository.pauses, watch)?;
        Ok(disk::put_in_place(&partial, &path)?)
    }

    fn finish(self, place: &Path) -> Result<(), Error> {
        let revision = self.path(REVISION);
        fs::remove_file(&revision).map_err(Error::io("delete", &revision))?;
        disk::sync_folder(&self.folder)?;
        disk::put_in_place(&self.folder, place)
    }
}
