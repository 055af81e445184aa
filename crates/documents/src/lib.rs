//! Bytes in, what they show out: pictures as upright pixels, and (to come) text with its places.
//!
//! ```
//! use documents::Picture;
//!
//! # let file = include_bytes!("../../../tests/golden/tiny-mm/landscape.png");
//! let picture = Picture::decode(file)?;
//! assert_eq!((picture.width(), picture.height()), (1280, 720));
//! let pixels = picture.pixels(None); // as the vision tower takes them
//! assert_eq!(pixels.len(), 3 * 896 * 896);
//! # Ok::<(), documents::Error>(())
//! ```
//!
//! What it will read besides: PDF, EPUB, DOCX, HTML, Markdown and plain text, every passage with its page
//! or chapter. It never opens a path, never touches the network and never knows the store: it is given
//! bytes, because bytes from outside are untrusted and may have to be read in a child process.
//!
//! Read in this order: `picture` (what a file shows), `picture/colours`, `picture/stretch`, `error`.

mod error;
mod picture;

pub use error::Error;
pub use picture::{Area, MOST_BYTES, Picture, SIDE};
