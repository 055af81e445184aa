//! What lies in the models folder, byte by byte: models, what is not whole yet, what nothing belongs to any more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gguf::mmproj::is_mmproj;

use crate::checkpoint::{Checkpoint, Place};
use crate::error::Error;
use crate::models::{IMPORTING, Models, PARTIAL, TERMS};
use crate::trash::{self, TRASH};
use crate::{disk, gguf_file, hugging_face};

/// What lies in the models folder.
#[derive(Debug)]
pub struct Holdings {
    /// Bytes that others may write on that disk.
    pub free_bytes: u64,
    /// Bytes of that disk.
    pub total_bytes: u64,
    /// All that is not below.
    pub model_bytes: u64,
    /// What came so far of models that are not whole yet.
    pub partial_bytes: u64,
    /// What was removed and can be restored.
    pub trash_bytes: u64,
    /// The models, by name, and their files.
    pub models: Vec<(Checkpoint, Vec<HeldFile>)>,
    /// What nothing belongs to any more, by name.
    pub leftovers: Vec<Leftover>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFile {
    /// Its name, without the folder.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
}

/// Something in the models folder that nothing belongs to any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The name of the file or folder; of several that belong together, of the first.
    pub name: String,
    /// All of it on the disk.
    pub bytes: u64,
    /// What it is, in a sentence.
    pub what: String,
    /// All that goes with it.
    paths: Vec<PathBuf>,
}

impl Models {
    /// What lies in the folder.
    pub fn holdings(&self) -> Result<Holdings, Error> {
        let folder = self.folder();
        let disk = |asked: fn(&Path) -> std::io::Result<u64>| {
            asked(folder).map_err(Error::io("ask for the free space of", folder))
        };
        let held = self.held()?;
        let partials = held.iter().filter(|path| is_partial(path));
        let partial_bytes: u64 = partials.map(|path| trash::bytes(path)).sum();
        let trash_bytes = trash::bytes(&folder.join(TRASH));
        let all_bytes = disk::bytes_in(folder);
        let checkpoints = self.list()?.checkpoints.into_iter();
        let models = checkpoints.map(|model| {
            let files = self.files_of(&model)?;
            Ok((model, files.iter().map(|file| held_file(file)).collect()))
        });
        Ok(Holdings {
            free_bytes: disk(|path| fs4::available_space(path))?,
            total_bytes: disk(|path| fs4::total_space(path))?,
            model_bytes: all_bytes.saturating_sub(partial_bytes + trash_bytes),
            partial_bytes,
            trash_bytes,
            models: models.collect::<Result<_, Error>>()?,
            leftovers: self.leftovers()?,
        })
    }

    /// Deletes the leftover of this name, and says how many bytes that freed.
    pub fn remove_leftover(&self, name: &str) -> Result<u64, Error> {
        let _turn = self.take_turn()?;
        let found = self.leftovers()?.into_iter().find(|it| it.name == name);
        let found = found.ok_or_else(|| Error::NoSuchModel {
            name: name.to_owned(),
            folder: self.folder().to_owned(),
        })?;
        let mut freed_bytes = 0;
        for path in found.paths {
            freed_bytes += trash::delete(&path)?;
        }
        Ok(freed_bytes)
    }

    /// The files that are the model, and those that go with it.
    pub(crate) fn files_of(&self, model: &Checkpoint) -> Result<Vec<PathBuf>, Error> {
        let mut files = match model.path.is_dir() {
            true => hugging_face::files(&model.path)?,
            false => gguf_file::parts(&model.path)?,
        };
        files.extend(model.mmproj.clone());
        if model.place == Place::Ours {
            let terms = TERMS.map(|terms| self.folder().join(format!("{}{terms}", model.name)));
            files.extend(terms.into_iter().filter(|terms| terms.is_file()));
        }
        Ok(files)
    }

    /// What nothing belongs to: what looks like a model and cannot be used, towers, terms and halves of nobody.
    fn leftovers(&self) -> Result<Vec<Leftover>, Error> {
        let mut leftovers = Vec::new();
        let (mut names, mut used) = (BTreeSet::new(), BTreeSet::new());
        for entry in self.entries()? {
            names.insert(entry.name.clone());
            match self.identify(&entry) {
                Ok(model) => used.extend(model.mmproj),
                Err(Error::Projector { .. }) => {} // below
                Err(problem) => {
                    let paths = self.belongings(&entry)?;
                    used.extend(paths.iter().cloned());
                    leftovers.push(leftover(paths, problem.to_string()));
                }
            }
        }
        let held = self.held()?;
        let orders = self.orders()?;
        for path in held.into_iter().filter(|path| !used.contains(path)) {
            let name = file_name(&path);
            let terms_of = TERMS.iter().find_map(|terms| name.strip_suffix(terms));
            let is_ordered = || orders.iter().any(|order| order.needs(&path, self));
            let what = match terms_of {
                Some(model) if !names.contains(model) && !is_ordered() => {
                    format!("{name} goes with {model}, which is not here")
                }
                Some(_) => continue,
                None if is_partial(&path) && !is_ordered() => {
                    format!("{name} is part of a model that nobody fetches any more")
                }
                None if is_mmproj(&path) && path.is_file() => {
                    format!("{name} lets a model see that is not here")
                }
                None => continue,
            };
            leftovers.push(leftover(vec![path], what));
        }
        leftovers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(leftovers)
    }

    /// All that is visible in the folder, but what is being made right now.
    fn held(&self) -> Result<Vec<PathBuf>, Error> {
        let read = || Error::io("read", self.folder());
        let mut held = Vec::new();
        for found in fs::read_dir(self.folder()).map_err(read())? {
            let path = found.map_err(read())?.path();
            let name = file_name(&path);
            if !name.starts_with('.') && !name.ends_with(IMPORTING) {
                held.push(path);
            }
        }
        held.sort();
        Ok(held)
    }
}

fn leftover(paths: Vec<PathBuf>, what: String) -> Leftover {
    Leftover {
        name: paths
            .first()
            .map(|path| file_name(path))
            .unwrap_or_default(),
        bytes: paths.iter().map(|path| trash::bytes(path)).sum(),
        what,
        paths,
    }
}

fn held_file(path: &Path) -> HeldFile {
    HeldFile {
        name: file_name(path),
        bytes: fs::metadata(path).map_or(0, |metadata| metadata.len()),
    }
}

fn is_partial(path: &Path) -> bool {
    file_name(path).ends_with(PARTIAL)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
