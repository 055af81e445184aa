//! Conversations and their messages as a person sees them.

use crate::{Assistant, Error};

pub type ConversationId = i64;
pub type MessageId = i64;

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    pub id: ConversationId,
    /// Empty until the first message names it.
    pub title: String,
    pub created_ms: i64,
    /// When something was last said in it.
    pub updated_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    User,
    Model,
}

/// One message. An answer is saved before its first word, cut short until it ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub id: MessageId,
    pub conversation: ConversationId,
    pub role: Role,
    pub text: String,
    pub created_ms: i64,
    /// True for an answer that was stopped, or whose process died while it was written.
    pub cut_short: bool,
    /// What the answer cost; `None` for questions and for answers whose process died.
    pub figures: Option<Figures>,
}

/// What one answer cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    pub model: String,
    /// All tokens of the prompt, and those of them that were already in the cache.
    pub prompt_tokens: u32,
    pub cached_tokens: u32,
    pub answer_tokens: u32,
    pub prompt_seconds: f64,
    pub answer_seconds: f64,
    /// The model's context, of which prompt and answer filled a part.
    pub context_tokens: u32,
}

impl Assistant {
    /// All conversations, the last used first; deleted ones are not among them.
    pub fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        todo!()
    }

    pub fn new_conversation(&self) -> Result<Conversation, Error> {
        todo!()
    }

    pub fn rename_conversation(&self, id: ConversationId, title: &str) -> Result<(), Error> {
        todo!()
    }

    /// Takes the conversation out of sight. It is gone for good at the next start.
    pub fn delete_conversation(&self, id: ConversationId) -> Result<(), Error> {
        todo!()
    }

    /// Undoes [`Self::delete_conversation`].
    pub fn restore_conversation(&self, id: ConversationId) -> Result<(), Error> {
        todo!()
    }

    /// The messages of a conversation, oldest first.
    pub fn messages(&self, id: ConversationId) -> Result<Vec<Message>, Error> {
        todo!()
    }

    /// What stands unsent in the composer; `None` is the composer of a conversation not yet begun.
    pub fn draft(&self, conversation: Option<ConversationId>) -> Result<String, Error> {
        todo!()
    }

    pub fn save_draft(
        &self,
        conversation: Option<ConversationId>,
        text: &str,
    ) -> Result<(), Error> {
        todo!()
    }
}
