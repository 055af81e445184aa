//! What went wrong (`Display`) and what to do about it (`hint`); both fronts show the same words.

use std::io;
use std::path::{Path, PathBuf};

/// Why Lectern did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing can answer.
    #[error("no model is here yet")]
    NoModel,
    /// A name that no model has, or a path where none lies.
    #[error("there is no model called {name:?}")]
    UnknownModel {
        /// What was asked for.
        name: String,
    },
    /// A name that is not in the catalogue.
    #[error("no model called {name:?} can be fetched")]
    NotOffered {
        /// What was asked for.
        name: String,
    },
    /// A model that cannot be removed or replaced now.
    #[error("{name} is in use right now")]
    ModelInUse {
        /// Its name.
        name: String,
    },
    /// A model that this machine has no memory for.
    #[error(
        "{title} with a context of {tokens} tokens needs {} of memory; here {} of {} are free{}",
        gigabytes(*needed_bytes), gigabytes(*free_bytes), gigabytes(*total_bytes), would_fit(*fitting_tokens)
    )]
    NoMemory {
        /// "Gemma 3 4B"
        title: String,
        /// Positions it was to hold.
        tokens: u64,
        /// For them and all else.
        needed_bytes: u64,
        /// The machine's.
        total_bytes: u64,
        /// Of those.
        free_bytes: u64,
        /// Positions that would fit; 0 if none.
        fitting_tokens: u64,
    },
    /// A piece of a file that nobody expects any more.
    #[error("the file that was dropped is not being taken in any more")]
    NothingDropped,
    /// What was given as a token of the hub.
    #[error("that is not a token: it is one line of letters, digits and signs")]
    NoToken,
    /// The system's keychain did not do what it was asked.
    #[error("the keychain: {source}")]
    Keychain {
        /// Why.
        source: keyring::v1::Error,
    },
    /// A name that is not in the queue of what is to come.
    #[error("{name} is not being fetched")]
    NotOrdered {
        /// What was asked for.
        name: String,
    },
    /// A fetch that was given up.
    #[error("{what}")]
    FetchFailed {
        /// What happened.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// A second fetch while one runs.
    #[error("a model is being fetched already")]
    Fetching,
    /// A file or folder that says nothing of its vocabulary.
    #[error("{} has no vocabulary, and there is no tokenizer.json beside it", path.display())]
    NoVocabulary {
        /// The model.
        path: PathBuf,
    },
    /// A GGUF file that cannot be read.
    #[error("{}: {source}", path.display())]
    Gguf {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<gguf::Error>,
    },
    /// A vocabulary that does not do.
    #[error("the vocabulary of {} cannot be used: {source}", path.display())]
    Vocabulary {
        /// The model or its tokenizer.json.
        path: PathBuf,
        /// What is wrong.
        source: Box<prompt::Error>,
    },
    /// A picture for a model that cannot see.
    #[error("{model} cannot see pictures")]
    NoEyes {
        /// Its title.
        model: String,
    },
    /// A question without a word.
    #[error("the message is empty")]
    EmptyMessage,
    /// The engine panicked.
    #[error("the engine failed while it {doing}: {what}")]
    Crashed {
        /// "wrote an answer".
        doing: &'static str,
        /// What it said last.
        what: String,
    },
    /// A file that was handed in and is something else.
    #[error("{} is not what it should be: expected {expected}, found {found}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What it holds.
        found: String,
    },
    /// A line that does not do.
    #[error("line {line} of {}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A file that could not be read or written.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// "read", "write".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was to be a picture.
    #[error(transparent)]
    Picture(Box<documents::Error>),
    /// What was to be a picture's file.
    #[error("{}", path.display())]
    PictureFile {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        source: Box<documents::Error>,
    },
    /// What could not be put into tokens.
    #[error(transparent)]
    Prompt(#[from] prompt::Error),
    /// What the model could not do.
    #[error(transparent)]
    Engine(Box<engine::Error>),
    /// What could not be fetched, imported or removed.
    #[error(transparent)]
    Checkpoints(Box<checkpoints::Error>),
    /// What could not be kept or found.
    #[error(transparent)]
    Library(Box<library::Error>),
}

impl From<engine::Error> for Error {
    fn from(error: engine::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<documents::Error> for Error {
    fn from(error: documents::Error) -> Self {
        Self::Picture(Box::new(error))
    }
}

impl From<library::Error> for Error {
    fn from(error: library::Error) -> Self {
        Self::Library(Box::new(error))
    }
}

impl From<checkpoints::Error> for Error {
    fn from(error: checkpoints::Error) -> Self {
        Self::Checkpoints(Box::new(error))
    }
}

impl Error {
    /// What happened in one sentence, with the causes below it that it does not name itself.
    pub fn sentence(&self) -> String {
        let mut sentence = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(source) = cause {
            let words = source.to_string();
            let words = words.trim_end(); // the JPEG decoder's end with a new line
            if !sentence.contains(words) {
                sentence = format!("{sentence}: {words}");
            }
            cause = source.source();
        }
        sentence
    }

    /// What the person can do about it, if anything.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::NoModel => Some("fetch the starter model, or open a GGUF file"),
            Self::UnknownModel { .. } => Some(
                "choose a model that is here, or give the path of a GGUF file or Hugging Face folder",
            ),
            Self::NotOffered { .. } => {
                Some("choose one that `lectern models recommend` lists, or import a file")
            }
            Self::ModelInUse { .. } => Some("wait until its answer has ended, or stop the answer"),
            Self::NoMemory { fitting_tokens, .. } if *fitting_tokens > 0 => Some(
                "let it read less at once (Settings), close other programs, or choose a smaller model",
            ),
            Self::NoMemory { .. } => Some("close other programs, or choose a smaller model"),
            Self::NothingDropped => Some("drop it again"),
            Self::NoToken => Some("copy it from your account's settings on the hub: hf_…"),
            Self::Keychain { .. } => Some("open the keychain, and try again"),
            Self::NotOrdered { .. } => Some("download it first"),
            Self::FetchFailed { hint, .. } => Some(&**hint).filter(|hint| !hint.is_empty()),
            Self::Fetching => Some("wait until it is here, or cancel it"),
            Self::NoVocabulary { .. } => Some("put the model's tokenizer.json beside it"),
            Self::Gguf { source, .. } => source.hint(),
            Self::Vocabulary { source, .. } => source.hint(),
            Self::Prompt(source) => source.hint(),
            Self::NoEyes { .. } => Some(
                "choose a model with eyes (4B or larger), with its mmproj file beside it if it is a GGUF file",
            ),
            Self::EmptyMessage => Some("write something first"),
            Self::Crashed { .. } => Some(
                "try again: the model is loaded afresh; if it happens again, please report these words",
            ),
            Self::Input { .. } | Self::Line { .. } | Self::Io { .. } => None,
            Self::Picture(source) | Self::PictureFile { source, .. } => source.hint(),
            Self::Engine(error) => error.hint(),
            Self::Checkpoints(error) => error.hint(),
            Self::Library(error) => error.hint(),
        }
    }

    pub(crate) fn gguf(path: &Path, source: gguf::Error) -> Self {
        Self::Gguf {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }

    pub(crate) fn vocabulary(path: &Path, source: prompt::Error) -> Self {
        Self::Vocabulary {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }

    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

fn would_fit(tokens: u64) -> String {
    match tokens {
        0 => String::new(),
        _ => format!("; {tokens} tokens would fit"),
    }
}

#[test]
fn a_sentence_names_every_cause_once() {
    #[track_caller]
    fn check(error: Error, expected: &str) {
        assert_eq!(error.sentence(), expected);
    }
    check(Error::NoModel, "no model is here yet");
    let full = io::Error::other("the disk is full");
    check(
        Error::io("write", Path::new("out"), full),
        "could not write out: the disk is full",
    );
    let source = gguf::Error::Version { found: 9 };
    check(
        Error::gguf(Path::new("a.gguf"), source),
        "a.gguf: GGUF version 9 at byte 4, expected 2 or 3 in little-endian order",
    );
}
