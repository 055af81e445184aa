//! How fast a model runs on this machine.

use std::time::Instant;

use engine::{Engine, Event, Limits, Prompt, Work};

use crate::loaded::Loaded;
use crate::machine::{Speed, speed};
use crate::memory::peak_resident_bytes;
use crate::{Assistant, Error};

/// What to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Bench<'a> {
    /// Name in the models folder, or a path to a GGUF file or Hugging Face folder.
    pub model: &'a str,
    /// Tokens to read, at least 1.
    pub prompt_tokens: u32,
    /// Tokens to write, at least 2: speed is measured from the first to the last.
    pub generate_tokens: u32,
    /// Tokens in the cache before the clock starts.
    pub depth: u32,
    /// How often to measure, at least 1.
    pub repetitions: u32,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchReport {
    /// The model's name.
    pub model: String,
    /// Threads that computed.
    pub threads: u32,
    /// The CPU path that ran: "avx2".
    pub cpu_level: String,
    /// Reading the prompt.
    pub prefill_tokens_per_second: Spread,
    /// Writing, the choice of the next token included.
    pub decode_tokens_per_second: Spread,
    /// What a test of this machine made us expect; `None` if it was not tested.
    pub foreseen: Option<Speed>,
    /// The memory that was expected.
    pub foreseen_bytes: u64,
    /// Weights, vocabulary and cache made ready.
    pub load_seconds: f64,
    /// From the prompt to the first token, the first time: the weights may still have to come from the disk.
    pub first_token_seconds: f64,
    /// The most memory this process held, pages of the mapped weights included.
    pub peak_resident_bytes: u64,
}

/// How much repetitions differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The middle one; of an even number the mean of the middle two.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

/// One repetition, in seconds.
struct Run {
    reading: f64,
    first_token: f64,
    writing: f64,
}

impl Assistant {
    /// Measures a chat's way through the engine, sampling included, on made-up tokens that are the
    /// same every time. `on_step` hears what is being done.
    pub fn bench(
        &self,
        bench: &Bench,
        mut on_step: impl FnMut(&str),
    ) -> Result<BenchReport, Error> {
        let model = self.model_at(bench.model)?;
        on_step(&format!("loading {}", model.name));
        let parts = [bench.depth, bench.prompt_tokens, bench.generate_tokens];
        let context_tokens: usize = parts.map(|tokens| tokens as usize).iter().sum();
        let begun = Instant::now();
        let mut work = None;
        let context_len = |found: &Work| {
            work = Some(found.clone());
            Ok(context_tokens)
        };
        let mut loaded = Loaded::open(&model, self.compute(), context_len, || {})?;
        let load_seconds = begun.elapsed().as_secs_f64();

        let work = work.expect("the model was opened");
        let engine = &mut loaded.engine;
        let ids = made_up_ids(context_tokens, engine.vocabulary_len());
        let mut runs = Vec::new();
        for repetition in 1..=bench.repetitions {
            on_step(&format!("measuring, {repetition} of {}", bench.repetitions));
            runs.push(run(engine, bench, &ids)?);
        }
        Ok(BenchReport {
            model: model.name,
            threads: engine.threads() as u32,
            cpu_level: engine.cpu_level().to_owned(),
            prefill_tokens_per_second: spread(
                runs.iter()
                    .map(|run| f64::from(bench.prompt_tokens) / run.reading),
            ),
            decode_tokens_per_second: spread(
                runs.iter()
                    .map(|run| f64::from(bench.generate_tokens - 1) / run.writing),
            ),
            foreseen: speed(self.self_test().as_ref(), &work),
            foreseen_bytes: work.memory(context_tokens as u64).bytes(),
            load_seconds,
            first_token_seconds: runs[0].first_token,
            peak_resident_bytes: peak_resident_bytes(),
        })
    }
}

fn run(engine: &mut Engine, bench: &Bench, ids: &[u32]) -> Result<Run, Error> {
    engine.reset();
    let (depth, prompt) = (bench.depth as usize, bench.prompt_tokens as usize);
    if depth > 0 {
        engine.read(Prompt::text(&ids[..depth]), &|| false)?;
    }
    let sampling = engine::Sampling::gemma(0);
    let limits = Limits {
        max_tokens: Some(bench.generate_tokens as usize),
        stop_ids: Vec::new(),
    };
    let begun = Instant::now();
    let (mut read, mut first, mut last) = (begun, None, begun);
    engine.generate(
        Prompt::text(&ids[..depth + prompt]),
        &sampling,
        &limits,
        &|| false,
        |event| {
            last = Instant::now();
            match event {
                Event::Read { .. } => read = last,
                Event::Token(_) => drop(first.get_or_insert(last)),
            }
        },
    )?;
    let first = first.unwrap_or(last);
    Ok(Run {
        reading: (read - begun).as_secs_f64(),
        first_token: (first - begun).as_secs_f64(),
        writing: (last - first).as_secs_f64(),
    })
}

/// Ids that look like no text but are the same on every machine: a linear congruential generator
/// (Numerical Recipes' constants), of which the upper bits are taken.
fn made_up_ids(len: usize, vocabulary_len: usize) -> Vec<u32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * vocabulary_len as u64) >> 32) as u32
    };
    (0..len).map(|_| next()).collect()
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    Spread {
        median: (low + high) / 2.0,
        min: values[0],
        max: values[values.len() - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_its_middle() {
        #[track_caller]
        fn check(values: &[f64], median: f64, min: f64, max: f64) {
            assert_eq!(spread(values.iter().copied()), Spread { median, min, max });
        }
        check(&[3.0], 3.0, 3.0, 3.0);
        check(&[3.0, 1.0], 2.0, 1.0, 3.0);
        check(&[9.0, 1.0, 4.0], 4.0, 1.0, 9.0);
    }

    #[test]
    fn made_up_ids_are_words_of_the_vocabulary_and_always_the_same() {
        let ids = made_up_ids(1000, 128);
        assert!(ids.iter().all(|id| *id < 128));
        assert_eq!(ids, made_up_ids(1000, 128));
        assert_eq!(ids[..4], made_up_ids(4, 128));
    }
}
