//! The definition of the two products of attention.

use std::ops::Range;

use super::page::{Part, Products, add as add_pages};
use super::partial::{Partial, STRIP, Strip};
use super::{Call, PAGE, Tile};

/// Adds to `partial` what the positions `keys`, all in one segment, contribute to `tile`.
pub fn add(call: &Call, tile: &Tile, keys: Range<usize>, partial: &mut Partial) {
    add_pages(&Scalar, call, tile, keys, partial);
}

struct Scalar;

impl Products for Scalar {
    fn score(&self, call: &Call, tile: &Tile, keys: &Part, scores: &mut [Strip]) {
        for key in keys.within.clone() {
            let head_dim = call.shape.head_dim;
            let widened = keys.rows[key * head_dim..][..head_dim].iter().map(widen);
            for row in 0..tile.rows {
                let query = call.row(tile, row);
                let score = query
                    .iter()
                    .zip(widened.clone())
                    .fold(0.0, |sum, (q, k)| q.mul_add(k, sum));
                scores[key / STRIP * tile.rows + row].as_flattened_mut()[key % STRIP] = score;
            }
        }
    }

    fn sum(&self, head_dim: usize, values: &Part, weights: &[[f32; PAGE]], partial: &mut Partial) {
        for (strip, sums) in partial.sums_by_strip().enumerate() {
            for (sums, weights) in sums.iter_mut().zip(weights) {
                for key in values.within.clone() {
                    let value = &values.rows[key * head_dim..][..head_dim][strip * STRIP..];
                    for (sum, value) in sums.as_flattened_mut().iter_mut().zip(value) {
                        *sum = weights[key].mul_add(widen(value), *sum);
                    }
                }
            }
        }
    }
}

fn widen(bits: &u16) -> f32 {
    f32::from_bits(u32::from(*bits) << 16)
}
