//! A model that comes in pieces, because whoever brings it does not say where it lies: a file dropped on a window.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::checkpoint::{Checkpoint, identify};
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::gguf_file;
use crate::import::plain;
use crate::models::{IMPORTING, Models, Turn};

/// A GGUF file on its way into the models folder. Dropped before its end, nothing of it stays.
#[derive(Debug)]
pub struct Incoming {
    models: Models,
    /// Others wait until it is here.
    _turn: Turn,
    /// A folder, so that the file in it has its own name.
    folder: Unfinished,
    path: PathBuf,
    file: File,
    total_bytes: u64,
    came_bytes: u64,
}

/// A folder that goes with what is in it.
#[derive(Debug)]
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What cannot be deleted now is cleared away when the folder is opened next.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Models {
    /// Begins to take in a GGUF file called `file_name` with so many bytes.
    pub fn receive(&self, file_name: &str, total_bytes: u64) -> Result<Incoming, Error> {
        let turn = self.take_turn()?;
        disk::check_room(self.folder(), total_bytes)?;
        // Only the last part of whatever somebody calls a file is a name.
        let file_name = Path::new(file_name).file_name().unwrap_or_default();
        let name = self.free_name(&plain(&gguf_file::name_of(Path::new(file_name))))?;
        let folder = Unfinished(self.folder().join(format!("{name}{IMPORTING}")));
        fs::create_dir(&folder.0).map_err(Error::io("make the folder", &folder.0))?;
        let path = folder.0.join(format!("{name}.gguf"));
        let file = File::create(&path).map_err(Error::io("write", &path))?;
        Ok(Incoming {
            models: self.clone(),
            _turn: turn,
            folder,
            path,
            file,
            total_bytes,
            came_bytes: 0,
        })
    }
}

impl Incoming {
    /// Bytes that came, and those of all.
    pub fn bytes(&self) -> (u64, u64) {
        (self.came_bytes, self.total_bytes)
    }

    /// Takes the next piece. What is no GGUF file is refused with the first one.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let is_first = self.came_bytes == 0;
        self.came_bytes = self.came_bytes.saturating_add(piece.len() as u64);
        let written = self.file.write_all(piece);
        written.map_err(Error::io("write", &self.path))?;
        match is_first && !piece.starts_with(b"GGUF") {
            true => self.identify().map(drop),
            false => Ok(()),
        }
    }

    /// What it is; in an error it has the name it came with.
    fn identify(&self) -> Result<Checkpoint, Error> {
        identify(&self.path).map_err(|mut error| {
            if let Error::NotACheckpoint { path }
            | Error::Gguf { path, .. }
            | Error::OtherModel { path, .. }
            | Error::Embedding { path, .. }
            | Error::Adapter { path }
            | Error::NotWhole { path, .. }
            | Error::Projector { path }
            | Error::Split { path, .. } = &mut error
            {
                *path = path.file_name().unwrap_or_default().into();
            }
            error
        })
    }

    /// All pieces have come: what they are, under the name they have here. A model that is here already is not taken
    /// twice.
    pub fn finish(self) -> Result<Checkpoint, Error> {
        self.file
            .sync_all()
            .map_err(Error::io("write", &self.path))?;
        let checkpoint = self.identify()?;
        let never = AtomicBool::new(false);
        match self.models.already_here(&checkpoint, &never) {
            Ok(Some(here)) => return Ok(here),
            Ok(None) | Err(Halt::Stopped) => {}
            Err(Halt::Failed(error)) => return Err(error),
        }
        let place = self
            .models
            .folder()
            .join(self.path.file_name().unwrap_or_default());
        disk::put_in_place(&self.path, &place)?;
        drop(self.folder);
        self.models.find(&checkpoint.name)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    fn golden() -> Vec<u8> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/golden/tiny-text/model.gguf"
        );
        fs::read(path).unwrap()
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }

    #[test]
    fn pieces_become_a_model() {
        let home = tempfile::tempdir().unwrap();
        let models = Models::open(home.path()).unwrap();
        let bytes = golden();
        for _ in 0..2 {
            let total_bytes = bytes.len() as u64;
            let mut incoming = models.receive("../tiny one.gguf", total_bytes).unwrap();
            for piece in bytes.chunks(100_000) {
                incoming.write(piece).unwrap();
            }
            assert_eq!(incoming.bytes(), (total_bytes, total_bytes));
            assert_eq!(incoming.finish().unwrap().name, "tiny one");
            // The second time it is here already.
            assert_eq!(names_in(home.path()), ["tiny one.gguf"]);
        }
    }

    #[test]
    fn what_does_not_become_one_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let models = Models::open(home.path()).unwrap();
        let bytes = golden();
        let mut half = models.receive("tiny.gguf", bytes.len() as u64).unwrap();
        half.write(&bytes[..bytes.len() / 2]).unwrap();
        assert!(models.receive("other.gguf", 1).is_err(), "one at a time");
        half.finish().unwrap_err();

        let mut left = models.receive("tiny.gguf", bytes.len() as u64).unwrap();
        left.write(&bytes[..1000]).unwrap();
        drop(left);

        let mut page = models.receive("page.gguf", 1_000_000).unwrap();
        let refused = page.write(b"<!doctype html>").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "page.gguf is neither a GGUF file nor a Hugging Face checkpoint"
        );
        drop(page);
        assert!(names_in(home.path()).is_empty());
    }
}
