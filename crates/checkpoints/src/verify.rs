//! Whether a model's files are what they were, byte by byte.
//!
//! Every byte is read. Of a file whose SHA-256 was published (kept beside the model when it was fetched, or in the name
//! by which another program's cache has it) that decides. Of any other only what can be known without: that all that its
//! head promises is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::checkpoint::Checkpoint;
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::models::{Models, TERMS};
use crate::origin::Origin;
use crate::{gguf_file, hugging_face};

/// What a look at every byte of a model found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The model's name.
    pub name: String,
    /// Bytes that were read.
    pub bytes: u64,
    /// Each file, in order.
    pub files: Vec<FileVerdict>,
}

/// What a look at every byte of a file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVerdict {
    /// Its name, without the folder.
    pub name: String,
    /// By what it was judged.
    pub checked: Checked,
    /// What is wrong with it, if anything.
    pub damage: Option<String>,
}

/// By what a file is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The SHA-256 that was published of it.
    Hash,
    /// That every tensor lies in it: of a byte that changed inside one, nothing would be seen.
    Structure,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.damage.is_none())
    }

    /// By what the model is judged: by hashes, if there was one for every file.
    pub fn checked(&self) -> Checked {
        let all = self.files.iter().all(|file| file.checked == Checked::Hash);
        if all {
            Checked::Hash
        } else {
            Checked::Structure
        }
    }
}

/// A file, and what is known of it.
struct Known {
    path: PathBuf,
    name: String,
    bytes: u64,
    sha256: Option<String>,
    /// How many it should have.
    published_bytes: Option<u64>,
}

impl Models {
    /// Reads every byte of the model called `name`. `on_progress` hears bytes read and in all; `None` if `stop` was set.
    ///
    /// What looks like a model and cannot be read as one is damaged, too.
    pub fn verify(
        &self,
        name: &str,
        stop: &AtomicBool,
        mut on_progress: impl FnMut(u64, u64),
    ) -> Result<Option<Verdict>, Error> {
        let entry = self.entry(name)?;
        let model = match self.identify(&entry) {
            Ok(model) => model,
            Err(problem) => return Ok(Some(unreadable(name, &entry.path, &problem))),
        };
        let known = self.known_of(&model)?;
        let total_bytes = known.iter().map(|file| file.bytes).sum();
        let mut files = Vec::new();
        let mut before_bytes = 0;
        for file in known {
            let read = |done| on_progress(before_bytes + done, total_bytes);
            let found = match disk::sha256(&file.path, stop, read) {
                Ok(found) => Ok(found),
                Err(Halt::Stopped) => return Ok(None),
                Err(Halt::Failed(error)) => Err(error),
            };
            before_bytes += file.bytes;
            files.push(judged(&file, found));
        }
        Ok(Some(Verdict {
            name: model.name,
            bytes: total_bytes,
            files,
        }))
    }

    /// The names of all that looks like a model here, also if it cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let mut entries = self.entries()?;
        entries.retain(|entry| !matches!(self.identify(entry), Err(Error::Projector { .. })));
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }

    fn known_of(&self, model: &Checkpoint) -> Result<Vec<Known>, Error> {
        let origin = Origin::read(self.folder(), &model.name)?;
        let published = origin.map(|origin| origin.files).unwrap_or_default();
        let mut paths = self.files_of(model)?;
        paths.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !TERMS.iter().any(|terms| name.ends_with(terms)) // they go with it, and are no part of it
        });
        let known = paths.into_iter().map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.into_owned();
            let of_it = published.iter().find(|file| file.name == name);
            Ok(Known {
                bytes: fs::metadata(&path).map_err(Error::io("read", &path))?.len(),
                sha256: match of_it {
                    Some(file) => file.sha256.clone(),
                    None => hash_in_name(&path),
                },
                published_bytes: of_it.map(|file| file.bytes),
                name,
                path,
            })
        });
        known.collect()
    }
}

fn unreadable(name: &str, path: &Path, problem: &Error) -> Verdict {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let file = FileVerdict {
        name: file.into_owned(),
        checked: Checked::Structure,
        damage: Some(with_source(problem)),
    };
    Verdict {
        name: name.to_owned(),
        bytes: 0,
        files: vec![file],
    }
}

fn judged(file: &Known, found: Result<String, Error>) -> FileVerdict {
    let checked = match file.sha256 {
        Some(_) => Checked::Hash,
        None => Checked::Structure,
    };
    let damage = match (found, &file.sha256) {
        (Err(error), _) => Some(with_source(&error)),
        (Ok(_), _)
            if file
                .published_bytes
                .is_some_and(|bytes| bytes != file.bytes) =>
        {
            let published = file.published_bytes.unwrap_or_default();
            Some(format!(
                "it has {} bytes, {published} were published",
                file.bytes
            ))
        }
        (Ok(found), Some(published)) if found != *published => {
            Some(format!("its SHA-256 is {found}, not {published}"))
        }
        (Ok(_), Some(_)) => None,
        (Ok(_), None) => broken(&file.path).map(|error| with_source(&error)),
    };
    FileVerdict {
        name: file.name.clone(),
        checked,
        damage,
    }
}

/// What is wrong with the structure of a file of which no hash is known.
fn broken(path: &Path) -> Option<Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match name.rsplit('.').next() {
        Some("json") => hugging_face::json(path).err(),
        Some("safetensors") => hugging_face::check_weights(path).err(),
        Some("jinja" | "model" | "txt" | "md") => None, // text
        _ if hugging_face::is_text(&name) => None,
        _ => gguf_file::read(path).err(),
    }
}

fn with_source(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The SHA-256 by which a cache names the file that `path` is or leads to: the hub's (`blobs/<hex>` of what its large file
/// storage has) and Ollama's (`blobs/sha256-<hex>`).
fn hash_in_name(path: &Path) -> Option<String> {
    let real = fs::canonicalize(path).ok()?;
    let is_blob = real.parent()?.file_name()? == "blobs";
    let name = real.file_name()?.to_str()?;
    let hex = name.strip_prefix("sha256-").unwrap_or(name);
    let is_hash = hex.len() == 64
        && hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_blob && is_hash).then(|| hex.to_owned())
}
