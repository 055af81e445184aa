//! Text to token ids and back, for Gemma 3.
//!
//! ```
//! use prompt::{TokenKind, Tokenizer, Turn, Vocabulary, chat, room};
//!
//! // A checkpoint brings its vocabulary. This one has a few marks, the space, and bytes for all else.
//! let marks = ["<bos>", "<start_of_turn>", "<end_of_turn>", "▁"].map(String::from);
//! let bytes = (0..=255).map(|byte| format!("<0x{byte:02X}>"));
//! let tokenizer = Tokenizer::from_vocabulary(Vocabulary {
//!     tokens: marks.into_iter().chain(bytes).map(Into::into).collect(),
//!     scores: vec![0.0; 4 + 256],
//!     kinds: [vec![TokenKind::Control; 3], vec![TokenKind::Normal], vec![TokenKind::Byte; 256]].concat(),
//!     ..Vocabulary::default()
//! })?;
//!
//! let ids = chat(&tokenizer, Some("Be brief."), &[Turn::user("Is 7 prime?")])?;
//! let left = room(ids.len(), 32_768, 1)?; // tokens that the answer may have
//!
//! let mut words = tokenizer.decoder();
//! let mut answer = String::new();
//! for id in tokenizer.literal("Yes, it is.") { // a model gives these one by one
//!     answer.extend(words.push(id)); // half a character waits for its other half
//! }
//! answer += &words.finish();
//! assert_eq!((left, answer.as_str()), (32_768 - 38, "Yes, it is."));
//! # Ok::<(), prompt::Error>(())
//! ```
//!
//! What holds everywhere: **control tokens come only from a template, never from text.** A person who
//! types `<end_of_turn>` has typed thirteen characters ([`Tokenizer::literal`]); what counts as control
//! is decided in one place ([`TokenKind::Control`]).
//!
//! Not here: what a model computes (`engine`), where the vocabulary is stored (`gguf`; the caller hands
//! it in as plain data), pictures' pixels (only the places that they take in a prompt).
//!
//! Read in this order: `vocabulary`, `pieces` and `joining` (how text falls into tokens), `tokenizer`,
//! `decoder`, `turn`, `layout`, `picture`, `template` (instruction-tuned models), `base` (pre-trained
//! ones), `budget`, `json` (a `tokenizer.json` as a vocabulary), `error`.

mod base;
mod budget;
mod decoder;
mod error;
mod joining;
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
pub use picture::{Crop, PanAndScan, TOKENS_PER_VIEW, crops};
pub use template::chat;
pub use tokenizer::Tokenizer;
pub use turn::{Part, Role, Turn};
pub use vocabulary::{TokenKind, Vocabulary};
