//! The definition of the two products of attention.

use std::ops::Range;

use super::page::{Part, Products, add as add_pages};
use super::partial::{Partial, STRIP, Strip};
use super::{Call, PAGE, Tile};
use crate::panel::Panels;

/// Adds to `partial` what the positions `keys`, all in one segment, contribute to `tile`.
pub fn add(call: &Call, tile: &Tile, keys: Range<usize>, partial: &mut Partial) {
    add_pages(&Scalar, call, tile, keys, partial);
}

struct Scalar;

impl Products for Scalar {
    fn score(&self, rows: usize, queries: &[f32], keys: &Part, scores: &mut [Strip]) {
        let head_dim = keys.rows.len() / PAGE;
        scores.fill([[0.0; 8]; 2]);
        for panel in Panels::of(rows).all() {
            let queries = &queries[panel.start * head_dim..panel.end * head_dim];
            for key in keys.within.clone() {
                let scores = &mut scores[key / STRIP * rows..][panel.clone()];
                let bits = &keys.rows[key * head_dim..][..head_dim];
                for (bits, queries) in bits.iter().zip(queries.chunks_exact(panel.len())) {
                    for (score, query) in scores.iter_mut().zip(queries) {
                        let score = &mut score.as_flattened_mut()[key % STRIP];
                        *score = query.mul_add(widen(bits), *score);
                    }
                }
            }
        }
    }

    fn sum(&self, weights: &[f32], values: &Part, partial: &mut Partial) {
        let head_dim = values.rows.len() / PAGE;
        for (strip, sums) in partial.sums_by_strip().enumerate() {
            for panel in Panels::of(sums.len()).all() {
                let weights = &weights[panel.start * PAGE..panel.end * PAGE];
                for key in values.within.clone() {
                    let bits = &values.rows[key * head_dim..][..head_dim][strip * STRIP..];
                    let weights = &weights[key * panel.len()..][..panel.len()];
                    for (sums, weight) in sums[panel.clone()].iter_mut().zip(weights) {
                        for (sum, bits) in sums.as_flattened_mut().iter_mut().zip(bits) {
                            *sum = weight.mul_add(widen(bits), *sum);
                        }
                    }
                }
            }
        }
    }
}

fn widen(bits: &u16) -> f32 {
    f32::from_bits(u32::from(*bits) << 16)
}
