//! What a file is, by its first bytes; its name is not asked.

use image::{ImageError, ImageFormat};

use crate::Error;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Png,
    Jpeg,
    WebP,
    Gif,
    Bmp,
    Tiff,
}

impl Kind {
    /// What `file` is, or what else it is.
    pub fn of(file: &[u8]) -> Result<Self, Error> {
        if file.is_empty() {
            return Err(Error::Empty);
        }
        match image::guess_format(file) {
            Ok(ImageFormat::Png) => Ok(Self::Png),
            Ok(ImageFormat::Jpeg) => Ok(Self::Jpeg),
            Ok(ImageFormat::WebP) => Ok(Self::WebP),
            Ok(ImageFormat::Gif) => Ok(Self::Gif),
            Ok(ImageFormat::Bmp) => Ok(Self::Bmp),
            Ok(ImageFormat::Tiff) => Ok(Self::Tiff),
            _ => Err(something_else(file)),
        }
    }

    pub fn format(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
            Self::WebP => ImageFormat::WebP,
            Self::Gif => ImageFormat::Gif,
            Self::Bmp => ImageFormat::Bmp,
            Self::Tiff => ImageFormat::Tiff,
        }
    }

    pub fn mime(self) -> &'static str {
        self.format().to_mime_type()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
        }
    }

    /// What a decoder's error means for the person.
    pub fn failed(self, source: ImageError) -> Error {
        let format = self.name();
        match source {
            ImageError::Unsupported(_) => Error::Unusual { format, source },
            source => Error::Damaged { format, source },
        }
    }

    /// Refuses a file that was cut off where its decoder would not notice: that of JPEG fills what is
    /// missing with grey, and the model would describe the grey; that of WebP does without the end, and
    /// a picture would lie on its side, or takes as much memory as a part of the file says it has.
    pub fn check_end(self, file: &[u8]) -> Result<(), Error> {
        let is_whole = match self {
            Self::Jpeg => {
                // In compressed data no marker follows 0xFF, so the last scan's beginning is the last 0xFFDA.
                let at = |marker: u8| file.windows(2).rposition(|pair| pair == [0xff, marker]);
                const START_OF_SCAN: u8 = 0xda;
                const END_OF_IMAGE: u8 = 0xd9;
                at(START_OF_SCAN) < at(END_OF_IMAGE)
            }
            Self::WebP => holds_its_chunks(file),
            _ => true,
        };
        match is_whole {
            true => Ok(()),
            false => Err(Error::Truncated {
                format: self.name(),
                found_bytes: file.len(),
            }),
        }
    }
}

/// Whether the chunks of a WebP file end where it does, or before: "RIFF", the length of what follows, "WEBP", and
/// each with its name, its length, and a byte more if that is odd.
fn holds_its_chunks(file: &[u8]) -> bool {
    let len_at = |at: usize| {
        let len = file.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*len) as usize)
    };
    let Some(end) = len_at(4)
        .map(|len| 8 + len)
        .filter(|end| *end <= file.len())
    else {
        return false;
    };
    let mut at = 12;
    while at + 8 <= end {
        let Some(len) = len_at(at + 4).filter(|len| *len <= end - at - 8) else {
            return false;
        };
        at += 8 + len + len % 2;
    }
    true
}

/// Names what people most often take for a picture that can be read.
fn something_else(file: &[u8]) -> Error {
    // ISO media files: a length, "ftyp", and a brand.
    let brand = file.get(4..8).filter(|word| *word == b"ftyp");
    let brand = brand.and_then(|_| file.get(8..12)).unwrap_or_default();
    match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
            return Error::NoDecoder { format: "HEIC" };
        }
        b"avif" | b"avis" => return Error::NoDecoder { format: "AVIF" },
        _ => {}
    }
    if file.starts_with(&[0xff, 0x0a]) || file.starts_with(b"\0\0\0\x0cJXL ") {
        return Error::NoDecoder { format: "JPEG XL" };
    }
    let beginning = &file[..file.len().min(1024)];
    let says = |word: &[u8]| beginning.windows(word.len()).any(|window| window == word);
    if says(b"<svg") {
        return Error::NoDecoder { format: "SVG" };
    }
    Error::NotAPicture {
        found: match () {
            () if file.starts_with(b"%PDF") => "a PDF document",
            () if file.starts_with(b"PK\x03\x04") => "an archive or a document",
            () if brand.len() == 4 => "a film",
            () if std::str::from_utf8(beginning).is_ok_and(|text| !text.contains('\0')) => "text",
            () => "a file of an unknown kind",
        },
    }
}
