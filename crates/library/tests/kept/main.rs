//! What a person may rely on: what was said is kept, what was deleted is gone.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod answers;
mod conversations;
mod damage;
mod pictures;
mod sharing;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use library::{Figures, Library};
use tempfile::TempDir;

/// A folder for one library, gone with the test.
struct Shelf {
    folder: TempDir,
}

impl Shelf {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("lectern").join("library.sqlite")
    }

    #[track_caller]
    fn open(&self) -> Library {
        Library::open(&self.path()).expect("the library opens")
    }

    /// Everything in the folder, byte by byte: the library, its log, whatever else there is.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path().join("lectern")).expect("the folder");
        let files =
            files.map(|file| std::fs::read(file.expect("an entry").path()).expect("a file"));
        files.collect::<Vec<_>>().concat()
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn figures() -> Figures {
    Figures {
        model: "gemma-3-270m-it-Q8_0".to_owned(),
        prompt_tokens: 27,
        cached_tokens: 11,
        answer_tokens: 140,
        prompt_seconds: 0.25,
        answer_seconds: 3.5,
        context_tokens: 32_768,
    }
}

/// The test called `name`, in a process of its own that knows the library's path.
/// Run by hand, without the path, such a test has nothing to do.
fn process(name: &str, shelf: &Shelf) -> Child {
    let this = std::env::current_exe().expect("this program has a path");
    Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env("LIBRARY_OF_PARENT", shelf.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started again")
}

/// Where the parent's library is, in a process started by [`process`].
fn library_of_parent() -> Option<PathBuf> {
    std::env::var_os("LIBRARY_OF_PARENT").map(PathBuf::from)
}
