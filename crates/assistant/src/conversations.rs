//! Conversations and their messages as a person sees them.

use crate::pictures::Shown;
use crate::{Assistant, Error};

/// Names a conversation; never given twice.
pub type ConversationId = i64;
/// Names a message; never given twice.
pub type MessageId = i64;

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its name for the program.
    pub id: ConversationId,
    /// Empty until the first message names it.
    pub title: String,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    /// When something was last said in it.
    pub updated_ms: i64,
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Model,
}

/// One message. An answer is saved before its first word, cut short until it ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its name for the program; later messages have larger ones.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: String,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    /// True for an answer that was stopped, or whose process died while it was written.
    pub cut_short: bool,
    /// What the answer cost; `None` for questions and for answers whose process died.
    pub figures: Option<Figures>,
    /// What was shown with a question, in this order.
    pub pictures: Vec<Shown>,
}

/// What one answer cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The model's name.
    pub model: String,
    /// All tokens of the prompt.
    pub prompt_tokens: u32,
    /// Those of them that were already in the cache.
    pub cached_tokens: u32,
    /// Tokens the model wrote.
    pub answer_tokens: u32,
    /// How long reading took.
    pub prompt_seconds: f64,
    /// How long writing took.
    pub answer_seconds: f64,
    /// The model's context, of which prompt and answer filled a part.
    pub context_tokens: u32,
}

impl Assistant {
    /// All conversations, the last used first; deleted ones are not among them.
    pub fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        Ok(self
            .library()?
            .conversations()?
            .into_iter()
            .map(Conversation::from)
            .collect())
    }

    /// Begins a conversation without a title or a message.
    pub fn new_conversation(&self) -> Result<Conversation, Error> {
        Ok(self.library()?.new_conversation(self.now_ms())?.into())
    }

    /// Gives the conversation another title; white space around it does not count.
    pub fn rename_conversation(&self, id: ConversationId, title: &str) -> Result<(), Error> {
        Ok(self.library()?.rename_conversation(id, title.trim())?)
    }

    /// Takes the conversation out of sight and stops its answer. It is gone for good at the next start.
    pub fn delete_conversation(&self, id: ConversationId) -> Result<(), Error> {
        self.library()?.delete_conversation(id, self.now_ms())?;
        self.stop_reply(id);
        Ok(())
    }

    /// Undoes [`Self::delete_conversation`].
    pub fn restore_conversation(&self, id: ConversationId) -> Result<(), Error> {
        Ok(self.library()?.restore_conversation(id)?)
    }

    /// The messages of a conversation, oldest first.
    pub fn messages(&self, id: ConversationId) -> Result<Vec<Message>, Error> {
        Ok(self
            .library()?
            .messages(id)?
            .into_iter()
            .map(Message::from)
            .collect())
    }
}

impl From<library::Conversation> for Conversation {
    fn from(kept: library::Conversation) -> Self {
        let library::Conversation {
            id,
            title,
            created_ms,
            updated_ms,
        } = kept;
        Self {
            id,
            title,
            created_ms,
            updated_ms,
        }
    }
}

impl From<library::Message> for Message {
    fn from(kept: library::Message) -> Self {
        let library::Message {
            id,
            conversation,
            role,
            text,
            created_ms,
            cut_short,
            figures,
            pictures,
        } = kept;
        let role = match role {
            library::Role::User => Role::User,
            library::Role::Model => Role::Model,
        };
        Self {
            id,
            conversation,
            role,
            text,
            created_ms,
            cut_short,
            figures: figures.map(Figures::from),
            pictures: pictures.into_iter().map(Shown::from).collect(),
        }
    }
}

impl From<library::Figures> for Figures {
    fn from(kept: library::Figures) -> Self {
        let library::Figures {
            model,
            prompt_tokens,
            cached_tokens,
            answer_tokens,
            prompt_seconds,
            answer_seconds,
            context_tokens,
        } = kept;
        Self {
            model,
            prompt_tokens,
            cached_tokens,
            answer_tokens,
            prompt_seconds,
            answer_seconds,
            context_tokens,
        }
    }
}
