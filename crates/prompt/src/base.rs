//! Prompts for pre-trained checkpoints, which continue text and were not taught to chat.
//!
//! A conversation with one is written down as a play, for the model to go on with:
//!
//! ```text
//! <bos>A conversation between a person (User) and a helpful assistant (Assistant).
//! {system}
//!
//! User: {question}
//! Assistant: {answer}
//! User: {question}
//! Assistant:
//! ```
//!
//! The model does not know that its line ends where the next speaker's begins: [`DialogueStop`] does.

use crate::layout::Layout;
use crate::template::trim;
use crate::turn::{Part, Role, Turn};
use crate::{Error, Tokenizer};

const SETTING: &str =
    "A conversation between a person (User) and a helpful assistant (Assistant).\n";
const USER: &str = "User:";
const ASSISTANT: &str = "Assistant:";

/// The ids of a text that the model goes on with.
pub fn continuation(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>, Error> {
    let mut layout = Layout::new(tokenizer)?;
    layout.text(text);
    Ok(layout.finish())
}

/// The ids of a conversation as a play, up to the model's next line. It ends without a space: the
/// first token of an answer brings its own.
pub fn dialogue(
    tokenizer: &Tokenizer,
    system: Option<&str>,
    turns: &[Turn],
) -> Result<Vec<u32>, Error> {
    let mut layout = Layout::new(tokenizer)?;
    layout.text(SETTING);
    if let Some(system) = system {
        layout.text(trim(system));
        layout.text("\n");
    }
    layout.text("\n");
    for turn in turns {
        layout.text(match turn.role {
            Role::User => USER,
            Role::Model => ASSISTANT,
        });
        for part in &turn.content {
            match part {
                Part::Text(text) => {
                    layout.text(" ");
                    layout.text(trim(text));
                }
                Part::Ids(ids) => layout.ids(spoken(tokenizer, ids)),
                Part::Picture {
                    width,
                    height,
                    pan_and_scan,
                } => layout.picture(*width, *height, pan_and_scan.as_ref())?,
            }
        }
        layout.text("\n");
    }
    layout.text(ASSISTANT);
    Ok(layout.finish())
}

/// The ids of an answer without those that a [`DialogueStop`] kept from being shown at its end.
fn spoken<'a>(tokenizer: &Tokenizer, ids: &'a [u32]) -> &'a [u32] {
    let mut stop = DialogueStop::new();
    let shown = match stop.push(&tokenizer.text(ids)) {
        Heard::Last(text) => text.len(),
        Heard::Text(text) => text.len() + stop.finish().len(),
    };
    if shown == 0 {
        return &[];
    }
    let mut words = tokenizer.decoder();
    let mut heard = String::new();
    let enough = ids.iter().position(|id| {
        heard.extend(words.push(*id));
        heard.trim_start().len() >= shown
    });
    &ids[..enough.map_or(ids.len(), |last| last + 1)]
}

/// Ends an answer where the next speaker's line begins, and keeps that line from being shown.
///
/// Text that may still become such a line is held back, white space at the end with it; white space
/// before the answer is dropped.
#[derive(Debug, Clone, Default)]
pub struct DialogueStop {
    held: String,
    has_begun: bool,
}

/// What came of a piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Belongs to the answer, which goes on. May be empty.
    Text(String),
    /// Belongs to the answer, which has ended: stop the model. May be empty.
    Last(String),
}

impl DialogueStop {
    /// For a new answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next text of the model and gives what is certain to belong to its answer.
    pub fn push(&mut self, text: &str) -> Heard {
        self.held.push_str(text);
        let lines = self.held.match_indices('\n');
        let mut next_speaker = lines.filter(|(at, _)| {
            [USER, ASSISTANT]
                .iter()
                .any(|s| self.held[at + 1..].starts_with(s))
        });
        if let Some((at, _)) = next_speaker.next() {
            return Heard::Last(self.take(at));
        }
        // The last line is held back as long as it may become a speaker's.
        let certain = match self.held.rfind('\n') {
            Some(at)
                if [USER, ASSISTANT]
                    .iter()
                    .any(|s| s.starts_with(&self.held[at + 1..])) =>
            {
                at
            }
            _ => self.held.len(),
        };
        Heard::Text(self.take(certain))
    }

    /// What was held back, once the model has ended by itself: nothing more can follow.
    pub fn finish(mut self) -> String {
        self.take(self.held.len())
    }

    /// Takes what is held before `end`, without the white space at its end and before the answer.
    fn take(&mut self, end: usize) -> String {
        let rest = self.held.split_off(self.held[..end].trim_end().len());
        let text = std::mem::replace(&mut self.held, rest);
        if self.has_begun {
            return text;
        }
        let text = text.trim_start();
        self.has_begun = !text.is_empty();
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::sample;

    /// Feeds `given` in pieces of every length; whatever the pieces, the same must be shown.
    #[track_caller]
    fn check(given: &str, expected: &str, ends: bool) {
        let chars: Vec<char> = given.chars().collect();
        for size in 1..=chars.len().max(1) {
            let (mut stop, mut shown, mut ended) = (DialogueStop::new(), String::new(), false);
            for piece in chars.chunks(size) {
                match stop.push(&piece.iter().collect::<String>()) {
                    Heard::Text(text) => shown += &text,
                    Heard::Last(text) => {
                        shown += &text;
                        ended = true;
                        break;
                    }
                }
                let line = shown.rsplit('\n').next().unwrap_or_default();
                assert!(
                    shown.contains('\n') <= !USER.starts_with(line),
                    "{shown:?} may yet be a speaker's line"
                );
            }
            if !ended {
                shown += &stop.finish();
            }
            assert_eq!(
                (shown.as_str(), ended),
                (expected, ends),
                "{given:?} in pieces of {size}"
            );
        }
    }

    #[test]
    fn an_answer_ends_at_the_next_speakers_line() {
        check(" Yes.\nUser: and 8?\nAssistant: No.", "Yes.", true);
        check(" Yes.\n\n \nUser:", "Yes.", true);
        check(" One.\nAssistant: Two.", "One.", true);
        check("\nUser: nobody answered", "", true);
    }

    #[test]
    fn what_only_looks_like_a_speaker_is_shown() {
        check(
            " A User: is\nUsers: many\nUse",
            "A User: is\nUsers: many\nUse",
            false,
        );
        check("x\n User: indented", "x\n User: indented", false);
        check("\n\n  first\nsecond  ", "first\nsecond", false);
        check("", "", false);
        check(" \n ", "", false);
    }

    #[track_caller]
    fn check_dialogue(turns: &[Turn], expected: &str) {
        let tokenizer = Tokenizer::from_vocabulary(sample::vocabulary(&[])).expect("sound");
        let ids = dialogue(&tokenizer, Some(" Be brief. "), turns).expect("it has <bos>");
        assert_eq!(ids.first().copied(), tokenizer.bos());
        assert_eq!(
            tokenizer.text(&ids),
            format!("{SETTING}Be brief.\n\n{expected}")
        );
    }

    #[test]
    fn a_conversation_reads_like_a_play() {
        check_dialogue(
            &[Turn::user(" Is 7 prime? ")],
            "User: Is 7 prime?\nAssistant:",
        );
        check_dialogue(
            &[Turn::user("Is 7?"), Turn::model("Yes.\n"), Turn::user("8?")],
            "User: Is 7?\nAssistant: Yes.\nUser: 8?\nAssistant:",
        );
    }

    #[test]
    fn of_an_answers_ids_only_what_was_shown_is_kept() {
        let tokenizer = Tokenizer::from_vocabulary(sample::vocabulary(&[])).expect("sound");
        for told in [" Yes.", " Yes.\nUser: 8?\nAss", " Yes.\n\n"] {
            let content = vec![Part::Ids(tokenizer.literal(told))];
            let turns = [
                Turn {
                    role: Role::Model,
                    content,
                },
                Turn::user("8?"),
            ];
            check_dialogue(&turns, "Assistant: Yes.\nUser: 8?\nAssistant:");
        }
        for told in ["", "\n", "\nUser: 8?"] {
            let content = vec![Part::Ids(tokenizer.literal(told))];
            let turns = [Turn {
                role: Role::Model,
                content,
            }];
            check_dialogue(&turns, "Assistant:\nAssistant:");
        }
    }

    #[test]
    fn a_text_is_continued_as_it_stands() {
        let tokenizer = Tokenizer::from_vocabulary(sample::vocabulary(&[])).expect("sound");
        let ids = continuation(&tokenizer, " <bos>a ").expect("it has <bos>");
        assert_eq!((ids.len(), tokenizer.text(&ids).as_str()), (9, " <bos>a "));
    }
}
