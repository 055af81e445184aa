//! Drafts: what stands unsent in a composer survives a restart.

use rusqlite::OptionalExtension;

use crate::conversation::ConversationId;
use crate::error::Error;
use crate::picture::{Picture, PictureId, forget_unshown, in_draft};
use crate::store::Library;

/// What stands unsent in one composer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// What is written.
    pub text: String,
    /// What is to be shown with it, in this order.
    pub pictures: Vec<Picture>,
}

impl Library {
    /// What stands unsent; `None` is the composer of a conversation not yet begun. Empty if nothing does.
    pub fn draft(&self, conversation: Option<ConversationId>) -> Result<Draft, Error> {
        self.read("read a draft", |tx| {
            let sql = "SELECT text FROM draft WHERE ifnull(conversation, 0) = ifnull(?1, 0)";
            let text = tx.query_row(sql, [conversation], |row| row.get(0));
            Ok(Draft {
                text: text.optional()?.unwrap_or_default(),
                pictures: in_draft(tx, conversation)?,
            })
        })
    }

    /// Keeps `text` and `pictures` as the draft. Pictures come in by [`Self::add_draft_picture`]; one
    /// that is not kept any more is left out, and one that this took from its last place is forgotten.
    pub fn save_draft(
        &self,
        conversation: Option<ConversationId>,
        text: &str,
        pictures: &[PictureId],
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
            let sql = "DELETE FROM draft_picture WHERE ifnull(conversation, 0) = ifnull(?1, 0)";
            let stood = tx.execute(sql, [conversation])?;
            let sql = "INSERT INTO draft_picture (conversation, place, picture)
                       SELECT ?1, ?2, sha256 FROM picture WHERE sha256 = ?3";
            for (place, id) in pictures.iter().enumerate() {
                tx.execute(sql, (conversation, place as i64, id))?;
            }
            if stood > 0 {
                forget_unshown(tx)?;
            }
            Ok(true)
        })?;
        match conversation {
            Some(id) if !saved => Err(Error::NoConversation { id }),
            _ => Ok(()),
        }
    }
}
