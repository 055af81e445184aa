//! The command as a shell meets it: what it prints where, and the exit code.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

/// A shell with a home of its own.
struct Shell {
    home: TempDir,
}

impl Shell {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    fn lectern(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lectern"));
        command
            .args(arguments)
            .env("LECTERN_HOME", self.home.path())
            .stdin(Stdio::null());
        for variable in ["LECTERN_THREADS", "LECTERN_CPU", "HF_ENDPOINT"] {
            command.env_remove(variable);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.lectern(arguments).output().unwrap()
    }

    /// Standard output of a command that does what it was asked and says nothing else.
    #[track_caller]
    fn said(&self, arguments: &[&str]) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.run(arguments);
        assert_eq!(
            (status.code(), text(&stderr)),
            (Some(0), String::new()),
            "{arguments:?}"
        );
        text(&stdout)
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("standard output is one JSON value")
    }

    /// A command that fails: nothing on standard output, `stderr` on standard error, and `code`.
    #[track_caller]
    fn check_fails(&self, arguments: &[&str], code: i32, stderr: &str) {
        let output = self.run(arguments);
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(code), String::new())
        );
        assert_eq!(text(&output.stderr), stderr);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name)
}

fn starter() -> String {
    let usual = || {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/starter/gemma-3-270m-q4_k_m.gguf")
    };
    let path = env::var_os("LECTERN_STARTER_MODEL").map_or_else(usual, PathBuf::from);
    assert!(
        path.is_file(),
        "the starter model is not at {}; run ./dev test",
        path.display()
    );
    path.display().to_string()
}

/// Every command explains itself, every option with a sentence.
#[test]
fn every_command_prints_help() {
    let shell = Shell::new();
    let commands: [&[&str]; 15] = [
        &[],
        &["ask"],
        &["complete"],
        &["models"],
        &["models", "list"],
        &["models", "import"],
        &["models", "remove"],
        &["models", "path"],
        &["models", "recommend"],
        &["models", "download"],
        &["eval"],
        &["eval", "logits"],
        &["eval", "prompt"],
        &["eval", "pixels"],
        &["bench"],
    ];
    for command in commands {
        let help = shell.said(&[command, &["--help"]].concat());
        let mut lines = help
            .lines()
            .skip_while(|line| !line.starts_with("Options:"));
        while let Some(line) = lines.next() {
            let is_option = line.trim_start().starts_with('-');
            let mut explained = || {
                line.trim_start().contains("  ")
                    || lines.next().is_some_and(|next| !next.is_empty())
            };
            assert!(!is_option || explained(), "{command:?}: {line}");
        }
    }
}

/// What cannot be done is one sentence and what to do about it.
#[test]
fn an_error_is_a_sentence_and_a_hint() {
    let shell = Shell::new();
    shell.check_fails(
        &["ask", "Hello?"],
        1,
        "error: no model is here yet\n hint: fetch the starter model, or open a GGUF file\n",
    );
    shell.check_fails(
        &["bench", "--model", "gemma-9"],
        1,
        "error: there is no model called \"gemma-9\"\n \
         hint: choose a model that is here, or give the path of a GGUF file or Hugging Face folder\n",
    );
    shell.check_fails(
        &["ask", "--top-p", "2", "Hello?"],
        2,
        "error: invalid value '2' for '--top-p <P>': a probability is a number from 0 to 1\n \
         hint: add --help to see what can be typed here\n",
    );
    let output = shell
        .lectern(&["models", "list"])
        .env("LECTERN_THREADS", "many")
        .output()
        .unwrap();
    assert_eq!(
        text(&output.stderr),
        "error: LECTERN_THREADS is \"many\", which is not a whole number from 1 up\n hint: correct it, or unset it\n"
    );
}

/// A continuation comes to standard output, from an argument or from standard input.
#[test]
fn a_text_is_continued() {
    let shell = Shell::new();
    let starter = starter();
    let counting = [
        "complete",
        "--model",
        &starter,
        "--temperature",
        "0",
        "--max-tokens",
        "6",
    ];
    let from_argument = shell.said(&[&counting[..], &["One, two, three,"]].concat());
    assert!(
        from_argument.starts_with(" four, five"),
        "{from_argument:?}"
    );

    let mut child = shell.lectern(&[&counting[..], &["-"]].concat());
    let mut child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"One, two, three,")
        .unwrap();
    assert_eq!(
        text(&child.wait_with_output().unwrap().stdout),
        from_argument
    );
}

/// As JSON an answer has its text and figures, and the seed with which it can be had again.
#[test]
fn an_answer_as_json_can_be_had_again() {
    let shell = Shell::new();
    let starter = starter();
    let ask = [
        "ask",
        "--model",
        &starter,
        "--max-tokens",
        "8",
        "--json",
        "--system",
        "Be brief.",
        "What is a book?",
    ];
    let first = shell.json(&ask);
    for key in [
        "model",
        "prompt_tokens",
        "answer_tokens",
        "prompt_seconds",
        "answer_seconds",
        "cut_short",
    ] {
        assert!(!first[key].is_null(), "{key}: {first}");
    }
    let seed = first["seed"].to_string();
    let again = shell.json(&[&ask[..], &["--seed", &seed]].concat());
    assert_eq!(again["text"], first["text"]);
}

/// Models come and go by name.
#[test]
fn models_come_and_go() {
    let shell = Shell::new();
    assert_eq!(shell.said(&["models", "list"]), "");
    let folder = shell.said(&["models", "path"]);
    assert_eq!(
        Path::new(folder.trim_end()),
        shell.home.path().join("models")
    );

    let mine = shell.home.path().join("mine.gguf");
    fs::copy(golden("tiny-text/model.gguf"), &mine).unwrap();
    let imported = shell.said(&["models", "import", mine.to_str().unwrap()]);
    assert_eq!(imported, "mine is here and chosen\n");
    let listed = shell.said(&["models", "list"]);
    assert!(
        listed.starts_with("mine  ") && listed.contains(" BF16 ") && listed.contains(" base "),
        "{listed}"
    );
    assert_eq!(shell.json(&["models", "list", "--json"])[0]["name"], "mine");

    let freed = shell.json(&["models", "remove", "mine", "--json"]);
    assert_eq!(freed["name"], "mine");
    assert!(mine.is_file(), "the original stays");
    assert_eq!(
        shell.json(&["models", "list", "--json"]),
        Value::Array(Vec::new())
    );
    let again = shell.run(&["models", "remove", "mine"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).starts_with("error: no model called \"mine\" is in "));
}

/// The figures of a bench have the names that are agreed on.
#[test]
fn a_bench_reports_as_json() {
    let shell = Shell::new();
    let model = golden("tiny-text/model.gguf");
    let sizes = [
        "--prompt",
        "32",
        "--generate",
        "4",
        "--depth",
        "8",
        "--repetitions",
        "2",
        "--threads",
        "1",
        "--json",
    ];
    let report = shell.json(&[&["bench", "--model", model.to_str().unwrap()], &sizes[..]].concat());
    for spread in ["prefill_tokens_per_second", "decode_tokens_per_second"] {
        for key in ["median", "min", "max"] {
            assert!(
                report[spread][key]
                    .as_f64()
                    .is_some_and(|speed| speed > 0.0),
                "{spread}.{key}: {report}"
            );
        }
    }
    for key in ["load_seconds", "first_token_seconds", "peak_resident_bytes"] {
        assert!(
            report[key].as_f64().is_some_and(|figure| figure > 0.0),
            "{key}: {report}"
        );
    }
    assert_eq!(
        (&report["threads"], &report["depth"]),
        (&Value::from(1), &Value::from(8))
    );
}

/// Evaluation reads and writes files, and says nothing.
#[test]
fn prompts_become_ids() {
    let shell = Shell::new();
    let place = |name: &str| shell.home.path().join(name).display().to_string();
    fs::write(place("in.jsonl"), "{\"text\": \"<bos>Hi\"}\n").unwrap();
    let (input, output) = (place("in.jsonl"), place("out.jsonl"));
    let said = shell.said(&[
        "eval",
        "prompt",
        "--model",
        &starter(),
        "--input",
        &input,
        "--output",
        &output,
    ]);
    assert_eq!(
        (said, fs::read_to_string(&output).unwrap()),
        (String::new(), "{\"ids\":[2,10979]}\n".to_owned())
    );
}

/// Whoever has read enough ends the answer; that is not worth a word.
#[test]
fn a_reader_that_leaves_ends_the_answer() {
    let shell = Shell::new();
    let starter = starter();
    let mut child = shell.lectern(&[
        "complete",
        "--model",
        &starter,
        "--max-tokens",
        "2000",
        "It was a dark night",
    ]);
    let mut child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0]).unwrap(); // and drop it
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(141), String::new())
    );
}

/// Ctrl+C ends the answer between two words.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_answer() {
    let shell = Shell::new();
    let starter = starter();
    let mut child = shell.lectern(&[
        "complete",
        "--model",
        &starter,
        "--max-tokens",
        "2000",
        "It was a dark night",
    ]);
    let mut child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0]).unwrap();
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(130), String::new())
    );
    assert!(
        rest.ends_with('\n'),
        "the shell's prompt begins on a line of its own"
    );
}
