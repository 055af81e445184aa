//! `./dev compare`: Lectern and candle's own `quantized_gemma3` on the same file, in turn, in one run.
//!
//! Absolute speeds drift with whatever else the machine does; the ratio of two runs that stand side by side
//! does not. Lectern is measured as it is handed out. candle is measured twice: built as a program for strangers
//! has to be, where it finds its fast loops only if the compiler was told of the CPU; and built for this very CPU.

use std::path::Path;
use std::process::Command;

use crate::step::{Outcome, ask, cargo, command, run, say};
use crate::{built, root, starter, target};

/// Runs of each, in turn.
const RUNS: usize = 5;
/// Tokens read and tokens written in each run.
const PROMPT: &str = "256";
const GENERATE: &str = "128";

/// What one run measured, in tokens a second.
#[derive(Clone, Copy)]
struct Run {
    prefill: f64,
    decode: f64,
}

/// Prints the comparison as Markdown, for `docs/benchmarks/`.
pub fn compare() -> Outcome {
    say("Building the command line, optimised");
    run(&mut cargo(["build", "--release", "--locked", "-p", "cli"]))?;
    let lectern = built("release", "lectern");
    let model = starter::here(&lectern)?.display().to_string();
    let lectern = lectern.display().to_string();
    let (handed_out, native) = (
        candle("peers", "")?,
        candle("peers-native", "-C target-cpu=native")?,
    );

    say(&format!(
        "Measuring {PROMPT} read, {GENERATE} written, {RUNS} times each"
    ));
    let ours = || {
        let mut bench = command(root(), &lectern, ["bench", "--json", "--model", &model]);
        bench.args(["--prompt", PROMPT, "--generate", GENERATE]);
        bench
    };
    let theirs = |peer: &str| command(root(), peer, [&model, PROMPT, GENERATE, "1"]);
    let mut rounds = Vec::new();
    for _ in 0..RUNS {
        rounds.push([
            measure(ours().args(["--repetitions", "3"]))?,
            measure(&mut theirs(&handed_out))?,
            measure(&mut theirs(&native))?,
        ]);
    }
    println!(
        "\n| tokens/s | Lectern | candle, handed out | ratio | candle, for this CPU | ratio |\n|---|---|---|---|---|---|"
    );
    row(&format!("{PROMPT} read"), &rounds, |run| run.prefill);
    row(&format!("{GENERATE} written after them"), &rounds, |run| {
        run.decode
    });
    Ok(())
}

/// Builds candle's model into the folder `name` of the build output; the program.
fn candle(name: &str, flags: &str) -> Outcome<String> {
    say(&format!("Building candle's model {flags}"));
    let folder = target().join(name);
    let mut build = cargo(["build", "--release", "--locked"]);
    run(build
        .current_dir(root().join("xtask/peers/candle"))
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", flags))?;
    let program = format!("release/candle-peer{}", std::env::consts::EXE_SUFFIX);
    Ok(Path::new(&folder).join(program).display().to_string())
}

fn measure(bench: &mut Command) -> Outcome<Run> {
    let json = ask(bench)?;
    let median = |key: &str| {
        median_of(&json, key).ok_or_else(|| format!("no {key} in what the bench printed: {json}"))
    };
    Ok(Run {
        prefill: median("prefill_tokens_per_second")?,
        decode: median("decode_tokens_per_second")?,
    })
}

/// The `median` in the object under `key`. Both programs print flat numbers, so a reader of JSON is not worth
/// a dependency here.
fn median_of(json: &str, key: &str) -> Option<f64> {
    let object = json.split_once(&format!("\"{key}\""))?.1;
    let value = object
        .split_once("\"median\"")?
        .1
        .trim_start_matches([':', ' ']);
    let end = value.find([',', '}', '\n', ' '])?;
    value[..end].parse().ok()
}

fn row(what: &str, rounds: &[[Run; 3]], speed: impl Fn(&Run) -> f64) {
    let speeds = |n: usize| spread(rounds.iter().map(|round| speed(&round[n])).collect());
    let ratio = |n: usize| {
        let ratios = rounds
            .iter()
            .map(|round| speed(&round[0]) / speed(&round[n]));
        spread(ratios.collect())
    };
    println!(
        "| {what} | {} | {} | {}× | {} | {}× |",
        speeds(0),
        speeds(1),
        ratio(1),
        speeds(2),
        ratio(2)
    );
}

/// "median (least to most)"
fn spread(mut samples: Vec<f64>) -> String {
    samples.sort_by(f64::total_cmp);
    let (least, most) = (samples[0], samples[samples.len() - 1]);
    format!(
        "{:.1} ({least:.1} to {most:.1})",
        samples[samples.len() / 2]
    )
}

#[cfg(test)]
mod tests {
    use super::median_of;

    #[test]
    fn the_median_under_a_key_is_found() {
        let json =
            r#"{"load_seconds":0.1,"decode_tokens_per_second": {"median": 12.5,"min":1,"max":2}}"#;
        assert_eq!(median_of(json, "decode_tokens_per_second"), Some(12.5));
        assert_eq!(median_of(json, "prefill_tokens_per_second"), None);
    }
}
