//! Gemma 3 models that other programs have on this machine.
//!
//! Where they keep them is in `surroundings`; how Ollama does, which has no files called like models, in `ollama`.
//!
//! Nothing is written, no
//! link to a folder is followed, depth and number of files are bounded, and of each file only its head is read: what
//! cannot be read, or is another model, is passed over, because nobody has asked for it.

mod ollama;
mod surroundings;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::checkpoint::{Checkpoint, Place, identify};
use crate::gguf_file::Told;
use crate::link;
use crate::models::Models;
use crate::{gguf_file, hugging_face};
pub use surroundings::Surroundings;

/// Folders below a program's folder of models: the hub's cache has the deepest, with
/// `models--google--gemma-3-4b-it/snapshots/<commit>/<folder>/<file>`.
const MOST_DEPTH: usize = 6;
/// Files and folders that are looked at for one program.
const MOST_ENTRIES: usize = 20_000;
/// Models whose head is read for one program.
const MOST_MODELS: usize = 300;
/// Of a program's settings or manifest: those that are, have a few kilobytes.
const MOST_JSON_BYTES: u64 = 1 << 20;

impl Models {
    /// The Gemma 3 models that other programs have here, by program and name. What lies in our own folder is not among
    /// them.
    pub fn elsewhere(&self, surroundings: &Surroundings) -> Vec<Checkpoint> {
        let mut search = Search {
            models: self,
            own: fs::canonicalize(self.folder()).ok(),
            seen: HashSet::new(),
            found: Vec::new(),
        };
        for folder in surroundings.ollama() {
            search.ollama(&folder);
        }
        let others = [
            ("LM Studio", surroundings.lm_studio()),
            ("Jan", surroundings.jan()),
            ("llama.cpp", surroundings.llama_cpp()),
            ("Hugging Face", surroundings.hugging_face()),
        ];
        for (program, folders) in others {
            for folder in folders {
                search.tree(program, &folder);
            }
        }
        search.found
    }
}

/// The blob of the model that a manifest of Ollama's names; for tests that make such files up.
#[doc(hidden)]
pub fn read_manifest(bytes: &[u8]) -> Option<String> {
    ollama::Manifest::parse(bytes)?.model
}

/// What was found so far.
struct Search<'a> {
    models: &'a Models,
    /// Our own folder.
    own: Option<PathBuf>,
    /// What was found or refused before, under its last name: programs share caches.
    seen: HashSet<PathBuf>,
    found: Vec<Checkpoint>,
}

impl Search<'_> {
    /// All that lies in `folder` and below.
    fn tree(&mut self, program: &str, folder: &Path) {
        for path in candidates(folder) {
            let checkpoint = match path.is_dir() {
                true => identify(&path),
                false => self
                    .models
                    .told(&path)
                    .map(|told| link::named(&told, &name_of(&path, &told), None, None)),
            };
            if let Ok(checkpoint) = checkpoint
                && self.is_new(&path)
            {
                self.keep(program, checkpoint);
            }
        }
    }

    /// Whether the file or folder was not met before, and is not ours.
    fn is_new(&mut self, path: &Path) -> bool {
        let Ok(real) = fs::canonicalize(path) else {
            return false;
        };
        let is_ours = self.own.as_ref().is_some_and(|own| real.starts_with(own));
        !is_ours && self.seen.insert(real)
    }

    fn keep(&mut self, program: &str, checkpoint: Checkpoint) {
        self.found.push(Checkpoint {
            place: Place::Elsewhere,
            program: Some(program.to_owned()),
            ..checkpoint
        });
    }
}

/// What may be a Gemma 3 model in `folder` and below, by name: GGUF files, and folders in Hugging Face's layout.
fn candidates(folder: &Path) -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    let mut looked_at = 0;
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if hugging_face::is_one(&folder) {
            candidates.push(folder.clone());
        }
        let mut entries: Vec<_> = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries.iter().rev() {
            looked_at += 1;
            if MOST_ENTRIES < looked_at {
                break;
            }
            let (path, name) = (entry.path(), entry.file_name());
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir()); // no link is one
            let is_hidden = name.to_string_lossy().starts_with('.');
            if is_folder && !is_hidden && depth < MOST_DEPTH {
                folders.push((path, depth + 1));
            } else if !is_folder && may_be_ours(&path) {
                candidates.push(path);
            }
        }
    }
    candidates.sort();
    candidates.truncate(MOST_MODELS);
    candidates
}

/// The file's name, or where that says nothing, as in Jan's folders, the folder's.
fn name_of(path: &Path, told: &Told) -> String {
    let own = &told.checkpoint.name;
    let folder = path.parent().and_then(Path::file_name);
    match folder {
        Some(folder) if own == "model" => folder.to_string_lossy().into_owned(),
        _ => own.clone(),
    }
}

/// Whether the file is called like a GGUF model (of several parts, the first) and begins like one of Gemma 3.
fn may_be_ours(path: &Path) -> bool {
    let is_first = gguf_file::part(path).is_none_or(|part| part.number == 1);
    // A pipe would never end, and only a link to a file is followed.
    let is_candidate = gguf_file::is_gguf(path) && is_first && path.is_file();
    is_candidate && !gguf::mmproj::is_mmproj(path) && begins_like_ours(path)
}

/// Looks for the architecture where converters write it, at the front: of other models, the vocabulary that follows
/// need not be read then. What does not have it there is read whole.
fn begins_like_ours(path: &Path) -> bool {
    const FRONT_BYTES: u64 = 64 << 10;
    const KEY: &[u8] = b"general.architecture\x08\x00\x00\x00"; // a text follows
    let mut front = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FRONT_BYTES).read_to_end(&mut front));
    let Ok(_) = read else { return false };
    let Some(key) = front.windows(KEY.len()).position(|window| window == KEY) else {
        return front.starts_with(b"GGUF");
    };
    front[key + KEY.len()..].starts_with(b"\x06\0\0\0\0\0\0\0gemma3")
}

/// What is in a file that has no more than settings have.
fn small_file(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    // Neither a folder nor a pipe, which would never end.
    file.metadata().ok().filter(fs::Metadata::is_file)?;
    file.take(MOST_JSON_BYTES + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    (bytes.len() as u64 <= MOST_JSON_BYTES).then_some(bytes)
}
