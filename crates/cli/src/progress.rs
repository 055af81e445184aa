//! A progress bar on standard error: one line that is redrawn in a terminal, a line per tenth elsewhere.

use std::io::{self, IsTerminal, Write};

const WIDTH: u64 = 30;

pub struct Bar {
    redraws: bool,
    /// What was last shown, in percent; `None` while no bar stands on the line.
    shown: Option<u64>,
}

impl Bar {
    pub fn new() -> Self {
        Self {
            redraws: io::stderr().is_terminal(),
            shown: None,
        }
    }

    /// Says what is done now, on a line of its own.
    pub fn step(&mut self, what: &str) {
        self.end();
        // Progress is a courtesy: a closed standard error must not end a download. So below, too.
        let _ = writeln!(io::stderr(), "{what}");
    }

    /// Bytes of all there are.
    pub fn progress(&mut self, done_bytes: u64, total_bytes: u64, seconds_left: Option<f64>) {
        self.draw(done_bytes, total_bytes, |percent| {
            line(percent, done_bytes, total_bytes, seconds_left)
        });
    }

    /// Steps of all there are.
    pub fn steps(&mut self, done: usize, all: usize) {
        self.draw(done as u64, all as u64, |percent| {
            format!("[{}] {percent:3} %", bar(percent))
        });
    }

    fn draw(&mut self, done: u64, all: u64, line: impl FnOnce(u64) -> String) {
        let percent = (done.min(all) * 100).checked_div(all).unwrap_or(0);
        let grain = if self.redraws { 1 } else { 10 };
        if self
            .shown
            .is_some_and(|shown| shown / grain == percent / grain)
        {
            return;
        }
        self.shown = Some(percent);
        let mut err = io::stderr();
        let line = line(percent);
        let _ = match self.redraws {
            // The line before may have been longer: erase to its end.
            true => write!(err, "\r{line}\x1b[K").and_then(|()| err.flush()),
            false => writeln!(err, "{line}"),
        };
    }

    /// Leaves the bar as it stands; what follows begins on a new line.
    pub fn end(&mut self) {
        if self.shown.take().is_some() && self.redraws {
            let _ = writeln!(io::stderr());
        }
    }
}

fn line(percent: u64, done_bytes: u64, total_bytes: u64, seconds_left: Option<f64>) -> String {
    let bar = bar(percent);
    let (done, total) = (done_bytes / 1_000_000, total_bytes / 1_000_000);
    let left = match seconds_left {
        Some(seconds) => format!(", {} left", duration(seconds)),
        None => String::new(),
    };
    format!("[{bar}] {percent:3} %  {done} of {total} MB{left}")
}

fn bar(percent: u64) -> String {
    let filled = (WIDTH * percent / 100) as usize;
    "#".repeat(filled) + &"-".repeat(WIDTH as usize - filled)
}

fn duration(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..=99 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}

#[test]
fn a_bar_says_how_far_how_much_and_how_long() {
    #[track_caller]
    fn check(done: u64, seconds: Option<f64>, expected: &str) {
        let total = 253_000_000;
        assert_eq!(line(done * 100 / total, done, total, seconds), expected);
    }
    check(
        0,
        None,
        "[------------------------------]   0 %  0 of 253 MB",
    );
    check(
        126_500_000,
        Some(11.2),
        "[###############---------------]  50 %  126 of 253 MB, 12 s left",
    );
    check(
        253_000_000,
        Some(0.0),
        "[##############################] 100 %  253 of 253 MB, 0 s left",
    );
    check(
        1_000_000,
        Some(301.0),
        "[------------------------------]   0 %  1 of 253 MB, 6 min left",
    );
}
