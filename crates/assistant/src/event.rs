//! What a person sees while something long runs.

use crate::conversations::{Message, MessageId};
use crate::models::Model;
use crate::sight::Looking;

/// One thing that happened while a question was answered, in this order:
/// `Asked`, then `Waiting` and `Loading` where they apply, `Started`, `Looking`… where there are pictures,
/// `Reading`…, `Text`…, `Ended`.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyEvent {
    /// The question is saved.
    Asked(Message),
    /// Another answer is being written; this one waits its turn.
    Waiting,
    /// The model is being loaded.
    Loading,
    /// The answer exists, empty and marked cut short.
    Started(Message),
    /// The model looks at pictures it has not seen before.
    Looking(Looking),
    /// The prompt is being read.
    Reading {
        /// Tokens that are in the cache.
        done: u32,
        /// Tokens of the prompt.
        total: u32,
        /// At the speed so far; `None` until there is one.
        seconds_left: Option<f64>,
    },
    /// The answer grew.
    Text {
        /// The answer.
        message: MessageId,
        /// By these words; never empty.
        delta: String,
        /// Tokens of the answer so far.
        tokens: u32,
        /// From the first of them on; 0 until there are two.
        tokens_per_second: f64,
    },
    /// The answer as it is kept. Stopped answers end like this too.
    Ended(Message),
}

/// One thing that happened while a model was fetched.
#[derive(Debug, Clone, PartialEq)]
pub enum FetchEvent {
    /// What is being done now, in words for a person: "Looking for the model", "Checking".
    Step(String),
    /// Bytes that have arrived of all there are.
    Progress {
        /// So many are here.
        done_bytes: u64,
        /// So many it will be.
        total_bytes: u64,
        /// At the speed so far; `None` until there is one.
        seconds_left: Option<f64>,
    },
    /// The model is in the models folder, verified.
    Done(Model),
    /// The person cancelled; what arrived is kept for the next try where that is possible.
    Cancelled,
}
