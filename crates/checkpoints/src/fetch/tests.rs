//! A model of the catalogue from a hub on this machine, over lines good and bad.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

pub mod server;

use std::cell::Cell;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::catalogue::{self, Published, SIZES};
use crate::models::Models;
use crate::origin::Origin;
use server::{Act, Server};
use watch::Watch;

const REPOSITORY: &str = "lectern/tiny-mm-it-GGUF";

/// A golden checkpoint with eyes, as the catalogue would have it.
fn tiny() -> Published {
    Published {
        name: "tiny-mm-it-Q4_K_M",
        size: &SIZES[2],
        repository: REPOSITORY,
        ..*catalogue::published("gemma-3-4b-it-Q4_K_M").unwrap()
    }
}

fn golden(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/tiny-mm/");
    fs::read(format!("{folder}{name}")).unwrap()
}

/// A hub that has it, beside other things, and answers by `acts` when it is asked for bytes.
fn hub(acts: &[Act]) -> Server {
    let (weights, tower) = (golden("model.gguf"), golden("mmproj.gguf"));
    let files: [(&str, &[u8]); 5] = [
        ("README.md", b"# Tiny"),
        ("mmproj-model-f16.gguf", &tower),
        ("tiny-mm-it-Q8_0.gguf", b"another"),
        ("tiny-mm-it-Q4_K_M.gguf", &weights),
        ("tiny-mm-it-bf16-Q4_K_M.gguf", b"a longer name"),
    ];
    Server::with_repository(REPOSITORY, &files, acts)
}

/// What asks at most four times, and does not wait.
pub(crate) fn sources(server: &Server) -> Sources {
    let patience = Patience {
        first_pause: Duration::ZERO,
        tries: Some(3),
        ..Patience::usual()
    };
    Sources {
        hub: Some(server.address()),
        token: None,
        pip: vec![],
        patience,
        lines: Lines::usual(),
    }
}

struct Desk {
    models: Models,
    _home: TempDir,
}

impl Desk {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let models = Models::open(&home.path().join("models")).unwrap();
        Self {
            models,
            _home: home,
        }
    }

    /// `stop_at` bytes a person cancels.
    fn fetch(
        &self,
        of: &Published,
        server: &Server,
        stop_at: u64,
    ) -> (Result<Outcome, Error>, Vec<Event>) {
        let sources = sources(server);
        let now_ms = Cell::new(0);
        let clock = || now_ms.replace(now_ms.get() + 100);
        let (stop, mut events) = (AtomicBool::new(false), Vec::new());
        let on_event = |event: Event| {
            if matches!(event, Event::Progress { done_bytes, .. } if done_bytes >= stop_at) {
                stop.store(true, Ordering::Relaxed);
            }
            events.push(event);
        };
        let mut on_event = on_event;
        let mut watch = Watch::new(&stop, &clock, &mut on_event);
        let fetched = published::fetch(of, &self.models, &sources, &mut watch);
        (outcome(fetched), events)
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.models.folder().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }
}

/// With a hub that answers by `acts`, the model is here, whole, and can see.
#[track_caller]
fn check(desk: &Desk, server: &Server) -> Vec<Event> {
    let (outcome, events) = desk.fetch(&tiny(), server, u64::MAX);
    let Ok(Outcome::Here(model)) = outcome else {
        panic!("the model is not here: {outcome:?}");
    };
    assert_eq!(model.name, "tiny-mm-it-Q4_K_M");
    assert!(model.has_eyes);
    let folder = "tiny-mm-it-Q4_K_M";
    let files = [
        "NOTICE.txt",
        "mmproj-model-f16.gguf",
        "tiny-mm-it-Q4_K_M.gguf",
    ];
    assert_eq!(desk.names(folder), files);
    assert_eq!(
        desk.names(""),
        [folder, "tiny-mm-it-Q4_K_M.origin.json"],
        "nothing else is left"
    );
    let origin = Origin::read(desk.models.folder(), folder).unwrap().unwrap();
    assert_eq!(
        origin.source,
        format!("{}/{REPOSITORY}", &server.address()[7..])
    );
    assert_eq!(origin.revision.as_deref(), Some("4567def"));
    let known: Vec<_> = origin
        .files
        .iter()
        .map(|file| (&*file.name, file.bytes))
        .collect();
    let tower_bytes = golden("mmproj.gguf").len() as u64;
    let weights_bytes = golden("model.gguf").len() as u64;
    assert_eq!(known, [(files[2], weights_bytes), (files[1], tower_bytes)]);
    assert!(origin.files.iter().all(|file| file.sha256.is_some()));
    let weights = fs::read(desk.models.folder().join(folder).join(files[2])).unwrap();
    assert_eq!(weights, golden("model.gguf"));
    events
}

#[test]
fn its_files_come_as_one() {
    let (desk, server) = (Desk::new(), hub(&[]));
    let events = check(&desk, &server);
    let total = (golden("model.gguf").len() + golden("mmproj.gguf").len()) as u64;
    let done = events.iter().filter_map(|event| match event {
        Event::Progress {
            done_bytes,
            total_bytes,
            ..
        } => {
            assert_eq!(*total_bytes, total);
            Some(*done_bytes)
        }
        Event::Step(_) | Event::Trouble { .. } => None,
    });
    assert_eq!(done.max(), Some(total));

    // It is here: nobody is asked again.
    let asked = server.asked().len();
    let (outcome, _) = desk.fetch(&tiny(), &server, u64::MAX);
    assert!(matches!(outcome, Ok(Outcome::Here(_))));
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn bad_lines_bring_every_byte_once() {
    let acts = [
        Act::HangUpAfter(70_000),
        Act::Status(503),
        Act::HangUpAfter(5),
        Act::IgnoreRange,
        Act::HangUpAfter(100),
        Act::Garble,
    ];
    check(&Desk::new(), &hub(&acts));
}

#[test]
fn what_came_before_a_cancel_is_not_asked_for_again() {
    let (desk, server) = (
        Desk::new(),
        hub(&[Act::Serve, Act::FallSilentAfter(100_000)]),
    );
    // The weights are here and checked, and a part of the tower.
    let weights = golden("model.gguf").len() as u64;
    let (outcome, _) = desk.fetch(&tiny(), &server, weights + 1);
    assert_eq!(outcome.unwrap(), Outcome::Cancelled);
    assert!(desk.models.list().unwrap().checkpoints.is_empty());
    assert_eq!(desk.names(""), ["tiny-mm-it-Q4_K_M.partial"]);

    check(&desk, &server);
    let asked = server.asked();
    assert_eq!(
        asked.len(),
        3,
        "the weights once, the tower twice: {asked:?}"
    );
    assert!(asked[2].range.is_some(), "from where it stopped");
}

#[test]
fn what_is_not_there_is_named() {
    let of = |name: &'static str, server: &Server| {
        let published = Published {
            repository: name,
            ..tiny()
        };
        let desk = Desk::new();
        let refused = desk.fetch(&published, server, u64::MAX).0;
        (refused.unwrap_err(), desk.names(""))
    };
    let (missing, left) = of("lectern/nothing", &hub(&[]));
    assert_eq!(left, [""; 0], "nothing was begun");
    assert!(matches!(missing, Error::NotThere { .. }), "{missing}");
    let files: [(&str, &[u8]); 1] = [("tiny-mm-it-Q4_K_M.gguf", b"x")];
    let (blind, _) = of(
        REPOSITORY,
        &Server::with_repository(REPOSITORY, &files, &[]),
    );
    assert!(matches!(blind, Error::Changed { .. }), "{blind}");
}
