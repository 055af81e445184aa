//! One model's way here: what passes by waiting is waited out, and what happens is put into words.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use checkpoints::fetch::{Event, Outcome, Patience, Sources, Wanted};
use checkpoints::{FetchTurn, Models};

use super::Fetches;
use crate::{Assistant, Error};

/// Fetches it, and waits out whatever passes by waiting.
pub fn fetch(
    assistant: &Assistant,
    models: &Models,
    wanted: Wanted,
    stop: &AtomicBool,
    turn: &FetchTurn,
) -> Result<Outcome, Error> {
    let fetches = &assistant.inner.fetches;
    let options = &assistant.inner.options;
    let patience = patience(options.hurry);
    let is_gated = matches!(wanted, Wanted::Published(published) if published.is_gated);
    let token = match is_gated {
        true => assistant.token()?,
        false => None,
    };
    let sources = Sources {
        token,
        patience,
        ..Sources::usual(options.hub.as_deref())
    };
    let mut on_event = |event| hear(fetches, event);
    let (mut pause, mut furthest_bytes) = (patience.first_pause, 0);
    loop {
        let fetched = wanted.fetch(models, turn, &sources, &options.clock, stop, &mut on_event);
        let error = match fetched {
            Ok(outcome) => return Ok(outcome),
            Err(error) if error.may_pass() => Error::from(error),
            Err(error) => return Err(error.into()),
        };
        let came_bytes = wanted.partial_bytes(models);
        if furthest_bytes < came_bytes {
            (pause, furthest_bytes) = (patience.first_pause, came_bytes);
        }
        let what = capitalised(&error.to_string());
        hear(fetches, Event::Trouble { what, pause });
        let until = Instant::now() + pause;
        while !stop.load(Ordering::Relaxed) && Instant::now() < until {
            let seen = fetches.state().changes;
            fetches.wait(seen, until.saturating_duration_since(Instant::now()));
        }
        pause = (2 * pause).min(patience.longest_pause);
        if stop.load(Ordering::Relaxed) {
            return Ok(Outcome::Cancelled);
        }
    }
}

fn patience(hurry: Option<u32>) -> Patience {
    match hurry {
        Some(times) => Patience::usual().hurried(times),
        None => Patience::usual(),
    }
}

/// What is to be shown of it.
fn hear(fetches: &Fetches, event: Event) {
    let mut state = fetches.state();
    let Some(running) = &mut state.running else {
        return;
    };
    let report = &mut running.report;
    match event {
        Event::Step(step) => {
            report.step = step.to_string();
            report.trouble = None;
        }
        Event::Progress {
            done_bytes,
            total_bytes,
            bytes_per_second,
            seconds_left,
        } => {
            report.trouble = None;
            (report.done_bytes, report.total_bytes) = (done_bytes, total_bytes);
            (report.bytes_per_second, report.seconds_left) = (bytes_per_second, seconds_left);
        }
        Event::Trouble { what, pause } => {
            report.trouble = Some(trouble(&what, pause));
            (report.bytes_per_second, report.seconds_left) = (None, None);
        }
    }
    fetches.tell(state);
}

/// "The line to huggingface.co broke; trying again in 8 seconds"
fn trouble(what: &str, pause: Duration) -> String {
    let seconds = pause.as_secs_f64().ceil() as u64;
    let minutes = seconds.div_ceil(60);
    match seconds {
        0 => format!("{what}; trying again"),
        1 => format!("{what}; trying again in a second"),
        2..=120 => format!("{what}; trying again in {seconds} seconds"),
        _ => format!("{what}; trying again in {minutes} minutes"),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[test]
fn trouble_says_when_it_is_tried_again() {
    #[track_caller]
    fn check(pause_ms: u64, expected: &str) {
        let pause = Duration::from_millis(pause_ms);
        assert_eq!(trouble("The line broke", pause), expected);
    }
    check(0, "The line broke; trying again");
    check(50, "The line broke; trying again in a second");
    check(8000, "The line broke; trying again in 8 seconds");
    check(3_600_000, "The line broke; trying again in 60 minutes");
}
