//! How fast a model will read and write on a machine, and what memory it will take: by arithmetic, from the model's
//! sizes and the machine's [`SelfTest`].

use gguf::TensorType;
use kernels::attention::PAGE;

use crate::cache::{DEFAULT_CHUNK, REWIND_SLACK};
use crate::prompt::PICTURE_TOKENS;
use crate::self_test::SelfTest;

/// Positions at which the speeds are told: the middle of a first page.
const AT_POSITION: f64 = 256.0;
/// What a layer does for one token besides its products, in multiply-adds: starting and ending its loops, and for each
/// number of a row norms, sums and copies. Fitted to three sizes on two Zen 3 cores, where it is 0.16 ms and 66 ns;
/// see docs/benchmarks.
const FLOATS_PER_LAYER: f64 = 8.8e6;
const FLOATS_PER_NUMBER: f64 = 3650.0;
/// Attention reaches this share of the floats that a machine can do at most.
const FLOAT_EFFICIENCY: f64 = 0.3;

/// A head of more bits than this gets a copy that is quick to search.
const SEARCHED_AS_IT_IS_BITS: u64 = 5;
/// That copy's bits, in hundredths.
const COPY_CENTIBITS: u64 = 425;
/// Bytes of a number that is kept of what was read: bfloat16.
const KEPT_BYTES: u64 = 2;
/// The program, its words and its scratch memory, whatever the model.
const PROGRAM_BYTES: u64 = 30_000_000;
/// Scratch memory for each number of a row, while a stretch is read.
const SCRATCH_BYTES_PER_NUMBER: u64 = 14_000;
/// Scratch memory while the picture tower looks.
const TOWER_SCRATCH_BYTES: u64 = 165_000_000;

/// What a model is to a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Weights of the layers' matrices by format.
    pub shares: Vec<(TensorType, u64)>,
    /// Weights of the table of words, which is the head, and their format.
    pub table: (TensorType, u64),
    /// All layers.
    pub layers: u64,
    /// Those of them that see all positions.
    pub global_layers: u64,
    /// Positions that the others see.
    pub window: u64,
    /// Numbers in each position's row.
    pub width: u64,
    /// Numbers that all query heads have together.
    pub query_width: u64,
    /// Numbers of a position that a layer keeps, keys and values together.
    pub kept_width: u64,
    /// Positions the model was trained for.
    pub context_tokens: u64,
    /// Bytes of the weights' files.
    pub weights_bytes: u64,
    /// Bytes of the picture tower's; 0 without one.
    pub tower_bytes: u64,
}

/// Memory, by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The weights, as they lie in their file: the system can take these pages back and read them again.
    pub weights_bytes: u64,
    /// The quick copy of the head.
    pub copy_bytes: u64,
    /// What is kept of so many positions.
    pub cache_bytes: u64,
    /// The picture tower, once a picture is looked at, with its scratch memory.
    pub tower_bytes: u64,
    /// The program itself.
    pub program_bytes: u64,
}

/// Tokens per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// A prompt.
    pub reading: f64,
    /// An answer.
    pub writing: f64,
}

impl Memory {
    /// All of it.
    pub fn bytes(&self) -> u64 {
        self.weights_bytes
            + self.tower_bytes
            + self.copy_bytes
            + self.cache_bytes
            + self.program_bytes
    }

    /// What cannot be taken back while the model answers.
    pub fn held_bytes(&self) -> u64 {
        self.copy_bytes + self.cache_bytes + self.program_bytes
    }
}

impl Work {
    /// With a context of so many positions, or of all that the model was trained for.
    pub fn memory(&self, tokens: u64) -> Memory {
        let (format, weights) = self.table;
        let copy_bytes = match is_copied(format) {
            true => weights * COPY_CENTIBITS / 800,
            false => 0,
        };
        let tower_bytes = match self.tower_bytes {
            0 => 0,
            bytes => bytes + TOWER_SCRATCH_BYTES,
        };
        Memory {
            weights_bytes: self.weights_bytes,
            copy_bytes,
            cache_bytes: self.cache_bytes(tokens),
            tower_bytes,
            program_bytes: PROGRAM_BYTES + self.width * SCRATCH_BYTES_PER_NUMBER,
        }
    }

    /// As `cache` takes it: all positions in global layers, rings in the others.
    fn cache_bytes(&self, tokens: u64) -> u64 {
        let page = PAGE as u64;
        let stretch = match self.tower_bytes {
            0 => DEFAULT_CHUNK,
            _ => DEFAULT_CHUNK.max(PICTURE_TOKENS),
        };
        let tokens = tokens.min(self.context_tokens).next_multiple_of(page);
        let ring = self.window + (stretch + REWIND_SLACK) as u64;
        let ring = ring.next_multiple_of(page).min(tokens);
        let local_layers = self.layers - self.global_layers;
        (self.global_layers * tokens + local_layers * ring) * self.kept_width * KEPT_BYTES
    }

    /// The longest context whose memory `fits`, in whole thousands of tokens; 0 if there is none.
    pub fn longest_context(&self, fits: impl Fn(&Memory) -> bool) -> u64 {
        const STEP: u64 = 1024;
        let (mut fitting, mut beyond) = (0, self.context_tokens / STEP + 1);
        while beyond - fitting > 1 {
            let middle = (fitting + beyond) / 2;
            match fits(&self.memory(middle * STEP)) {
                true => fitting = middle,
                false => beyond = middle,
            }
        }
        fitting * STEP
    }
}

impl SelfTest {
    /// How fast `work` will be done; `None` if it has a format that was not measured.
    pub fn speed(&self, work: &Work) -> Option<Speed> {
        let rate = |format: TensorType| {
            let name = format.to_string();
            self.rates.iter().find(|rate| rate.format == name)
        };
        let (mut reading, mut writing) = (0.0, 0.0);
        for (format, weights) in &work.shares {
            let rate = rate(*format)?;
            reading += rate.reading_seconds * *weights as f64;
            writing += rate.writing_seconds * *weights as f64;
        }
        let layers = work.layers as f64;
        // Scores and sums, for every position that is seen.
        let products = layers * work.query_width as f64 * AT_POSITION * 2.0;
        let attention = products * self.float_seconds / FLOAT_EFFICIENCY;
        let small = FLOATS_PER_LAYER + FLOATS_PER_NUMBER * work.width as f64;
        let small = layers * small * self.float_seconds;
        let (format, weights) = work.table;
        let head = match is_copied(format) {
            true => self.search_seconds,
            false => rate(format)?.writing_seconds,
        } * weights as f64;
        Some(Speed {
            reading: 1.0 / (reading + attention),
            writing: 1.0 / (writing + head + attention + small),
        })
    }
}

/// Whether a head in this format is searched by its copy, or multiplied as it is.
fn is_copied(format: TensorType) -> bool {
    let bits = format.block().map(|(values, bytes)| 8 * bytes / values);
    bits.is_some_and(|bits| SEARCHED_AS_IT_IS_BITS <= bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_test::Rate;

    fn four() -> Work {
        Work {
            shares: vec![(TensorType::Q4_0, 3_208_642_560)],
            table: (TensorType::F16, 671_088_640),
            layers: 34,
            global_layers: 5,
            window: 1024,
            width: 2560,
            query_width: 2048,
            kept_width: 2048,
            context_tokens: 131_072,
            weights_bytes: 3_155_051_328,
            tower_bytes: 851_251_104,
        }
    }

    #[test]
    fn memory_grows_with_global_layers_only() {
        let cache = |tokens| four().memory(tokens).cache_bytes;
        let page = 64 * 5 * 2048 * 2;
        assert_eq!(cache(16_385) - cache(16_384), page);
        assert_eq!(cache(16_448), cache(16_385));
        assert_eq!(
            cache(1_000_000),
            cache(131_072),
            "no more than it was trained for"
        );
        // All layers alike while the rings are not full.
        assert_eq!(cache(64), 64 * 34 * 2048 * 2);
    }

    #[test]
    fn the_longest_context_is_the_last_that_fits() {
        #[track_caller]
        fn check(bytes: u64, expected: u64) {
            assert_eq!(
                four().longest_context(|memory| memory.bytes() <= bytes),
                expected
            );
        }
        let of = |tokens| four().memory(tokens).bytes();
        check(of(8192), 8192);
        check(of(8192) - 1, 7168);
        check(of(131_072), 131_072);
        check(u64::MAX, 131_072);
        check(of(1024) - 1, 0);
    }

    /// Each figure of the test counts where it should.
    #[test]
    fn a_speed_is_the_sum_of_what_is_to_be_done() {
        let rate = |format: &str, writing_seconds, reading_seconds| Rate {
            format: format.to_owned(),
            writing_seconds,
            reading_seconds,
        };
        let test = SelfTest {
            rates: vec![rate("Q4_0", 1e-10, 1e-11), rate("F16", 4e-10, 5e-11)],
            search_seconds: 5e-11,
            float_seconds: 0.0,
        };
        let work = Work { width: 0, ..four() };
        let speed = test.speed(&work).expect("both formats were measured");
        let seconds = 3_208_642_560.0 * 1e-10 + 671_088_640.0 * 5e-11;
        assert!((speed.writing * seconds - 1.0).abs() < 1e-9, "{speed:?}");
        assert!((speed.reading * 3_208_642_560.0 * 1e-11 - 1.0).abs() < 1e-9);
        let unknown = Work {
            shares: vec![(TensorType::IQ4_XS, 1)],
            ..work
        };
        assert_eq!(test.speed(&unknown), None);
    }
}
