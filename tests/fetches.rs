//! Models on their way here: a queue that several processes see, refusals and what to do about them, a token.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::Instant;

use journeys::between::{Proxy, Secure};
use journeys::hub::{Fault, Gate, Hub, Repositories, model};
use journeys::{Desk, golden};
use serde_json::Value;

const REPOSITORY: &str = "ggml-org/gemma-3-1b-it-GGUF";
const NAME: &str = "gemma-3-1b-it-Q8_0";
const FILE: &str = "gemma-3-1b-it-Q8_0.gguf";
const GATED: &str = "gemma-3-1b-it-q4_0";
const BYTES: usize = 40_000_000;

/// A hub with one model that everybody may have.
fn hub() -> Hub {
    let repositories = Repositories::default().with(REPOSITORY, FILE, model(BYTES));
    repositories.open()
}

fn start(desk: &Desk, hub: &Hub, arguments: &[&str]) -> Child {
    desk.at_hub(hub, arguments).spawn().expect("lectern")
}

fn run(desk: &Desk, hub: &Hub, arguments: &[&str]) -> Output {
    desk.at_hub(hub, arguments).output().expect("lectern")
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {err}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// It ends with one sentence that has `words` in it, and a hint that has `hint`.
#[track_caller]
fn fails(output: &Output, words: &str, hint: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{err}");
    let said = err.split("error: ").nth(1).unwrap_or_default();
    let (error, next) = said.split_once("\n hint: ").unwrap_or((said, ""));
    assert!(error.contains(words), "{words:?} is not in {error:?}");
    assert!(next.contains(hint), "{hint:?} is not in {next:?}");
}

fn wait_until_held(hub: &Hub) {
    while !hub.is_soon_held() {}
}

/// Two processes want the same: one fetches, both have it in the end, and every byte came once.
#[test]
fn two_processes_fetch_every_byte_once() {
    let (desk, hub) = (Desk::new(), hub());
    hub.hold_at(5_000_000);
    let first = start(&desk, &hub, &["models", "download", NAME]);
    wait_until_held(&hub);
    let second = start(&desk, &hub, &["models", "download", "--json", NAME]);
    let third = run(&desk, &hub, &["models", "list"]);
    succeeds(&third);
    hub.go_on();
    succeeds(&first.wait_with_output().expect("it ends"));
    let model = succeeds(&second.wait_with_output().expect("it ends"));
    let model: Value = serde_json::from_str(&model).expect("JSON");
    assert_eq!(model["name"], NAME);
    assert_eq!(hub.figures().sent_bytes, BYTES as u64);
}

/// What another process says is obeyed, and what came is kept until it is cancelled.
#[test]
fn a_fetch_is_paused_resumed_and_cancelled_from_elsewhere() {
    let (desk, hub) = (Desk::new(), hub());
    hub.hold_at(5_000_000);
    let fetching = start(&desk, &hub, &["models", "download", NAME]);
    wait_until_held(&hub);
    succeeds(&run(&desk, &hub, &["models", "pause", NAME]));
    let paused = fetching.wait_with_output().expect("it ends");
    assert_eq!(paused.status.code(), Some(130), "it was told to stop");
    hub.go_on();

    // What was paused stays so when all others go on.
    let nothing = succeeds(&run(&desk, &hub, &["models", "resume"]));
    assert!(nothing.contains("nothing was on its way"), "{nothing}");
    hub.hold_at(hub.figures().sent_bytes + 5_000_000);
    let fetching = start(&desk, &hub, &["models", "resume", NAME]);
    wait_until_held(&hub);
    let freed = run(&desk, &hub, &["models", "cancel", "--json", NAME]);
    let freed: Value = serde_json::from_str(&succeeds(&freed)).expect("JSON");
    assert!(
        freed["freed_bytes"]
            .as_u64()
            .is_some_and(|bytes| 1_000_000 < bytes),
        "{freed}"
    );
    assert!(
        !fetching
            .wait_with_output()
            .expect("it ends")
            .status
            .success()
    );
    hub.go_on();
    fails(
        &run(&desk, &hub, &["models", "pause", NAME]),
        "not being fetched",
        "download",
    );
    let left: Vec<_> = fs::read_dir(desk.home().join("models"))
        .expect("the models folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert_eq!(left, [""; 0], "nothing is left");
}

/// The folder is moved away while a model comes: that is said, and it goes on when the folder is back.
#[test]
fn a_folder_that_is_moved_away_loses_nothing() {
    let (desk, hub) = (Desk::new(), hub());
    hub.hold_at(30_000_000);
    let fetching = start(&desk, &hub, &["models", "download", NAME]);
    wait_until_held(&hub);
    let (models, away) = (desk.home().join("models"), desk.home().join("away"));
    fs::rename(&models, &away).expect("it is moved");
    let lost = fetching.wait_with_output().expect("it ends");
    fails(&lost, "models", "check that the disk is there");
    assert!(!models.exists(), "none is made in its place");
    hub.go_on();
    fs::rename(&away, &models).expect("it is moved back");
    succeeds(&run(&desk, &hub, &["models", "resume"]));
    let sent = hub.figures().sent_bytes;
    assert!(sent < BYTES as u64 + 32_000_000, "{sent} bytes for {BYTES}");
}

/// What passes by waiting is waited out and said; a server that wants to be left alone is, for as long as it says.
#[test]
fn what_passes_is_said_and_waited_out() {
    let (desk, hub) = (Desk::new(), hub());
    let faults = [
        Fault::Status(503),
        Fault::Patience(2),
        Fault::HangUpAfter(100_000),
    ];
    hub.plan(faults.map(Some));
    let begun = Instant::now();
    let mut command = desk.at_hub(&hub, &["models", "download", NAME]);
    let output = command.env("LECTERN_HURRY", "3").output().expect("lectern");
    succeeds(&output);
    assert!(
        2.0 <= begun.elapsed().as_secs_f64(),
        "it was not left alone"
    );
    let said = String::from_utf8_lossy(&output.stderr);
    for words in [
        "has trouble of its own (503); trying again in a second",
        "asks to be left alone for a while; trying again in 2 seconds",
        "broke; trying again in",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
}

/// Each refusal has its own sentence and next step, and what was refused can be asked for again.
#[test]
fn each_refusal_has_its_own_sentence() {
    #[track_caller]
    fn check(status: u16, words: &str, hint: &str) {
        let (desk, hub) = (Desk::new(), hub());
        hub.plan([Some(Fault::Status(status))]);
        fails(
            &run(&desk, &hub, &["models", "download", NAME]),
            words,
            hint,
        );
        succeeds(&run(&desk, &hub, &["models", "resume", NAME]));
    }
    check(403, "refuses to give", "network");
    check(404, "has no gemma-3-1b-it-Q8_0.gguf", "update Lectern");
    check(410, "answered 410", "try again later");

    let (desk, hub) = (Desk::new(), hub());
    let missing = run(&desk, &hub, &["models", "download", "gemma-3-4b-it-Q8_0"]);
    fails(
        &missing,
        "has no ggml-org/gemma-3-4b-it-GGUF",
        "update Lectern",
    );
    let nobody = run(&desk, &hub, &["models", "download", "gemma-9"]);
    fails(&nobody, "gemma-9", "recommend");

    // A repository that was renamed is followed.
    let repositories = Repositories::default().with("ggml-org/renamed", FILE, model(2_000_000));
    let hub = repositories.moved(REPOSITORY, "ggml-org/renamed").open();
    succeeds(&run(&desk, &hub, &["models", "download", NAME]));
}

/// What is gated takes a token of an account that has agreed: each step says what comes next, and nobody but the hub
/// ever sees the token.
#[test]
fn a_gated_model_comes_with_a_token() {
    const AGREED: &str = "hf_abcdefghijklmnopqrstuvwxyz9xQz";
    const OTHER: &str = "hf_abcdefghijklmnopqrstuvwxyz0000";
    const UNKNOWN: &str = "hf_abcdefghijklmnopqrstuvwxyz1111";
    let gate = Gate {
        agreed: vec![AGREED.to_owned()],
        others: vec![OTHER.to_owned()],
    };
    let (repository, file) = (
        "google/gemma-3-1b-it-qat-q4_0-gguf",
        "gemma-3-1b-it-q4_0.gguf",
    );
    let repositories = Repositories::default().with(repository, file, model(2_000_000));
    let (desk, hub) = (Desk::new(), repositories.gated(gate).open());
    let set = |token: &str| {
        let mut command = desk.at_hub(&hub, &["models", "token", "set", "--json"]);
        let mut setting = command.stdin(Stdio::piped()).spawn().expect("lectern");
        let mut stdin = setting.stdin.take().expect("stdin is piped");
        writeln!(stdin, "{token}").expect("it reads");
        drop(stdin);
        setting.wait_with_output().expect("it ends")
    };
    let mut said = Vec::new();

    said.push(run(&desk, &hub, &["models", "download", GATED]));
    fails(
        &said[0],
        "only to those who have agreed to Gemma's terms",
        "token",
    );
    let report = desk.home().join(format!("models/{GATED}.report.partial"));
    let report = fs::read_to_string(report).expect("it says why");
    assert!(report.contains(r#""needs_token": true"#), "{report}");
    said.push(set(UNKNOWN));
    fails(&said[1], "does not accept the token", "make a new token");
    said.push(set("two words"));
    fails(&said[2], "not a token", "copy it");
    said.push(run(&desk, &hub, &["models", "token"]));
    assert!(succeeds(&said[3]).contains("there is no token"));
    said.push(set(OTHER));
    succeeds(&said[4]);
    said.push(run(&desk, &hub, &["models", "resume", GATED]));
    fails(&said[5], "has not agreed", "agree to the terms");
    said.push(set(AGREED));
    let kept: Value = serde_json::from_str(&succeeds(&said[6])).expect("JSON");
    assert_eq!(
        (&kept["shown"], &kept["account"]),
        (&"hf_…9xQz".into(), &"somebody".into())
    );
    said.push(run(&desk, &hub, &["models", "resume", GATED]));
    succeeds(&said[7]);
    assert_eq!(
        hub.secrets_at_content(),
        0,
        "the content server was told who asks"
    );

    said.push(run(&desk, &hub, &["models", "token", "forget"]));
    succeeds(&said[8]);
    said.push(run(&desk, &hub, &["models", "token"]));
    assert!(succeeds(&said[9]).contains("there is no token"));
    let said = said
        .iter()
        .flat_map(|output| [&output.stdout, &output.stderr]);
    let said: String = said.map(|bytes| String::from_utf8_lossy(bytes)).collect();
    assert!(!said.contains("abcdefghij"), "a token was shown");
}

/// A folder in Hugging Face's layout comes whole: small files, of which the hub only has git's name, and large ones.
#[test]
fn a_folder_comes_with_all_that_belongs_to_it() {
    const FOLDER: &str = "gemma-3-270m";
    let read = |name: &str| fs::read(golden("tiny-text").join(name)).expect("the golden model");
    let vocabulary = br#"{ "model": { "vocab": {} } }"#;
    let mut hub = Repositories::default();
    for (name, bytes) in [
        ("README.md", b"# Gemma".to_vec()),
        ("config.json", read("config.json")),
        ("model.safetensors", read("model.safetensors")),
        ("tokenizer.json", vocabulary.to_vec()),
        ("optimizer.bin", vec![0; 1000]),
    ] {
        hub = hub.with("google/gemma-3-270m", name, bytes);
    }
    let (desk, hub) = (Desk::new(), hub.open());
    // Wrong bytes of a small file are noticed as well.
    hub.plan([Some(Fault::WrongBytes)]);
    succeeds(&run(&desk, &hub, &["models", "download", FOLDER]));
    let mut names: Vec<_> = fs::read_dir(desk.home().join("models").join(FOLDER))
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    let expected = [
        "NOTICE.txt",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ];
    assert_eq!(names, expected);
    let verified = succeeds(&run(&desk, &hub, &["models", "verify", FOLDER]));
    assert!(!verified.is_empty());
}

/// The catalogue beside what the hub has: what is as it should be, what is not, and why.
#[test]
fn the_catalogue_is_compared_with_the_hub() {
    let (desk, hub) = (Desk::new(), hub());
    let output = run(&desk, &hub, &["models", "refresh", "--json"]);
    let rows: Value = serde_json::from_str(&succeeds(&output)).expect("JSON");
    let rows = rows.as_array().expect("a row for each");
    assert_eq!(rows.len(), 23);
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).expect("a row");
    let found = row(NAME);
    assert_eq!(found["revision"], "4567def");
    assert_eq!(found["files"][0]["sha256"], hub.sha256(FILE));
    assert_eq!(found["bytes"], BYTES);
    assert_eq!(found["is_right"], false, "it is smaller than the real one");
    let missing = row("gemma-3-27b-it-Q8_0");
    let remarks = missing["remarks"].to_string();
    assert!(
        remarks.contains("has no ggml-org/gemma-3-27b-it-GGUF"),
        "{remarks}"
    );
    let table = succeeds(&run(&desk, &hub, &["models", "refresh"]));
    assert!(table.contains("0 of 23 are on the hub"), "{table}");
}

/// A proxy is used where the environment names one, and not for what it excepts.
#[test]
fn a_proxy_of_the_environment_is_used() {
    let (desk, hub, proxy) = (Desk::new(), hub(), Proxy::open());
    let refresh = |except: &str| {
        let mut command = desk.at_hub(&hub, &["models", "refresh"]);
        let command = command
            .env("HTTPS_PROXY", proxy.address())
            .env("NO_PROXY", except);
        succeeds(&command.output().expect("lectern"));
        proxy.asked().len()
    };
    let asked = refresh("");
    assert!(0 < asked, "nobody asked the proxy");
    let place = hub.address().replace("http://", "");
    assert!(
        proxy.asked().iter().all(|line| line.contains(&place)),
        "{:?}",
        proxy.asked()
    );
    assert_eq!(refresh("127.0.0.1"), asked, "it was asked all the same");

    let mut command = desk.at_hub(&hub, &["models", "download", NAME]);
    let fetched = command
        .env("HTTPS_PROXY", proxy.address())
        .env("NO_PROXY", "");
    succeeds(&fetched.output().expect("lectern"));
    assert!(asked < proxy.asked().len());
}

/// A network with a certificate of its own is trusted if this machine is told to, and else named.
#[test]
fn a_certificate_of_the_network_is_trusted_where_it_is_named() {
    let (desk, hub) = (Desk::new(), hub());
    let secure = Secure::open(&hub.address(), desk.home());
    let refresh = |certificate: Option<&Path>| {
        let mut command = desk.at_hub(&hub, &["models", "refresh", "--json"]);
        command
            .env("HF_ENDPOINT", secure.address())
            .env("NO_PROXY", "*");
        if let Some(certificate) = certificate {
            command.env("SSL_CERT_FILE", certificate);
        }
        command.output().expect("lectern")
    };
    let rows: Value =
        serde_json::from_str(&succeeds(&refresh(Some(secure.certificate())))).expect("JSON");
    assert!(rows.to_string().contains(hub.sha256(FILE)), "{rows}");
    let mut command = desk.at_hub(&hub, &["models", "download", NAME]);
    let untrusted = command.env("HF_ENDPOINT", secure.address()).output();
    fails(
        &untrusted.expect("lectern"),
        "certificate of localhost",
        "SSL_CERT_FILE",
    );
}

/// Where each line is given only so much, several bring more than one.
#[test]
fn several_lines_bring_more_than_one() {
    let fetch = |has_ranges: bool| {
        let (desk, hub) = (Desk::new(), hub());
        hub.slow_down(8e6);
        if !has_ranges {
            hub.forget_ranges();
        }
        let begun = Instant::now();
        succeeds(&run(&desk, &hub, &["models", "download", NAME]));
        let figures = hub.figures();
        assert_eq!(figures.sent_bytes, BYTES as u64, "every byte comes once");
        (begun.elapsed().as_secs_f64(), figures.questions)
    };
    let (one, questions) = fetch(false);
    assert_eq!(questions, 1);
    let (several, questions) = fetch(true);
    assert!(4 <= questions, "{questions}");
    println!("40 MB at 8 MB/s a line: {one:.1} s over one line, {several:.1} s over several");
    assert!(
        several < 0.7 * one,
        "{several} s over several lines, {one} s over one"
    );
}
