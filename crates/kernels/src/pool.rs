//! Threads that stay: one parallel loop after another with no start-up cost and nothing allocated per loop.
//!
//! A loop is a *job*. Its items are handed out in chunks from one atomic counter, so a thread that the system
//! takes away delays the others by at most its own chunk. The calling thread takes part. Workers look for the
//! next job for `SPIN` and then sleep.
//!
//! The life of a job, `gate` being OPEN plus the number of workers inside:
//!
//! ```text
//! caller: write job; gate = OPEN; epoch += 1; wake sleepers; work; gate -= OPEN; wait until gate = 0
//! worker: see a new epoch; if gate is OPEN then gate += 1, work, gate -= 1, wake the caller if gate = 0
//! ```
//!
//! A worker that wakes too late finds the gate shut and never looks at the job; so the caller waits only for
//! workers that hold a chunk, not for every worker to wake.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::disjoint::Disjoint;

/// How long a thread looks for work, or for the last worker to finish, before it sleeps: longer than a caller is
/// away between two loops of one token (50 µs, and the workers slept a dozen times a token, where a virtual
/// machine takes as long again to wake them), shorter than anyone would notice in a process that is idle.
const SPIN: Duration = Duration::from_millis(2);

/// Set in `gate` while workers may enter; the bits below count the workers inside.
const OPEN: usize = 1 << (usize::BITS - 1);

thread_local! {
    /// Whether this thread is inside a job: a loop inside a loop then runs where it is.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A fixed set of threads. Dropping it waits for them to end.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<Worker>,
    /// Held through a job: two callers take turns.
    turn: Mutex<()>,
}

struct Worker {
    handle: JoinHandle<()>,
    asleep: Arc<AtomicBool>,
}

struct Shared {
    job: UnsafeCell<Job>,
    gate: AtomicUsize,
    epoch: AtomicUsize,
    ending: AtomicBool,
    /// The first panic of the job.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `job` is written only by the caller that holds `turn`, while the gate is shut and nobody is inside,
// and read only by workers inside; all else is made for sharing.
unsafe impl Sync for Shared {}
// SAFETY: the pointers of a job are used only while the caller that owns what they point to waits.
unsafe impl Send for Shared {}

/// What the workers of one loop share. The pointers live in the caller's stack frame.
#[derive(Clone)]
struct Job {
    work: *const (dyn Fn(Range<usize>) + Sync),
    next: *const AtomicUsize,
    items: usize,
    grain: usize,
    caller: Option<Thread>,
}

impl Pool {
    /// `threads` threads, the calling one included. Where the system refuses one, there are fewer.
    pub fn new(threads: NonZeroUsize) -> Self {
        let shared = Arc::new(Shared {
            job: UnsafeCell::new(Job {
                work: &|_: Range<usize>| {},
                next: std::ptr::null(),
                items: 0,
                grain: 1,
                caller: None,
            }),
            gate: AtomicUsize::new(0),
            epoch: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let workers = (1..threads.get())
            .map_while(|n| Worker::start(n, &shared).ok())
            .collect();
        Self {
            shared,
            workers,
            turn: Mutex::new(()),
        }
    }

    /// How many threads take part in a loop, the calling one included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `work` with chunks of at most `grain` items that together are `0..items`, each item once, on all
    /// threads; returns when all is done. Inside a loop it runs on the thread it is on.
    ///
    /// # Panics
    /// When `work` does: with the first panic, once every thread has left the loop.
    pub fn run(&self, items: usize, grain: usize, work: impl Fn(Range<usize>) + Sync) {
        let grain = grain.max(1);
        let next = AtomicUsize::new(0);
        if self.workers.is_empty() || items <= grain || INSIDE.get() {
            return take_chunks(&next, items, grain, &work);
        }
        let _turn = lock(&self.turn);
        self.open(&work, &next, items, grain);
        let mine = catch_unwind(AssertUnwindSafe(|| take_chunks(&next, items, grain, &work)));
        if mine.is_err() {
            next.store(items, Ordering::Relaxed); // the rest is not worth doing
        }
        self.close();
        let theirs = lock(&self.shared.panic).take();
        if let Some(panic) = mine.err().or(theirs) {
            resume_unwind(panic);
        }
    }

    /// Calls `work` with the number of a row and the rows from there on, for all rows of `out` that are
    /// `width` long, up to `grain` rows at a time, on all threads.
    ///
    /// # Panics
    /// When `out` is not whole rows, and when `work` does.
    pub fn run_rows<T: Send>(
        &self,
        out: &mut [T],
        width: usize,
        grain: usize,
        work: impl Fn(usize, &mut [T]) + Sync,
    ) {
        if out.is_empty() {
            return;
        }
        assert!(
            width > 0 && out.len().is_multiple_of(width),
            "{} is not whole rows of {width}",
            out.len()
        );
        let rows = out.len() / width;
        let out = Disjoint::new(out);
        self.run(rows, grain, |rows| {
            // SAFETY: `run` hands out every row once.
            let part = unsafe { out.part(rows.start * width..rows.end * width) };
            work(rows.start, part);
        });
    }

    /// Lets the workers into a job that lives until `close` has returned.
    fn open(
        &self,
        work: &(dyn Fn(Range<usize>) + Sync),
        next: &AtomicUsize,
        items: usize,
        grain: usize,
    ) {
        let work: *const (dyn Fn(Range<usize>) + Sync + '_) = work;
        // SAFETY: only the lifetime changes; `close` is called before the borrow ends.
        let work = unsafe {
            std::mem::transmute::<
                *const (dyn Fn(Range<usize>) + Sync + '_),
                *const (dyn Fn(Range<usize>) + Sync + 'static),
            >(work)
        };
        let job = Job {
            work,
            next,
            items,
            grain,
            caller: Some(thread::current()),
        };
        // SAFETY: this thread holds `turn`, the gate is shut and nobody is inside.
        unsafe { *self.shared.job.get() = job };
        self.shared.gate.store(OPEN, Ordering::Release);
        self.wake();
    }

    /// Lets no further worker in and waits for those inside.
    fn close(&self) {
        let mut inside = self.shared.gate.fetch_sub(OPEN, Ordering::AcqRel) - OPEN;
        let since = Instant::now();
        while inside > 0 {
            if since.elapsed() < SPIN {
                std::hint::spin_loop();
            } else {
                thread::park(); // the last worker out wakes us
            }
            inside = self.shared.gate.load(Ordering::Acquire);
        }
    }

    fn wake(&self) {
        // SeqCst here and in `sleep`: either we see that a worker sleeps, or it sees the new epoch.
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        for worker in &self.workers {
            if worker.asleep.swap(false, Ordering::SeqCst) {
                worker.handle.thread().unpark();
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        self.wake();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its work; one that died all the same has nothing left to end.
            let _ = worker.handle.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads())
            .finish_non_exhaustive()
    }
}

impl Worker {
    fn start(number: usize, shared: &Arc<Shared>) -> std::io::Result<Self> {
        let asleep = Arc::new(AtomicBool::new(false));
        let (theirs, shared) = (Arc::clone(&asleep), Arc::clone(shared));
        let handle = thread::Builder::new()
            .name(format!("kernels-{number}"))
            .spawn(move || shared.serve(&theirs))?;
        Ok(Self { handle, asleep })
    }
}

impl Shared {
    /// A worker's life.
    fn serve(&self, asleep: &AtomicBool) {
        INSIDE.set(true);
        let mut seen = 0;
        loop {
            seen = self.next_epoch(seen, asleep);
            if self.ending.load(Ordering::SeqCst) {
                return;
            }
            self.take_part();
        }
    }

    /// Waits until the epoch is not `seen`.
    fn next_epoch(&self, seen: usize, asleep: &AtomicBool) -> usize {
        let since = Instant::now();
        loop {
            for _ in 0..64 {
                let epoch = self.epoch.load(Ordering::SeqCst);
                if epoch != seen {
                    return epoch;
                }
                std::hint::spin_loop();
            }
            if since.elapsed() >= SPIN {
                asleep.store(true, Ordering::SeqCst);
                if self.epoch.load(Ordering::SeqCst) == seen {
                    thread::park();
                }
                asleep.store(false, Ordering::SeqCst);
            }
        }
    }

    /// Takes chunks of the open job, if there is one.
    fn take_part(&self) {
        let enter = |gate: usize| (gate & OPEN != 0).then_some(gate + 1);
        if self
            .gate
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, enter)
            .is_err()
        {
            return;
        }
        // SAFETY: inside; the caller that wrote the job waits until we are out.
        let job = unsafe { (*self.job.get()).clone() };
        // SAFETY: as above: what the pointers point to lives until we are out.
        let (next, work) = unsafe { (&*job.next, &*job.work) };
        let done = catch_unwind(AssertUnwindSafe(|| {
            take_chunks(next, job.items, job.grain, work)
        }));
        if let Err(panic) = done {
            next.store(job.items, Ordering::Relaxed);
            lock(&self.panic).get_or_insert(panic);
        }
        if self.gate.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(caller) = job.caller
        {
            caller.unpark();
        }
    }
}

/// Works through chunks until the counter has passed the last item.
fn take_chunks(
    next: &AtomicUsize,
    items: usize,
    grain: usize,
    work: &(dyn Fn(Range<usize>) + Sync),
) {
    let outer = INSIDE.replace(true);
    let restore = Restore(outer);
    loop {
        let start = next.fetch_add(grain, Ordering::Relaxed);
        if start >= items {
            break;
        }
        work(start..items.min(start + grain));
    }
    drop(restore);
}

/// Puts `INSIDE` back, also when the work panics.
struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// A panic leaves nothing half done behind these locks, so a poisoned one is as good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
