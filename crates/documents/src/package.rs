//! A ZIP archive of parts: what EPUB and DOCX are.
//!
//! Parts are inflated one at a time, each to no more than a multiple of what it takes in the file, so that
//! a bomb is an error and not a memory full of zeros.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use roxmltree::ParsingOptions;
use zip::ZipArchive;

use crate::encoding;
use crate::error::Error;

/// What a part may become: XML of a hundred times its size does occur (long tables), a thousand is what
/// nothing but zeros give.
const MOST_RATIO: u64 = 256;
/// What a part may become however small it is.
const SMALL_BYTES: u64 = 1 << 20;
/// What a part may become at most: the longest novels are 6 MB.
const MOST_BYTES: u64 = 64 << 20;
/// What all parts that are read may become together.
const MOST_BYTES_TOGETHER: u64 = 512 << 20;
/// XML nodes are tens of bytes each in memory, whatever they are in the file.
const MOST_NODES: u32 = 4 << 20;

pub struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Where each part is, by its name in lower case: some producers are careless about case.
    by_name: HashMap<String, usize>,
    format: &'static str,
    left_bytes: u64,
}

impl<'a> Package<'a> {
    pub fn open(bytes: &'a [u8], format: &'static str) -> Result<Self, Error> {
        let archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| Error::damaged(format, error.to_string()))?;
        let names = archive.file_names().enumerate();
        let names = names.filter_map(|(at, name)| Some((at, name.ok()?)));
        let by_name = names.map(|(at, name)| (key(&name), at));
        let by_name = by_name.collect();
        Ok(Self {
            archive,
            by_name,
            format,
            left_bytes: MOST_BYTES_TOGETHER,
        })
    }

    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(&key(name))
    }

    /// The part called `name`; none if there is none.
    pub fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(at) = self.by_name.get(&key(name)) else {
            return Ok(None);
        };
        let failed = |why: String| Error::damaged(self.format, format!("{name}: {why}"));
        let part = self.archive.by_index(*at);
        let mut part = match part {
            Err(zip::result::ZipError::UnsupportedArchive(why))
                if why == zip::result::ZipError::PASSWORD_REQUIRED =>
            {
                return Err(Error::Encrypted {
                    format: self.format,
                });
            }
            part => part.map_err(|error| failed(error.to_string()))?,
        };
        let most = (part.compressed_size().saturating_mul(MOST_RATIO)).max(SMALL_BYTES);
        let most = most.min(MOST_BYTES).min(self.left_bytes);
        let mut bytes = Vec::new();
        let read = part.by_ref().take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| failed(error.to_string()))?;
        if bytes.len() as u64 > most {
            return Err(Error::TooMuch {
                format: self.format,
                most_megabytes: most >> 20,
            });
        }
        self.left_bytes -= bytes.len() as u64;
        Ok(Some(bytes))
    }

    /// The text of the part called `name`; an error if there is none.
    pub fn needed_text(&mut self, name: &str) -> Result<String, Error> {
        let format = self.format;
        self.text(name)?
            .ok_or_else(|| Error::damaged(format, format!("{name} is missing")))
    }

    /// The text of the part called `name`; none if there is none.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        let Some(bytes) = self.part(name)? else {
            return Ok(None);
        };
        let text = encoding::decode(&bytes, declared(&bytes));
        text.map(Some)
            .ok_or_else(|| Error::damaged(self.format, format!("{name} is no text")))
    }

    /// The tree of an XML part's text.
    pub fn tree<'t>(&self, name: &str, text: &'t str) -> Result<roxmltree::Document<'t>, Error> {
        let options = ParsingOptions {
            allow_dtd: true, // NCX files have one; entities are bounded by roxmltree
            nodes_limit: MOST_NODES,
            ..ParsingOptions::default()
        };
        roxmltree::Document::parse_with_options(text, options)
            .map_err(|error| Error::damaged(self.format, format!("{name}: {error}")))
    }
}

fn key(name: &str) -> String {
    name.trim_start_matches('/').to_lowercase()
}

/// What `<?xml encoding="…"?>` says.
fn declared(bytes: &[u8]) -> Option<&str> {
    let start = &bytes[..bytes.len().min(200)];
    let from = start.windows(9).position(|word| word == b"encoding=")? + 9;
    let quote = start.get(from).filter(|c| matches!(c, b'"' | b'\''))?;
    let label = start[from + 1..].split(|c| c == quote).next()?;
    std::str::from_utf8(label).ok()
}
