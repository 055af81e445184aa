//! The models on this machine, and what happens while one is fetched.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

/// What a checkpoint was taught.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Tuning {
    /// A base model: it continues text and was not taught to chat.
    Pretrained,
    Instructed,
}

/// A checkpoint that is on this machine.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Its name on the command line and in the models folder.
    pub name: String,
    /// "Gemma 3 270M"
    pub title: String,
    pub path: String,
    pub size_bytes: u64,
    /// "Q4_K_M"
    pub format: String,
    pub tuning: Tuning,
    /// Positions the model was trained for.
    pub context_tokens: u32,
    /// Whether it can look at pictures.
    pub has_eyes: bool,
    pub place: Place,
    /// Of files that are not ours, whose they are, if that is known: "Ollama".
    pub program: Option<String>,
}

/// Whose the files of a model are.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// They lie in the models folder, and go when the model is removed.
    Ours,
    /// They lie somewhere else, and are never written or deleted by us.
    Elsewhere,
}

/// What the window's model button shows.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum ModelState {
    /// No checkpoint is on this machine.
    Absent,
    /// This one answers the next question; it is loaded then, or is already.
    Chosen { model: Model, loaded: bool },
}

/// What is chosen to be opened.
#[derive(Debug, Clone, Copy, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Opening {
    /// A GGUF file.
    File,
    /// A folder as the hub has them, or with the GGUF files of one model.
    Folder,
}

/// One thing that happened while a model was taken in.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum FetchEvent {
    /// What is being done now, in words for a person.
    Step { what: String },
    /// Bytes that have arrived of all there are.
    Progress {
        done_bytes: u64,
        total_bytes: u64,
        #[specta(type = Option<Number>)]
        seconds_left: Option<f64>,
    },
    /// The model is in the models folder, verified.
    Done { model: Model },
    /// The person cancelled; what arrived is kept for the next try where that is possible.
    Cancelled,
}

impl From<assistant::Tuning> for Tuning {
    fn from(tuning: assistant::Tuning) -> Self {
        match tuning {
            assistant::Tuning::Pretrained => Self::Pretrained,
            assistant::Tuning::Instructed => Self::Instructed,
        }
    }
}

impl From<assistant::Place> for Place {
    fn from(place: assistant::Place) -> Self {
        match place {
            assistant::Place::Ours => Self::Ours,
            assistant::Place::Elsewhere => Self::Elsewhere,
        }
    }
}

impl From<assistant::Model> for Model {
    fn from(it: assistant::Model) -> Self {
        Self {
            name: it.name,
            title: it.title,
            path: it.path.display().to_string(),
            size_bytes: it.size_bytes,
            format: it.format,
            tuning: it.tuning.into(),
            context_tokens: it.context_tokens,
            has_eyes: it.has_eyes,
            place: it.place.into(),
            program: it.program,
        }
    }
}

impl From<assistant::ModelState> for ModelState {
    fn from(state: assistant::ModelState) -> Self {
        match state {
            assistant::ModelState::Absent => Self::Absent,
            assistant::ModelState::Chosen { model, loaded } => Self::Chosen {
                model: model.into(),
                loaded,
            },
        }
    }
}

impl From<assistant::FetchEvent> for FetchEvent {
    fn from(event: assistant::FetchEvent) -> Self {
        use assistant::FetchEvent as Event;
        match event {
            Event::Step(what) => Self::Step { what },
            Event::Progress {
                done_bytes,
                total_bytes,
                seconds_left,
            } => Self::Progress {
                done_bytes,
                total_bytes,
                seconds_left,
            },
            Event::Done(model) => Self::Done {
                model: model.into(),
            },
            Event::Cancelled => Self::Cancelled,
        }
    }
}
