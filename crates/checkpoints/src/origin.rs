//! Where a model came from: what was published of its files when they were fetched, kept beside it as `NAME.origin.json`.
//!
//! With it a model can be checked again years later, also where the hub has another revision by then. A file from
//! outside, for all we know: its size is bounded, and no name in it leaves a folder.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::Error;

/// What the file is called, after the model's name.
pub(crate) const ORIGIN: &str = ".origin.json";
/// A model has a few dozen files; each takes less than 200 bytes in here.
const MOST_BYTES: u64 = 1 << 20;
/// Of the layout below.
const VERSION: u32 = 1;

/// Where a model's files came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// "huggingface.co/ggml-org/gemma-3-4b-it-GGUF", or "taken in from a file".
    pub source: String,
    /// The hub's name of the commit that all files are of.
    pub revision: Option<String>,
    /// When the last of them was here; Unix milliseconds.
    pub fetched_ms: Option<i64>,
    /// Each of them.
    pub files: Vec<OriginFile>,
}

/// One file of a model, as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginFile {
    /// Its name, without a folder.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// In lower-case hexadecimal.
    pub sha256: Option<String>,
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    #[serde(flatten)]
    origin: Origin,
}

impl Origin {
    /// Where the model called `name` came from; `None` where nobody wrote that down.
    pub fn read(models_folder: &Path, name: &str) -> Result<Option<Self>, Error> {
        let path = path(models_folder, name);
        let mut text = Vec::new();
        match File::open(&path) {
            Ok(file) => file.take(MOST_BYTES + 1).read_to_end(&mut text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => Err(error),
        }
        .map_err(Error::io("read", &path))?;
        let origin = Self::parse(&text).map_err(|problem| Error::Broken { path, problem })?;
        Ok(Some(origin))
    }

    /// Keeps it beside the model called `name`.
    pub fn write(&self, models_folder: &Path, name: &str) -> Result<(), Error> {
        let kept = Kept {
            version: VERSION,
            origin: self.clone(),
        };
        let text = serde_json::to_vec_pretty(&kept).expect("plain data has a JSON form");
        disk::replace(&path(models_folder, name), &text)
    }

    /// What `text` says, or what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        if MOST_BYTES < text.len() as u64 {
            return Err(format!("it has more than {MOST_BYTES} bytes"));
        }
        let Kept { version, origin } =
            serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!("its layout is {version}, and {VERSION} is known"));
        }
        for file in &origin.files {
            if !stays_in_its_folder(&file.name) {
                return Err(format!("{:?} is not the name of a file", file.name));
            }
            let is_hash = |text: &String| {
                let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                text.len() == 64 && text.bytes().all(is_digit)
            };
            if file.sha256.as_ref().is_some_and(|text| !is_hash(text)) {
                return Err(format!("what it has for {} is no SHA-256", file.name));
            }
        }
        Ok(origin)
    }
}

fn path(models_folder: &Path, name: &str) -> PathBuf {
    models_folder.join(format!("{name}{ORIGIN}"))
}

fn stays_in_its_folder(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', ':', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin {
            source: "huggingface.co/ggml-org/gemma-3-4b-it-GGUF".to_owned(),
            revision: Some("4567def".to_owned()),
            fetched_ms: Some(1_700_000_000_000),
            files: vec![OriginFile {
                name: "gemma-3-4b-it-Q4_K_M.gguf".to_owned(),
                bytes: 2_489_757_856,
                sha256: Some("ab".repeat(32)),
            }],
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(Origin::read(folder.path(), "m").expect("no file"), None);
        origin().write(folder.path(), "m").expect("it is written");
        let other = Origin {
            revision: None,
            ..origin()
        };
        other.write(folder.path(), "m").expect("it is replaced");
        assert_eq!(Origin::read(folder.path(), "m").expect("it"), Some(other));
        let files = std::fs::read_dir(folder.path()).expect("the folder");
        assert_eq!(files.count(), 1, "nothing else is left");
    }

    #[test]
    fn what_does_not_do_is_refused_in_words() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let problem = Origin::parse(text.as_bytes()).expect_err("it does not do");
            assert!(problem.contains(expected), "{problem}");
        }
        let with = |file: &str| format!(r#"{{"version":1,"source":"s","files":[{file}]}}"#);
        check("", "EOF");
        check(r#"{"version":2,"source":"s","files":[]}"#, "layout is 2");
        check(&with(r#"{"name":"../x","bytes":1}"#), "../x");
        check(&with(r#"{"name":"x","bytes":1,"sha256":"AB"}"#), "SHA-256");
        check(&with(r#"{"name":"x","bytes":-1}"#), "u64");
        check(&" ".repeat(2 << 20), "bytes");
    }
}
