//! DOCX: the paragraphs of `word/document.xml`, with headings, lists, tables as rows, and notes after the
//! paragraph that marks them.

mod numbering;

use std::collections::HashMap;

use roxmltree::Node;

use crate::chapters::Chapters;
use crate::package::Package;
use crate::{Document, Error, Kind};
use numbering::Numbering;

const FORMAT: &str = "DOCX";
const MAIN: &str = "word/document.xml";
/// Tables in tables in tables: what lies deeper is left out.
const MOST_NESTED: u32 = 32;
/// Styles that are based on styles.
const MOST_BASES: usize = 32;

pub fn read(bytes: &[u8]) -> Result<Option<Document>, Error> {
    let mut package = Package::open(bytes, FORMAT)?;
    let main = main_part(&mut package)?;
    let folder = main
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
        .to_owned();
    let part = |name: &str| format!("{folder}/{name}");
    let levels = read_tree(&mut package, &part("styles.xml"), levels)?.unwrap_or_default();
    let numbering = read_tree(&mut package, &part("numbering.xml"), Numbering::read)?;
    let mut notes = HashMap::new();
    for (kind, tag) in [("footnote", "footnotes.xml"), ("endnote", "endnotes.xml")] {
        let found = read_tree(&mut package, &part(tag), |root| read_notes(root, kind))?;
        notes.extend(found.unwrap_or_default());
    }
    let core = read_tree(&mut package, "docProps/core.xml", |root| {
        let said = |name: &str| {
            let node = root.descendants().find(|node| is(node, name))?;
            node.text().map(|text| text.trim().to_owned())
        };
        (said("title"), said("language"))
    })?;
    let (title, language) = core.unwrap_or_default();

    let text = package.needed_text(&main)?;
    let tree = package.tree(&main, &text)?;
    let mut reader = Reader {
        chapters: Chapters::default(),
        levels,
        numbering: numbering.unwrap_or_default(),
        notes,
        first_heading: None,
    };
    reader.blocks(tree.root(), 0);
    let title = title
        .filter(|title| !title.is_empty())
        .or(reader.first_heading);
    Ok(Some(reader.chapters.document(Kind::Docx, title, language)))
}

/// Almost always `word/document.xml`; else where the package's relations say.
fn main_part(package: &mut Package) -> Result<String, Error> {
    if package.has(MAIN) {
        return Ok(MAIN.to_owned());
    }
    let found = read_tree(package, "_rels/.rels", |root| {
        let mut relations = root.descendants().filter(|node| is(node, "Relationship"));
        let main = relations.find(|node| value(*node, "Type").ends_with("/officeDocument"));
        main.map(|node| value(node, "Target").trim_start_matches('/').to_owned())
    })?;
    let found = found.flatten().filter(|name| package.has(name));
    found.ok_or_else(|| Error::damaged(FORMAT, format!("{MAIN} is missing")))
}

/// `read` of the tree of a part; none if there is no such part.
fn read_tree<T>(
    package: &mut Package,
    name: &str,
    read: impl FnOnce(Node) -> T,
) -> Result<Option<T>, Error> {
    let Some(text) = package.text(name)? else {
        return Ok(None);
    };
    Ok(Some(read(package.tree(name, &text)?.root())))
}

struct Reader {
    chapters: Chapters,
    levels: HashMap<String, u32>,
    numbering: Numbering,
    notes: HashMap<(&'static str, String), String>,
    first_heading: Option<String>,
}

impl Reader {
    /// Paragraphs and tables below `node`, whatever they are wrapped in.
    fn blocks(&mut self, node: Node, nested: u32) {
        if nested > MOST_NESTED {
            return;
        }
        for child in node.children() {
            match child.tag_name().name() {
                "p" => self.paragraph(child),
                "tbl" => {
                    let rows = table(child, nested);
                    self.chapters.paragraph(&rows);
                    self.notes_of(child);
                }
                "document" | "body" | "sdt" | "sdtContent" | "customXml" | "ins" | "moveTo" => {
                    self.blocks(child, nested + 1);
                }
                _ => {}
            }
        }
    }

    fn paragraph(&mut self, node: Node) {
        let said = said(node);
        let properties = node.children().find(|child| is(child, "pPr"));
        let property = |name: &str| {
            let found = properties?.descendants().find(|node| is(node, name))?;
            Some(value(found, "val").to_owned())
        };
        let style = property("pStyle").unwrap_or_default();
        let level = property("outlineLvl").and_then(|level| level.parse().ok());
        let level = level.filter(|level| *level < 9).map(|level: u32| level + 1);
        let level = level.or(self.levels.get(&style).copied());
        if said.trim().is_empty() {
            return;
        }
        let number = self
            .numbering
            .next(property("numId"), property("ilvl"), &style);
        let text = format!("{}{said}", number.unwrap_or_default());
        match level {
            Some(level) => {
                let first = self.first_heading.take();
                self.first_heading = first.or_else(|| (level == 1).then(|| text.trim().to_owned()));
                self.chapters.heading(level, &text);
            }
            None => self.chapters.paragraph(&text),
        }
        self.notes_of(node);
    }

    /// The notes that are marked in `node`.
    fn notes_of(&mut self, node: Node) {
        for mark in node.descendants() {
            let kind = match mark.tag_name().name() {
                "footnoteReference" => "footnote",
                "endnoteReference" => "endnote",
                _ => continue,
            };
            let id = value(mark, "id").to_owned();
            // Once: a note may be long, and marks of it many.
            if let Some(note) = self.notes.remove(&(kind, id.clone())) {
                self.chapters.paragraph(&format!("[{id}] {note}"));
            }
        }
    }
}

/// A table: cells with bars between them, rows as lines.
fn table(node: Node, nested: u32) -> String {
    if nested > MOST_NESTED {
        return String::new();
    }
    let mut lines = Vec::new();
    for row in node.children().filter(|child| is(child, "tr")) {
        let mut cells = Vec::new();
        for cell in row.children().filter(|child| is(child, "tc")) {
            let parts = cell
                .children()
                .filter_map(|child| match child.tag_name().name() {
                    "p" => Some(said(child)),
                    "tbl" => Some(table(child, nested + 1)),
                    _ => None,
                });
            let parts: Vec<_> = parts.filter(|part| !part.trim().is_empty()).collect();
            cells.push(parts.join(" ").replace('\n', " "));
        }
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            lines.push(cells.join(" | "));
        }
    }
    lines.join("\n")
}

/// What a paragraph says, without what was deleted and what fields are made of.
fn said(paragraph: Node) -> String {
    let mut said = String::new();
    let mut rest: Vec<Node> = vec![paragraph];
    while let Some(node) = rest.pop() {
        match node.tag_name().name() {
            "t" => said += node.text().unwrap_or_default(),
            "tab" if node.parent().is_some_and(|parent| is(&parent, "r")) => said.push('\t'),
            "br" | "cr" => said.push('\n'),
            "noBreakHyphen" => said.push('\u{2011}'),
            "sym" => said.push('\u{fffd}'),
            "footnoteReference" | "endnoteReference" => said += &format!("[{}]", value(node, "id")),
            // Beside them stands what replaces them, or nothing that is read.
            "pPr" | "rPr" | "del" | "moveFrom" | "instrText" | "delText" | "Fallback" | "rt" => {}
            _ => {
                if is(&node, "p") && !said.is_empty() && !said.ends_with([' ', '\n']) {
                    said.push('\n'); // in a text box
                }
                rest.extend(node.children().rev());
            }
        }
    }
    said
}

/// The levels of heading styles: by what they say, or what they are based on.
fn levels(root: Node) -> HashMap<String, u32> {
    let styles = root.descendants().filter(|node| is(node, "style"));
    let styles: HashMap<&str, Node> = styles.map(|node| (value(node, "styleId"), node)).collect();
    let mut levels = HashMap::new();
    for id in styles.keys() {
        let mut style = styles.get(id);
        for _ in 0..MOST_BASES {
            let Some(node) = style else { break };
            let child = |name: &str| node.descendants().find(|node| is(node, name));
            let outline = child("outlineLvl").and_then(|node| value(node, "val").parse().ok());
            let name = child("name").map_or("", |node| value(node, "val"));
            let name = name.to_lowercase();
            let named = name
                .strip_prefix("heading ")
                .and_then(|level| level.parse().ok());
            let named = named.or((name == "title").then_some(1));
            let level = outline.map(|level: u32| level + 1).or(named);
            if let Some(level) = level.filter(|level| *level <= 9) {
                levels.insert((*id).to_owned(), level);
                break;
            }
            style = child("basedOn").and_then(|node| styles.get(value(node, "val")));
        }
    }
    levels
}

fn read_notes(root: Node, kind: &'static str) -> HashMap<(&'static str, String), String> {
    let notes = root.descendants().filter(|node| is(node, kind));
    let notes = notes.filter(|node| value(*node, "type").is_empty()); // else separators
    let notes = notes.map(|node| {
        let paragraphs = node.descendants().filter(|node| is(node, "p")).map(said);
        let text = paragraphs.collect::<Vec<_>>().join("\n");
        ((kind, value(node, "id").to_owned()), text.trim().to_owned())
    });
    notes.collect()
}

fn is(node: &Node, name: &str) -> bool {
    node.tag_name().name() == name
}

/// An attribute, whatever its namespace is: strict and transitional files differ in nothing else.
fn value<'t>(node: Node<'t, '_>, name: &str) -> &'t str {
    let mut attributes = node.attributes();
    attributes
        .find(|a| a.name() == name)
        .map_or("", |a| a.value())
}
