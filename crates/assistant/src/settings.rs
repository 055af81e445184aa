//! What a person has chosen, and how the next token is drawn.

use crate::{Assistant, Error};

/// Kept across starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub theme: Theme,
    pub sidebar_open: bool,
    /// The conversation that was open last.
    pub open_conversation: Option<i64>,
    /// Name of the model a chat uses; `None` until one is there.
    pub model: Option<String>,
    pub sampling: Sampling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// How the next token is drawn. Temperature 0 is greedy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    pub temperature: f64,
    pub top_k: u32,
    pub top_p: f64,
    pub min_p: f64,
    /// `None` draws a new seed for each answer.
    pub seed: Option<u64>,
}

impl Sampling {
    /// What Google recommends for Gemma 3.
    pub const RECOMMENDED: Self = Self {
        temperature: 1.0,
        top_k: 64,
        top_p: 0.95,
        min_p: 0.0,
        seed: None,
    };
}

impl Assistant {
    pub fn settings(&self) -> Result<Settings, Error> {
        todo!()
    }

    pub fn save_settings(&self, settings: &Settings) -> Result<(), Error> {
        todo!()
    }
}
