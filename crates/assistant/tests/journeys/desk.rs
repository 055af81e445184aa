//! A desk to sit at: a home of its own, the starter model on it, a clock and seeds that are the same every time.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::{env, fs};

use assistant::{
    Assistant, ConversationId, Error, Home, Message, Options, ReplyEvent, Role, Settings,
    Surroundings,
};
use tempfile::TempDir;

/// What the starter model is called on a desk.
pub const STARTER: &str = "gemma-3-270m-q4_k_m";

pub struct Desk {
    pub assistant: Assistant,
    pub home: TempDir,
}

impl Desk {
    /// With the starter model, and seed 7.
    pub fn new() -> Self {
        let desk = Self::without_a_model();
        desk.put_starter_as(STARTER);
        desk
    }

    /// As a new person finds it.
    pub fn without_a_model() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let desk = Self {
            assistant: open(home.path()),
            home,
        };
        let settings = desk.assistant.settings().unwrap();
        let sampling = assistant::Sampling {
            seed: Some(7),
            ..settings.sampling
        };
        desk.assistant
            .save_settings(&Settings {
                sampling,
                ..settings
            })
            .unwrap();
        desk
    }

    /// The same home after the program was quit and started again.
    pub fn restarted(self) -> Self {
        let Self { assistant, home } = self;
        drop(assistant);
        Self {
            assistant: open(home.path()),
            home,
        }
    }

    /// As a second process that opens the same home while this one runs.
    pub fn seen_from_outside(&self) -> Assistant {
        open(self.home.path())
    }

    /// With the golden model that has eyes.
    pub fn with_eyes() -> Self {
        let desk = Self::without_a_model();
        let folder = desk.assistant.models_folder().unwrap();
        fs::create_dir_all(&folder).unwrap();
        for file in ["model.gguf", "mmproj.gguf"] {
            fs::copy(golden("tiny-mm").join(file), folder.join(file)).unwrap();
        }
        desk
    }

    /// Lays the starter model into the models folder under `name`.
    pub fn put_starter_as(&self, name: &str) {
        let folder = self.assistant.models_folder().unwrap();
        fs::create_dir_all(&folder).unwrap();
        let place = folder.join(format!("{name}.gguf"));
        let starter = starter();
        // A link takes no room; between two disks only a copy will do.
        fs::hard_link(&starter, &place)
            .or_else(|_| fs::copy(&starter, &place).map(drop))
            .unwrap();
    }

    pub fn new_conversation(&self) -> ConversationId {
        self.assistant.new_conversation().unwrap().id
    }

    /// Asks, stops the answer after `tokens` of it if it has not ended by then, and yields what happened.
    pub fn ask(&self, chat: ConversationId, text: &str, tokens: u32) -> Vec<ReplyEvent> {
        self.try_ask(chat, text, tokens).unwrap()
    }

    pub fn try_ask(
        &self,
        chat: ConversationId,
        text: &str,
        most: u32,
    ) -> Result<Vec<ReplyEvent>, Error> {
        let mut events = Vec::new();
        self.assistant.reply(chat, text, |event| {
            if matches!(event, ReplyEvent::Text { tokens, .. } if tokens >= most) {
                self.assistant.stop_reply(chat);
            }
            events.push(event);
        })?;
        Ok(events)
    }

    pub fn messages(&self, chat: ConversationId) -> Vec<Message> {
        self.assistant.messages(chat).unwrap()
    }

    /// The conversation as one reads it; what a model says is random, so only how much is told.
    pub fn transcript(&self, chat: ConversationId) -> String {
        let line = |message: &Message| match (message.role, message.cut_short) {
            (Role::User, _) => format!("you    {}", message.text),
            (Role::Model, true) => format!("model  {} (cut short)", how_much(&message.text)),
            (Role::Model, false) => format!("model  {}", how_much(&message.text)),
        };
        self.messages(chat)
            .iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn how_much(text: &str) -> &'static str {
    if text.is_empty() {
        "nothing"
    } else {
        "~words~"
    }
}

/// The answer as it is kept, from what happened.
#[track_caller]
pub fn answer(events: &[ReplyEvent]) -> &Message {
    match events.last() {
        Some(ReplyEvent::Ended(message)) => message,
        other => panic!("the answer did not end: {other:?}"),
    }
}

/// The kinds of events in their order, repetitions taken together.
pub fn kinds(events: &[ReplyEvent]) -> Vec<&'static str> {
    let mut kinds: Vec<_> = events.iter().map(kind).collect();
    kinds.dedup();
    kinds
}

fn kind(event: &ReplyEvent) -> &'static str {
    match event {
        ReplyEvent::Asked(_) => "asked",
        ReplyEvent::Waiting => "waiting",
        ReplyEvent::Loading => "loading",
        ReplyEvent::Started(_) => "started",
        ReplyEvent::Looking(_) => "looking",
        ReplyEvent::Reading { .. } => "reading",
        ReplyEvent::Text { .. } => "text",
        ReplyEvent::Ended(_) => "ended",
    }
}

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name)
}

/// Where the starter model lies.
pub fn starter() -> PathBuf {
    let usual = || {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/starter/gemma-3-270m-q4_k_m.gguf")
    };
    let path = env::var_os("LECTERN_STARTER_MODEL").map_or_else(usual, PathBuf::from);
    assert!(
        path.is_file(),
        "the starter model is not at {}; run ./dev test",
        path.display()
    );
    path
}

fn open(home: &Path) -> Assistant {
    Assistant::open(options(home)).unwrap()
}

pub fn options(home: &Path) -> Options {
    Options {
        home: Home::at(home),
        clock,
        entropy: || 7,
        threads: None,
        cpu_level: None,
        hub: None,
        surroundings: Surroundings::default(),
        hub_token: None,
        hurry: None,
    }
}

thread_local!(static NOW_MS: Cell<i64> = const { Cell::new(1_893_456_000_000) });

/// Begins at 2030-01-01 and goes on by a twentieth of a second whenever it is looked at.
fn clock() -> i64 {
    NOW_MS.with(|now| now.replace(now.get() + 50))
}

/// Lets time pass in which nobody looks at the clock.
pub fn minutes_pass(minutes: i64) {
    NOW_MS.with(|now| now.set(now.get() + minutes * 60_000));
}
