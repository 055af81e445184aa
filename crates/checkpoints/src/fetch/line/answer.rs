//! A short answer as a whole: what the hub says of a repository, or of a person.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};

use super::super::watch::{LOOK_EVERY, Watch};
use super::{Arrival, Line, PIECES_UNDER_WAY, Question, Reason};
use crate::disk::Halt;

/// What an answer may have. Repositories of one model have a few dozen files.
const MOST_BYTES: usize = 8 << 20;

/// The answer to a question, and the address that gave it.
#[derive(Debug)]
pub struct Whole {
    pub place: String,
    pub text: Vec<u8>,
}

impl Line {
    /// Asks once.
    pub fn ask_once(&self, url: &str, watch: &Watch) -> Result<Result<Whole, Reason>, Halt> {
        let (tell, arrivals) = sync_channel(PIECES_UNDER_WAY);
        self.ask(Question::whole(url.to_owned()), 0, &tell);
        drop(tell);
        let mut answer = Whole {
            place: url.to_owned(),
            text: Vec::new(),
        };
        loop {
            watch.check_stop()?;
            match arrivals
                .recv_timeout(LOOK_EVERY)
                .map(|(_, arrival)| arrival)
            {
                Err(RecvTimeoutError::Timeout) => {}
                // The other thread only ends without a last word if it panicked.
                Err(RecvTimeoutError::Disconnected) => return Ok(Err(Reason::Ended)),
                Ok(Arrival::Lost(reason)) => return Ok(Err(reason)),
                Ok(Arrival::Head(head)) if head.status != 200 => {
                    return Ok(Err(Reason::Answer(head.into_answer(None))));
                }
                Ok(Arrival::Head(head)) => answer.place = head.place,
                Ok(Arrival::Bytes(bytes)) if answer.text.len() + bytes.len() <= MOST_BYTES => {
                    answer.text.extend(bytes);
                }
                Ok(Arrival::Bytes(_)) => return Ok(Err(Reason::Ended)),
                Ok(Arrival::End) => return Ok(Ok(answer)),
            }
        }
    }
}
