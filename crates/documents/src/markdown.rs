//! Markdown, as it is written: the parser only says where blocks begin and end.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::chapters::Chapters;
use crate::{Document, Kind};

pub fn read(text: &str) -> Option<Document> {
    let mut chapters = Chapters::default();
    let mut title = None;
    let (mut depth, mut heading, mut said) = (0u32, None, String::new());
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if let (0, Tag::Heading { level, .. }) = (depth, &tag) {
                    (heading, said) = (Some(*level), String::new());
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                match (depth, tag, heading.take()) {
                    (0, TagEnd::Heading(_), Some(level)) => {
                        title = title.or((level == HeadingLevel::H1).then(|| said.clone()));
                        begin(&mut chapters, level as u32, &said, &text[range]);
                    }
                    (0, ..) => chapters.paragraph(&text[range]),
                    (.., level) => heading = level,
                }
            }
            Event::Text(part) | Event::Code(part) if heading.is_some() => said += &part,
            Event::SoftBreak | Event::HardBreak if heading.is_some() => said.push(' '),
            // A rule, or HTML outside of any block.
            _ if depth == 0 => chapters.paragraph(&text[range]),
            _ => {}
        }
    }
    Some(chapters.document(Kind::Markdown, title, None))
}

/// A heading: its mark stays in the text and out of the outline.
fn begin(chapters: &mut Chapters, level: u32, said: &str, written: &str) {
    if level <= 2 && !said.is_empty() {
        chapters.chapter(Some(said));
    }
    chapters.paragraph(written);
    chapters.listed(level, said);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_stay_as_written_and_know_their_places() {
        let text = "Before.\n\n# One *two*\n\nA\nb.\n\n```\nc\n\nd\n```\n\n## Three\n\n- e\n\n- f\n\n| g |\n|---|\n| h |\n";
        let document = read(text).expect("a document");
        let sections = document.sections.iter();
        let sections: Vec<_> = sections
            .map(|s| (s.place.to_string(), s.text.as_str()))
            .collect();
        let expected = [
            ("ch. 1 ¶ 1", "Before."),
            ("ch. 2 ¶ 1", "# One *two*\n\nA\nb.\n\n```\nc\n\nd\n```"),
            ("ch. 3 ¶ 1", "## Three\n\n- e\n\n- f\n\n| g |\n|---|\n| h |"),
        ];
        let expected = expected.map(|(place, text)| (place.to_owned(), text));
        assert_eq!(sections, expected);
        assert_eq!(document.title.as_deref(), Some("One two"));
        let outline = document.outline.iter();
        let outline: Vec<_> = outline.map(|i| (i.level, i.title.as_str())).collect();
        assert_eq!(outline, [(1, "One two"), (2, "Three")]);
    }
}
