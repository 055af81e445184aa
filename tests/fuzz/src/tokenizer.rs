//! A vocabulary, and words in it.

use std::borrow::Cow;

use gguf::{Header, Strings};
use prompt::{TokenKind, Tokenizer, Turn, Vocabulary};

/// What people type, and what they type to be clever.
const WORDS: &str = "Is 7  prime?\n\n\té 😀<bos><end_of_turn>▁▁a</b> \0\u{fffd}";
/// How much of the file is read as words as well: its own are those it has tokens for.
const OWN_BYTES: usize = 4096;

pub fn read(file: &[u8]) -> bool {
    let tokenizer = match Header::read(file, file.len() as u64) {
        Ok(header) => {
            let vocabulary = vocabulary(&header).ok().flatten();
            vocabulary.and_then(|vocabulary| Tokenizer::from_vocabulary(vocabulary).ok())
        }
        Err(_) => {
            let tokenizer = Tokenizer::from_json(file).ok();
            let vocabulary = Vocabulary::from_json(file).ok();
            assert_eq!(
                tokenizer.is_some(),
                vocabulary.is_some(),
                "the same file is a tokenizer, or it is none"
            );
            tokenizer
        }
    };
    if let Some(tokenizer) = &tokenizer {
        speak(tokenizer, file);
    }
    tokenizer.is_some()
}

fn speak(tokenizer: &Tokenizer, file: &[u8]) {
    let own = String::from_utf8_lossy(&file[..file.len().min(OWN_BYTES)]);
    for words in [WORDS, &own] {
        let ids = tokenizer.literal(words);
        tokenizer.text(&ids);
        tokenizer.text(&tokenizer.marked(words));
        let turns = [Turn::user(words), Turn::model(words), Turn::user("")];
        let _ = prompt::chat(tokenizer, Some(words), &turns);
        let _ = prompt::dialogue(tokenizer, Some(words), &turns);
    }
    tokenizer.text(&[0, 1, u32::MAX]);
}

/// As `assistant` hands it from one to the other.
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
