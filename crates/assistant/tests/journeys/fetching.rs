//! A queue of models to come, where no hub can be reached: all that can be seen of it without a byte.

use std::fs;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use assistant::{Assistant, Error, Fetch, FetchState, Options};
use tempfile::TempDir;

use crate::desk::options;

const FIRST: &str = "gemma-3-4b-it-Q4_K_M";
const SECOND: &str = "gemma-3-1b-it-Q8_0";

/// Nobody listens at port 1.
fn offline(home: &TempDir) -> Assistant {
    Assistant::new(Options {
        hub: Some("http://127.0.0.1:1".to_owned()),
        hurry: Some(100),
        ..options(home.path())
    })
}

/// Waits until the fetches look as `is_so` says.
#[track_caller]
fn wait_until(assistant: &Assistant, is_so: impl Fn(&[Fetch]) -> bool) -> Vec<Fetch> {
    let (tell, told) = channel();
    assistant.watch_fetches(move |fetches| tell.send(fetches).is_ok());
    let mut last = Vec::new();
    loop {
        match told.recv_timeout(Duration::from_secs(20)) {
            Ok(fetches) if is_so(&fetches) => return fetches,
            Ok(fetches) => last = fetches,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                panic!("it stays at {last:?}")
            }
        }
    }
}

fn trouble(fetch: &Fetch) -> Option<&str> {
    match &fetch.state {
        FetchState::Running { trouble, .. } => trouble.as_deref(),
        _ => None,
    }
}

#[test]
fn what_is_offline_is_waited_for_one_after_the_other() {
    let home = tempfile::tempdir().unwrap();
    let assistant = offline(&home);
    let wrong = assistant.queue_fetch("gemma-9").unwrap_err();
    assert!(matches!(wrong, Error::NotOffered { .. }), "{wrong}");
    assistant.queue_fetch(FIRST).unwrap();
    assistant.queue_fetch(SECOND).unwrap();
    assistant.queue_fetch(FIRST).unwrap(); // twice is once

    let fetches = wait_until(&assistant, |fetches| {
        fetches.len() == 2 && trouble(&fetches[0]).is_some()
    });
    let [first, second] = fetches.as_slice() else {
        panic!("{fetches:?}")
    };
    assert_eq!((&*first.name, &*first.title), (FIRST, "Gemma 3 4B"));
    let said = trouble(first).unwrap();
    assert!(
        said.starts_with("Could not reach 127.0.0.1:1; trying again in"),
        "{said}"
    );
    assert!(3_000_000_000 < first.total_bytes && first.done_bytes == 0);
    assert_eq!(
        (&*second.name, &second.state),
        (SECOND, &FetchState::Waiting)
    );

    // Who waits lets the next one in.
    assistant.pause_fetch(FIRST).unwrap();
    wait_until(&assistant, |fetches| {
        fetches[0].state == FetchState::Paused && trouble(&fetches[1]).is_some()
    });
    assistant.resume_fetch(FIRST).unwrap();
    assert_eq!(assistant.cancel_fetch_of(SECOND).unwrap(), 0);
    let left = wait_until(&assistant, |fetches| trouble(&fetches[0]).is_some());
    assert_eq!(left.len(), 1);
    let gone = assistant.cancel_fetch_of(SECOND).unwrap_err();
    assert!(matches!(gone, Error::NotOrdered { .. }), "{gone}");
}

#[test]
fn the_queue_outlives_a_lectern() {
    let home = tempfile::tempdir().unwrap();
    let before = offline(&home);
    before.queue_fetch(FIRST).unwrap();
    before.queue_fetch(SECOND).unwrap();
    before.pause_fetch(SECOND).unwrap();
    wait_until(&before, |fetches| trouble(&fetches[0]).is_some());
    before.leave_fetches();
    wait_until(&before, |fetches| fetches[0].state == FetchState::Waiting);

    let after = offline(&home);
    let states = |fetches: &[Fetch]| {
        fetches
            .iter()
            .map(|it| it.state.clone())
            .collect::<Vec<_>>()
    };
    let found = after.fetches().unwrap();
    assert_eq!(states(&found), [FetchState::Waiting, FetchState::Paused]);
    after.carry_on_fetches();
    let found = wait_until(&after, |fetches| trouble(&fetches[0]).is_some());
    assert_eq!(found[1].state, FetchState::Paused);
    // Another Lectern sees the same, and does not disturb it.
    let beside = offline(&home);
    beside.carry_on_fetches();
    wait_until(&beside, |fetches| trouble(&fetches[0]).is_some());
    beside.pause_fetch(FIRST).unwrap();
    wait_until(&after, |fetches| fetches[0].state == FetchState::Paused);
}

#[test]
fn an_order_that_cannot_be_read_says_so_and_can_be_given_again() {
    let home = tempfile::tempdir().unwrap();
    let models = home.path().join("models");
    fs::create_dir(&models).unwrap();
    fs::write(models.join(format!("{FIRST}.order.partial")), "{").unwrap();
    fs::write(models.join("gemma-9.order.partial"), "{").unwrap();
    let assistant = offline(&home);
    assistant.carry_on_fetches();
    let fetches = assistant.fetches().unwrap();
    for fetch in &fetches {
        let FetchState::Failed { error, hint, .. } = &fetch.state else {
            panic!("{fetch:?}")
        };
        assert!(error.contains(&fetch.name) && !hint.is_empty(), "{error}");
    }
    assert_eq!(fetches.len(), 2);
    assistant.resume_fetch(FIRST).unwrap();
    wait_until(&assistant, |fetches| trouble(&fetches[0]).is_some());
    assistant.cancel_fetch_of("gemma-9").unwrap();
    assistant.cancel_fetch_of(FIRST).unwrap();
    assert_eq!(assistant.fetches().unwrap(), []);
}
