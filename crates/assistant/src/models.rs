//! The checkpoints on this machine, and the one that chats use.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use checkpoints::Checkpoint;
use engine::Weights;

use crate::assistant::lock;
use crate::{Assistant, Error};

/// A checkpoint that is on this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name on the command line and in the models folder: the file's name without `.gguf`.
    pub name: String,
    /// "Gemma 3 270M"
    pub title: String,
    /// The GGUF file or Hugging Face folder.
    pub path: PathBuf,
    /// All its files on the disk.
    pub size_bytes: u64,
    /// "Q4_K_M"
    pub format: String,
    /// What it was taught.
    pub tuning: Tuning,
    /// Positions the model was trained for.
    pub context_tokens: u32,
    /// Whether it can look at pictures.
    pub has_eyes: bool,
    /// The file of its picture tower, where it has one of its own.
    pub mmproj: Option<PathBuf>,
    /// Whose its files are.
    pub place: Place,
    /// Of files that are not ours, whose they are, if that is known: "Ollama".
    pub program: Option<String>,
}

/// Whose the files of a model are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// They lie in the models folder, and go when the model is removed.
    Ours,
    /// They lie somewhere else, and are never written or deleted by us.
    Elsewhere,
}

/// What a checkpoint was taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuning {
    /// A base model: it continues text and was not taught to chat.
    Pretrained,
    /// Taught to follow instructions and to take turns.
    Instructed,
}

/// What the window's model button shows.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelState {
    /// No checkpoint is on this machine.
    Absent,
    /// This one answers the next question; it is loaded then, or is already.
    Chosen {
        /// Which one.
        model: Model,
        /// Whether it is in memory.
        loaded: bool,
    },
}

impl Assistant {
    /// Every checkpoint in the models folder that can be read, by name.
    pub fn models(&self) -> Result<Vec<Model>, Error> {
        Ok(self
            .folder()?
            .list()?
            .checkpoints
            .into_iter()
            .map(Model::from)
            .collect())
    }

    /// What answers the next question. Never waits for an answer that is being written.
    pub fn model_state(&self) -> Result<ModelState, Error> {
        Ok(match self.chosen_model()? {
            Some(model) => {
                let loaded = self.shown().loaded.as_ref() == Some(&model.name);
                ModelState::Chosen { model, loaded }
            }
            None => ModelState::Absent,
        })
    }

    /// Chats use this model from now on. A model that cannot be opened is not chosen.
    pub fn choose_model(&self, name: &str) -> Result<ModelState, Error> {
        let model = Model::from(self.folder()?.find(name)?);
        model.weights()?;
        self.keep_model(Some(&model.name))?;
        self.model_state()
    }

    /// Removes a model and says how many bytes will be free. One that is being used stays.
    ///
    /// Until this process ends [`Self::restore_model`] takes it back; its bytes are free from then on.
    pub fn remove_model(&self, name: &str) -> Result<u64, Error> {
        self.make_free(name)?;
        let bytes = self.folder()?.put_aside(name)?;
        if self.kept_model()?.as_deref() == Some(name) {
            self.keep_model(None)?;
            lock(&self.inner.unchosen).insert(name.to_owned());
        }
        Ok(bytes)
    }

    /// Takes back the model that was removed last under this name; chosen, if it was.
    pub fn restore_model(&self, name: &str) -> Result<Model, Error> {
        let model = Model::from(self.folder()?.restore(name)?);
        if lock(&self.inner.unchosen).remove(name) && self.kept_model()?.is_none() {
            self.keep_model(Some(name))?;
        }
        Ok(model)
    }

    /// Deletes what was removed: nothing can be restored any more. For when the window quits; what a crash leaves goes at
    /// the next start.
    pub fn empty_trash(&self) -> Result<u64, Error> {
        Ok(self.folder()?.empty_trash()?)
    }

    /// As [`Self::remove_model`], but at once and for good; also for what is left over of models.
    pub fn delete_model(&self, name: &str) -> Result<u64, Error> {
        self.make_free(name)?;
        let freed_bytes = match self.folder()?.remove(name) {
            Err(absent @ checkpoints::Error::NoSuchModel { .. }) => {
                let leftover = self.folder()?.remove_leftover(name);
                return leftover.map_err(|_| absent.into()); // a name says most
            }
            removed => removed?,
        };
        self.library()?.forget_model(name)?;
        if self.kept_model()?.as_deref() == Some(name) {
            self.keep_model(None)?;
        }
        Ok(freed_bytes)
    }

    /// Takes the model out of memory, if nobody is using it.
    fn make_free(&self, name: &str) -> Result<(), Error> {
        let is_loaded = self.shown().loaded.as_deref() == Some(name);
        if is_loaded {
            let in_use = || Error::ModelInUse {
                name: name.to_owned(),
            };
            let mut seat = self.inner.seat.try_take().ok_or_else(in_use)?;
            self.unload(&mut seat);
        }
        Ok(())
    }

    /// Where the models are kept, also if that is not there right now.
    pub fn models_folder(&self) -> Result<PathBuf, Error> {
        Ok(self.inner.whereabouts.folder()?)
    }

    /// Moves everything in the models folder to another, which is empty or was theirs before, and keeps the models there
    /// from now on. `on_progress` hears bytes done and in all; `None` if it was stopped, and then all is where it was.
    ///
    /// Wherever the process dies meanwhile, no model is lost: the next start goes on, or undoes it.
    pub fn move_models(
        &self,
        to: &Path,
        stop: &AtomicBool,
        on_progress: impl FnMut(u64, u64),
    ) -> Result<Option<PathBuf>, Error> {
        let in_use = || Error::ModelInUse {
            name: self.shown().loaded.clone().unwrap_or_default(),
        };
        // Nothing is loaded until it is done.
        let mut seat = self.inner.seat.try_take().ok_or_else(in_use)?;
        self.unload(&mut seat);
        let models = self.folder()?;
        let moved = self
            .inner
            .whereabouts
            .move_to(&models, to, stop, on_progress);
        self.forget_folder();
        Ok(moved?)
    }

    /// The model chats use: the one that was chosen, or another if it is gone or none was.
    pub(crate) fn chosen_model(&self) -> Result<Option<Model>, Error> {
        let folder = self.folder()?;
        if let Some(name) = self.kept_model()? {
            match folder.find(&name) {
                Ok(checkpoint) => return Ok(Some(checkpoint.into())),
                Err(checkpoints::Error::NoSuchModel { .. }) => {}
                Err(damaged) => return Err(damaged.into()),
            }
        }
        let models = folder.list()?.checkpoints.into_iter().map(Model::from);
        // One that was taught to chat if there is one; of several, the first by name.
        Ok(models.min_by_key(|model| model.tuning == Tuning::Pretrained))
    }

    /// The model of this name in the models folder, or at this path.
    pub(crate) fn model_at(&self, name_or_path: &str) -> Result<Model, Error> {
        let path = Path::new(name_or_path);
        if path.components().count() == 1 && !path.is_file() {
            match self.folder()?.find(name_or_path) {
                Err(checkpoints::Error::NoSuchModel { .. }) => {}
                found => return Ok(found?.into()),
            }
        }
        match path.exists() {
            true => Ok(checkpoints::identify(path)?.into()),
            false => Err(Error::UnknownModel {
                name: name_or_path.to_owned(),
            }),
        }
    }
}

impl Model {
    /// Its files, opened and checked but not read.
    pub(crate) fn weights(&self) -> Result<Weights, engine::Error> {
        Weights::open_with(&self.path, self.mmproj.as_deref())
    }
}

impl From<checkpoints::Tuning> for Tuning {
    fn from(tuning: checkpoints::Tuning) -> Self {
        match tuning {
            checkpoints::Tuning::Pretrained => Self::Pretrained,
            checkpoints::Tuning::Instructed => Self::Instructed,
        }
    }
}

impl From<Checkpoint> for Model {
    fn from(checkpoint: Checkpoint) -> Self {
        let Checkpoint {
            name,
            title,
            path,
            size_bytes,
            format,
            tuning,
            context_tokens,
            has_eyes,
            mmproj,
            place,
            program,
        } = checkpoint;
        let tuning = Tuning::from(tuning);
        let place = match place {
            checkpoints::Place::Ours => Place::Ours,
            checkpoints::Place::Elsewhere => Place::Elsewhere,
        };
        Self {
            name,
            title,
            path,
            size_bytes,
            format,
            tuning,
            context_tokens,
            has_eyes,
            mmproj,
            place,
            program,
        }
    }
}
