//! What went wrong (`Display`) and what to do about it (`hint`).

/// Why text could not become a prompt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lists of a vocabulary differ in length.
    #[error("the vocabulary has {tokens} tokens, but {scores} scores and {kinds} kinds")]
    Uneven {
        /// How many texts there are.
        tokens: usize,
        /// How many scores.
        scores: usize,
        /// How many kinds.
        kinds: usize,
    },
    /// More than any real vocabulary.
    #[error("the vocabulary has {tokens} tokens of {bytes} bytes together, more than any real one")]
    TooLarge {
        /// How many tokens there are.
        tokens: usize,
        /// The length of all their texts.
        bytes: usize,
    },
    /// A token longer than any real one.
    #[error("token {id} has {bytes} bytes, expected at most {most}")]
    LongToken {
        /// Which one.
        id: usize,
        /// The length of its text.
        bytes: usize,
        /// What it may have.
        most: usize,
    },
    /// Some texts could not be written with this vocabulary.
    #[error(
        "the vocabulary cannot spell every text: it has no token for each byte and none for what is unknown"
    )]
    CannotSpell,
    /// A token that the prompt needs is not in the vocabulary.
    #[error("the vocabulary has no token {token}")]
    Lacks {
        /// Its text, as Gemma 3 has it.
        token: &'static str,
    },
    /// A `tokenizer.json` that is not one.
    #[error("tokenizer.json cannot be read")]
    Json(#[source] serde_json::Error),
    /// A `tokenizer.json` that works in another way than Gemma's.
    #[error("tokenizer.json is not a Gemma tokenizer: {why}")]
    NotGemma {
        /// The first difference that was found.
        why: String,
    },
    /// A picture without a single pixel.
    #[error("a picture of {width} by {height} pixels shows nothing")]
    EmptyPicture {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// The prompt and the least answer do not fit the context.
    #[error(
        "the conversation has {prompt} tokens, {over} more than fit beside an answer in the model's {context}"
    )]
    TooLong {
        /// Tokens of the prompt.
        prompt: usize,
        /// Tokens that the model can hold.
        context: usize,
        /// Tokens that must go.
        over: usize,
    },
}

impl Error {
    /// What the person can do about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Uneven { .. }
            | Self::TooLarge { .. }
            | Self::LongToken { .. }
            | Self::CannotSpell => {
                Some("the model file is damaged or not a Gemma 3; fetch it again")
            }
            Self::Lacks { .. } => Some(
                "the model file is not a whole Gemma 3; fetch it again, or choose another model",
            ),
            Self::Json(_) => Some("the file is damaged; fetch it again"),
            Self::NotGemma { .. } => Some("take the tokenizer.json that came with the model"),
            Self::EmptyPicture { .. } => Some("leave the picture out, or take another"),
            Self::TooLong { .. } => Some(
                "shorten the message, begin a new conversation, or choose a model with a longer context",
            ),
        }
    }
}
