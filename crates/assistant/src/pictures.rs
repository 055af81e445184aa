//! Pictures as a person has them: put into a composer, shown with a message, looked at.

use documents::Picture as Decoded;
use prompt::{Crop, PanAndScan, TOKENS_PER_VIEW};

use crate::conversations::ConversationId;
use crate::{Assistant, Error};

pub use library::PictureId;

/// Pixels along the longer side of what a composer and a conversation show: sharp on any screen at
/// the sizes they show it in.
const PREVIEW: u32 = 640;
/// Pixels along the longer side of what is shown when one wants to look closely: more than most screens.
const LARGE: u32 = 2560;

/// A picture that is kept, and what showing it to a model takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Its name: the SHA-256 of its file.
    pub id: PictureId,
    /// What its file is: "image/png".
    pub mime: String,
    /// Pixels from left to right, as one looks at it.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// The length of its file.
    pub size_bytes: u64,
    /// The pieces that it is also shown in with pan and scan; none if it is nearly square or small.
    pub crops: Vec<Crop>,
    /// Positions of the context that one look takes: the whole of it, or a piece.
    pub tokens_per_look: u32,
}

/// A picture as it was shown with a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Which one.
    pub picture: Picture,
    /// Whether the model was also shown its pieces.
    pub pan_and_scan: bool,
}

/// What stands unsent in a composer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// What is written.
    pub text: String,
    /// What is to be shown with it.
    pub pictures: Vec<Picture>,
}

impl Assistant {
    /// Reads a picture's file and puts it into a composer, behind what is there. Kept until it is taken
    /// out or the last message that shows it is gone.
    pub fn add_picture(
        &self,
        conversation: Option<ConversationId>,
        file: &[u8],
    ) -> Result<Picture, Error> {
        let picture = Decoded::decode(file)?;
        let new = library::NewPicture {
            bytes: file,
            mime: picture.mime(),
            width: picture.width(),
            height: picture.height(),
            preview: &picture.preview(PREVIEW),
        };
        Ok(self
            .library()?
            .add_draft_picture(conversation, &new)?
            .into())
    }

    /// A small JPEG of the picture, upright.
    pub fn picture_preview(&self, id: PictureId) -> Result<Vec<u8>, Error> {
        Ok(self.library()?.picture_preview(id)?)
    }

    /// A JPEG of the picture, upright and large enough to look at closely.
    pub fn picture_large(&self, id: PictureId) -> Result<Vec<u8>, Error> {
        Ok(self.kept_picture(id)?.preview(LARGE))
    }

    /// What stands unsent in the composer; `None` is the composer of a conversation not yet begun.
    pub fn draft(&self, conversation: Option<ConversationId>) -> Result<Draft, Error> {
        Ok(self.library()?.draft(conversation)?.into())
    }

    /// Keeps what stands in the composer. Pictures come in by [`Self::add_picture`]; one that this takes
    /// from its last place is forgotten.
    pub fn save_draft(
        &self,
        conversation: Option<ConversationId>,
        text: &str,
        pictures: &[PictureId],
    ) -> Result<(), Error> {
        Ok(self.library()?.save_draft(conversation, text, pictures)?)
    }

    /// A kept picture's pixels.
    pub(crate) fn kept_picture(&self, id: PictureId) -> Result<Decoded, Error> {
        Ok(Decoded::decode(&self.library()?.picture_bytes(id)?)?)
    }
}

impl Shown {
    /// The pieces that the model is shown besides the whole.
    pub(crate) fn crops(&self) -> &[Crop] {
        match self.pan_and_scan {
            true => &self.picture.crops,
            false => &[],
        }
    }
}

impl From<library::Picture> for Picture {
    fn from(kept: library::Picture) -> Self {
        let library::Picture {
            id,
            mime,
            width,
            height,
            size_bytes,
        } = kept;
        // What is kept was decoded, so it has pixels.
        let crops = prompt::crops(width, height, &PanAndScan::default()).unwrap_or_default();
        Self {
            id,
            mime,
            width,
            height,
            size_bytes,
            crops,
            tokens_per_look: TOKENS_PER_VIEW as u32,
        }
    }
}

impl From<library::Shown> for Shown {
    fn from(kept: library::Shown) -> Self {
        Self {
            picture: kept.picture.into(),
            pan_and_scan: kept.pan_and_scan,
        }
    }
}

impl From<library::Draft> for Draft {
    fn from(kept: library::Draft) -> Self {
        Self {
            text: kept.text,
            pictures: kept.pictures.into_iter().map(Picture::from).collect(),
        }
    }
}
