//! The starter model's own vocabulary against the reference: its golden ids
//! (`tests/golden/prompts.json`), its way of encoding, and what no text may do.

mod composition;
mod decoding;
mod definition;
mod goldens;
mod literal;
mod odd;
mod sentences;
mod starter;
