//! Who wants to hear of changes.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Fetch, LOOK_EVERY, shown};
use crate::Assistant;

/// Between two calls.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Calls `on_change` on a thread of its own, which ends with the assistant or when `on_change` returns false.
pub fn watch(
    assistant: &Assistant,
    mut on_change: impl FnMut(Vec<Fetch>) -> bool + Send + 'static,
) {
    let (inner, fetches) = (
        Arc::downgrade(&assistant.inner),
        assistant.inner.fetches.clone(),
    );
    thread::spawn(move || {
        let (mut told, mut seen): (Option<Vec<Fetch>>, u64) = (None, 0);
        loop {
            let Some(inner) = inner.upgrade() else { return };
            let looked = Instant::now();
            let now = Assistant { inner }.fetches();
            let now = now.unwrap_or_else(|error| {
                // The folder is gone: what was to come is still known from before.
                shown::lost(told.clone().unwrap_or_default(), &error)
            });
            if told.as_ref() != Some(&now) {
                if !on_change(now.clone()) {
                    return;
                }
                told = Some(now);
            }
            seen = fetches.wait(seen, LOOK_EVERY);
            thread::sleep(TELL_EVERY.saturating_sub(looked.elapsed()));
        }
    });
}
