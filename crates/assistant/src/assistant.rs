//! What is held open while Lectern runs.

use std::sync::Arc;

use crate::Error;
use crate::home::Home;

/// What the front decides; nothing is read from the environment in here.
pub struct Options {
    pub home: Home,
    /// Unix time in milliseconds.
    pub clock: fn() -> i64,
    /// A number nobody can guess, for seeds.
    pub entropy: fn() -> u64,
    /// Threads that compute; `None` is every physical core.
    pub threads: Option<usize>,
    /// Forces a CPU path by name ("scalar", "avx2"); `None` asks the CPU.
    pub cpu_level: Option<String>,
    /// Where models are fetched from instead of `https://huggingface.co`; `None` is there.
    pub hub: Option<String>,
}

/// Lectern without a face. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Assistant {
    _inner: Arc<()>,
}

impl Assistant {
    /// Opens (or makes) the library under `options.home`, and forgets what was deleted before.
    pub fn open(_options: Options) -> Result<Self, Error> {
        todo!()
    }

    /// As [`Self::open`], but deleted conversations stay: a window may be open beside this
    /// process, and its person may still undo.
    pub fn open_beside_a_window(_options: Options) -> Result<Self, Error> {
        todo!()
    }
}
