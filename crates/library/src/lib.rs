//! Everything a person said and was told, in one SQLite file.
//!
//! ```
//! # let home = tempfile::tempdir().expect("a folder for the example");
//! # let path = home.path().join("library.sqlite");
//! use library::Library;
//!
//! let library = Library::open(&path)?;
//! let conversation = library.new_conversation(1_700_000_000_000)?;
//! library.add_question(conversation.id, "What is a lectern?", 1_700_000_001_000)?;
//!
//! let mut answer = library.begin_answer(conversation.id, 1_700_000_002_000)?;
//! answer.append("It holds the book ", 1_700_000_002_100)?; // kept at once or within a second
//! drop(answer); // as if the process had died: what was said stays, marked cut short
//!
//! let messages = library.messages(conversation.id)?;
//! assert_eq!(messages[1].text, "It holds the book ");
//! assert!(messages[1].cut_short);
//! # Ok::<(), library::Error>(())
//! ```
//!
//! SQL appears in this crate and nowhere else; nothing here knows models, windows or clocks: every
//! time is an argument, in Unix milliseconds.
//!
//! Not here yet: search. Its index can be built over what is kept whenever its step comes, and
//! until then an answer that is written once a second would be re-indexed once a second.
//!
//! Read in this order: `store` (how the file is held), `migrations` (what is in it),
//! `conversation`, `message`, `answer` (what a crash leaves), `picture`, `draft`, `setting`, `model_use`, `error`.

mod answer;
mod conversation;
mod draft;
mod error;
mod message;
mod migrations;
mod model_use;
mod picture;
mod setting;
mod store;

pub use answer::Answer;
pub use conversation::{Conversation, ConversationId};
pub use draft::Draft;
pub use error::Error;
pub use message::{Figures, Message, MessageId, Role};
pub use picture::{NewPicture, Picture, PictureId, Shown};
pub use store::Library;
