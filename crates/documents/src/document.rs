//! A document as it comes out: its text in reading order, in sections that know their places.

use std::fmt;

use crate::kind::{self, Content, Kind};
use crate::{Error, docx, epub, html, markdown, pdf, plain};

/// The text of a file, with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it calls itself.
    pub title: Option<String>,
    /// The language it says it is in: "en", "pt-BR".
    pub language: Option<String>,
    /// What the file is.
    pub kind: Kind,
    /// Its text in reading order.
    pub sections: Vec<Section>,
    /// Its headings, as it lists them itself or as they stand in the text.
    pub outline: Vec<OutlineItem>,
}

/// A page of a PDF, a run of paragraphs of a chapter, or a stretch of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Where it begins.
    pub place: Place,
    /// Paragraphs with an empty line between them; of plain text and Markdown, what is written.
    pub text: String,
    /// What stands on this page only because it stands on many: headers, footers, page numbers.
    pub repeated: Vec<String>,
    /// The page is a picture, or its letters cannot be known: eyes have to read it.
    pub is_scan: bool,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineItem {
    /// What it says.
    pub title: String,
    /// 1 for the highest.
    pub level: u32,
    /// Where it leads.
    pub place: Place,
}

/// A place in a document, as people point to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A page.
    Page {
        /// From 0, in the order of the file.
        index: u32,
        /// What is printed on it: "xii". Without labels in the file, `index + 1`.
        label: String,
    },
    /// A paragraph of a chapter.
    Chapter {
        /// From 1.
        chapter: u32,
        /// Its heading, if there is one.
        title: Option<String>,
        /// From 1 in each chapter, its heading included.
        paragraph: u32,
    },
    /// A line of a text.
    Line {
        /// From 1.
        first: u32,
    },
}

/// "p. xii", "ch. 3 ¶ 12", "line 210": short enough to stand in the text as a mark.
impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Page { label, .. } => write!(out, "p. {label}"),
            Self::Chapter {
                chapter, paragraph, ..
            } => write!(out, "ch. {chapter} ¶ {paragraph}"),
            Self::Line { first } => write!(out, "line {first}"),
        }
    }
}

/// Reads a document of any kind; `name` is its file's, for what its content leaves open.
///
/// `on_progress` is told how many pages (chapters, where there are none) are done of how many, and
/// answers whether to go on; none is returned when it did not.
pub fn read(
    bytes: &[u8],
    name: &str,
    mut on_progress: impl FnMut(usize, usize) -> bool,
) -> Result<Option<Document>, Error> {
    let mut go_on = |done, all| on_progress(done, all);
    let document = match kind::look(bytes, name)? {
        Content::Pdf => pdf::read(bytes, &mut go_on)?,
        Content::Epub => epub::read(bytes, &mut go_on)?,
        Content::Docx => docx::read(bytes)?,
        Content::Html(text) => html::read(&text),
        Content::Markdown(text) => markdown::read(&text),
        Content::Text(text) => plain::read(&text),
    };
    let is_empty = |section: &Section| !section.is_scan && section.text.trim().is_empty();
    match document {
        Some(document) if document.sections.iter().all(is_empty) => Err(Error::NothingInIt {
            format: document.kind.name(),
        }),
        document => Ok(document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(place: Place, expected: &str) {
        assert_eq!(place.to_string(), expected);
    }

    #[test]
    fn places_are_said_briefly() {
        let label = "xii".to_owned();
        check(Place::Page { index: 11, label }, "p. xii");
        let title = None;
        check(
            Place::Chapter {
                chapter: 3,
                title,
                paragraph: 12,
            },
            "ch. 3 ¶ 12",
        );
        check(Place::Line { first: 210 }, "line 210");
    }
}
