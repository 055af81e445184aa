//! The folder models are kept in: what is there, and how it leaves.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::checkpoint::{Checkpoint, identify};
use crate::disk;
use crate::error::Error;
use crate::gguf_file;

/// What a file or folder is called while it is not a model yet. Never listed.
pub(crate) const PARTIAL: &str = ".partial";
/// What an import makes: of no use to the next one, so a killed one's is cleared away.
pub(crate) const IMPORTING: &str = ".import.partial";
/// The files that may stand beside a model and go with it.
pub(crate) const TERMS: [&str; 2] = [".GEMMA_TERMS.html", ".NOTICE.txt"];

/// The folder models are kept in. Nothing outside of it is ever written or deleted.
#[derive(Debug, Clone)]
pub struct Models {
    folder: PathBuf,
    /// What files said when they were last read: a vocabulary in front of the weights makes that
    /// a matter of 30 ms each, and the list is asked for again and again.
    known: Arc<Mutex<HashMap<PathBuf, Known>>>,
}

#[derive(Debug)]
struct Known {
    size_bytes: u64,
    written: SystemTime,
    checkpoint: Checkpoint,
}

/// What is in the folder: the models, and what stands in the way of the others.
#[derive(Debug)]
pub struct Listing {
    /// By name.
    pub checkpoints: Vec<Checkpoint>,
    /// One for each file or folder that looks like a model and is not one that runs here.
    pub problems: Vec<Error>,
}

/// Held while a model is put into the folder. The lock is the kernel's: it ends with the process,
/// however that ends.
#[derive(Debug)]
pub(crate) struct Turn(File);

impl Drop for Turn {
    fn drop(&mut self) {
        // Closing would not do: a program that is just being started by another thread holds every
        // open file until its first instruction.
        let _ = self.0.unlock();
    }
}

/// A file or folder that may be a model.
struct Entry {
    name: String,
    path: PathBuf,
}

/// Deletes what belongs to the part of a model that was at `path`, and says how many bytes that freed.
fn remove_other_parts(path: &Path) -> Result<u64, Error> {
    let mut freed_bytes = 0;
    let names = gguf_file::part(path).map(|part| part.all().collect::<Vec<_>>());
    for part in names
        .into_iter()
        .flatten()
        .map(|name| path.with_file_name(name))
    {
        if let Ok(metadata) = fs::symlink_metadata(&part) {
            freed_bytes += metadata.len();
            fs::remove_file(&part).map_err(Error::io("delete", &part))?;
        }
    }
    Ok(freed_bytes)
}

impl Models {
    /// Makes the folder if it is not there, and clears away what killed imports left.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        let models = Self {
            folder: folder.to_owned(),
            known: Arc::default(),
        };
        // Whoever has the turn is importing: what is there is not left over.
        if let Ok(_turn) = models.take_turn() {
            models.clear_leftovers()?;
        }
        Ok(models)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every checkpoint here, by name.
    pub fn list(&self) -> Result<Listing, Error> {
        let (mut checkpoints, mut problems) = (Vec::new(), Vec::new());
        for entry in self.entries()? {
            match self.identify(&entry.path) {
                Ok(checkpoint) => checkpoints.push(checkpoint),
                // A model's half that sees pictures lies beside it by right.
                Err(Error::Projector { .. }) => {}
                Err(problem) => problems.push(problem),
            }
        }
        Ok(Listing {
            checkpoints,
            problems,
        })
    }

    /// The checkpoint called `name`; fails with [`Error::NoSuchModel`] if there is none.
    pub fn find(&self, name: &str) -> Result<Checkpoint, Error> {
        self.identify(&self.entry(name)?.path)
    }

    /// Deletes a model with its terms, and says how many bytes that freed.
    ///
    /// Whatever is in the folder under that name goes, also if it cannot be read as a model.
    pub fn remove(&self, name: &str) -> Result<u64, Error> {
        let Entry { path, .. } = self.entry(name)?;
        let metadata = fs::symlink_metadata(&path).map_err(Error::io("read", &path))?;
        let mut freed_bytes = metadata.len();
        if metadata.is_dir() {
            freed_bytes = disk::bytes_in(&path);
            fs::remove_dir_all(&path).map_err(Error::io("delete", &path))?;
        } else {
            // Of a link that a person made, the link goes and what it leads to stays.
            fs::remove_file(&path).map_err(Error::io("delete", &path))?;
            freed_bytes += remove_other_parts(&path)?;
        }
        for terms in TERMS.map(|terms| self.folder.join(format!("{name}{terms}"))) {
            if let Ok(metadata) = terms.metadata() {
                freed_bytes += metadata.len();
                fs::remove_file(&terms).map_err(Error::io("delete", &terms))?;
            }
        }
        Ok(freed_bytes)
    }

    /// Holds the folder for one that puts a model into it; others are told to wait.
    pub(crate) fn take_turn(&self) -> Result<Turn, Error> {
        let path = self.folder.join(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(Error::io("write", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Turn(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Busy {
                folder: self.folder.clone(),
            }),
            Err(TryLockError::Error(source)) => Err(Error::Io {
                doing: "lock",
                path,
                source,
            }),
        }
    }

    /// A name like `wanted` that no model here has.
    pub(crate) fn free_name(&self, wanted: &str) -> Result<String, Error> {
        let taken: Vec<_> = self
            .entries()?
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        Ok(names
            .find(|name| !taken.contains(name))
            .expect("there is always a further number"))
    }

    /// What may be a model, by name.
    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let read = || Error::io("read", &self.folder);
        let mut entries = Vec::new();
        for found in fs::read_dir(&self.folder).map_err(read())? {
            let path = found.map_err(read())?.path();
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            if file_name.starts_with('.') || file_name.ends_with(PARTIAL) {
                continue;
            }
            let is_gguf = path
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("gguf"));
            if path.is_dir() && path.join("config.json").is_file() {
                entries.push(Entry {
                    name: file_name.into_owned(),
                    path,
                });
            } else if is_gguf && !path.is_dir() {
                entries.push(Entry {
                    name: gguf_file::name_of(&path),
                    path,
                });
            }
        }
        entries.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        // Of a model in several files, the first stands for all.
        entries.dedup_by(|next, first| {
            next.name == first.name && gguf_file::part(&next.path).is_some()
        });
        Ok(entries)
    }

    /// The entry called `name`. Names are only ever compared, never joined to a path: `../x` is nobody's.
    fn entry(&self, name: &str) -> Result<Entry, Error> {
        let found = self.entries()?.into_iter().find(|entry| entry.name == name);
        found.ok_or_else(|| Error::NoSuchModel {
            name: name.to_owned(),
            folder: self.folder.clone(),
        })
    }

    /// As [`identify`], but reads a file again only if it was written since.
    fn identify(&self, path: &Path) -> Result<Checkpoint, Error> {
        let metadata = fs::metadata(path).map_err(Error::io("read", path))?;
        let (size_bytes, is_file) = (metadata.len(), metadata.is_file());
        // A system without such times, or a folder, whose files have times of their own: always read.
        let Some(written) = metadata.modified().ok().filter(|_| is_file) else {
            return identify(path);
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(path)
            && (known.size_bytes, known.written) == (size_bytes, written)
        {
            return Ok(known.checkpoint.clone());
        }
        let checkpoint = identify(path)?;
        let now_known = Known {
            size_bytes,
            written,
            checkpoint: checkpoint.clone(),
        };
        known.insert(path.to_owned(), now_known);
        Ok(checkpoint)
    }

    fn clear_leftovers(&self) -> Result<(), Error> {
        let read = || Error::io("read", &self.folder);
        for found in fs::read_dir(&self.folder).map_err(read())? {
            let found = found.map_err(read())?;
            if found.file_name().to_string_lossy().ends_with(IMPORTING) {
                let path = found.path();
                let is_folder = found
                    .file_type()
                    .map_err(Error::io("read", &path))?
                    .is_dir();
                let gone = if is_folder {
                    fs::remove_dir_all(&path)
                } else {
                    fs::remove_file(&path)
                };
                gone.map_err(Error::io("delete", &path))?;
            }
        }
        Ok(())
    }
}
