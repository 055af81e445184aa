//! One file of which it is known what it should be: here, and that.

use std::fs;
use std::path::Path;

use sha1::{Digest, Sha1};

use super::Step;
use super::download::{self, Remote, Way};
use super::part;
use super::watch::Watch;
use crate::disk::{self, Halt};
use crate::error::Error;

/// How often a file may come whole and wrong before it is given up.
const WRONG_AT_MOST: u32 = 2;

/// What a file's bytes should be.
#[derive(Debug, Clone, Copy)]
pub enum Expected<'a> {
    /// SHA-256, as the hub says it of large files.
    Sha256(&'a str),
    /// Of small files the hub only has git's name: the SHA-1 of a head and the bytes.
    Git(&'a str),
}

/// Fetches `remote` into `partial`, going on where an earlier try stopped. Yields its SHA-256.
pub fn fetch(
    remote: &Remote,
    expected: Expected,
    partial: &Path,
    way: &Way,
    watch: &mut Watch,
) -> Result<String, Halt> {
    let mut found = String::new();
    for _ in 0..WRONG_AT_MOST {
        let sha256 = download::fetch(remote, partial, way, watch)?;
        let is_it = match expected {
            Expected::Sha256(expected) => {
                found.clone_from(&sha256);
                found == expected
            }
            Expected::Git(expected) => {
                let bytes = fs::read(partial).map_err(Error::io("read", partial))?;
                found = git_name(&bytes);
                found == expected
            }
        };
        if is_it {
            return Ok(sha256);
        }
        part::forget(partial)?;
    }
    let (Expected::Sha256(expected) | Expected::Git(expected)) = expected;
    Err(Error::Damaged {
        file: remote.file.to_owned(),
        expected: expected.to_owned(),
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

fn git_name(bytes: &[u8]) -> String {
    let mut digest = Sha1::new();
    digest.update(format!("blob {}\0", bytes.len()));
    digest.update(bytes);
    disk::hexadecimal(&digest.finalize())
}

#[test]
fn a_small_file_is_named_as_git_names_it() {
    // `printf 'hello\n' | git hash-object --stdin`
    assert_eq!(
        git_name(b"hello\n"),
        "ce013625030ba8dba906f756967f9e9ca394464a"
    );
}
