//! `cargo xtask run | test | …`: what a contributor types, on every desktop platform.
//!
//! On Linux `./dev` installs the system packages first and then comes here. No dependencies: this is
//! the first thing that compiles on a bare machine, and it should take no time.
//!
//! Read in this order: `run`, `test`, `fuzz`, then what both use: `page`, `starter`, `needs`, `step`.

mod bench;
mod compare;
mod fuzz;
mod needs;
mod page;
mod run;
mod starter;
mod step;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
./dev run            builds Lectern, fetches a model if there is none, opens the window
./dev build          the same without fetching and opening
./dev test           everything that guards the project
./dev test PART…     a part of it: format, page, lints, rust, browser, window, or a crate's name
./dev bench [ARGS]   how fast the starter model runs here (`lectern bench`, optimised)
./dev compare        the same beside candle's own Gemma 3, in turn, as ratios
./dev fuzz [TARGET…] [--minutes N]
                     made-up files (gguf, safetensors, config, tokenizer, picture), 10 minutes for each

On Windows and macOS `cargo xtask …` is the same command.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["run"] => run::run(),
        ["build"] => run::build(),
        ["test", parts @ ..] => test::test(parts),
        ["bench", rest @ ..] => bench::bench(rest),
        ["compare"] => compare::compare(),
        ["fuzz", rest @ ..] => fuzz::fuzz(rest),
        [] | ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => Err(format!("this is not one of the commands:\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("\n{why}");
            ExitCode::FAILURE
        }
    }
}

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the repository")
}

/// What cargo built from `package` in `profile` ("debug", "release").
fn built(profile: &str, binary: &str) -> PathBuf {
    target()
        .join(profile)
        .join(format!("{binary}{}", std::env::consts::EXE_SUFFIX))
}

/// Where build outputs go.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir))
}
