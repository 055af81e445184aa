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

    /// How many of the likeliest tokens make a difference to the choice; `None` is all.
    pub fn looks_at(&self) -> Option<usize> {
        match self.sampling {
            Sampling {
                temperature: 0.0, ..
            } => Some(1),
            Sampling { top_k: 0, .. } => None,
            Sampling { top_k, .. } => Some(top_k),
        }
    }

    /// The next token. A score that is not a number, or infinite, is an error: nothing can be chosen by it.
    pub fn choose(&mut self, scores: &[f32]) -> Result<u32, Error> {
        check_finite(scores)?;
        if self.sampling.temperature == 0.0 {
            return Ok(likeliest(scores));
        }
        self.take_top_k(scores);
        Ok(self.draw_from_candidates())
    }

    /// The next token of `ids`, in order, which have these scores and hold all that [`Sampler::looks_at`]: the
    /// same that [`Sampler::choose`] finds among all.
    pub fn choose_among(&mut self, ids: &[u32], scores: &[f32]) -> Result<u32, Error> {
        let chosen = self.choose(scores)?;
        Ok(ids[chosen as usize])
    }

    /// What is left of the candidates by their weight, and of these one.
    fn draw_from_candidates(&mut self) -> u32 {
        let largest = self.candidates[0].score;
        for candidate in &mut self.candidates {
            let below = f64::from(candidate.score - largest) / f64::from(self.sampling.temperature);
            candidate.weight = below.exp();
        }
        self.keep_top_p();
        let least = f64::from(self.sampling.min_p);
        self.candidates
            .retain(|candidate| candidate.weight >= least); // the first one weighs 1 and stays
        self.draw()
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    /// Scores of tokens with these probabilities.
    fn scores(probabilities: &[f32]) -> Vec<f32> {
        probabilities.iter().map(|p| p.ln()).collect()
    }

    /// The tokens that are ever drawn, and how often in `draws`.
    fn counts(sampling: Sampling, scores: &[f32], draws: usize) -> Vec<usize> {
        let mut sampler = Sampler::new(&sampling).unwrap();
        let mut counts = vec![0; scores.len()];
        for _ in 0..draws {
            counts[sampler.choose(scores).unwrap() as usize] += 1;
        }
        counts
    }

    /// Which tokens are ever drawn.
    #[track_caller]
    fn check_drawn(sampling: Sampling, probabilities: &[f32], expected: &[usize]) {
        let counts = counts(sampling, &scores(probabilities), 2000);
        let drawn: Vec<usize> = (0..counts.len()).filter(|id| counts[*id] > 0).collect();
        assert_eq!(drawn, expected, "{sampling:?}");
    }

    fn all() -> Sampling {
        Sampling {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed: 5,
        }
    }

    #[test]
    fn greedy_takes_the_first_of_the_likeliest() {
        let mut sampler = Sampler::new(&Sampling::greedy()).unwrap();
        let mut scores = vec![-7.0; 100];
        assert_eq!(sampler.choose(&scores).unwrap(), 0);
        (scores[41], scores[97]) = (-1.0, -1.0);
        assert_eq!(sampler.choose(&scores).unwrap(), 41);
    }

    #[test]
    fn each_setting_leaves_out_what_it_says() {
        let probabilities = [0.1, 0.4, 0.05, 0.3, 0.15];
        check_drawn(all(), &probabilities, &[0, 1, 2, 3, 4]);
        check_drawn(Sampling { top_k: 2, ..all() }, &probabilities, &[1, 3]);
        check_drawn(
            Sampling {
                top_p: 0.39,
                ..all()
            },
            &probabilities,
            &[1],
        );
        check_drawn(
            Sampling {
                top_p: 0.69,
                ..all()
            },
            &probabilities,
            &[1, 3],
        );
        check_drawn(
            Sampling {
                top_p: 0.71,
                ..all()
            },
            &probabilities,
            &[1, 3, 4],
        );
        check_drawn(
            Sampling {
                min_p: 0.26,
                ..all()
            },
            &probabilities,
            &[1, 3, 4],
        );
        // Of the two likeliest the first has 4/7: top-p counts within top-k.
        check_drawn(
            Sampling {
                top_k: 2,
                top_p: 0.55,
                ..all()
            },
            &probabilities,
            &[1],
        );
        check_drawn(
            Sampling {
                temperature: 0.01,
                ..all()
            },
            &probabilities,
            &[1],
        );
    }

    #[test]
    fn tokens_are_drawn_as_often_as_they_are_likely() {
        let probabilities = [0.1, 0.4, 0.05, 0.3, 0.15];
        let counts = counts(all(), &scores(&probabilities), 100_000);
        for (count, probability) in counts.iter().zip(probabilities) {
            // Four standard deviations of a count of 100,000 draws are at most 4 · √(n/4) = 632.
            assert!(
                (*count as f32 - 100_000.0 * probability).abs() < 632.0,
                "{counts:?}"
            );
        }
    }

    #[test]
    fn the_top_k_are_those_of_a_sort() {
        // Many equal scores, in no order.
        let scores: Vec<f32> = (0..5000u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 22) as f32)
            .collect();
        let mut order: Vec<u32> = (0..5000).collect();
        order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize])); // stable
        for k in [1, 2, 64, 65, 1000, 5000] {
            let mut sampler = Sampler::new(&Sampling { top_k: k, ..all() }).unwrap();
            sampler.take_top_k(&scores);
            let found: Vec<u32> = sampler
                .candidates
                .iter()
                .map(|candidate| candidate.id)
                .collect();
            assert_eq!(found, order[..k], "top {k}");
        }
    }

    #[test]
    fn those_that_matter_are_enough_to_choose_from() {
        let score = |id: u32| (id.wrapping_mul(2_654_435_761) >> 20) as f32 / 200.0;
        let scores: Vec<f32> = (0..5000).map(score).collect();
        for sampling in [Sampling::greedy(), Sampling::gemma(3)] {
            let k = sampling.top_k;
            let mut order: Vec<u32> = (0..5000).collect();
            order.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
            let mut ids = order[..k + 40].to_vec(); // and some that do not matter
            ids.sort_unstable();
            let some: Vec<f32> = ids.iter().map(|id| score(*id)).collect();
            let [mut all, mut few] = [0; 2].map(|_| Sampler::new(&sampling).unwrap());
            assert_eq!(few.looks_at(), Some(k));
            for _ in 0..200 {
                let chosen = few.choose_among(&ids, &some).unwrap();
                assert_eq!(chosen, all.choose(&scores).unwrap());
            }
        }
    }

    #[test]
    fn a_score_that_is_not_a_number_is_an_error() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut scores = vec![0.5; 300];
            scores[200] = wrong;
            for sampling in [Sampling::greedy(), Sampling::gemma(1)] {
                let error = Sampler::new(&sampling)
                    .unwrap()
                    .choose(&scores)
                    .unwrap_err();
                assert!(matches!(error, Error::NotFinite { id: 200, .. }), "{error}");
            }
        }
    }
}
