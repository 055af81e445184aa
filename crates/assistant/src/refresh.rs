//! The catalogue beside what the hub has now, and what is here.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::AtomicBool;

use checkpoints::fetch::{self, Found, Patience, Seen, Sources};
use checkpoints::{LICENCE, Origin, Published};
use serde::{Deserialize, Serialize};

use crate::{Assistant, Error};

/// A published file may be so much smaller or larger than its shape foretells.
const FORESEEN_WITHIN_PERCENT: u64 = 1;

/// What the hub has of a model of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Refreshed {
    /// The model's name.
    pub name: String,
    /// Where the catalogue says that it is.
    pub repository: String,
    /// The commit its files are of now.
    pub revision: Option<String>,
    /// What it is given under.
    pub licence: &'static str,
    /// What would be fetched.
    pub files: Vec<RefreshedFile>,
    /// Bytes of all of it, by the hub; by the catalogue where that does not say.
    pub bytes: u64,
    /// Where the catalogue and the hub differ, what changed since the last time, and why it cannot be told: sentences.
    pub remarks: Vec<String>,
    /// Whether the catalogue is right.
    pub is_right: bool,
}

/// A file as the hub has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshedFile {
    /// Its name.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// Of all large ones.
    pub sha256: Option<String>,
}

/// What the hub said the last time, by model: the revision.
#[derive(Default, Serialize, Deserialize)]
struct Recorded {
    revisions: BTreeMap<String, String>,
}

impl Assistant {
    /// Compares the catalogue with the hub: is each repository there, with its files, as large as foreseen, open or not.
    /// Tells how many of all models are done; `None` if `stop` was set. What the hub said is recorded for the next time.
    pub fn refresh_catalogue(
        &self,
        stop: &AtomicBool,
        on_progress: impl FnMut(usize, usize),
    ) -> Result<Option<Vec<Refreshed>>, Error> {
        let options = &self.inner.options;
        let sources = Sources {
            token: self.token()?,
            patience: Patience::usual().hurried(options.hurry.unwrap_or(1)),
            ..Sources::usual(options.hub.as_deref())
        };
        let Some(seen) = fetch::refresh(&sources, stop, on_progress)? else {
            return Ok(None);
        };
        let path = options.home.cache().join("catalogue.json");
        // What cannot be read was never said.
        let recorded = fs::read(&path).unwrap_or_default();
        let mut recorded: Recorded = serde_json::from_slice(&recorded).unwrap_or_default();
        let mut rows = Vec::new();
        for seen in &seen {
            rows.push(self.row(seen, &recorded)?);
        }
        for row in &rows {
            if let Some(revision) = &row.revision {
                recorded
                    .revisions
                    .insert(row.name.clone(), revision.clone());
            }
        }
        let text = serde_json::to_vec_pretty(&recorded).expect("plain data has a JSON form");
        let folder = options.home.cache();
        fs::create_dir_all(&folder)
            .map_err(|source| Error::io("make the folder", &folder, source))?;
        fs::write(&path, text).map_err(|source| Error::io("write", &path, source))?;
        Ok(Some(rows))
    }

    fn row(&self, seen: &Seen, recorded: &Recorded) -> Result<Refreshed, Error> {
        let published = seen.published;
        let row = Refreshed {
            name: published.name.to_owned(),
            repository: published.repository.to_owned(),
            revision: None,
            licence: LICENCE,
            files: Vec::new(),
            bytes: published.bytes(),
            remarks: Vec::new(),
            is_right: false,
        };
        let found = match &seen.found {
            Ok(found) => found,
            Err(error) => {
                let remarks = vec![error.to_string()];
                return Ok(Refreshed { remarks, ..row });
            }
        };
        let mut remarks = differences(&row, published, found);
        let is_right = remarks.is_empty();
        let last = recorded.revisions.get(published.name);
        if last.is_some_and(|last| *last != found.revision) {
            remarks.push("changed since the last time".to_owned());
        }
        let here = Origin::read(self.folder()?.folder(), published.name)?;
        let here = here.and_then(|origin| origin.revision);
        if here.is_some_and(|here| here != found.revision) {
            remarks.push("what is here is of another revision".to_owned());
        }
        let files = found.files.iter().map(|file| RefreshedFile {
            name: file.name.clone(),
            bytes: file.bytes,
            sha256: file.sha256.clone(),
        });
        Ok(Refreshed {
            revision: Some(found.revision.clone()),
            bytes: found.files.iter().map(|file| file.bytes).sum(),
            files: files.collect(),
            remarks,
            is_right,
            ..row
        })
    }
}

/// Where the catalogue is wrong.
fn differences(row: &Refreshed, published: &Published, found: &Found) -> Vec<String> {
    let mut remarks = Vec::new();
    if found.repository != row.repository {
        remarks.push(format!("moved to {}", found.repository));
    }
    match (published.is_gated, found.is_gated) {
        (true, false) => {
            remarks.push("open, though the catalogue says that it is gated".to_owned())
        }
        (false, true) => {
            remarks.push("gated, though the catalogue says that it is open".to_owned())
        }
        _ => {}
    }
    let known = published.known();
    if known.is_some_and(|known| !found.files.contains(&known)) {
        remarks.push("its weights are others than when this Lectern was made".to_owned());
    }
    let bytes: u64 = found.files.iter().map(|file| file.bytes).sum();
    if FORESEEN_WITHIN_PERCENT * row.bytes < 100 * bytes.abs_diff(row.bytes) {
        remarks.push(format!("{bytes} bytes, though {} are foreseen", row.bytes));
    }
    remarks
}
