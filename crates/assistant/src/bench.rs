//! How fast a model runs on this machine.

use crate::{Assistant, Error};

/// What to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Bench<'a> {
    pub model: &'a str,
    pub prompt_tokens: u32,
    pub generate_tokens: u32,
    /// Tokens in the cache before the clock starts.
    pub depth: u32,
    pub repetitions: u32,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchReport {
    pub model: String,
    pub threads: u32,
    /// The CPU path that ran: "avx2".
    pub cpu_level: String,
    pub prefill_tokens_per_second: Spread,
    pub decode_tokens_per_second: Spread,
    pub load_seconds: f64,
    pub first_token_seconds: f64,
    pub peak_resident_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Assistant {
    pub fn bench(&self, bench: &Bench, on_step: impl FnMut(&str)) -> Result<BenchReport, Error> {
        todo!()
    }
}
