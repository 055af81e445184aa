//! While an answer is written, what was said is saved in time, also when the next word takes long.

use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use library::Answer;

use crate::assistant::lock;

/// How often the answer is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// Has `write` write the answer while another thread sees to it that it is saved in time.
pub fn caught_up<T>(
    answer: &Mutex<Answer<'_>>,
    now_ms: impl Fn() -> i64 + Send,
    write: impl FnOnce() -> T,
) -> T {
    let (writing, written) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while written.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                // What goes wrong here goes wrong again at the next word or at the end, and is told there.
                let _ = lock(answer).catch_up(now_ms());
            }
        });
        let all = write();
        drop(writing); // and when `write` panics, with it
        all
    })
}
