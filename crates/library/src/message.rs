//! Messages: what was asked, what was answered, and what the answer cost.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::conversation::ConversationId;
use crate::error::Error;
use crate::picture::{PictureId, Shown, show_with, shown_by, shown_in};
use crate::store::Library;

/// Names a message; never given twice.
pub type MessageId = i64;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person: a question.
    User,
    /// The model: an answer.
    Model,
}

/// One message. An answer is saved before its first word, cut short until it ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its name here; for ever.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Who said it.
    pub role: Role,
    /// What was said, so far.
    pub text: String,
    /// When it was asked, or the answer begun.
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
    /// Name of the model that wrote it.
    pub model: String,
    /// All tokens of the prompt.
    pub prompt_tokens: u32,
    /// Those of them that were already in the cache.
    pub cached_tokens: u32,
    /// Tokens of the answer.
    pub answer_tokens: u32,
    /// Time to read the prompt.
    pub prompt_seconds: f64,
    /// Time to write the answer.
    pub answer_seconds: f64,
    /// The model's context, of which prompt and answer filled a part.
    pub context_tokens: u32,
}

const MESSAGES: &str = "
    SELECT id, conversation, role, text, created_ms, cut_short, model, prompt_tokens, cached_tokens,
           answer_tokens, prompt_seconds, answer_seconds, context_tokens
    FROM message LEFT JOIN figures ON figures.message = message.id";

impl Library {
    /// Saves what the person asked. It is on the disk when this returns.
    pub fn add_question(
        &self,
        conversation: ConversationId,
        text: &str,
        now_ms: i64,
    ) -> Result<Message, Error> {
        self.add_question_with(conversation, text, &[], now_ms)
    }

    /// The same with pictures, which the library has already: each with whether it is shown in pieces.
    pub fn add_question_with(
        &self,
        conversation: ConversationId,
        text: &str,
        pictures: &[(PictureId, bool)],
        now_ms: i64,
    ) -> Result<Message, Error> {
        self.write("save a message", |tx| {
            let shown = match shown_by(tx, pictures)? {
                Ok(shown) => shown,
                Err(id) => return Ok(Err(Error::NoPicture { id })),
            };
            let sql = "UPDATE conversation SET updated_ms = max(updated_ms, ?2)
                       WHERE id = ?1 AND deleted_ms IS NULL";
            if tx.execute(sql, (conversation, now_ms))? == 0 {
                return Ok(Err(Error::NoConversation { id: conversation }));
            }
            let mut message = add_message(tx, conversation, Role::User, text, now_ms)?;
            show_with(tx, message.id, &shown)?;
            message.pictures = shown;
            Ok(Ok(message))
        })?
    }

    /// The messages of a conversation, oldest first.
    pub fn messages(&self, conversation: ConversationId) -> Result<Vec<Message>, Error> {
        let found = self.read("read a conversation", |tx| {
            let sql = "SELECT 1 FROM conversation WHERE id = ?1 AND deleted_ms IS NULL";
            if tx
                .query_row(sql, [conversation], |_| Ok(()))
                .optional()?
                .is_none()
            {
                return Ok(None);
            }
            let sql = format!("{MESSAGES} WHERE conversation = ?1 ORDER BY id");
            let mut messages = tx.prepare_cached(&sql)?;
            let messages = messages.query_map([conversation], message_of)?;
            let mut messages = messages.collect::<Result<Vec<_>, _>>()?;
            for (message, shown) in shown_in(tx, conversation)? {
                // By rising ids, and every picture has its message.
                if let Ok(place) = messages.binary_search_by_key(&message, |message| message.id) {
                    messages[place].pictures.push(shown);
                }
            }
            Ok(Some(messages))
        })?;
        found.ok_or(Error::NoConversation { id: conversation })
    }
}

/// Adds a message to a conversation that is there; an answer begins cut short.
pub(crate) fn add_message(
    tx: &Transaction,
    conversation: ConversationId,
    role: Role,
    text: &str,
    now_ms: i64,
) -> rusqlite::Result<Message> {
    let cut_short = role == Role::Model;
    let sql = "INSERT INTO message (conversation, role, text, created_ms, cut_short)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.execute(sql, (conversation, role, text, now_ms, cut_short))?;
    Ok(Message {
        id: tx.last_insert_rowid(),
        conversation,
        role,
        text: text.to_owned(),
        created_ms: now_ms,
        cut_short,
        figures: None,
        pictures: Vec::new(),
    })
}

/// Keeps what an answer cost.
pub(crate) fn save_figures(
    tx: &Transaction,
    message: MessageId,
    figures: &Figures,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO figures (message, model, prompt_tokens, cached_tokens, answer_tokens,
                   prompt_seconds, answer_seconds, context_tokens)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let row = params![
        message,
        figures.model,
        figures.prompt_tokens,
        figures.cached_tokens,
        figures.answer_tokens,
        figures.prompt_seconds,
        figures.answer_seconds,
        figures.context_tokens,
    ];
    tx.execute(sql, row).map(drop)
}

fn message_of(row: &Row) -> rusqlite::Result<Message> {
    let model: Option<String> = row.get("model")?;
    Ok(Message {
        id: row.get("id")?,
        conversation: row.get("conversation")?,
        role: row.get("role")?,
        text: row.get("text")?,
        created_ms: row.get("created_ms")?,
        cut_short: row.get("cut_short")?,
        figures: model.map(|model| figures_of(row, model)).transpose()?,
        pictures: Vec::new(),
    })
}

fn figures_of(row: &Row, model: String) -> rusqlite::Result<Figures> {
    Ok(Figures {
        model,
        prompt_tokens: row.get("prompt_tokens")?,
        cached_tokens: row.get("cached_tokens")?,
        answer_tokens: row.get("answer_tokens")?,
        prompt_seconds: row.get("prompt_seconds")?,
        answer_seconds: row.get("answer_seconds")?,
        context_tokens: row.get("context_tokens")?,
    })
}

impl ToSql for Role {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::User => "user",
            Self::Model => "model",
        }
        .into())
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "user" => Ok(Self::User),
            "model" => Ok(Self::Model),
            other => Err(FromSqlError::Other(
                format!("no role is called {other:?}").into(),
            )),
        }
    }
}
