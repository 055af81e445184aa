//! What a person sees while something long runs.

use crate::conversations::{Message, MessageId};
use crate::models::Model;

/// One thing that happened while a question was answered, in this order:
/// `Asked`, then `Waiting` and `Loading` where they apply, `Started`, `Reading`…, `Text`…, `Ended`.
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
    /// The prompt is being read: `done` of `total` tokens, with an estimate once there is one.
    Reading {
        done: u32,
        total: u32,
        seconds_left: Option<f64>,
    },
    /// The answer grew by `delta`; `tokens` so far at `tokens_per_second`.
    Text {
        message: MessageId,
        delta: String,
        tokens: u32,
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
        done_bytes: u64,
        total_bytes: u64,
        seconds_left: Option<f64>,
    },
    /// The model is in the models folder, verified.
    Done(Model),
    /// The person cancelled; what arrived is kept for the next try where that is possible.
    Cancelled,
}
