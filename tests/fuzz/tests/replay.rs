//! Every file of every corpus, answered again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fuzz::TARGETS;

/// What one file may take, on a slow machine that is busy. Most take milliseconds.
const MOST_TIME: Duration = Duration::from_secs(10);

/// Files that must not be refused: else what is changed in one would never get further than it does.
/// `examples/seeds.rs` makes them.
const WHOLE: [&str; 21] = [
    "gguf/model",
    "gguf/model-of-two-layers",
    "gguf/tower",
    "safetensors/sees",
    "safetensors/text",
    "config/sees",
    "config/text",
    "config/of-transformers-5",
    "tokenizer/json",
    "tokenizer/gguf",
    "tokenizer/gguf-without-bytes",
    "hub/about",
    "hub/files",
    "hub/order",
    "hub/report",
    "hub/origin",
    "notes/link",
    "notes/manifest",
    "notes/manifest-of-projector",
    "notes/pointer",
    "notes/origin",
];

/// One test, because memory is counted for the whole process.
#[test]
fn every_file_of_the_corpus_is_answered_within_bounds() {
    let mut whole = 0;
    for target in TARGETS {
        for path in corpus(target.name) {
            let file = fs::read(&path).expect("a file of the corpus");
            println!("{}", path.display()); // shown if the next line fails
            let begun = Instant::now();
            let answer = target.check(&file);
            let took = begun.elapsed();
            println!("    {answer:?} in {took:?}");
            assert!(took <= MOST_TIME, "{} took {took:?}", path.display());
            if WHOLE.iter().any(|whole| path.ends_with(whole)) {
                assert!(answer.is_whole, "{} was refused", path.display());
                whole += 1;
            }
        }
    }
    assert_eq!(whole, WHOLE.len());
}

/// What `./dev fuzz` begins with.
fn corpus(name: &str) -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = files(&here.join("corpus").join(name));
    if name == "picture" {
        found.extend(files(&here.join("../golden/pictures")));
    }
    // What the tests of `documents` read; its truth and the script beside it are texts like others.
    let kinds: &[&str] = match name {
        "pdf" => &["pdf"],
        "archive" => &["epub", "docx"],
        "text" => &["html", "md", "txt"],
        _ => &[],
    };
    let is_of = |path: &PathBuf| {
        kinds
            .iter()
            .any(|kind| path.extension().is_some_and(|end| end == *kind))
    };
    let documents = files(&here.join("../../crates/documents/tests/corpus"));
    found.extend(documents.into_iter().filter(is_of));
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry of the folder").path())
        .collect();
    files.sort();
    files
}
