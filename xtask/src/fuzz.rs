//! `./dev fuzz`: files made up by libFuzzer, read as the product reads them (`tests/fuzz`).
//!
//! What cargo-fuzz would do, in the few lines of it that are needed: so that there is nothing to install.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::step::{Outcome, ask, cargo, command, run, say};
use crate::{root, target};

/// What is fuzzed, with the largest allocation in megabytes and the longest time in seconds that are right.
const TARGETS: [(&str, u32, u32); 10] = [
    ("hub", 64, 10),
    ("gguf", 64, 10),
    ("safetensors", 64, 10),
    ("config", 64, 10),
    ("tokenizer", 64, 10),
    // 89 megapixels, as `documents` says: seconds where every step is looked at.
    ("picture", 512, 60),
    ("notes", 64, 10),
    // A stream of a PDF may become a quarter of a gigabyte.
    ("pdf", 512, 30),
    ("archive", 128, 30),
    ("text", 64, 30),
];

/// What makes every branch and comparison visible to libFuzzer, and memory errors to everybody.
const FLAGS: &str = "--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// `./dev fuzz [TARGET…] [--minutes N]`: those, or all; each for so long, or until something is found.
pub fn fuzz(arguments: &[&str]) -> Outcome {
    let (names, minutes) = match arguments {
        [names @ .., "--minutes", minutes] => {
            let minutes = minutes.parse::<u32>();
            (names, minutes.map_err(|_| "--minutes wants a number")?)
        }
        names => (names, 10),
    };
    let known = TARGETS.map(|(name, ..)| name);
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("{unknown} is none of: {}", known.join(", ")));
    }
    if cfg!(windows) {
        return Err("libFuzzer wants Linux or macOS".into());
    }
    say("Building what is fuzzed (a quarter of an hour the first time)");
    let host = host()?;
    let build = [
        "build",
        "-p",
        "fuzz",
        "--bins",
        "--features",
        "libfuzzer",
        "--profile",
        "fuzz",
        "--locked",
    ];
    run(cargo(build)
        .args(["--target", &host, "--target-dir"])
        .arg(place())
        .env("RUSTC_BOOTSTRAP", "1") // the sanitizer's flag is one of nightly's
        .env("RUSTFLAGS", FLAGS))?;
    for (name, most_megabytes, most_seconds) in TARGETS {
        if names.is_empty() || names.contains(&name) {
            let limits = [
                format!("-malloc_limit_mb={most_megabytes}"),
                format!("-timeout={most_seconds}"),
                format!("-max_total_time={}", 60 * minutes),
            ];
            one(name, &host, &limits)?;
        }
    }
    Ok(())
}

fn one(name: &str, host: &str, limits: &[String]) -> Outcome {
    say(name);
    let (grown, found) = (place().join("corpus").join(name), place().join("found"));
    for folder in [&grown, &found] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let program = place().join(host).join("fuzz").join(name);
    let mut fuzzer = command(root(), &program.display().to_string(), [grown]);
    fuzzer.arg(root().join("tests/fuzz/corpus").join(name));
    if name == "picture" {
        fuzzer.arg(root().join("tests/golden/pictures"));
    }
    if ["pdf", "archive", "text"].contains(&name) {
        fuzzer.arg(root().join("crates/documents/tests/corpus"));
    }
    fuzzer
        .arg(format!("-artifact_prefix={}/{name}-", found.display()))
        .args(limits)
        .args([
            "-max_len=65536",
            "-rss_limit_mb=4096",
            "-print_final_stats=1",
        ]);
    run(&mut fuzzer).map_err(|why| {
        format!(
            "{why}\n\nThe file that was not answered as it should be is in {}. With `-minimize_crash=1` before its \
             path the same program makes it smaller. Give it a name for what it shows and put it into \
             tests/fuzz/corpus/{name}: from then on `./dev test` reads it.",
            found.display()
        )
    })
}

/// "x86_64-unknown-linux-gnu". Named, flags do not reach what runs while building.
fn host() -> Outcome<String> {
    let told = ask(Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| format!("rustc does not say what it builds for:\n{told}"))
}

fn place() -> PathBuf {
    target().join("fuzz")
}
