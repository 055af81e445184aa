//! What lies on the disk, by kind and by model, and what of it nothing needs any more.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use checkpoints::{HeldFile, Origin, Verdict};

use crate::models::{Model, Place};
use crate::{Assistant, Error};

/// What lies on the disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Disk {
    /// Where the models are kept.
    pub folder: PathBuf,
    /// Bytes that may still be written there.
    pub free_bytes: u64,
    /// Bytes of that disk.
    pub total_bytes: u64,
    /// Each kind once, also those with nothing.
    pub kinds: Vec<KindOnDisk>,
    /// By name.
    pub models: Vec<ModelOnDisk>,
    /// What nothing belongs to any more, by name.
    pub leftovers: Vec<Leftover>,
}

/// How much of a kind there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindOnDisk {
    /// Which.
    pub kind: Kind,
    /// How much.
    pub bytes: u64,
}

/// What bytes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Models that are ours.
    Models,
    /// Halves of models, on their way or left behind.
    Partials,
    /// What was seen in pictures, so that they need not be looked at again.
    PictureCache,
    /// What was read, so that it need not be read again.
    PrefixStore,
    /// Conversations, with their pictures.
    Library,
    /// What was removed and can be restored.
    Trash,
}

/// A model, and what it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelOnDisk {
    /// Its name.
    pub name: String,
    /// "Gemma 3 4B"
    pub title: String,
    /// "Q4_K_M"
    pub format: String,
    /// All its files. Of a model that lies elsewhere, none of them count as ours.
    pub bytes: u64,
    /// Each of them, with its bytes.
    pub files: Vec<(String, u64)>,
    /// Where it came from, if that was written down: a repository of the hub, or another program.
    pub source: Option<String>,
    /// When it answered last; Unix time in milliseconds.
    pub last_used_ms: Option<i64>,
    /// Whose its files are.
    pub place: Place,
}

/// Something that nothing belongs to any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The name of the file or folder.
    pub name: String,
    /// What its removal frees.
    pub bytes: u64,
    /// What it is, in a sentence.
    pub what: String,
}

impl Assistant {
    /// What lies on the disk.
    pub fn disk(&self) -> Result<Disk, Error> {
        let models = self.folder()?;
        let held = models.holdings()?;
        let home = &self.inner.options.home;
        let kinds = [
            (Kind::Models, held.model_bytes),
            (Kind::Partials, held.partial_bytes),
            (Kind::PictureCache, bytes_in(&home.pictures())),
            (Kind::PrefixStore, bytes_in(&home.prefixes())),
            (Kind::Library, self.library()?.bytes()),
            (Kind::Trash, held.trash_bytes),
        ];
        let used = self.library()?.models_used()?;
        let folder = models.folder().to_owned();
        let models = held.models.into_iter().map(|(checkpoint, files)| {
            let model = Model::from(checkpoint);
            let last_used_ms = used.get(&model.name).copied();
            model_on_disk(&folder, model, files, last_used_ms)
        });
        let leftovers = held.leftovers.into_iter().map(|leftover| Leftover {
            name: leftover.name,
            bytes: leftover.bytes,
            what: leftover.what,
        });
        Ok(Disk {
            models: models.collect(),
            folder,
            free_bytes: held.free_bytes,
            total_bytes: held.total_bytes,
            kinds: kinds.map(|(kind, bytes)| KindOnDisk { kind, bytes }).into(),
            leftovers: leftovers.collect(),
        })
    }

    /// Deletes one of [`Disk::leftovers`], and says how many bytes that freed.
    pub fn remove_leftover(&self, name: &str) -> Result<u64, Error> {
        Ok(self.folder()?.remove_leftover(name)?)
    }

    /// The names of all that looks like a model here, also of what cannot be read as one.
    pub fn model_names(&self) -> Result<Vec<String>, Error> {
        Ok(self.folder()?.names()?)
    }

    /// Reads every byte of a model and says whether it is what was published, or where that is not known, whether all is
    /// there. `on_progress` hears bytes read and in all; `None` if it was stopped.
    pub fn verify_model(
        &self,
        name: &str,
        stop: &AtomicBool,
        on_progress: impl FnMut(u64, u64),
    ) -> Result<Option<Verdict>, Error> {
        Ok(self.folder()?.verify(name, stop, on_progress)?)
    }

    /// Deletes what was seen in pictures, and says how many bytes that freed. They are looked at again when they are
    /// needed.
    pub fn clear_picture_cache(&self) -> Result<u64, Error> {
        let folder = self.inner.options.home.pictures();
        let before_bytes = bytes_in(&folder);
        self.inner.embeddings.clear();
        Ok(before_bytes - bytes_in(&folder).min(before_bytes))
    }
}

fn model_on_disk(
    folder: &Path,
    model: Model,
    files: Vec<HeldFile>,
    last_used_ms: Option<i64>,
) -> ModelOnDisk {
    // What it says is a courtesy: a note that cannot be read hides no model.
    let origin = Origin::read(folder, &model.name).ok().flatten();
    ModelOnDisk {
        bytes: files.iter().map(|file| file.bytes).sum(),
        files: files
            .into_iter()
            .map(|file| (file.name, file.bytes))
            .collect(),
        source: origin.map(|origin| origin.source).or(model.program),
        last_used_ms,
        place: model.place,
        name: model.name,
        title: model.title,
        format: model.format,
    }
}

/// Bytes of all files in a folder that is flat; a folder that is not there has none.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.filter_map(|entry| Some(entry.metadata().ok()?.len()));
    bytes.sum()
}
