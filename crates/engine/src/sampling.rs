//! From scores to the next token.
//!
//! In this order, as transformers does: temperature, top-k, top-p among those, min-p among those, then a draw.
//! (Temperature does not change which tokens are the top k, so they are taken first and the rest is never touched.)

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::Error;

/// How the next token is chosen. Gemma's authors recommend [`Sampling::gemma`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Scores are divided by this; 0 always takes the likeliest token.
    pub temperature: f32,
    /// Only so many of the likeliest tokens are considered; 0 is all.
    pub top_k: usize,
    /// Only the likeliest tokens that together have this probability; 1 is all.
    pub top_p: f32,
    /// Only tokens at least this times as likely as the likeliest one; 0 is all.
    pub min_p: f32,
    /// The same seed gives the same choice.
    pub seed: u64,
}

impl Sampling {
    /// Always the likeliest token.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            top_k: 1,
            top_p: 1.0,
            min_p: 0.0,
            seed: 0,
        }
    }

    /// What Gemma's authors recommend (`generation_config.json`): temperature 1, top-k 64, top-p 0.95.
    pub fn gemma(seed: u64) -> Self {
        Self {
            temperature: 1.0,
            top_k: 64,
            top_p: 0.95,
            min_p: 0.0,
            seed,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |what, found: f32, expected| {
            Err(Error::Argument {
                what,
                found: found.to_string(),
                expected,
            })
        };
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return wrong("the temperature", self.temperature, "0 or more");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return wrong("top-p", self.top_p, "more than 0 and at most 1");
        }
        if !(0.0..=1.0).contains(&self.min_p) {
            return wrong("min-p", self.min_p, "from 0 to 1");
        }
        Ok(())
    }
}

/// Chooses tokens one after another.
#[derive(Debug)]
pub struct Sampler {
    sampling: Sampling,
    random: ChaCha8Rng,
    /// The tokens that are considered, the likeliest first; kept between calls for its memory.
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    id: u32,
    score: f32,
    /// Relative to the likeliest one's, which is 1.
    weight: f64,
}

impl Sampler {
    /// Refuses settings outside of their range.
    pub fn new(sampling: &Sampling) -> Result<Self, Error> {
        sampling.check()?;
        let random = ChaCha8Rng::seed_from_u64(sampling.seed);
        Ok(Self {
            sampling: *sampling,
            random,
            candidates: Vec::new(),
        })
    }

    /// The next token. A score that is not a number, or infinite, is an error: nothing can be chosen by it.
    pub fn choose(&mut self, scores: &[f32]) -> Result<u32, Error> {
        check_finite(scores)?;
        if self.sampling.temperature == 0.0 {
            return Ok(likeliest(scores));
        }
        self.take_top_k(scores);
        let largest = self.candidates[0].score;
        for candidate in &mut self.candidates {
            let below = f64::from(candidate.score - largest) / f64::from(self.sampling.temperature);
            candidate.weight = below.exp();
        }
        self.keep_top_p();
        let least = f64::from(self.sampling.min_p);
        self.candidates
            .retain(|candidate| candidate.weight >= least); // the first one weighs 1 and stays
        Ok(self.draw())
    }

    /// Sorted by score; of equal scores the lower id first.
    fn take_top_k(&mut self, scores: &[f32]) {
        let k = match self.sampling.top_k {
            0 => scores.len(),
            k => k.min(scores.len()),
        };
        let candidate = |(id, score): (usize, &f32)| Candidate {
            id: id as u32,
            score: *score,
            weight: 0.0,
        };
        let (first, rest) = scores.split_at(k);
        self.candidates.clear();
        self.candidates
            .extend(first.iter().enumerate().map(candidate));
        self.candidates.sort_by(|a, b| b.score.total_cmp(&a.score)); // stable: lower ids stay first

        let mut least = self.candidates[k - 1].score;
        for (chunk, chunk_scores) in rest.chunks(BLOCK).enumerate() {
            // Nearly always nothing is above; looking without branches is several times as fast.
            if !chunk_scores
                .iter()
                .fold(false, |any, score| any | (*score > least))
            {
                continue;
            }
            for (i, score) in chunk_scores.iter().enumerate() {
                if *score > least {
                    let at = self
                        .candidates
                        .partition_point(|candidate| candidate.score >= *score);
                    self.candidates.pop();
                    self.candidates
                        .insert(at, candidate((k + chunk * BLOCK + i, score)));
                    least = self.candidates[k - 1].score;
                }
            }
        }
    }

    /// Cuts off what follows once the likeliest have `top_p` of the weight.
    fn keep_top_p(&mut self) {
        let wanted = f64::from(self.sampling.top_p) * self.total();
        let mut sum = 0.0;
        let enough = self.candidates.iter().position(|candidate| {
            sum += candidate.weight;
            sum >= wanted
        });
        if let Some(last) = enough {
            self.candidates.truncate(last + 1);
        }
    }

    fn draw(&mut self) -> u32 {
        // 53 random bits: every value an f64 in [0, 1) can tell apart.
        let uniform = (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut left = uniform * self.total();
        for candidate in &self.candidates {
            left -= candidate.weight;
            if left < 0.0 {
                return candidate.id;
            }
        }
        self.candidates[0].id // rounding has left a last crumb
    }

    fn total(&self) -> f64 {
        self.candidates
            .iter()
            .map(|candidate| candidate.weight)
            .sum()
    }
}

/// Scores looked at together.
const BLOCK: usize = 64;

fn check_finite(scores: &[f32]) -> Result<(), Error> {
    let largest_bits = scores
        .iter()
        .fold(0, |largest, score| score.abs().to_bits().max(largest));
    if largest_bits < f32::INFINITY.to_bits() {
        return Ok(());
    }
    let id = scores
        .iter()
        .position(|score| !score.is_finite())
        .expect("one has the bits");
    Err(Error::NotFinite {
        id,
        found: scores[id],
    })
}

/// The first of the largest.
fn likeliest(scores: &[f32]) -> u32 {
    let larger = |a: f32, b: f32| if a < b { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (whole, rest) = scores.as_chunks::<16>();
    for chunk in whole {
        for (lane, score) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, *score);
        }
    }
    let largest = lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, larger);
    scores
        .iter()
        .position(|score| *score == largest)
        .unwrap_or(0) as u32
}
