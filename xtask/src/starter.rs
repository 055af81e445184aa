//! The starter model the tests and the bench read, fetched as a person would fetch it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::{Outcome, command, run, say};
use crate::{root, target};

const NAME: &str = "gemma-3-270m-q4_k_m.gguf";

/// `lectern models download` verifies what it fetches; a file of this size has been through that.
const SIZE_BYTES: u64 = 253_113_024;

/// Where the model lies, fetched with `lectern` if it is not there yet.
pub fn here(lectern: &Path) -> Outcome<PathBuf> {
    let model = place();
    if is_here() {
        return Ok(model);
    }
    say("Fetching the starter model (253 MB, once)");
    let home = target().join("starter/home");
    let lectern = lectern.display().to_string();
    run(command(root(), &lectern, ["models", "download", "--base"]).env("LECTERN_HOME", &home))?;
    fs::rename(home.join("models").join(NAME), &model).map_err(|error| {
        format!(
            "the fetched model could not be moved to {}: {error}",
            model.display()
        )
    })?;
    Ok(model)
}

pub fn is_here() -> bool {
    fs::metadata(place()).is_ok_and(|data| data.len() == SIZE_BYTES)
}

fn place() -> PathBuf {
    target().join("starter").join(NAME)
}
