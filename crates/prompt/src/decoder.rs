//! Ids to text, one at a time.

use std::sync::Arc;

use crate::pieces::Pieces;
use crate::vocabulary::TokenKind;

/// Turns the ids of an answer into text as they arrive.
///
/// Control tokens, `<unused…>` among them, are never printed. A character that is spelt by its bytes
/// appears when it is whole. Spaces are kept as they are, also the first one.
#[derive(Debug, Clone)]
pub struct Decoder {
    pieces: Arc<Pieces>,
    /// The bytes of a character that is not whole yet, or that never will be.
    bytes: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new(pieces: Arc<Pieces>) -> Self {
        Self {
            pieces,
            bytes: Vec::new(),
        }
    }

    /// The text that became certain with `id`; `None` if there is none yet.
    pub fn push(&mut self, id: u32) -> Option<String> {
        let (text, kind) = self.pieces.token(id)?;
        let text = match kind {
            TokenKind::Control | TokenKind::Unknown | TokenKind::Unused => return None,
            TokenKind::Byte => {
                self.bytes.push(Pieces::byte(text)?);
                self.take_whole()
            }
            TokenKind::Normal | TokenKind::UserDefined => {
                let text = text.replace('▁', " ");
                self.take_all() + &text
            }
        };
        (!text.is_empty()).then_some(text)
    }

    /// What is left at the end: a character whose bytes never came becomes U+FFFD.
    pub fn finish(mut self) -> String {
        self.take_all()
    }

    /// Takes all but the beginning of a character at the end.
    fn take_whole(&mut self) -> String {
        let begun = self
            .bytes
            .split_off(self.bytes.len() - begun_len(&self.bytes));
        let whole = std::mem::replace(&mut self.bytes, begun);
        String::from_utf8_lossy(&whole).into_owned()
    }

    fn take_all(&mut self) -> String {
        let bytes = std::mem::take(&mut self.bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// How many bytes at the end could become a character with the bytes that follow.
fn begun_len(bytes: &[u8]) -> usize {
    let is_begun = |len: &usize| match str::from_utf8(&bytes[bytes.len() - len..]) {
        Ok(_) => false,
        Err(error) => error.valid_up_to() == 0 && error.error_len().is_none(),
    };
    (1..=bytes.len().min(3)).find(is_begun).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use crate::tokenizer::{Tokenizer, sample};

    /// Pushes tokens given by their texts; `|` in `expected` stands between two pushes, the last part
    /// is what `finish` gives.
    #[track_caller]
    fn check(tokens: &[&str], expected: &str) {
        let vocabulary = sample::vocabulary(&[("▁a", -1.0), ("b▁c", -2.0)]);
        let id = |text: &&str| {
            let place = vocabulary.tokens.iter().position(|token| token == text);
            place.expect("a token of the sample") as u32
        };
        let ids: Vec<u32> = tokens.iter().map(id).collect();
        let tokenizer = Tokenizer::from_vocabulary(vocabulary).expect("a sound vocabulary");
        let mut decoder = tokenizer.decoder();
        let mut parts: Vec<String> = ids
            .iter()
            .map(|id| decoder.push(*id).unwrap_or_default())
            .collect();
        parts.push(decoder.finish());
        assert_eq!(parts.join("|"), expected, "{tokens:?}");
    }

    #[test]
    fn spaces_stay_where_they_are() {
        check(&["▁a", "b▁c", "▁a", "\n\n"], " a|b c| a|\n\n|");
    }

    #[test]
    fn a_character_waits_for_its_last_byte() {
        check(&["<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "▁a"], "|||😀| a|");
        check(&["<0x41>", "<0xC3>", "<0xA9>"], "A||é|");
    }

    #[test]
    fn bytes_that_make_no_character_are_replaced() {
        check(&["<0xC3>", "▁a"], "|\u{fffd} a|");
        check(&["<0xFF>", "<0x41>"], "\u{fffd}|A|");
        check(&["<0xC3>", "<0x41>"], "|\u{fffd}A|");
        check(&["<0xE2>", "<0x82>"], "||\u{fffd}");
    }

    #[test]
    fn control_tokens_are_never_printed() {
        check(
            &["<bos>", "▁a", "<start_of_image>", "<end_of_turn>"],
            "| a|||",
        );
        check(&["<0xC3>", "<end_of_turn>", "<0xA9>"], "||é|");
    }
}
