//! Drafts: what stands unsent in a composer survives a restart.

use rusqlite::OptionalExtension;

use crate::conversation::ConversationId;
use crate::error::Error;
use crate::store::Library;

impl Library {
    /// What stands unsent; `None` is the composer of a conversation not yet begun. Empty if nothing does.
    pub fn draft(&self, conversation: Option<ConversationId>) -> Result<String, Error> {
        let draft = self.read("read a draft", |tx| {
            let sql = "SELECT text FROM draft WHERE ifnull(conversation, 0) = ifnull(?1, 0)";
            tx.query_row(sql, [conversation], |row| row.get(0))
                .optional()
        })?;
        Ok(draft.unwrap_or_default())
    }

    /// Keeps `text` as the draft; an empty text leaves no row.
    pub fn save_draft(
        &self,
        conversation: Option<ConversationId>,
        text: &str,
    ) -> Result<(), Error> {
        let saved = self.write("save a draft", |tx| {
            let sql = "SELECT ?1 IS NULL OR EXISTS (SELECT 1 FROM conversation WHERE id = ?1)";
            if !tx.query_row(sql, [conversation], |row| row.get::<_, bool>(0))? {
                return Ok(false);
            }
            if text.is_empty() {
                let sql = "DELETE FROM draft WHERE ifnull(conversation, 0) = ifnull(?1, 0)";
                tx.execute(sql, [conversation])?;
            } else {
                let sql = "INSERT INTO draft (conversation, text) VALUES (?1, ?2)
                           ON CONFLICT (ifnull(conversation, 0)) DO UPDATE SET text = excluded.text";
                tx.execute(sql, (conversation, text))?;
            }
            Ok(true)
        })?;
        match conversation {
            Some(id) if !saved => Err(Error::NoConversation { id }),
            _ => Ok(()),
        }
    }
}
