//! A document, from its bytes to text with places; and a PDF, EPUB and DOCX of their own, whose files have to begin
//! as such a file does for much to be read at all.

use documents::{Document, Kind, Place};

/// Stretched by what may be in a row without a place of its own.
const MOST_SECTIONS: usize = 1 << 20;

pub fn read_pdf(file: &[u8]) -> bool {
    read(file, "a.pdf", |kind| kind == Kind::Pdf)
}

pub fn read_archive(file: &[u8]) -> bool {
    read(file, "a.epub", |_| true) | read(file, "a.docx", |_| true)
}

pub fn read_text(file: &[u8]) -> bool {
    let is_read = ["a.html", "a.md", "a.txt"].map(|name| read(file, name, |_| true));
    is_read.contains(&true)
}

fn read(file: &[u8], name: &str, is_right: fn(Kind) -> bool) -> bool {
    let mut last = 0;
    let read = documents::read(file, name, |done, all| {
        assert!(last <= done && done <= all, "{done} of {all} after {last}");
        last = done;
        true
    });
    match read {
        Ok(document) => {
            let document = document.expect("nobody stopped it");
            check(&document);
            is_right(document.kind)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(error.hint().is_some(), "{error}");
            false
        }
    }
}

/// Places go forward, and something is there to be read.
fn check(document: &Document) {
    assert!(document.sections.len() <= MOST_SECTIONS);
    let mut last = None;
    for section in &document.sections {
        let at = match &section.place {
            Place::Page { index, label } => {
                assert!(!label.is_empty());
                (*index, 0)
            }
            Place::Chapter {
                chapter, paragraph, ..
            } => (*chapter, *paragraph),
            Place::Line { first } => (*first, 0),
        };
        assert!(last < Some(at), "{at:?} after {last:?}");
        last = Some(at);
    }
    let is_there = document.sections.iter();
    let mut is_there = is_there.map(|section| section.is_scan || !section.text.trim().is_empty());
    assert!(is_there.any(|there| there), "nothing is in it");
}
