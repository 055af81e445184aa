//! Models fetched over lines that break, by processes that are killed: the real `lectern` command and a hub on this
//! machine that misbehaves.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Output};
use std::time::Instant;

use journeys::Desk;
use journeys::hub::{Fault, Hub, Noise, Repositories, model, sha256_of};

const REPOSITORY: &str = "ggml-org/gemma-3-1b-it-GGUF";
const NAME: &str = "gemma-3-1b-it-Q8_0";
const FILE: &str = "gemma-3-1b-it-Q8_0.gguf";

fn start(desk: &Desk, hub: &Hub, arguments: &[&str]) -> Child {
    desk.at_hub(hub, arguments).spawn().expect("lectern")
}

/// Waits until the hub sends no more, which the process must live to see.
fn wait_until_held(hub: &Hub, process: &mut Child) {
    while !hub.is_soon_held() {
        if let Some(status) = process.try_wait().expect("it can be asked") {
            let mut said = String::new();
            let stderr = process.stderr.as_mut().expect("it is piped");
            stderr.read_to_string(&mut said).expect("it can be read");
            panic!("{status} after {:?}: {said}", hub.figures());
        }
    }
}

fn place(desk: &Desk) -> PathBuf {
    desk.home().join("models").join(NAME).join(FILE)
}

#[track_caller]
fn is_here(desk: &Desk, hub: &Hub) {
    assert_eq!(sha256_of(&place(desk)), hub.sha256(FILE));
    let mut names: Vec<_> = fs::read_dir(desk.home().join("models"))
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
    names.sort();
    assert_eq!(
        names,
        [NAME.to_owned(), format!("{NAME}.origin.json")],
        "nothing else is left"
    );
}

#[track_caller]
fn succeeds(output: Output) -> String {
    let (out, err) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {err}", output.status);
    String::from_utf8_lossy(out).into_owned()
}

/// The proof of the issue: 300 MB, 30 faults of every kind, 10 kills, no click.
#[test]
fn a_large_file_survives_thirty_faults_and_ten_kills() {
    const BYTES: usize = 300_000_000;
    const FAULTS: usize = 30;
    const KILLS: u64 = 10;
    let begun = Instant::now();
    let (desk, hub) = (
        Desk::new(),
        Repositories::default()
            .with(REPOSITORY, FILE, model(BYTES))
            .open(),
    );
    let mut noise = Noise(20_261_123);
    let some = |noise: &mut Noise| 1 + noise.below(900_000) as usize;
    let mut faults: Vec<Fault> = vec![
        Fault::WrongBytes,
        Fault::OtherTag,
        Fault::Patience(1),
        Fault::Status(416),
        Fault::SayOtherLength,
    ];
    while faults.len() < FAULTS {
        faults.push(match noise.below(5) {
            0 | 1 => Fault::HangUpAfter(some(&mut noise)),
            2 => Fault::SayMore,
            3 => Fault::FallSilentAfter(some(&mut noise)),
            _ => Fault::Status(500 + noise.below(4) as u16),
        });
    }
    for place in (1..faults.len()).rev() {
        faults.swap(place, noise.below(place as u64 + 1) as usize);
    }
    for fault in faults {
        hub.plan([Some(fault)]);
        hub.plan((0..noise.below(2)).map(|_| None));
    }

    let mut process = start(&desk, &hub, &["models", "download", NAME]);
    for kill in 1..=KILLS {
        hub.hold_at(kill * 25_000_000);
        wait_until_held(&hub, &mut process);
        process.kill().expect("SIGKILL");
        process.wait().expect("it is gone");
        hub.go_on();
        process = start(&desk, &hub, &["models", "resume"]);
    }
    succeeds(process.wait_with_output().expect("it ends"));
    is_here(&desk, &hub);
    let figures = hub.figures();
    assert_eq!(hub.planned(), 0, "every fault happened");
    println!(
        "{} MB: {} tries, {} faults, {KILLS} kills, {:.1} s, {} MB over the line",
        BYTES / 1_000_000,
        figures.questions,
        figures.faults,
        begun.elapsed().as_secs_f64(),
        figures.sent_bytes / 1_000_000,
    );
}
