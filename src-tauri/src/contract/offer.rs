//! What can be fetched, weighed against this machine.

use serde::Serialize;
use specta::Type;
use specta_typescript::Number;

use super::model::Tuning;

/// What there is to choose from.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Offers {
    /// The machine's memory; 0 where the system does not tell.
    pub machine_bytes: u64,
    /// The context that each offer's memory is told for.
    pub context_tokens: u32,
    /// Whether this machine was tested, so that speeds are known.
    pub is_tested: bool,
    /// The smallest first.
    pub offers: Vec<Offer>,
}

/// Tokens per second, foreseen.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Speed {
    #[specta(type = Number)]
    pub reading: f64,
    #[specta(type = Number)]
    pub writing: f64,
}

/// How far the test of this machine is.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TestProgress {
    /// Measurements done.
    pub done: u32,
    pub all: u32,
}

/// A model that can be fetched.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// What it will be called here.
    pub name: String,
    /// "Gemma 3 4B"
    pub title: String,
    /// "Q4_K_M"
    pub format: String,
    pub tuning: Tuning,
    pub has_eyes: bool,
    /// Whether it was taught 140 languages, and not only English.
    pub speaks_many_languages: bool,
    /// Positions it was trained for.
    pub context_tokens: u32,
    /// Whether the hub wants an account that has agreed to Gemma's terms.
    pub is_gated: bool,
    /// Bytes to fetch, and on the disk.
    pub download_bytes: u64,
    /// Memory while it answers, pictures included.
    pub memory_bytes: u64,
    pub fit: Fit,
    /// The longest context that this machine carries; 0 if none.
    pub longest_context_tokens: u32,
    /// How fast it will be here; null until this machine was tested.
    pub speed: Option<Speed>,
    pub is_here: bool,
    /// Whether it is the one to begin with. One of them is.
    pub is_recommended: bool,
}

/// How a model's memory and a machine's go together.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Fit {
    /// With room for other programs.
    Well,
    /// If not much else runs.
    Tightly,
    No,
}

impl From<assistant::Offers> for Offers {
    fn from(it: assistant::Offers) -> Self {
        Self {
            machine_bytes: it.machine_bytes,
            context_tokens: it.context_tokens,
            is_tested: it.is_tested,
            offers: it.offers.into_iter().map(Offer::from).collect(),
        }
    }
}

impl From<assistant::Offer> for Offer {
    fn from(it: assistant::Offer) -> Self {
        Self {
            name: it.name,
            title: it.title,
            format: it.format,
            tuning: it.tuning.into(),
            has_eyes: it.has_eyes,
            speaks_many_languages: it.speaks_many_languages,
            context_tokens: it.context_tokens,
            is_gated: it.is_gated,
            download_bytes: it.download_bytes,
            memory_bytes: it.memory_bytes,
            fit: it.fit.into(),
            longest_context_tokens: it.longest_context_tokens,
            speed: it.speed.map(|it| Speed {
                reading: it.reading,
                writing: it.writing,
            }),
            is_here: it.is_here,
            is_recommended: it.is_recommended,
        }
    }
}

impl From<assistant::Fit> for Fit {
    fn from(fit: assistant::Fit) -> Self {
        match fit {
            assistant::Fit::Well => Self::Well,
            assistant::Fit::Tightly => Self::Tightly,
            assistant::Fit::No => Self::No,
        }
    }
}
