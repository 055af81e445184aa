//! Bytes in, text with places out: every passage knows its page or chapter.
//!
//! What it will read: PDF, EPUB, DOCX, HTML, Markdown and plain text, and pictures.
//! It never opens a path, never touches the network and never knows the store: it is given
//! bytes, because bytes from outside are untrusted and may have to be read in a child process.
//!
//! Nothing of it is built yet; chat with plain text needs none of it.
