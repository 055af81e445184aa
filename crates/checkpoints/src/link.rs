//! A model that stays where it is: a small file in the models folder says where, and that makes it one of ours.
//!
//! Of such a model nothing is ever written or deleted but that small file. It is a file from outside all the same:
//! whoever may write into the folder may write one, so what it says is checked before it is followed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::checkpoint::{Checkpoint, Place, Tuning, gguf_at, identify};
use crate::disk;
use crate::error::Error;
use crate::gguf_file::Told;
use crate::import::plain;
use crate::mmproj;
use crate::models::{IMPORTING, Models};

/// What follows the model's name.
const LINK: &str = ".link.json";
/// Of what a link says. A later version may say more, and is refused.
const VERSION: u64 = 1;
/// No path is longer anywhere.
const MOST_BYTES: u64 = 256 << 10;

/// Where a model is, and what its files do not say themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The GGUF file or folder.
    path: PathBuf,
    /// Its picture tower, where the name would not tell.
    mmproj: Option<PathBuf>,
    /// Whose it is.
    program: Option<String>,
    /// What it was taught, where another program knows it and the file does not say.
    tuning: Option<Tuning>,
}

/// The model's name, if the file is called like a link.
pub(crate) fn name_of(file_name: &str) -> Option<&str> {
    file_name.strip_suffix(LINK)
}

impl Link {
    /// To a model that was found.
    fn to(checkpoint: &Checkpoint) -> Self {
        Self {
            path: checkpoint.path.clone(),
            mmproj: checkpoint.mmproj.clone(),
            program: checkpoint.program.clone(),
            tuning: Some(checkpoint.tuning),
        }
    }

    /// What the link at `file` says.
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        let opened = File::open(file).map_err(Error::io("read", file))?;
        let mut text = Vec::new();
        let read = opened.take(MOST_BYTES + 1).read_to_end(&mut text);
        read.map_err(Error::io("read", file))?;
        Self::parse(&text).map_err(|problem| Error::Link {
            path: file.to_owned(),
            problem,
        })
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        if MOST_BYTES < text.len() as u64 {
            return Err(format!("it has more than {MOST_BYTES} bytes"));
        }
        let said: Value =
            serde_json::from_slice(text).map_err(|why| format!("it is not JSON: {why}"))?;
        match said["version"].as_u64() {
            Some(VERSION) => {}
            Some(found) => return Err(format!("it is of version {found}, expected {VERSION}")),
            None => return Err("it has no version".to_owned()),
        }
        let path = |key: &str| match &said[key] {
            Value::Null => Ok(None),
            Value::String(path) if Path::new(path).is_absolute() => Ok(Some(PathBuf::from(path))),
            found => Err(format!(
                "its {key} is {found}, expected a path from the root"
            )),
        };
        Ok(Self {
            path: path("path")?.ok_or("it has no path")?,
            mmproj: path("mmproj")?,
            program: said["program"].as_str().map(str::to_owned),
            tuning: match said["tuning"].as_str() {
                Some("pretrained") => Some(Tuning::Pretrained),
                Some("instructed") => Some(Tuning::Instructed),
                _ => None,
            },
        })
    }

    fn text(&self) -> Result<Vec<u8>, Error> {
        let text = |path: &Path| {
            let text = path.to_str().map(str::to_owned);
            text.ok_or_else(|| Error::Io {
                doing: "write down the path",
                path: path.to_owned(),
                source: io::Error::new(io::ErrorKind::InvalidInput, "it is not Unicode"),
            })
        };
        let tuning = self.tuning.map(|tuning| match tuning {
            Tuning::Pretrained => "pretrained",
            Tuning::Instructed => "instructed",
        });
        let said = json!({
            "version": VERSION,
            "path": text(&self.path)?,
            "mmproj": self.mmproj.as_deref().map(text).transpose()?,
            "program": self.program,
            "tuning": tuning,
        });
        Ok(format!("{said:#}\n").into_bytes())
    }

    /// The model that the link called `name` leads to. `told` is asked what a GGUF file says.
    pub(crate) fn follow(
        self,
        name: &str,
        told: impl FnOnce(&Path) -> Result<Told, Error>,
    ) -> Result<Checkpoint, Error> {
        if matches!(fs::metadata(&self.path), Err(why) if why.kind() == io::ErrorKind::NotFound) {
            return Err(Error::LinkGone {
                name: name.to_owned(),
                path: self.path,
                program: self.program,
            });
        }
        let mut found = match gguf_at(&self.path)? {
            None => identify(&self.path)?,
            Some(file) => {
                let told = told(&file)?;
                // A tower that is gone takes no words from the model.
                let tower = self.mmproj.filter(|tower| tower.is_file());
                let seeing = tower.and_then(|tower| mmproj::with_named(&told, &tower).ok());
                seeing.unwrap_or_else(|| mmproj::with_eyes(&told))
            }
        };
        if found.title == found.name {
            found.title = name.to_owned(); // blobs have numbers for names
        }
        Ok(Checkpoint {
            name: name.to_owned(),
            tuning: self.tuning.unwrap_or(found.tuning),
            place: Place::Elsewhere,
            program: self.program,
            ..found
        })
    }
}

impl Models {
    /// Makes the model at `checkpoint` one of ours where it is. One that is linked already is not linked twice.
    pub fn link(&self, checkpoint: &Checkpoint) -> Result<Checkpoint, Error> {
        let mut checkpoint = checkpoint.clone();
        checkpoint.path =
            std::path::absolute(&checkpoint.path).map_err(Error::io("read", &checkpoint.path))?;
        let _turn = self.take_turn()?;
        if let Some(here) = self.linked(&checkpoint.path)? {
            return Ok(here);
        }
        let name = self.free_name(&plain(&checkpoint.name))?;
        let link = self.folder().join(format!("{name}{LINK}"));
        let partial = self.folder().join(format!("{name}{LINK}{IMPORTING}"));
        disk::write(&partial, &Link::to(&checkpoint).text()?)?;
        disk::put_in_place(&partial, &link)?;
        self.find(&name)
    }

    /// Whether the model at `checkpoint` is one of ours: linked, or as a copy. Copies are known by their length and by how
    /// they begin and end: models that differ in what they were taught differ there.
    pub fn has(&self, checkpoint: &Checkpoint) -> Result<bool, Error> {
        if self.linked(&checkpoint.path)?.is_some() {
            return Ok(true);
        }
        let mut here = self.list()?.checkpoints.into_iter();
        Ok(here.any(|here| {
            here.place == Place::Ours
                && here.format == checkpoint.format
                && disk::look_alike(&here.path, &checkpoint.path)
        }))
    }

    /// The model here whose files are those at `path`.
    pub fn linked(&self, path: &Path) -> Result<Option<Checkpoint>, Error> {
        let real = |path: &Path| fs::canonicalize(path).ok();
        let wanted = real(path);
        let mut here = self.list()?.checkpoints.into_iter();
        Ok(here.find(|here| wanted.is_some() && real(&here.path) == wanted))
    }
}

/// What the GGUF file at `path` says it is, under the name and with the towers that another program knows it by.
pub(crate) fn named(
    told: &Told,
    name: &str,
    tower: Option<&Path>,
    tuning: Option<Tuning>,
) -> Checkpoint {
    let seeing = tower.and_then(|tower| mmproj::with_named(told, tower).ok());
    let mut found = seeing.unwrap_or_else(|| mmproj::with_eyes(told));
    if found.title == found.name {
        found.title = name.to_owned();
    }
    Checkpoint {
        name: name.to_owned(),
        tuning: tuning.unwrap_or(found.tuning),
        ..found
    }
}

/// The link in `bytes`, as if a file had them; for tests that make such files up.
#[doc(hidden)]
pub fn read_link(bytes: &[u8]) -> Result<PathBuf, String> {
    Link::parse(bytes).map(|link| link.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let link = Link {
            path: std::env::temp_dir().join("a model \"é\".gguf"),
            mmproj: Some(std::env::temp_dir().join("mmproj.gguf")),
            program: Some("Ollama".to_owned()),
            tuning: Some(Tuning::Instructed),
        };
        let text = link.text().expect("paths in Unicode");
        assert_eq!(Link::parse(&text), Ok(link));
    }

    #[test]
    fn what_is_no_link_says_why() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let problem = Link::parse(text.as_bytes()).expect_err("it is refused");
            assert!(problem.starts_with(expected), "{problem}");
        }
        check("", "it is not JSON: ");
        check("{}", "it has no version");
        check(r#"{"version":2}"#, "it is of version 2, expected 1");
        check(r#"{"version":1}"#, "it has no path");
        check(
            r#"{"version":1,"path":7}"#,
            "its path is 7, expected a path",
        );
        check(
            r#"{"version":1,"path":"../x.gguf"}"#,
            "its path is \"../x.gguf\"",
        );
        check(
            &" ".repeat(MOST_BYTES as usize + 1),
            "it has more than 262144 bytes",
        );
    }
}
