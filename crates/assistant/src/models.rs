//! The checkpoints on this machine, and the one that is loaded.

use std::path::{Path, PathBuf};

use crate::event::FetchEvent;
use crate::{Assistant, Error};

/// A checkpoint that is on this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name on the command line and in the models folder: the file's name without `.gguf`.
    pub name: String,
    /// "Gemma 3 270M"
    pub title: String,
    pub path: PathBuf,
    pub size_bytes: u64,
    /// "Q4_K_M"
    pub format: String,
    pub tuning: Tuning,
    /// Positions the model was trained for.
    pub context_tokens: u32,
}

/// What a checkpoint was taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuning {
    /// A base model: it continues text and was not taught to chat.
    Pretrained,
    Instructed,
}

/// What the window's model button shows.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelState {
    /// No checkpoint is on this machine.
    Absent,
    /// This one answers the next question; it is loaded then, or is already.
    Chosen { model: Model, loaded: bool },
}

impl Assistant {
    /// Every checkpoint in the models folder, by name.
    pub fn models(&self) -> Result<Vec<Model>, Error> {
        todo!()
    }

    pub fn model_state(&self) -> Result<ModelState, Error> {
        todo!()
    }

    /// Chats use this model from now on.
    pub fn choose_model(&self, name: &str) -> Result<ModelState, Error> {
        todo!()
    }

    /// Loads the chosen model now, so that the first question need not wait for it.
    pub fn load_model(&self) -> Result<ModelState, Error> {
        todo!()
    }

    /// Takes a GGUF file (or a Hugging Face folder) into the models folder and chooses it. The original stays.
    pub fn import_model(&self, file: &Path) -> Result<Model, Error> {
        todo!()
    }

    /// Deletes a model and says how many bytes that freed.
    pub fn remove_model(&self, name: &str) -> Result<u64, Error> {
        todo!()
    }

    /// Where the models are kept.
    pub fn models_folder(&self) -> &Path {
        todo!()
    }

    /// Fetches the starter model, verifies it, puts it into the models folder and chooses it.
    pub fn fetch_starter(&self, on_event: impl FnMut(FetchEvent)) -> Result<(), Error> {
        todo!()
    }

    /// As [`Self::fetch_starter`], but always the base checkpoint, also where the
    /// instruction-tuned one can be had: the golden data was made with it.
    pub fn fetch_base_starter(&self, on_event: impl FnMut(FetchEvent)) -> Result<(), Error> {
        todo!()
    }

    /// Makes a running [`Self::fetch_starter`] end with `Cancelled`.
    pub fn cancel_fetch(&self) {
        todo!()
    }
}
