//! A model that is on this machine already becomes one of ours.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gguf::{Part, mmproj::is_mmproj};

use crate::checkpoint::{Checkpoint, Place, identify};
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::models::{IMPORTING, Models, PARTIAL};
use crate::{gguf_file, hugging_face, mmproj};

/// A picture tower, in the folder of its model.
const MMPROJ: &str = "mmproj.gguf";

/// How a model that is on this machine becomes one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// It stays where it is, and is used there.
    Link,
    /// Ours shares its bytes on the disk until one of the two is written; not every file system can.
    Clone,
    /// Ours is a copy.
    Copy,
}

/// A file of a model, and the name it gets.
type Named = (PathBuf, OsString);

impl Models {
    /// Takes a GGUF file or a folder into the models folder, with all that belongs to it: the other parts of a model in
    /// several files, and its picture tower, which is the file `mmproj` or lies beside it. The originals stay.
    ///
    /// A model of several files gets a folder of its own, so that none is ever given what belongs to another, and
    /// that it is here whole or not at all.
    ///
    /// Without a wish, the files are cloned where the file system can copy on write, which takes no time and no room,
    /// and else copied. (A second name for the same file would be as good everywhere, but a program that later writes
    /// the original anew, as download tools do, would write ours.) A model that is here already, under whatever name,
    /// is not taken twice.
    ///
    /// `on_progress` hears bytes done and in all. `None`: `stop` was set.
    pub fn import(
        &self,
        source: &Path,
        mmproj: Option<&Path>,
        taking: Option<Taking>,
        stop: &AtomicBool,
        on_progress: impl FnMut(u64, u64),
    ) -> Result<Option<Checkpoint>, Error> {
        let checkpoint = found(source, mmproj)?;
        if taking == Some(Taking::Link) {
            return self.link(&checkpoint).map(Some);
        }
        match self.take_in(&checkpoint, taking, stop, on_progress) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(Halt::Stopped) => Ok(None),
            Err(Halt::Failed(error)) => Err(error),
        }
    }

    fn take_in(
        &self,
        checkpoint: &Checkpoint,
        taking: Option<Taking>,
        stop: &AtomicBool,
        mut on_progress: impl FnMut(u64, u64),
    ) -> Result<Checkpoint, Halt> {
        let _turn = self.take_turn()?;
        if let Some(here) = self.already_here(checkpoint, stop)? {
            return Ok(here);
        }
        let name = self.free_name(&plain(&checkpoint.name))?;
        let partial = self.folder().join(format!("{name}{IMPORTING}"));
        let mut clear = Clear {
            path: Some(partial.clone()),
        };
        let files = files(checkpoint, &name)?;
        let is_folder = checkpoint.path.is_dir() || files.len() > 1;
        let (path, copies) = if is_folder {
            fs::create_dir(&partial).map_err(Error::io("make the folder", &partial))?;
            let places = files.iter().map(|(from, to)| (from, partial.join(to)));
            (self.folder().join(&name), places.collect())
        } else {
            let (from, to) = &files[0];
            (self.folder().join(to), vec![(from, partial.clone())])
        };
        self.copy(copies, taking, stop, &mut on_progress)?;
        if is_folder {
            disk::sync_folder(&partial)?;
        }
        disk::put_in_place(&partial, &path)?;
        clear.path = None;
        Ok(self.find(&name)?)
    }

    /// The model here that has the same bytes, if there is one. One that can see will do for one that cannot.
    pub(crate) fn already_here(
        &self,
        new: &Checkpoint,
        stop: &AtomicBool,
    ) -> Result<Option<Checkpoint>, Halt> {
        let kind = |it: &Checkpoint| (it.format.clone(), it.path.is_dir());
        // What lies elsewhere may go at any time: a person who wants a copy gets one.
        let ours = self.list()?.checkpoints.into_iter();
        for mut here in ours.filter(|here| here.place == Place::Ours) {
            let tower = here.mmproj.clone();
            if new.mmproj.is_none() {
                here.mmproj = None;
            }
            if kind(&here) == kind(new) && same_files(&here, new, stop)? {
                here.mmproj = tower;
                return Ok(Some(here));
            }
        }
        Ok(None)
    }

    fn copy(
        &self,
        copies: Vec<(&PathBuf, PathBuf)>,
        taking: Option<Taking>,
        stop: &AtomicBool,
        on_progress: &mut impl FnMut(u64, u64),
    ) -> Result<(), Halt> {
        let (mut sized, mut total_bytes) = (Vec::new(), 0);
        for (from, to) in copies {
            // A link would be linked, not what it leads to: the hub's cache is full of them.
            let from = fs::canonicalize(from).map_err(Error::io("read", from))?;
            let bytes = fs::metadata(&from).map_err(Error::io("read", &from))?.len();
            total_bytes += bytes;
            sized.push((from, to, bytes));
        }
        let mut before_bytes = 0;
        for (from, to, bytes) in sized {
            if stop.load(Ordering::Relaxed) {
                return Err(Halt::Stopped);
            }
            let is_cloned =
                taking != Some(Taking::Copy) && reflink_copy::reflink(&from, &to).is_ok();
            if !is_cloned && taking == Some(Taking::Clone) {
                return Err(Halt::Failed(Error::NoClone {
                    path: from,
                    folder: self.folder().to_owned(),
                }));
            }
            if !is_cloned {
                disk::check_room(self.folder(), total_bytes - before_bytes)?;
                disk::copy(&from, &to, stop, |done| {
                    on_progress(before_bytes + done, total_bytes)
                })?;
            }
            before_bytes += bytes;
            on_progress(before_bytes, total_bytes);
        }
        Ok(())
    }
}

/// What is at `source`, with the picture tower `mmproj` or the one beside it.
fn found(source: &Path, mmproj: Option<&Path>) -> Result<Checkpoint, Error> {
    let real = fs::canonicalize(source).map_err(Error::io("read", source))?;
    // A folder may be called `.`. A file's own name counts, also where it only leads to another: in the hub's cache
    // the other has a number for a name, and nothing beside it.
    let source = if real.is_dir() { &*real } else { source };
    let beside = identify(source)?;
    match (mmproj, beside.path.is_dir()) {
        (None, _) => Ok(beside),
        (Some(tower), false) => mmproj::with_named(&gguf_file::identify(&beside.path)?, tower),
        (Some(_), true) => Err(Error::ProjectorForFolder { path: beside.path }),
    }
}

/// All files of a model, and the names they get in the model `name`.
fn files(checkpoint: &Checkpoint, name: &str) -> Result<Vec<Named>, Error> {
    let path = &checkpoint.path;
    if path.is_dir() {
        let files = hugging_face::files(path)?.into_iter();
        let named = files.map(|file| {
            let name = file.file_name().unwrap_or_default().to_owned();
            (file, name)
        });
        return Ok(named.collect());
    }
    let names = match gguf_file::part(path) {
        None => vec![format!("{name}.gguf")],
        Some(part) => {
            let model = name.to_owned();
            Part { model, ..part }.all().collect()
        }
    };
    let names = names.into_iter().map(OsString::from);
    let tower = checkpoint.mmproj.clone();
    let tower = tower.map(|tower| (tower, OsString::from(MMPROJ)));
    Ok(gguf_file::parts(path)?
        .into_iter()
        .zip(names)
        .chain(tower)
        .collect())
}

fn same_files(here: &Checkpoint, new: &Checkpoint, stop: &AtomicBool) -> Result<bool, Halt> {
    let (here, new) = (files(here, "")?, files(new, "")?);
    if here.len() != new.len() {
        return Ok(false);
    }
    for ((here, here_name), (new, new_name)) in here.iter().zip(&new) {
        if here_name != new_name || !disk::same_bytes(here, new, stop)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The name without what would hide it, make it look unfinished, or like a picture tower.
pub(crate) fn plain(name: &str) -> String {
    let name = name.trim_start_matches('.').trim();
    let name = name.trim_end_matches(PARTIAL);
    match name.is_empty() || is_mmproj(Path::new(&format!("{name}.gguf"))) {
        true => "model".to_owned(),
        false => name.to_owned(),
    }
}

/// Deletes what an import that did not come to its end has made so far.
struct Clear {
    path: Option<PathBuf>,
}

impl Drop for Clear {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // What cannot be deleted now is cleared away when the folder is opened next.
            let _ = if path.is_dir() {
                fs::remove_dir_all(path)
            } else {
                fs::remove_file(path)
            };
        }
    }
}
