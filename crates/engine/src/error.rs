//! What went wrong (`Display`) and what to do about it (`hint`).

use std::io;
use std::path::{Path, PathBuf};

/// Why a model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or folder could not be opened, read or mapped.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// "open", "read", "map".
        doing: &'static str,
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The GGUF file is damaged, or lacks something.
    #[error("{}: {source}", path.display())]
    Gguf {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: gguf::Error,
    },
    /// The header of a safetensors file is damaged.
    #[error("the header of {} cannot be read", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A safetensors file ends elsewhere than it says.
    #[error("{}: {what} ends at byte {end}, the file has {file_len} bytes", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// "the header", "the last tensor".
        what: &'static str,
        /// Where that ends.
        end: u64,
        /// Bytes there are.
        file_len: u64,
    },
    /// A JSON file is damaged, or says something that cannot be.
    #[error("{} cannot be read", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A folder without weights in it.
    #[error("{} has neither model.safetensors nor model.safetensors.index.json", path.display())]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },
    /// One of the files that are one model together is not there.
    #[error("{} is missing: it is part {number} of {count} of a model", path.display())]
    NoPart {
        /// Where it should be.
        path: PathBuf,
        /// Which one, from 1.
        number: usize,
        /// How many there are.
        count: u32,
    },
    /// A model, but not Gemma 3.
    #[error("{} holds a model of the kind {found:?}, not Gemma 3", path.display())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// What it calls itself.
        found: String,
    },
    /// A setting that no Gemma 3 has, or that cannot be.
    #[error("{}: {key} is {found}, expected {expected}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The setting.
        key: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A tensor that the model needs is not there.
    #[error("{}: there is no tensor {tensor}", path.display())]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// Its name in this kind of file.
        tensor: String,
    },
    /// A tensor that does not fit the model's sizes.
    #[error("{}: tensor {tensor} has shape {found:?}, expected {expected}", path.display())]
    TensorShape {
        /// The file.
        path: PathBuf,
        /// Its name in this kind of file.
        tensor: String,
        /// Its shape.
        found: Vec<u64>,
        /// What fits.
        expected: String,
    },
    /// A tensor of a type that is not read here.
    #[error("{}: tensor {tensor} is of type {found}, expected {expected}", path.display())]
    TensorType {
        /// The file.
        path: PathBuf,
        /// Its name in this kind of file.
        tensor: String,
        /// Its type.
        found: String,
        /// What is read.
        expected: &'static str,
    },
    /// A file that was to hold a picture tower and does not hold one that fits Gemma 3.
    #[error("{} holds a projector of the kind {found:?}, expected \"gemma3\"", path.display())]
    NoTower {
        /// The file.
        path: PathBuf,
        /// What it calls its projector.
        found: String,
    },
    /// A picture tower for a model of another size.
    #[error("{} makes rows of {found} numbers, the model takes {expected}", path.display())]
    TowerWidth {
        /// The file.
        path: PathBuf,
        /// How wide its rows are.
        found: usize,
        /// How wide the model is.
        expected: usize,
    },
    /// A picture for a model without eyes.
    #[error("this model has no eyes: it was loaded without a picture tower")]
    NoEyes,
    /// A picture of another size than the tower takes.
    #[error(
        "the picture has {found} numbers, expected {expected}: three colours by height by width"
    )]
    Pixels {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Soft tokens that are not 256 rows of the model's width.
    #[error("picture {index} has {found} numbers, expected 256 rows of {width}")]
    PictureRows {
        /// Which picture of the prompt, from 0.
        index: usize,
        /// How many there are.
        found: usize,
        /// How wide the model is.
        width: usize,
    },
    /// A prompt with more or fewer places for pictures than pictures.
    #[error("the prompt has places for {places} pictures, and {pictures} were given")]
    PictureCount {
        /// How many runs of image tokens there are.
        places: usize,
        /// How many pictures there are.
        pictures: usize,
    },
    /// A run of image tokens that is no place for a picture.
    #[error("the place for a picture at position {position} is {found} tokens long, expected 256")]
    PicturePlace {
        /// Where it begins in what was given.
        position: usize,
        /// How long it is.
        found: usize,
    },
    /// A CPU path that this machine does not have.
    #[error("this CPU has no path {name:?}, it has {available}")]
    Level {
        /// What was asked for.
        name: String,
        /// What there is: "scalar, avx2".
        available: String,
    },
    /// A setting of the caller's that cannot work.
    #[error("{what} is {found}, expected {expected}")]
    Argument {
        /// Which one.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Nothing to read.
    #[error("the prompt is empty")]
    EmptyPrompt,
    /// A token id that the model does not know.
    #[error(
        "token id {id} at position {position} is not below {vocabulary_len}, the size of the vocabulary"
    )]
    UnknownId {
        /// The id.
        id: u32,
        /// Where it stands in what was given.
        position: usize,
        /// How many ids there are.
        vocabulary_len: usize,
    },
    /// More tokens than the context holds. Nothing was read.
    #[error("{tokens} tokens are more than the {context_len} the context holds")]
    TooLong {
        /// How many there would be.
        tokens: usize,
        /// How many fit.
        context_len: usize,
    },
    /// The model computed something that is not a number: damaged weights, or a bug.
    #[error("the model's score for token {id} is {found}")]
    NotFinite {
        /// The first token with such a score.
        id: usize,
        /// NaN or an infinity.
        found: f32,
    },
    /// A model that GGUF has no words for.
    #[error("{} cannot become a GGUF file: {what}", path.display())]
    NotInGguf {
        /// The model.
        path: PathBuf,
        /// What the format cannot say.
        what: &'static str,
    },
    /// The file that is being made could not be written.
    #[error("could not write the converted model")]
    Write(#[source] io::Error),
    /// candle refused an operation.
    #[error("an operation failed")]
    Compute(#[from] candle_core::Error),
}

impl Error {
    /// [`Error::Setting`] of the file at `path`.
    pub(crate) fn setting(
        path: &Path,
        key: &'static str,
        found: &dyn ToString,
        expected: &'static str,
    ) -> Self {
        Self::Setting {
            path: path.to_owned(),
            key,
            found: found.to_string(),
            expected,
        }
    }

    /// What the person can do about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Gguf { source, .. } => source.hint(),
            Self::Safetensors { .. }
            | Self::Length { .. }
            | Self::Json { .. }
            | Self::NoTensor { .. }
            | Self::TensorShape { .. } => {
                Some("the model is damaged or incomplete; download it again")
            }
            Self::NoWeights { .. } => {
                Some("choose a GGUF file, or a folder with a model from Hugging Face")
            }
            Self::NoPart { .. } => {
                Some("put all parts of the model into one folder, or download it again")
            }
            Self::Architecture { .. } => Some("choose a Gemma 3 model"),
            Self::TensorType { .. } => {
                Some("choose the same model in another format, such as Q4_K_M or Q8_0")
            }
            Self::NoTower { .. } | Self::TowerWidth { .. } => {
                Some("choose the mmproj file that came with this model")
            }
            Self::NoEyes => Some("choose a model with eyes, or put its mmproj file beside it"),
            Self::NotFinite { .. } => Some("the model may be damaged; download it again"),
            Self::TooLong { .. } => Some("shorten the text, or begin a new conversation"),
            Self::Level { .. } => Some("leave the choice to Lectern"),
            Self::Io { .. }
            | Self::Setting { .. }
            | Self::Argument { .. }
            | Self::EmptyPrompt
            | Self::UnknownId { .. }
            | Self::NotInGguf { .. }
            | Self::Pixels { .. }
            | Self::PictureRows { .. }
            | Self::PictureCount { .. }
            | Self::PicturePlace { .. }
            | Self::Compute(_) => None,
            Self::Write(source) if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some space, and try again")
            }
            Self::Write(_) => None,
        }
    }
}
