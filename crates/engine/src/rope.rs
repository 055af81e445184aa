//! Rotary positions (Su et al. 2021), half-split: how far each position turns each pair of a head's numbers.
//!
//! Angles are made for the positions of one chunk and shared by all layers of a kind. There is no table: for
//! 131072 positions one would take 134 MB, and a chunk's angles cost microseconds.

use std::ops::Range;

/// The speeds at which pairs turn, in one kind of layer.
#[derive(Debug, Clone)]
pub struct Rope {
    inverse_frequencies: Vec<f32>,
}

/// The turns at some positions.
#[derive(Debug, Clone, PartialEq)]
pub struct Angles {
    /// `[t, d/2]`
    pub cos: Vec<f32>,
    /// `[t, d/2]`
    pub sin: Vec<f32>,
    /// `d/2`
    pub half: usize,
}

impl Rope {
    /// Pair `i` of `head_dim / 2` turns by `theta^(-2i / head_dim) / factor` a position.
    pub fn new(head_dim: usize, theta: f64, factor: f64) -> Self {
        let speed = |pair: usize| theta.powf(-2.0 * pair as f64 / head_dim as f64) as f32;
        // The reference divides in float32, after rounding.
        let inverse_frequencies = (0..head_dim / 2)
            .map(|pair| speed(pair) / factor as f32)
            .collect();
        Self {
            inverse_frequencies,
        }
    }

    /// The turns at `positions`.
    pub fn angles(&self, positions: Range<usize>) -> Angles {
        let half = self.inverse_frequencies.len();
        let mut cos = Vec::with_capacity(positions.len() * half);
        let mut sin = Vec::with_capacity(positions.len() * half);
        for position in positions {
            for frequency in &self.inverse_frequencies {
                // The product in float32 as in the reference: at position 100,000 its rounding alone is 0.004
                // rad, and being exacter than what the model was trained with is being different.
                let angle = position as f32 * frequency;
                let (s, c) = f64::from(angle).sin_cos();
                sin.push(s as f32);
                cos.push(c as f32);
            }
        }
        Angles { cos, sin, half }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pair_turns_by_one_radian_a_position_and_the_factor_slows_all() {
        let plain = Rope::new(8, 10_000.0, 1.0).angles(3..4);
        assert!((plain.cos[0] - 3f32.cos()).abs() < 1e-6);
        assert!((plain.sin[1] - 0.3f32.sin()).abs() < 1e-6); // 10000^(-2/8) = 0.1
        let slowed = Rope::new(8, 10_000.0, 8.0).angles(24..25);
        assert_eq!(plain, slowed);
    }

    #[test]
    fn angles_of_a_chunk_are_those_of_its_positions() {
        let rope = Rope::new(4, 1_000_000.0, 8.0);
        let both = rope.angles(70_000..70_002);
        assert_eq!(both.cos[2..], rope.angles(70_001..70_002).cos);
        assert_eq!(both.sin[..2], rope.angles(70_000..70_001).sin);
    }
}
