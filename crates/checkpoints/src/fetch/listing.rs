//! What the hub says of a repository: its revision now, and the files of a revision.

use serde_json::Value;

use super::download::{Remote, Way};
use super::line::{self, Reason};
use super::verified::Expected;
use super::watch::Watch;
use crate::disk::Halt;
use crate::error::Error;

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name; files in folders are not listed.
    pub file: String,
    /// How long it is.
    pub bytes: u64,
    /// Of all large files.
    pub sha256: Option<String>,
    /// What git calls it, of the others.
    pub git: Option<String>,
}

/// What the hub says of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What it is called now.
    pub name: String,
    /// What its files are now.
    pub revision: String,
    /// Whether it is given only to those who have agreed to something.
    pub is_gated: bool,
}

/// A repository of the hub at `endpoint`.
pub struct Repository<'a> {
    pub endpoint: &'a str,
    pub name: &'a str,
    pub way: &'a Way,
}

impl Repository<'_> {
    pub fn about(&self, watch: &mut Watch) -> Result<About, Halt> {
        let answer = self.ask("", watch)?;
        Ok(About::parse(self.name, &answer).ok_or_else(|| self.strange())?)
    }

    /// The files of `revision`.
    pub fn files(&self, revision: &str, watch: &mut Watch) -> Result<Vec<Listed>, Halt> {
        let answer = self.ask(&format!("/tree/{revision}"), watch)?;
        Ok(Listed::parse(&answer).ok_or_else(|| self.strange())?)
    }

    /// What people call it: "huggingface.co/ggml-org/gemma-3-4b-it-GGUF".
    pub fn address(&self) -> String {
        format!("{}/{}", line::host_of(self.endpoint), self.name)
    }

    /// Where a file of it is, and what it should be.
    pub fn remote<'a>(&self, revision: &str, listed: &'a Listed) -> Remote<'a> {
        let Self { endpoint, name, .. } = self;
        let file = &listed.file;
        Remote {
            url: format!("{endpoint}/{name}/resolve/{revision}/{file}"),
            file,
            bytes: listed.bytes,
            sha256: listed.sha256.as_deref(),
        }
    }

    fn ask(&self, what: &str, watch: &mut Watch) -> Result<Vec<u8>, Halt> {
        let url = format!("{}/api/models/{}{what}", self.endpoint, self.name);
        let Way { line, patience, .. } = self.way;
        let mut tries = patience.tries();
        loop {
            let reason: Reason = match line.ask_once(&url, watch)? {
                Ok(answer) => return Ok(answer.text),
                Err(reason) => reason,
            };
            let is_hopeless = reason.is_lasting() || (reason.is_offline() && tries.are_counted());
            match tries.next_pause().filter(|_| !is_hopeless) {
                Some(pause) => watch.wait_for(reason.trouble(&url), pause.max(reason.after()))?,
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

impl Listed {
    /// The files that the hub's answer lists.
    pub fn parse(answer: &[u8]) -> Option<Vec<Self>> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        Some(answer.as_array()?.iter().filter_map(listed).collect())
    }

    /// What it should be; `None` if the hub does not say, and then it is not taken.
    pub(crate) fn expected(&self) -> Option<Expected<'_>> {
        let sha256 = self.sha256.as_deref().map(Expected::Sha256);
        sha256.or_else(|| self.git.as_deref().map(Expected::Git))
    }
}

impl About {
    /// What the hub's answer says of the repository that was asked for as `asked`.
    pub fn parse(asked: &str, answer: &[u8]) -> Option<Self> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let revision = answer["sha"].as_str().filter(|sha| is_plain(sha))?;
        // One that was renamed still answers to its old name.
        let name = answer["id"].as_str().filter(|id| is_repository(id));
        Some(Self {
            name: name.unwrap_or(asked).to_owned(),
            revision: revision.to_owned(),
            is_gated: !matches!(answer["gated"], Value::Null | Value::Bool(false)),
        })
    }
}

fn listed(entry: &Value) -> Option<Listed> {
    let file = entry["path"].as_str().filter(|file| is_plain(file))?;
    let large = &entry["lfs"];
    let hash = |value: &Value, length: usize| {
        let hash = value.as_str()?.to_ascii_lowercase();
        let is_hash = hash.len() == length && hash.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash.then_some(hash)
    };
    Some(Listed {
        file: file.to_owned(),
        bytes: large["size"].as_u64().or_else(|| entry["size"].as_u64())?,
        sha256: hash(&large["oid"], 64),
        // Of a large file that is the name of a note about it.
        git: hash(&entry["oid"], 40).filter(|_| large.is_null()),
    })
}

/// A name that stays in its folder, whatever a server says.
fn is_plain(name: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.chars().all(is_usual) && !name.starts_with('.')
}

fn is_repository(name: &str) -> bool {
    let parts = name.split_once('/');
    parts.is_some_and(|(owner, name)| is_plain(owner) && is_plain(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_names_that_stay_in_their_folder_are_listed() {
        #[track_caller]
        fn check(path: &str, is_listed: bool) {
            let entry = json!({ "type": "file", "path": path, "size": 3 });
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
    fn large_files_have_a_sha256_and_small_ones_a_name_of_gits() {
        let (oid, git) = ("AB".repeat(32), "CD".repeat(20));
        let lfs = json!({ "oid": oid, "size": 5 });
        let entry = json!({ "path": "a.gguf", "size": 130, "lfs": lfs, "oid": git });
        let found = listed(&entry).expect("it is a file");
        assert_eq!((found.bytes, found.git), (5, None));
        assert_eq!(found.sha256, Some("ab".repeat(32)));
        let lfs = json!({ "oid": "short" });
        let entry = json!({ "path": "a.gguf", "size": 130, "lfs": lfs, "oid": git });
        assert!(listed(&entry).is_some_and(|found| found.expected().is_none()));
        let entry = json!({ "path": "a.json", "size": 130, "oid": git });
        assert_eq!(
            listed(&entry).and_then(|found| found.git),
            Some("cd".repeat(20))
        );
    }

    #[test]
    fn a_repository_says_what_it_is_now() {
        #[track_caller]
        fn check(answer: Value, expected: Option<(&str, bool)>) {
            let found = About::parse("old/name", answer.to_string().as_bytes());
            let found = found.as_ref().map(|about| (&*about.name, about.is_gated));
            assert_eq!(found, expected);
        }
        check(json!({ "sha": "4567def" }), Some(("old/name", false)));
        check(
            json!({ "sha": "1", "id": "new/name", "gated": "manual" }),
            Some(("new/name", true)),
        );
        check(
            json!({ "sha": "1", "id": "../x", "gated": false }),
            Some(("old/name", false)),
        );
        check(json!({ "sha": "../1" }), None);
        check(json!([]), None);
    }
}
