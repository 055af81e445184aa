//! Models that are on this machine already: files that a person opens, and what other programs have.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use checkpoints::{Checkpoint, Taking};
use engine::Weights;

use crate::models::{Model, Tuning};
use crate::{Assistant, Error};

/// A Gemma 3 model that another program has on this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundModel {
    /// What it would be called here.
    pub name: String,
    /// "Gemma 3 4B"
    pub title: String,
    /// "Q4_K_M"
    pub format: String,
    /// All its files on the disk.
    pub size_bytes: u64,
    /// The GGUF file or Hugging Face folder.
    pub path: PathBuf,
    /// Whose it is: "Ollama".
    pub program: String,
    /// Whether it can look at pictures.
    pub has_eyes: bool,
    /// What it was taught.
    pub tuning: Tuning,
    /// Whether it, or a copy of it, is one of ours already.
    pub is_here: bool,
}

impl Assistant {
    /// The models of other programs: Ollama, LM Studio, Jan, llama.cpp and what the hub's library keeps.
    pub fn found_models(&self) -> Result<Vec<FoundModel>, Error> {
        let folder = self.folder()?;
        let found = folder.elsewhere(&self.inner.options.surroundings);
        let found = found.into_iter().map(|found| {
            Ok(FoundModel {
                is_here: folder.has(&found)?,
                name: found.name,
                title: found.title,
                format: found.format,
                size_bytes: found.size_bytes,
                path: found.path,
                program: found.program.unwrap_or_default(),
                has_eyes: found.has_eyes,
                tuning: found.tuning.into(),
            })
        });
        found.collect()
    }

    /// Makes the model at `path` one of ours where it is, and chooses it. It is never written or deleted by us.
    pub fn use_in_place(&self, path: &Path) -> Result<Model, Error> {
        let found = match self.known_elsewhere(path)? {
            Some(found) => found,
            None => checkpoints::identify(path)?,
        };
        // What cannot be opened is not linked.
        Weights::open_with(&found.path, found.mmproj.as_deref())?;
        let model = Model::from(self.folder()?.link(&found)?);
        self.keep_model(Some(&model.name))?;
        Ok(model)
    }

    /// What another program knows of the model at `path`, which the file itself may not say.
    fn known_elsewhere(&self, path: &Path) -> Result<Option<Checkpoint>, Error> {
        let Ok(real) = fs::canonicalize(path) else {
            return Ok(None);
        };
        let found = self.folder()?.elsewhere(&self.inner.options.surroundings);
        let mut found = found.into_iter();
        Ok(found.find(|found| fs::canonicalize(&found.path).is_ok_and(|path| path == real)))
    }

    /// Makes a GGUF file or a folder one of ours, with the picture tower `mmproj` or the one that lies beside it, and
    /// chooses it. The originals stay. Without a wish they are cloned where the disk can, and else copied.
    ///
    /// `on_progress` hears bytes done and in all; `None` if it was stopped, and then nothing is left of it.
    pub fn import_model(
        &self,
        file: &Path,
        mmproj: Option<&Path>,
        taking: Option<Taking>,
        stop: &AtomicBool,
        on_progress: impl FnMut(u64, u64),
    ) -> Result<Option<Model>, Error> {
        if taking == Some(Taking::Link) && mmproj.is_none() {
            return self.use_in_place(file).map(Some);
        }
        let found = checkpoints::identify(file)?;
        Weights::open_with(&found.path, mmproj)?; // what cannot be opened is not copied
        let folder = self.folder()?;
        let imported = folder.import(file, mmproj, taking, stop, on_progress)?;
        let model = imported.map(Model::from);
        if let Some(model) = &model {
            self.keep_model(Some(&model.name))?;
        }
        Ok(model)
    }
}
