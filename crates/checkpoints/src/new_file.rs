//! A new file that is there whole, or not at all.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::Error;
use crate::models::PARTIAL;

/// Makes the file `path` of `bytes` bytes, which `write` puts into what it is given; false if `write` says that it
/// was stopped. Until the last byte is on the disk the file has another name, and what was not finished is deleted.
///
/// Nothing is begun where the disk has too little room, and no file is replaced.
pub fn write_file<E: From<Error>>(
    path: &Path,
    bytes: u64,
    write: impl FnOnce(&mut dyn Write) -> Result<bool, E>,
) -> Result<bool, E> {
    if path.exists() {
        return Err(Error::Exists {
            path: path.to_owned(),
        }
        .into());
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    disk::check_room(folder, bytes)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(PARTIAL);
    let partial = Unfinished(folder.join(name));
    let file = File::create(&partial.0).map_err(Error::io("write", &partial.0))?;
    let mut out = BufWriter::new(file);
    if !write(&mut out)? {
        return Ok(false);
    }
    let file = out.into_inner().map_err(|error| error.into_error());
    let synced = file.and_then(|file| file.sync_all());
    synced.map_err(Error::io("write", &partial.0))?;
    disk::put_in_place(
        &partial.0,
        &folder.join(path.file_name().unwrap_or_default()),
    )?;
    Ok(true)
}

/// Deleted when it goes; by then a finished file has its own name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // usually it is not there any more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left in the folder after `write` was asked to write `made`.
    fn left(write: impl FnOnce(&mut dyn Write) -> Result<bool, Error>) -> (bool, Vec<String>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let made = write_file(&folder.path().join("made"), 4, write).unwrap_or(false);
        let entries = fs::read_dir(folder.path()).expect("it is there");
        let names = entries.map(|entry| {
            let name = entry.expect("it can be read").file_name();
            name.to_string_lossy().into_owned()
        });
        (made, names.collect())
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let four = |out: &mut dyn Write| out.write_all(&[1; 4]).map_err(Error::io("write", "made"));
        assert_eq!(
            left(|out| four(out).map(|()| true)),
            (true, vec!["made".to_owned()])
        );
        assert_eq!(left(|out| four(out).map(|()| false)), (false, Vec::new()));
        let failing = |out: &mut dyn Write| {
            four(out)?;
            Err(Error::NoPip)
        };
        assert_eq!(left(failing), (false, Vec::new()));
    }

    #[test]
    fn nothing_is_begun_without_room_or_over_another_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("made");
        let never = |_: &mut dyn Write| -> Result<bool, Error> { panic!("it must not be asked") };
        let refused = write_file(&path, u64::MAX, never);
        assert!(matches!(refused, Err(Error::DiskFull { .. })));
        fs::write(&path, "old").expect("a file");
        let refused = write_file(&path, 4, never);
        assert!(matches!(refused, Err(Error::Exists { .. })));
        assert_eq!(fs::read(&path).expect("it is there"), b"old");
    }
}
