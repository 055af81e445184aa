//! `./dev bench`: how fast this machine is, with the optimised build.

use crate::step::{Outcome, cargo, command, run, say};
use crate::{built, root, starter};

/// `lectern bench` with `arguments`; the starter model, unless they name another.
pub fn bench(arguments: &[&str]) -> Outcome {
    say("Building the command line, optimised");
    run(&mut cargo(["build", "--release", "--locked", "-p", "cli"]))?;
    let lectern = built("release", "lectern");
    let mut bench = command(root(), &lectern.display().to_string(), ["bench"]);
    if !arguments.contains(&"--model") {
        bench.arg("--model").arg(starter::here(&lectern)?);
    }
    say("Measuring");
    run(bench.args(arguments))
}
