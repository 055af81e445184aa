//! One file over HTTP, for as long as it takes: what arrived is never asked for again.
//!
//! 1. Ask the hub. It answers with a redirect to where the bytes lie, and says in headers of its
//!    own (`x-linked-…`) how many there are and what their SHA-256 is; another file than the one
//!    that is wanted is refused here, before it comes.
//! 2. If a part is here already, ask for the rest (`Range`), under the condition that it is still
//!    the same file (`If-Range`, where the server named it by an `ETag`). A server that answers
//!    with the whole file is taken at its word, and the part is dropped.
//! 3. When the line is lost, pause and go on with 2. Any byte that comes starts the count of tries
//!    again, so that a long download over a bad line does get to its end.
//!
//! The talking is done in `line`.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::Step;
use super::line::{self, Arrival, Head, Question, Reason};
use super::watch::{LOOK_EVERY, Watch};
use crate::disk::{self, Halt};
use crate::error::Error;

/// What is wanted, and where it is.
pub struct Remote<'a> {
    pub url: String,
    pub file: &'a str,
    pub bytes: u64,
    pub sha256: &'a str,
}

/// Fetches `remote` into `partial`, which then has as many bytes as it should. Whether they are
/// the right ones is for the caller to check.
///
/// [`Error::Unreachable`] and [`Error::Refused`] say that nothing arrived at all.
pub fn fetch(
    remote: &Remote,
    partial: &Path,
    pauses: &[Duration],
    watch: &mut Watch,
) -> Result<(), Halt> {
    watch.step(Step::Looking);
    let mut part = Part::open(partial, remote.bytes)?;
    disk::check_room(
        partial.parent().expect("a file in a folder"),
        remote.bytes - part.bytes,
    )?;
    let agent = line::agent();
    let (mut furthest_bytes, mut tries) = (part.bytes, pauses.iter());
    while part.bytes < remote.bytes {
        let reason = match fetch_some(&agent, remote, &mut part, watch) {
            Ok(()) => continue,
            Err(Lost::Halted(halt)) => return Err(halt),
            Err(Lost::Line(reason)) => reason,
        };
        // Bytes that came once before are no progress: they may come for ever.
        if furthest_bytes < part.bytes {
            furthest_bytes = part.bytes;
            tries = pauses.iter();
        }
        match tries.next() {
            // Who is offline is told so at once; who was online a moment ago may be so again.
            Some(pause) if part.is_coming || !reason.is_lasting() => watch.wait(*pause)?,
            _ if part.is_coming => {
                let (file, done_bytes) = (remote.file.to_owned(), part.bytes);
                let total_bytes = remote.bytes;
                return Err(Error::Interrupted {
                    file,
                    done_bytes,
                    total_bytes,
                }
                .into());
            }
            _ => return Err(reason.into_error(&remote.url, remote.file).into()),
        }
    }
    Ok(part.finish()?)
}

/// Deletes what [`fetch`] left.
pub fn forget(partial: &Path) -> Result<(), Error> {
    for path in [partial, &tag_beside(partial)] {
        if path.exists() {
            fs::remove_file(path).map_err(Error::io("delete", path))?;
        }
    }
    Ok(())
}

/// Asks once, and takes what comes until the file is whole or the line is lost.
fn fetch_some(
    agent: &ureq::Agent,
    remote: &Remote,
    part: &mut Part,
    watch: &mut Watch,
) -> Result<(), Lost> {
    let question = Question {
        url: remote.url.clone(),
        first_byte: part.bytes,
        tag: part.tag.clone(),
    };
    let arrivals = line::ask(agent.clone(), question);
    loop {
        watch.check_stop()?;
        match arrivals.recv_timeout(LOOK_EVERY) {
            Err(RecvTimeoutError::Timeout) => {}
            // The other thread only ends without a last word if it panicked.
            Err(RecvTimeoutError::Disconnected) => return Err(Reason::Ended.into()),
            Ok(Arrival::Lost(reason)) => return Err(reason.into()),
            Ok(Arrival::Head(head)) => begin(&head, remote, part)?,
            Ok(Arrival::Bytes(bytes)) => {
                if !part.is_coming {
                    part.is_coming = true;
                    watch.step(Step::Downloading);
                }
                if remote.bytes < part.bytes + bytes.len() as u64 {
                    return Err(changed(remote).into());
                }
                part.add(&bytes)?;
                watch.progress(part.bytes, remote.bytes);
            }
            Ok(Arrival::End) if part.bytes == remote.bytes => return Ok(()),
            Ok(Arrival::End) => return Err(Reason::Ended.into()),
        }
    }
}

/// Makes `part` ready for the bytes that follow this head.
fn begin(head: &Head, remote: &Remote, part: &mut Part) -> Result<(), Lost> {
    let is_other_size = head.linked_bytes.is_some_and(|bytes| bytes != remote.bytes);
    let is_other_file = head
        .linked_sha256
        .as_ref()
        .is_some_and(|sha256| sha256 != remote.sha256);
    let is_other = is_other_size || is_other_file;
    match head.status {
        200 | 206 | 416
            if is_other || head.total_bytes.is_some_and(|bytes| bytes != remote.bytes) =>
        {
            Err(changed(remote).into())
        }
        200 => Ok(part.begin(head.tag.as_deref())?),
        206 if head.first_byte == Some(part.bytes) => Ok(()),
        // Not the rest that was asked for: from the beginning, with the next try.
        206 | 416 => {
            part.begin(None)?;
            Err(Reason::Status(head.status).into())
        }
        status => Err(Reason::Status(status).into()),
    }
}

fn changed(remote: &Remote) -> Error {
    Error::Changed {
        host: line::host_of(&remote.url).to_owned(),
        file: remote.file.to_owned(),
    }
}

/// What is here of the file, and how its server called the whole.
struct Part {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// A strong `ETag`, if the server gave one.
    tag: Option<String>,
    /// Whether anything came in this fetch.
    is_coming: bool,
}

impl Part {
    fn open(path: &Path, whole_bytes: u64) -> Result<Self, Error> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path);
        let mut file = file.map_err(Error::io("write", path))?;
        let bytes = file
            .seek(SeekFrom::End(0))
            .map_err(Error::io("read", path))?;
        let tag = fs::read_to_string(tag_beside(path)).ok();
        let mut part = Self {
            path: path.to_owned(),
            file,
            bytes,
            tag,
            is_coming: false,
        };
        if whole_bytes < bytes {
            part.begin(None)?;
        }
        Ok(part)
    }

    /// Drops what is here; a file called `tag` comes from its first byte on.
    fn begin(&mut self, tag: Option<&str>) -> Result<(), Error> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(Error::io("write", &self.path))?;
        self.bytes = 0;
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

    fn add(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file
            .write_all(bytes)
            .map_err(Error::io("write", &self.path))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn finish(&self) -> Result<(), Error> {
        self.file
            .sync_all()
            .map_err(Error::io("write", &self.path))?;
        let beside = tag_beside(&self.path);
        if beside.exists() {
            fs::remove_file(&beside).map_err(Error::io("delete", beside))?;
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.bytes == 0 {
            // An empty part is no part; one that cannot be deleted does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn tag_beside(partial: &Path) -> PathBuf {
    partial.with_extension("etag.partial")
}

/// Why an attempt ended early.
enum Lost {
    /// For good.
    Halted(Halt),
    /// Another attempt may do better.
    Line(Reason),
}

impl From<Halt> for Lost {
    fn from(halt: Halt) -> Self {
        Self::Halted(halt)
    }
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::Halted(error.into())
    }
}

impl From<Reason> for Lost {
    fn from(reason: Reason) -> Self {
        Self::Line(reason)
    }
}
