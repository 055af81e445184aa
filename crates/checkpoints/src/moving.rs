//! The models folder goes to another place, and wherever the process is killed meanwhile, no model is lost.
//!
//! Within a file system names move; between two, bytes do, and the old ones stay until the new ones are there. A journal
//! in Lectern's own folder says how far it is:
//!
//! | step | what happens | killed in it, the next start |
//! |---|---|---|
//! | copying | into a hidden folder at the new place, through to the disk | deletes that: the old place has it all |
//! | placing | from the hidden folder, or from the old place, to their names | goes on |
//! | (the pointer is replaced) | | goes on |
//! | deleting | what was copied, at the old place | goes on |
//!
//! Placing and deleting are each a list of steps that may be taken twice.

mod carrying;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::disk::{self, Halt};
use crate::error::Error;
use crate::models::Models;
use crate::presence::PRESENCE;
use crate::trash::{self, TRASH};
use crate::whereabouts::{MARK, Whereabouts};
use carrying::{check_target, copy_all, entries, is_one_disk};

/// The journal, in Lectern's own folder.
const JOURNAL: &str = "models-move.json";
/// What is being copied, at the new place.
const STAGE: &str = ".lectern-moving";
/// What is there for the folder and not for a model: it is not moved.
const OWN: [&str; 6] = [MARK, STAGE, TRASH, PRESENCE, ".lock", ".fetch.lock"];
/// The journal names every file and folder that is moved.
const MOST_BYTES: u64 = 16 << 20;
const VERSION: u32 = 1;

/// How far a move is.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Journal {
    version: u32,
    step: Step,
    from: PathBuf,
    to: PathBuf,
    /// Whether names move and not bytes.
    is_one_disk: bool,
    /// Whether the new place was not there before.
    is_new: bool,
    /// The files and folders that move.
    entries: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    Copying,
    Placing,
    Deleting,
}

/// Whether a move was begun and has not ended.
pub(crate) fn is_under_way(root: &Path) -> bool {
    root.join(JOURNAL).exists()
}

/// Brings a move that was killed to its end, or undoes it; for the one that has the turn.
pub(crate) fn recover(whereabouts: &Whereabouts) -> Result<(), Error> {
    let path = whereabouts.root().join(JOURNAL);
    let mut text = Vec::new();
    match File::open(&path) {
        Ok(file) => file.take(MOST_BYTES).read_to_end(&mut text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()), // another has
        Err(error) => Err(error),
    }
    .map_err(Error::io("read", &path))?;
    let journal = serde_json::from_slice::<Journal>(&text).map_err(|why| why.to_string());
    let journal = journal.and_then(Journal::checked);
    let mut journal = journal.map_err(|problem| Error::Pointer { path, problem })?;
    match journal.step {
        Step::Copying => journal.undo(whereabouts),
        // Its disk is not plugged in. The old place still has everything, and may change before it is.
        Step::Placing if !journal.is_one_disk && !journal.to.join(STAGE).is_dir() => {
            journal.end(whereabouts)
        }
        Step::Placing => journal.place(whereabouts),
        Step::Deleting => journal.delete(whereabouts),
    }
}

impl Whereabouts {
    /// Moves everything in the folder of `models` to the folder `to`, which is empty, or was the place of models before.
    /// `on_progress` hears bytes done and in all. `None`: `stop` was set, and all is where it was.
    ///
    /// Nobody else may have the folder open, or fetch or import.
    pub fn move_to(
        &self,
        models: &Models,
        to: &Path,
        stop: &AtomicBool,
        mut on_progress: impl FnMut(u64, u64),
    ) -> Result<Option<PathBuf>, Error> {
        let to = std::path::absolute(to).map_err(Error::io("read", to))?;
        let from = models.folder().to_owned();
        let _turns = (
            self.take_turn()?,
            models.take_turn()?,
            models.take_fetch_turn()?,
        );
        let _alone = models.alone()?;
        let entries = entries(&from)?;
        let is_new = check_target(&from, &to, &entries, &self.first())?;
        fs::create_dir_all(&to).map_err(Error::io("make the folder", &to))?;
        let mut journal = Journal {
            version: VERSION,
            step: Step::Copying,
            is_one_disk: is_one_disk(&from, &to)?,
            is_new,
            entries,
            from,
            to,
        };
        if let Err(error) = models.empty_trash().and_then(|_| journal.mark()) {
            return Err(journal.given_up(self, error));
        }
        if !journal.is_one_disk {
            match journal.copy(self, stop, &mut on_progress) {
                Ok(()) => {}
                Err(Halt::Stopped) => return journal.undo(self).map(|()| None),
                Err(Halt::Failed(error)) => return Err(journal.given_up(self, error)),
            }
        } else if stop.load(Ordering::Relaxed) {
            return journal.undo(self).map(|()| None);
        }
        journal.step = Step::Placing;
        if let Err(error) = journal.write(self) {
            return Err(journal.given_up(self, error));
        }
        journal.place(self)?;
        Ok(Some(journal.to))
    }
}

impl Journal {
    fn checked(self) -> Result<Self, String> {
        if self.version != VERSION {
            return Err(format!(
                "it is of version {}, expected {VERSION}",
                self.version
            ));
        }
        if !self.from.is_absolute() || !self.to.is_absolute() {
            return Err("its places are no paths from the root".to_owned());
        }
        // Names become parts of paths that are deleted.
        let is_plain = |name: &String| {
            let mut parts = Path::new(name).components();
            let is_name = matches!(parts.next(), Some(std::path::Component::Normal(_)));
            is_name && parts.next().is_none()
        };
        match self.entries.iter().find(|name| !is_plain(name)) {
            Some(name) => Err(format!("{name:?} is not the name of a file")),
            None => Ok(self),
        }
    }

    fn write(&self, whereabouts: &Whereabouts) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).map_err(|why| Error::Io {
            doing: "write down the path",
            path: self.to.clone(),
            source: io::Error::new(ErrorKind::InvalidInput, why),
        })?;
        disk::replace(&whereabouts.root().join(JOURNAL), &text)
    }

    fn end(&self, whereabouts: &Whereabouts) -> Result<(), Error> {
        let path = whereabouts.root().join(JOURNAL);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io("delete", path)(error));
            }
            _ => {}
        }
        disk::sync_folder(whereabouts.root())
    }

    fn mark(&self) -> Result<(), Error> {
        disk::write(&self.to.join(MARK), b"Lectern keeps models here.\n")
    }

    /// Copies all entries into the hidden folder at the new place.
    fn copy(
        &self,
        whereabouts: &Whereabouts,
        stop: &AtomicBool,
        on_progress: &mut impl FnMut(u64, u64),
    ) -> Result<(), Halt> {
        let sources = self.entries.iter().map(|name| self.from.join(name));
        let total_bytes = sources.map(|path| trash::bytes(&path)).sum();
        disk::check_room(&self.to, total_bytes)?;
        let stage = self.to.join(STAGE);
        self.write(whereabouts)?;
        if stage.exists() {
            trash::delete(&stage)?; // of a move that was killed while its disk was unplugged
        }
        fs::create_dir(&stage).map_err(Error::io("make the folder", &stage))?;
        let mut before_bytes = 0;
        for name in &self.entries {
            let mut on_bytes = |bytes| on_progress(before_bytes + bytes, total_bytes);
            before_bytes += copy_all(
                &self.from.join(name),
                &stage.join(name),
                stop,
                &mut on_bytes,
            )?;
        }
        Ok(disk::sync_folder(&stage)?)
    }

    /// Gives all entries their names at the new place, makes that the folder's, and deletes the old ones. If that cannot
    /// be, all is where it was.
    fn place(&mut self, whereabouts: &Whereabouts) -> Result<(), Error> {
        if let Err(error) = self.point_to_placed(whereabouts) {
            self.put_back()?;
            return Err(self.given_up(whereabouts, error));
        }
        // What fails from here on is tried again at the next start.
        self.step = Step::Deleting;
        self.write(whereabouts)?;
        self.delete(whereabouts)
    }

    fn point_to_placed(&self, whereabouts: &Whereabouts) -> Result<(), Error> {
        let stage = match self.is_one_disk {
            true => self.from.clone(),
            false => self.to.join(STAGE),
        };
        for name in &self.entries {
            let (from, to) = (stage.join(name), self.to.join(name));
            match fs::rename(&from, &to) {
                // Of a move that goes on, some were renamed before.
                Err(error)
                    if error.kind() == ErrorKind::NotFound && to.symlink_metadata().is_ok() => {}
                renamed => renamed.map_err(Error::io("move", from))?,
            }
        }
        disk::sync_folder(&self.to)?;
        whereabouts.point_to(&self.to)
    }

    /// Undoes what was placed: between two disks it is deleted, because the old place has it too.
    fn put_back(&self) -> Result<(), Error> {
        for name in &self.entries {
            let (old, new) = (self.from.join(name), self.to.join(name));
            let is_there = |path: &Path| path.symlink_metadata().is_ok();
            match self.is_one_disk {
                true if is_there(&new) && !is_there(&old) => {
                    fs::rename(&new, &old).map_err(Error::io("move", new))?;
                }
                false if is_there(&new) && is_there(&old) => drop(trash::delete(&new)?),
                _ => {}
            }
        }
        Ok(())
    }

    /// Deletes at the old place what was copied, and the place itself if nothing else is there.
    fn delete(&self, whereabouts: &Whereabouts) -> Result<(), Error> {
        let own = OWN.iter().map(|name| (*name).to_owned());
        for name in self.entries.iter().cloned().chain(own) {
            let path = self.from.join(name);
            if path.symlink_metadata().is_ok() {
                trash::delete(&path)?;
            }
        }
        // It may not be empty, or be where a disk is plugged in.
        let _ = fs::remove_dir(&self.from);
        let _ = fs::remove_dir(self.to.join(STAGE));
        self.end(whereabouts)
    }

    /// Deletes what was made at the new place.
    fn undo(&self, whereabouts: &Whereabouts) -> Result<(), Error> {
        let stage = self.to.join(STAGE);
        if stage.is_dir() {
            trash::delete(&stage)?;
        }
        if self.is_new {
            let _ = fs::remove_file(self.to.join(MARK)); // it may not have been written
            let _ = fs::remove_dir(&self.to);
        }
        self.end(whereabouts)
    }

    /// All is where it was; why it is, is `error`.
    fn given_up(&self, whereabouts: &Whereabouts, error: Error) -> Error {
        let _ = self.undo(whereabouts); // what is left is cleared away by the next move
        error
    }
}

/// The path as text, which is how it is written down.
pub(crate) fn text(path: &Path) -> Result<String, Error> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::Io {
        doing: "write down the path",
        path: path.to_owned(),
        source: io::Error::new(ErrorKind::InvalidInput, "it is not Unicode"),
    })
}
