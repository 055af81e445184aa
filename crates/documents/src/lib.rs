//! Bytes in, what they show out: pictures as upright pixels, documents as text with its places.
//!
//! ```
//! use documents::{Picture, Place};
//!
//! # let file = include_bytes!("../../../tests/golden/tiny-mm/landscape.png");
//! let picture = Picture::decode(file)?;
//! assert_eq!((picture.width(), picture.height()), (1280, 720));
//! let pixels = picture.pixels(None); // as the vision tower takes them
//! assert_eq!(pixels.len(), 3 * 896 * 896);
//!
//! let file = b"# Loomings\n\nCall me Ishmael.";
//! let book = documents::read(file, "moby-dick.md", |_done, _all| true)?.expect("nobody stopped it");
//! assert_eq!(book.title.as_deref(), Some("Loomings"));
//! assert_eq!(book.sections[0].place.to_string(), "ch. 1 ¶ 1");
//! # Ok::<(), documents::Error>(())
//! ```
//!
//! It never opens a path, never touches the network and never knows the store: it is given bytes, because
//! bytes from outside are untrusted and may have to be read in a child process.
//!
//! What reads what, and why these:
//! - PDF: `hayro-interpret`. See `pdf` for what it was compared with; what makes lines, columns and
//!   paragraphs of its glyphs is ours.
//! - EPUB and DOCX: `zip` and `roxmltree`. The EPUB crates are GPL (`epub`) or build a model of the book
//!   that we do not need (`rbook`); DOCX crates write documents, or lose their notes and lists.
//! - HTML, also in EPUB: the tokenizer of `html5ever`, without its tree: text needs none, and a
//!   tokenizer's memory does not grow with nesting.
//! - Markdown: `pulldown-cmark`, for where its blocks begin and end.
//! - Encodings: `chardetng` and `encoding_rs`, Firefox's.
//!
//! Read in this order: `document` (what comes out), `pdf` and what is in it, `html`, `epub`, `docx`,
//! `markdown`, `plain`, `chapters`; below them `package`, `encoding`; then `picture` and `error`.

mod chapters;
mod document;
mod docx;
mod encoding;
mod epub;
mod error;
mod html;
mod kind;
mod markdown;
mod package;
mod pdf;
mod picture;
mod plain;

pub use document::{Document, OutlineItem, Place, Section, read};
pub use error::Error;
pub use kind::Kind;
pub use picture::{Area, MOST_BYTES, Picture, SIDE};
