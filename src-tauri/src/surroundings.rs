//! What the process finds around it: the only place where the window reads the environment.

use std::env;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use assistant::{Home, Options, Surroundings};

use crate::contract::Failure;

/// `LECTERN_HOME`, or the folder the platform has for a person's data.
pub fn home() -> Result<Home, Failure> {
    let chosen = env::var_os("LECTERN_HOME").filter(|folder| !folder.is_empty());
    // Absolute, because the web view and the window's state are kept by others, who may run elsewhere.
    chosen
        .and_then(|folder| std::path::absolute(folder).ok())
        .map(Home::at)
        .or_else(Home::of_this_person)
        .ok_or_else(|| {
            Failure::new(
                "this account has no home folder to keep conversations in",
                Some("set LECTERN_HOME to a folder that may be written to"),
            )
        })
}

/// What `assistant` is opened with. `LECTERN_THREADS` and `LECTERN_CPU` are for measuring, `HF_ENDPOINT`
/// is for networks with a mirror of their own.
pub fn options(home: Home) -> Result<Options, Failure> {
    let threads = variable("LECTERN_THREADS")
        .map(|text| text.parse())
        .transpose();
    Ok(Options {
        home,
        clock: now_ms,
        entropy,
        threads: threads.map_err(|_| {
            Failure::new(
                "LECTERN_THREADS is not a number",
                Some("set it to the number of threads, or unset it"),
            )
        })?,
        cpu_level: variable("LECTERN_CPU"),
        hub: variable("HF_ENDPOINT"),
        surroundings: Surroundings::new(env::home_dir(), |name| env::var_os(name)),
        hub_token: variable("HF_TOKEN"),
        hurry: variable("LECTERN_HURRY").and_then(|text| text.parse().ok()),
    })
}

/// Empty is as if unset.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Takes the home for this window; `None` if another window has it. Held until the file is dropped
/// or the process ends, however it ends.
pub fn claim(home: &Home) -> Result<Option<File>, Failure> {
    let path = home.root().join("window.lock");
    let unwritable = |_| {
        Failure::new(
            &format!("the folder {} cannot be written to", home.root().display()),
            Some("check who owns it and whether the disk is full"),
        )
    };
    fs::create_dir_all(home.root()).map_err(unwritable)?;
    let file = File::create(path).map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unwritable(error)),
    }
}

/// Unix time in milliseconds.
fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_millis().try_into().unwrap_or(i64::MAX)
}

/// The system's own randomness, by way of the keys every hash map is given.
fn entropy() -> u64 {
    RandomState::new().hash_one(now_ms())
}
