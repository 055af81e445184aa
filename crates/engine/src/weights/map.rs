//! A file as bytes in memory, read by the system as they are touched. The one unsafe place of this crate.

#![expect(
    unsafe_code,
    reason = "a map is only as constant as its file, which no type can promise"
)]

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::Error;

/// A file's bytes.
#[derive(Debug)]
pub struct Mapped {
    path: PathBuf,
    map: Mmap,
}

impl Mapped {
    /// Maps the file at `path`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |doing| {
            move |source| Error::Io {
                doing,
                path: path.to_owned(),
                source,
            }
        };
        let file = File::open(path).map_err(failed("open"))?;
        // SAFETY: nobody writes to a checkpoint while it is in use: Lectern replaces files by renaming, which
        // leaves the mapped one as it was, and `Weights::open` asks the same of everybody else. Every bit
        // pattern is a valid `u8`; what the bytes mean is checked by safe code that panics at worst.
        let map = unsafe { Mmap::map(&file) }.map_err(failed("map"))?;
        Ok(Self {
            path: path.to_owned(),
            map,
        })
    }

    /// Lets the system forget what it holds of `range`: whoever reads it again reads the file again.
    ///
    /// A courtesy for whoever walks through a whole checkpoint once; where the system knows no such thing, nothing.
    pub fn forget(&self, range: std::ops::Range<usize>) {
        #[cfg(unix)]
        {
            use memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is of a file and never written, so the same bytes come back when they are read again.
            let _ = unsafe {
                self.map
                    .unchecked_advise_range(DontNeed, range.start, range.len())
            };
        }
        #[cfg(not(unix))]
        let _ = range;
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
