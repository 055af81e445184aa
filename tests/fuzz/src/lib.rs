//! Files from outside, read as the product reads them: whatever is in them, an answer, within bounds.
//!
//! One [`Target`] for each kind of file. Two run them: libFuzzer, which makes files up (`./dev fuzz`), and
//! `tests/replay.rs`, which goes through `corpus/`: whole files to begin with, and every file that was ever answered
//! wrongly, named for what it shows.
//!
//! What is checked of every file: no panic; an error names the file; and no more memory than a small multiple of the
//! file's size. Time is bounded by whoever runs the target.
//!
//! Not here: whether what a sound file says is understood right. That is for the tests of the crates.

mod document;
mod folder;
mod hub;
mod model;
mod notes;
mod picture;
mod tokenizer;

use peak_alloc::PeakAlloc;

/// Counts what is allocated. From elsewhere, because an allocator of our own would be unsafe code.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A kind of file, and what is done with one.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What its corpus and its program are called.
    pub name: &'static str,
    /// Whether the file is whole, and was used.
    read: fn(&[u8]) -> bool,
    /// What may be allocated at once while a file of so many bytes is read.
    most_bytes: fn(usize) -> usize,
}

/// A GGUF file: its head, its vocabulary aside; then opened as a model and as the picture tower beside one, every
/// tensor read and computed with.
pub const GGUF: Target = Target {
    name: "gguf",
    read: model::read,
    most_bytes: |len| (8 << 20) + 64 * len,
};

/// A safetensors file as the weights of a folder.
pub const SAFETENSORS: Target = Target {
    name: "safetensors",
    read: folder::read_weights,
    most_bytes: |len| (8 << 20) + 64 * len,
};

/// The `config.json` of a folder.
pub const CONFIG: Target = Target {
    name: "config",
    read: folder::read_config,
    most_bytes: |len| (8 << 20) + 64 * len,
};

/// A `tokenizer.json`, or the vocabulary in a GGUF file, and words in it.
pub const TOKENIZER: Target = Target {
    name: "tokenizer",
    read: tokenizer::read,
    most_bytes: |len| (8 << 20) + 128 * len,
};

/// A picture, as the model and as people are shown it, and in pieces.
pub const PICTURE: Target = Target {
    name: "picture",
    read: picture::read,
    most_bytes: picture::most_bytes,
};

/// What a hub answers, an order, a report, or where a model came from.
pub const HUB: Target = Target {
    name: "hub",
    read: hub::read,
    most_bytes: |len| (8 << 20) + 64 * len,
};

/// What says where models are: links, manifests, pointers, journals, origins.
pub const NOTES: Target = Target {
    name: "notes",
    read: notes::read,
    most_bytes: |len| (8 << 20) + 64 * len,
};

/// A PDF. A stream in it may inflate to a quarter of a gigabyte, as `documents` says.
pub const PDF: Target = Target {
    name: "pdf",
    read: document::read_pdf,
    most_bytes: |len| (1 << 30) + 64 * len,
};

/// An EPUB or DOCX file. A part of it may become 256 times as long, and its XML some ten times that.
pub const ARCHIVE: Target = Target {
    name: "archive",
    read: document::read_archive,
    most_bytes: |len| (64 << 20) + 4096 * len,
};

/// HTML, Markdown and plain text, of any encoding.
pub const TEXT: Target = Target {
    name: "text",
    read: document::read_text,
    most_bytes: |len| (8 << 20) + 128 * len,
};

/// All of them.
pub const TARGETS: [Target; 10] = [
    GGUF,
    SAFETENSORS,
    CONFIG,
    TOKENIZER,
    PICTURE,
    HUB,
    NOTES,
    PDF,
    ARCHIVE,
    TEXT,
];

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Whether it was whole, and used; else it was refused.
    pub is_whole: bool,
    /// The most memory that was taken at once.
    pub bytes: usize,
}

impl Target {
    /// Reads `file`.
    ///
    /// # Panics
    /// When the file is not answered as it should be. Nothing else may allocate meanwhile: it would be counted.
    pub fn check(&self, file: &[u8]) -> Answer {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let is_whole = (self.read)(file);
        let bytes = MEMORY.peak_usage() - before;
        let (name, len, most) = (self.name, file.len(), (self.most_bytes)(file.len()));
        assert!(
            bytes <= most,
            "{name}: {bytes} bytes were taken at once for a file of {len}, expected at most {most}"
        );
        Answer { is_whole, bytes }
    }
}

/// Fails unless `error`, or what it says caused it, names the file at `path`, or one in that folder.
fn check_names_file(error: &dyn std::error::Error, path: &std::path::Path) {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(source) = cause {
        text += &format!(": {source}");
        cause = source.source();
    }
    assert!(
        text.contains(&*path.to_string_lossy()),
        "the error names no file: {text}"
    );
}
