//! How a model leaves: at once, or by way of a hidden folder from where it can be restored until the process ends.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::checkpoint::{Checkpoint, Place};
use crate::disk;
use crate::error::Error;
use crate::gguf_file;
use crate::models::{Entry, Models, TERMS};

/// The hidden folder, in the models folder, so that nothing is copied on the way. It has a folder for each model.
pub(crate) const TRASH: &str = ".trash";

/// What this process has removed and can restore.
#[derive(Debug)]
pub(crate) struct Trash {
    folder: PathBuf,
    removed: Mutex<Vec<Removed>>,
}

/// A model in the trash.
#[derive(Debug)]
struct Removed {
    name: String,
    /// The folder of its own.
    folder: PathBuf,
    /// What is in there, by the names they had.
    files: Vec<OsString>,
}

impl Models {
    /// Deletes a model with its terms and its picture tower, and says how many bytes that freed. A tower that another
    /// model here sees with stays, and so does all that lies elsewhere: of a link, the link goes.
    ///
    /// Whatever is in the folder under that name goes, also if it cannot be read as a model.
    pub fn remove(&self, name: &str) -> Result<u64, Error> {
        let mut freed_bytes = 0;
        for path in self.belongings(&self.entry(name)?)? {
            freed_bytes += delete(&path)?;
        }
        Ok(freed_bytes)
    }

    /// As [`Self::remove`], but it can be restored until the process ends. The bytes will be free then.
    pub fn put_aside(&self, name: &str) -> Result<u64, Error> {
        let belongings = self.belongings(&self.entry(name)?)?;
        let bytes = belongings.iter().map(|path| bytes(path)).sum();
        let folder = self.trash.new_folder()?;
        let files = belongings.iter().filter_map(|path| path.file_name());
        let removed = Removed {
            name: name.to_owned(),
            files: files.map(OsString::from).collect(),
            folder,
        };
        move_all(&removed.files, self.folder(), &removed.folder)?;
        self.trash.removed().push(removed);
        Ok(bytes)
    }

    /// Takes back what was put aside last under this name.
    pub fn restore(&self, name: &str) -> Result<Checkpoint, Error> {
        let mut removed = self.trash.removed();
        let place = removed.iter().rposition(|removed| removed.name == name);
        let place = place.ok_or_else(|| Error::NoSuchModel {
            name: name.to_owned(),
            folder: self.trash.folder.clone(),
        })?;
        let taken = removed[place]
            .files
            .iter()
            .map(|file| self.folder().join(file));
        if let Some(path) = taken.into_iter().find(|path| path.exists()) {
            return Err(Error::Exists { path });
        }
        move_all(&removed[place].files, &removed[place].folder, self.folder())?;
        let _ = fs::remove_dir(&removed.remove(place).folder); // an empty folder costs nothing
        drop(removed);
        self.find(name)
    }

    /// Deletes what this process has removed, and says how many bytes that freed.
    pub fn empty_trash(&self) -> Result<u64, Error> {
        let mut freed_bytes = 0;
        let mut removed = self.trash.removed();
        while let Some(last) = removed.last() {
            freed_bytes += delete(&last.folder)?;
            removed.pop();
        }
        Ok(freed_bytes)
    }

    /// The files and folders in the models folder that go with a model.
    pub(crate) fn belongings(&self, entry: &Entry) -> Result<Vec<PathBuf>, Error> {
        let Entry { name, path, .. } = entry;
        let mut paths = vec![path.clone()];
        if !path.is_dir() {
            let parts = gguf_file::part(path).map(|part| part.all().collect::<Vec<_>>());
            let parts = parts.into_iter().flatten();
            paths.extend(parts.map(|name| path.with_file_name(name)));
            paths.extend(self.own_tower(entry)?);
        }
        paths.extend(TERMS.map(|terms| self.folder().join(format!("{name}{terms}"))));
        paths.retain(|path| fs::symlink_metadata(path).is_ok());
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// The picture tower that only this model sees with.
    fn own_tower(&self, entry: &Entry) -> Result<Option<PathBuf>, Error> {
        let model = self.identify(entry).ok();
        let model = model.filter(|model| model.place == Place::Ours);
        let Some(tower) = model.and_then(|model| model.mmproj) else {
            return Ok(None);
        };
        let others = self.list()?.checkpoints.into_iter();
        let mut others = others.filter(|other| other.name != entry.name);
        let is_own = others.all(|other| other.mmproj.as_ref() != Some(&tower));
        let is_beside = tower.parent() == entry.path.parent();
        Ok((is_own && is_beside).then_some(tower))
    }
}

impl Trash {
    /// Nothing is in it yet.
    pub fn of(models_folder: &Path) -> Self {
        Self {
            folder: models_folder.join(TRASH),
            removed: Mutex::default(),
        }
    }

    /// Whole between any two statements.
    fn removed(&self) -> std::sync::MutexGuard<'_, Vec<Removed>> {
        self.removed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A folder that no other process has: making one is what takes it.
    fn new_folder(&self) -> Result<PathBuf, Error> {
        let made = |source| Error::io("make the folder", &self.folder)(source);
        fs::create_dir_all(&self.folder).map_err(made)?;
        let mut number = 1;
        loop {
            let folder = self.folder.join(format!("{number}"));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(folder),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Error::io("make the folder", folder)(error)),
            }
        }
    }
}

impl Drop for Trash {
    fn drop(&mut self) {
        for removed in self.removed().drain(..) {
            let _ = delete(&removed.folder); // what cannot be deleted now is at a later start
        }
    }
}

/// Deletes what every process has left in the trash; only for one that is alone.
pub(crate) fn empty(models_folder: &Path) -> Result<u64, Error> {
    let folder = models_folder.join(TRASH);
    match folder.exists() {
        true => delete(&folder),
        false => Ok(0),
    }
}

/// All of them, or none.
fn move_all(files: &[OsString], from: &Path, to: &Path) -> Result<(), Error> {
    for (number, file) in files.iter().enumerate() {
        if let Err(error) = fs::rename(from.join(file), to.join(file)) {
            for file in &files[..number] {
                let _ = fs::rename(to.join(file), from.join(file)); // it went the other way just now
            }
            return Err(Error::io("move", from.join(file))(error));
        }
    }
    Ok(())
}

/// Deletes the file, link or folder at `path`, and says how many bytes that freed.
pub(crate) fn delete(path: &Path) -> Result<u64, Error> {
    let freed_bytes = bytes(path);
    // Of a link that a person made, the link goes and what it leads to stays.
    let is_folder = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let gone = match is_folder {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    gone.map_err(Error::io("delete", path))?;
    Ok(freed_bytes)
}

/// Bytes of the file, or of all files in the folder; a link's own.
pub(crate) fn bytes(path: &Path) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => disk::bytes_in(path),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    }
}
