//! Where a checkpoint's words come from: its own GGUF file, or the `tokenizer.json` beside it.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use engine::Weights;
use gguf::{Header, Strings};
use prompt::{TokenKind, Tokenizer, Vocabulary};

use crate::Error;

/// The text of the token that stands 256 times where a picture goes.
const IMAGE_TOKEN: &str = "<image_soft_token>";

/// The tokenizer of a GGUF file or Hugging Face folder whose weights are not needed.
pub fn tokenizer_of(model: &Path) -> Result<Tokenizer, Error> {
    if model.is_dir() {
        return tokenizer(model, None);
    }
    let file = File::open(model).map_err(|source| Error::io("open", model, source))?;
    let file_len = file
        .metadata()
        .map_err(|source| Error::io("read", model, source))?
        .len();
    let header = Header::read(BufReader::new(file), file_len)
        .map_err(|source| Error::gguf(model, source))?;
    tokenizer(model, Some(&header))
}

/// The tokenizer of a model whose header has been read; folders have none.
pub fn tokenizer(model: &Path, header: Option<&Header>) -> Result<Tokenizer, Error> {
    if let Some(header) = header {
        let vocabulary = vocabulary(header).map_err(|source| Error::gguf(model, source))?;
        if let Some(vocabulary) = vocabulary {
            return Tokenizer::from_vocabulary(vocabulary)
                .map_err(|source| Error::vocabulary(model, source));
        }
    }
    let folder = if model.is_dir() {
        Some(model)
    } else {
        model.parent()
    };
    let path = folder.unwrap_or(model).join("tokenizer.json");
    if !path.is_file() {
        return Err(Error::NoVocabulary {
            path: model.to_owned(),
        });
    }
    let bytes = fs::read(&path).map_err(|source| Error::io("read", &path, source))?;
    Tokenizer::from_json(&bytes).map_err(|source| Error::vocabulary(&path, source))
}

/// The id that stands where a picture goes; `None` for a model that cannot have pictures.
pub fn image_token(model: &Path, weights: &Weights) -> Result<Option<u32>, Error> {
    /// The real one; files often leave it out, with all rows of the table that no text has.
    const USUAL: u32 = 262_144;
    if let Some(id) = weights.image_token() {
        return Ok(Some(id));
    }
    let tokens = match weights.header() {
        Some(header) => header
            .get::<&Strings>("tokenizer.ggml.tokens")
            .map_err(|source| Error::gguf(model, source))?,
        None => None,
    };
    let written = tokens.and_then(|tokens| tokens.iter().position(|token| token == IMAGE_TOKEN));
    Ok(match written {
        Some(id) => u32::try_from(id).ok(),
        None => weights.tower().map(|_| USUAL),
    })
}

/// What the file says about its tokens; `None` if it has none.
fn vocabulary(header: &Header) -> Result<Option<Vocabulary<'_>>, gguf::Error> {
    let Some(tokens) = header.get::<&Strings>("tokenizer.ggml.tokens")? else {
        return Ok(None);
    };
    let kinds = header.require::<&[i32]>("tokenizer.ggml.token_type")?;
    Ok(Some(Vocabulary {
        tokens: tokens.iter().map(Cow::Borrowed).collect(),
        scores: header.require::<&[f32]>("tokenizer.ggml.scores")?.to_vec(),
        kinds: kinds
            .iter()
            .map(|code| TokenKind::from_gguf(*code))
            .collect(),
        bos: header.get("tokenizer.ggml.bos_token_id")?,
        eos: header.get("tokenizer.ggml.eos_token_id")?,
        unknown: header.get("tokenizer.ggml.unknown_token_id")?,
    }))
}

/// A tokenizer of the printable ASCII characters, one token each, for tests that need no more.
#[cfg(test)]
pub fn letters() -> Tokenizer {
    let marks = [
        "<pad>",
        "<eos>",
        "<bos>",
        "<unk>",
        "<start_of_turn>",
        "<end_of_turn>",
    ];
    let bytes = (0..=255u8).map(|byte| (format!("<0x{byte:02X}>"), TokenKind::Byte));
    let letters = ('!'..='~')
        .chain(['▁', '\n'])
        .map(|letter| (letter.to_string(), TokenKind::Normal));
    let marks = marks.map(|mark| (mark.to_owned(), TokenKind::Control));
    let (tokens, kinds): (Vec<_>, Vec<_>) = marks.into_iter().chain(bytes).chain(letters).unzip();
    Tokenizer::from_vocabulary(Vocabulary {
        scores: vec![0.0; tokens.len()],
        tokens: tokens.into_iter().map(Cow::Owned).collect(),
        kinds,
        ..Vocabulary::default()
    })
    .expect("every text can be spelt")
}
