//! The tokens of a checkpoint as plain data, and which of them steer the model.
//!
//! Files get the second wrong: Google's first QAT files typed `<start_of_turn>` as normal, and
//! llama.cpp's converter types `<start_of_image>` as user-defined. So what a file says is repaired.

use std::borrow::Cow;

use crate::Error;

/// What a checkpoint says about its tokens. The id of a token is its place in the lists.
///
/// From a GGUF file: `tokenizer.ggml.tokens`, `.scores`, `.token_type` (through
/// [`TokenKind::from_gguf`]), `.bos_token_id`, `.eos_token_id` and `.unknown_token_id`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vocabulary<'a> {
    /// The text of each token, `▁` for a space. Lent where possible: there are 262,144.
    pub tokens: Vec<Cow<'a, str>>,
    /// How early a token is merged: the highest score first. Only those of normal tokens count.
    pub scores: Vec<f32>,
    /// What each token is.
    pub kinds: Vec<TokenKind>,
    /// Begins every prompt, unless a token `<bos>` is there.
    pub bos: Option<u32>,
    /// Ends a text, unless a token `<eos>` is there.
    pub eos: Option<u32>,
    /// Stands for what cannot be spelt, where there are no byte tokens.
    pub unknown: Option<u32>,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A piece of text that merging yields.
    Normal,
    /// Stands for what cannot be spelt.
    Unknown,
    /// Steers the model: never made from what a person typed, and never printed.
    ///
    /// These are the tokens that the file types so, those it names by id (`bos`, `eos`, `unknown`), and
    /// whatever it says of them `<pad>`, `<eos>`, `<bos>`, `<unk>`, `<mask>`, `[multimodal]`,
    /// `<start_of_turn>`, `<end_of_turn>`, `<start_of_image>`, `<end_of_image>`, `<image_soft_token>`
    /// and every `<unused…>` with a number.
    Control,
    /// Ordinary text that is found wherever it stands, before any merging: runs of newlines, tabs and
    /// spaces (typed as `▁`), and HTML tags.
    UserDefined,
    /// Fills up the table.
    Unused,
    /// One byte of a character that has no token: `<0x0A>`.
    Byte,
}

impl TokenKind {
    /// The kind for a number of `tokenizer.ggml.token_type` (ggml's `llama_token_type`); numbers that
    /// do not exist there are unused tokens.
    pub fn from_gguf(code: i32) -> Self {
        match code {
            1 => Self::Normal,
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            6 => Self::Byte,
            _ => Self::Unused,
        }
    }

    /// The number that [`Self::from_gguf`] reads.
    pub fn to_gguf(self) -> i32 {
        match self {
            Self::Normal => 1,
            Self::Unknown => 2,
            Self::Control => 3,
            Self::UserDefined => 4,
            Self::Unused => 5,
            Self::Byte => 6,
        }
    }
}

/// The marks that a prompt is made of, as Gemma 3 spells them.
pub(crate) mod marks {
    pub const BOS: &str = "<bos>";
    pub const EOS: &str = "<eos>";
    pub const START_OF_TURN: &str = "<start_of_turn>";
    pub const END_OF_TURN: &str = "<end_of_turn>";
    pub const START_OF_IMAGE: &str = "<start_of_image>";
    pub const END_OF_IMAGE: &str = "<end_of_image>";
    pub const IMAGE: &str = "<image_soft_token>";
}

/// Whether a token of this text is [`TokenKind::Control`] whatever a file says.
pub(crate) fn is_control(text: &str) -> bool {
    use marks::*;
    const OTHERS: [&str; 4] = ["<pad>", "<unk>", "<mask>", "[multimodal]"];
    const MARKS: [&str; 7] = [
        BOS,
        EOS,
        START_OF_TURN,
        END_OF_TURN,
        START_OF_IMAGE,
        END_OF_IMAGE,
        IMAGE,
    ];
    let is_unused = || {
        let number = text
            .strip_prefix("<unused")
            .and_then(|rest| rest.strip_suffix('>'));
        number
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    MARKS.contains(&text) || OTHERS.contains(&text) || is_unused()
}

impl Vocabulary<'_> {
    /// The same vocabulary as SentencePiece had it, with everything repaired that files are known to
    /// get wrong: control tokens are control, runs of spaces are written with `▁`, and user-defined
    /// tokens have the score 0 (llama.cpp's converter writes -1000, and real spaces).
    pub(crate) fn repaired(mut self) -> Result<Self, Error> {
        let (tokens, scores, kinds) = (self.tokens.len(), self.scores.len(), self.kinds.len());
        if tokens != scores || tokens != kinds {
            return Err(Error::Uneven {
                tokens,
                scores,
                kinds,
            });
        }
        for ((text, score), kind) in self
            .tokens
            .iter_mut()
            .zip(&mut self.scores)
            .zip(&mut self.kinds)
        {
            if is_control(text) {
                *kind = TokenKind::Control;
            }
            if *kind == TokenKind::UserDefined {
                *score = 0.0;
                if text.contains(' ') {
                    *text = text.replace(' ', "▁").into();
                }
            }
        }
        for id in [self.bos, self.eos, self.unknown].into_iter().flatten() {
            if let Some(kind) = self.kinds.get_mut(id as usize) {
                *kind = TokenKind::Control;
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_tokens_are_known_by_their_text() {
        for text in [
            "<end_of_turn>",
            "<bos>",
            "<unused0>",
            "<unused6241>",
            "<image_soft_token>",
            "[multimodal]",
        ] {
            assert!(is_control(text), "{text}");
        }
        for text in [
            "\n\n",
            "<table>",
            "▁▁",
            "<unused>",
            "<unusedx>",
            "<0x0A>",
            "",
            "<start_of_turn> ",
        ] {
            assert!(!is_control(text), "{text}");
        }
    }

    #[test]
    fn what_converters_get_wrong_is_repaired() {
        let given = Vocabulary {
            tokens: ["<start_of_turn>", "  ", "a b", "x"]
                .map(Cow::from)
                .to_vec(),
            scores: vec![-7.0, -1000.0, -3.0, -4.0],
            kinds: vec![
                TokenKind::Normal,
                TokenKind::UserDefined,
                TokenKind::Normal,
                TokenKind::Normal,
            ],
            eos: Some(3),
            bos: Some(99),
            unknown: None,
        };
        let repaired = given.repaired().expect("even");
        assert_eq!(repaired.tokens, ["<start_of_turn>", "▁▁", "a b", "x"]);
        assert_eq!(repaired.scores[1], 0.0);
        use TokenKind::*;
        assert_eq!(repaired.kinds, [Control, UserDefined, Normal, Control]);
    }

    #[test]
    fn uneven_lists_are_refused() {
        let given = Vocabulary {
            tokens: vec!["a".into()],
            ..Vocabulary::default()
        };
        assert!(matches!(
            given.repaired(),
            Err(Error::Uneven {
                tokens: 1,
                scores: 0,
                kinds: 0
            })
        ));
    }
}
