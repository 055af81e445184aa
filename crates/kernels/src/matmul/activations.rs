//! The input of a product: as it is, and as integers for quantised weights.
//!
//! The integers lie as the product reads them. Tokens are taken in *panels* of up to [`PANEL`], and within a
//! panel the tokens run fastest, two neighbours along `k` together:
//!
//! ```text
//! panel of 3 tokens a b c:   a0a1 b0b1 c0c1   a2a3 b2b3 c2c3   …
//! ```
//!
//! so that one broadcast of 32 bits feeds sixteen products, and a single token is simply in order.

use std::ops::Range;
use std::sync::OnceLock;

use crate::block::GROUP;
use crate::cpu::{Cpu, Level};
use crate::disjoint::Disjoint;
use crate::scratch::{self, Loan};

#[cfg(target_arch = "x86_64")]
mod avx2;

/// The largest magnitude of a quantised activation: the widest for which no sum of a group can overflow
/// (Q6_K: 4096 · 16383 · 32 < 2³¹).
const LARGEST: f32 = 16383.0;

/// Below this all of a group is taken for zero: its scale would not be a normal number.
const TINY: f32 = f32::MIN_POSITIVE * 16384.0;

/// The most tokens of a panel: with two vectors of weights they fill the 16 registers of AVX2.
pub(super) const PANEL: usize = 6;

/// Pairs of values in a group.
pub(super) const PAIRS: usize = GROUP / 2;

/// `t` rows of input. Made once for all products of that input: the integers are computed when the first
/// quantised weight asks for them, and kept.
#[derive(Debug)]
pub struct Activations<'a> {
    cpu: &'a Cpu,
    x: &'a [f32],
    cols: usize,
    integers: OnceLock<Integers>,
}

/// 15-bit integers with a scale for every 32: `x ≈ scale · value`.
#[derive(Debug)]
pub(super) struct Integers {
    tokens: usize,
    groups: usize,
    /// Two values each, the first in the low half. Per panel of T: [cols / 2, T].
    pairs: Loan<i32>,
    /// Per panel of T: [groups, T].
    scales: Loan<f32>,
    /// scale · Σ value, where the scales are.
    sums: Loan<f32>,
}

/// Some tokens of [`Integers`]; `tokens.len()` of them side by side.
#[derive(Clone, Debug)]
pub(super) struct Panel<'a> {
    pub tokens: Range<usize>,
    pub pairs: &'a [i32],
    pub scales: &'a [f32],
    pub sums: &'a [f32],
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

    pub(super) fn row(&self, token: usize) -> &'a [f32] {
        &self.x[token * self.cols..][..self.cols]
    }

    pub(super) fn integers(&self) -> &Integers {
        self.integers
            .get_or_init(|| Integers::new(self.cpu, self.x, self.cols))
    }
}

impl Integers {
    fn new(cpu: &Cpu, x: &[f32], cols: usize) -> Self {
        let (tokens, groups) = (x.len() / cols, cols / GROUP);
        let mut pairs = scratch::integers(tokens * groups * PAIRS);
        let mut scales = scratch::floats(tokens * groups);
        let mut sums = scratch::floats(tokens * groups);
        let parts = (
            Disjoint::new(&mut pairs),
            Disjoint::new(&mut scales),
            Disjoint::new(&mut sums),
        );
        cpu.pool().run(panels(tokens), 1, |panels_here| {
            for panel in panels_here {
                let range = panel_tokens(tokens, panel);
                let (pairs, scales) = (times(&range, cols / 2), times(&range, groups));
                // SAFETY: one panel is one item, and panels do not overlap.
                let parts = unsafe {
                    (
                        parts.0.part(pairs),
                        parts.1.part(scales.clone()),
                        parts.2.part(scales),
                    )
                };
                let x = &x[times(&range, cols)];
                match cpu.level() {
                    Level::Scalar => quantise_panel(x, range.len(), parts, quantise),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(proof) => avx2::quantise_panel(proof, x, range.len(), parts),
                }
            }
        });
        Self {
            tokens,
            groups,
            pairs,
            scales,
            sums,
        }
    }

    pub fn panels(&self) -> usize {
        panels(self.tokens)
    }

    pub fn panel(&self, index: usize) -> Panel<'_> {
        let tokens = panel_tokens(self.tokens, index);
        let groups = times(&tokens, self.groups);
        Panel {
            pairs: &self.pairs[times(&tokens, self.groups * PAIRS)],
            scales: &self.scales[groups.clone()],
            sums: &self.sums[groups],
            tokens,
        }
    }

    /// Group `index` of `token`: its values, scale and scale · Σ values.
    pub fn group(&self, token: usize, index: usize) -> ([i16; GROUP], f32, f32) {
        let panel = self.panel(((token + 1) * self.panels()).div_ceil(self.tokens) - 1);
        let (lane, width) = (token - panel.tokens.start, panel.tokens.len());
        let values = std::array::from_fn(|i| {
            let pair = panel.pairs[(index * PAIRS + i / 2) * width + lane];
            (pair >> (16 * (i % 2))) as i16
        });
        (
            values,
            panel.scales[index * width + lane],
            panel.sums[index * width + lane],
        )
    }
}

/// How many panels `tokens` make.
fn panels(tokens: usize) -> usize {
    tokens.div_ceil(PANEL)
}

/// The tokens of panel `index`: the panels differ by at most one in width.
fn panel_tokens(tokens: usize, index: usize) -> Range<usize> {
    let panels = panels(tokens);
    tokens * index / panels..tokens * (index + 1) / panels
}

fn times(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start * by..range.end * by
}

/// Quantises the rows of `x`, `width` of them, into the layout of one panel.
fn quantise_panel(
    x: &[f32],
    width: usize,
    (pairs, scales, sums): (&mut [i32], &mut [f32], &mut [f32]),
    quantise: impl Fn(&[f32; GROUP]) -> ([i32; PAIRS], f32, f32),
) {
    let cols = x.len() / width;
    for (lane, x) in x.chunks_exact(cols).enumerate() {
        for (index, x) in x.as_chunks::<GROUP>().0.iter().enumerate() {
            let (group, scale, sum) = quantise(x);
            let pairs = pairs[index * PAIRS * width..][..PAIRS * width]
                .iter_mut()
                .skip(lane)
                .step_by(width);
            for (pair, value) in pairs.zip(group) {
                *pair = value;
            }
            scales[index * width + lane] = scale;
            sums[index * width + lane] = sum;
        }
    }
}

/// The definition: the largest magnitude becomes [`LARGEST`], ties go to even. A group with an infinity or a
/// NaN gets the scale NaN, so that what went wrong above stays visible below.
fn quantise(x: &[f32; GROUP]) -> ([i32; PAIRS], f32, f32) {
    let (scale, inverse) = scale_of(
        x.iter()
            .fold(0, |largest, x| largest.max(x.to_bits() & (u32::MAX >> 1))),
    );
    let values = x.map(|x| (x * inverse).round_ties_even() as i16);
    let pairs = std::array::from_fn(|i| {
        i32::from(values[2 * i]) & 0xffff | i32::from(values[2 * i + 1]) << 16
    });
    let sum: i32 = values.iter().map(|value| i32::from(*value)).sum();
    (pairs, scale, scale * sum as f32)
}

/// Scale and its inverse for a group whose largest magnitude has the bits `largest`, which order as the
/// magnitudes do, NaN above all.
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
