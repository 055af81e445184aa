//! One file whose SHA-256 is known: here, and checked.

use std::path::Path;
use std::time::Duration;

use super::Step;
use super::download::{self, Remote};
use super::watch::Watch;
use crate::disk::{self, Halt};
use crate::error::Error;

/// How often a file may come whole and wrong before it is given up.
const WRONG_AT_MOST: u32 = 2;

/// Fetches `remote` into `partial`, going on where an earlier try stopped.
pub fn fetch(
    remote: &Remote,
    partial: &Path,
    pauses: &[Duration],
    watch: &mut Watch,
) -> Result<(), Halt> {
    let mut found = String::new();
    for _ in 0..WRONG_AT_MOST {
        download::fetch(remote, partial, pauses, watch)?;
        found = check(partial, remote.bytes, watch)?;
        if found == remote.sha256 {
            return Ok(());
        }
        download::forget(partial)?;
    }
    Err(Error::Damaged {
        file: remote.file.to_owned(),
        expected: remote.sha256.to_owned(),
        found,
    }
    .into())
}

/// The SHA-256 of what came, told as a step.
pub fn check(file: &Path, bytes: u64, watch: &mut Watch) -> Result<String, Halt> {
    watch.step(Step::Checking);
    let stop = watch.stop;
    disk::sha256(file, stop, |done| watch.progress(done, bytes))
}
