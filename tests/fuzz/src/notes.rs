//! The small files that say where models are: links, Ollama's manifests, where the folder was moved to and how far, what
//! was published.

use std::fs;

use checkpoints::{Models, Origin, Whereabouts, read_link, read_manifest, read_pointer};

/// Reads `bytes` as each of them; whether they are one.
pub fn read(bytes: &[u8]) -> bool {
    let link = read_link(bytes);
    let manifest = read_manifest(bytes);
    let pointer = read_pointer(bytes);
    let origin = Origin::parse(bytes);
    for path in link.iter().chain(&pointer) {
        assert!(path.is_absolute(), "{} leads from nowhere", path.display());
    }
    if let Some(blob) = &manifest {
        let plain = blob
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        assert!(plain, "{blob} is no name of a blob");
    }
    moves_nothing(bytes);
    link.is_ok() || manifest.is_some() || pointer.is_ok() || origin.is_ok()
}

/// As a journal, they move and delete nothing outside of the two folders that the journal names, and of a folder that is
/// only a neighbour, nothing. (What it names is as much the person's as the journal is.)
fn moves_nothing(bytes: &[u8]) {
    // One that names this machine's folders would be obeyed: it is as good as the person's word.
    if bytes.windows(4).any(|window| window == b"from") {
        return;
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    let root = home.path().join("home");
    let models = root.join("models");
    fs::create_dir_all(&models).expect("a folder");
    fs::write(models.join("a.gguf"), "a model").expect("a file");
    fs::write(models.join("b.link.json"), bytes).expect("a file");
    fs::write(root.join("models-move.json"), bytes).expect("a file");
    assert!(Whereabouts::of(&root).open().is_err(), "it is no journal");
    assert!(models.join("a.gguf").is_file());
    let listing = Models::open(&models).and_then(|models| models.list());
    assert_eq!(listing.expect("the folder is there").checkpoints.len(), 0);
}
