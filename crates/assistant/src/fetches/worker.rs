//! The thread that works through the order book.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use checkpoints::fetch::{Outcome, Wanted};
use checkpoints::orders::{Failure, Order, Report, Wish};
use checkpoints::{FetchTurn, Models};

use super::overseer::{drop_all, look_after};
use super::{LOOK_EVERY, Running, attempt, shown};
use crate::{Assistant, Error};

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
        let work = || attempt::fetch(assistant, models, wanted, &stop, turn);
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
