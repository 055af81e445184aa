//! The input of a product, as the inner loops read it: in panels of tokens ([`crate::panel`]), as floats for
//! floating-point weights, as integers for quantised ones. Two integers stay together, for one instruction
//! multiplies both; of a group of 32 those in even places come first, as weights are unpacked in that order:
//!
//! ```text
//! panel of 3 tokens a b c:   a0a2 b0b2 c0c2   a4a6 b4b6 c4c6   …   a1a3 b1b3 c1c3   …   a29a31 b29b31 c29c31
//! ```

mod scalar;

#[cfg(target_arch = "x86_64")]
mod avx2;

use std::ops::Range;
use std::sync::OnceLock;

use crate::block::{BlockType, GROUP};
use crate::cpu::{Cpu, Level};
use crate::disjoint::Disjoint;
use crate::panel::{Panels, with_width};
use crate::scratch::{self, Loan};

/// The largest magnitude of a quantised activation: the widest for which no sum of a group can overflow
/// (Q6_K: 4096 · 16383 · 32 < 2³¹).
const LARGEST: f32 = 16383.0;

/// Below this all of a group is taken for zero: its scale would not be a normal number.
const TINY: f32 = f32::MIN_POSITIVE * 16384.0;

/// Pairs of values in a group.
pub(super) const PAIRS: usize = GROUP / 2;

/// `t` rows of input. Made once for all products of that input: each form is computed when the first weight
/// asks for it, and kept.
#[derive(Debug)]
pub struct Activations<'a> {
    cpu: &'a Cpu,
    x: &'a [f32],
    cols: usize,
    panels: Panels,
    floats: OnceLock<Loan<f32>>,
    integers: OnceLock<Integers>,
}

/// 15-bit integers with a scale for every 32: `x ≈ scale · value`.
#[derive(Debug)]
pub(super) struct Integers {
    panels: Panels,
    groups: usize,
    /// Two values each, the first in the low half. Per panel of T: [groups, PAIRS, T].
    pairs: Loan<i32>,
    /// Per panel of T: [groups, T].
    scales: Loan<f32>,
    /// Σ value, where the scales are.
    sums: Loan<i32>,
}

/// Some tokens of [`Integers`]; `tokens.len()` of them side by side.
#[derive(Clone, Debug)]
pub(super) struct Panel<'a> {
    pub tokens: Range<usize>,
    pub pairs: &'a [i32],
    pub scales: &'a [f32],
    pub sums: &'a [i32],
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
            panels: Panels::of(x.len() / cols),
            floats: OnceLock::new(),
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

    pub(super) fn panels(&self) -> Panels {
        self.panels
    }

    /// Computes the forms that weights of these formats ask for.
    pub(super) fn prepare(&self, blocks: impl Iterator<Item = BlockType>) {
        for block in blocks {
            if block.is_quantised() {
                self.integers();
            } else if self.tokens() > 1 {
                self.floats(0);
            }
        }
    }

    /// The tokens of panel `index` as they are, [cols, tokens of the panel].
    pub(super) fn floats(&self, index: usize) -> &[f32] {
        let x = match self.tokens() {
            1 => self.x, // is a panel already
            _ => self.floats.get_or_init(|| self.panelled()),
        };
        &x[times(&self.panels.rows(index), self.cols)]
    }

    fn panelled(&self) -> Loan<f32> {
        let mut floats = scratch::floats(self.x.len());
        let parts = Disjoint::new(&mut floats);
        self.cpu.pool().run(self.panels.count(), 1, |indices| {
            for range in indices.map(|index| self.panels.rows(index)) {
                // SAFETY: panels do not overlap, and each is one item.
                let panel = unsafe { parts.part(times(&range, self.cols)) };
                for (lane, row) in self.x[times(&range, self.cols)]
                    .chunks_exact(self.cols)
                    .enumerate()
                {
                    for (lanes, x) in panel.chunks_exact_mut(range.len()).zip(row) {
                        lanes[lane] = *x;
                    }
                }
            }
        });
        floats
    }

    pub(super) fn integers(&self) -> &Integers {
        self.integers.get_or_init(|| self.quantised())
    }

    fn quantised(&self) -> Integers {
        let (tokens, groups) = (self.tokens(), self.cols / GROUP);
        let mut pairs = scratch::integers(tokens * groups * PAIRS);
        let mut scales = scratch::floats(tokens * groups);
        let mut sums = scratch::integers(tokens * groups);
        let parts = (
            Disjoint::new(&mut pairs),
            Disjoint::new(&mut scales),
            Disjoint::new(&mut sums),
        );
        self.cpu.pool().run(self.panels.count(), 1, |indices| {
            for range in indices.map(|index| self.panels.rows(index)) {
                let (pairs, scales) = (times(&range, groups * PAIRS), times(&range, groups));
                // SAFETY: panels do not overlap, and each is one item.
                let parts = unsafe {
                    (
                        parts.0.part(pairs),
                        parts.1.part(scales.clone()),
                        parts.2.part(scales),
                    )
                };
                let x = &self.x[times(&range, self.cols)];
                match self.cpu.level() {
                    Level::Scalar => quantise_panel(x, range.len(), parts, scalar::quantise),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(proof) => avx2::quantise_panel(proof, x, range.len(), parts),
                }
            }
        });
        Integers {
            panels: self.panels,
            groups,
            pairs,
            scales,
            sums,
        }
    }
}

impl Integers {
    pub fn panel(&self, index: usize) -> Panel<'_> {
        let tokens = self.panels.rows(index);
        let groups = times(&tokens, self.groups);
        Panel {
            pairs: &self.pairs[times(&tokens, self.groups * PAIRS)],
            scales: &self.scales[groups.clone()],
            sums: &self.sums[groups],
            tokens,
        }
    }

    /// Group `index` of `token`: its values, their scale and their sum.
    pub fn group(&self, token: usize, index: usize) -> ([i16; GROUP], f32, i32) {
        let panel = self.panel(self.panels.holding(token));
        let (lane, width) = (token - panel.tokens.start, panel.tokens.len());
        let mut values = [0; GROUP];
        for pair in 0..PAIRS {
            let both = panel.pairs[(index * PAIRS + pair) * width + lane];
            let [first, second] = places(pair);
            (values[first], values[second]) = (both as i16, (both >> 16) as i16);
        }
        (
            values,
            panel.scales[index * width + lane],
            panel.sums[index * width + lane],
        )
    }
}

/// Σ value of the first 16 values of a group and of the others. Few formats ask, so these are not kept.
#[inline]
pub(super) fn half_sums(pairs: &[i32; PAIRS]) -> [i32; 2] {
    let mut sums = [0; 2];
    for (pair, both) in pairs.iter().enumerate() {
        // In even places and in odd ones, the lower four pairs are of the first half: see `places`.
        sums[pair / (PAIRS / 4) % 2] += i32::from(*both as i16) + (both >> 16);
    }
    sums
}

/// Where in its group the two values of `pair` are.
pub(super) fn places(pair: usize) -> [usize; 2] {
    let odd = pair / (PAIRS / 2);
    let first = 4 * (pair % (PAIRS / 2)) + odd;
    [first, first + 2]
}

fn times(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start * by..range.end * by
}

/// Quantises `width` rows of `x` to one panel.
#[inline(always)]
fn quantise_panel(
    x: &[f32],
    width: usize,
    (pairs, scales, sums): (&mut [i32], &mut [f32], &mut [i32]),
    quantise: impl Fn(&[f32; GROUP]) -> ([i32; PAIRS], f32, i32),
) {
    let cols = x.len() / width;
    for (lane, x) in x.chunks_exact(cols).enumerate() {
        for (index, x) in x.as_chunks::<GROUP>().0.iter().enumerate() {
            let (group, scale, sum) = quantise(x);
            let pairs = &mut pairs[index * PAIRS * width..][..PAIRS * width];
            with_width!(width, |T| {
                for (pairs, value) in pairs.as_chunks_mut::<T>().0.iter_mut().zip(group) {
                    pairs[lane] = value;
                }
            });
            scales[index * width + lane] = scale;
            sums[index * width + lane] = sum;
        }
    }
}

/// Scale and its inverse for a group whose largest magnitude has the bits `largest`, which order as the
/// magnitudes do, NaN above all. An infinity or a NaN makes the scale NaN, so that what went wrong above stays
/// visible below.
fn scale_of(largest: u32) -> (f32, f32) {
    let largest = f32::from_bits(largest);
    if !largest.is_finite() {
        (f32::NAN, 0.0)
    } else if largest < TINY {
        (0.0, 0.0)
    } else {
        (largest / LARGEST, LARGEST / largest)
    }
}

#[cfg(test)]
mod tests;
