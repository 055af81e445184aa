//! One file over HTTP, for as long as it takes: what arrived is never asked for again.
//!
//! 1. Ask the hub. It answers with a redirect to where the bytes lie, and says in headers of its
//!    own (`x-linked-…`) how many there are and what their SHA-256 is; another file than the one
//!    that is wanted is refused here, before it comes.
//! 2. If a part is here already, ask for the rest (`Range`), under the condition that it is still
//!    the same file (`If-Range`, where the server named it by an `ETag`). A server that answers
//!    with the whole file is taken at its word, and the part is dropped.
//! 3. Of a large file ask for a block, and for the next ones at the same time, each over a line of its own (`lanes`).
//! 4. When the line is lost, pause and go on with 2. Any byte that comes starts the count of tries
//!    again, so that a long download over a bad line does get to its end.
//!
//! The talking is done in `line`.

use std::path::Path;
use std::time::Duration;

use super::lanes::Lanes;
use super::line::{self, Head, Line, Reason};
use super::part::Part;
use super::patience::Patience;
use super::watch::Watch;
use super::{Lines, Step};
use crate::disk::Halt;
use crate::error::Error;

/// How often what lasts elsewhere (404, 403) is asked again once bytes came: a hub in trouble says many things.
const LASTING_AT_MOST: u32 = 3;

/// Nobody waits longer for a server where there is another.
const LONG: Duration = Duration::from_secs(60);

/// What is wanted, and where it is.
pub struct Remote<'a> {
    pub url: String,
    pub file: &'a str,
    pub bytes: u64,
    /// What the hub should say of it, if it says anything.
    pub sha256: Option<&'a str>,
}

/// How the bytes are to come.
#[derive(Debug, Clone)]
pub struct Way {
    pub line: Line,
    pub lines: Lines,
    pub patience: Patience,
}

/// Fetches `remote` into `partial`, which then has as many bytes as it should, and yields their SHA-256. Whether
/// they are the right ones is for the caller to check.
///
/// An error that [gave nothing](Error::gave_nothing) says that nothing arrived at all.
pub fn fetch(
    remote: &Remote,
    partial: &Path,
    way: &Way,
    watch: &mut Watch,
) -> Result<String, Halt> {
    watch.step(Step::Looking);
    let mut part = Part::open(partial, remote.bytes, watch)?;
    part.check_room()?;
    let mut lanes = Lanes::new(way, remote);
    let (mut furthest_bytes, mut tries, mut lasting) = (part.bytes, way.patience.tries(), 0);
    while part.bytes < remote.bytes {
        let reason = match lanes.fetch_some(&mut part, watch) {
            Ok(()) => continue,
            Err(Lost::Halted(halt)) => return Err(halt),
            Err(Lost::Line(reason)) => reason,
        };
        // Bytes that came once before are no progress: they may come for ever.
        if furthest_bytes < part.bytes {
            furthest_bytes = part.bytes;
            tries.begin_again();
            lasting = 0;
        }
        lasting += u32::from(reason.is_lasting());
        // Who is offline is told so at once if there is another way; who was online a moment ago may be so again.
        // What lies behind the hub may lie for a moment, too.
        let is_surely_there = part.is_coming || matches!(reason, Reason::OtherLength);
        let is_hopeless = match is_surely_there {
            true => LASTING_AT_MOST < lasting,
            false => {
                let is_long = reason.is_offline() || LONG < reason.after();
                reason.is_lasting() || (is_long && tries.are_counted())
            }
        };
        match tries.next_pause().filter(|_| !is_hopeless) {
            Some(pause) => {
                watch.wait_for(reason.trouble(&remote.url), pause.max(reason.after()))?
            }
            None if part.is_coming && !reason.is_lasting() => {
                let (file, done_bytes) = (remote.file.to_owned(), part.bytes);
                let total_bytes = remote.bytes;
                return Err(Error::Interrupted {
                    file,
                    done_bytes,
                    total_bytes,
                }
                .into());
            }
            None => return Err(reason.into_error(&remote.url, remote.file).into()),
        }
    }
    Ok(part.finish()?)
}

impl Remote<'_> {
    /// Makes `part` ready for the bytes that follow this head.
    pub fn begin(&self, head: Head, part: &mut Part) -> Result<(), Lost> {
        let is_other_size = head.linked_bytes.is_some_and(|bytes| bytes != self.bytes);
        let is_other_file = match (&head.linked_sha256, self.sha256) {
            (Some(found), Some(expected)) => found != expected,
            _ => false,
        };
        let is_other = is_other_size || is_other_file;
        match head.status {
            200 | 206 | 416 if is_other => Err(self.changed().into()),
            200 | 206 | 416 if head.total_bytes.is_some_and(|bytes| bytes != self.bytes) => {
                Err(Reason::OtherLength.into())
            }
            200 => Ok(part.begin(head.tag.as_deref())?),
            206 if head.first_byte == Some(part.bytes) => {
                if part.bytes == 0 {
                    part.begin(head.tag.as_deref())?;
                }
                Ok(())
            }
            // Not the rest that was asked for: from the beginning, with the next try.
            206 | 416 => {
                part.begin(None)?;
                Err(Reason::Answer(head.into_answer(None)).into())
            }
            _ => Err(Reason::Answer(head.into_answer(None)).into()),
        }
    }

    /// There is something else under its name.
    pub fn changed(&self) -> Error {
        Error::Changed {
            host: line::host_of(&self.url).to_owned(),
            file: self.file.to_owned(),
        }
    }
}

/// Why an attempt ended early.
pub enum Lost {
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
