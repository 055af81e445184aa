//! Looks after the fetch that runs: obeys what is written into the book meanwhile, and says there how far it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use checkpoints::fetch::Wanted;
use checkpoints::orders::{Entry, Order, Wish};
use checkpoints::{FetchTurn, Models};

use super::{Fetches, LOOK_EVERY};
use crate::Error;

/// Between two reports to other processes.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Obeys what is written into the book meanwhile, and says there how far the fetch is.
pub fn look_after(
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

/// Takes an order out of the book, and what came of it from the disk.
pub fn drop_all(
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
