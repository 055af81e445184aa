//! What moves from one folder to another, and the way there: whether it may, whether names or bytes move, and the bytes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::{OWN, STAGE, text};
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::whereabouts::MARK;

/// What is in the folder and moves.
pub fn entries(folder: &Path) -> Result<Vec<String>, Error> {
    let read = || Error::io("read", folder);
    let mut entries = Vec::new();
    for found in fs::read_dir(folder).map_err(read())? {
        let path = found.map_err(read())?.path();
        let name = text(Path::new(path.file_name().unwrap_or_default()))?;
        if !OWN.contains(&name.as_str()) {
            entries.push(name);
        }
    }
    entries.sort();
    Ok(entries)
}

/// Whether the folder `to` is still to be made; refuses one that has something else in it.
pub fn check_target(
    from: &Path,
    to: &Path,
    moving: &[String],
    first: &Path,
) -> Result<bool, Error> {
    let path = || to.to_owned();
    let real = fs::canonicalize(to).unwrap_or_else(|_| path());
    if real.starts_with(fs::canonicalize(from).map_err(Error::io("read", from))?) {
        return Err(Error::MoveInto { path: path() });
    }
    if !to.exists() {
        return Ok(true);
    }
    let there = entries(to)?;
    let is_ours = to.join(MARK).is_file() || to == first;
    if !there.is_empty() && !is_ours {
        return Err(Error::NotEmpty { path: path() });
    }
    match there.iter().find(|name| moving.contains(name)) {
        Some(name) => Err(Error::Exists {
            path: to.join(name),
        }),
        None => Ok(false),
    }
}

/// Whether a name can move from the one folder to the other. Tried, because devices do not tell: one may be mounted twice.
pub fn is_one_disk(from: &Path, to: &Path) -> Result<bool, Error> {
    let (here, there) = (from.join(STAGE), to.join(STAGE).join("probe"));
    let there = match there.parent().is_some_and(Path::is_dir) {
        true => there,
        false => to.join(STAGE),
    };
    disk::write(&here, b"")?;
    let moved = fs::rename(&here, &there);
    let _ = fs::remove_file(if moved.is_ok() { &there } else { &here });
    match moved {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::CrossesDevices => Ok(false),
        Err(error) => Err(Error::io("move", here)(error)),
    }
}

/// Copies the file, link or folder at `from` to `to`, through to the disk; the bytes that were.
pub fn copy_all(
    from: &Path,
    to: &Path,
    stop: &AtomicBool,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<u64, Halt> {
    let metadata = fs::symlink_metadata(from).map_err(Error::io("read", from))?;
    if metadata.is_symlink() {
        copy_link(from, to)?;
        return Ok(metadata.len());
    }
    if metadata.is_file() {
        disk::copy(from, to, stop, on_bytes)?;
        return Ok(metadata.len());
    }
    fs::create_dir(to).map_err(Error::io("make the folder", to))?;
    let mut before_bytes = 0;
    for found in fs::read_dir(from).map_err(Error::io("read", from))? {
        let found = found.map_err(Error::io("read", from))?;
        let (from, to) = (found.path(), to.join(found.file_name()));
        let mut on_bytes = |bytes| on_bytes(before_bytes + bytes);
        before_bytes += copy_all(&from, &to, stop, &mut on_bytes)?;
    }
    disk::sync_folder(to)?;
    Ok(before_bytes)
}

/// A link that a person made leads to the same file from the new place.
#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> Result<(), Error> {
    let target = fs::read_link(from).map_err(Error::io("read", from))?;
    let target = from.parent().unwrap_or(Path::new("/")).join(target); // an absolute one replaces it
    std::os::unix::fs::symlink(target, to).map_err(Error::io("write", to))
}

#[cfg(not(unix))]
fn copy_link(from: &Path, to: &Path) -> Result<(), Error> {
    fs::copy(from, to).map(drop).map_err(Error::io("write", to))
}
