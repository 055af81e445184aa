//! What is held open while Lectern runs.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use checkpoints::{Incoming, Models, Surroundings, Whereabouts};
use library::Library;

use crate::Error;
use crate::conversations::ConversationId;
use crate::embeddings::Embeddings;
use crate::fetches::Fetches;
use crate::home::Home;
use crate::loaded::{Compute, Loaded};
use crate::queue::Queue;

/// What the front decides; nothing is read from the environment in here.
pub struct Options {
    /// Where everything is kept.
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
    /// Where other programs may keep models.
    pub surroundings: Surroundings,
    /// Who asks the hub, unless a token is kept.
    pub hub_token: Option<String>,
    /// Divides all waiting for a line: for tests, which would take hours.
    pub hurry: Option<u32>,
}

/// Lectern without a face. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Assistant {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub options: Options,
    pub whereabouts: Whereabouts,
    models: Mutex<Option<Models>>,
    compute: Compute,
    library: OnceLock<Library>,
    /// What was seen in pictures.
    pub embeddings: Embeddings,
    /// One engine: whoever wants something of it waits here.
    pub seat: Queue<Option<Loaded>>,
    /// When somebody last asked something of it: Unix time in milliseconds.
    pub used_ms: AtomicI64,
    /// What is known of the seat without waiting for it.
    pub shown: Mutex<Shown>,
    /// The flags that stop answers, by conversation.
    pub stops: Mutex<HashMap<ConversationId, Vec<Arc<AtomicBool>>>>,
    /// Names of models that were removed while chosen, and can be restored.
    pub unchosen: Mutex<HashSet<String>>,
    /// The file that is being dropped on the window.
    pub dropped: Mutex<Option<Incoming>>,
    /// The flag that stops what somebody waits for, if somebody does.
    pub fetch: Mutex<Option<Arc<AtomicBool>>>,
    /// What this process does about the order book.
    pub fetches: Arc<Fetches>,
}

/// What the window shows of the engine.
#[derive(Default)]
pub(crate) struct Shown {
    /// Name of the model in memory.
    pub loaded: Option<String>,
    /// True while one is being loaded.
    pub loading: bool,
}

impl Assistant {
    /// Opens (or makes) the library under `options.home`, and forgets what was deleted before,
    /// unless another Lectern is open that could still restore it.
    pub fn open(options: Options) -> Result<Self, Error> {
        let assistant = Self::new(options);
        assistant.library()?;
        Ok(assistant)
    }

    /// As [`Self::open`], but nothing is opened or made before it is needed: a command that is given
    /// a model's path needs no library.
    pub fn new(options: Options) -> Self {
        let threads = options
            .threads
            .and_then(NonZeroUsize::new)
            .unwrap_or_else(physical_cores);
        Self {
            inner: Arc::new(Inner {
                compute: Compute {
                    threads,
                    cpu_level: options.cpu_level.clone(),
                },
                embeddings: Embeddings::new(options.home.pictures()),
                whereabouts: Whereabouts::of(options.home.root()),
                models: Mutex::default(),
                library: OnceLock::new(),
                seat: Queue::new(None),
                used_ms: AtomicI64::new(0),
                shown: Mutex::default(),
                stops: Mutex::default(),
                unchosen: Mutex::default(),
                dropped: Mutex::default(),
                fetch: Mutex::default(),
                fetches: Arc::default(),
                options,
            }),
        }
    }

    pub(crate) fn library(&self) -> Result<&Library, Error> {
        if let Some(library) = self.inner.library.get() {
            return Ok(library);
        }
        let opened = Library::open(&self.inner.options.home.library())?;
        Ok(self.inner.library.get_or_init(|| opened))
    }

    /// The folder of models. Opened once at each place: opening clears away what a killed import left.
    pub(crate) fn folder(&self) -> Result<Models, Error> {
        let mut models = lock(&self.inner.models);
        if let Some(models) = &*models {
            return Ok(models.clone());
        }
        let opened = self.inner.whereabouts.open()?;
        Ok(models.insert(opened).clone())
    }

    /// The folder is somewhere else now.
    pub(crate) fn forget_folder(&self) {
        *lock(&self.inner.models) = None;
    }

    pub(crate) fn compute(&self) -> &Compute {
        &self.inner.compute
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.inner.options.clock)()
    }

    pub(crate) fn shown(&self) -> MutexGuard<'_, Shown> {
        lock(&self.inner.shown)
    }
}

/// As many as the machine has and this process may use. Two threads on one core share its vector
/// units: the second only takes turns with the first.
fn physical_cores() -> NonZeroUsize {
    let cores = NonZeroUsize::new(num_cpus::get_physical()).unwrap_or(NonZeroUsize::MIN);
    std::thread::available_parallelism().map_or(cores, |allowed| allowed.min(cores))
}

/// Everything these locks guard is whole between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what computes: a panic in there becomes an error. What it worked on must then be thrown away.
pub(crate) fn guarded<T>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Error::Crashed {
            doing,
            what: words_of(&*panic),
        })
    })
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}

#[test]
fn a_panic_in_the_engine_is_an_error_with_its_words() {
    #[track_caller]
    fn check(work: impl FnOnce() -> Result<(), Error>, expected: &str) {
        assert_eq!(
            guarded("wrote an answer", work)
                .expect_err("it was made to fail")
                .to_string(),
            expected
        );
    }
    check(
        || panic!("rows differ"),
        "the engine failed while it wrote an answer: rows differ",
    );
    check(
        || panic!("{} rows", 3),
        "the engine failed while it wrote an answer: 3 rows",
    );
}
