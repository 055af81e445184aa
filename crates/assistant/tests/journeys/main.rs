//! What a person does with Lectern, through the seam both fronts use, with a real model.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod desk;
#[path = "../../../engine/tests/whole/written.rs"]
mod written;

mod asking;
mod conversations;
mod disk;
mod elsewhere;
mod evaluating;
mod fetching;
mod machine;
mod models;
mod published;
mod resting;
mod seeing;
mod waiting;
