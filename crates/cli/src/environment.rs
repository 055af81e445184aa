//! What the environment says, turned into what `assistant` is given.

use std::env::{self, VarError};
use std::num::NonZeroUsize;
use std::time::{SystemTime, UNIX_EPOCH};

use assistant::{Home, Options, Surroundings};

use crate::failure::Failure;

/// `LECTERN_HOME`, `LECTERN_THREADS`, `LECTERN_CPU`, `LECTERN_HURRY` (for tests: divides all waiting for a line),
/// `HF_ENDPOINT` and `HF_TOKEN`; empty is as if unset.
pub fn options() -> Result<Options, Failure> {
    let chosen = env::var_os("LECTERN_HOME").filter(|folder| !folder.is_empty());
    let home = chosen.map(Home::at).or_else(Home::of_this_person);
    let threads = match variable("LECTERN_THREADS")? {
        Some(text) => Some(whole_number("LECTERN_THREADS", &text)?),
        None => None,
    };
    Ok(Options {
        home: home.ok_or(Failure::NoHome)?,
        clock: unix_ms,
        entropy,
        threads: threads.map(NonZeroUsize::get),
        cpu_level: variable("LECTERN_CPU")?,
        hub: variable("HF_ENDPOINT")?,
        surroundings: Surroundings::new(env::home_dir(), |name| env::var_os(name)),
        hub_token: variable("HF_TOKEN")?,
        hurry: match variable("LECTERN_HURRY")? {
            Some(text) => u32::try_from(whole_number("LECTERN_HURRY", &text)?.get()).ok(),
            None => None,
        },
    })
}

fn variable(name: &'static str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(value)) => Err(Failure::Variable {
            name,
            value: value.to_string_lossy().into_owned(),
            expected: "text in UTF-8",
        }),
    }
}

fn whole_number(name: &'static str, text: &str) -> Result<NonZeroUsize, Failure> {
    text.parse().map_err(|_| Failure::Variable {
        name,
        value: text.to_owned(),
        expected: "a whole number from 1 up",
    })
}

fn unix_ms() -> i64 {
    // A clock before 1970 is a broken clock; times then sort wrongly but nothing is lost.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

/// The system's own randomness, by way of the keys every hash map is given.
fn entropy() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(unix_ms())
}
