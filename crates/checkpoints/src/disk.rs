//! Bytes from place to place: room for them, copies of them, and that they are really there.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::models::PARTIAL;

/// What stays free: a disk filled to the last byte takes the library and the system down with it.
const RESERVE_BYTES: u64 = 100_000_000;
/// Bytes between two looks at the stop flag.
const PIECE: usize = 1 << 20;

/// Why something long ended before its end. Stopped is an outcome, not an error.
#[derive(Debug)]
pub enum Halt {
    Stopped,
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Fails if `bytes` more, and a reserve, do not fit on the disk of `folder`.
pub fn check_room(folder: &Path, bytes: u64) -> Result<(), Error> {
    let free_bytes =
        fs4::available_space(folder).map_err(Error::io("ask for the free space of", folder))?;
    let needed_bytes = bytes.saturating_add(RESERVE_BYTES);
    if free_bytes < needed_bytes {
        return Err(Error::DiskFull {
            folder: folder.to_owned(),
            needed_bytes,
            free_bytes,
        });
    }
    Ok(())
}

/// Copies `from` to the new file `to`, through the disk's cache to the disk.
pub fn copy(
    from: &Path,
    to: &Path,
    stop: &AtomicBool,
    mut on_bytes: impl FnMut(u64),
) -> Result<(), Halt> {
    let mut source = File::open(from).map_err(Error::io("read", from))?;
    let mut target = File::create_new(to).map_err(Error::io("write", to))?;
    let mut piece = vec![0; PIECE];
    let mut done_bytes = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Halt::Stopped);
        }
        let length = source.read(&mut piece).map_err(Error::io("read", from))?;
        if length == 0 {
            break;
        }
        target
            .write_all(&piece[..length])
            .map_err(Error::io("write", to))?;
        done_bytes += length as u64;
        on_bytes(done_bytes);
    }
    target.sync_all().map_err(Error::io("write", to))?;
    Ok(())
}

/// The SHA-256 of what is in `file`, in lower-case hexadecimal.
pub fn sha256(
    file: &Path,
    stop: &AtomicBool,
    mut on_bytes: impl FnMut(u64),
) -> Result<String, Halt> {
    let mut source = File::open(file).map_err(Error::io("read", file))?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut done_bytes = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Halt::Stopped);
        }
        let length = source.read(&mut piece).map_err(Error::io("read", file))?;
        if length == 0 {
            return Ok(hexadecimal(&digest.finalize()));
        }
        digest.update(&piece[..length]);
        done_bytes += length as u64;
        on_bytes(done_bytes);
    }
}

/// Whether two files have the same length, first and last bytes. Folders are never alike.
pub fn look_alike(one: &Path, other: &Path) -> bool {
    let ends = |path: &Path| -> io::Result<(u64, Vec<u8>)> {
        let mut file = File::open(path)?;
        let (length, piece) = (file.metadata()?.len(), PIECE as u64);
        let mut bytes = Vec::new();
        (&mut file).take(piece).read_to_end(&mut bytes)?;
        file.seek(SeekFrom::Start(length.saturating_sub(piece)))?;
        file.take(piece).read_to_end(&mut bytes)?;
        Ok((length, bytes))
    };
    let length = |path: &Path| fs::metadata(path).map(|metadata| metadata.len()).ok();
    // The lengths first: they cost nothing, and most files differ in them.
    length(one) == length(other)
        && matches!((ends(one), ends(other)), (Ok(one), Ok(other)) if one == other)
}

/// A digest as people write it: in lower-case hexadecimal.
pub fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// True if both files have the same bytes, from the first to the last.
pub fn same_bytes(one: &Path, other: &Path, stop: &AtomicBool) -> Result<bool, Halt> {
    let open = |path: &Path| -> Result<(File, fs::Metadata), Error> {
        let file = File::open(path).map_err(Error::io("read", path))?;
        let metadata = file.metadata().map_err(Error::io("read", path))?;
        Ok((file, metadata))
    };
    let ((mut a, a_metadata), (mut b, b_metadata)) = (open(one)?, open(other)?);
    if a_metadata.len() != b_metadata.len() {
        return Ok(false);
    }
    if is_one_file(&a_metadata, &b_metadata) {
        return Ok(true);
    }
    let (mut a_piece, mut b_piece) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Halt::Stopped);
        }
        a_piece.clear();
        b_piece.clear();
        let take =
            |file: &mut File, piece: &mut Vec<u8>| file.take(PIECE as u64).read_to_end(piece);
        take(&mut a, &mut a_piece).map_err(Error::io("read", one))?;
        take(&mut b, &mut b_piece).map_err(Error::io("read", other))?;
        if a_piece != b_piece {
            return Ok(false);
        }
        if a_piece.is_empty() {
            return Ok(true);
        }
    }
}

#[cfg(unix)]
fn is_one_file(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_one_file(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    false // the bytes are compared instead
}

/// Gives what is at `from` its final name: afterwards the whole of it is there, or nothing.
pub fn put_in_place(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::io("write", to))?;
    sync_folder(to.parent().expect("a file in a folder"))
}

/// Makes the names in `folder` survive a power cut, where a folder can be flushed at all.
pub fn sync_folder(folder: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(Error::io("write", folder))?;
    }
    Ok(())
}

/// Writes `bytes` to `path`, through to the disk.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(Error::io("write", path))
}

/// Puts `bytes` under the name `path`, in the place of what was there: whoever reads it, and whenever the process or
/// the machine stops, finds the whole of the one or the whole of the other.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    /// Two threads that write the same file do not write into each other's.
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}-{number}{PARTIAL}", std::process::id()));
    let new = PathBuf::from(new);
    let done = write(&new, bytes).and_then(|()| put_in_place(&new, path));
    if done.is_err() {
        let _ = fs::remove_file(&new); // it may not even be there
    }
    done
}

/// Bytes of all files in `folder` and below; what vanishes meanwhile is not counted.
pub fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_whole_and_tells_how_far_it_is() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let bytes: Vec<u8> = (0..3 * PIECE + 5).map(|i| (i % 251) as u8).collect();
        write(&from, &bytes).expect("a file");
        let never = AtomicBool::new(false);
        let mut told = Vec::new();
        copy(&from, &to, &never, |done| told.push(done)).expect("a copy");
        assert_eq!(fs::read(&to).expect("the copy"), bytes);
        assert_eq!(
            told,
            [1, 2, 3]
                .map(|pieces| pieces * PIECE as u64)
                .into_iter()
                .chain([bytes.len() as u64])
                .collect::<Vec<_>>()
        );
        assert!(same_bytes(&from, &to, &never).expect("both can be read"));

        let mut other = bytes.clone();
        other[2 * PIECE] ^= 1;
        write(&to, &other).expect("a file");
        assert!(!same_bytes(&from, &to, &never).expect("both can be read"));
        write(&to, &bytes[1..]).expect("a file");
        assert!(!same_bytes(&from, &to, &never).expect("both can be read"));
    }

    #[test]
    fn everything_long_can_be_stopped() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        write(&from, &vec![0; 3 * PIECE]).expect("a file");
        write(&to, &vec![0; 3 * PIECE]).expect("a file");
        let stop = AtomicBool::new(false);
        let press = |_| stop.store(true, Ordering::Relaxed);
        let copied = copy(&from, &folder.path().join("copy"), &stop, press);
        assert!(matches!(copied, Err(Halt::Stopped)));
        assert!(matches!(sha256(&from, &stop, |_| {}), Err(Halt::Stopped)));
        assert!(matches!(same_bytes(&from, &to, &stop), Err(Halt::Stopped)));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("abc");
        write(&file, b"abc").expect("a file");
        let found = sha256(&file, &AtomicBool::new(false), |_| {}).expect("it can be read");
        // FIPS 180-2, appendix B.1
        assert_eq!(
            found,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_numbers() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        check_room(folder.path(), 1).expect("a byte fits");
        let refused = check_room(folder.path(), u64::MAX).expect_err("nothing is so large");
        let free_bytes = match refused {
            Error::DiskFull {
                needed_bytes: u64::MAX,
                free_bytes,
                ..
            } => free_bytes,
            other => panic!("{other:?}"),
        };
        assert!(0 < free_bytes);
    }
}
