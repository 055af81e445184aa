//! EPUB 2 and 3: the chapters of a ZIP archive, in the order its spine gives.
//!
//! A chapter begins where the book's own table of contents leads (`nav.xhtml`, or `toc.ncx` before version
//! 3), because many books are cut into files by size. A book without one has a chapter a file.

use std::collections::HashMap;

use roxmltree::Node;

use crate::chapters::Chapters;
use crate::package::Package;
use crate::{Document, Error, Kind, html};

const FORMAT: &str = "EPUB";
/// Files in a book: the longest have a few thousand.
const MOST_FILES: usize = 20_000;
/// Entries of a table of contents.
const MOST_ENTRIES: usize = 50_000;
/// Levels of a table of contents. What lies deeper is on this one.
const MOST_LEVELS: u32 = 16;

/// What the OPF file says.
struct Outline {
    title: Option<String>,
    language: Option<String>,
    /// Parts in reading order.
    spine: Vec<String>,
    nav: Option<String>,
    ncx: Option<String>,
}

/// An entry of the table of contents.
struct Entry {
    title: String,
    level: u32,
}

/// Where entries lead: a part and an `id` in it, or none for its start.
type Contents = HashMap<(String, Option<String>), Vec<Entry>>;

pub fn read(
    bytes: &[u8],
    go_on: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Option<Document>, Error> {
    let mut package = Package::open(bytes, FORMAT)?;
    let outline = outline(&mut package)?;
    check_readable(&mut package, &outline.spine)?;
    let mut contents = contents(&mut package, &outline);
    let has_contents = !contents.is_empty();
    let (mut chapters, mut marks) = (Chapters::default(), html::Marks::new());
    let mut language = outline.language;
    let (mut found, all) = (0, outline.spine.len());
    for (done, name) in outline.spine.iter().enumerate() {
        if !go_on(done, all) {
            return Ok(None);
        }
        let Some(text) = package.text(name)? else {
            continue; // one that is missing costs itself, not the book
        };
        found += 1;
        let flow = html::flow(&text, &mut marks);
        language = language.or(flow.language);
        if !has_contents && !flow.blocks.is_empty() {
            let heading = flow.blocks.iter().find(|block| block.level.is_some());
            chapters.chapter(heading.map(|block| block.text.as_str()));
        }
        let mut entries = contents.remove(&(name.clone(), None)).unwrap_or_default();
        for block in &flow.blocks {
            for id in &block.ids {
                let place = (name.clone(), Some(id.clone()));
                entries.extend(contents.remove(&place).unwrap_or_default());
            }
            // Several may lead to one place ("Part I", "Chapter 1"): the last is the nearest.
            if let Some(last) = entries.last() {
                chapters.chapter(Some(&last.title));
            }
            chapters.paragraph(&block.text);
            for entry in entries.drain(..) {
                chapters.listed(entry.level, &entry.title);
            }
            if let (false, Some(level)) = (has_contents, block.level) {
                chapters.listed(level, &block.text);
            }
        }
    }
    if found == 0 {
        return Err(Error::damaged(
            FORMAT,
            "none of its chapters is there".into(),
        ));
    }
    if !go_on(all, all) {
        return Ok(None);
    }
    Ok(Some(chapters.document(Kind::Epub, outline.title, language)))
}

fn outline(package: &mut Package) -> Result<Outline, Error> {
    let text = package.needed_text("META-INF/container.xml")?;
    let tree = package.tree("META-INF/container.xml", &text)?;
    let roots = tree.descendants().filter(|node| is(node, "rootfile"));
    let mut roots = roots.filter_map(|node| node.attribute("full-path"));
    let opf = roots.find(|path| package.has(path));
    let opf =
        opf.ok_or_else(|| Error::damaged(FORMAT, "it does not say where its book is".into()))?;
    let opf = opf.to_owned();

    let text = package.needed_text(&opf)?;
    let tree = package.tree(&opf, &text)?;
    let said = |name: &str| {
        let node = tree.descendants().find(|node| is(node, name))?;
        let text = node
            .text()?
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        (!text.is_empty()).then_some(text)
    };
    let items = tree
        .descendants()
        .filter(|node| is(node, "item"))
        .take(MOST_FILES);
    let items: HashMap<&str, Node> = items
        .filter_map(|node| Some((node.attribute("id")?, node)))
        .collect();
    let part = |node: &Node| node.attribute("href").map(|href| resolve(&opf, href).0);
    let references = tree.descendants().filter(|node| is(node, "itemref"));
    let spine = references
        .take(MOST_FILES)
        .filter_map(|node| items.get(node.attribute("idref")?).and_then(part))
        .collect();
    let has = |node: &&Node, name: &str, word: &str| {
        let value = node.attribute(name).unwrap_or_default();
        value.split_whitespace().any(|part| part == word)
    };
    let nav = items.values().find(|node| has(node, "properties", "nav"));
    let spine_node = tree.descendants().find(|node| is(node, "spine"));
    let toc = spine_node.and_then(|node| items.get(node.attribute("toc")?));
    let ncx = items
        .values()
        .find(|node| has(node, "media-type", "application/x-dtbncx+xml"));
    Ok(Outline {
        title: said("title"),
        language: said("language"),
        spine,
        nav: nav.and_then(part),
        ncx: toc.or(ncx).and_then(part),
    })
}

/// Fonts may be scrambled; a book whose chapters are has been sold with a lock.
fn check_readable(package: &mut Package, spine: &[String]) -> Result<(), Error> {
    let name = "META-INF/encryption.xml";
    let Some(text) = package.text(name)? else {
        return Ok(());
    };
    let tree = package.tree(name, &text)?;
    let locked = tree
        .descendants()
        .filter(|node| is(node, "CipherReference"));
    let locked = locked.filter_map(|node| node.attribute("URI"));
    let mut locked = locked.map(|uri| resolve("", uri).0);
    match locked.any(|part| spine.contains(&part)) {
        true => Err(Error::Encrypted { format: FORMAT }),
        false => Ok(()),
    }
}

/// The table of contents. A book with a broken one is read without.
fn contents(package: &mut Package, outline: &Outline) -> Contents {
    let mut read = |name: &Option<String>, entries: fn(Node, &str, &mut Contents)| {
        let mut contents = Contents::new();
        let Some(name) = name else {
            return contents;
        };
        let text = package.text(name).ok().flatten().unwrap_or_default();
        if let Ok(tree) = package.tree(name, &text) {
            entries(tree.root(), name, &mut contents);
        }
        // Where nothing of the book is led to, there is none.
        match contents
            .keys()
            .any(|(part, _)| outline.spine.contains(part))
        {
            true => contents,
            false => Contents::new(),
        }
    };
    let contents = read(&outline.nav, nav_entries);
    match contents.is_empty() {
        true => read(&outline.ncx, ncx_entries),
        false => contents,
    }
}

fn nav_entries(root: Node, name: &str, contents: &mut Contents) {
    let navs = || root.descendants().filter(|node| is(node, "nav"));
    let is_toc = |node: &Node| {
        node.attributes()
            .any(|a| a.name() == "type" && a.value() == "toc")
    };
    let Some(nav) = navs().find(is_toc).or(navs().next()) else {
        return;
    };
    let links = nav.descendants().filter(|node| is(node, "a"));
    for link in links.take(MOST_ENTRIES) {
        let Some(href) = link.attribute("href") else {
            continue;
        };
        let level = depth(link, nav, "ol");
        add(contents, resolve(name, href), said(link), level);
    }
}

fn ncx_entries(root: Node, name: &str, contents: &mut Contents) {
    let points = root.descendants().filter(|node| is(node, "navPoint"));
    for point in points.take(MOST_ENTRIES) {
        let child = |name: &'static str| point.children().find(move |node| is(node, name));
        let source = child("content").and_then(|node| node.attribute("src"));
        if let (Some(source), Some(label)) = (source, child("navLabel")) {
            let level = depth(point, root, "navPoint") + 1;
            add(contents, resolve(name, source), said(label), level);
        }
    }
}

fn add(contents: &mut Contents, place: (String, Option<String>), title: String, level: u32) {
    if !title.is_empty() {
        let level = level.clamp(1, MOST_LEVELS);
        contents
            .entry(place)
            .or_default()
            .push(Entry { title, level });
    }
}

/// How many elements called `name` lie around `node`, up to `top`.
fn depth(node: Node, top: Node, name: &str) -> u32 {
    let around = node.ancestors().skip(1).take_while(|around| *around != top);
    let around = around.take(1000).filter(|around| is(around, name));
    around.count() as u32
}

fn said(node: Node) -> String {
    let texts = node.descendants().filter(|node| node.is_text());
    let text: String = texts.filter_map(|node| node.text()).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is(node: &Node, name: &str) -> bool {
    node.tag_name().name() == name
}

/// The part and the `id` that `href` in the part called `from` leads to.
fn resolve(from: &str, href: &str) -> (String, Option<String>) {
    let (path, id) = match href.split_once('#') {
        Some((path, id)) => (path, Some(id)),
        None => (href, None),
    };
    let id = id.filter(|id| !id.is_empty()).map(unescaped);
    if path.is_empty() {
        return (from.to_owned(), id);
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = match path.starts_with('/') {
        true => Vec::new(),
        false => folder.split('/').filter(|part| !part.is_empty()).collect(),
    };
    let path = unescaped(path);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (parts.join("/"), id)
}

/// "%20" is a space.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let two = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = two.and_then(|two| u8::from_str_radix(two, 16).ok());
        (rest, _) = match (first, byte) {
            (b'%', Some(byte)) => (&tail[2..], bytes.push(byte)),
            (first, _) => (tail, bytes.push(*first)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, href: &str, expected: (&str, Option<&str>)) {
        let (part, id) = resolve(from, href);
        assert_eq!((part.as_str(), id.as_deref()), expected);
    }

    #[test]
    fn links_lead_to_parts() {
        check("OPS/a.opf", "b%20c.html#d", ("OPS/b c.html", Some("d")));
        check("OPS/x/a.html", "../b.html", ("OPS/b.html", None));
        check("a.opf", "/b.html", ("b.html", None));
        check("a.html", "#d", ("a.html", Some("d")));
        check("a.html", "../../b%zz", ("b%zz", None));
    }
}
