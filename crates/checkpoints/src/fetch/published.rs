//! A model of the catalogue, fetched as one: its weights, and its picture tower where it has one; or the whole folder,
//! where that is how it is published.
//!
//! All files come from one revision of the repository, into a folder that gets its name when the last
//! of them is here and checked. What has come before a fetch ended, however it ended, is not asked for again.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::download::Way;
use super::listing::{About, Listed, Repository};
use super::watch::Watch;
use super::{HUB, Sources, Step, line, verified};
use crate::catalogue::Published;
use crate::checkpoint::Checkpoint;
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::hugging_face;
use crate::models::{Models, PARTIAL};
use crate::origin::{Origin, OriginFile};
use crate::starter::NOTICE;

/// Which revision the files of an unfinished fetch are of.
const REVISION: &str = "revision";

/// Fetches `published` from the hub and puts it into `models` under its name. Who calls has the turn to fetch.
pub fn fetch(
    published: &Published,
    models: &Models,
    sources: &Sources,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    let Published { name, .. } = published;
    if let Ok(here) = models.find(name) {
        return Ok(here);
    }
    let nowhere = || Error::Unreachable {
        host: line::host_of(HUB).to_owned(),
        source: None,
    };
    let endpoint = sources.hub.as_deref().ok_or_else(nowhere)?;
    let mut way = sources.way();
    // A token that the hub does not know is refused everywhere: what is open is asked for without.
    if let Some(token) = sources.token.as_ref().filter(|_| published.is_gated) {
        way.line = way.line.with_token(endpoint, token);
    }
    let repository = Repository {
        endpoint,
        name: published.repository,
        way: &way,
    };
    let partial = Partial::of(published, models);
    watch.step(Step::Looking);
    let revision = partial.revision(&repository, watch)?;
    let files = wanted(published, &repository, &revision, watch)?;

    let total_bytes = files.iter().map(|file| file.bytes).sum();
    disk::check_room(
        models.folder(),
        total_bytes - partial.bytes(&files).min(total_bytes),
    )?;
    let (mut before_bytes, mut origins) = (0, Vec::new());
    for file in &files {
        watch.of_several(before_bytes, total_bytes);
        let sha256 = partial.fetch(file, &repository, &revision, &way, watch)?;
        before_bytes += file.bytes;
        origins.push(OriginFile {
            name: file.file.clone(),
            bytes: file.bytes,
            sha256: sha256.or_else(|| file.sha256.clone()),
        });
    }
    disk::write(&partial.path("NOTICE.txt"), NOTICE.as_bytes())?;
    let origin = Origin {
        source: repository.address(),
        revision: Some(revision),
        fetched_ms: Some(watch.now_ms()),
        files: origins,
    };
    let _turn = watch.wait_for_turn(models)?;
    origin.write(models.folder(), name)?;
    partial.finish(&models.folder().join(name))?;
    Ok(models.find(name)?)
}

/// The files of the repository that make up the model.
fn wanted(
    published: &Published,
    repository: &Repository,
    revision: &str,
    watch: &mut Watch,
) -> Result<Vec<Listed>, Halt> {
    let listed = repository.files(revision, watch)?;
    Ok(of_model(published, listed).map_err(|file| Error::Changed {
        host: line::host_of(repository.endpoint).to_owned(),
        file,
    })?)
}

/// Those of `listed` that make up the model, or the name of one that is missing.
pub fn of_model(published: &Published, listed: Vec<Listed>) -> Result<Vec<Listed>, String> {
    let sure = listed.into_iter().filter(|it| it.expected().is_some());
    match published.is_folder() {
        true => of_folder(sure.collect()),
        false => of_gguf(published, sure.collect()),
    }
}

/// A folder in Hugging Face's layout, the small files first: they tell whether this account may have the large ones.
fn of_folder(listed: Vec<Listed>) -> Result<Vec<Listed>, String> {
    let is_weights = |file: &str| file.ends_with(".safetensors");
    for (needed, is_it) in [
        (
            "config.json",
            &(|file: &str| file == "config.json") as &dyn Fn(&str) -> bool,
        ),
        ("tokenizer.json", &|file| file == "tokenizer.json"),
        ("model.safetensors", &is_weights),
    ] {
        if !listed.iter().any(|it| is_it(&it.file)) {
            return Err(needed.to_owned());
        }
    }
    let belongs = |it: &Listed| is_weights(&it.file) || hugging_face::belongs(&it.file);
    let mut files: Vec<_> = listed.into_iter().filter(belongs).collect();
    files.sort_by_key(|it| it.bytes);
    Ok(files)
}

/// The weights in one file, and the picture tower in another.
fn of_gguf(published: &Published, listed: Vec<Listed>) -> Result<Vec<Listed>, String> {
    let ending = format!("{}.gguf", published.format.name()).to_lowercase();
    let is_tower = |file: &str| file.starts_with("mmproj") && file.ends_with(".gguf");
    let find = |is_it: &dyn Fn(&str) -> bool| {
        // A name with less in it is the plainer one.
        let of_the_kind = listed.iter().filter(|it| is_it(&it.file.to_lowercase()));
        of_the_kind.min_by_key(|it| it.file.len()).cloned()
    };
    let weights = find(&|file| file.ends_with(&ending) && !is_tower(file));
    let mut files = vec![weights.ok_or_else(|| format!("{}.gguf", published.name))?];
    if published.size.has_eyes {
        let tower = find(&|file| is_tower(file) && file.contains("f16") && !file.contains("bf16"))
            .or_else(|| find(&is_tower));
        files.push(tower.ok_or_else(|| "mmproj".to_owned())?);
    }
    Ok(files)
}

/// The folder in which a model gathers.
pub struct Partial {
    pub folder: PathBuf,
}

impl Partial {
    pub fn of(published: &Published, models: &Models) -> Self {
        let name = published.name;
        Self {
            folder: models.folder().join(format!("{name}{PARTIAL}")),
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The one that was begun with, or what it is now.
    fn revision(&self, repository: &Repository, watch: &mut Watch) -> Result<String, Halt> {
        let path = self.path(REVISION);
        match fs::read_to_string(&path) {
            Ok(revision) if !revision.is_empty() => Ok(revision),
            _ => {
                let About { revision, .. } = repository.about(watch)?;
                let folder = &self.folder;
                // Only this one: a models folder that is gone was moved, and is not made anew.
                match fs::create_dir(folder) {
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    made => made.map_err(Error::io("make the folder", folder))?,
                }
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

    /// One file of it. Yields its SHA-256, unless it was here already.
    fn fetch(
        &self,
        listed: &Listed,
        repository: &Repository,
        revision: &str,
        way: &Way,
        watch: &mut Watch,
    ) -> Result<Option<String>, Halt> {
        let path = self.path(&listed.file);
        let Some(expected) = listed.expected().filter(|_| !path.is_file()) else {
            return Ok(None); // it gets its name when it is whole and checked
        };
        let remote = repository.remote(revision, listed);
        let partial = self.path(&format!("{}{PARTIAL}", listed.file));
        let sha256 = verified::fetch(&remote, expected, &partial, way, watch)?;
        disk::put_in_place(&partial, &path)?;
        Ok(Some(sha256))
    }

    fn finish(self, place: &Path) -> Result<(), Error> {
        let revision = self.path(REVISION);
        fs::remove_file(&revision).map_err(Error::io("delete", &revision))?;
        disk::sync_folder(&self.folder)?;
        disk::put_in_place(&self.folder, place)
    }
}
