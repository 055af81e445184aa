//! Who may lean on whom, and where `unsafe` and the network may live: `docs/architecture.md` as a test.
//!
//! A crate without a row here fails: a new crate, or a new edge, is a change to the architecture.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// One row per package of the workspace: the packages of ours it may depend on.
const EDGES: &[(&str, &[&str])] = &[
    ("kernels", &[]),
    ("gguf", &[]),
    ("engine", &["gguf", "kernels"]),
    ("prompt", &[]),
    ("documents", &[]),
    ("checkpoints", &["gguf"]),
    ("library", &[]),
    (
        "assistant",
        &[
            "checkpoints",
            "documents",
            "engine",
            "gguf",
            "library",
            "prompt",
        ],
    ),
    ("cli", &["assistant"]),
    ("lectern-desktop", &["assistant"]),
    // Tests may look at what the fronts are made of; nothing depends on them.
    ("journeys", &[]),
    (
        "fuzz",
        &["checkpoints", "documents", "engine", "gguf", "prompt"],
    ),
    ("xtask", &[]),
];

/// Crates from outside that only some of ours may name in their manifests.
const RESERVED: &[(&str, &[&str])] = &[
    ("candle-core", &["engine"]),
    ("candle-nn", &["engine"]),
    ("candle-transformers", &["engine"]),
    ("memmap2", &["engine", "kernels"]),
    ("rusqlite", &["library"]),
    ("tauri", &["lectern-desktop"]),
    ("tokenizers", &["prompt"]),
    ("directories", &["assistant"]),
];

/// Crates that can talk to another machine. Ours may reach them only through `checkpoints`.
///
/// Tauri's own tree is left out of the walk: its HTTP crates carry the page's messages inside the
/// process, and the page's policy (`tests/ui/window`) shows that nothing else leaves it.
const NETWORK: &[&str] = &[
    "curl",
    "hf-hub",
    "hyper",
    "isahc",
    "native-tls",
    "reqwest",
    "rustls",
    "surf",
    "ureq",
];

/// The only places that may contain `unsafe`.
const UNSAFE_ALLOWED: &[&str] = &["crates/kernels/", "crates/engine/src/weights/map.rs"];

/// Folder and file names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "manager", "service", "misc",
];

#[test]
fn every_crate_leans_only_on_what_its_row_allows() {
    let rows: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let ours: BTreeSet<String> = workspace().iter().map(|p| name(p).to_owned()).collect();
    let known: BTreeSet<String> = rows.keys().map(|n| n.to_string()).collect();
    assert_eq!(
        ours, known,
        "each package of the workspace has a row in EDGES, and no row is left over"
    );

    for package in workspace() {
        let allowed = rows[name(&package)];
        for dependency in dependencies(&package, &[None, Some("build")]) {
            if ours.contains(&dependency) {
                assert!(
                    allowed.contains(&dependency.as_str()),
                    "{} depends on {dependency}, which docs/architecture.md does not allow",
                    name(&package)
                );
            }
        }
    }
}

#[test]
fn crates_with_a_home_are_used_only_there() {
    for package in workspace() {
        for dependency in dependencies(&package, &[None, Some("build")]) {
            if let Some((_, homes)) = RESERVED.iter().find(|(krate, _)| *krate == dependency) {
                assert!(
                    homes.contains(&name(&package)),
                    "{} depends on {dependency}, whose home is {homes:?}",
                    name(&package)
                );
            }
        }
    }
}

#[test]
fn the_network_is_reached_only_through_checkpoints() {
    for krate in [
        "kernels",
        "gguf",
        "engine",
        "prompt",
        "documents",
        "library",
    ] {
        let tree = tree_of(krate);
        let found: Vec<&str> = NETWORK
            .iter()
            .copied()
            .filter(|n| tree.contains(*n))
            .collect();
        assert!(
            found.is_empty(),
            "{krate} can reach the network through {found:?}"
        );
    }
    // The fronts and the assistant name no such crate themselves.
    for package in workspace() {
        if name(&package) == "journeys" {
            continue; // drives the window over WebDriver
        }
        for dependency in dependencies(&package, &[None, Some("build")]) {
            assert!(
                !NETWORK.contains(&dependency.as_str()) || name(&package) == "checkpoints",
                "{} names {dependency}; only checkpoints talks to other machines",
                name(&package)
            );
        }
    }
}

#[test]
fn unsafe_lives_in_kernels_and_the_weight_map_only() {
    for file in sources() {
        let shown = file
            .strip_prefix(root())
            .expect("sources lie under the root")
            .to_string_lossy()
            .replace('\\', "/");
        if UNSAFE_ALLOWED.iter().any(|place| shown.starts_with(place)) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file is text");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let opens = [
                "unsafe {",
                "unsafe fn",
                "unsafe impl",
                "unsafe extern",
                "allow(unsafe_code",
                "expect(unsafe_code",
            ];
            // This file has to spell the words it looks for.
            if shown != "tests/architecture.rs" && opens.iter().any(|word| code.contains(word)) {
                panic!("{shown}:{} uses unsafe; it belongs in kernels", number + 1);
            }
        }
    }
}

#[test]
fn sql_stays_in_the_library() {
    for file in sources() {
        let shown = file
            .strip_prefix(root())
            .expect("sources lie under the root")
            .to_string_lossy()
            .replace('\\', "/");
        if shown.starts_with("crates/library/") || shown.starts_with("tests/") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file is text");
        for word in [
            "SELECT ",
            "INSERT INTO",
            "CREATE TABLE",
            "DELETE FROM",
            "PRAGMA ",
        ] {
            assert!(
                !text.contains(word),
                "{shown} contains SQL ({word:?}); it belongs in library"
            );
        }
    }
}

#[test]
fn names_say_what_is_inside() {
    for file in sources() {
        for part in file
            .strip_prefix(root())
            .expect("sources lie under the root")
            .components()
        {
            let part = part.as_os_str().to_string_lossy();
            let stem = part.split('.').next().unwrap_or_default();
            assert!(
                !EMPTY_NAMES.contains(&stem),
                "{}: {stem:?} is no name for a place",
                file.display()
            );
        }
    }
}

#[test]
fn every_crate_opens_with_a_header() {
    for file in sources() {
        if file.file_name().is_some_and(|n| n == "lib.rs") {
            let text = fs::read_to_string(&file).expect("a source file is text");
            assert!(text.starts_with("//!"), "{} has no header", file.display());
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the root")
        .to_owned()
}

/// The packages of the workspace as `cargo metadata` gives them.
fn workspace() -> Vec<Value> {
    let out = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let metadata: Value = serde_json::from_slice(&out.stdout).expect("cargo metadata is JSON");
    metadata["packages"]
        .as_array()
        .expect("packages is a list")
        .clone()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a package has a name")
}

/// Names of the dependencies of `package` of the given kinds (`None` is an ordinary one).
fn dependencies(package: &Value, kinds: &[Option<&str>]) -> Vec<String> {
    let list = package["dependencies"]
        .as_array()
        .expect("dependencies is a list");
    list.iter()
        .filter(|d| kinds.contains(&d["kind"].as_str()))
        .map(|d| name(d).to_owned())
        .collect()
}

/// Every crate that `krate` pulls in on any platform, itself included.
fn tree_of(krate: &str) -> BTreeSet<String> {
    let out = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-p",
            krate,
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = String::from_utf8(out.stdout).expect("cargo tree prints text");
    text.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// All Rust sources of the project.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for top in ["crates", "src-tauri", "tests", "xtask"] {
        walk(&root().join(top), &mut found);
    }
    assert!(found.len() > 20, "the walk finds the sources");
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder can be listed") {
        let path = entry.expect("a source folder can be listed").path();
        if path.is_dir() {
            if path
                .file_name()
                .is_some_and(|n| n != "target" && n != "node_modules")
            {
                walk(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}
