//! What a person has chosen, and how the next token is drawn.

use std::str::FromStr;

use crate::{Assistant, Error};

/// Kept across starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// Whether the list of conversations is shown.
    pub sidebar_open: bool,
    /// The conversation that was open last.
    pub open_conversation: Option<i64>,
    /// Name of the model a chat uses; `None` until one is there.
    pub model: Option<String>,
    /// Whether wide and tall pictures are also shown to the model in pieces.
    pub pan_and_scan: bool,
    /// Positions that a model may hold at once; `None` is as many as it was trained for and this machine carries.
    pub context_tokens: Option<u32>,
    /// After how long without a question the model leaves the memory; `None` is never.
    pub rest_after_minutes: Option<u32>,
    /// How answers are drawn.
    pub sampling: Sampling,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system is.
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// How the next token is drawn. Temperature 0 is greedy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// How boldly: scores are divided by this; 0 always takes the likeliest.
    pub temperature: f64,
    /// Only so many of the likeliest tokens are considered; 0 is all.
    pub top_k: u32,
    /// Only the likeliest tokens that together have this probability; 1 is all.
    pub top_p: f64,
    /// Only tokens at least this times as likely as the likeliest; 0 is all.
    pub min_p: f64,
    /// `None` draws a new seed for each answer.
    pub seed: Option<u64>,
}

impl Sampling {
    /// What Gemma's authors recommend (`generation_config.json`).
    pub const RECOMMENDED: Self = Self {
        temperature: 1.0,
        top_k: 64,
        top_p: 0.95,
        min_p: 0.0,
        seed: None,
    };

    /// As the engine takes it, with the seed it is drawn from: the chosen one or `new_seed`.
    pub(crate) fn for_engine(&self, new_seed: impl FnOnce() -> u64) -> engine::Sampling {
        engine::Sampling {
            temperature: self.temperature as f32,
            top_k: self.top_k as usize,
            top_p: self.top_p as f32,
            min_p: self.min_p as f32,
            seed: self.seed.unwrap_or_else(new_seed),
        }
    }
}

/// A break is shorter; a model that sleeps over night is not missed.
const REST_AFTER_MINUTES: u32 = 60;

/// The names the settings are kept under. Once shipped, a name keeps its meaning.
mod key {
    pub const THEME: &str = "theme";
    pub const SIDEBAR_OPEN: &str = "sidebar_open";
    pub const OPEN_CONVERSATION: &str = "open_conversation";
    pub const MODEL: &str = "model";
    pub const PAN_AND_SCAN: &str = "pan_and_scan";
    pub const CONTEXT_TOKENS: &str = "context_tokens";
    pub const REST_AFTER_MINUTES: &str = "rest_after_minutes";
    pub const TEMPERATURE: &str = "temperature";
    pub const TOP_K: &str = "top_k";
    pub const TOP_P: &str = "top_p";
    pub const MIN_P: &str = "min_p";
    pub const SEED: &str = "seed";
}

impl Assistant {
    /// What is kept, and the usual where nothing is or where it makes no sense any more.
    pub fn settings(&self) -> Result<Settings, Error> {
        let usual = Sampling::RECOMMENDED;
        Ok(Settings {
            theme: match self.kept(key::THEME)?.as_deref() {
                Some("light") => Theme::Light,
                Some("dark") => Theme::Dark,
                _ => Theme::System,
            },
            sidebar_open: self.kept_as(key::SIDEBAR_OPEN)?.unwrap_or(true),
            open_conversation: self.kept_as(key::OPEN_CONVERSATION)?,
            model: self.kept(key::MODEL)?,
            pan_and_scan: self.kept_as(key::PAN_AND_SCAN)?.unwrap_or(true),
            context_tokens: self.kept_as(key::CONTEXT_TOKENS)?,
            // Zero is kept for "never": nothing kept is the usual.
            rest_after_minutes: match self.kept_as(key::REST_AFTER_MINUTES)? {
                Some(0) => None,
                Some(minutes) => Some(minutes),
                None => Some(REST_AFTER_MINUTES),
            },
            sampling: Sampling {
                temperature: self.kept_as(key::TEMPERATURE)?.unwrap_or(usual.temperature),
                top_k: self.kept_as(key::TOP_K)?.unwrap_or(usual.top_k),
                top_p: self.kept_as(key::TOP_P)?.unwrap_or(usual.top_p),
                min_p: self.kept_as(key::MIN_P)?.unwrap_or(usual.min_p),
                seed: self.kept_as(key::SEED)?,
            },
        })
    }

    /// Keeps all of them, or none.
    pub fn save_settings(&self, settings: &Settings) -> Result<(), Error> {
        let theme = match settings.theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let sampling = &settings.sampling;
        let values = [
            (key::THEME, Some(theme.to_owned())),
            (key::SIDEBAR_OPEN, Some(settings.sidebar_open.to_string())),
            (
                key::OPEN_CONVERSATION,
                settings.open_conversation.map(|id| id.to_string()),
            ),
            (key::MODEL, settings.model.clone()),
            (key::PAN_AND_SCAN, Some(settings.pan_and_scan.to_string())),
            (
                key::CONTEXT_TOKENS,
                settings.context_tokens.map(|tokens| tokens.to_string()),
            ),
            (
                key::REST_AFTER_MINUTES,
                Some(settings.rest_after_minutes.unwrap_or(0).to_string()),
            ),
            (key::TEMPERATURE, Some(sampling.temperature.to_string())),
            (key::TOP_K, Some(sampling.top_k.to_string())),
            (key::TOP_P, Some(sampling.top_p.to_string())),
            (key::MIN_P, Some(sampling.min_p.to_string())),
            (key::SEED, sampling.seed.map(|seed| seed.to_string())),
        ];
        let values: Vec<_> = values
            .iter()
            .map(|(key, value)| (*key, value.as_deref()))
            .collect();
        Ok(self.library()?.save_settings(&values)?)
    }

    /// The name of the model a chat uses.
    pub(crate) fn kept_model(&self) -> Result<Option<String>, Error> {
        self.kept(key::MODEL)
    }

    /// Keeps which model a chat uses, and touches nothing else.
    pub(crate) fn keep_model(&self, name: Option<&str>) -> Result<(), Error> {
        Ok(self.library()?.save_settings(&[(key::MODEL, name)])?)
    }

    fn kept(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(self.library()?.setting(key)?)
    }

    fn kept_as<T: FromStr>(&self, key: &str) -> Result<Option<T>, Error> {
        Ok(self.kept(key)?.and_then(|value| value.parse().ok()))
    }
}
