//! `./dev run`: from a clone to the open window.

use std::fs;
use std::path::Path;

use crate::step::{Outcome, ask, cargo, command, run as run_command, say};
use crate::{built, needs, page, root};

/// Builds what is not built, fetches a model if there is none, opens the window until it is closed.
pub fn run() -> Outcome {
    // Before minutes of building: the person may want to connect in another way.
    needs::display()?;
    needs::web_view()?;
    build()?;
    let lectern = built("release", "lectern");
    if !has_model(&lectern)? {
        say("Fetching a model to begin with");
        run_command(&mut command(
            root(),
            &lectern.display().to_string(),
            ["models", "download"],
        ))?;
    }
    say("Opening Lectern");
    let app = built("release", "lectern-desktop").display().to_string();
    run_command(&mut command(root(), &app, NO_ARGUMENTS))
}

/// The page, the app and the command line, optimised: a debug engine is useless.
pub fn build() -> Outcome {
    needs::node()?;
    page::build()?;
    say("Building Lectern (about ten minutes on two cores the first time, then seconds)");
    run_command(&mut cargo([
        "build",
        "--release",
        "--locked",
        "-p",
        "lectern-desktop",
        "-p",
        "cli",
    ]))
}

/// Whether any model lies in the models folder.
fn has_model(lectern: &Path) -> Outcome<bool> {
    let folder = ask(&mut command(
        root(),
        &lectern.display().to_string(),
        ["models", "path"],
    ))?;
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    Ok(files
        .map(|file| file.path())
        .any(|path| path.extension().is_some_and(|kind| kind == "gguf")))
}

const NO_ARGUMENTS: [&str; 0] = [];
