//! A checkpoint's tokenizer: text to ids in the two ways there are.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokenizers::models::bpe::BpeTrainer;
use tokenizers::{
    AddedToken, DecoderWrapper, Model, NormalizedString, Normalizer, PostProcessorWrapper,
    PreTokenizerWrapper, Token, TokenizerImpl,
};

use crate::decoder::Decoder;
use crate::pieces::Pieces;
use crate::vocabulary::{TokenKind, Vocabulary, marks};
use crate::{Error, joining, json};

/// The id of the token that stands for a picture in checkpoints whose vocabulary ends before it.
const IMAGE_AFTER_GEMMA_3: u32 = 262_144;

/// Text to ids and back, with one checkpoint's vocabulary.
pub struct Tokenizer {
    pieces: Arc<Pieces>,
    literal: Pipeline,
    /// Made when it is first asked for: a chat never does.
    marked: OnceLock<Pipeline>,
    bos: Option<u32>,
    eos: Option<u32>,
}

/// Hugging Face's pipeline around our pieces: added tokens are taken out of the text first, leftmost and
/// longest; in what is left spaces become `▁`, and the pieces are found. Gemma cuts no text into words.
type Pipeline =
    TokenizerImpl<Merges, Spaces, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

impl Tokenizer {
    /// Made of what a GGUF file says about its tokens.
    pub fn from_vocabulary(vocabulary: Vocabulary<'_>) -> Result<Self, Error> {
        let vocabulary = vocabulary.repaired()?;
        let pieces = Arc::new(Pieces::new(&vocabulary)?);
        let exists = |id: &u32| pieces.token(*id).is_some();
        Ok(Self {
            literal: pipeline(&pieces, |kind| kind == TokenKind::UserDefined),
            marked: OnceLock::new(),
            bos: pieces.id(marks::BOS).or(vocabulary.bos.filter(exists)),
            eos: pieces.id(marks::EOS).or(vocabulary.eos.filter(exists)),
            pieces,
        })
    }

    /// Made of the bytes of a `tokenizer.json`. One that is not Gemma's is refused.
    ///
    /// Of added tokens only the text counts: `lstrip`, `rstrip`, `single_word` and `normalized` are
    /// false for all of Gemma's.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let file = json::File::read(bytes)?;
        let tokenizer = Self::from_vocabulary(file.vocabulary()?)?;
        file.check_merges(&tokenizer.pieces)?;
        Ok(tokenizer)
    }

    /// The ids of what a person typed. Nothing in it becomes a control token, whatever it says.
    pub fn literal(&self, text: &str) -> Vec<u32> {
        encode(&self.literal, text)
    }

    /// The ids of a text in which `<bos>`, `<end_of_turn>` and their like are the tokens they name.
    ///
    /// For comparing with the reference only. A prompt is composed by [`chat`](crate::chat()).
    pub fn marked(&self, text: &str) -> Vec<u32> {
        let is_mark = |kind| matches!(kind, TokenKind::UserDefined | TokenKind::Control);
        encode(
            self.marked.get_or_init(|| pipeline(&self.pieces, is_mark)),
            text,
        )
    }

    /// Turns ids back into text as they arrive.
    pub fn decoder(&self) -> Decoder {
        Decoder::new(self.pieces.clone())
    }

    /// The whole text of `ids`, without control tokens.
    pub fn text(&self, ids: &[u32]) -> String {
        let mut decoder = self.decoder();
        let mut text: String = ids.iter().filter_map(|id| decoder.push(*id)).collect();
        text.push_str(&decoder.finish());
        text
    }

    /// Begins every prompt.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// What a model writes when a text has ended. Every model stops there.
    pub fn end_of_text(&self) -> Option<u32> {
        self.eos
    }

    /// What an instruction-tuned model writes when its answer has ended. GGUF files do not list it.
    pub fn end_of_turn(&self) -> Option<u32> {
        self.pieces.id(marks::END_OF_TURN)
    }

    /// Stands for one of the 256 places that a picture takes.
    pub fn image(&self) -> Option<u32> {
        let beyond =
            || (self.pieces.len() >= IMAGE_AFTER_GEMMA_3 as usize).then_some(IMAGE_AFTER_GEMMA_3);
        self.pieces.id(marks::IMAGE).or_else(beyond)
    }

    /// The token with this text, or the error that says it is missing.
    pub(crate) fn mark(&self, token: &'static str) -> Result<u32, Error> {
        self.pieces.id(token).ok_or(Error::Lacks { token })
    }

    /// [`Self::bos`], or the error that says it is missing.
    pub(crate) fn needed_bos(&self) -> Result<u32, Error> {
        self.bos.ok_or(Error::Lacks { token: marks::BOS })
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("pieces", &self.pieces)
            .finish_non_exhaustive()
    }
}

fn pipeline(pieces: &Arc<Pieces>, is_added: impl Fn(TokenKind) -> bool) -> Pipeline {
    let added = pieces
        .tokens()
        .filter(|(_, text, kind)| !text.is_empty() && is_added(*kind))
        .map(|(_, text, kind)| {
            AddedToken::from(text, kind == TokenKind::Control).normalized(false)
        });
    let mut pipeline = Pipeline::new(Merges(pieces.clone()));
    pipeline
        .with_normalizer(Some(Spaces))
        .and_then(|pipeline| pipeline.add_tokens(added))
        .expect(
            "added tokens are known to the model, and few enough for the search (see `pieces`)",
        );
    pipeline
}

fn encode(pipeline: &Pipeline, text: &str) -> Vec<u32> {
    let encoding = pipeline
        .encode_fast(text, false)
        .expect("no step of this pipeline can fail");
    encoding.get_ids().to_vec()
}

/// SentencePiece's sign for a space.
struct Spaces;

impl Normalizer for Spaces {
    fn normalize(&self, text: &mut NormalizedString) -> tokenizers::Result<()> {
        text.replace(' ', "▁")
    }
}

/// [`Pieces`] where a pipeline wants a model.
struct Merges(Arc<Pieces>);

impl Model for Merges {
    type Trainer = BpeTrainer;

    /// Ids only: texts and offsets are not asked for here.
    fn tokenize(&self, text: &str) -> tokenizers::Result<Vec<Token>> {
        let mut ids = Vec::new();
        joining::split(&self.0, text, &mut ids);
        Ok(ids
            .into_iter()
            .map(|id| Token::new(id, String::new(), (0, 0)))
            .collect())
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        self.0.id(token)
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        self.0.token(id).map(|(text, _)| text.to_owned())
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        self.0
            .tokens()
            .map(|(id, text, _)| (text.to_owned(), id))
            .collect()
    }

    fn get_vocab_size(&self) -> usize {
        self.0.len()
    }

    fn save(&self, _folder: &Path, _prefix: Option<&str>) -> tokenizers::Result<Vec<PathBuf>> {
        Err("a vocabulary is read from its checkpoint, never saved".into())
    }

    fn get_trainer(&self) -> BpeTrainer {
        BpeTrainer::default()
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! A small vocabulary of Gemma's kind for the tests of this crate.

    use crate::vocabulary::{TokenKind, Vocabulary, marks};

    /// Gemma's marks, newline runs, all bytes, the space, and these normal tokens with their scores.
    pub fn vocabulary<'a>(normal: &[(&'a str, f32)]) -> Vocabulary<'a> {
        use marks::*;
        let mut vocabulary = Vocabulary::default();
        let mut add = |text: String, score, kind| {
            vocabulary.tokens.push(text.into());
            vocabulary.scores.push(score);
            vocabulary.kinds.push(kind);
        };
        for mark in [
            "<pad>",
            EOS,
            BOS,
            START_OF_TURN,
            END_OF_TURN,
            START_OF_IMAGE,
            END_OF_IMAGE,
            IMAGE,
        ] {
            add(mark.to_owned(), -1000.0, TokenKind::Control);
        }
        for newlines in 1..=4 {
            add("\n".repeat(newlines), -1000.0, TokenKind::UserDefined);
        }
        for byte in 0..=255 {
            add(format!("<0x{byte:02X}>"), 0.0, TokenKind::Byte);
        }
        add("▁".to_owned(), -1000.0, TokenKind::Normal);
        for (text, score) in normal {
            add((*text).to_owned(), *score, TokenKind::Normal);
        }
        vocabulary
    }
}
