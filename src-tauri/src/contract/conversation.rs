//! Conversations, their messages, and what happens while one is answered.

use serde::Serialize;
use specta::Type;
use specta_typescript::Number;

use super::picture::Shown;

/// A conversation in the list.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    pub id: i64,
    /// Empty until the first message names it.
    pub title: String,
    pub created_ms: i64,
    /// When something was last said in it.
    pub updated_ms: i64,
}

/// Who said it.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    User,
    Model,
}

/// One message. An answer is saved before its first word, cut short until it ends.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: i64,
    pub conversation: i64,
    pub role: Role,
    pub text: String,
    pub created_ms: i64,
    /// True for an answer that was stopped, or whose process died while it was written.
    pub cut_short: bool,
    pub figures: Option<Figures>,
    /// What was shown with a question, in this order.
    pub pictures: Vec<Shown>,
}

/// What one answer cost.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    pub model: String,
    /// All tokens of the prompt, and those of them that were already in the cache.
    pub prompt_tokens: u32,
    pub cached_tokens: u32,
    pub answer_tokens: u32,
    #[specta(type = Number)]
    pub prompt_seconds: f64,
    #[specta(type = Number)]
    pub answer_seconds: f64,
    /// The model's context, of which prompt and answer filled a part.
    pub context_tokens: u32,
}

/// One thing that happened while a question was answered, in this order.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ReplyEvent {
    /// The question is saved.
    Asked { message: Message },
    /// Another answer is being written; this one waits its turn.
    Waiting,
    /// The model is being loaded.
    Loading,
    /// The answer exists, empty and marked cut short.
    Started { message: Message },
    /// The model looks at pictures it has not seen before: look `view` of `views`.
    Looking {
        view: u32,
        views: u32,
        /// From 0 to 1, over all of them.
        #[specta(type = Number)]
        share: f64,
        #[specta(type = Option<Number>)]
        seconds_left: Option<f64>,
    },
    /// The prompt is being read: `done` of `total` tokens.
    Reading {
        done: u32,
        total: u32,
        #[specta(type = Option<Number>)]
        seconds_left: Option<f64>,
    },
    /// The answer grew by `delta`; `tokens` so far.
    Text {
        message: i64,
        delta: String,
        tokens: u32,
        #[specta(type = Number)]
        tokens_per_second: f64,
    },
    /// The answer as it is kept. Stopped answers end like this too.
    Ended { message: Message },
}

impl From<assistant::Conversation> for Conversation {
    fn from(it: assistant::Conversation) -> Self {
        Self {
            id: it.id,
            title: it.title,
            created_ms: it.created_ms,
            updated_ms: it.updated_ms,
        }
    }
}

impl From<assistant::Role> for Role {
    fn from(role: assistant::Role) -> Self {
        match role {
            assistant::Role::User => Self::User,
            assistant::Role::Model => Self::Model,
        }
    }
}

impl From<assistant::Message> for Message {
    fn from(it: assistant::Message) -> Self {
        Self {
            id: it.id,
            conversation: it.conversation,
            role: it.role.into(),
            text: it.text,
            created_ms: it.created_ms,
            cut_short: it.cut_short,
            figures: it.figures.map(Figures::from),
            pictures: it.pictures.into_iter().map(Shown::from).collect(),
        }
    }
}

impl From<assistant::Figures> for Figures {
    fn from(it: assistant::Figures) -> Self {
        Self {
            model: it.model,
            prompt_tokens: it.prompt_tokens,
            cached_tokens: it.cached_tokens,
            answer_tokens: it.answer_tokens,
            prompt_seconds: it.prompt_seconds,
            answer_seconds: it.answer_seconds,
            context_tokens: it.context_tokens,
        }
    }
}

impl From<assistant::ReplyEvent> for ReplyEvent {
    fn from(event: assistant::ReplyEvent) -> Self {
        use assistant::ReplyEvent as Event;
        match event {
            Event::Asked(message) => Self::Asked {
                message: message.into(),
            },
            Event::Waiting => Self::Waiting,
            Event::Loading => Self::Loading,
            Event::Started(message) => Self::Started {
                message: message.into(),
            },
            Event::Looking(assistant::Looking {
                view,
                views,
                share,
                seconds_left,
            }) => Self::Looking {
                view,
                views,
                share,
                seconds_left,
            },
            Event::Reading {
                done,
                total,
                seconds_left,
            } => Self::Reading {
                done,
                total,
                seconds_left,
            },
            Event::Text {
                message,
                delta,
                tokens,
                tokens_per_second,
            } => Self::Text {
                message,
                delta,
                tokens,
                tokens_per_second,
            },
            Event::Ended(message) => Self::Ended {
                message: message.into(),
            },
        }
    }
}
