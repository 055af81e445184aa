//! Ways for an answer to end that the person did not choose.

use std::time::{Duration, Instant};

use journeys::Desk;

use crate::talking::ENDLESS;
use crate::window::{Shown, Window};

/// What may be lost when the process is killed.
const LOST_AT_MOST: Duration = Duration::from_secs(1);

/// The process is killed in the middle of an answer: the question and all but the last second of the
/// answer are there at the next start, marked cut short.
#[tokio::test]
async fn a_killed_answer_is_there_but_for_its_last_second() {
    let desk = Desk::with_starter();
    let window = Window::open(&desk).await;
    window.always_take_the_likeliest().await;
    window.ask(ENDLESS).await;

    // What is on the screen, look by look, until some of it has stood there for longer than may be lost.
    let mut seen: Vec<(Instant, Shown)> = Vec::new();
    let kept_by_now = |seen: &[(Instant, Shown)]| {
        let old = |(at, _): &&(Instant, Shown)| at.elapsed() > LOST_AT_MOST;
        seen.iter().rev().find(old).map(|(_, shown)| shown.clone())
    };
    let expected = loop {
        let writing = window
            .last_message("it is being written", |last| {
                last.role == "model" && last.state == "writing"
            })
            .await;
        seen.push((Instant::now(), writing));
        match kept_by_now(&seen) {
            Some(kept) if kept.text.len() > 20 => break kept,
            _ => {}
        }
    };
    window.kill();

    let window = Window::open(&desk).await;
    let found = window
        .last_message("the answer is there", |last| last.role == "model")
        .await;
    assert_eq!(found.state, "cut-short");
    assert!(
        found.text.contains(expected.text.trim()),
        "a second ago: {expected:?}\nafter the kill: {found:?}"
    );
    assert!(window.messages().await[0].text.contains(ENDLESS));
    window.picture("after-kill").await;
    window.close().await;
}

/// Closing the window in the middle of an answer stops it and saves every word of it.
#[tokio::test]
async fn closing_the_window_loses_nothing() {
    let desk = Desk::with_starter();
    let window = Window::open(&desk).await;
    window.always_take_the_likeliest().await;
    window.ask(ENDLESS).await;
    let seen = window
        .last_message("words arrive", |last| {
            last.role == "model" && last.text.len() > 8
        })
        .await;
    assert_eq!(seen.state, "writing");
    window.close().await;

    let window = Window::open(&desk).await;
    let found = window
        .last_message("the answer is there", |last| last.role == "model")
        .await;
    assert_eq!(found.state, "cut-short");
    assert!(
        found.text.contains(seen.text.trim()),
        "on the screen: {seen:?}\nafter closing: {found:?}"
    );
    window.close().await;
}
