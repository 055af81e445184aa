//! One thing that many want, had by one at a time in the order of asking.
//!
//! A plain `Mutex` would do but for three wishes: who comes first is served first, who waits is
//! told so, and who waits can give up. A panic while the thing is held does not poison it: whoever
//! lets foreign code run while holding it decides what is left of the thing.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The thing and those who wait for it.
#[derive(Default)]
pub struct Queue<T> {
    line: Mutex<Line>,
    moved: Condvar,
    thing: Mutex<T>,
}

#[derive(Default)]
struct Line {
    /// Who holds the thing, then who waits, in order.
    places: VecDeque<u64>,
    next: u64,
}

/// The right to use the thing until it is dropped.
pub struct Turn<'a, T> {
    queue: &'a Queue<T>,
    thing: Option<MutexGuard<'a, T>>,
}

impl<T> Queue<T> {
    pub fn new(thing: T) -> Self {
        Self {
            line: Mutex::default(),
            moved: Condvar::new(),
            thing: Mutex::new(thing),
        }
    }

    /// Waits until it is this caller's turn; `on_wait` is called once if that is not at once.
    /// `None` if `stop` was set first: set it and call [`Self::look_up`].
    pub fn take(&self, stop: &AtomicBool, on_wait: impl FnOnce()) -> Option<Turn<'_, T>> {
        let (place, first) = {
            let mut line = lock(&self.line);
            let place = line.next;
            line.next += 1;
            line.places.push_back(place);
            (place, line.places.front() == Some(&place))
        };
        if !first {
            on_wait(); // without the lock held: it may take as long as it likes
        }
        let mut line = lock(&self.line);
        while line.places.front() != Some(&place) {
            if stop.load(Ordering::Relaxed) {
                line.places.retain(|other| *other != place);
                return None;
            }
            line = self
                .moved
                .wait(line)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(line);
        Some(self.turn())
    }

    /// The thing if nobody has it or waits for it.
    pub fn try_take(&self) -> Option<Turn<'_, T>> {
        let mut line = lock(&self.line);
        if !line.places.is_empty() {
            return None;
        }
        let place = line.next;
        line.next += 1;
        line.places.push_back(place);
        drop(line);
        Some(self.turn())
    }

    /// Makes those who wait ask their `stop` again.
    pub fn look_up(&self) {
        // With the lock, so that nobody is between asking `stop` and falling asleep.
        let _line = lock(&self.line);
        self.moved.notify_all();
    }

    fn turn(&self) -> Turn<'_, T> {
        Turn {
            queue: self,
            thing: Some(lock(&self.thing)),
        }
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.thing = None; // the next in line locks it at once
        lock(&self.queue.line).places.pop_front();
        self.queue.moved.notify_all();
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.thing.as_ref().expect("it is given up only by drop")
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("it is given up only by drop")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn who_comes_first_is_served_first_and_the_others_are_told_to_wait() {
        let queue = Queue::new(Vec::new());
        let (told, waits) = mpsc::channel();
        thread::scope(|scope| {
            let mut first = queue.take(&AtomicBool::new(false), || panic!("nobody is before"));
            for name in [2, 3, 4] {
                let (queue, told) = (&queue, told.clone());
                scope.spawn(move || {
                    let turn = queue.take(&AtomicBool::new(false), || {
                        told.send(name).expect("the test made it so")
                    });
                    turn.expect("the test made it so").push(name);
                });
                assert_eq!(
                    waits.recv(),
                    Ok(name),
                    "each stands in line before the next comes"
                );
            }
            first.as_mut().expect("the test made it so").push(1);
            drop(first);
        });
        assert_eq!(
            *queue.try_take().expect("the test made it so"),
            [1, 2, 3, 4]
        );
    }

    #[test]
    fn who_waits_can_give_up() {
        let queue = Queue::new(());
        let stop = AtomicBool::new(false);
        let (told, waits) = mpsc::channel();
        let first = queue.try_take().expect("the test made it so");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                queue
                    .take(&stop, || told.send(()).expect("the test made it so"))
                    .is_some()
            });
            waits.recv().expect("the test made it so");
            stop.store(true, Ordering::Relaxed);
            queue.look_up();
            assert!(
                !waiting.join().expect("the test made it so"),
                "a stopped one gets no turn"
            );
        });
        assert!(queue.try_take().is_none(), "the first still has it");
        drop(first);
        assert!(queue.try_take().is_some(), "nobody is left in line");
    }

    #[test]
    fn a_panic_leaves_the_thing_usable() {
        let queue = Queue::new(1);
        thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let _turn = queue.try_take().expect("the test made it so");
                panic!("as an engine might");
            });
            assert!(panics.join().is_err());
        });
        assert_eq!(*queue.try_take().expect("the test made it so"), 1);
    }
}
