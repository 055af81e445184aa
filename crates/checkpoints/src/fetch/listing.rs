//! What the hub says of a repository: its revision now, and the files of a revision.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use serde_json::Value;

use super::line::{self, Arrival, Question, Reason};
use super::watch::{LOOK_EVERY, Watch};
use crate::disk::Halt;
use crate::error::Error;

/// What an answer may have. Repositories of one model have a few dozen files.
const MOST_BYTES: usize = 8 << 20;

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name; files in folders are not listed.
    pub file: String,
    pub bytes: u64,
    /// Of all large files.
    pub sha256: Option<String>,
}

/// A repository of the hub at `endpoint`.
pub struct Repository<'a> {
    pub endpoint: &'a str,
    pub name: &'a str,
    pub pauses: &'a [Duration],
}

impl Repository<'_> {
    /// What its files are now, so that all are of one revision.
    pub fn revision(&self, watch: &Watch) -> Result<String, Halt> {
        let about = self.ask("", watch)?;
        let revision = about["sha"].as_str().filter(|sha| is_plain(sha));
        Ok(revision.map(str::to_owned).ok_or_else(|| self.strange())?)
    }

    /// The files of `revision`.
    pub fn files(&self, revision: &str, watch: &Watch) -> Result<Vec<Listed>, Halt> {
        let tree = self.ask(&format!("/tree/{revision}"), watch)?;
        let entries = tree.as_array().ok_or_else(|| self.strange())?;
        Ok(entries.iter().filter_map(listed).collect())
    }

    /// What people call it: "huggingface.co/ggml-org/gemma-3-4b-it-GGUF".
    pub fn address(&self) -> String {
        format!("{}/{}", line::host_of(self.endpoint), self.name)
    }

    /// Where a file of it is.
    pub fn url(&self, revision: &str, file: &str) -> String {
        let Self { endpoint, name, .. } = self;
        format!("{endpoint}/{name}/resolve/{revision}/{file}")
    }

    fn ask(&self, what: &str, watch: &Watch) -> Result<Value, Halt> {
        let url = format!("{}/api/models/{}{what}", self.endpoint, self.name);
        let mut tries = self.pauses.iter();
        loop {
            let reason = match ask_once(&url, watch)? {
                Ok(answer) => {
                    return Ok(serde_json::from_slice(&answer).map_err(|_| self.strange())?);
                }
                Err(reason) => reason,
            };
            match tries.next().filter(|_| !reason.is_lasting()) {
                Some(pause) => watch.wait(*pause)?,
                None => return Err(reason.into_error(&url, self.name).into()),
            }
        }
    }

    /// It answered, but not as a hub does.
    fn strange(&self) -> Error {
        Error::Changed {
            host: line::host_of(self.endpoint).to_owned(),
            file: self.name.to_owned(),
        }
    }
}

fn ask_once(url: &str, watch: &Watch) -> Result<Result<Vec<u8>, Reason>, Halt> {
    let question = Question {
        url: url.to_owned(),
        first_byte: 0,
        tag: None,
    };
    let arrivals = line::ask(line::agent(), question);
    let mut answer = Vec::new();
    loop {
        watch.check_stop()?;
        match arrivals.recv_timeout(LOOK_EVERY) {
            Err(RecvTimeoutError::Timeout) => {}
            // The other thread only ends without a last word if it panicked.
            Err(RecvTimeoutError::Disconnected) => return Ok(Err(Reason::Ended)),
            Ok(Arrival::Lost(reason)) => return Ok(Err(reason)),
            Ok(Arrival::Head(head)) if head.status != 200 => {
                return Ok(Err(Reason::Status(head.status)));
            }
            Ok(Arrival::Head(_)) => {}
            Ok(Arrival::Bytes(bytes)) if answer.len() + bytes.len() <= MOST_BYTES => {
                answer.extend(bytes);
            }
            Ok(Arrival::Bytes(_)) => return Ok(Err(Reason::Ended)),
            Ok(Arrival::End) => return Ok(Ok(answer)),
        }
    }
}

fn listed(entry: &Value) -> Option<Listed> {
    let file = entry["path"].as_str().filter(|file| is_plain(file))?;
    let large = &entry["lfs"];
    let sha256 = large["oid"].as_str().map(str::to_ascii_lowercase);
    let is_sha256 = |oid: &String| oid.len() == 64 && oid.bytes().all(|b| b.is_ascii_hexdigit());
    Some(Listed {
        file: file.to_owned(),
        bytes: large["size"].as_u64().or_else(|| entry["size"].as_u64())?,
        sha256: sha256.filter(is_sha256),
    })
}

/// A name that stays in its folder, whatever a server says.
fn is_plain(name: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.chars().all(is_usual) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_stay_in_their_folder_are_listed() {
        #[track_caller]
        fn check(path: &str, is_listed: bool) {
            let entry = serde_json::json!({ "type": "file", "path": path, "size": 3 });
            assert_eq!(listed(&entry).is_some(), is_listed, "{path}");
        }
        check("gemma-3-4b-it-Q4_K_M.gguf", true);
        check("README.md", true);
        check("../library.sqlite", false);
        check("a/b.gguf", false);
        check(r"a\b.gguf", false);
        check(".gitattributes", false);
        check("", false);
    }

    #[test]
    fn large_files_have_a_sha256() {
        let oid = "AB".repeat(32);
        let lfs = serde_json::json!({ "oid": oid, "size": 5 });
        let entry = serde_json::json!({ "path": "a.gguf", "size": 130, "lfs": lfs });
        let found = listed(&entry).expect("it is a file");
        assert_eq!((found.bytes, found.sha256), (5, Some("ab".repeat(32))));
        let lfs = serde_json::json!({ "oid": "short" });
        let entry = serde_json::json!({ "path": "a.gguf", "size": 130, "lfs": lfs });
        assert_eq!(listed(&entry).and_then(|found| found.sha256), None);
    }
}
