//! The engine from the outside: against the reference, over many turns, on odd files.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod convert;
mod files;
mod forms;
mod golden;
mod pictures;
mod session;
mod starter;
mod tiny;
mod written;
