//! What this machine can do: how fast models read and write here, by a test of five seconds that is kept.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::{SelfTest, Work};
use serde::{Deserialize, Serialize};

use crate::assistant::guarded;
use crate::{Assistant, Error};

/// Tokens per second, foreseen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// A prompt, while it is short.
    pub reading: f64,
    /// An answer, while the conversation is short.
    pub writing: f64,
}

/// A test's figures, and what they hold for.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Another version may have other kernels.
    version: String,
    threads: usize,
    cpu_level: Option<String>,
    /// A library may move to another machine.
    processor: String,
    test: SelfTest,
}

impl Assistant {
    /// Whether the speeds of models here are known: [`Self::test_machine`] finds them out.
    pub fn is_machine_tested(&self) -> bool {
        self.self_test().is_some()
    }

    /// Measures this machine for about five seconds, with nothing else computing, and keeps what it finds. False if
    /// `stop` was set, or an answer is being written. `on_progress` is told how many measurements of all are done.
    pub fn test_machine(
        &self,
        stop: &AtomicBool,
        on_progress: impl FnMut(usize, usize),
    ) -> Result<bool, Error> {
        let Some(_seat) = self.inner.seat.try_take() else {
            return Ok(false);
        };
        let compute = self.compute();
        let found = guarded("measured this machine", || {
            let stop = || stop.load(Ordering::Relaxed);
            let level = compute.cpu_level.as_deref();
            Ok(SelfTest::run(compute.threads, level, &stop, on_progress)?)
        })?;
        let Some(test) = found else {
            return Ok(false);
        };
        let kept = Kept {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            threads: compute.threads.get(),
            cpu_level: compute.cpu_level.clone(),
            processor: processor(),
            test,
        };
        let kept = serde_json::to_vec(&kept).expect("numbers and names");
        self.keep_self_test(&kept)?;
        Ok(true)
    }

    fn keep_self_test(&self, kept: &[u8]) -> Result<(), Error> {
        let path = self.inner.options.home.self_test();
        let cache = self.inner.options.home.cache();
        fs::create_dir_all(&cache)
            .map_err(|source| Error::io("make the folder", &cache, source))?;
        // Half a file is no figures: it would be made again.
        fs::write(&path, kept).map_err(|source| Error::io("write", &path, source))
    }

    /// What the test found, if it was made on this machine with these threads.
    pub(crate) fn self_test(&self) -> Option<SelfTest> {
        let kept = fs::read(self.inner.options.home.self_test()).ok()?;
        let kept: Kept = serde_json::from_slice(&kept).ok()?; // a damaged one is made again
        let compute = self.compute();
        let holds = |kept: &Kept| {
            kept.version == env!("CARGO_PKG_VERSION")
                && kept.threads == compute.threads.get()
                && kept.cpu_level == compute.cpu_level
                && kept.processor == processor()
        };
        holds(&kept).then_some(kept.test)
    }
}

/// How fast `work` is done on a machine that was tested.
pub(crate) fn speed(test: Option<&SelfTest>, work: &Work) -> Option<Speed> {
    let engine::Speed { reading, writing } = test?.speed(work)?;
    Some(Speed { reading, writing })
}

/// "AMD Ryzen 7 5800U"; empty where the system does not tell.
fn processor() -> String {
    let Ok(mut system) = sysinfo::System::new() else {
        return String::new();
    };
    system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
    let first = system.cpus().first();
    first.map_or_else(String::new, |cpu| cpu.brand().to_owned())
}
