//! Plain text, as it is written: stretches of lines, each known by its first.

use crate::{Document, Kind, Place, Section};

/// A stretch ends at an empty line after so many,
const FEW_LINES: u32 = 20;
/// and here if there is none.
const MOST_LINES: u32 = 40;

pub fn read(text: &str) -> Option<Document> {
    let mut sections = Vec::new();
    let (mut stretch, mut first, mut number) = (String::new(), 1, 0);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text
        .replace("\r\n", "\n")
        .replace(['\r', '\u{85}', '\u{2028}'], "\n");
    for line in text.split('\n') {
        number += 1;
        stretch += line.trim_end();
        stretch.push('\n');
        let lines = number - first + 1;
        if lines >= MOST_LINES || lines >= FEW_LINES && line.trim().is_empty() {
            push(&mut sections, first, &stretch);
            stretch.clear();
            first = number + 1;
        }
    }
    push(&mut sections, first, &stretch);
    Some(Document {
        title: None,
        language: None,
        kind: Kind::Text,
        sections,
        outline: Vec::new(),
    })
}

fn push(sections: &mut Vec<Section>, first: u32, stretch: &str) {
    // Empty lines before the first word would make its place wrong.
    let lines = stretch.split('\n');
    let empty = lines.take_while(|line| line.is_empty()).count() as u32;
    let text = stretch.trim_matches('\n');
    if !text.is_empty() {
        sections.push(Section {
            place: Place::Line {
                first: first + empty,
            },
            text: text.to_owned(),
            repeated: Vec::new(),
            is_scan: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_where_its_section_says() {
        let written: Vec<String> = (1..=100).map(|n| format!("line {n}")).collect();
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("{end}{end}{}", written.join(end));
            let document = read(&text).expect("a document");
            assert!(document.sections.len() > 2);
            for section in &document.sections {
                let line: u32 = section.text[5..7].trim().parse().expect("a number");
                assert_eq!(section.place, Place::Line { first: line + 2 });
            }
            let all: Vec<_> = document.sections.into_iter().map(|s| s.text).collect();
            assert_eq!(all.join("\n"), written.join("\n"));
        }
    }
}
