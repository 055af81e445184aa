//! What a PDF says about itself: title, language, outline.

use std::collections::{HashMap, HashSet};

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{
    Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, String as PdfString,
};

use crate::{OutlineItem, Place, encoding};

/// Entries of an outline, and names it can lead to. The longest manuals have a few thousand.
const MOST_ENTRIES: usize = 50_000;
/// Levels of an outline.
const MOST_LEVELS: u32 = 16;
/// Characters of a title.
const MOST_TITLE: usize = 500;

pub fn title_and_language(pdf: &Pdf) -> (Option<String>, Option<String>) {
    let title = pdf.metadata().title.as_deref().map(text);
    let language = catalog(pdf).and_then(|catalog| said(&catalog, b"Lang"));
    // Many producers write the file's name, or that there is none.
    let is_title = |title: &String| {
        let lower = title.to_lowercase();
        let is_name = [".doc", ".docx", ".dvi", ".tex", ".indd", ".qxd", ".pdf"];
        !title.is_empty()
            && !is_name.iter().any(|end| lower.ends_with(end))
            && !lower.starts_with("microsoft word - ")
            && !matches!(
                lower.as_str(),
                "untitled" | "untitled document" | "(anonymous)" | "unspecified"
            )
    };
    (
        title.map(shortened).filter(is_title),
        language.filter(|l| !l.is_empty()),
    )
}

/// The outline, with entries that lead to a page of this file.
pub fn outline(pdf: &Pdf, place: &dyn Fn(usize) -> Place) -> Vec<OutlineItem> {
    let Some(catalog) = catalog(pdf) else {
        return Vec::new();
    };
    let pages = pdf.pages().iter().enumerate();
    let pages = pages.filter_map(|(index, page)| Some((page.raw().obj_id()?, index)));
    let mut leads = Leads {
        pages: pages.collect(),
        count: pdf.pages().len(),
        names: None,
        catalog: &catalog,
    };
    let mut items = Vec::new();
    let mut seen: HashSet<ObjectIdentifier> = HashSet::new();
    let root = catalog.get::<Dict<'_>>(b"Outlines");
    let first = root.and_then(|root| root.get::<Dict<'_>>(b"First"));
    let mut rest: Vec<(Dict, u32)> = first.map(|first| (first, 1)).into_iter().collect();
    while let Some((entry, level)) = rest.pop() {
        // An entry without a number of its own cannot be told from one that was seen.
        if items.len() >= MOST_ENTRIES || !entry.obj_id().is_some_and(|id| seen.insert(id)) {
            continue;
        }
        let title = said(&entry, b"Title")
            .map(shortened)
            .filter(|title| !title.is_empty());
        if let (Some(title), Some(index)) = (title, leads.to(&entry)) {
            let place = place(index);
            items.push(OutlineItem {
                title,
                level,
                place,
            });
        }
        // What is below comes before what is beside.
        rest.extend(entry.get::<Dict<'_>>(b"Next").map(|next| (next, level)));
        let below = entry.get::<Dict<'_>>(b"First");
        rest.extend(below.map(|below| (below, (level + 1).min(MOST_LEVELS))));
    }
    items
}

/// Where entries lead.
struct Leads<'a, 'c> {
    pages: HashMap<ObjectIdentifier, usize>,
    count: usize,
    /// Names for places, once they were needed.
    names: Option<HashMap<Vec<u8>, usize>>,
    catalog: &'c Dict<'a>,
}

impl<'a> Leads<'a, '_> {
    fn to(&mut self, entry: &Dict<'a>) -> Option<usize> {
        let place = entry.get::<Object<'_>>(b"Dest").or_else(|| {
            let action = entry.get::<Dict<'_>>(b"A")?;
            action.get::<Object<'_>>(b"D")
        })?;
        let name = match &place {
            Object::String(name) => name.as_bytes(),
            Object::Name(name) => name.as_ref(),
            place => return self.page(place.clone()),
        };
        if self.names.is_none() {
            self.names = Some(self.read_names());
        }
        self.names.as_ref()?.get(name).copied()
    }

    /// The page of a place: `[page /XYZ …]`, or that under `D`.
    fn page(&self, place: Object<'a>) -> Option<usize> {
        let array = match place {
            Object::Dict(dict) => dict.get::<Array<'_>>(b"D")?,
            place => place.into_array()?,
        };
        match array.raw_iter().next()? {
            MaybeRef::Ref(page) => self.pages.get(&page.into()).copied(),
            MaybeRef::NotRef(number) => {
                let number = usize::try_from(number.into_i32()?).ok()?;
                (number < self.count).then_some(number)
            }
        }
    }

    fn read_names(&self) -> HashMap<Vec<u8>, usize> {
        let mut names = HashMap::new();
        // Until version 1.1, names were a dictionary.
        if let Some(old) = self.catalog.get::<Dict<'_>>(b"Dests") {
            for key in old.keys().take(MOST_ENTRIES) {
                let place = old.get::<Object<'_>>(&*key);
                if let Some(index) = place.and_then(|place| self.page(place)) {
                    names.insert(key.to_vec(), index);
                }
            }
        }
        let tree = self.catalog.get::<Dict<'_>>(b"Names");
        let tree = tree.and_then(|tree| tree.get::<Dict<'_>>(b"Dests"));
        let mut rest: Vec<Dict> = tree.into_iter().collect();
        let mut seen: HashSet<ObjectIdentifier> = HashSet::new();
        let mut nodes = 0;
        while let Some(node) = rest.pop() {
            nodes += 1;
            let is_new = node.obj_id().is_none_or(|id| seen.insert(id));
            if nodes > MOST_ENTRIES || names.len() > MOST_ENTRIES || !is_new {
                continue;
            }
            if let Some(kids) = node.get::<Array<'_>>(b"Kids") {
                rest.extend(kids.iter::<Dict<'_>>().take(MOST_ENTRIES));
            }
            let pairs = node.get::<Array<'_>>(b"Names");
            let Some(mut pairs) = pairs.as_ref().map(|pairs| pairs.iter::<Object<'_>>()) else {
                continue;
            };
            while let (Some(name), Some(place)) = (pairs.next(), pairs.next()) {
                if let (Some(name), Some(index)) = (name.into_string(), self.page(place)) {
                    names.insert(name.as_bytes().to_vec(), index);
                }
            }
        }
        names
    }
}

fn catalog(pdf: &Pdf) -> Option<Dict<'_>> {
    pdf.xref().get::<Dict<'_>>(pdf.xref().root_id())
}

/// What a dictionary says under `key`.
pub fn said(dict: &Dict, key: &[u8]) -> Option<String> {
    // A language is sometimes a name.
    let said = dict
        .get::<PdfString<'_>>(key)
        .map(|said| text(said.as_bytes()));
    said.or_else(|| Some(dict.get::<Name<'_>>(key)?.as_str().to_owned()))
}

/// A text string: UTF-16 or UTF-8 with a mark, else PDFDocEncoding, which is Latin-1 but for some
/// signs, as Windows-1252 is.
pub fn text(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0xef, 0xbb, 0xbf, ..] => {
            encoding::decode(bytes, None)
        }
        _ => Some(
            encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(bytes)
                .0
                .into_owned(),
        ),
    };
    text.unwrap_or_default()
}

fn shortened(text: String) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(MOST_TITLE).collect()
}
