//! What a model saw in pictures, kept: looking takes a minute, reading a file a moment.
//!
//! In memory what was used last, on disk more of it, each with a limit. A file is named for all
//! that its numbers follow from: picture, part and tower (see `sight`). It begins with a checksum; one
//! that is damaged is deleted, and the picture is looked at again. Nothing here is worth an error:
//! without a file, all that is lost is time.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use library::PictureId;
use sha2::{Digest, Sha256};

use crate::assistant::lock;

/// What is held in memory: a hundred views for 4B, half as many for 27B.
const MOST_BYTES_IN_MEMORY: usize = 256 << 20;
/// What is held on disk: four hundred views for 4B.
const MOST_BYTES_ON_DISK: u64 = 1 << 30;

const MAGIC: &[u8; 8] = b"LecRows1";
const ENDING: &str = ".rows";
const PARTIAL: &str = ".partial";

/// Tells apart all that the numbers follow from: picture, part, tower.
pub type Hash = [u8; 32];

/// `[256, hidden]` for each view that was looked at lately.
pub struct Embeddings {
    folder: PathBuf,
    /// The one used last at the end.
    recent: Mutex<Vec<(Hash, Arc<[f32]>)>>,
}

impl Embeddings {
    /// Nothing is made before there is something to keep.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            recent: Mutex::default(),
        }
    }

    /// The `len` numbers that were kept as `hash`.
    pub fn get(&self, hash: &Hash, len: usize, now_ms: i64) -> Option<Arc<[f32]>> {
        let rows = match self.recall(hash) {
            Some(rows) => rows,
            None => self.read(hash, len, now_ms)?,
        };
        self.remember(*hash, &rows);
        Some(rows)
    }

    /// Keeps `rows` as `hash`.
    pub fn put(&self, hash: &Hash, rows: &Arc<[f32]>, now_ms: i64) {
        self.remember(*hash, rows);
        // A full disk, a folder that may not be written: it is looked at again next time.
        let _ = self.write(hash, rows);
        self.keep_to(MOST_BYTES_ON_DISK);
        let _ = self.touch(&self.path(hash), now_ms);
    }

    /// Deletes all of it, from memory too.
    pub fn clear(&self) {
        lock(&self.recent).clear();
        self.keep_to(0);
        for half in self.files(|name| name.ends_with(PARTIAL)) {
            let _ = fs::remove_file(half); // or it is being written, and is no half in a moment
        }
    }

    /// What is in memory; the lock is free again when it returns.
    fn recall(&self, hash: &Hash) -> Option<Arc<[f32]>> {
        let recent = lock(&self.recent);
        let known = recent.iter().find(|(known, _)| known == hash);
        known.map(|(_, rows)| rows.clone())
    }

    fn remember(&self, hash: Hash, rows: &Arc<[f32]>) {
        let mut recent = lock(&self.recent);
        recent.retain(|(known, _)| *known != hash);
        recent.push((hash, rows.clone()));
        let mut bytes: usize = recent.iter().map(|(_, rows)| size_of_val(&**rows)).sum();
        let mut n_too_many = 0;
        for (_, rows) in recent.iter().take(recent.len() - 1) {
            if bytes <= MOST_BYTES_IN_MEMORY {
                break;
            }
            bytes -= size_of_val(&**rows);
            n_too_many += 1;
        }
        recent.drain(..n_too_many);
    }

    fn read(&self, hash: &Hash, len: usize, now_ms: i64) -> Option<Arc<[f32]>> {
        let path = self.path(hash);
        let rows = read_rows(&path, len);
        // If that fails it is used less recently than it seems, or is found damaged again.
        let _ = match &rows {
            Some(_) => self.touch(&path, now_ms),
            None => fs::remove_file(&path),
        };
        rows
    }

    fn write(&self, hash: &Hash, rows: &[f32]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let numbers: Vec<u8> = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
        let file = [MAGIC, Sha256::digest(&numbers).as_slice(), &numbers].concat();
        let path = self.path(hash);
        let partial = path.with_extension(&PARTIAL[1..]);
        fs::write(&partial, file)?;
        fs::rename(&partial, &path)
    }

    /// Says that the file was used now.
    fn touch(&self, path: &Path, now_ms: i64) -> std::io::Result<()> {
        let now = UNIX_EPOCH + Duration::from_millis(now_ms.try_into().unwrap_or(0));
        File::options().append(true).open(path)?.set_modified(now)
    }

    /// Deletes what was used longest ago, until the rest has at most so many bytes.
    fn keep_to(&self, most_bytes: u64) {
        let about = |path: PathBuf| {
            let metadata = path.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), path))
        };
        let files = self.files(|name| name.ends_with(ENDING));
        let mut files: Vec<(SystemTime, u64, PathBuf)> =
            files.into_iter().filter_map(about).collect();
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, its_bytes, path) in files {
            if bytes <= most_bytes {
                break;
            }
            bytes -= its_bytes;
            let _ = fs::remove_file(path);
        }
    }

    fn path(&self, hash: &Hash) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", PictureId(*hash)))
    }

    fn files(&self, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let entries = entries.filter(|entry| wanted(&entry.file_name().to_string_lossy()));
        entries.map(|entry| entry.path()).collect()
    }
}

fn read_rows(path: &Path, len: usize) -> Option<Arc<[f32]>> {
    let mut file = File::open(path).ok()?;
    let mut head = [0; 8 + 32];
    file.read_exact(&mut head).ok()?;
    // Not a byte more than belongs there.
    if &head[..8] != MAGIC || file.metadata().ok()?.len() != (head.len() + 4 * len) as u64 {
        return None;
    }
    let mut numbers = vec![0; 4 * len];
    file.read_exact(&mut numbers).ok()?;
    if Sha256::digest(&numbers).as_slice() != &head[8..] {
        return None;
    }
    let (numbers, _) = numbers.as_chunks::<4>();
    Some(
        numbers
            .iter()
            .map(|four| f32::from_le_bytes(*four))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(first: f32) -> Arc<[f32]> {
        (0..512).map(|i| first + i as f32).collect()
    }

    /// Without what was in memory.
    fn restarted(embeddings: &Embeddings) -> Embeddings {
        Embeddings::new(embeddings.folder.clone())
    }

    fn only_file(embeddings: &Embeddings) -> PathBuf {
        let files = embeddings.files(|_| true);
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    #[test]
    fn what_was_seen_is_kept_in_memory_and_on_disk() {
        let home = tempfile::tempdir().expect("a folder");
        let kept = Embeddings::new(home.path().join("cache"));
        assert_eq!(kept.get(&[1; 32], 512, 5), None);
        kept.put(&[1; 32], &rows(0.5), 5);
        assert_eq!(kept.get(&[1; 32], 512, 6), Some(rows(0.5)));
        assert_eq!(restarted(&kept).get(&[1; 32], 512, 7), Some(rows(0.5)));
        assert_eq!(restarted(&kept).get(&[2; 32], 512, 7), None);
        let used = only_file(&kept).metadata().and_then(|file| file.modified());
        let used = used.expect("a time").duration_since(UNIX_EPOCH);
        assert_eq!(used.expect("after 1970").as_millis(), 7);
    }

    #[test]
    fn a_damaged_file_is_deleted_and_nobody_is_bothered() {
        #[track_caller]
        fn check(damage: impl FnOnce(&mut Vec<u8>)) {
            let home = tempfile::tempdir().expect("a folder");
            let kept = Embeddings::new(home.path().to_owned());
            kept.put(&[1; 32], &rows(0.5), 5);
            let path = only_file(&kept);
            let mut file = fs::read(&path).expect("it was just written");
            damage(&mut file);
            fs::write(&path, file).expect("it can be written");
            assert_eq!(restarted(&kept).get(&[1; 32], 512, 6), None);
            assert!(!path.exists());
        }
        check(|file| file[100] ^= 1);
        check(|file| file[20] ^= 1);
        check(|file| file[0] ^= 1);
        check(|file| file.truncate(1000));
        check(|file| file.push(0));
        check(Vec::clear);
        check(|file| file.resize(1 << 20, 0));
    }

    #[test]
    fn the_oldest_go_when_it_is_too_much() {
        let home = tempfile::tempdir().expect("a folder");
        let kept = Embeddings::new(home.path().to_owned());
        for (hash, now_ms) in [(1, 3000), (2, 1000), (3, 2000)] {
            kept.put(&[hash; 32], &rows(0.0), now_ms);
        }
        kept.keep_to(2 * (40 + 4 * 512));
        let after = restarted(&kept);
        let here = [1, 2, 3].map(|hash| after.get(&[hash; 32], 512, 4000).is_some());
        assert_eq!(here, [true, false, true]);
    }
}
