//! The walk of one message: saved, composed, read, answered, saved.

use crate::conversations::ConversationId;
use crate::event::ReplyEvent;
use crate::{Assistant, Error};

impl Assistant {
    /// Saves `text`, has the model answer it, and tells `on_event` as it happens.
    ///
    /// Blocks until the answer has ended; a second question waits its turn and says so.
    pub fn reply(
        &self,
        conversation: ConversationId,
        text: &str,
        on_event: impl FnMut(ReplyEvent),
    ) -> Result<(), Error> {
        todo!()
    }

    /// The answer being written in `conversation` ends between two tokens, also while its prompt is read.
    pub fn stop_reply(&self, conversation: ConversationId) {
        todo!()
    }
}
