//! Who asked to stop: a flag for each answer that is being written or waits its turn.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Assistant;
use crate::assistant::lock;
use crate::conversations::ConversationId;

impl Assistant {
    /// The answer being written in `conversation` ends between two tokens, also while its prompt is
    /// read, its model is loaded or it waits its turn.
    pub fn stop_reply(&self, conversation: ConversationId) {
        for stop in lock(&self.inner.stops)
            .get(&conversation)
            .into_iter()
            .flatten()
        {
            stop.store(true, Ordering::Relaxed);
        }
        self.inner.seat.look_up();
    }

    /// A flag that [`Self::stop_reply`] sets, until it is dropped.
    pub(crate) fn stop_of(&self, conversation: ConversationId) -> Stop<'_> {
        let flag = Arc::new(AtomicBool::new(false));
        lock(&self.inner.stops)
            .entry(conversation)
            .or_default()
            .push(flag.clone());
        Stop {
            assistant: self,
            conversation,
            flag,
        }
    }
}

/// A flag, until it is dropped.
pub struct Stop<'a> {
    assistant: &'a Assistant,
    conversation: ConversationId,
    flag: Arc<AtomicBool>,
}

impl Deref for Stop<'_> {
    type Target = AtomicBool;
    fn deref(&self) -> &AtomicBool {
        &self.flag
    }
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        let mut stops = lock(&self.assistant.inner.stops);
        if let Some(flags) = stops.get_mut(&self.conversation) {
            flags.retain(|flag| !Arc::ptr_eq(flag, &self.flag));
            if flags.is_empty() {
                stops.remove(&self.conversation);
            }
        }
    }
}
