//! A model that is on this machine already becomes one of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gguf::Part;

use crate::checkpoint::{Checkpoint, identify};
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::gguf_file;
use crate::hugging_face;
use crate::models::{IMPORTING, Models, PARTIAL};

impl Models {
    /// Takes a GGUF file or Hugging Face folder into the models folder; the original stays.
    ///
    /// Where the file system can copy on write, the import takes no time and no room. (A second
    /// name for the same file would do so everywhere, but a program that later writes the original
    /// anew, as download tools do, would write ours.) A model that is here already, under whatever
    /// name, is not taken twice.
    ///
    /// `on_progress` hears bytes done and in all. `None`: `stop` was set.
    pub fn import(
        &self,
        source: &Path,
        stop: &AtomicBool,
        on_progress: impl FnMut(u64, u64),
    ) -> Result<Option<Checkpoint>, Error> {
        match self.take_in(source, stop, on_progress) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(Halt::Stopped) => Ok(None),
            Err(Halt::Failed(error)) => Err(error),
        }
    }

    fn take_in(
        &self,
        source: &Path,
        stop: &AtomicBool,
        mut on_progress: impl FnMut(u64, u64),
    ) -> Result<Checkpoint, Halt> {
        // A link would be linked, not what it leads to.
        let real = fs::canonicalize(source).map_err(Error::io("read", source))?;
        let checkpoint = identify(&real)?;
        let _turn = self.take_turn()?;
        if let Some(here) = self.already_here(&checkpoint, stop)? {
            return Ok(here);
        }

        let name = self.free_name(&plain(&checkpoint.name))?;
        let partial = self.folder().join(format!("{name}{IMPORTING}"));
        let mut clear = Clear {
            path: Some(partial.clone()),
        };
        if let Some(part) = gguf_file::part(&real) {
            let part = Part {
                model: name,
                ..part
            };
            let path = self.take_in_parts(&real, &part, &partial, stop, &mut on_progress)?;
            return Ok(identify(&path)?);
        }
        let is_folder = real.is_dir();
        let parts = match is_folder {
            true => folder_parts(&real, &partial)?,
            false => vec![(real, partial.clone())],
        };
        self.copy_parts(&parts, stop, &mut on_progress)?;
        if is_folder {
            disk::sync_folder(&partial)?;
        }

        let path = self.folder().join(if is_folder {
            name
        } else {
            format!("{name}.gguf")
        });
        disk::put_in_place(&partial, &path)?;
        clear.path = None;
        Ok(identify(&path)?)
    }

    /// Copies a model in several files into the folder `partial` and gives them their names: what `as_part` says.
    /// The first is named last, so that a model that lacks a part is never taken for one.
    fn take_in_parts(
        &self,
        real: &Path,
        as_part: &Part,
        partial: &Path,
        stop: &AtomicBool,
        on_progress: &mut impl FnMut(u64, u64),
    ) -> Result<PathBuf, Halt> {
        fs::create_dir(partial).map_err(Error::io("make the folder", partial))?;
        let names: Vec<String> = as_part.all().collect();
        let froms = gguf_file::parts(real)?.into_iter();
        let copies = froms.zip(names.iter().map(|name| partial.join(name)));
        self.copy_parts(&copies.collect::<Vec<_>>(), stop, on_progress)?;
        for name in names.iter().rev() {
            disk::put_in_place(&partial.join(name), &self.folder().join(name))?;
        }
        Ok(self.folder().join(&names[0]))
    }

    /// The model here that has the same bytes, if there is one.
    fn already_here(
        &self,
        new: &Checkpoint,
        stop: &AtomicBool,
    ) -> Result<Option<Checkpoint>, Halt> {
        for here in self.list()?.checkpoints {
            let alike = (here.size_bytes, &here.format, here.path.is_dir())
                == (new.size_bytes, &new.format, new.path.is_dir());
            if alike && same_model(&here.path, &new.path, stop)? {
                return Ok(Some(here));
            }
        }
        Ok(None)
    }

    fn copy_parts(
        &self,
        parts: &[(PathBuf, PathBuf)],
        stop: &AtomicBool,
        on_progress: &mut impl FnMut(u64, u64),
    ) -> Result<(), Halt> {
        let mut total_bytes = 0;
        for (from, _) in parts {
            total_bytes += fs::metadata(from).map_err(Error::io("read", from))?.len();
        }
        let mut before_bytes = 0;
        for (from, to) in parts {
            let bytes = fs::metadata(from).map_err(Error::io("read", from))?.len();
            if reflink_copy::reflink(from, to).is_err() {
                disk::check_room(self.folder(), total_bytes - before_bytes)?;
                disk::copy(from, to, stop, |done| {
                    on_progress(before_bytes + done, total_bytes)
                })?;
            }
            before_bytes += bytes;
            on_progress(before_bytes, total_bytes);
        }
        Ok(())
    }
}

/// Makes the folder, and pairs each file that belongs to the checkpoint with its place in it.
fn folder_parts(from: &Path, to: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
    fs::create_dir(to).map_err(Error::io("make the folder", to))?;
    let mut parts = Vec::new();
    for found in fs::read_dir(from).map_err(Error::io("read", from))? {
        let found = found.map_err(Error::io("read", from))?;
        let name = found.file_name();
        // The hub's cache has links in the folder and the bytes elsewhere.
        let real = fs::canonicalize(found.path()).map_err(Error::io("read", found.path()))?;
        if real.is_file() && hugging_face::belongs(&name.to_string_lossy()) {
            parts.push((real, to.join(name)));
        }
    }
    parts.sort();
    Ok(parts)
}

fn same_model(here: &Path, new: &Path, stop: &AtomicBool) -> Result<bool, Halt> {
    if !here.is_dir() {
        let (here, new) = (gguf_file::parts(here)?, gguf_file::parts(new)?);
        let mut same = here.len() == new.len();
        for (here, new) in here.iter().zip(&new) {
            same = same && disk::same_bytes(here, new, stop)?;
        }
        return Ok(same);
    }
    for found in fs::read_dir(here).map_err(Error::io("read", here))? {
        let path = found.map_err(Error::io("read", here))?.path();
        let twin = new.join(path.file_name().unwrap_or_default());
        if !twin.is_file() || !disk::same_bytes(&path, &twin, stop)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The name without what would hide it or make it look unfinished.
fn plain(name: &str) -> String {
    let name = name.trim_start_matches('.').trim();
    let name = name.trim_end_matches(PARTIAL);
    if name.is_empty() {
        "model".to_owned()
    } else {
        name.to_owned()
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
