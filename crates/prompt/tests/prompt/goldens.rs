//! Identical ids for every text, language and conversation of the reference.

use std::path::Path;
use std::sync::LazyLock;

use prompt::{PanAndScan, Part, Role, Turn, chat};
use serde::Deserialize;

use crate::starter::tokenizer;

#[derive(Deserialize)]
pub struct Goldens {
    pub texts: Vec<Text>,
    pub languages: Vec<Text>,
    conversations: Vec<Conversation>,
}

#[derive(Deserialize)]
pub struct Text {
    pub text: String,
    pub ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Conversation {
    messages: Vec<Message>,
    image_sizes_wh: Vec<(u32, u32)>,
    pan_and_scan: bool,
    ids_run_length: Vec<(u32, usize)>,
    length: usize,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Item {
    Text { text: String },
    Image,
}

pub static GOLDENS: LazyLock<Goldens> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/prompts.json");
    let json = std::fs::read_to_string(&path).expect("the goldens are part of the repository");
    serde_json::from_str(&json).expect("the goldens have this form")
});

#[test]
fn texts_and_languages_have_the_ids_of_the_reference() {
    let (texts, languages) = (&GOLDENS.texts, &GOLDENS.languages);
    assert_eq!((texts.len(), languages.len()), (83, 232));
    for Text { text, ids } in texts.iter().chain(languages) {
        assert_eq!(tokenizer().marked(text), *ids, "{text:?}");
    }
}

#[test]
fn conversations_with_and_without_pictures_have_the_ids_of_the_reference() {
    assert_eq!(GOLDENS.conversations.len(), 40);
    for (number, conversation) in GOLDENS.conversations.iter().enumerate() {
        let (system, turns) = conversation.as_turns();
        let ids = chat(tokenizer(), system, &turns).expect("the starter model has Gemma's marks");
        let runs = ids
            .chunk_by(|a, b| a == b)
            .map(|run| (run[0], run.len()))
            .collect::<Vec<_>>();
        assert_eq!(runs, conversation.ids_run_length, "conversation {number}");
        assert_eq!(ids.len(), conversation.length, "conversation {number}");
    }
}

impl Conversation {
    fn as_turns(&self) -> (Option<&str>, Vec<Turn>) {
        let (system, messages) = match self.messages.split_first() {
            Some((first, rest)) if first.role == "system" => match &first.content[..] {
                [Item::Text { text }] => (Some(text.as_str()), rest),
                _ => panic!("a system message is one text"),
            },
            _ => (None, &self.messages[..]),
        };
        let mut sizes = self.image_sizes_wh.iter();
        let mut part = |item: &Item| match item {
            Item::Text { text } => Part::Text(text.clone()),
            Item::Image => {
                let (width, height) = *sizes.next().expect("every picture has a size");
                Part::Picture {
                    width,
                    height,
                    pan_and_scan: self.pan_and_scan.then(PanAndScan::default),
                }
            }
        };
        let mut turn = |message: &Message| Turn {
            role: if message.role == "assistant" {
                Role::Model
            } else {
                Role::User
            },
            content: message.content.iter().map(&mut part).collect(),
        };
        (system, messages.iter().map(&mut turn).collect())
    }
}
