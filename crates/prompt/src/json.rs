//! A `tokenizer.json` (Hugging Face's format) as a vocabulary.
//!
//! The file lists every merge there is, in order. We merge by rule instead (see `pieces`), so the list
//! is only compared with what the rule gives: a file that merges in another way is refused rather than
//! read wrongly. It does not keep SentencePiece's scores; they fall from one normal token to the next.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::pieces::{Join, Pieces};
use crate::vocabulary::is_control;
use crate::{Error, TokenKind, Vocabulary};

/// What is read of the file.
#[derive(Deserialize)]
pub(crate) struct File<'a> {
    #[serde(borrow)]
    model: Model<'a>,
    #[serde(borrow, default)]
    added_tokens: Vec<Added<'a>>,
    #[serde(default)]
    normalizer: Value,
}

#[derive(Deserialize)]
struct Model<'a> {
    #[serde(borrow)]
    vocab: HashMap<Text<'a>, u32>,
    #[serde(borrow)]
    merges: Vec<(Text<'a>, Text<'a>)>,
    #[serde(default)]
    byte_fallback: bool,
}

#[derive(Deserialize)]
struct Added<'a> {
    id: u32,
    #[serde(borrow)]
    content: Cow<'a, str>,
    special: bool,
}

/// Borrowed from the file unless something in it is escaped.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> File<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let file: Self = serde_json::from_slice(bytes).map_err(Error::Json)?;
        if !file.model.byte_fallback {
            return Err(not_gemma(
                "it does not spell unknown characters by their bytes",
            ));
        }
        let space =
            serde_json::json!({ "type": "Replace", "pattern": { "String": " " }, "content": "▁" });
        if file.normalizer != space {
            return Err(not_gemma(format!(
                "it prepares text by {}, not by writing ▁ for a space",
                file.normalizer
            )));
        }
        Ok(file)
    }

    /// Its tokens as a GGUF file would have them.
    pub fn vocabulary(&self) -> Result<Vocabulary<'_>, Error> {
        let added = self
            .added_tokens
            .iter()
            .map(|token| (token.content.as_ref(), token.id));
        let listed = self
            .model
            .vocab
            .iter()
            .map(|(text, id)| (text.0.as_ref(), *id));
        let tokens: Vec<(&str, u32)> = listed.chain(added).collect();
        let len = tokens
            .iter()
            .map(|(_, id)| *id as usize + 1)
            .max()
            .unwrap_or(0);
        if len > 2 * tokens.len() {
            return Err(not_gemma(format!(
                "it has {} tokens with ids up to {}",
                tokens.len(),
                len - 1
            )));
        }
        let mut vocabulary = Vocabulary {
            tokens: vec![Cow::Borrowed(""); len],
            scores: vec![0.0; len],
            kinds: vec![TokenKind::Unused; len],
            ..Vocabulary::default()
        };
        for (text, id) in tokens {
            let is_byte = Pieces::byte(text).is_some();
            vocabulary.tokens[id as usize] = text.into();
            vocabulary.kinds[id as usize] = if is_byte {
                TokenKind::Byte
            } else {
                TokenKind::Normal
            };
        }
        for token in &self.added_tokens {
            let is_control = token.special || is_control(&token.content);
            let kind = if is_control {
                TokenKind::Control
            } else {
                TokenKind::UserDefined
            };
            vocabulary.kinds[token.id as usize] = kind;
        }
        let normal = vocabulary
            .kinds
            .iter()
            .zip(&mut vocabulary.scores)
            .filter(|(kind, _)| **kind == TokenKind::Normal);
        for (order, (_, score)) in normal.enumerate() {
            *score = -(order as f32); // exact: there are fewer than 2²⁴
        }
        Ok(vocabulary)
    }

    /// Fails unless the file lists exactly the merges that the rule gives, in the order of the rule.
    pub fn check_merges(&self, pieces: &Pieces) -> Result<(), Error> {
        let mut last: Option<Join> = None;
        let mut joined = String::new();
        for (Text(left), Text(right)) in &self.model.merges {
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            let join = pieces.join_at(&joined, left.len());
            if join.is_none() || join <= last {
                return Err(not_gemma(format!(
                    "it merges {left:?} and {right:?} out of turn"
                )));
            }
            last = join;
        }
        let (listed, expected) = (self.model.merges.len(), pieces.count_joins());
        if listed != expected {
            return Err(not_gemma(format!(
                "it lists {listed} merges where its tokens make {expected}"
            )));
        }
        Ok(())
    }
}

fn not_gemma(why: impl Into<String>) -> Error {
    Error::NotGemma { why: why.into() }
}
