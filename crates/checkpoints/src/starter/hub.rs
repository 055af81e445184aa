//! The starter from the hub: one file, known by its revision, size and SHA-256.

use std::path::PathBuf;

use crate::checkpoint::Checkpoint;
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::fetch::download::{Remote, Way};
use crate::fetch::verified::{self, Expected};
use crate::fetch::watch::Watch;
use crate::fetch::{line, part};
use crate::models::{Models, PARTIAL};
use crate::origin::{Origin, OriginFile};

/// What Gemma's terms of use (3.1) want to stand beside a copy.
pub const NOTICE: &str = "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms\n";

/// A file of a repository. Pinned: whatever the hub serves under its name, only these bytes are taken.
pub struct HubFile {
    pub repository: &'static str,
    pub revision: &'static str,
    pub file: &'static str,
    pub bytes: u64,
    pub sha256: &'static str,
}

/// llama.cpp's own conversion of google/gemma-3-270m-it.
pub const INSTRUCTED_270M: HubFile = HubFile {
    repository: "ggml-org/gemma-3-270m-it-GGUF",
    revision: "e7647be17ae1108f2f605ed061ca0608b171afff",
    file: "gemma-3-270m-it-Q8_0.gguf",
    bytes: 291_545_600,
    sha256: "0ef57d2c838458a1952664260dcba38e5bdda37494f3af732f06e4add24068e3",
};

/// Fetches `wanted` into `models`, going on where an earlier try stopped.
pub fn fetch(
    wanted: &HubFile,
    endpoint: &str,
    models: &Models,
    way: &Way,
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    let HubFile {
        repository,
        revision,
        file,
        ..
    } = wanted;
    let path = models.folder().join(file);
    let partial = partial(wanted, models);
    let remote = Remote {
        url: format!("{endpoint}/{repository}/resolve/{revision}/{file}"),
        file,
        bytes: wanted.bytes,
        sha256: Some(wanted.sha256),
    };
    let expected = Expected::Sha256(wanted.sha256);
    verified::fetch(&remote, expected, &partial, way, watch)?;
    let notice = path.with_extension("NOTICE.txt");
    disk::write(&notice, NOTICE.as_bytes())?;
    let origin = Origin {
        source: format!("{}/{repository}", line::host_of(endpoint)),
        revision: Some((*revision).to_owned()),
        fetched_ms: Some(watch.now_ms()),
        files: vec![OriginFile {
            name: (*file).to_owned(),
            bytes: wanted.bytes,
            sha256: Some(wanted.sha256.to_owned()),
        }],
    };
    let _turn = watch.wait_for_turn(models)?;
    origin.write(models.folder(), file.trim_end_matches(".gguf"))?;
    disk::put_in_place(&partial, &path)?;
    Ok(models.find_at(&path)?)
}

/// Deletes what an earlier try left of `wanted`.
pub fn forget(wanted: &HubFile, models: &Models) -> Result<(), Error> {
    part::forget(&partial(wanted, models))
}

pub fn partial(wanted: &HubFile, models: &Models) -> PathBuf {
    let HubFile { file, .. } = wanted;
    models.folder().join(format!("{file}{PARTIAL}"))
}
