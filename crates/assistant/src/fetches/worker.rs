//! The thread that works through the order book, and the one that looks after it.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use checkpoints::fetch::{Event, Outcome, Patience, Sources, Wanted};
use checkpoints::orders::{Entry, Failure, Order, Report, Wish};
use checkpoints::{FetchTurn, Models};

use super::{Fetches, LOOK_EVERY, Running, shown};
use crate::{Assistant, Error};

/// Between two reports to other processes.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Lets the book be worked through, unless that is being done.
pub fn wake(assistant: &Assistant) {
    let fetches = &assistant.inner.fetches;
    let mut state = fetches.state();
    state.asked += 1;
    if !state.is_working && !state.is_leaving {
        state.is_working = true;
        let assistant = assistant.clone();
        thread::spawn(move || work(&assistant));
    }
    fetches.tell(state);
}

fn work(assistant: &Assistant) {
    let fetches = &assistant.inner.fetches;
    loop {
        let asked = fetches.state().asked;
        let is_over = match catch_unwind(AssertUnwindSafe(|| work_once(assistant))) {
            Ok(Ok(has_more)) => !has_more,
            Ok(Err(error)) => !blame(assistant, &error),
            Err(_panic) => true,
        };
        let mut state = fetches.state();
        if state.is_leaving || (is_over && state.asked == asked) {
            state.is_working = false;
            fetches.tell(state);
            return;
        }
    }
}

/// Gives up what is next, which cannot even be begun; false if there is nothing. A book that cannot be read at all is
/// said to whoever looks at it.
fn blame(assistant: &Assistant, error: &Error) -> bool {
    let next = assistant
        .folder()
        .and_then(|models| shown::next(assistant, &models));
    let Ok(Some((entry, order))) = next else {
        return false;
    };
    let failure = failure(error);
    let mut state = assistant.inner.fetches.state();
    let failed = (order.attempt, failure);
    // A second time for the same would be for ever.
    state.failures.insert(entry.name, failed.clone()) != Some(failed)
}

/// Does one thing the book asks for; false if there is none.
fn work_once(assistant: &Assistant) -> Result<bool, Error> {
    let models = &assistant.folder()?;
    let fetches = &assistant.inner.fetches;
    if shown::next(assistant, models)?.is_none() {
        return Ok(false);
    }
    let turn = match models.take_fetch_turn() {
        Ok(turn) => turn,
        Err(checkpoints::Error::Busy { .. }) => {
            // Another process is at it; should it end, this one goes on.
            let seen = fetches.state().changes;
            fetches.wait(seen, LOOK_EVERY);
            return Ok(true);
        }
        Err(error) => return Err(error.into()),
    };
    let Some((entry, order)) = shown::next(assistant, models)? else {
        return Ok(true);
    };
    match (order.wish, entry.wanted) {
        (Wish::Cancel, wanted) => drop_all(models, &entry.name, wanted, &turn)?,
        (_, Some(wanted)) => run(assistant, models, &entry.name, wanted, order, &turn)?,
        (_, None) => {}
    }
    drop(turn);
    fetches.tell(fetches.state());
    Ok(true)
}

fn drop_all(
    models: &Models,
    name: &str,
    wanted: Option<Wanted>,
    turn: &FetchTurn,
) -> Result<(), Error> {
    if let Some(wanted) = wanted {
        wanted.forget(models, turn)?;
    }
    Ok(models.drop_order(name, turn)?)
}

/// Fetches what was ordered, until it is here, fails, or is not wanted any more.
fn run(
    assistant: &Assistant,
    models: &Models,
    name: &str,
    wanted: Wanted,
    order: Order,
    turn: &FetchTurn,
) -> Result<(), Error> {
    let fetches = &assistant.inner.fetches;
    let stop = Arc::new(AtomicBool::new(false));
    let report = Report {
        attempt: order.attempt,
        step: "Looking for the model".to_owned(),
        done_bytes: wanted.partial_bytes(models),
        total_bytes: wanted.bytes(),
        ..Report::default()
    };
    let mut state = fetches.state();
    if state.is_leaving {
        return Ok(());
    }
    state.running = Some(Running {
        name: name.to_owned(),
        stop: stop.clone(),
        report,
    });
    fetches.tell(state);

    let is_over = AtomicBool::new(false);
    let fetched = thread::scope(|scope| {
        scope.spawn(|| look_after(fetches, models, name, order, &stop, &is_over, turn));
        let work = || fetch(assistant, models, wanted, &stop, turn);
        let fetched = catch_unwind(AssertUnwindSafe(work));
        is_over.store(true, Ordering::Relaxed);
        fetches.tell(fetches.state());
        fetched
    });
    fetches.state().running = None;
    match fetched {
        Ok(Ok(Outcome::Here(checkpoint))) => {
            models.drop_order(name, turn)?;
            if assistant.kept_model()?.is_none() {
                assistant.keep_model(Some(&checkpoint.name))?;
            }
            Ok(())
        }
        Ok(Ok(Outcome::Cancelled)) if !models.folder().is_dir() => {
            let error = checkpoints::Error::Io {
                doing: "find",
                path: models.folder().to_owned(),
                source: ErrorKind::NotFound.into(),
            };
            give_up(assistant, models, name, order, &error.into(), turn);
            Ok(())
        }
        // Why is in the book, and the next look at it tells.
        Ok(Ok(Outcome::Cancelled)) => Ok(()),
        Ok(Err(error)) => {
            give_up(assistant, models, name, order, &error, turn);
            Ok(())
        }
        Err(_panic) => {
            let doing = "fetched a model";
            let what = "please report this".to_owned();
            let error = Error::Crashed { doing, what };
            give_up(assistant, models, name, order, &error, turn);
            Ok(())
        }
    }
}

/// Fetches it, and waits out whatever passes by waiting.
fn fetch(
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

/// Obeys what is written into the book meanwhile, and says there how far the fetch is.
fn look_after(
    fetches: &Fetches,
    models: &Models,
    name: &str,
    order: Order,
    stop: &AtomicBool,
    is_over: &AtomicBool,
    turn: &FetchTurn,
) {
    let mut reported: Option<Instant> = None;
    while !is_over.load(Ordering::Relaxed) {
        let now = models.order(name).ok().flatten().map(|entry| entry.order);
        let is_wanted = match now {
            Some(Ok(now)) => (now.wish, now.attempt) == (order.wish, order.attempt),
            Some(Err(_)) => true, // damaged while it is under way: what was wanted is known
            None => false,        // the folder was moved away, or somebody deleted it by hand
        };
        if !is_wanted {
            stop.store(true, Ordering::Relaxed);
            fetches.tell(fetches.state());
        }
        drop_cancelled(models, name, turn);
        if reported.is_none_or(|last| REPORT_EVERY <= last.elapsed()) {
            let report = fetches.state().running.as_ref().map(|it| it.report.clone());
            // Others then see it a second later.
            let _ = report.map(|report| models.put_report(name, &report, turn));
            reported = Some(Instant::now());
        }
        let begun = Instant::now();
        while !is_over.load(Ordering::Relaxed) && begun.elapsed() < LOOK_EVERY {
            let seen = fetches.state().changes;
            fetches.wait(seen, LOOK_EVERY.saturating_sub(begun.elapsed()));
        }
    }
}

/// Drops what is not wanted any more and is not the one being fetched. What cannot be dropped now is tried again.
fn drop_cancelled(models: &Models, fetched: &str, turn: &FetchTurn) {
    let entries = models.orders().unwrap_or_default().into_iter();
    let is_cancelled = |entry: &Entry| {
        entry.name != fetched && matches!(&entry.order, Ok(order) if order.wish == Wish::Cancel)
    };
    for entry in entries.filter(is_cancelled) {
        let _ = drop_all(models, &entry.name, entry.wanted, turn);
    }
}

/// Says why it does not come; in here, where the book cannot be written.
fn give_up(
    assistant: &Assistant,
    models: &Models,
    name: &str,
    order: Order,
    error: &Error,
    turn: &FetchTurn,
) {
    let failure = failure(error);
    let report = Report {
        attempt: order.attempt,
        failure: Some(failure.clone()),
        ..Report::default()
    };
    if models.put_report(name, &report, turn).is_err() {
        let mut state = assistant.inner.fetches.state();
        state
            .failures
            .insert(name.to_owned(), (order.attempt, failure));
    }
}

fn failure(error: &Error) -> Failure {
    let needs_token = matches!(error, Error::Checkpoints(error) if error.needs_token());
    Failure {
        error: error.sentence(),
        hint: error.hint().unwrap_or_default().to_owned(),
        needs_token,
    }
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
