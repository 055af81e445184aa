//! Journeys: what a person does, through the outer seam.
//!
//! Here is only the desk they sit at: a home of its own and the binaries that were built. Nothing
//! here depends on the other crates: a journey survives a rewrite of everything inside.

pub mod between;
pub mod hub;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use hub::Hub;
use tempfile::TempDir;

/// A person's place: an empty home that is gone when the desk is dropped.
#[derive(Debug)]
pub struct Desk {
    home: TempDir,
}

impl Desk {
    /// An empty home.
    pub fn new() -> Self {
        Self {
            home: TempDir::with_prefix("lectern-desk-").expect("a folder for the desk"),
        }
    }

    /// A home in which the starter model lies.
    pub fn with_starter() -> Self {
        let desk = Self::new();
        let models = desk.home().join("models");
        fs::create_dir_all(&models).expect("a models folder");
        let starter = fs::canonicalize(starter()).expect("the starter model has a place");
        let here = models.join(STARTER);
        // A link costs nothing, but only works within one disk.
        fs::hard_link(&starter, &here)
            .or_else(|_| fs::copy(&starter, &here).map(drop))
            .expect("the starter model");
        desk
    }

    /// A home with the small golden model that has eyes; its language has a few hundred words: "w4 w5".
    pub fn with_eyes() -> Self {
        let desk = Self::new();
        let models = desk.home().join("models");
        fs::create_dir_all(&models).expect("a models folder");
        for file in ["model.gguf", "mmproj.gguf"] {
            let from = golden("tiny-mm").join(file);
            fs::copy(from, models.join(file)).expect("the golden model");
        }
        desk
    }

    /// Where Lectern keeps everything.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `lectern` with `arguments`, in this home and with nothing of the developer's own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(lectern());
        command
            .args(arguments)
            .env("LECTERN_HOME", self.home())
            .env("HOME", self.home());
        command
    }

    /// The same at a hub on this machine, with waiting that takes a test's time, and what it says to be read.
    pub fn at_hub(&self, hub: &Hub, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command
            .env("HF_ENDPOINT", hub.address())
            .env("LECTERN_HURRY", "60")
            // Neither the developer's own token nor their keychain.
            .env_remove("HF_TOKEN")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What `lectern` with `arguments` did.
    pub fn lectern(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command
            .output()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

/// The starter model's file name, and so its name.
pub const STARTER: &str = "gemma-3-270m-q4_k_m.gguf";

/// The starter model: from `LECTERN_STARTER_MODEL`, else where `./dev test` puts it.
pub fn starter() -> PathBuf {
    built("LECTERN_STARTER_MODEL", &format!("starter/{STARTER}"))
}

/// The `lectern` command: from `LECTERN_CLI`, else the debug build.
pub fn lectern() -> PathBuf {
    built("LECTERN_CLI", "debug/lectern")
}

/// The app: from `LECTERN_APP`, else the debug build.
pub fn app() -> PathBuf {
    built("LECTERN_APP", "debug/lectern-desktop")
}

/// A file under `tests/golden`.
pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name)
}

/// Where build outputs go: `name` under `target`.
pub fn target(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .with_file_name("target")
        .join(name)
}

fn built(variable: &str, name: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| target(name), PathBuf::from);
    assert!(
        path.exists(),
        "{} is not there: run ./dev test, which makes it",
        path.display()
    );
    path
}
