//! One thing `./dev` does: said before it runs, timed, and ended at the first failure.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::root;

/// What went wrong, in a sentence for the person.
pub type Outcome<T = ()> = Result<T, String>;

/// Says what happens next.
pub fn say(what: &str) {
    eprintln!("\n==> {what}");
}

/// `program` with `arguments`, to be run in `folder`. npm is a script on Windows.
pub fn command<A: AsRef<OsStr>>(
    folder: &Path,
    program: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let program = if cfg!(windows) && program == "npm" {
        "npm.cmd"
    } else {
        program
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command
}

/// The cargo that runs this, in the repository.
pub fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    command(root(), &cargo, arguments)
}

/// Runs `command` with the terminal as it is, so that its progress shows.
pub fn run(command: &mut Command) -> Outcome {
    let status = command
        .status()
        .map_err(|error| not_started(command, &error))?;
    succeeded(command, status)
}

/// Runs `command`, shows each line it prints and gives it to `on_line`.
pub fn watch(command: &mut Command, mut on_line: impl FnMut(&str)) -> Outcome {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(command, &error))?;
    let stdout: Box<dyn Read> = Box::new(child.stdout.take().expect("stdout is piped"));
    for line in BufReader::new(stdout).split(b'\n') {
        let line =
            line.map_err(|error| format!("the output of {} broke off: {error}", shown(command)))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        on_line(&line);
    }
    let status = child.wait().map_err(|error| not_started(command, &error))?;
    succeeded(command, status)
}

/// What `command` prints, without the line's end.
pub fn ask(command: &mut Command) -> Outcome<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, &error))?;
    succeeded(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn succeeded(command: &Command, status: ExitStatus) -> Outcome {
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed ({status})", shown(command)))
    }
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("{} could not be started: {error}", shown(command))
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}
