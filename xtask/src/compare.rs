//! `./dev compare`: Lectern and candle's own `quantized_gemma3` on the same file, in turn, in one run.
//!
//! Absolute speeds drift with whatever else the machine does; the ratio of two runs that stand side by side
//! does not. candle is built for this very CPU (`target-cpu=native`), Lectern as it is handed out.

use std::process::Command;

use crate::step::{Outcome, ask, cargo, command, run, say};
use crate::{built, root, starter, target};

/// Runs of each, in turn.
const RUNS: usize = 5;
/// Tokens read and tokens written in each run.
const SHAPES: [(u32, u32); 1] = [(256, 128)];

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
    say("Building candle's model, for this CPU");
    let candle = root().join("xtask/peers/candle");
    let peers = target().join("peers");
    let mut build = cargo(["build", "--release", "--locked"]);
    run(build
        .current_dir(&candle)
        .env("CARGO_TARGET_DIR", &peers)
        .env("RUSTFLAGS", "-C target-cpu=native"))?;
    let peer = peers.join(format!(
        "release/candle-peer{}",
        std::env::consts::EXE_SUFFIX
    ));

    let lectern = built("release", "lectern");
    let model = starter::here(&lectern)?;
    let (model, lectern, peer) = (
        model.display().to_string(),
        lectern.display().to_string(),
        peer.display().to_string(),
    );
    println!(
        "\n| tokens | | Lectern | candle | ratio (median of {RUNS}, pair by pair) |\n|---|---|---|---|---|"
    );
    for (prompt, generate) in SHAPES {
        say(&format!(
            "Measuring {prompt} read, {generate} written, {RUNS} times each"
        ));
        let (p, g) = (prompt.to_string(), generate.to_string());
        let ours = [
            "bench",
            "--json",
            "--model",
            &model,
            "--prompt",
            &p,
            "--generate",
            &g,
        ];
        let ours = || command(root(), &lectern, ours.iter().chain(&["--repetitions", "1"]));
        let theirs = || command(root(), &peer, [&model, &p, &g, "1"]);
        let mut pairs = Vec::new();
        for _ in 0..RUNS {
            pairs.push((measure(&mut ours())?, measure(&mut theirs())?));
        }
        row(&format!("{prompt} read"), &pairs, |run| run.prefill);
        row(&format!("{generate} written after them"), &pairs, |run| {
            run.decode
        });
    }
    Ok(())
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

fn row(what: &str, pairs: &[(Run, Run)], speed: impl Fn(&Run) -> f64) {
    let ours = spread(pairs.iter().map(|(ours, _)| speed(ours)).collect());
    let theirs = spread(pairs.iter().map(|(_, theirs)| speed(theirs)).collect());
    let ratios: Vec<f64> = pairs.iter().map(|(a, b)| speed(a) / speed(b)).collect();
    println!(
        "| {what} | tokens/s | {} | {} | {}× |",
        ours,
        theirs,
        spread(ratios)
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
