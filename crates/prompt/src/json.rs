//! A `tokenizer.json` as a vocabulary.

use crate::{Error, Vocabulary};

pub(crate) fn vocabulary(_bytes: &[u8]) -> Result<Vocabulary, Error> {
    todo!()
}
