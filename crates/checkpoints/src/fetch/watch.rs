//! Tells what happens as often as a person can see it, and how long it will still take.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{Event, Step};
use crate::disk::Halt;
use crate::error::Error;
use crate::models::{Models, Turn};

/// Between two looks at the stop flag.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Between two reports of progress.
const REPORT_EVERY_MS: i64 = 100;
/// What the speed is taken from: long enough to be steady, short enough to follow the line.
const SPEED_OVER_MS: i64 = 10_000;
/// Before that the speed is a guess.
const SPEED_AFTER_MS: i64 = 1000;

/// Who asked for the fetch: may stop it, and hears how it goes.
pub struct Watch<'a> {
    pub stop: &'a AtomicBool,
    clock: &'a dyn Fn() -> i64,
    on_event: &'a mut dyn FnMut(Event),
    pace: Pace,
    /// Where one file of several stands: the bytes before it, and those of all.
    whole: Option<(u64, u64)>,
}

impl<'a> Watch<'a> {
    pub fn new(
        stop: &'a AtomicBool,
        clock: &'a dyn Fn() -> i64,
        on_event: &'a mut dyn FnMut(Event),
    ) -> Self {
        Self {
            stop,
            clock,
            on_event,
            pace: Pace::default(),
            whole: None,
        }
    }

    /// What is reported from now on is of one of several files, which are one thing to a person.
    pub fn of_several(&mut self, before_bytes: u64, total_bytes: u64) {
        self.whole = Some((before_bytes, total_bytes));
    }

    pub fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    /// Says that there is trouble, and waits until it is time to try again.
    pub fn wait_for(&mut self, what: String, pause: Duration) -> Result<(), Halt> {
        (self.on_event)(Event::Trouble { what, pause });
        self.wait(pause)
    }

    /// Waits until nobody else puts a model into the folder.
    pub fn wait_for_turn(&self, models: &Models) -> Result<Turn, Halt> {
        loop {
            match models.take_turn() {
                Err(Error::Busy { .. }) => self.wait(LOOK_EVERY)?,
                taken => return Ok(taken?),
            }
        }
    }

    /// Waits, but not when stopped.
    pub fn wait(&self, pause: Duration) -> Result<(), Halt> {
        let mut left = pause;
        while !left.is_zero() {
            self.check_stop()?;
            let moment = left.min(LOOK_EVERY);
            thread::sleep(moment);
            left -= moment;
        }
        self.check_stop()
    }

    pub fn check_stop(&self) -> Result<(), Halt> {
        if self.stop.load(Ordering::Relaxed) {
            Err(Halt::Stopped)
        } else {
            Ok(())
        }
    }

    /// A new step begins; the speed of the last one says nothing about it.
    pub fn step(&mut self, step: Step) {
        self.pace = Pace::default();
        (self.on_event)(Event::Step(step));
    }

    pub fn progress(&mut self, done_bytes: u64, total_bytes: u64) {
        let (done_bytes, total_bytes) = match self.whole {
            Some((before_bytes, whole_bytes)) => (before_bytes + done_bytes, whole_bytes),
            None => (done_bytes, total_bytes),
        };
        let now_ms = (self.clock)();
        let is_due = self.pace.is_due(now_ms) || done_bytes == total_bytes;
        if is_due {
            let bytes_per_second = self.pace.bytes_per_second(now_ms, done_bytes);
            let left_bytes = total_bytes.saturating_sub(done_bytes) as f64;
            (self.on_event)(Event::Progress {
                done_bytes,
                total_bytes,
                bytes_per_second,
                seconds_left: bytes_per_second.map(|speed| left_bytes / speed),
            });
        }
    }
}

/// When how much was done.
#[derive(Debug, Default)]
struct Pace {
    samples: VecDeque<(i64, u64)>,
}

impl Pace {
    fn is_due(&self, now_ms: i64) -> bool {
        // A clock that was set back is no reason to fall silent.
        self.samples
            .back()
            .is_none_or(|(last_ms, _)| REPORT_EVERY_MS <= (now_ms - last_ms).abs())
    }

    fn bytes_per_second(&mut self, now_ms: i64, done_bytes: u64) -> Option<f64> {
        if self
            .samples
            .back()
            .is_some_and(|(last_ms, _)| now_ms < *last_ms)
        {
            self.samples.clear();
        }
        self.samples.push_back((now_ms, done_bytes));
        while self
            .samples
            .front()
            .is_some_and(|(first_ms, _)| SPEED_OVER_MS < now_ms - first_ms)
        {
            self.samples.pop_front();
        }
        let (first_ms, first_bytes) = *self.samples.front()?;
        let (took_ms, came_bytes) = (now_ms - first_ms, done_bytes.saturating_sub(first_bytes));
        if took_ms < SPEED_AFTER_MS || came_bytes == 0 {
            return None;
        }
        Some(came_bytes as f64 * 1000.0 / took_ms as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// `done` bytes at each time of `at`, of 1000: what is reported.
    #[track_caller]
    fn check(at: &[(i64, u64)], expected: &[(u64, Option<f64>)]) {
        let (stop, now_ms) = (AtomicBool::new(false), Cell::new(0));
        let clock = || now_ms.get();
        let mut reports = Vec::new();
        let mut on_event = |event| match event {
            Event::Progress {
                done_bytes,
                seconds_left,
                ..
            } => reports.push((done_bytes, seconds_left)),
            Event::Step(_) | Event::Trouble { .. } => {}
        };
        let mut watch = Watch::new(&stop, &clock, &mut on_event);
        for (ms, done_bytes) in at {
            now_ms.set(*ms);
            watch.progress(*done_bytes, 1000);
        }
        assert_eq!(reports, expected);
    }

    #[test]
    fn progress_is_reported_ten_times_a_second_and_at_the_end() {
        check(
            &[
                (0, 0),
                (50, 10),
                (100, 20),
                (150, 30),
                (199, 999),
                (199, 1000),
            ],
            &[(0, None), (20, None), (1000, None)],
        );
    }

    #[test]
    fn the_time_left_follows_the_speed_of_the_last_seconds() {
        check(
            &[
                (0, 0),
                (1000, 100),
                (2000, 200),
                (11_900, 200),
                (12_100, 201),
            ],
            // 800 bytes at 100 a second; then nothing for ten seconds.
            &[
                (0, None),
                (100, Some(9.0)),
                (200, Some(8.0)),
                (200, None),
                (201, None),
            ],
        );
    }

    #[test]
    fn a_clock_set_back_begins_anew() {
        check(
            &[(5000, 0), (6000, 500), (1000, 600), (2000, 700)],
            &[(0, None), (500, Some(1.0)), (600, None), (700, Some(3.0))],
        );
    }
}
