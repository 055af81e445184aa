//! The `lectern` command: the same core without a window.
//!
//! Every command parses, calls one method of `assistant` and prints what came of it; it holds no
//! rule. Only here are the environment, the clock, standard streams and Ctrl+C known.
//!
//! Read in this order: `arguments` (what can be typed), `environment`, one file per command,
//! `failure` (how an error is said).

mod answer;
mod arguments;
mod bench;
mod disk;
mod environment;
mod eval;
mod failure;
mod fetches;
mod interrupt;
mod models;
mod offers;
mod progress;
mod refresh;
mod token;
mod verify;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use assistant::Assistant;
use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;

fn main() -> ExitCode {
    let outcome = Arguments::try_parse().map_err(Failure::from).and_then(run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut options = environment::options()?;
    if let Command::Bench(bench) = &arguments.command {
        options.threads = bench.threads.map(NonZeroUsize::get).or(options.threads);
    }
    let assistant = Assistant::new(options);
    match arguments.command {
        Command::Ask(ask) => answer::ask(&assistant, &ask),
        Command::Complete(complete) => answer::complete(&assistant, &complete),
        Command::Models(command) => models::run(&assistant, &command),
        Command::Eval(eval) => eval::run(&assistant, &eval),
        Command::Bench(bench) => bench::run(&assistant, &bench),
    }
}
