//! What a person has chosen. The only types that travel both ways.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

/// Kept across starts.
#[derive(Debug, Clone, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub theme: Theme,
    pub sidebar_open: bool,
    /// The conversation that was open last.
    pub open_conversation: Option<i64>,
    /// Name of the model a chat uses; null until one is there.
    pub model: Option<String>,
    /// Whether wide and tall pictures are also shown to the model in pieces.
    pub pan_and_scan: bool,
    /// Positions that a model may hold at once; null is as many as this machine carries.
    pub context_tokens: Option<u32>,
    /// After how long without a question the model leaves the memory; null is never.
    pub rest_after_minutes: Option<u32>,
    pub sampling: Sampling,
}

/// Light, dark, or as the system has it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// How the next token is drawn. Temperature 0 is greedy.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Sampling {
    #[specta(type = Number)]
    pub temperature: f64,
    pub top_k: u32,
    #[specta(type = Number)]
    pub top_p: f64,
    #[specta(type = Number)]
    pub min_p: f64,
    /// Null draws a new seed for each answer.
    pub seed: Option<u64>,
}

impl From<assistant::Settings> for Settings {
    fn from(it: assistant::Settings) -> Self {
        Self {
            theme: it.theme.into(),
            sidebar_open: it.sidebar_open,
            open_conversation: it.open_conversation,
            model: it.model,
            pan_and_scan: it.pan_and_scan,
            context_tokens: it.context_tokens,
            rest_after_minutes: it.rest_after_minutes,
            sampling: it.sampling.into(),
        }
    }
}

impl From<Settings> for assistant::Settings {
    fn from(it: Settings) -> Self {
        Self {
            theme: it.theme.into(),
            sidebar_open: it.sidebar_open,
            open_conversation: it.open_conversation,
            model: it.model,
            pan_and_scan: it.pan_and_scan,
            context_tokens: it.context_tokens,
            rest_after_minutes: it.rest_after_minutes,
            sampling: it.sampling.into(),
        }
    }
}

impl From<assistant::Theme> for Theme {
    fn from(theme: assistant::Theme) -> Self {
        match theme {
            assistant::Theme::System => Self::System,
            assistant::Theme::Light => Self::Light,
            assistant::Theme::Dark => Self::Dark,
        }
    }
}

impl From<Theme> for assistant::Theme {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::System => Self::System,
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
        }
    }
}

impl From<assistant::Sampling> for Sampling {
    fn from(it: assistant::Sampling) -> Self {
        Self {
            temperature: it.temperature,
            top_k: it.top_k,
            top_p: it.top_p,
            min_p: it.min_p,
            seed: it.seed,
        }
    }
}

impl From<Sampling> for assistant::Sampling {
    fn from(it: Sampling) -> Self {
        Self {
            temperature: it.temperature,
            top_k: it.top_k,
            top_p: it.top_p,
            min_p: it.min_p,
            seed: it.seed,
        }
    }
}
