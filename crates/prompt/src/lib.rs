//! Text to token ids and back, for Gemma 3.
//!
//! ```no_run
//! # fn answer_of_a_model(prompt: &[u32]) -> Vec<u32> { vec![4, 5] }
//! # fn main() -> Result<(), prompt::Error> {
//! # let vocabulary = prompt::Vocabulary::default();
//! let tokenizer = prompt::Tokenizer::from_vocabulary(vocabulary)?;
//! let turns = [prompt::Turn::user("Is 7 prime?")];
//! let ids = prompt::chat(&tokenizer, Some("Be brief."), &turns)?;
//! let left = prompt::room(ids.len(), 32_768, 1)?; // tokens the answer may have
//!
//! let mut words = tokenizer.decoder();
//! for id in answer_of_a_model(&ids) {
//!     let Some(text) = words.push(id) else { continue }; // half a character waits for its other half
//!     print!("{text}");
//! }
//! print!("{}", words.finish());
//! # assert!(left > 0);
//! # Ok(())
//! # }
//! ```
//!
//! What holds everywhere: **control tokens come only from a template, never from text.** A person who
//! types `<end_of_turn>` has typed thirteen characters ([`Tokenizer::literal`]); what counts as control
//! is decided in one place ([`TokenKind::Control`]).
//!
//! Not here: what a model computes (`engine`), where the vocabulary is stored (`gguf`; the caller hands
//! it in as plain data), pictures' pixels (only the places that they take in a prompt).
//!
//! Read in this order: `vocabulary`, `pieces` (how text falls into tokens), `tokenizer`, `decoder`,
//! `turn`, `layout`, `picture`, `template` (instruction-tuned models), `base` (pre-trained ones),
//! `budget`, `json` (a `tokenizer.json` as a vocabulary), `error`.

mod base;
mod budget;
mod decoder;
mod error;
mod json;
mod layout;
mod picture;
mod pieces;
mod template;
mod tokenizer;
mod turn;
mod vocabulary;

pub use base::{DialogueStop, Heard, continuation, dialogue};
pub use budget::room;
pub use decoder::Decoder;
pub use error::Error;
pub use picture::{Crops, crops};
pub use template::chat;
pub use tokenizer::Tokenizer;
pub use turn::{Part, Role, Turn};
pub use vocabulary::{TokenKind, Vocabulary};
