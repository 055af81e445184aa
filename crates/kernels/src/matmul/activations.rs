//! The input of a product: as it is, and as integers for quantised weights.

use std::sync::OnceLock;

use crate::block::GROUP;
use crate::cpu::Cpu;

/// The largest magnitude of a quantised activation: the widest for which no sum of a group can overflow
/// (Q6_K: 4096 · 16383 · 32 < 2³¹).
pub(super) const LARGEST: i16 = 16383;

/// `t` rows of input. Made once for all products of that input: the integers are computed when the first
/// quantised weight asks for them, and kept.
#[derive(Debug)]
pub struct Activations<'a> {
    cpu: &'a Cpu,
    x: &'a [f32],
    cols: usize,
    integers: OnceLock<Integers>,
}

/// 15-bit integers, a scale for every 32.
#[derive(Debug)]
pub(super) struct Integers {
    /// [t, cols]
    pub values: Vec<i16>,
    /// [t, groups]
    pub scales: Vec<f32>,
    /// Σ of the 32 integers [t, groups]
    pub sums: Vec<i32>,
}

impl<'a> Activations<'a> {
    /// The rows of `x`, `cols` long each.
    ///
    /// # Panics
    /// When `x` is not whole rows.
    pub fn new(cpu: &'a Cpu, x: &'a [f32], cols: usize) -> Self {
        assert!(
            cols > 0 && x.len().is_multiple_of(cols),
            "{} is not whole rows of {cols}",
            x.len()
        );
        Self {
            cpu,
            x,
            cols,
            integers: OnceLock::new(),
        }
    }

    /// How many rows.
    pub fn tokens(&self) -> usize {
        self.x.len() / self.cols
    }

    /// How long a row is.
    pub fn cols(&self) -> usize {
        self.cols
    }

    pub(super) fn row(&self, token: usize) -> &[f32] {
        &self.x[token * self.cols..][..self.cols]
    }

    pub(super) fn integers(&self) -> &Integers {
        self.integers.get_or_init(|| {
            let groups = self.x.len() / GROUP;
            let mut integers = Integers {
                values: vec![0; self.x.len()],
                scales: vec![0.0; groups],
                sums: vec![0; groups],
            };
            let _ = self.cpu;
            let rows = self.x.as_chunks::<GROUP>().0;
            for (i, group) in rows.iter().enumerate() {
                let (values, scale) = quantise(group);
                integers.values[i * GROUP..][..GROUP].copy_from_slice(&values);
                integers.scales[i] = scale;
                integers.sums[i] = values.iter().map(|a| i32::from(*a)).sum();
            }
            integers
        })
    }
}

/// The definition: the largest magnitude becomes [`LARGEST`], ties go to even; `x ≈ scale · values`.
pub(super) fn quantise(x: &[f32; GROUP]) -> ([i16; GROUP], f32) {
    let largest = x.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let scale = largest / f32::from(LARGEST);
    let inverse = if scale > 0.0 {
        f32::from(LARGEST) / largest
    } else {
        0.0
    };
    (x.map(|x| (x * inverse).round_ties_even() as i16), scale)
}
