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

    /// Takes what can no longer change: all but the beginning of a character at the end.
    fn take_whole(&mut self) -> String {
        let mut text = String::new();
        let mut begun = Vec::new();
        for chunk in self.bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if is_begun(invalid) {
                begun = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.bytes = begun;
        text
    }

    fn take_all(&mut self) -> String {
        let bytes = std::mem::take(&mut self.bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Whether more bytes could make a character of these.
fn is_begun(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}
