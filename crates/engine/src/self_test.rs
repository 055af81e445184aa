//! What this machine does with weights, measured in a few seconds with the kernels themselves: from it follows how
//! fast any model will read and write here (`foresee`), before a byte of it is fetched.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use kernels::block::BlockType;
use kernels::cpu::Cpu;
use kernels::matmul::screen::{Screen, Search};
use kernels::matmul::{Activations, Matrix, matmul};
use kernels::peak::float_products_per_second;
use kernels::quantise::quantise;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cache::DEFAULT_CHUNK;
use crate::engine::level;

/// The formats that are published, and those that others fall back to.
const FORMATS: [BlockType; 7] = [
    BlockType::Q4_0,
    BlockType::Q5_0,
    BlockType::Q8_0,
    BlockType::Q4_K,
    BlockType::Q6_K,
    BlockType::F16,
    BlockType::BF16,
];

/// Inputs of the matrices, as a 4B has them: whole blocks in every format.
const COLS: usize = 2560;
/// Rows of a matrix that is multiplied at once.
const ROWS: usize = 2048;
/// Weights that are walked through for one token: larger than every cache, as a model is.
const WALK_BYTES: usize = 96 << 20;
/// Rows made of noise; all others are these again.
const PATTERN_ROWS: usize = 64;
/// Rows of the head that is searched: a quarter of Gemma's.
const HEAD_ROWS: usize = 1 << 16;
/// Spent on each figure, at least.
const LONG_ENOUGH: Duration = Duration::from_millis(250);
/// Times that each is measured, at least.
const OFTEN_ENOUGH: usize = 4;

/// The figures of a machine: seconds of all threads together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// For each format.
    pub rates: Vec<Rate>,
    /// To search a head by its quick copy, a weight.
    pub search_seconds: f64,
    /// A multiply-add of floats, out of the registers.
    pub float_seconds: f64,
}

/// What a weight of one format costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// "Q4_K"
    pub format: String,
    /// For one token, as when writing.
    pub writing_seconds: f64,
    /// For each of many tokens, as when reading.
    pub reading_seconds: f64,
}

impl SelfTest {
    /// Measures for about five seconds; `None` if `stop` said so, which is asked between the measurements.
    /// `on_progress` is told how many of all are done. `level` as in [`crate::Setup::level`].
    pub fn run(
        threads: NonZeroUsize,
        level_name: Option<&str>,
        stop: &dyn Fn() -> bool,
        mut on_progress: impl FnMut(usize, usize),
    ) -> Result<Option<Self>, Error> {
        let cpu = Cpu::new(level(level_name)?, threads);
        let steps = FORMATS.len() + 2;
        let mut rates = Vec::new();
        for (done, format) in FORMATS.into_iter().enumerate() {
            on_progress(done, steps);
            if stop() {
                return Ok(None);
            }
            rates.push(rate(&cpu, format));
        }
        on_progress(FORMATS.len(), steps);
        if stop() {
            return Ok(None);
        }
        let search_seconds = search_seconds(&cpu);
        on_progress(FORMATS.len() + 1, steps);
        let test = Self {
            rates,
            search_seconds,
            float_seconds: 1.0 / float_products_per_second(&cpu),
        };
        on_progress(steps, steps);
        Ok(Some(test))
    }
}

/// What all threads together take: the quarter mark of several times, as other programs only ever make it slower.
fn usual(mut measure: impl FnMut() -> f64) -> f64 {
    measure(); // memory and processor are not awake yet
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.len() < OFTEN_ENOUGH || begun.elapsed() < LONG_ENOUGH {
        times.push(measure());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 4]
}

fn seconds(work: impl FnOnce()) -> f64 {
    let since = Instant::now();
    work();
    since.elapsed().as_secs_f64()
}

fn rate(cpu: &Cpu, format: BlockType) -> Rate {
    let row_bytes = format.row_bytes(COLS);
    let matrix_bytes = ROWS * row_bytes;
    let bytes = rows(cpu, format, (WALK_BYTES / matrix_bytes).max(1) * ROWS, COLS);
    let matrix = |bytes| Matrix {
        block: format,
        rows: ROWS,
        cols: COLS,
        bytes,
    };
    let input = noise(DEFAULT_CHUNK * COLS);
    let mut out = vec![0.0; DEFAULT_CHUNK * ROWS];
    let writing = usual(|| {
        seconds(|| {
            for bytes in bytes.chunks_exact(matrix_bytes) {
                let x = Activations::new(cpu, &input[..COLS], COLS);
                matmul(cpu, &matrix(bytes), &x, &mut out[..ROWS]);
            }
        })
    });
    let reading = usual(|| {
        seconds(|| {
            let x = Activations::new(cpu, &input, COLS);
            matmul(cpu, &matrix(&bytes[..matrix_bytes]), &x, &mut out);
        })
    });
    Rate {
        format: format.name().to_owned(),
        writing_seconds: writing / (bytes.len() / row_bytes * COLS) as f64,
        reading_seconds: reading / (DEFAULT_CHUNK * ROWS * COLS) as f64,
    }
}

/// As `likeliest` does it, for the 64 that sampling looks at.
fn search_seconds(cpu: &Cpu) -> f64 {
    const COLS: usize = 1152;
    let bytes = rows(cpu, BlockType::Q8_0, HEAD_ROWS, COLS);
    let head = Matrix {
        block: BlockType::Q8_0,
        rows: HEAD_ROWS,
        cols: COLS,
        bytes: &bytes,
    };
    let (screen, mut search) = (Screen::new(cpu, &head), Search::default());
    let input = noise(COLS);
    let whole = usual(|| {
        seconds(|| {
            let x = Activations::new(cpu, &input, COLS);
            search.largest(cpu, &head, &screen, &x, 64);
        })
    });
    whole / (HEAD_ROWS * COLS) as f64
}

/// A matrix in which no row is like the one before it: [`PATTERN_ROWS`] of noise, again and again.
fn rows(cpu: &Cpu, format: BlockType, rows: usize, cols: usize) -> Vec<u8> {
    let mut pattern = vec![0; PATTERN_ROWS * format.row_bytes(cols)];
    quantise(cpu, format, &noise(PATTERN_ROWS * cols), &mut pattern);
    pattern.repeat(rows / PATTERN_ROWS)
}

/// Numbers between -1 and 1 that look random: a linear congruential generator (Numerical Recipes' constants).
fn noise(len: usize) -> Vec<f32> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_measured_and_progress_ends() {
        let mut told = Vec::new();
        let test = SelfTest::run(NonZeroUsize::MIN, None, &|| false, |done, all| {
            told.push((done, all));
        });
        let test = test.unwrap().unwrap();
        assert_eq!(told.last(), Some(&(9, 9)));
        assert_eq!(test.rates.len(), FORMATS.len());
        for rate in &test.rates {
            assert!(
                0.0 < rate.reading_seconds && 0.0 < rate.writing_seconds,
                "{rate:?}"
            );
        }
        let others = [test.search_seconds, test.float_seconds];
        assert!(others.iter().all(|seconds| 0.0 < *seconds), "{others:?}");
    }

    #[test]
    fn it_can_be_stopped() {
        let stopped = SelfTest::run(NonZeroUsize::MIN, None, &|| true, |_, _| {});
        assert_eq!(stopped.unwrap(), None);
    }
}
