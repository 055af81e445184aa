//! What is here of a file that is still coming: always a beginning of it, and what that beginning's SHA-256 is so far.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Step;
use super::watch::Watch;
use crate::disk::{self, Halt};
use crate::error::Error;

/// Bytes between two looks at the stop flag, and at the room that is left.
const PIECE: usize = 1 << 20;
/// Reading so much is felt.
const TAKES_A_MOMENT: u64 = 256 << 20;
const LOOK_FOR_ROOM_EVERY: u64 = 64 << 20;

/// What is here of the file, and how its server called the whole.
pub struct Part {
    path: PathBuf,
    file: File,
    pub bytes: u64,
    whole_bytes: u64,
    /// Of what is here.
    digest: Sha256,
    /// A strong `ETag`, if the server gave one.
    pub tag: Option<String>,
    /// Whether anything came in this fetch.
    pub is_coming: bool,
}

impl Part {
    /// Reads what an earlier try left.
    pub fn open(path: &Path, whole_bytes: u64, watch: &mut Watch) -> Result<Self, Halt> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path);
        let mut file = file.map_err(Error::io("write", path))?;
        let here_bytes = file.metadata().map_err(Error::io("read", path))?.len();
        if TAKES_A_MOMENT < here_bytes {
            watch.step(Step::Checking);
        }
        let (mut digest, mut bytes) = (Sha256::new(), 0);
        let mut piece = vec![0; PIECE];
        while here_bytes <= whole_bytes && bytes < here_bytes {
            watch.check_stop()?;
            let length = file.read(&mut piece).map_err(Error::io("read", path))?;
            if length == 0 {
                break;
            }
            digest.update(&piece[..length]);
            bytes += length as u64;
        }
        let tag = fs::read_to_string(tag_beside(path)).ok();
        let mut part = Self {
            path: path.to_owned(),
            file,
            bytes,
            whole_bytes,
            digest,
            tag,
            is_coming: false,
        };
        if bytes != here_bytes {
            part.begin(None)?; // longer than the whole: of another file
        }
        let place = SeekFrom::Start(part.bytes);
        part.file.seek(place).map_err(Error::io("read", path))?;
        Ok(part)
    }

    /// Drops what is here; a file called `tag` comes from its first byte on.
    pub fn begin(&mut self, tag: Option<&str>) -> Result<(), Error> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(Error::io("write", &self.path))?;
        self.bytes = 0;
        self.digest = Sha256::new();
        self.tag = tag.map(str::to_owned);
        let beside = tag_beside(&self.path);
        match tag {
            Some(tag) => disk::write(&beside, tag.as_bytes()),
            None if beside.exists() => {
                fs::remove_file(&beside).map_err(Error::io("delete", beside))
            }
            None => Ok(()),
        }
    }

    pub fn add(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file
            .write_all(bytes)
            .map_err(Error::io("write", &self.path))?;
        self.digest.update(bytes);
        let before_bytes = self.bytes;
        self.bytes += bytes.len() as u64;
        // Others write to the disk meanwhile: what was foreseen may have become untrue.
        match before_bytes / LOOK_FOR_ROOM_EVERY == self.bytes / LOOK_FOR_ROOM_EVERY {
            true => Ok(()),
            false => self.check_room(),
        }
    }

    /// Whether the disk has room for the rest.
    pub fn check_room(&self) -> Result<(), Error> {
        let folder = self.path.parent().expect("a file in a folder");
        disk::check_room(folder, self.whole_bytes.saturating_sub(self.bytes))
    }

    /// It is whole: through to the disk with it. Yields its SHA-256.
    pub fn finish(mut self) -> Result<String, Error> {
        self.file
            .sync_all()
            .map_err(Error::io("write", &self.path))?;
        let beside = tag_beside(&self.path);
        if beside.exists() {
            fs::remove_file(&beside).map_err(Error::io("delete", beside))?;
        }
        Ok(disk::hexadecimal(&self.digest.finalize_reset()))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.bytes == 0 && self.whole_bytes != 0 {
            // An empty part is no part; one that cannot be deleted does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Deletes what is here of a file.
pub fn forget(partial: &Path) -> Result<(), Error> {
    for path in [partial, &tag_beside(partial)] {
        if path.exists() {
            fs::remove_file(path).map_err(Error::io("delete", path))?;
        }
    }
    Ok(())
}

pub fn tag_beside(partial: &Path) -> PathBuf {
    partial.with_extension("etag.partial")
}
