//! No vocabulary, however broken, makes anything panic.

use prompt::{TokenKind, Tokenizer, Turn, Vocabulary, chat, continuation, dialogue};

use crate::sentences::{Dice, MARKS, sentence};

fn vocabulary(dice: &mut Dice) -> Vocabulary<'static> {
    let mut vocabulary = Vocabulary {
        bos: [None, Some(0), Some(u32::MAX)][dice.below(3)],
        eos: [None, Some(1), Some(u32::MAX)][dice.below(3)],
        unknown: [None, Some(2), Some(u32::MAX)][dice.below(3)],
        ..Vocabulary::default()
    };
    for _ in 0..dice.below(200) {
        let text = match dice.below(4) {
            0 => dice.of(&MARKS).to_owned(),
            1 => format!("<0x{:02X}>", dice.below(256)),
            2 => sentence(dice, 2, true),
            _ => ["", "▁", "a", "b", "ab", "ba", "<0xé>", "<0x+1>", " "][dice.below(9)].to_owned(),
        };
        vocabulary.tokens.push(text.into());
        vocabulary.scores.push(dice.of(&[
            0.0,
            -0.0,
            -1.0,
            3.5,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ]));
        vocabulary
            .kinds
            .push(TokenKind::from_gguf(dice.below(9) as i32 - 1));
    }
    if dice.below(2) == 0 {
        for byte in 0..=255 {
            vocabulary.tokens.push(format!("<0x{byte:02x}>").into());
            vocabulary.scores.push(0.0);
            vocabulary.kinds.push(TokenKind::Byte);
        }
    }
    vocabulary
}

#[test]
fn broken_vocabularies_are_refused_or_work() {
    let mut dice = Dice(8);
    let mut sound = 0;
    for _ in 0..1_000 {
        let Ok(tokenizer) = Tokenizer::from_vocabulary(vocabulary(&mut dice)) else {
            continue;
        };
        sound += 1;
        for _ in 0..5 {
            let text = sentence(&mut dice, 10, true);
            let ids = [
                tokenizer.literal(&text),
                tokenizer.marked(&text),
                vec![0, 7, 300, u32::MAX],
            ]
            .concat();
            tokenizer.text(&ids);
            let turns = [Turn::user(text.as_str()), Turn::model("ab")];
            let asked = [
                chat(&tokenizer, Some(&text), &turns),
                dialogue(&tokenizer, None, &turns),
            ];
            assert!(asked.iter().flatten().all(|ids| !ids.is_empty()));
            assert!(continuation(&tokenizer, &text).is_ok() == tokenizer.bos().is_some());
        }
    }
    assert!(sound > 300, "only {sound} vocabularies were taken");
}

#[test]
fn files_that_are_no_tokenizer_are_refused() {
    let files = [
        "",
        "null",
        "{}",
        r#"{"model": {"vocab": {}, "merges": []}}"#,
        r#"{"model": {"vocab": {"a": 4000000000}, "merges": [], "byte_fallback": true}}"#,
        r#"{"model": {"vocab": {"a": -1}, "merges": [["a"]], "byte_fallback": true}}"#,
    ];
    for file in files {
        let error = Tokenizer::from_json(file.as_bytes()).expect_err("this is no tokenizer");
        assert!(error.hint().is_some(), "{error}");
    }
}
