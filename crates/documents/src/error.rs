//! What went wrong (`Display`) and what to do about it (`hint`).

use image::ImageError;

/// Why bytes could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing at all.
    #[error("the file is empty")]
    Empty,
    /// Something else than a picture, as far as its first bytes tell.
    #[error("this is {found}, not a picture in a format that Lectern reads")]
    NotAPicture {
        /// "a PDF document", "a file of an unknown kind".
        found: &'static str,
    },
    /// A picture of a format without a decoder here.
    #[error("{format} pictures cannot be read")]
    NoDecoder {
        /// "HEIC".
        format: &'static str,
    },
    /// More bytes than any picture of a size that is read.
    #[error("the picture's file has {found_bytes} bytes, and at most {most_bytes} are read")]
    TooManyBytes {
        /// How many it has.
        found_bytes: usize,
        /// How many are read.
        most_bytes: usize,
    },
    /// More pixels than are read, by what the file says before its pixels.
    #[error(
        "the picture has {width} × {height} pixels, and at most {most_megapixels} megapixels and \
         {most_side} pixels on a side are read"
    )]
    TooLarge {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// Millions of pixels that are read.
        most_megapixels: u32,
        /// Pixels along one side that are read.
        most_side: u32,
    },
    /// A rare variant of a format.
    #[error("this kind of {format} picture cannot be read")]
    Unusual {
        /// "TIFF".
        format: &'static str,
        /// What is unusual.
        source: ImageError,
    },
    /// The file ends early, or says one thing and holds another.
    #[error("the {format} picture is damaged")]
    Damaged {
        /// "PNG".
        format: &'static str,
        /// What was expected and what was found.
        source: ImageError,
    },
    /// The file ends before its picture does.
    #[error("the {format} picture is damaged: its file ends early, after {found_bytes} bytes")]
    Truncated {
        /// "JPEG".
        format: &'static str,
        /// How many there are.
        found_bytes: usize,
    },
    /// Something else than a document, as far as its content tells.
    #[error("this is {found}, not a document that Lectern reads")]
    NotADocument {
        /// "a spreadsheet", "a file of an unknown kind".
        found: &'static str,
    },
    /// It wants a password, or a shop's key.
    #[error("the {format} file is encrypted")]
    Encrypted {
        /// "PDF".
        format: &'static str,
    },
    /// The file ends early, or says one thing and holds another.
    #[error("the {format} file is damaged: {why}")]
    DamagedDocument {
        /// "EPUB".
        format: &'static str,
        /// What was expected and what was found.
        why: String,
    },
    /// A short file that becomes a very long one when it is read.
    #[error("the {format} file holds a part of more than {most_megabytes} MB, which no book has")]
    TooMuch {
        /// "DOCX".
        format: &'static str,
        /// Megabytes that are read.
        most_megabytes: u64,
    },
    /// A sound file without a word, a page or a picture.
    #[error("there is nothing to read in the {format} file")]
    NothingInIt {
        /// "PDF".
        format: &'static str,
    },
}

impl Error {
    pub(crate) fn damaged(format: &'static str, why: String) -> Self {
        Self::DamagedDocument { format, why }
    }

    /// What the person can do about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Empty => "fetch or copy the file again",
            Self::NotAPicture { .. } => "choose a PNG, JPEG, WebP, GIF, BMP or TIFF picture",
            Self::NoDecoder { format: "HEIC" } => {
                "save it as JPEG first: in Photos by File › Export, on an iPhone by Settings › Camera › \
                 Formats › Most Compatible"
            }
            Self::NoDecoder { .. } | Self::Unusual { .. } => "save it as PNG or JPEG first",
            Self::TooManyBytes { .. } | Self::TooLarge { .. } => {
                "make it smaller first, or crop it to what matters"
            }
            Self::Damaged { .. } | Self::Truncated { .. } => {
                "fetch or copy the file again; if other programs show it, save it as PNG there"
            }
            Self::NotADocument { .. } => {
                "choose a PDF, EPUB, DOCX, HTML, Markdown or text file, or save it as one of them first"
            }
            Self::Encrypted { format: "PDF" } => {
                "open it with its password in another program, and save or print it to a PDF without one"
            }
            Self::Encrypted { format: "DOCX" } => {
                "open it with its password in Word or LibreOffice, and save it without one"
            }
            Self::Encrypted { .. } => "choose a copy without copy protection",
            Self::DamagedDocument { .. } | Self::TooMuch { .. } => {
                "fetch or copy the file again; if other programs show it, save it anew there"
            }
            Self::NothingInIt { .. } => "look whether it is the right file",
        })
    }
}
