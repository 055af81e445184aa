//! How an error is said: one sentence on standard error, a hint below it, and an exit code.

use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Assistant(#[from] assistant::Error),
    #[error("{sentence}")]
    Arguments { sentence: String, hint: String },
    #[error("{name} is {value:?}, which is not {expected}")]
    Variable {
        name: &'static str,
        value: String,
        expected: &'static str,
    },
    #[error("this account has no home folder")]
    NoHome,
    #[error("could not read the text from standard input: {0}")]
    Input(io::Error),
    #[error("could not listen for Ctrl+C: {0}")]
    Signals(ctrlc::Error),
    #[error("damaged: {names}")]
    Damaged { names: String },
    #[error("could not write to standard output: {0}")]
    Output(io::Error),
    /// Not an error: clap prints what was asked for.
    #[error("help")]
    Help(clap::Error),
    /// Not an error: the person pressed Ctrl+C.
    #[error("stopped")]
    Interrupted,
}

/// What a shell gives a program that Ctrl+C ended (128 + SIGINT).
const INTERRUPTED: u8 = 130;
/// What a shell gives a program whose reader went away (128 + SIGPIPE).
const READER_GONE: u8 = 141;
/// What clap and most tools give for arguments they do not understand.
const NOT_UNDERSTOOD: u8 = 2;

impl Failure {
    /// Says it where a person reads it, and yields the exit code.
    pub fn report(self) -> ExitCode {
        match &self {
            Self::Help(help) => {
                // Whoever closed the stream does not want to read it.
                let _ = help.print();
                // Help that was asked for is a success; help instead of a command is not.
                return ExitCode::from(if help.use_stderr() { NOT_UNDERSTOOD } else { 0 });
            }
            Self::Interrupted => return ExitCode::from(INTERRUPTED),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::from(READER_GONE);
            }
            _ => {}
        }
        // Standard error may be closed too; the exit code still tells.
        let _ = self.write(&mut io::stderr().lock());
        match self {
            Self::Arguments { .. } => ExitCode::from(NOT_UNDERSTOOD),
            _ => ExitCode::FAILURE,
        }
    }

    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Assistant(error) => writeln!(to, "error: {}", error.sentence())?,
            _ => writeln!(to, "error: {self}")?,
        }
        match self.hint() {
            Some(hint) => writeln!(to, " hint: {hint}"),
            None => Ok(()),
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Assistant(error) => error.hint(),
            Self::Arguments { hint, .. } => Some(hint),
            Self::Variable { .. } => Some("correct it, or unset it"),
            Self::NoHome => Some("set LECTERN_HOME to a folder Lectern may write to"),
            Self::Damaged { .. } => Some("remove it and fetch it again"),
            Self::Input(_) => Some("the text must be UTF-8"),
            Self::Output(_) | Self::Signals(_) | Self::Help(_) | Self::Interrupted => None,
        }
    }
}

impl From<clap::Error> for Failure {
    /// clap's first paragraph is the sentence; its usage block is what `--help` is for.
    fn from(error: clap::Error) -> Self {
        use clap::error::ErrorKind::{
            DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
        };
        if matches!(
            error.kind(),
            DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion
        ) {
            return Self::Help(error);
        }
        let text = error.to_string();
        let mut paragraphs = text.split("\n\n").map(one_line);
        let sentence = paragraphs.next().unwrap_or_default();
        let sentence = sentence.trim_start_matches("error: ").to_owned();
        let hint = paragraphs
            .find_map(|paragraph| paragraph.strip_prefix("tip: ").map(str::to_owned))
            .unwrap_or_else(|| "add --help to see what can be typed here".to_owned());
        Self::Arguments { sentence, hint }
    }
}

fn one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::Arguments;

    #[track_caller]
    fn check(typed: &[&str], expected: &str) {
        let error = Arguments::try_parse_from(typed).expect_err("these are wrong arguments");
        let mut said = Vec::new();
        Failure::from(error)
            .write(&mut said)
            .expect("a Vec takes every byte");
        assert_eq!(String::from_utf8_lossy(&said), expected);
    }

    #[test]
    fn wrong_arguments_are_one_sentence_and_a_hint() {
        check(
            &["lectern", "ask"],
            "error: the following required arguments were not provided: <TEXT>\n \
             hint: add --help to see what can be typed here\n",
        );
        check(
            &["lectern", "ask", "--temperature", "hot", "Hello"],
            "error: invalid value 'hot' for '--temperature <T>': a temperature is a number from 0 up\n \
             hint: add --help to see what can be typed here\n",
        );
        check(
            &["lectern", "bench", "--model", "m", "--promt", "4"],
            "error: unexpected argument '--promt' found\n \
             hint: a similar argument exists: '--prompt'\n",
        );
    }
}
