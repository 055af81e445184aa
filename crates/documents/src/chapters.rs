//! Chapters and paragraphs from a run of blocks: what HTML, EPUB, DOCX and Markdown have in common.

use crate::{Document, Kind, OutlineItem, Place, Section};

/// A section ends with the paragraph that reaches so many bytes: about a page.
const RUN_BYTES: usize = 1500;
/// Headings above this level begin a chapter.
const LOWEST_CHAPTER: u32 = 2;

/// Blocks are put in, a document comes out.
#[derive(Default)]
pub struct Chapters {
    sections: Vec<Section>,
    outline: Vec<OutlineItem>,
    chapter: u32,
    title: Option<String>,
    paragraph: u32,
    /// The section that is being filled, and its first paragraph.
    run: String,
    run_first: u32,
}

impl Chapters {
    /// A heading in the text. It begins a chapter if it is high enough.
    pub fn heading(&mut self, level: u32, text: &str) {
        // The head of a chapter may have a subtitle, which begins none of its own.
        let is_first = self.paragraph > 0 || self.chapter == 0;
        if level <= LOWEST_CHAPTER && is_first && !text.is_empty() {
            self.chapter(Some(text));
        }
        self.paragraph(text);
        self.listed(level, text);
    }

    /// Begins a chapter, whatever its first words are.
    pub fn chapter(&mut self, title: Option<&str>) {
        self.end_run();
        self.chapter += 1;
        self.title = title.map(str::to_owned);
        self.paragraph = 0;
    }

    /// A heading of the outline, at the last paragraph.
    pub fn listed(&mut self, level: u32, title: &str) {
        let place = self.place(self.paragraph.max(1));
        self.outline.push(OutlineItem {
            title: title.split_whitespace().collect::<Vec<_>>().join(" "),
            level,
            place,
        });
    }

    pub fn paragraph(&mut self, text: &str) {
        let text = text.trim_matches('\n').trim_end();
        if text.trim().is_empty() {
            return;
        }
        if self.chapter == 0 {
            self.chapter(None);
        }
        self.paragraph += 1;
        if self.run.is_empty() {
            self.run_first = self.paragraph;
        } else {
            self.run += "\n\n";
        }
        self.run += text;
        if self.run.len() >= RUN_BYTES {
            self.end_run();
        }
    }

    pub fn document(
        mut self,
        kind: Kind,
        title: Option<String>,
        language: Option<String>,
    ) -> Document {
        self.end_run();
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Document {
            title: said(title),
            language: said(language),
            kind,
            sections: self.sections,
            outline: self.outline,
        }
    }

    fn place(&self, paragraph: u32) -> Place {
        Place::Chapter {
            chapter: self.chapter.max(1),
            title: self.title.clone(),
            paragraph,
        }
    }

    fn end_run(&mut self) {
        if self.run.is_empty() {
            return;
        }
        self.sections.push(Section {
            place: self.place(self.run_first),
            text: std::mem::take(&mut self.run),
            repeated: Vec::new(),
            is_scan: false,
        });
    }
}
