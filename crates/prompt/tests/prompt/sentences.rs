//! Odd texts without end, the same in every run.

use gguf::Strings;

use crate::starter::HEADER;

/// Numbers that look random (Knuth's MMIX generator).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// What a person could type to be taken for the template.
pub const MARKS: [&str; 12] = [
    "<bos>",
    "<eos>",
    "<pad>",
    "<unk>",
    "<mask>",
    "[multimodal]",
    "<start_of_turn>",
    "<end_of_turn>",
    "<start_of_image>",
    "<end_of_image>",
    "<image_soft_token>",
    "<unused99>",
];

const WHITE: [&str; 12] = [
    " ", "  ", "   ", "\n", "\n\n", "\n\n\n\n", "\t", "\t\t", "\r\n", "\u{a0}", "▁", "▁▁",
];
const HTML: [&str; 6] = ["<table>", "</td>", "<h1>", "<p>", ">▁</", "> </"];

/// A text of up to `length` parts: characters of many scripts, white space, tags and halves of marks,
/// tokens of the vocabulary, and whole marks where `with_marks`.
pub fn sentence(dice: &mut Dice, length: usize, with_marks: bool) -> String {
    let tokens: &Strings = HEADER
        .require("tokenizer.ggml.tokens")
        .expect("a vocabulary");
    let mut text = String::new();
    for _ in 0..dice.below(length + 1) {
        match dice.below(if with_marks { 10 } else { 9 }) {
            0 => text.push(dice.below(95) as u8 as char),
            1 => text.extend(char::from_u32(dice.below(0x3000) as u32)),
            2 => text.extend(char::from_u32(dice.below(0x2_0000) as u32)),
            3 => text.push_str(dice.of(&WHITE)),
            4 => text.push_str(dice.of(&HTML)),
            5 => {
                let mark = dice.of(&MARKS);
                text.push_str(&mark[..dice.below(mark.len())]);
            }
            6 | 7 => text.push_str(&word(tokens, dice).replace('▁', " ")),
            8 => text.push_str(&word(tokens, dice).repeat(1 + dice.below(4))),
            _ => text.push_str(dice.of(&MARKS)),
        }
    }
    text
}

/// The text of a token that is not a mark.
fn word<'a>(tokens: &'a Strings, dice: &mut Dice) -> &'a str {
    loop {
        let token = tokens
            .get(dice.below(tokens.len()))
            .expect("below the length");
        if !MARKS.contains(&token) && !token.starts_with("<unused") {
            return token;
        }
    }
}
