//! The folders Lectern owns.

use std::path::{Path, PathBuf};

/// Where everything is kept. Nothing outside these folders is ever written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The person's own data folder as the platform has it, or `None` where there is no home.
    pub fn of_this_person() -> Option<Self> {
        let dirs = directories::ProjectDirs::from("", "", "Lectern")?;
        Some(Self {
            root: dirs.data_dir().to_owned(),
        })
    }

    /// Everything under `root`: for tests and for `LECTERN_HOME`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder all others lie in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that holds conversations and settings.
    pub fn library(&self) -> PathBuf {
        self.root.join("library.sqlite")
    }

    /// The folder of what can be made again, and only takes time.
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// The file with what a test of this machine found.
    pub fn self_test(&self) -> PathBuf {
        self.cache().join("self-test.json")
    }

    /// The folder of what was seen in pictures.
    pub fn pictures(&self) -> PathBuf {
        self.cache().join("pictures")
    }

    /// The folder of what was read and need not be read again.
    pub fn prefixes(&self) -> PathBuf {
        self.cache().join("prefixes")
    }
}
