//! The file from the hub, over lines good and bad.

use std::net::TcpListener;

use super::*;
use crate::fetch::tests::server::{Act, Asked};
use Step::{Downloading, Looking};

/// With a hub that answers by `acts`, the fetch yields the model after asking for the bytes from `firsts` on.
#[track_caller]
fn check(acts: &[Act], firsts: &[usize]) -> (Desk, Server) {
    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(&checkpoint_bytes(), offer.hub.sha256, acts);
    let model = here(desk.fetch(&offer, &sources(&server)));
    assert_eq!(
        (model.name.as_str(), model.tuning),
        ("tiny-it", crate::Tuning::Instructed)
    );
    assert_eq!(
        fs::read(desk.path("tiny-it.gguf")).unwrap(),
        checkpoint_bytes()
    );
    assert_eq!(
        desk.names(),
        ["tiny-it.NOTICE.txt", "tiny-it.gguf", "tiny-it.origin.json"],
        "nothing else is left"
    );
    let expected = firsts.iter().map(|&first| match first {
        0 => Asked {
            range: None,
            if_range: None,
        },
        first => Asked {
            range: Some(format!("bytes={first}-")),
            if_range: Some("\"first\"".to_owned()),
        },
    });
    assert_eq!(server.asked(), expected.collect::<Vec<_>>());
    (desk, server)
}

#[test]
fn the_model_comes_whole_and_checked_with_its_terms() {
    let (desk, _server) = check(&[], &[0]);
    assert_eq!(desk.steps(), [Looking, Downloading]);
    let notice = fs::read_to_string(desk.path("tiny-it.NOTICE.txt")).unwrap();
    assert!(notice.contains("ai.google.dev/gemma/terms"), "{notice}");
    let total = checkpoint_bytes().len() as u64;
    let ends = desk.events.iter().filter(|event| {
        matches!(event, Event::Progress { done_bytes, total_bytes, .. } if done_bytes == total_bytes && *total_bytes == total)
    });
    assert_eq!(ends.count(), 1, "it is checked while it comes");
}

#[test]
fn a_line_that_breaks_again_and_again_brings_every_byte_once() {
    // More often than there are pauses: every byte that comes starts the count again.
    let acts = [100, 1, 70_000, 5, 5, 5, 5].map(Act::HangUpAfter);
    check(
        &acts,
        &[0, 100, 101, 70_101, 70_106, 70_111, 70_116, 70_121],
    );
}

#[test]
fn a_hub_in_trouble_is_asked_again() {
    check(&[Act::Status(503), Act::Status(429)], &[0, 0, 0]);
    check(
        &[Act::HangUpAfter(100), Act::Status(500), Act::HangUpAfter(0)],
        &[0, 100, 100, 100],
    );
}

#[test]
fn wrong_bytes_are_thrown_away_and_fetched_again_once() {
    let (desk, _server) = check(&[Act::Garble], &[0, 0]);
    assert_eq!(desk.steps(), [Looking, Downloading, Looking, Downloading]);

    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(&checkpoint_bytes(), offer.hub.sha256, &[Act::Garble; 2]);
    let refused = desk.fetch(&offer, &sources(&server));
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
    assert_eq!(desk.names(), [""; 0], "the damaged copy is gone");
}

#[test]
fn a_server_that_does_not_know_ranges_is_taken_at_its_word() {
    check(&[Act::HangUpAfter(100), Act::IgnoreRange], &[0, 100]);
}

#[test]
fn a_server_that_has_no_such_rest_is_asked_for_the_whole() {
    check(&[Act::HangUpAfter(100), Act::Status(416)], &[0, 100, 0]);
}

#[test]
fn a_cancelled_fetch_goes_on_where_it_stopped() {
    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(
        &checkpoint_bytes(),
        offer.hub.sha256,
        &[Act::FallSilentAfter(100_000)],
    );
    // The line is silent and stays so: the flag is looked at all the same.
    let outcome = desk.fetch_and(&offer, &sources(&server), stop_at_progress);
    assert_eq!(outcome.unwrap(), Outcome::Cancelled);
    let kept = fs::metadata(desk.path("tiny-it.gguf.partial"))
        .unwrap()
        .len();
    assert!((1..=100_000).contains(&kept), "{kept}");

    desk.stop_again();
    here(desk.fetch(&offer, &sources(&server)));
    assert_eq!(server.asked()[1].range, Some(format!("bytes={kept}-")));
    assert_eq!(
        desk.names(),
        ["tiny-it.NOTICE.txt", "tiny-it.gguf", "tiny-it.origin.json"]
    );
}

#[test]
fn a_part_of_another_version_is_dropped() {
    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(
        &checkpoint_bytes(),
        offer.hub.sha256,
        &[Act::FallSilentAfter(100_000)],
    );
    desk.fetch_and(&offer, &sources(&server), stop_at_progress)
        .unwrap();
    server.change_tag("\"second\"");
    desk.stop_again();
    here(desk.fetch(&offer, &sources(&server)));
    assert_eq!(server.asked()[1].if_range.as_deref(), Some("\"first\""));
    assert_eq!(
        server.asked().len(),
        2,
        "the answer to the condition was the whole"
    );
}

#[test]
fn a_part_that_is_longer_than_the_whole_is_dropped() {
    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(&checkpoint_bytes(), offer.hub.sha256, &[]);
    fs::write(desk.path("tiny-it.gguf.partial"), vec![1; 1_000_000]).unwrap();
    here(desk.fetch(&offer, &sources(&server)));
}

#[test]
fn a_part_whose_bytes_are_wrong_is_found_out_in_the_end() {
    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(&checkpoint_bytes(), offer.hub.sha256, &[]);
    fs::write(desk.path("tiny-it.gguf.partial"), [1; 1000]).unwrap();
    here(desk.fetch(&offer, &sources(&server)));
    let ranges = server.asked().into_iter().map(|asked| asked.range);
    assert_eq!(
        ranges.collect::<Vec<_>>(),
        [Some("bytes=1000-".to_owned()), None]
    );
}

#[test]
fn a_line_lost_for_good_says_how_far_it_came() {
    let (mut desk, offer) = (Desk::new(), offer());
    let acts = [vec![Act::HangUpAfter(1000)], vec![Act::Status(500); 9]].concat();
    let server = Server::new(&checkpoint_bytes(), offer.hub.sha256, &acts);
    let refused = desk.fetch(&offer, &sources(&server)).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Interrupted {
                done_bytes: 1000,
                ..
            }
        ),
        "{refused:?}"
    );
    assert_eq!(
        refused.hint(),
        Some("try again: it goes on where it stopped")
    );
    assert_eq!(
        desk.names(),
        ["tiny-it.gguf.etag.partial", "tiny-it.gguf.partial"]
    );
}

#[test]
fn the_same_bytes_again_and_again_are_no_progress() {
    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(
        &checkpoint_bytes(),
        offer.hub.sha256,
        &[Act::IgnoreRangeAndHangUpAfter(1000); 100],
    );
    let refused = desk.fetch(&offer, &sources(&server)).unwrap_err();
    assert!(matches!(refused, Error::Interrupted { .. }), "{refused:?}");
    assert_eq!(server.asked().len(), 1 + 3);
}

#[test]
fn another_file_than_the_one_that_is_known_is_refused_before_it_comes() {
    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(&checkpoint_bytes(), offer.hub.sha256, &[]);
    let links = [
        (offer.hub.bytes + 1, offer.hub.sha256),
        (offer.hub.bytes, &"0".repeat(64)),
    ];
    for (bytes, sha256) in links {
        server.link(bytes, sha256);
        let refused = desk.fetch(&offer, &sources(&server)).unwrap_err();
        assert!(matches!(refused, Error::Changed { .. }), "{refused:?}");
        assert_eq!(desk.names(), [""; 0]);
    }
}

#[test]
fn who_gives_nothing_is_named() {
    let (mut desk, offer) = (Desk::new(), offer());
    let server = Server::new(&checkpoint_bytes(), offer.hub.sha256, &[Act::Status(404)]);
    let refused = desk.fetch(&offer, &sources(&server)).unwrap_err();
    let Error::NoSource { hub, packages } = refused else {
        panic!("{refused:?}")
    };
    assert!(matches!(*hub, Error::NotThere { .. }), "{hub:?}");
    assert!(matches!(*packages, Error::NoPython), "{packages:?}");
    assert_eq!(server.asked().len(), 1, "404 stays 404: it is asked once");

    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap(); // and closed again
    let offline = Sources {
        hub: Some(format!("http://{nobody}")),
        ..sources(&server)
    };
    let refused = desk.fetch(&offer, &offline).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("could not reach {nobody}, and Python is not installed")
    );
    assert!(refused.hint().is_some());
}

#[test]
fn a_disk_without_room_is_noticed_before_anything_comes() {
    let (mut desk, mut offer) = (Desk::new(), offer());
    let server = Server::new(&checkpoint_bytes(), offer.hub.sha256, &[]);
    offer.hub.bytes = 1 << 60;
    let refused = desk.fetch(&offer, &sources(&server)).unwrap_err();
    assert!(
        matches!(refused, Error::DiskFull { needed_bytes, .. } if 1 << 60 < needed_bytes),
        "{refused:?}"
    );
    assert_eq!(server.asked(), []);
    assert_eq!(desk.names(), [""; 0]);
}

#[test]
fn what_is_here_is_not_fetched_again() {
    let (mut desk, server) = check(&[], &[0]);
    here(desk.fetch(&offer(), &sources(&server)));
    assert_eq!(server.asked().len(), 1);
}
