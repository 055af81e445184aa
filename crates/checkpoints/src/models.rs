//! The folder models are kept in: what is there, and how it leaves.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::checkpoint::{Checkpoint, Place, gguf_at, identify};
use crate::error::Error;
use crate::gguf_file::{self, Told};
use crate::link::{self, Link};
use crate::origin::ORIGIN;
use crate::presence::{Alone, Presence};
use crate::trash::{self, Trash};
use crate::{hugging_face, mmproj};

/// What a file or folder is called while it is not a model yet. Never listed.
pub(crate) const PARTIAL: &str = ".partial";
/// What an import makes: of no use to the next one, so a killed one's is cleared away.
pub(crate) const IMPORTING: &str = ".import.partial";
/// The files that may stand beside a model and go with it.
pub(crate) const TERMS: [&str; 3] = [".GEMMA_TERMS.html", ".NOTICE.txt", ORIGIN];

/// The folder models are kept in. Nothing outside of it is ever written or deleted.
#[derive(Debug, Clone)]
pub struct Models {
    folder: PathBuf,
    /// What files said when they were last read: a vocabulary in front of the weights makes that
    /// a matter of 30 ms each, and the list is asked for again and again.
    known: Arc<Mutex<HashMap<PathBuf, Known>>>,
    /// What was removed and can be restored.
    pub(crate) trash: Arc<Trash>,
    presence: Arc<Option<Presence>>,
}

#[derive(Debug)]
struct Known {
    size_bytes: u64,
    written: SystemTime,
    told: Told,
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

impl Turn {
    /// Of a file that is locked.
    pub(crate) fn of(file: File) -> Self {
        Self(file)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Closing would not do: a program that is just being started by another thread holds every
        // open file until its first instruction.
        let _ = self.0.unlock();
    }
}

/// Held while models are fetched, which may take days, and models are put into the folder meanwhile. Whoever moves the
/// folder takes both turns.
#[derive(Debug)]
pub struct FetchTurn {
    _turn: Turn,
}

/// A file or folder that may be a model, or a link to one.
pub(crate) struct Entry {
    pub name: String,
    pub path: PathBuf,
    is_link: bool,
}

/// Whether there is a GGUF model in the folder, or several, or one that cannot be read.
fn has_gguf(folder: &Path) -> bool {
    !matches!(gguf_file::in_folder(folder), Ok(None))
}

impl Models {
    /// Makes the folder if it is not there, clears away what killed imports left, and deletes what was removed before,
    /// unless another Lectern is open that could still restore it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        let models = Self {
            folder: folder.to_owned(),
            known: Arc::default(),
            trash: Arc::new(Trash::of(folder)),
            presence: Arc::default(),
        };
        // Whoever has the turn is importing: what is there is not left over.
        if let Ok(_turn) = models.take_turn() {
            models.clear_leftovers()?;
        }
        // What cannot be deleted stays, hidden, until a later start.
        let presence = Presence::announce(folder, || drop(trash::empty(folder)));
        Ok(Self {
            presence: Arc::new(presence),
            ..models
        })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every checkpoint here, by name.
    pub fn list(&self) -> Result<Listing, Error> {
        let (mut checkpoints, mut problems) = (Vec::new(), Vec::new());
        for entry in self.entries()? {
            match self.identify(&entry) {
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
        self.identify(&self.entry(name)?)
    }

    /// The checkpoint of which the GGUF file at `path` is the first, in this folder.
    pub(crate) fn find_at(&self, path: &Path) -> Result<Checkpoint, Error> {
        self.find(&gguf_file::name_of(path))
    }

    /// Holds the folder for one that puts a model into it; others are told to wait.
    pub(crate) fn take_turn(&self) -> Result<Turn, Error> {
        self.lock(".lock")
    }

    /// Holds what came of models that are not whole yet; fails with [`Error::Busy`] where another fetches.
    pub fn take_fetch_turn(&self) -> Result<FetchTurn, Error> {
        self.lock(".fetch.lock").map(|_turn| FetchTurn { _turn })
    }

    /// Makes sure that no other process has the folder open, until what it yields is dropped.
    pub(crate) fn alone(&self) -> Result<Option<Alone<'_>>, Error> {
        match &*self.presence {
            None => Ok(None), // there are no locks here
            Some(presence) => presence.alone(&self.folder).map(Some),
        }
    }

    fn lock(&self, name: &str) -> Result<Turn, Error> {
        let path = self.folder.join(name);
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

    /// A name like `wanted` that no model here has, and nothing else in the folder.
    pub(crate) fn free_name(&self, wanted: &str) -> Result<String, Error> {
        let taken: Vec<_> = self
            .entries()?
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        Ok(names
            .find(|name| !taken.contains(name) && !self.folder.join(name).exists())
            .expect("there is always a further number"))
    }

    /// What may be a model, by name.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Error> {
        let read = || Error::io("read", &self.folder);
        let mut entries = Vec::new();
        for found in fs::read_dir(&self.folder).map_err(read())? {
            let path = found.map_err(read())?.path();
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            if file_name.starts_with('.') || file_name.ends_with(PARTIAL) {
                continue;
            }
            let is_folder = path.is_dir();
            let is_model = || match is_folder {
                true => hugging_face::is_one(&path) || has_gguf(&path),
                false => gguf_file::is_gguf(&path),
            };
            let linked = link::name_of(&file_name).filter(|_| !is_folder);
            let name = match linked {
                Some(name) => name.to_owned(),
                None if !is_model() => continue,
                None if is_folder => file_name.to_string(),
                None => gguf_file::name_of(&path),
            };
            let is_link = linked.is_some();
            entries.push(Entry {
                name,
                path,
                is_link,
            });
        }
        entries.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        // Of a model in several files, the first stands for all.
        entries.dedup_by(|next, first| {
            next.name == first.name && gguf_file::part(&next.path).is_some()
        });
        Ok(entries)
    }

    /// The entry called `name`. Names are only ever compared, never joined to a path: `../x` is nobody's.
    pub(crate) fn entry(&self, name: &str) -> Result<Entry, Error> {
        let found = self.entries()?.into_iter().find(|entry| entry.name == name);
        found.ok_or_else(|| Error::NoSuchModel {
            name: name.to_owned(),
            folder: self.folder.clone(),
        })
    }

    /// What the entry is. A GGUF file is read again only if it was written since; what lies beside it is always
    /// looked at.
    pub(crate) fn identify(&self, entry: &Entry) -> Result<Checkpoint, Error> {
        if entry.is_link {
            return Link::read(&entry.path)?.follow(&entry.name, |file| self.told(file));
        }
        let found = match gguf_at(&entry.path)? {
            Some(file) => mmproj::with_eyes(&self.told(&file)?),
            None => identify(&entry.path)?,
        };
        Ok(Checkpoint {
            name: entry.name.clone(),
            place: Place::Ours,
            ..found
        })
    }

    /// What the GGUF file at `path` says it is.
    pub(crate) fn told(&self, path: &Path) -> Result<Told, Error> {
        let metadata = fs::metadata(path).map_err(Error::io("read", path))?;
        let size_bytes = metadata.len();
        // A system without such times, and a model in several files, which have times of their own: always read.
        let is_one = gguf_file::part(path).is_none();
        let Some(written) = metadata.modified().ok().filter(|_| is_one) else {
            return gguf_file::identify(path);
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(path)
            && (known.size_bytes, known.written) == (size_bytes, written)
        {
            return Ok(known.told.clone());
        }
        let told = gguf_file::identify(path)?;
        let now_known = Known {
            size_bytes,
            written,
            told: told.clone(),
        };
        known.insert(path.to_owned(), now_known);
        Ok(told)
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
