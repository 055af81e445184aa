//! A conversation as plain data.

use crate::PanAndScan;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Model,
}

/// What one of the two said.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// Text and pictures in the order they were given.
    pub content: Vec<Part>,
}

/// A piece of a turn.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Words. White space around them does not count, and nothing in them is ever a control token.
    Text(String),
    /// An earlier answer exactly as the model gave it, so that what is cached still fits.
    Ids(Vec<u32>),
    /// The place of a picture of this many pixels.
    Picture {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// How a wide or tall picture is also shown in pieces, see [`crops`](crate::crops()).
        pan_and_scan: Option<PanAndScan>,
    },
}

impl Turn {
    /// What the person wrote.
    pub fn user(text: impl Into<String>) -> Self {
        Self {
            role: Role::User,
            content: vec![Part::Text(text.into())],
        }
    }

    /// What the model answered, as text.
    pub fn model(text: impl Into<String>) -> Self {
        Self {
            role: Role::Model,
            content: vec![Part::Text(text.into())],
        }
    }
}
