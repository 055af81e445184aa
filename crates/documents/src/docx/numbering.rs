//! What stands before the items of a list: "3. ", "b) ", or a dash for whatever is drawn.

use std::collections::HashMap;

use roxmltree::Node;

use super::{is, value};

const MOST_LEVELS: usize = 9; // of Word itself

/// The lists of a document, and how far each has come.
#[derive(Default)]
pub struct Numbering {
    /// What a `numId` is, by its level.
    levels: HashMap<(String, usize), Level>,
    /// The list and the level that a style brings.
    by_style: HashMap<String, (String, usize)>,
    counts: HashMap<String, [u32; MOST_LEVELS]>,
}

#[derive(Clone)]
struct Level {
    format: String,
    /// "%1.%2)".
    pattern: String,
    start: u32,
}

impl Numbering {
    pub fn read(root: Node) -> Self {
        let mut numbering = Self::default();
        let abstracts = root.children().flat_map(|node| node.children());
        let abstracts = abstracts.filter(|node| is(node, "abstractNum"));
        let abstracts: HashMap<&str, Node> = abstracts
            .map(|node| (value(node, "abstractNumId"), node))
            .collect();
        for node in root.descendants().filter(|node| is(node, "num")) {
            let id = value(node, "numId");
            let kind = node.children().find(|child| is(child, "abstractNumId"));
            let Some(kind) = kind.and_then(|kind| abstracts.get(value(kind, "val"))) else {
                continue;
            };
            for level in kind.children().filter(|child| is(child, "lvl")) {
                let child = |name: &str| {
                    let found = level.children().find(|child| is(child, name));
                    found.map_or("", |node| value(node, "val"))
                };
                let at = value(level, "ilvl").parse().unwrap_or(0);
                if at >= MOST_LEVELS {
                    continue;
                }
                let style = child("pStyle");
                if !style.is_empty() {
                    let list = (id.to_owned(), at);
                    numbering.by_style.entry(style.to_owned()).or_insert(list);
                }
                let read = Level {
                    format: child("numFmt").to_owned(),
                    pattern: child("lvlText").to_owned(),
                    start: child("start").parse().unwrap_or(1),
                };
                numbering.levels.insert((id.to_owned(), at), read);
            }
        }
        numbering
    }

    /// What stands before the next item of a list; none if it is in none.
    pub fn next(
        &mut self,
        list: Option<String>,
        level: Option<String>,
        style: &str,
    ) -> Option<String> {
        let level = level.and_then(|level| level.parse().ok());
        let (list, level) = match list {
            Some(list) => (list, level.unwrap_or(0)),
            None => self.by_style.get(style).cloned()?,
        };
        if list == "0" || level >= MOST_LEVELS {
            return None; // "0" takes a paragraph out of its style's list
        }
        let indent = "  ".repeat(level);
        let Some(read) = self.levels.get(&(list.clone(), level)).cloned() else {
            return Some(format!("{indent}- "));
        };
        let counts = self.counts.entry(list.clone()).or_default();
        counts[level] = match counts[level] {
            0 => read.start,
            count => count.saturating_add(1),
        };
        counts[level + 1..].fill(0);
        let counts = *counts;
        if matches!(read.format.as_str(), "bullet" | "none" | "") {
            return Some(format!("{indent}- "));
        }
        let mut text = read.pattern;
        for (at, count) in counts.iter().enumerate().take(level + 1) {
            let format = self.levels.get(&(list.clone(), at));
            let format = format.map_or("decimal", |level| level.format.as_str());
            text = text.replace(&format!("%{}", at + 1), &written(*count, format));
        }
        Some(format!("{indent}{text} "))
    }
}

fn written(count: u32, format: &str) -> String {
    let letter = |first: u8| {
        let letter = char::from(first + (count.saturating_sub(1) % 26) as u8);
        letter
            .to_string()
            .repeat((count.saturating_sub(1) / 26 + 1).min(8) as usize)
    };
    match format {
        "lowerLetter" => letter(b'a'),
        "upperLetter" => letter(b'A'),
        "lowerRoman" => crate::pdf::labels::roman(count).to_lowercase(),
        "upperRoman" => crate::pdf::labels::roman(count),
        _ => count.to_string(),
    }
}
