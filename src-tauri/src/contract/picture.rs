//! Pictures: what a composer and a conversation show of them. Their bytes travel on ways of their own.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::Failure;

/// A picture that is kept, and what showing it to a model takes.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// Names it by what is in its file.
    pub id: String,
    /// Pixels, as one looks at it.
    pub width: u32,
    pub height: u32,
    pub size_bytes: u64,
    /// The pieces that it is also shown in with pan and scan; none if it is nearly square or small.
    pub crops: Vec<Crop>,
    /// Tokens that one look takes: the whole of it, or a piece.
    pub tokens_per_look: u32,
}

/// A piece of a picture, in the picture's own pixels.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Crop {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// A picture as it was shown with a message.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    pub picture: Picture,
    /// Whether the model was also shown its pieces.
    pub pan_and_scan: bool,
}

/// A picture that is to be shown with a message.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Showing {
    pub picture: String,
    pub pan_and_scan: bool,
}

/// What stands unsent in a composer.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    pub text: String,
    pub pictures: Vec<Picture>,
}

/// The name that the page was given.
pub fn named(id: &str) -> Result<assistant::PictureId, Failure> {
    assistant::PictureId::parse(id)
        .ok_or_else(|| Failure::new(&format!("no picture is called {id:?}"), None))
}

impl From<assistant::Picture> for Picture {
    fn from(it: assistant::Picture) -> Self {
        Self {
            id: it.id.to_string(),
            width: it.width,
            height: it.height,
            size_bytes: it.size_bytes,
            crops: it.crops.into_iter().map(Crop::from).collect(),
            tokens_per_look: it.tokens_per_look,
        }
    }
}

impl From<assistant::Crop> for Crop {
    fn from(it: assistant::Crop) -> Self {
        Self {
            x: it.x,
            y: it.y,
            width: it.width,
            height: it.height,
        }
    }
}

impl From<assistant::Shown> for Shown {
    fn from(it: assistant::Shown) -> Self {
        Self {
            picture: it.picture.into(),
            pan_and_scan: it.pan_and_scan,
        }
    }
}

impl From<assistant::Draft> for Draft {
    fn from(it: assistant::Draft) -> Self {
        Self {
            text: it.text,
            pictures: it.pictures.into_iter().map(Picture::from).collect(),
        }
    }
}
