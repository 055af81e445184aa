//! The JSON Lines that `lectern eval prompt` reads: texts, and conversations as `tests/golden/prompts.json` has them.

use prompt::{PanAndScan, Part, Role, Turn};
use serde::Deserialize;

/// What one line asks for.
#[derive(Debug, PartialEq)]
pub enum Line {
    /// Text with its special tokens parsed, as the reference's tokenizer reads it.
    Text(String),
    /// A conversation that goes through the chat template.
    Conversation {
        system: Option<String>,
        turns: Vec<Turn>,
    },
}

/// Reads one line, or says what is wrong with it.
pub fn read(line: &str) -> Result<Line, String> {
    match serde_json::from_str(line).map_err(|error| error.to_string())? {
        Json {
            text: Some(text),
            messages: None,
            ..
        } => Ok(Line::Text(text)),
        Json {
            text: None,
            messages: Some(messages),
            image_sizes_wh,
            pan_and_scan,
        } => conversation(messages, image_sizes_wh, pan_and_scan),
        _ => Err("expected either `text` or `messages`".to_owned()),
    }
}

#[derive(Deserialize)]
struct Json {
    text: Option<String>,
    messages: Option<Vec<Message>>,
    #[serde(default)]
    image_sizes_wh: Vec<(u32, u32)>,
    #[serde(default)]
    pan_and_scan: bool,
}

#[derive(Deserialize)]
struct Message {
    role: Speaker,
    content: Content,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Speaker {
    System,
    User,
    #[serde(alias = "model")]
    Assistant,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Items(Vec<Item>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Item {
    Text { text: String },
    Image {},
}

fn conversation(
    messages: Vec<Message>,
    sizes_wh: Vec<(u32, u32)>,
    pan_and_scan: bool,
) -> Result<Line, String> {
    let mut sizes_wh = sizes_wh.into_iter();
    let mut system = None;
    let mut turns = Vec::new();
    for (place, Message { role, content }) in messages.into_iter().enumerate() {
        let items = match content {
            Content::Text(text) => vec![Item::Text { text }],
            Content::Items(items) => items,
        };
        let mut content = Vec::new();
        for item in items {
            content.push(match item {
                Item::Text { text } => Part::Text(text),
                Item::Image {} => {
                    let (width, height) = sizes_wh
                        .next()
                        .ok_or("there are more images than `image_sizes_wh`")?;
                    Part::Picture {
                        width,
                        height,
                        pan_and_scan: pan_and_scan.then(PanAndScan::default),
                    }
                }
            });
        }
        match role {
            Speaker::System if place == 0 => system = Some(words_of(content)?),
            Speaker::System => return Err("only the first message can be the system's".to_owned()),
            Speaker::User => turns.push(Turn {
                role: Role::User,
                content,
            }),
            Speaker::Assistant => turns.push(Turn {
                role: Role::Model,
                content,
            }),
        }
    }
    match sizes_wh.next() {
        None => Ok(Line::Conversation { system, turns }),
        Some(_) => Err("there are fewer images than `image_sizes_wh`".to_owned()),
    }
}

/// The template takes a system message's first item only, as the reference's does.
fn words_of(content: Vec<Part>) -> Result<String, String> {
    match content.into_iter().next() {
        Some(Part::Text(text)) => Ok(text),
        _ => Err("the system message has no text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_texts_or_conversations() {
        assert_eq!(
            read(r#"{"text": "<bos>Hi"}"#),
            Ok(Line::Text("<bos>Hi".to_owned()))
        );
        let line = r#"{"messages": [
            {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]},
            {"role": "assistant", "content": "A cat."}
        ], "image_sizes_wh": [[640, 480]], "pan_and_scan": true}"#;
        let picture = Part::Picture {
            width: 640,
            height: 480,
            pan_and_scan: Some(PanAndScan::default()),
        };
        let expected = Line::Conversation {
            system: Some("Be brief.".to_owned()),
            turns: vec![
                Turn {
                    role: Role::User,
                    content: vec![picture, Part::Text("What is it?".to_owned())],
                },
                Turn::model("A cat."),
            ],
        };
        assert_eq!(read(line), Ok(expected));
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong() {
        #[track_caller]
        fn check(line: &str, expected: &str) {
            let error = read(line).expect_err("it was made to fail");
            assert!(error.starts_with(expected), "{error}");
        }
        check("{", "EOF while parsing");
        check("{}", "expected either `text` or `messages`");
        check(
            r#"{"text": "a", "messages": []}"#,
            "expected either `text` or `messages`",
        );
        check(
            r#"{"messages": [{"role": "user", "content": [{"type": "image"}]}]}"#,
            "there are more images",
        );
        check(
            r#"{"messages": [], "image_sizes_wh": [[1, 1]]}"#,
            "there are fewer images",
        );
        check(
            r#"{"messages": [{"role": "tool", "content": ""}]}"#,
            "unknown variant `tool`",
        );
    }
}
