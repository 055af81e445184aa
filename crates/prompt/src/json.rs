//! A `tokenizer.json` (Hugging Face's format) as a vocabulary.
//!
//! The file lists every merge there is, in order. We merge by rule instead (see `pieces`), so the list
//! is only compared with what the rule gives: a file that merges in another way is refused rather than
//! read wrongly. It does not keep SentencePiece's scores; they fall from one normal token to the next.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::pieces::{Join, Pieces};
use crate::vocabulary::{is_control, marks};
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
    #[serde(default)]
    pre_tokenizer: Value,
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
    /// Reads the bytes of a file, and refuses one that prepares text in another way than Gemma's.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let file: Self = serde_json::from_slice(bytes).map_err(Error::Json)?;
        if !file.model.byte_fallback {
            return refuse("it does not spell unknown characters by their bytes");
        }
        let space = json!({ "String": " " });
        let replace = json!({ "type": "Replace", "pattern": space, "content": "▁" });
        if file.normalizer != replace {
            return refuse(format!(
                "its normalizer is {}, not ▁ for a space",
                file.normalizer
            ));
        }
        // Gemma's splits at spaces, of which the normalizer has left none.
        if !file.pre_tokenizer.is_null() && file.pre_tokenizer["pattern"] != space {
            return refuse(format!("it cuts text into words by {}", file.pre_tokenizer));
        }
        Ok(file)
    }

    /// Its tokens as a GGUF file would have them.
    pub fn vocabulary(&self) -> Result<Vocabulary<'_>, Error> {
        let listed = self
            .model
            .vocab
            .iter()
            .map(|(Text(text), id)| (text.as_ref(), *id));
        let listed = listed.map(|(text, id)| (text, id, kind_of_listed(text)));
        let added = self.added_tokens.iter();
        let added = added.map(|token| (token.content.as_ref(), token.id, kind_of_added(token)));
        let tokens = listed.chain(added).collect::<Vec<_>>(); // what is added overrules what is listed

        let len = tokens
            .iter()
            .map(|(_, id, _)| *id as usize + 1)
            .max()
            .unwrap_or(0);
        if len > 2 * tokens.len() {
            return refuse(format!(
                "it has {} tokens, but ids up to {}",
                tokens.len(),
                len - 1
            ));
        }
        let mut vocabulary = Vocabulary {
            tokens: vec![Cow::Borrowed(""); len],
            scores: vec![0.0; len],
            kinds: vec![TokenKind::Unused; len],
            ..Vocabulary::default()
        };
        for (text, id, kind) in tokens {
            vocabulary.tokens[id as usize] = text.into();
            vocabulary.kinds[id as usize] = kind;
        }
        let kinds_and_scores = vocabulary.kinds.iter().zip(&mut vocabulary.scores);
        let normal = kinds_and_scores.filter(|(kind, _)| **kind == TokenKind::Normal);
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
                return refuse(format!("it merges {left:?} and {right:?} out of turn"));
            }
            last = join;
        }
        let (listed, expected) = (self.model.merges.len(), pieces.count_joins());
        if listed != expected {
            return refuse(format!(
                "it lists {listed} merges, but its tokens make {expected}"
            ));
        }
        Ok(())
    }
}

impl Vocabulary<'static> {
    /// What the bytes of a `tokenizer.json` say, as a GGUF file has it. One that is not Gemma's is refused.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let file = File::read(bytes)?;
        let vocabulary = file.vocabulary()?.repaired()?;
        let pieces = Pieces::new(&vocabulary)?;
        file.check_merges(&pieces)?;
        let tokens = vocabulary.tokens.iter();
        let tokens = tokens.map(|text| Cow::Owned(text.clone().into_owned()));
        Ok(Self {
            tokens: tokens.collect(),
            bos: pieces.id(marks::BOS),
            eos: pieces.id(marks::EOS),
            unknown: pieces.id("<unk>"),
            scores: vocabulary.scores,
            kinds: vocabulary.kinds,
        })
    }
}

fn kind_of_listed(text: &str) -> TokenKind {
    match Pieces::byte(text) {
        Some(_) => TokenKind::Byte,
        None => TokenKind::Normal,
    }
}

fn kind_of_added(token: &Added) -> TokenKind {
    match token.special || is_control(&token.content) {
        true => TokenKind::Control,
        false => TokenKind::UserDefined,
    }
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Error> {
    Err(Error::NotGemma { why: why.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tokenizer;

    /// Gemma's kind of file with a handful of tokens and these merges.
    fn file(merges: &[(&str, &str)]) -> Value {
        let mut vocab: HashMap<String, u32> = (0..=255)
            .map(|byte| (format!("<0x{byte:02X}>"), byte))
            .collect();
        for (id, text) in (256..).zip(["<bos>", "\n", "ab", "bb", "abb", "a", "b", "▁"]) {
            vocab.insert(text.to_owned(), id);
        }
        json!({
            "added_tokens": [
                { "id": 256, "content": "<bos>", "special": true },
                { "id": 257, "content": "\n", "special": false },
                { "id": 264, "content": "<image_soft_token>", "special": true },
            ],
            "normalizer": { "type": "Replace", "pattern": { "String": " " }, "content": "▁" },
            "pre_tokenizer": { "type": "Split", "pattern": { "String": " " } },
            "model": { "vocab": vocab, "merges": merges, "byte_fallback": true },
        })
    }

    const MERGES: [(&str, &str); 4] = [("a", "b"), ("b", "b"), ("ab", "b"), ("a", "bb")];

    #[test]
    fn a_file_becomes_a_tokenizer() {
        let tokenizer = Tokenizer::from_json(file(&MERGES).to_string().as_bytes()).expect("sound");
        assert_eq!(tokenizer.literal("abb\na b"), [260, 257, 261, 263, 262]);
        assert_eq!(tokenizer.literal("<bos>").len(), 4 + 1);
        assert_eq!((tokenizer.bos(), tokenizer.image()), (Some(256), Some(264)));

        let vocabulary =
            Vocabulary::from_json(file(&MERGES).to_string().as_bytes()).expect("sound");
        assert_eq!((vocabulary.bos, vocabulary.eos), (Some(256), None));
        let again = Tokenizer::from_vocabulary(vocabulary).expect("sound");
        assert_eq!(again.literal("abb\na b"), tokenizer.literal("abb\na b"));
    }

    #[track_caller]
    fn check_refused(file: &Value, expected: &str) {
        let error = Tokenizer::from_json(file.to_string().as_bytes()).expect_err("must be refused");
        assert_eq!(
            error.to_string(),
            format!("tokenizer.json is not a Gemma tokenizer: {expected}")
        );
    }

    #[test]
    fn a_file_that_merges_in_another_way_is_refused() {
        check_refused(
            &file(&MERGES[..3]),
            "it lists 3 merges, but its tokens make 4",
        );
        let turned = [MERGES[1], MERGES[0], MERGES[2], MERGES[3]];
        check_refused(&file(&turned), r#"it merges "a" and "b" out of turn"#);
        let twice = [MERGES[0], MERGES[0], MERGES[1], MERGES[2]];
        check_refused(&file(&twice), r#"it merges "a" and "b" out of turn"#);
        check_refused(&file(&[("b", "a")]), r#"it merges "b" and "a" out of turn"#);
    }

    #[test]
    fn a_file_that_prepares_text_in_another_way_is_refused() {
        let mut other = file(&MERGES);
        other["normalizer"] = Value::Null;
        check_refused(&other, "its normalizer is null, not ▁ for a space");
        let mut other = file(&MERGES);
        other["pre_tokenizer"] = json!({ "type": "ByteLevel" });
        check_refused(&other, r#"it cuts text into words by {"type":"ByteLevel"}"#);
        let mut other = file(&MERGES);
        other["model"]["byte_fallback"] = json!(false);
        check_refused(
            &other,
            "it does not spell unknown characters by their bytes",
        );
        let mut other = file(&MERGES);
        other["added_tokens"][0]["id"] = json!(u32::MAX);
        check_refused(&other, "it has 267 tokens, but ids up to 4294967295");
    }
}
