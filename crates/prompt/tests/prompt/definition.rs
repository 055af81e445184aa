//! The definition of how Gemma's text falls into tokens: every merge written down as transformers'
//! converter does (`generate_merges`), in `tokenizers`' own byte-pair encoding, as in the published
//! `tokenizer.json`. Slow to build, obviously right, and what ours must agree with on any text.

use std::sync::LazyLock;

use prompt::TokenKind;
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::Replace;
use tokenizers::{AddedToken, DecoderWrapper, Tokenizer};

use crate::sentences::{Dice, sentence};
use crate::starter::{HEADER, tokenizer, vocabulary};

/// Hugging Face's tokenizer with the starter model's vocabulary.
pub static DEFINITION: LazyLock<Tokenizer> = LazyLock::new(|| {
    let tokens: Vec<(String, TokenKind, f32)> = tokens();
    let ids: Vocab = (0..)
        .zip(&tokens)
        .map(|(id, (text, ..))| (text.clone(), id))
        .collect();
    let bpe = BPE::builder()
        .vocab_and_merges(ids.clone(), merges(&tokens, &ids))
        .unk_token("<unk>".to_owned())
        .fuse_unk(true)
        .byte_fallback(true)
        .build()
        .expect("both halves of every merge are tokens");
    let space = Replace::new(" ", "▁").expect("a plain text is a pattern");
    let undo = tokenizers::normalizers::Replace::new("▁", " ").expect("a plain text is a pattern");
    let decoders: Vec<DecoderWrapper> =
        vec![undo.into(), ByteFallback::new().into(), Fuse::new().into()];
    let added = tokens.into_iter().filter_map(|(text, kind, _)| match kind {
        TokenKind::Control => Some(AddedToken::from(text, true).normalized(false)),
        TokenKind::UserDefined => {
            let special = matches!(
                text.as_str(),
                "<start_of_image>" | "<end_of_image>" | "[multimodal]"
            );
            Some(AddedToken::from(text, special).normalized(false))
        }
        _ => None,
    });
    let mut tokenizer = Tokenizer::new(bpe);
    tokenizer
        .with_normalizer(Some(space))
        .expect("no added token is normalized");
    tokenizer.with_decoder(Some(Sequence::new(decoders)));
    tokenizer
        .add_tokens(added)
        .expect("added tokens are in the vocabulary");
    tokenizer
});

/// The tokens as SentencePiece had them: `▁` for each space, and 0 as the score of what is user-defined.
fn tokens() -> Vec<(String, TokenKind, f32)> {
    let given = vocabulary(&HEADER);
    let tokens = given.tokens.into_iter().zip(given.kinds).zip(given.scores);
    let restored = tokens.map(|((text, kind), score)| match kind {
        TokenKind::UserDefined => (text.replace(' ', "▁"), kind, 0.0),
        _ => (text.into_owned(), kind, score),
    });
    restored.collect()
}

/// `generate_merges`: all splits of all tokens into two tokens, by score, then by the lengths.
fn merges(tokens: &[(String, TokenKind, f32)], ids: &Vocab) -> Vec<(String, String)> {
    let mut merges = Vec::new();
    for (text, _, score) in tokens {
        let mut splits = Vec::new();
        for (at, _) in text.char_indices().skip(1) {
            let (left, right) = text.split_at(at);
            if let (Some(a), Some(b)) = (ids.get(left), ids.get(right)) {
                splits.push(((*a, *b), left, right));
            }
        }
        splits.sort_by_key(|(ids, ..)| *ids);
        let lengths = |text: &str| text.chars().count();
        merges.extend(
            splits
                .iter()
                .map(|(_, a, b)| (*score, lengths(a), lengths(b), *a, *b)),
        );
    }
    merges.sort_by(|a, b| {
        (b.0, b.1, b.2)
            .partial_cmp(&(a.0, a.1, a.2))
            .expect("scores are numbers")
    });
    merges
        .into_iter()
        .map(|(.., a, b)| (a.to_owned(), b.to_owned()))
        .collect()
}

#[test]
fn any_text_falls_into_the_tokens_of_the_definition() {
    let mut dice = Dice(1);
    for round in 0..3_000 {
        let text = sentence(&mut dice, 30, true);
        let expected = DEFINITION
            .encode_fast(text.as_str(), false)
            .expect("any text can be encoded");
        assert_eq!(
            tokenizer().marked(&text),
            expected.get_ids(),
            "round {round}: {text:?}"
        );
    }
}

#[test]
fn long_runs_and_long_lines_fall_into_the_tokens_of_the_definition() {
    for part in [
        "-", "=", "a", " ", "\n", "\t", "▁", "ha", "é", "😀", "> </", "0", "的", "\u{301}",
    ] {
        for count in [2, 3, 5, 30, 31, 32, 63, 64, 65, 1_000] {
            let text = part.repeat(count);
            let expected = DEFINITION
                .encode_fast(text.as_str(), false)
                .expect("any text can be encoded");
            assert_eq!(
                tokenizer().marked(&text),
                expected.get_ids(),
                "{count} times {part:?}"
            );
        }
    }
}
