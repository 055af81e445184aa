//! What a person may rely on: a file says what it is, and the models folder keeps what it was given.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod elsewhere;
mod eyes;
mod folder;
mod holdings;
mod hugging_face;
mod identify;
mod import;
mod link;
mod moving;
mod trash;
mod verify;
mod written;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use checkpoints::{Checkpoint, Models};
use tempfile::TempDir;

static NEVER: AtomicBool = AtomicBool::new(false);

/// A home with a models folder, and room beside it for what is imported; gone with the test.
struct Home {
    folder: TempDir,
    models: Models,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let models = Models::open(&folder.path().join("models")).expect("a new folder");
        Self { folder, models }
    }

    /// A place outside the models folder.
    fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A place in the models folder.
    fn inside(&self, name: &str) -> PathBuf {
        self.models.folder().join(name)
    }

    /// The names in the models folder, without the locks.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.models.folder()).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.retain(|name| name != ".lock" && name != ".presence");
        names.sort();
        names
    }

    #[track_caller]
    fn import(&self, source: &Path) -> Checkpoint {
        let imported = self.models.import(source, None, None, &NEVER, |_, _| {});
        imported
            .expect("it can be imported")
            .expect("it was not stopped")
    }
}

fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(path)
}

fn starter_model() -> PathBuf {
    let usual = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/starter/gemma-3-270m-q4_k_m.gguf"
    );
    let path =
        std::env::var_os("LECTERN_STARTER_MODEL").map_or_else(|| usual.into(), PathBuf::from);
    assert!(
        path.is_file(),
        "the starter model is not at {}: run ./dev test",
        path.display()
    );
    path
}
