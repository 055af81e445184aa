//! The answers being written, so that none is lost when the window closes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assistant::ConversationId;

/// Which conversations are being answered right now.
#[derive(Debug, Default)]
pub struct Answers {
    running: Mutex<Vec<ConversationId>>,
    one_ended: Condvar,
}

impl Answers {
    /// An answer counts as running until what this returns is dropped.
    pub fn begin(self: &Arc<Self>, conversation: ConversationId) -> Answering {
        self.running().push(conversation);
        Answering {
            answers: self.clone(),
            conversation,
        }
    }

    /// Calls `stop` for each running answer and waits until all are saved, at most `patience`.
    pub fn end_all(&self, stop: impl Fn(ConversationId), patience: Duration) {
        // A question that waits its turn begins when the one before it ends: it is stopped then.
        let still_running = |running: &mut Vec<ConversationId>| {
            running.iter().copied().for_each(&stop);
            !running.is_empty()
        };
        let waited = self
            .one_ended
            .wait_timeout_while(self.running(), patience, still_running);
        drop(waited);
    }

    fn running(&self) -> MutexGuard<'_, Vec<ConversationId>> {
        // A list of numbers is never left half changed.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One running answer.
#[derive(Debug)]
pub struct Answering {
    answers: Arc<Answers>,
    conversation: ConversationId,
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut running = self.answers.running();
        if let Some(at) = running.iter().position(|id| *id == self.conversation) {
            running.swap_remove(at);
        }
        drop(running);
        self.answers.one_ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Closing waits for the answers it stopped, and for nothing when there are none.
    #[test]
    fn ending_all_stops_each_and_waits_for_it() {
        let answers = Arc::new(Answers::default());
        answers.end_all(|_| panic!("nothing runs"), LONG);

        let (stop, stopped) = mpsc::channel();
        let (first, second) = (answers.begin(1), answers.begin(2));
        let writer = thread::spawn(move || {
            // Each answer ends only once it was told to.
            for answer in [first, second] {
                while stopped.recv().expect("a stop") != answer.conversation {}
                drop(answer);
            }
        });
        answers.end_all(|id| stop.send(id).expect("the writer listens"), LONG);

        assert!(answers.running().is_empty());
        writer.join().expect("both were stopped");
    }

    #[test]
    fn an_answer_that_does_not_end_is_not_waited_for_for_ever() {
        let answers = Arc::new(Answers::default());
        let _stuck = answers.begin(7);

        answers.end_all(|_| (), Duration::from_millis(1));

        assert_eq!(*answers.running(), [7]);
    }
}
