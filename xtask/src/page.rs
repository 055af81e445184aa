//! The page in `ui/`: its packages and its build, each only when something has changed.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::root;
use crate::step::{Outcome, command, run, say};

/// Installs what `package-lock.json` names, if that is newer than what is there.
pub fn install() -> Outcome {
    let ui = root().join("ui");
    if changed(&ui.join("package-lock.json"))
        <= changed(&ui.join("node_modules/.package-lock.json"))
    {
        return Ok(());
    }
    say("Installing what the page is built with (npm ci)");
    run(&mut command(&ui, "npm", ["ci"]))
}

/// Builds the page into `ui/dist`, if anything it is made of is newer.
pub fn build() -> Outcome {
    install()?;
    let ui = root().join("ui");
    if newest(&ui) <= changed(&ui.join("dist/index.html")) {
        return Ok(());
    }
    say("Building the page");
    run(&mut command(&ui, "npm", ["run", "build"]))
}

/// When something in `folder` last changed. A folder changes too, when a file in it goes away.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name != "node_modules" && !name.starts_with("dist")
    });
    let inside = ours.map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            newest(&path).max(changed(&path))
        } else {
            changed(&path)
        }
    });
    inside.max().flatten()
}

/// When `path` last changed; nothing, if it is not there.
fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|data| data.modified()).ok()
}
