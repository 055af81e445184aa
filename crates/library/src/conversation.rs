//! Conversations: begun, named, hidden, brought back, forgotten.

use rusqlite::{OptionalExtension, Row};

use crate::error::Error;
use crate::picture::forget_unshown;
use crate::store::Library;

/// Names a conversation; never given twice, also not after it is forgotten.
pub type ConversationId = i64;

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its name here; for ever.
    pub id: ConversationId,
    /// Empty until somebody names it.
    pub title: String,
    /// When it was begun.
    pub created_ms: i64,
    /// When something was last said in it.
    pub updated_ms: i64,
}

impl Library {
    /// Begins a conversation without title or messages.
    pub fn new_conversation(&self, now_ms: i64) -> Result<Conversation, Error> {
        self.write("begin a conversation", |tx| {
            let sql =
                "INSERT INTO conversation (title, created_ms, updated_ms) VALUES ('', ?1, ?1)";
            tx.execute(sql, [now_ms])?;
            let id = tx.last_insert_rowid();
            Ok(Conversation {
                id,
                title: String::new(),
                created_ms: now_ms,
                updated_ms: now_ms,
            })
        })
    }

    /// One conversation; fails with [`Error::NoConversation`] if it is deleted.
    pub fn conversation(&self, id: ConversationId) -> Result<Conversation, Error> {
        let found = self.read("read a conversation", |tx| {
            let sql = "SELECT id, title, created_ms, updated_ms FROM conversation
                       WHERE id = ?1 AND deleted_ms IS NULL";
            tx.query_row(sql, [id], conversation_of).optional()
        })?;
        found.ok_or(Error::NoConversation { id })
    }

    /// All conversations, the last used first; deleted ones are not among them.
    pub fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        self.read("list the conversations", |tx| {
            let sql = "SELECT id, title, created_ms, updated_ms FROM conversation
                       WHERE deleted_ms IS NULL ORDER BY updated_ms DESC, id DESC";
            tx.prepare_cached(sql)?
                .query_map([], conversation_of)?
                .collect()
        })
    }

    /// Gives the conversation another title; its place in the list stays.
    pub fn rename_conversation(&self, id: ConversationId, title: &str) -> Result<(), Error> {
        let renamed = self.write("rename a conversation", |tx| {
            let sql = "UPDATE conversation SET title = ?2 WHERE id = ?1 AND deleted_ms IS NULL";
            tx.execute(sql, (id, title))
        })?;
        if renamed == 0 {
            Err(Error::NoConversation { id })
        } else {
            Ok(())
        }
    }

    /// Hides the conversation. It can be restored until the library is opened by one process alone.
    pub fn delete_conversation(&self, id: ConversationId, now_ms: i64) -> Result<(), Error> {
        let hidden = self.write("delete a conversation", |tx| {
            // Deleted twice is deleted: the first time counts.
            let sql = "UPDATE conversation SET deleted_ms = ifnull(deleted_ms, ?2) WHERE id = ?1";
            tx.execute(sql, (id, now_ms))
        })?;
        if hidden == 0 {
            Err(Error::NoConversation { id })
        } else {
            Ok(())
        }
    }

    /// Undoes [`Self::delete_conversation`].
    pub fn restore_conversation(&self, id: ConversationId) -> Result<(), Error> {
        let restored = self.write("restore a conversation", |tx| {
            tx.execute(
                "UPDATE conversation SET deleted_ms = NULL WHERE id = ?1",
                [id],
            )
        })?;
        if restored == 0 {
            Err(Error::NoConversation { id })
        } else {
            Ok(())
        }
    }

    /// Erases what is hidden, with its messages, drafts and pictures, also from the free pages and the log.
    pub(crate) fn forget_deleted(&self) -> Result<(), Error> {
        let forgotten = self.write("forget deleted conversations", |tx| {
            let sql = "DELETE FROM conversation WHERE deleted_ms IS NOT NULL";
            Ok(tx.execute(sql, [])? + forget_unshown(tx)?)
        })?;
        if forgotten == 0 {
            Ok(())
        } else {
            self.empty_log()
        }
    }
}

fn conversation_of(row: &Row) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: row.get("id")?,
        title: row.get("title")?,
        created_ms: row.get("created_ms")?,
        updated_ms: row.get("updated_ms")?,
    })
}
