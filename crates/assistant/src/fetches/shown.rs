//! What a person is shown of the order book.

use checkpoints::Models;
use checkpoints::fetch::Wanted;
use checkpoints::orders::{Entry, Failure, Order, Report, Wish};

use super::{Fetch, FetchState, failure};
use crate::{Assistant, Error};

/// Every fetch, in the order in which they will come.
pub fn fetches(assistant: &Assistant) -> Result<Vec<Fetch>, Error> {
    let models = &assistant.folder()?;
    let entries = models.orders()?;
    let is_elsewhere = is_elsewhere(assistant, models, &entries);
    let fetches = entries.iter().filter_map(|entry| {
        let state = state(assistant, entry, is_elsewhere)?;
        let report = report(assistant, entry, &state);
        let bytes = entry.wanted.as_ref().map_or(0, Wanted::bytes);
        let total_bytes = report.as_ref().map_or(bytes, |report| report.total_bytes);
        let done_bytes = match (&state, &report, &entry.wanted) {
            (FetchState::Running { .. }, Some(report), _) => report.done_bytes,
            (_, _, Some(wanted)) => wanted.partial_bytes(models),
            _ => 0,
        };
        Some(Fetch {
            name: entry.name.clone(),
            title: match &entry.wanted {
                Some(wanted) => wanted.title().to_owned(),
                None => entry.name.clone(),
            },
            done_bytes: done_bytes.min(total_bytes),
            total_bytes,
            state,
        })
    });
    Ok(fetches.collect())
}

/// Whether another process works through the book. Nobody is asked when nobody could tell a difference.
fn is_elsewhere(assistant: &Assistant, models: &Models, entries: &[Entry]) -> bool {
    let is_here = assistant.inner.fetches.state().running.is_some();
    let has_report = entries.iter().any(|entry| entry.report.is_some());
    !is_here
        && has_report
        && matches!(
            models.take_fetch_turn(),
            Err(checkpoints::Error::Busy { .. })
        )
}

/// What an entry does; `None` for one that is about to go.
fn state(assistant: &Assistant, entry: &Entry, is_elsewhere: bool) -> Option<FetchState> {
    let order = match &entry.order {
        Ok(order) => order,
        Err(problem) => {
            return Some(FetchState::Failed {
                error: problem.to_string(),
                hint: "let it go on, and it is ordered anew: what came of it is kept".to_owned(),
                needs_token: false,
            });
        }
    };
    if order.wish == Wish::Cancel {
        return None;
    }
    if entry.wanted.is_none() {
        return Some(FetchState::Failed {
            error: format!("this Lectern does not know {}", entry.name),
            hint: "update Lectern, or cancel it".to_owned(),
            needs_token: false,
        });
    }
    if order.wish == Wish::Pause {
        return Some(FetchState::Paused);
    }
    let state = assistant.inner.fetches.state();
    let unwritten = state.failures.get(&entry.name);
    let unwritten = unwritten.filter(|(attempt, _)| *attempt == order.attempt);
    if let Some(failure) = unwritten.map(|(_, failure)| failure).or(failure(entry)) {
        return Some(failed(failure.clone()));
    }
    let running = state.running.as_ref().filter(|it| it.name == entry.name);
    let elsewhere = entry.report.as_ref().filter(|_| is_elsewhere);
    Some(match running.map(|it| &it.report).or(elsewhere) {
        Some(report) if report.attempt == order.attempt => FetchState::Running {
            step: report.step.clone(),
            bytes_per_second: report.bytes_per_second,
            seconds_left: report.seconds_left,
            trouble: report.trouble.clone(),
        },
        _ => FetchState::Waiting,
    })
}

/// What is known of how far an entry is: by this process, or by what another wrote.
fn report(assistant: &Assistant, entry: &Entry, state: &FetchState) -> Option<Report> {
    let fetches = assistant.inner.fetches.state();
    let running = fetches.running.as_ref().filter(|it| it.name == entry.name);
    let running = running.filter(|_| matches!(state, FetchState::Running { .. }));
    let report = running.map(|it| it.report.clone());
    let report = report.or_else(|| entry.report.clone());
    report.filter(|report| 0 < report.total_bytes)
}

pub fn failed(failure: Failure) -> FetchState {
    let Failure {
        error,
        hint,
        needs_token,
    } = failure;
    FetchState::Failed {
        error,
        hint,
        needs_token,
    }
}

/// Why the book itself cannot be read, as every fetch of it is shown then.
pub fn lost(fetches: Vec<Fetch>, error: &Error) -> Vec<Fetch> {
    let state = FetchState::Failed {
        error: error.sentence(),
        hint: error.hint().unwrap_or_default().to_owned(),
        needs_token: false,
    };
    let lost = fetches.into_iter().map(|fetch| Fetch {
        state: state.clone(),
        ..fetch
    });
    lost.collect()
}

/// The next order somebody has to do something about, and what is wanted of it.
pub fn next(assistant: &Assistant, models: &Models) -> Result<Option<(Entry, Order)>, Error> {
    for entry in models.orders()? {
        let Ok(order) = entry.order else { continue };
        let is_next = match order.wish {
            Wish::Cancel => true,
            Wish::Pause => false,
            Wish::Come => matches!(
                state(assistant, &entry, false),
                Some(FetchState::Waiting | FetchState::Running { .. })
            ),
        };
        if is_next {
            return Ok(Some((entry, order)));
        }
    }
    Ok(None)
}
