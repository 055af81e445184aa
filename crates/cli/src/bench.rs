//! `lectern bench`: how fast a model runs here.

use std::io::{self, Write};

use assistant::{Assistant, BenchReport, Speed, Spread};
use serde_json::{Value, json};

use crate::arguments::Bench;
use crate::failure::Failure;

pub fn run(assistant: &Assistant, bench: &Bench) -> Result<(), Failure> {
    let request = assistant::Bench {
        model: &bench.model,
        prompt_tokens: bench.prompt,
        generate_tokens: bench.generate,
        depth: bench.depth,
        repetitions: bench.repetitions,
    };
    let report = assistant.bench(&request, |step| {
        // Only for who watches; a closed standard error changes no figure.
        let _ = writeln!(io::stderr(), "{step}");
    })?;
    let mut out = io::stdout().lock();
    match bench.json {
        true => writeln!(out, "{:#}", as_json(bench, &report)),
        false => write_table(&mut out, bench, &report),
    }
    .map_err(Failure::Output)
}

fn as_json(bench: &Bench, report: &BenchReport) -> Value {
    json!({
        "model": report.model,
        "threads": report.threads,
        "cpu_level": report.cpu_level,
        "prompt_tokens": bench.prompt,
        "generate_tokens": bench.generate,
        "depth": bench.depth,
        "repetitions": bench.repetitions,
        "prefill_tokens_per_second": spread_as_json(report.prefill_tokens_per_second),
        "decode_tokens_per_second": spread_as_json(report.decode_tokens_per_second),
        "load_seconds": report.load_seconds,
        "first_token_seconds": report.first_token_seconds,
        "peak_resident_bytes": report.peak_resident_bytes,
        "foreseen_prefill_tokens_per_second": report.foreseen.map(|speed| speed.reading),
        "foreseen_decode_tokens_per_second": report.foreseen.map(|speed| speed.writing),
        "foreseen_resident_bytes": report.foreseen_bytes,
    })
}

fn spread_as_json(spread: Spread) -> Value {
    json!({ "median": spread.median, "min": spread.min, "max": spread.max })
}

fn write_table(out: &mut impl Write, bench: &Bench, report: &BenchReport) -> io::Result<()> {
    let spread =
        |Spread { median, min, max }| format!("{median:.1} tokens/s ({min:.1} to {max:.1})");
    writeln!(
        out,
        "{}, {} threads, {}",
        report.model, report.threads, report.cpu_level
    )?;
    writeln!(
        out,
        "reading {} at depth {}: {}",
        bench.prompt,
        bench.depth,
        spread(report.prefill_tokens_per_second)
    )?;
    writeln!(
        out,
        "writing {}: {}",
        bench.generate,
        spread(report.decode_tokens_per_second)
    )?;
    writeln!(out, "loading: {:.2} s", report.load_seconds)?;
    writeln!(
        out,
        "first token after: {:.2} s",
        report.first_token_seconds
    )?;
    writeln!(
        out,
        "peak memory: {:.0} MB, foreseen {:.0} MB",
        report.peak_resident_bytes as f64 / 1e6,
        report.foreseen_bytes as f64 / 1e6
    )?;
    match report.foreseen {
        Some(Speed { reading, writing }) => writeln!(
            out,
            "foreseen: reading {reading:.1}, writing {writing:.1} tokens/s"
        ),
        None => Ok(()),
    }
}
