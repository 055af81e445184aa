//! What lies on the disk, and what other programs have there.

use serde::Serialize;
use specta::Type;

use super::failure::Failure;
use super::model::{Place, Tuning};

/// A Gemma 3 model that another program has on this machine.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FoundModel {
    /// "Gemma 3 4B"
    pub title: String,
    /// "Q4_K_M"
    pub format: String,
    pub size_bytes: u64,
    pub path: String,
    /// Whose it is: "Ollama".
    pub program: String,
    pub has_eyes: bool,
    pub tuning: Tuning,
    /// Whether it, or a copy of it, is one of ours already.
    pub is_here: bool,
}

/// Everything that Lectern has on the disk.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    /// The models folder.
    pub folder: String,
    /// Of the disk it is on.
    pub free_bytes: u64,
    pub total_bytes: u64,
    pub kinds: Vec<KindOnDisk>,
    pub models: Vec<ModelOnDisk>,
    /// What belongs to nothing any more.
    pub leftovers: Vec<Leftover>,
}

/// So many bytes of one kind.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct KindOnDisk {
    pub kind: Kind,
    pub bytes: u64,
}

/// What bytes are for.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    Models,
    /// What came of models that are still to come.
    Partials,
    /// What models saw in pictures.
    PictureCache,
    /// What models read.
    PrefixStore,
    /// Conversations and settings.
    Library,
    /// Removed, and gone when Lectern quits.
    Trash,
}

/// One model's files.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ModelOnDisk {
    pub name: String,
    pub title: String,
    pub format: String,
    pub bytes: u64,
    pub files: Vec<FileOnDisk>,
    /// Where it came from, if that is known.
    pub source: Option<String>,
    /// When it last answered.
    pub last_used_ms: Option<i64>,
    pub place: Place,
}

/// One file.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FileOnDisk {
    pub name: String,
    pub bytes: u64,
}

/// A file that belongs to nothing any more.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Leftover {
    pub name: String,
    pub bytes: u64,
    /// What it is, in a sentence.
    pub what: String,
}

/// How far something long is.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct WorkProgress {
    pub done_bytes: u64,
    pub total_bytes: u64,
}

/// What a check of a model's files found. Damage is a failure.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Every byte is as it was published.
    AsPublished,
    /// It is whole as far as it can tell: nobody said what its bytes should be.
    Sound,
}

impl From<assistant::FoundModel> for FoundModel {
    fn from(it: assistant::FoundModel) -> Self {
        Self {
            title: it.title,
            format: it.format,
            size_bytes: it.size_bytes,
            path: it.path.display().to_string(),
            program: it.program,
            has_eyes: it.has_eyes,
            tuning: it.tuning.into(),
            is_here: it.is_here,
        }
    }
}

impl Verdict {
    /// Of a whole model; damage is a failure.
    pub fn of(it: assistant::Verdict) -> Result<Self, Failure> {
        let damaged = it.files.iter().find_map(|file| {
            let damage = file.damage.as_ref()?;
            Some(format!("{}: {damage}", file.name))
        });
        match damaged {
            Some(damage) => Err(Failure::new(
                &damage,
                Some("remove the model and fetch it again"),
            )),
            None => Ok(match it.checked() {
                assistant::Checked::Hash => Self::AsPublished,
                assistant::Checked::Structure => Self::Sound,
            }),
        }
    }
}

impl From<assistant::Disk> for Disk {
    fn from(it: assistant::Disk) -> Self {
        Self {
            folder: it.folder.display().to_string(),
            free_bytes: it.free_bytes,
            total_bytes: it.total_bytes,
            kinds: it.kinds.into_iter().map(KindOnDisk::from).collect(),
            models: it.models.into_iter().map(ModelOnDisk::from).collect(),
            leftovers: it.leftovers.into_iter().map(Leftover::from).collect(),
        }
    }
}

impl From<assistant::KindOnDisk> for KindOnDisk {
    fn from(it: assistant::KindOnDisk) -> Self {
        let kind = match it.kind {
            assistant::Kind::Models => Kind::Models,
            assistant::Kind::Partials => Kind::Partials,
            assistant::Kind::PictureCache => Kind::PictureCache,
            assistant::Kind::PrefixStore => Kind::PrefixStore,
            assistant::Kind::Library => Kind::Library,
            assistant::Kind::Trash => Kind::Trash,
        };
        let bytes = it.bytes;
        Self { kind, bytes }
    }
}

impl From<assistant::ModelOnDisk> for ModelOnDisk {
    fn from(it: assistant::ModelOnDisk) -> Self {
        let file = |(name, bytes)| FileOnDisk { name, bytes };
        Self {
            name: it.name,
            title: it.title,
            format: it.format,
            bytes: it.bytes,
            files: it.files.into_iter().map(file).collect(),
            source: it.source,
            last_used_ms: it.last_used_ms,
            place: it.place.into(),
        }
    }
}

impl From<assistant::Leftover> for Leftover {
    fn from(it: assistant::Leftover) -> Self {
        Self {
            name: it.name,
            bytes: it.bytes,
            what: it.what,
        }
    }
}
