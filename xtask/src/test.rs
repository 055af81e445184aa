//! `./dev test`: everything that guards the project, step by step, ended by the first that fails.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::step::{Outcome, cargo, command, run, say, watch};
use crate::{built, needs, page, root, starter};

/// A part that can be run alone: `./dev test window`.
struct Part {
    name: &'static str,
    what: &'static str,
    run: fn(&mut Tally) -> Outcome,
}

/// In the order that fails soonest.
const PARTS: [Part; 6] = [
    Part {
        name: "format",
        what: "Rust is formatted",
        run: format,
    },
    Part {
        name: "page",
        what: "the page: format, types, unit tests, build",
        run: the_page,
    },
    Part {
        name: "lints",
        what: "lints, as errors",
        run: lints,
    },
    Part {
        name: "rust",
        what: "Rust: unit tests, golden tests, bindings, journeys of the command line",
        run: rust,
    },
    Part {
        name: "browser",
        what: "journeys of the built page in Chromium",
        run: browser,
    },
    Part {
        name: "window",
        what: "journeys in the real window",
        run: window,
    },
];

/// Runs all parts, or those named. A name that is no part is a crate, whose tests run alone.
pub fn test(names: &[&str]) -> Outcome {
    needs::node()?;
    let (parts, crates): (Vec<&str>, Vec<&str>) = names
        .iter()
        .partition(|name| PARTS.iter().any(|part| part.name == **name));
    if let Some(unknown) = crates
        .iter()
        .find(|name| !root().join("crates").join(name).is_dir())
    {
        let known: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        return Err(format!(
            "{unknown} is neither a crate nor one of: {}",
            known.join(", ")
        ));
    }

    let mut tally = Tally::default();
    let chosen = |part: &&Part| names.is_empty() || parts.contains(&part.name);
    for part in PARTS.iter().filter(chosen) {
        tally.time(part.name, part.what, part.run)?;
    }
    for name in crates {
        tally.time(name, "the tests of one crate", |tally| {
            one_crate(name, tally)
        })?;
    }
    println!("{}", tally.closing());
    Ok(())
}

fn format(_: &mut Tally) -> Outcome {
    run(&mut cargo(["fmt", "--all", "--check"]))
}

fn the_page(tally: &mut Tally) -> Outcome {
    page::install()?;
    run(&mut npm("lint"))?;
    run(&mut npm("check"))?;
    tally.count(&mut npm("test"))?;
    page::build()
}

fn lints(_: &mut Tally) -> Outcome {
    page::build()?; // the app embeds it
    const DENY: [&str; 3] = ["--", "-D", "warnings"];
    run(cargo(["clippy", "--workspace", "--all-targets", "--locked"]).args(DENY))?;
    // Left out above, because plain `cargo test` leaves it out: it needs a display.
    run(cargo(["clippy", "--workspace", "--test", "window", "--locked"]).args(DENY))
}

fn rust(tally: &mut Tally) -> Outcome {
    build()?;
    tally.count(&mut with_starter(cargo([
        "test",
        "--workspace",
        "--locked",
    ]))?)
}

fn browser(tally: &mut Tally) -> Outcome {
    page::build()?;
    tally.count(&mut npm("journeys"))
}

fn window(tally: &mut Tally) -> Outcome {
    if !cfg!(target_os = "linux") {
        say("Left out: only WebKitGTK, on Linux, lets a test drive the app's window");
        return Ok(());
    }
    build()?;
    tally.count(&mut with_starter(cargo([
        "test",
        "--workspace",
        "--locked",
        "--test",
        "window",
    ]))?)
}

fn one_crate(name: &str, tally: &mut Tally) -> Outcome {
    if !starter::is_here() {
        build()?;
    }
    tally.count(&mut with_starter(cargo(["test", "--locked", "-p", name]))?)
}

/// The binaries that journeys start, and every test. Always the whole workspace: another choice of
/// packages would choose other features of what they share, and compile that a second time.
fn build() -> Outcome {
    page::build()?;
    say("Building the app, the command line and the tests");
    run(&mut cargo([
        "build",
        "--workspace",
        "--bins",
        "--tests",
        "--locked",
    ]))?;
    run(&mut cargo([
        "build",
        "--workspace",
        "--test",
        "window",
        "--locked",
    ]))
}

/// Tells the tests where the starter model and the built binaries are.
fn with_starter(mut tests: Command) -> Outcome<Command> {
    let lectern = built("debug", "lectern");
    tests.env("LECTERN_STARTER_MODEL", starter::here(&lectern)?);
    tests
        .env("LECTERN_CLI", lectern)
        .env("LECTERN_APP", built("debug", "lectern-desktop"));
    // A stale binding or snapshot is then an error instead of a file written anew.
    tests.env("CI", "true");
    Ok(tests)
}

fn npm(script: &str) -> Command {
    command(&root().join("ui"), "npm", ["run", "--silent", script])
}

/// What has been run: how long each part took, how many tests passed, and the runners' own words.
#[derive(Default)]
struct Tally {
    parts: Vec<(String, Duration)>,
    closing_lines: Vec<String>,
    passed: u64,
    failed: u64,
}

impl Tally {
    fn time(&mut self, name: &str, what: &str, part: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        say(&format!("{name}: {what}"));
        let begun = Instant::now();
        let outcome = part(self);
        self.parts.push((name.to_owned(), begun.elapsed()));
        outcome.map_err(|why| {
            let failed = self.failed.max(1);
            format!(
                "{}\n\n{name} failed: {why}\n{} passed, {failed} failed",
                self.table(),
                self.passed
            )
        })
    }

    /// Runs a test runner and counts what it says at its end.
    fn count(&mut self, runner: &mut Command) -> Outcome {
        // A runner that colours its words would hide its figures from `closing_line`.
        watch(
            runner.env("NO_COLOR", "1").env_remove("FORCE_COLOR"),
            |line| {
                let Some((passed, failed)) = closing_line(line) else {
                    return;
                };
                self.passed += passed;
                self.failed += failed;
                if passed + failed > 0 {
                    self.closing_lines.push(line.trim().to_owned());
                }
            },
        )
    }

    fn closing(&self) -> String {
        let lines = self.closing_lines.join("\n");
        format!(
            "\n{lines}\n\n{}\n\n{} passed, {} failed",
            self.table(),
            self.passed,
            self.failed
        )
    }

    fn table(&self) -> String {
        let row =
            |(name, took): &(String, Duration)| format!("{name:<12} {:>6.1} s", took.as_secs_f64());
        self.parts.iter().map(row).collect::<Vec<_>>().join("\n")
    }
}

/// Passed and failed tests, if `line` is how cargo or vitest ends.
fn closing_line(line: &str) -> Option<(u64, u64)> {
    let line = line.trim();
    let counts = line
        .strip_prefix("test result: ")
        .or_else(|| line.strip_prefix("Tests "))?;
    let number_before = |word: &str| {
        let before = counts
            .split(word)
            .next()
            .filter(|before| before.len() < counts.len())?;
        before.split_whitespace().next_back()?.parse::<u64>().ok()
    };
    Some((
        number_before(" passed").unwrap_or(0),
        number_before(" failed").unwrap_or(0),
    ))
}

#[cfg(test)]
mod tests {
    use super::closing_line;

    #[track_caller]
    fn check(line: &str, expected: Option<(u64, u64)>) {
        assert_eq!(closing_line(line), expected, "{line}");
    }

    #[test]
    fn the_runners_closing_lines_are_counted() {
        check(
            "test result: ok. 21 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 1.2s",
            Some((21, 0)),
        );
        check(
            "test result: FAILED. 3 passed; 1 failed; 0 ignored",
            Some((3, 1)),
        );
        check("      Tests  128 passed (128)", Some((128, 0)));
        check("      Tests  1 failed | 127 passed (128)", Some((127, 1)));
        check(" Test Files  9 passed (9)", None);
        check("test reply::tests::it_ends ... ok", None);
    }
}
