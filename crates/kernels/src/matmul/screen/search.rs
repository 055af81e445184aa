//! The search for the largest products: bounds of all, products of a few.

use super::Screen;
use crate::cpu::Cpu;
use crate::matmul::{Activations, Matrix, matmul};

/// If more than one row in so many is left, computing all of them is as fast.
pub(super) const WORTH: usize = 8;

/// What [`Search::largest`] finds.
#[derive(Debug, PartialEq)]
pub struct Found<'a> {
    /// In order.
    pub rows: &'a [u32],
    /// One a row.
    pub products: &'a mut [f32],
}

/// Finds the largest products of a matrix, and keeps the memory for it from call to call.
#[derive(Debug, Default)]
pub struct Search {
    lower: Vec<f32>,
    upper: Vec<f32>,
    rows: Vec<u32>,
    bytes: Vec<u8>,
    products: Vec<f32>,
}

impl Search {
    /// The `k` largest products of `w`, of which `screen` is the copy, with the one token of `x`: their rows, in
    /// order, and with them all rows that only their products tell from the largest. The products have the bits
    /// that [`matmul`] gives.
    ///
    /// `None` where the screen does not help: too many rows are alike, or something is not a finite number.
    ///
    /// # Panics
    /// When the sizes do not agree, and for more than one token.
    pub fn largest(
        &mut self,
        cpu: &Cpu,
        w: &Matrix,
        screen: &Screen,
        x: &Activations,
        k: usize,
    ) -> Option<Found<'_>> {
        assert!(x.tokens() == 1 && screen.rows == w.rows && screen.dither.len() == x.cols());
        assert!(0 < k && k <= w.rows, "the {k} largest of {}", w.rows);
        self.lower.resize(w.rows, 0.0);
        self.upper.resize(w.rows, 0.0);
        screen.bounds(cpu, x, &mut self.lower, &mut self.upper);
        if !all_finite(&self.upper) {
            return None;
        }
        // k products at least are as large as the least of those whose lower bounds are the largest, and what
        // cannot reach that is none of the k largest.
        let lower = kth_largest(&self.lower, k);
        above(&self.lower, lower, &mut self.rows);
        self.multiply(cpu, w, x);
        let enough = self.products.iter().copied().fold(f32::INFINITY, f32::min);
        above(&self.upper, enough, &mut self.rows);
        if self.rows.len() > w.rows / WORTH {
            return None;
        }
        self.multiply(cpu, w, x);
        Some(Found {
            rows: &self.rows,
            products: &mut self.products,
        })
    }

    /// The products of `rows`.
    fn multiply(&mut self, cpu: &Cpu, w: &Matrix, x: &Activations) {
        let len = w.block.row_bytes(w.cols);
        self.bytes.resize(self.rows.len() * len, 0);
        let rows = &self.rows;
        // Brought together first: the product reads rows that lie one after another.
        cpu.pool()
            .run_rows(&mut self.bytes, len, 16, |first, bytes| {
                for (row, bytes) in rows[first..].iter().zip(bytes.chunks_exact_mut(len)) {
                    bytes.copy_from_slice(&w.bytes[*row as usize * len..][..len]);
                }
            });
        self.products.resize(self.rows.len(), 0.0);
        let gathered = Matrix {
            rows: self.rows.len(),
            bytes: &self.bytes,
            ..*w
        };
        matmul(cpu, &gathered, x, &mut self.products);
    }
}

/// Numbers looked at together.
const BLOCK: usize = 64;

/// Where `values` are at least `enough`.
fn above(values: &[f32], enough: f32, places: &mut Vec<u32>) {
    places.clear();
    for (block, values) in values.chunks(BLOCK).enumerate() {
        // Nearly always nothing is above; looking without branches is several times as fast.
        if values
            .iter()
            .fold(false, |any, value| any | (*value >= enough))
        {
            let above = values
                .iter()
                .enumerate()
                .filter(|(_, value)| **value >= enough);
            places.extend(above.map(|(i, _)| (block * BLOCK + i) as u32));
        }
    }
}

fn all_finite(values: &[f32]) -> bool {
    let largest = values
        .iter()
        .fold(0, |largest, value| value.abs().to_bits().max(largest));
    largest < f32::INFINITY.to_bits()
}

/// The `k`th largest of `values`, all finite.
pub(super) fn kth_largest(values: &[f32], k: usize) -> f32 {
    let (first, rest) = values.split_at(k);
    let mut largest = first.to_vec();
    largest.sort_by(|a, b| b.total_cmp(a));
    for block in rest.chunks(BLOCK) {
        let least = largest[k - 1];
        if !block
            .iter()
            .fold(false, |any, value| any | (*value > least))
        {
            continue;
        }
        for value in block {
            if *value > largest[k - 1] {
                let at = largest.partition_point(|larger| larger >= value);
                largest.pop();
                largest.insert(at, *value);
            }
        }
    }
    largest[k - 1]
}
