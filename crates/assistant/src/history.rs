//! What the model is told of a conversation: the messages that count, as turns.
//!
//! Nothing that was said is ever left out silently. What is left out was never said to a model or
//! by one: answers without a word, a question that was asked again, and, only where the rest would
//! not fit otherwise, questions that were left without an answer (each of them was an error that
//! the person saw; were they kept, one message that is too long would end its conversation for good).

use prompt::{PanAndScan, Part, Turn};

use crate::conversations::{Message, Role};
use crate::loaded::Spoken;
use crate::pictures::Shown;
use crate::sight::View;

/// What was said before and with `question`, in the order of asking: questions that came after it
/// wait for their own answer.
pub fn until(messages: Vec<Message>, question: &Message) -> Vec<Message> {
    let (mut before, asked): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .filter(|message| message.role == Role::Model || message.id <= question.id)
        .filter(|message| !message.text.trim().is_empty() || !message.pictures.is_empty())
        .partition(|message| message.id != question.id);
    before.extend(asked);
    let mut kept: Vec<Message> = Vec::with_capacity(before.len());
    for message in before {
        // Asked again after an error or a stop: once is enough.
        kept.pop_if(|last| says_the_same(last, &message));
        kept.push(message);
    }
    kept
}

fn says_the_same(a: &Message, b: &Message) -> bool {
    a.role == b.role && a.text.trim() == b.text.trim() && a.pictures == b.pictures
}

/// The same without the questions that no answer follows; the last one is the one to be answered.
pub fn answered(messages: &[Message]) -> Vec<Message> {
    let followers = messages
        .iter()
        .skip(1)
        .map(|next| next.role == Role::Model)
        .chain([true]);
    messages
        .iter()
        .zip(followers)
        .filter(|(message, followed)| message.role == Role::Model || *followed)
        .map(|(message, _)| message.clone())
        .collect()
}

/// The messages as the template takes them; answers the model remembers stand as it gave them.
pub fn turns(messages: &[Message], spoken: &Spoken) -> Vec<Turn> {
    messages
        .iter()
        .map(|message| turn(message, spoken.ids(message.id)))
        .collect()
}

/// All that is to be looked at, in the prompt's order.
pub fn views(messages: &[Message]) -> Vec<View> {
    let shown = messages.iter().flat_map(|message| &message.pictures);
    shown
        .flat_map(|shown| View::all_of(shown.picture.id, shown.crops()))
        .collect()
}

fn turn(message: &Message, ids: Option<&[u32]>) -> Turn {
    match (message.role, ids) {
        (Role::User, _) => {
            let mut turn = Turn::user(&message.text);
            turn.content
                .splice(0..0, message.pictures.iter().map(place));
            turn
        }
        (Role::Model, None) => Turn::model(&message.text),
        (Role::Model, Some(ids)) => Turn {
            role: prompt::Role::Model,
            content: vec![Part::Ids(ids.to_vec())],
        },
    }
}

fn place(shown: &Shown) -> Part {
    Part::Picture {
        width: shown.picture.width,
        height: shown.picture.height,
        pan_and_scan: shown.pan_and_scan.then(PanAndScan::default),
    }
}

/// The name a conversation gets from its first message: its first line, cut at a word.
pub fn title(question: &Message) -> String {
    match (question.text.trim(), question.pictures.len()) {
        ("", 1) => "A picture".to_owned(),
        ("", 2..) => "Pictures".to_owned(),
        (text, _) => first_line(text),
    }
}

fn first_line(text: &str) -> String {
    /// What fits the list of conversations on one line.
    const MOST_CHARACTERS: usize = 60;
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(MOST_CHARACTERS) else {
        return line;
    };
    // A word that ends right at the limit is whole. Languages without spaces are cut at the limit.
    let words = if line[end..].starts_with(' ') {
        end
    } else {
        line[..end].rfind(' ').unwrap_or(end)
    };
    format!("{}…", line[..words].trim_end_matches([' ', ',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversations::MessageId;

    /// `"u question|m answer"` as messages with ids from 1.
    fn messages(script: &str) -> Vec<Message> {
        let message = |(place, line): (usize, &str)| Message {
            id: place as MessageId + 1,
            conversation: 1,
            role: if line.starts_with('u') {
                Role::User
            } else {
                Role::Model
            },
            text: line[1..].trim_start().to_owned(),
            created_ms: 0,
            cut_short: false,
            figures: None,
            pictures: Vec::new(),
        };
        script.split('|').enumerate().map(message).collect()
    }

    fn script(messages: &[Message]) -> String {
        let line = |message: &Message| match message.role {
            Role::User => format!("u {}", message.text),
            Role::Model => format!("m {}", message.text),
        };
        messages.iter().map(line).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn what_counts_is_what_was_said() {
        #[track_caller]
        fn check(said: &str, question: MessageId, expected: &str) {
            let messages = messages(said);
            let question = messages
                .iter()
                .find(|message| message.id == question)
                .expect("the test made it so")
                .clone();
            assert_eq!(script(&until(messages, &question)), expected);
        }
        check("u a", 1, "u a");
        check("u a|m b|u c", 3, "u a|m b|u c");
        check("u a|m|u c", 3, "u a|u c"); // stopped before its first word
        check("u a|u a", 2, "u a"); // asked again
        check("u a|m|u a", 3, "u a");
        check("u a|m b|u a", 3, "u a|m b|u a"); // answered, so it is said twice
        check("u a|u c|m b", 2, "u a|m b|u c"); // asked while the first was answered
        check("u a|u c|m b", 1, "m b|u a"); // cannot happen: a's answer is not yet there
        check("u a|u c", 1, "u a");
    }

    #[test]
    fn unanswered_questions_can_be_left_out() {
        #[track_caller]
        fn check(said: &str, expected: &str) {
            assert_eq!(script(&answered(&messages(said))), expected);
        }
        check("u a", "u a");
        check("u a|m b|u c", "u a|m b|u c");
        check("u a|u b|m c|u d|u e", "u b|m c|u e");
    }

    #[test]
    fn the_first_line_names_a_conversation() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(first_line(text), expected);
        }
        check("Is 7 prime?", "Is 7 prime?");
        check("\n  Two  lines \nhere", "Two lines");
        check("", "");
        check(
            "What would have to be true of a language for its speakers to agree on everything?",
            "What would have to be true of a language for its speakers to…",
        );
        check(
            &"word, ".repeat(20),
            &format!("{}word…", "word, ".repeat(9)),
        );
        check(&"長".repeat(61), &format!("{}…", "長".repeat(60)));
        check(&"長".repeat(60), &"長".repeat(60));
    }
}
