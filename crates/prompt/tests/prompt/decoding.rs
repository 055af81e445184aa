//! Ids come back as the text of the reference, whole characters only, control tokens never.

use crate::definition::DEFINITION;
use crate::goldens::GOLDENS;
use crate::sentences::{Dice, sentence};
use crate::starter::tokenizer;

#[test]
fn the_golden_ids_are_the_golden_texts() {
    for golden in GOLDENS.texts.iter().chain(&GOLDENS.languages) {
        let marks = [
            "<start_of_turn>",
            "<end_of_turn>",
            "<bos>",
            "<eos>",
            "<pad>",
        ];
        let printed = marks
            .iter()
            .fold(golden.text.replace('▁', " "), |text, mark| {
                text.replace(mark, "")
            });
        assert_eq!(tokenizer().text(&golden.ids), printed);
        let reference = DEFINITION
            .decode(&golden.ids, true)
            .expect("any ids can be decoded");
        assert_eq!(
            tokenizer().text(&golden.ids),
            reference,
            "{:?}",
            golden.text
        );
    }
}

#[test]
fn any_text_comes_back_as_the_definition_gives_it() {
    let mut dice = Dice(4);
    for _ in 0..2_000 {
        let ids = tokenizer().literal(&sentence(&mut dice, 30, true));
        let reference = DEFINITION
            .decode(&ids, true)
            .expect("any ids can be decoded");
        assert_eq!(tokenizer().text(&ids), reference);
    }
}

#[test]
fn what_is_printed_is_certain() {
    let mut dice = Dice(5);
    for _ in 0..500 {
        let text = sentence(&mut dice, 30, true);
        let mut words = tokenizer().decoder();
        let mut printed = String::new();
        for id in tokenizer().literal(&text) {
            if let Some(more) = words.push(id) {
                assert!(!more.is_empty());
                printed += &more;
                assert!(
                    text.replace('▁', " ").starts_with(&printed),
                    "{printed:?} is not how {text:?} begins"
                );
            }
        }
        assert_eq!(
            words.finish(),
            "",
            "{text:?} ends in the middle of a character"
        );
    }
}

#[test]
fn no_unused_token_is_ever_printed() {
    let ids: Vec<u32> = (6..105).chain(256_001..262_300).collect();
    assert_eq!(tokenizer().text(&ids), "");
}
