//! The search for the largest products: bounds of all, products of a few.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{AllBounds, BLOCK, Screen};
use crate::cpu::{Cpu, Level};
use crate::disjoint::Disjoint;
use crate::matmul::{Activations, Matrix, Product, TILE, outputs};
use crate::scratch;

/// If more than one row in so many is left, computing all of them is as fast.
pub(super) const WORTH: usize = 8;

/// Rows among which one thread looks for those that are left: enough that there are some tiles of them.
const STRETCH: usize = 16 * BLOCK;

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
    bounds: AllBounds,
    rows: Vec<u32>,
    products: Vec<f32>,
    /// The rows left of each stretch, at its beginning.
    left: Vec<u32>,
    /// How many.
    counts: Vec<usize>,
}

impl Search {
    /// The `k` largest products of `w`, of which `screen` is the copy, with the one token of `x`: their rows, in
    /// order, and with them all rows that only their products tell from the largest. The products have the bits
    /// that [`crate::matmul::matmul`] gives.
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
        screen.bounds(cpu, x, &mut self.bounds);
        if self.bounds.spoilt.contains(&true) {
            return None;
        }
        // k products at least are as large as the least of those whose lower bounds are the largest, and what
        // cannot reach that is none of the k largest.
        largest_of(&self.bounds.lower, &self.bounds.highest, k, &mut self.rows);
        self.products.resize(self.rows.len(), 0.0);
        let rows = &self.rows;
        cpu.pool()
            .run_rows(&mut self.products, 1, TILE, |first, products| {
                multiply(
                    cpu.level(),
                    w,
                    x,
                    &rows[first..][..products.len()],
                    products,
                );
            });
        let enough = self.products.iter().copied().fold(f32::INFINITY, f32::min);
        if !self.multiply_above(cpu, w, x, enough) {
            return None;
        }
        self.rows.clear();
        self.products.clear();
        for (stretch, count) in self.counts.iter().enumerate() {
            let left = stretch * STRETCH..stretch * STRETCH + count;
            self.rows.extend_from_slice(&self.left[left.clone()]);
            self.products.extend_from_slice(&self.bounds.lower[left]);
        }
        Some(Found {
            rows: &self.rows,
            products: &mut self.products,
        })
    }

    /// Brings the rows whose upper bound is at least `enough` to the beginning of their stretch in `left`, and their
    /// products in `lower`, which has served; false if they are too many.
    fn multiply_above(&mut self, cpu: &Cpu, w: &Matrix, x: &Activations, enough: f32) -> bool {
        let stretches = w.rows.div_ceil(STRETCH);
        self.left.resize(w.rows, 0);
        self.counts.resize(stretches, 0);
        let (upper, most) = (&self.bounds.upper, w.rows / WORTH);
        let found = AtomicUsize::new(0);
        let out = (
            Disjoint::new(&mut self.left),
            Disjoint::new(&mut self.bounds.lower),
            Disjoint::new(&mut self.counts),
        );
        cpu.pool().run(stretches, 1, |stretches| {
            for stretch in stretches {
                let rows = stretch * STRETCH..w.rows.min((stretch + 1) * STRETCH);
                // SAFETY: every stretch is handed out once.
                let (left, products, count) = unsafe {
                    (
                        out.0.part(rows.clone()),
                        out.1.part(rows.clone()),
                        &mut out.2.part(stretch..stretch + 1)[0],
                    )
                };
                *count = above(&upper[rows.clone()], enough, rows.start, left);
                if found.fetch_add(*count, Ordering::Relaxed) + *count <= most {
                    multiply(cpu.level(), w, x, &left[..*count], &mut products[..*count]);
                }
            }
        });
        found.into_inner() <= most
    }
}

/// The products of `rows`.
fn multiply(level: Level, w: &Matrix, x: &Activations, rows: &[u32], products: &mut [f32]) {
    /// Rows that are asked for before they are read: they lie anywhere.
    const AHEAD: usize = 8;
    let len = w.block.row_bytes(w.cols);
    let row_bytes = |row: u32| &w.bytes[row as usize * len..][..len];
    rows.iter()
        .take(AHEAD)
        .for_each(|row| ask_for(row_bytes(*row)));
    let mut ahead = rows.iter().skip(AHEAD);
    let mut bytes = scratch::bytes(TILE * len);
    for (rows, products) in rows.chunks(TILE).zip(products.chunks_mut(TILE)) {
        // Brought together first: the product reads rows that lie one after another.
        for (row, bytes) in rows.iter().zip(bytes.chunks_exact_mut(len)) {
            if let Some(row) = ahead.next() {
                ask_for(row_bytes(*row));
            }
            bytes.copy_from_slice(row_bytes(*row));
        }
        let together = Product {
            w: Matrix {
                rows: rows.len(),
                bytes: &bytes[..rows.len() * len],
                ..*w
            },
            out: Disjoint::new(products),
        };
        // SAFETY: the outputs are borrowed by nobody else.
        unsafe { outputs(level, &together, x, 0..rows.len()) };
    }
}

/// Asks memory for what will be read soon.
fn ask_for(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 has the instruction, which reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// Numbers looked at together.
const STEP: usize = 64;

/// Writes the places where `values`, counted from `first`, are at least `enough`, to the beginning of `places`; how
/// many.
fn above(values: &[f32], enough: f32, first: usize, places: &mut [u32]) -> usize {
    let mut count = 0;
    for (step, values) in values.chunks(STEP).enumerate() {
        // Mostly nothing is above; looking without branches is several times as fast.
        if !values
            .iter()
            .fold(false, |any, value| any | (*value >= enough))
        {
            continue;
        }
        for (i, value) in values.iter().enumerate() {
            // Written always, counted if it is one.
            places[count] = (first + step * STEP + i) as u32;
            count += usize::from(*value >= enough);
        }
    }
    count
}

/// Where the `k` largest of `values` are, and what equals the least of them, in order; all are finite, and `highest`
/// is the highest of each [`BLOCK`] of them.
pub(super) fn largest_of(values: &[f32], highest: &[f32], k: usize, places: &mut Vec<u32>) {
    // k blocks have a value of at least `least`, so that the k largest are not below it.
    let least = match k <= highest.len() {
        true => kth_largest(&mut highest.to_vec(), k),
        false => f32::NEG_INFINITY,
    };
    let mut candidates = Vec::new();
    for (block, values) in values.chunks(BLOCK).enumerate() {
        if highest[block] >= least {
            let above = values
                .iter()
                .enumerate()
                .filter(|(_, value)| **value >= least);
            candidates.extend(above.map(|(i, value)| ((block * BLOCK + i) as u32, *value)));
        }
    }
    let mut scores: Vec<f32> = candidates.iter().map(|(_, value)| *value).collect();
    let enough = kth_largest(&mut scores, k);
    places.clear();
    places.extend(
        candidates
            .iter()
            .filter(|(_, value)| *value >= enough)
            .map(|(i, _)| i),
    );
}

/// The `k`th largest of `values`, which lie in another order afterwards.
pub(super) fn kth_largest(values: &mut [f32], k: usize) -> f32 {
    *values
        .select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a))
        .1
}
