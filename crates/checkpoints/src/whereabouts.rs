//! Where the models folder is: in Lectern's own folder, or where it was moved to.
//!
//! One small file in Lectern's folder says so. It is replaced as a whole, so that whatever stops a move, the folder is at
//! the one place or at the other; see `moving` for how the bytes follow.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::disk;
use crate::error::Error;
use crate::models::{Models, Turn};
use crate::moving;

/// The file that says where the folder was moved to, beside the folder's first place.
const POINTER: &str = "models-folder.json";
/// Held while the folder moves.
const LOCK: &str = "models-move.lock";
/// The folder's first place.
const FIRST: &str = "models";
/// What marks a folder that models were moved to. Without it what is there is not ours: an empty place where a disk is
/// plugged in looks like a folder without models.
pub(crate) const MARK: &str = ".lectern-models";
const VERSION: u64 = 1;
/// No path is longer anywhere.
const MOST_BYTES: u64 = 64 << 10;

/// Where the models folder is.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    /// Lectern's own folder.
    root: PathBuf,
}

impl Whereabouts {
    /// As Lectern's own folder says it.
    pub fn of(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Opens the folder, after a move that was killed is brought to its end or undone. The first place is made where it
    /// is not there; another never.
    pub fn open(&self) -> Result<Models, Error> {
        loop {
            let folder = self.folder()?;
            let is_there = folder == self.first() || folder.join(MARK).is_file();
            if !is_there {
                return Err(Error::FolderGone {
                    folder,
                    pointer: self.pointer(),
                });
            }
            let models = Models::open(&folder)?;
            // Another process may have moved it while this one waited to open it.
            if self.folder()? == folder {
                return Ok(models);
            }
        }
    }

    /// Where it is; whether it is there is another question.
    pub fn folder(&self) -> Result<PathBuf, Error> {
        if moving::is_under_way(&self.root) {
            let _turn = self.take_turn()?;
            moving::recover(self)?;
        }
        self.pointed()
    }

    /// Where the folder is as long as nobody moves it.
    pub(crate) fn first(&self) -> PathBuf {
        self.root.join(FIRST)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Held by the one that moves the folder; nobody else opens it meanwhile.
    pub(crate) fn take_turn(&self) -> Result<Turn, Error> {
        let path = self.root.join(LOCK);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io("write", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Turn::of(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Moving),
            Err(TryLockError::Error(source)) => Err(Error::io("lock", path)(source)),
        }
    }

    /// From now on the folder is at `folder`.
    pub(crate) fn point_to(&self, folder: &Path) -> Result<(), Error> {
        let pointer = self.pointer();
        if folder == self.first() {
            match fs::remove_file(&pointer) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                gone => gone.map_err(Error::io("delete", &pointer))?,
            }
            return disk::sync_folder(&self.root);
        }
        let text = json!({ "version": VERSION, "folder": moving::text(folder)? });
        disk::replace(&pointer, format!("{text:#}\n").as_bytes())
    }

    fn pointer(&self) -> PathBuf {
        self.root.join(POINTER)
    }

    fn pointed(&self) -> Result<PathBuf, Error> {
        let path = self.pointer();
        let mut text = Vec::new();
        match File::open(&path) {
            Ok(file) => file.take(MOST_BYTES + 1).read_to_end(&mut text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(self.first()),
            Err(error) => Err(error),
        }
        .map_err(Error::io("read", &path))?;
        read_pointer(&text).map_err(|problem| Error::Pointer { path, problem })
    }
}

/// The folder that a pointer with these bytes names; public for tests that make such files up.
#[doc(hidden)]
pub fn read_pointer(text: &[u8]) -> Result<PathBuf, String> {
    if MOST_BYTES < text.len() as u64 {
        return Err(format!("it has more than {MOST_BYTES} bytes"));
    }
    let said: Value =
        serde_json::from_slice(text).map_err(|why| format!("it is not JSON: {why}"))?;
    if said["version"].as_u64() != Some(VERSION) {
        let found = &said["version"];
        return Err(format!("it is of version {found}, expected {VERSION}"));
    }
    match said["folder"].as_str().map(Path::new) {
        Some(folder) if folder.is_absolute() => Ok(folder.to_owned()),
        _ => Err(format!(
            "its folder is {}, expected a path from the root",
            said["folder"]
        )),
    }
}
