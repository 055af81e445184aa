//! The chat template of instruction-tuned Gemma 3 (the Jinja in its `tokenizer_config.json`):
//!
//! ```text
//! <bos><start_of_turn>user
//! {system}
//!
//! {question}<end_of_turn>
//! <start_of_turn>model
//! {answer}<end_of_turn>
//! …
//! <start_of_turn>model
//! ```
//!
//! There is no system role: the system text stands before the first question. Each text is trimmed.
//!
//! Where the reference gives up we go on: turns of one role in a row become one turn, and a
//! conversation that begins with an answer gets an empty question before it.

use crate::layout::Layout;
use crate::turn::{Part, Role, Turn};
use crate::vocabulary::marks;
use crate::{Error, Tokenizer};

/// The ids of a conversation, up to where the model's next answer begins.
pub fn chat(
    tokenizer: &Tokenizer,
    system: Option<&str>,
    turns: &[Turn],
) -> Result<Vec<u32>, Error> {
    let mut layout = Layout::new(tokenizer)?;
    let mut preface = system
        .map(|system| format!("{system}\n\n"))
        .unwrap_or_default();
    if turns.first().is_some_and(|turn| turn.role == Role::Model) {
        begin(&mut layout, Role::User)?;
        layout.text(&std::mem::take(&mut preface));
        end(&mut layout)?;
    }
    for (number, same) in turns.chunk_by(|a, b| a.role == b.role).enumerate() {
        begin(&mut layout, same[0].role)?;
        if number == 0 {
            layout.text(&preface);
        }
        write_content(&mut layout, same)?;
        end(&mut layout)?;
    }
    begin(&mut layout, Role::Model)?;
    Ok(layout.finish())
}

fn begin(layout: &mut Layout, role: Role) -> Result<(), Error> {
    layout.mark(marks::START_OF_TURN)?;
    layout.text(match role {
        Role::User => "user\n",
        Role::Model => "model\n",
    });
    Ok(())
}

fn end(layout: &mut Layout) -> Result<(), Error> {
    layout.mark(marks::END_OF_TURN)?;
    layout.text("\n");
    Ok(())
}

/// Turns of one role: their parts without anything in between, as the reference has it, and a blank
/// line between two turns.
fn write_content(layout: &mut Layout, turns: &[Turn]) -> Result<(), Error> {
    let mut filled = turns
        .iter()
        .filter(|turn| !turn.content.is_empty())
        .peekable();
    while let Some(turn) = filled.next() {
        for part in &turn.content {
            match part {
                Part::Text(text) => layout.text(trim(text)),
                Part::Ids(ids) => layout.ids(ids),
                Part::Picture {
                    width,
                    height,
                    pan_and_scan,
                } => layout.picture(*width, *height, pan_and_scan.as_ref())?,
            }
        }
        if filled.peek().is_some() {
            layout.text("\n\n");
        }
    }
    Ok(())
}

/// `str.strip` of Python, which Jinja's `trim` is: the separators U+001C to U+001F are white space there.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_as_python_does() {
        assert_eq!(
            trim("\u{1c}\u{1f} \u{85}\u{a0}\u{3000}x y\t\r\n\u{2028}"),
            "x y"
        );
        for kept in ["\u{200b}", "\u{feff}", "\u{180e}", "\u{1b}", "▁"] {
            assert_eq!(trim(kept), kept);
        }
    }
}
