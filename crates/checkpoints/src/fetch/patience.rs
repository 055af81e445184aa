//! How long a fetch waits for a line, and before it asks again.

use std::time::Duration;

/// How a fetch meets a line that does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Being offline is noticed within this.
    pub connect: Duration,
    /// A line that is silent for so long is lost: it comes from sleep, or through a router that forgot it.
    pub silent: Duration,
    /// Before the second try.
    pub first_pause: Duration,
    /// Each pause is twice the one before, up to this.
    pub longest_pause: Duration,
    /// How often in a row it asks in vain before it gives up; `None` is never: a person may cancel.
    pub tries: Option<u32>,
}

impl Patience {
    /// For as long as a person has not cancelled.
    pub fn usual() -> Self {
        Self {
            connect: Duration::from_secs(5),
            silent: Duration::from_secs(30),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            tries: None,
        }
    }

    /// The same with all waiting `times` shorter: for tests, which would take hours.
    pub fn hurried(self, times: u32) -> Self {
        let times = times.max(1);
        Self {
            connect: self.connect, // a machine that is busy with tests still takes its time for this
            silent: self.silent / times,
            first_pause: self.first_pause / times,
            longest_pause: self.longest_pause / times,
            tries: self.tries,
        }
    }

    pub(crate) fn tries(self) -> Tries {
        Tries {
            patience: self,
            made: 0,
        }
    }
}

/// Tries in a row that were in vain.
#[derive(Debug)]
pub(crate) struct Tries {
    patience: Patience,
    made: u32,
}

impl Tries {
    /// How long to wait before the next; `None` when it is time to give up.
    pub fn next_pause(&mut self) -> Option<Duration> {
        if self.patience.tries.is_some_and(|most| most <= self.made) {
            return None;
        }
        let doubled = 2_u32.saturating_pow(self.made);
        self.made += 1;
        let pause = self.patience.first_pause.saturating_mul(doubled);
        Some(pause.min(self.patience.longest_pause))
    }

    /// Something came of the last one.
    pub fn begin_again(&mut self) {
        self.made = 0;
    }

    /// Whether there is an end to them: then somebody else can be asked, and being offline is told at once.
    pub fn are_counted(&self) -> bool {
        self.patience.tries.is_some()
    }
}

#[test]
fn pauses_double_up_to_a_minute_and_never_end() {
    let mut tries = Patience::usual().tries();
    let mut seconds = || tries.next_pause().map(|pause| pause.as_secs());
    let first: Vec<_> = (0..8).map_while(|_| seconds()).collect();
    assert_eq!(first, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert!((0..100).all(|_| seconds() == Some(60)));
    tries.begin_again();
    assert_eq!(tries.next_pause(), Some(Duration::from_secs(1)));

    let counted = Patience {
        tries: Some(2),
        ..Patience::usual()
    };
    let mut tries = counted.tries();
    assert!((0..2).all(|_| tries.next_pause().is_some()));
    assert_eq!(tries.next_pause(), None);
}
