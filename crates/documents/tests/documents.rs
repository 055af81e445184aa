//! What is read from the corpus, against its truth: `corpus/make.py` makes both.
//!
//! For each file: the share of its words that are read and in order (the longest common sequence of words),
//! the share of what is read that should be (none invented, no header in between), and the share of sections
//! with the right place, word for word. `docs/benchmarks/2026-11-23-reading-documents.md` has the figures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use documents::{Document, Error, Place};

/// Files of which less than everything is reached: a paragraph ends with a full last line at the foot of a
/// column, and nothing says so. Their words and places are right.
const LESS: [&str; 1] = ["three-columns.pdf"];

struct Truth {
    place: String,
    is_scan: bool,
    text: String,
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(corpus().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read(name: &str) -> Result<Document, Error> {
    let document = documents::read(&bytes(name), name, |_, _| true)?;
    Ok(document.expect("nobody stopped it"))
}

fn truth(name: &str) -> Option<Vec<Truth>> {
    let text = fs::read_to_string(corpus().join(format!("{name}.txt"))).ok()?;
    let parts = text.split("\n\u{c}\n").map(|part| {
        let (head, text) = part.split_once('\n').unwrap_or((part, ""));
        let place = head.strip_suffix(" scan");
        Truth {
            place: place.unwrap_or(head).to_owned(),
            is_scan: place.is_some(),
            text: text.trim().to_owned(),
        }
    });
    Some(parts.collect())
}

/// Words; of scripts without spaces, characters.
fn words(text: &str) -> Vec<String> {
    let is_dense = |c: char| matches!(c, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    let mut words = vec![String::new()];
    // Marks of direction, which poppler writes between words, are not seen.
    let is_seen = |c: &char| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    for c in text.chars().filter(is_seen) {
        if c.is_whitespace() || is_dense(c) {
            words.push(String::new());
        }
        if !c.is_whitespace() {
            words.last_mut().expect("there is one").push(c);
        }
        if is_dense(c) {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The length of the longest sequence of words that both have in this order.
fn in_common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (at, y) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if x == y {
                diagonal + 1
            } else {
                above.max(row[at])
            };
            diagonal = above;
        }
    }
    row[b.len()]
}

/// Sections of a chapter as one, as the truth has them.
fn by_place(document: &Document) -> Vec<(String, bool, String)> {
    let mut sections: Vec<(String, bool, String)> = Vec::new();
    for section in &document.sections {
        let place = match &section.place {
            Place::Chapter { chapter, .. } => format!("ch. {chapter}"),
            place => place.to_string(),
        };
        match sections.last_mut().filter(|last| last.0 == place) {
            Some(last) => last.2 += &format!("\n\n{}", section.text),
            None => sections.push((place, section.is_scan, section.text.clone())),
        }
    }
    sections
}

/// What was reached for a file.
struct Shares {
    /// Of the words that are there, those read in their order.
    in_order: f64,
    /// Of the words that are read, those that are there.
    right: f64,
    /// Of the places, those found with all their words and no other.
    places: f64,
    /// Of the places, those whose paragraphs are right as well.
    paragraphs: f64,
}

/// Compares what was found, as (place, is a scan, text), with the truth.
fn shares(truth: &[Truth], found: &[(String, bool, String)]) -> Shares {
    let all = |texts: Vec<&str>| words(&texts.join("\n"));
    let expected = all(truth.iter().map(|part| part.text.as_str()).collect());
    let seen = all(found.iter().map(|(.., text)| text.as_str()).collect());
    let common = in_common(&expected, &seen) as f64;
    let share = |of: usize| if of == 0 { 1.0 } else { common / of as f64 };
    let at = |part: &Truth, is_same: &dyn Fn(&str) -> bool| {
        let mut places = found.iter();
        places.any(|(place, is_scan, text)| {
            *place == part.place && *is_scan == part.is_scan && is_same(text)
        })
    };
    let of_all = |count: usize| count as f64 / truth.len() as f64;
    let has_words = |part: &&Truth| at(part, &|text| words(text) == words(&part.text));
    let has_paragraphs = |part: &&Truth| at(part, &|text| text == part.text);
    Shares {
        in_order: share(expected.len()),
        right: share(seen.len()),
        places: of_all(truth.iter().filter(has_words).count()),
        paragraphs: of_all(truth.iter().filter(has_paragraphs).count()),
    }
}

/// What poppler's program reads, page by page; none where it is not installed.
fn read_by_poppler(name: &str, truth: &[Truth]) -> Option<Shares> {
    let out = Command::new("pdftotext")
        .arg(corpus().join(name))
        .arg("-")
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    // It knows no labels, no scans and no headers: of what it says, only the words are compared.
    let pages = text.split('\u{c}').zip(truth);
    let pages =
        pages.map(|(text, part)| (part.place.clone(), part.is_scan, text.trim().to_owned()));
    Some(shares(truth, &pages.collect::<Vec<_>>()))
}

#[test]
fn the_corpus_is_read_as_it_was_written() {
    let mut names: Vec<String> = fs::read_dir(corpus())
        .expect("the corpus")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| truth(name).is_some())
        .collect();
    names.sort();
    assert!(names.len() >= 27, "the corpus is not whole: {names:?}");
    let mut below = Vec::new();
    println!(
        "file | in order | right | places | paragraphs | pdftotext: in order | right | places"
    );
    for name in &names {
        let truth = truth(name).expect("it has one");
        let document = read(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let ours = shares(&truth, &by_place(&document));
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let [order, right, places, paragraphs] =
            [ours.in_order, ours.right, ours.places, ours.paragraphs].map(percent);
        let theirs = name
            .ends_with(".pdf")
            .then(|| read_by_poppler(name, &truth))
            .flatten();
        let theirs = theirs.map_or(String::new(), |theirs| {
            [theirs.in_order, theirs.right, theirs.places]
                .map(percent)
                .join(" | ")
        });
        println!("{name} | {order} | {right} | {places} | {paragraphs} | {theirs}");
        let has_paragraphs = ours.paragraphs == 1.0 || LESS.contains(&name.as_str());
        let reached = [ours.in_order, ours.right, ours.places];
        if !has_paragraphs || reached.iter().any(|share| *share < 1.0) {
            below.push(name);
        }
    }
    assert!(below.is_empty(), "below what was reached: {below:?}");
}

#[test]
fn titles_languages_outlines_and_labels_are_found() {
    let book = read("book.pdf").expect("a sound file");
    assert_eq!(book.title.as_deref(), Some("The Whale, Abridged"));
    assert_eq!(book.language.as_deref(), Some("en-GB"));
    let outline = |document: &Document| -> Vec<String> {
        let items = document.outline.iter();
        items
            .map(|item| format!("{} {} {}", item.level, item.title, item.place))
            .collect()
    };
    let expected = ["1 Preface p. i", "1 Loomings p. 1", "1 The Carpet-Bag p. 3"];
    assert_eq!(outline(&book), expected);
    assert_eq!(book.sections[0].repeated, ["THE WHALE", "i"]);

    let book = read("book-2.epub").expect("a sound file");
    assert_eq!(book.title.as_deref(), Some("Ships and Fortunes"));
    let expected = [
        "1 Loomings ch. 1 ¶ 1",
        "2 Of the City ch. 2 ¶ 1",
        "1 Of a Fortune ch. 3 ¶ 1",
    ];
    assert_eq!(outline(&book), expected);

    let book = read("word.docx").expect("a sound file");
    assert_eq!(book.title.as_deref(), Some("A Voyage in Word"));
    let expected = [
        "1 Loomings ch. 1 ¶ 1",
        "2 What to Pack ch. 2 ¶ 1",
        "1 Fortunes ch. 3 ¶ 1",
    ];
    assert_eq!(outline(&book), expected);
}

#[test]
fn files_that_cannot_be_read_say_why_and_what_to_do() {
    #[track_caller]
    fn check(file: &[u8], name: &str, expected: &str) {
        let error = documents::read(file, name, |_, _| true).expect_err(name);
        assert!(error.to_string().contains(expected), "{name}: {error}");
        assert!(error.hint().is_some(), "{name}");
    }
    check(
        &bytes("encrypted.pdf"),
        "a.pdf",
        "the PDF file is encrypted",
    );
    check(&bytes("broken.pdf"), "a.pdf", "the PDF file is damaged");
    check(b"", "a.pdf", "the file is empty");
    check(
        &bytes("word.docx")[..4000],
        "a.docx",
        "the DOCX file is damaged",
    );
    check(
        b"PK\x05\x06\0\0\0\0",
        "a.epub",
        "this is a file of an unknown kind",
    );
    check(
        b"<html><script>1</script></html>",
        "a.html",
        "there is nothing to read in the HTML file",
    );
    check(&[7, 0, 1, 0, 0, 0, 200], "a", "a file of an unknown kind");
}

#[test]
fn reading_can_be_stopped_at_every_page() {
    for name in ["book.pdf", "book-2.epub"] {
        let file = bytes(name);
        let mut told = Vec::new();
        documents::read(&file, name, |done, all| {
            told.push((done, all));
            true
        })
        .expect("a sound file");
        let all = told.len() - 1;
        let expected: Vec<_> = (0..=all).map(|done| (done, all)).collect();
        assert_eq!(told, expected, "{name}");
        for stop in 0..=all {
            let document =
                documents::read(&file, name, |done, _| done < stop).expect("a sound file");
            assert_eq!(document, None, "{name} at {stop}");
        }
    }
}
