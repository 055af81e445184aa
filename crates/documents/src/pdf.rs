//! PDF: pages of glyphs at positions, made into lines, columns, paragraphs and reading order.
//!
//! `hayro-interpret` says what glyph stands where and which characters it is. It forbids unsafe code, reads
//! damaged and encrypted files, and draws pages as well, which the document pane will need: of 981 files made
//! to break readers, none made it panic. `pdf-extract` gives text without places, and panicked on 9 of 250 of
//! them; `lopdf` knows no fonts, so no characters; `pdf_oxide` brings an order of its own, with much that is
//! not needed here. Figures: `docs/benchmarks/2026-11-23-reading-documents.md`.
//!
//! From it to text, each step a file: `glyphs` (a page's glyphs in its direction of writing), `rows` (glyphs
//! to words on base lines), `columns` (reading order), `script` (right-to-left text, ligatures), `repeated`
//! (headers and footers), `paragraphs` (lines to paragraphs, hyphens). Beside them: `labels` (page numbers),
//! `contents` (the outline), `inflation` (bombs).

mod columns;
mod contents;
mod glyphs;
mod inflation;
pub mod labels;
mod paragraphs;
mod repeated;
mod rows;
mod script;

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_interpret::InterpreterCache;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf, PdfData};

use crate::{Document, Error, Kind, Place, Section};
use columns::Line;

const FORMAT: &str = "PDF";
/// Pages that are read from one opening of the file. What the library remembers of them (streams, fonts)
/// is let go with it.
const STRETCH_PAGES: usize = 512;
/// More than any book; a file that says so is made to be a burden.
const MOST_PAGES: usize = 100_000;
/// Of the letters of a page, the share that must be known; else its text is no use, and eyes are better.
const KNOWN_SHARE: f32 = 0.5;

/// A page before it is text.
#[derive(Debug, Default)]
struct Page {
    /// In reading order.
    lines: Vec<Line>,
    /// So many of them, from the first, are written in the main direction of the page.
    upright: usize,
    /// Lines that stand here only because they stand on many pages.
    repeated: Vec<String>,
    /// From top to bottom, in points.
    height: f32,
    is_scan: bool,
}

impl Page {
    /// What was set aside becomes the text.
    fn put_back(&mut self) {
        let lines = std::mem::take(&mut self.repeated).into_iter();
        let lines = lines.map(|text| Line {
            text,
            is_row: true,
            ..Line::default()
        });
        self.lines = lines.collect();
    }
}

pub fn read(
    bytes: &[u8],
    go_on: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Option<Document>, Error> {
    inflation::check(bytes)?;
    let data = PdfData::from(bytes.to_vec());
    let pdf = open(&data)?;
    let all = pdf.pages().len();
    if all == 0 {
        return Err(Error::NothingInIt { format: FORMAT });
    }
    if all > MOST_PAGES {
        return Err(Error::damaged(
            FORMAT,
            format!("it says that it has {all} pages"),
        ));
    }
    let labels = labels::labels(&pdf);
    let place = |index: usize| Place::Page {
        index: index as u32,
        label: labels[index].clone(),
    };
    let outline = contents::outline(&pdf, &place);
    let (title, language) = contents::title_and_language(&pdf);
    drop(pdf);

    let mut pages = Vec::with_capacity(all);
    while pages.len() < all {
        let pdf = open(&data)?;
        let stretch = pages.len()..(pages.len() + STRETCH_PAGES).min(all);
        let mut cache = InterpreterCache::new();
        for index in stretch {
            if !go_on(index, all) {
                return Ok(None);
            }
            let page = guarded(|| page(&pdf, index, &cache));
            if page.is_none() {
                cache = InterpreterCache::new(); // what was half made may be in it
            }
            pages.push(page.unwrap_or_default());
        }
    }
    let is_empty = |page: &Page| page.lines.is_empty() && !page.is_scan;
    if pages.iter().all(is_empty) && memchr::memmem::find(bytes, b"%%EOF").is_none() {
        return Err(Error::damaged(FORMAT, "its end is missing".into()));
    }
    repeated::set_aside(&mut pages);
    if pages.iter().all(|page| page.lines.is_empty()) {
        pages.iter_mut().for_each(Page::put_back); // a form, or a row of slides, and nothing else
    }
    let texts = paragraphs::texts(&pages);
    let sections = pages.into_iter().zip(texts).enumerate();
    let sections = sections.map(|(index, (page, text))| Section {
        place: place(index),
        text,
        repeated: page.repeated,
        is_scan: page.is_scan,
    });
    let sections = sections.collect();
    if !go_on(all, all) {
        return Ok(None);
    }
    Ok(Some(Document {
        title,
        language,
        kind: Kind::Pdf,
        sections,
        outline,
    }))
}

fn open(data: &PdfData) -> Result<Pdf, Error> {
    let opened = guarded(|| Pdf::new(data.clone()));
    let opened = opened.unwrap_or(Err(LoadPdfError::Invalid));
    opened.map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            Error::Encrypted { format: FORMAT }
        }
        LoadPdfError::Decryption(_) => {
            Error::damaged(FORMAT, "its encryption is of no known kind".into())
        }
        LoadPdfError::Invalid => Error::damaged(FORMAT, "no page can be found in it".into()),
    })
}

/// A slip of the library on a damaged page costs that page, not the book.
fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}

fn page<'a>(pdf: &'a Pdf, index: usize, cache: &InterpreterCache<'a>) -> Page {
    let seen = glyphs::see(&pdf.pages()[index], pdf, cache);
    let letters = seen.ways.iter().flatten();
    let (mut all, mut known) = (0u32, 0u32);
    for glyph in letters.filter(|glyph| !glyph.text.trim().is_empty()) {
        all += 1;
        known += u32::from(!glyph.text.contains(script::UNKNOWN));
    }
    let is_known = all > 0 && known as f32 >= KNOWN_SHARE * all as f32;
    let mut page = Page {
        height: seen.height,
        is_scan: !is_known && (seen.has_picture || all > 0),
        ..Page::default()
    };
    if !is_known {
        return page;
    }
    for (at, way) in seen.ways.into_iter().enumerate() {
        let (aside, text): (Vec<_>, Vec<_>) =
            way.into_iter().partition(|glyph| glyph.is_pagination);
        page.lines.extend(columns::in_order(rows::rows(text)));
        if at == 0 {
            page.upright = page.lines.len();
        }
        let aside = columns::in_order(rows::rows(aside)).into_iter();
        page.repeated.extend(aside.map(|line| line.text));
    }
    page
}
