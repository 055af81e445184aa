//! Several tokens: sixteen rows are unpacked once into L1 and then meet every token.
//!
//! ```text
//! for 16 rows
//!   for each stretch of 256 along k
//!     unpack 16 x 256 weights, two of each of eight rows to a vector
//!     for each panel of up to 6 tokens
//!       for each group of 32
//!         dot[token][row] += vpmaddwd(weights, broadcast two activations)      16 times
//!         out[token][row]  = fma(dot, scale_w·scale_x, out)
//! ```
//!
//! While 16 rows are unpacked the next 16 are prefetched: for few tokens that is what the time goes into.
//!
//! Six tokens by two vectors of rows are twelve sums, which with two weights, one activation and one product
//! fill the sixteen registers. Each lane is a row, so nothing is ever summed across lanes.

use std::arch::x86_64::*;
use std::ops::Range;

use super::rows::{ROWS, Rows};
use super::scales::scales;
use super::unpack::{half_scales, has_half_mins, has_half_scales, has_min, offset, values};
use crate::block::GROUP;
use crate::matmul::activations::{PAIRS, Panel, half_sums};
use crate::matmul::{Activations, Product};
use crate::panel::{PANEL, with_width};
use crate::vector::{Aligned, load, load_i16, store, store_i16, transpose};

/// Vectors of rows in a tile.
const SIDES: usize = 2;
/// Groups unpacked at a time: 8 KiB of weights, and one block of the formats that have 256 values.
const STRETCH: usize = 8;
/// Panels that a stretch of weights meets before the next one is unpacked: their sums fill 18 KiB.
const PANELS: usize = 48;

/// A group of 16 rows: [pair, side, row and which of the pair]; pairs as activations have them.
#[derive(Clone, Copy)]
struct Weights {
    pairs: [[[i16; 2 * ROWS]; SIDES]; PAIRS],
    scale: [[f32; ROWS]; SIDES],
    min: [[f32; ROWS]; SIDES],
    /// Of the other half of the group, where it has one of its own.
    second_min: [[f32; ROWS]; SIDES],
}

const ZERO: Weights = Weights {
    pairs: [[[0; 2 * ROWS]; SIDES]; PAIRS],
    scale: [[0.0; ROWS]; SIDES],
    min: [[0.0; ROWS]; SIDES],
    second_min: [[0.0; ROWS]; SIDES],
};

/// Outputs of 16 rows for one token.
type Sums = [[f32; ROWS]; SIDES];

/// # Safety
/// Nobody else may hold outputs of these rows.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn outputs<const FORMAT: u8, const BYTES: usize, const GROUPS: usize>(
    product: &Product,
    x: &Activations,
    rows: Range<usize>,
) {
    let integers = x.integers();
    let groups = product.w.cols / GROUP;
    let mut weights = Aligned([ZERO; STRETCH]);
    let mut sums = Aligned([[[[0.0; ROWS]; SIDES]; PANEL]; PANELS]);
    for first in rows.clone().step_by(SIDES * ROWS) {
        let tile = first..rows.end.min(first + SIDES * ROWS);
        let sides = [
            Rows::new(&product.w, first),
            Rows::new(&product.w, first + ROWS),
        ];
        for first_panel in (0..x.panels().count()).step_by(PANELS) {
            let panels = first_panel..x.panels().count().min(first_panel + PANELS);
            sums.0[..panels.len()].fill([[[0.0; ROWS]; SIDES]; PANEL]);
            for stretch in (0..groups).step_by(STRETCH) {
                let weights = &mut weights.0[..STRETCH.min(groups - stretch)];
                unpack::<FORMAT, BYTES, GROUPS>(&sides, stretch, weights);
                for (panel, sums) in panels.clone().zip(&mut sums.0) {
                    meet::<FORMAT>(weights, stretch, &integers.panel(panel), sums);
                }
            }
            for (panel, sums) in panels.zip(&sums.0) {
                for (token, sums) in x.panels().rows(panel).zip(sums) {
                    // SAFETY: these rows are ours by the caller's promise.
                    unsafe { product.set_outputs(token, tile.clone(), sums.as_flattened()) };
                }
            }
        }
    }
}

/// Unpacks the groups from `first` on.
#[target_feature(enable = "avx2,fma,f16c")]
fn unpack<const FORMAT: u8, const BYTES: usize, const GROUPS: usize>(
    sides: &[Rows; SIDES],
    first: usize,
    weights: &mut [Weights],
) {
    for (side, rows) in sides.iter().enumerate() {
        assert!(rows.blocks_of(BYTES) * GROUPS >= first + weights.len());
        for (index, weights) in weights.chunks_exact_mut(GROUPS).enumerate() {
            rows.prefetch::<BYTES>(first / GROUPS + index, SIDES * ROWS);
            // SAFETY: the assertion above.
            let blocks = unsafe { rows.blocks::<BYTES>(first / GROUPS + index) };
            let scales = scales::<FORMAT, BYTES, GROUPS>(blocks);
            each_group!(GROUPS, |WITHIN| {
                let weights = &mut weights[WITHIN];
                unpack_group::<FORMAT, BYTES, WITHIN>(blocks, side, &mut weights.pairs);
                store(scales.scale[WITHIN], &mut weights.scale[side]);
                if has_min(FORMAT) {
                    store(scales.min[WITHIN], &mut weights.min[side]);
                }
                if has_half_mins(FORMAT) {
                    store(scales.second_min[WITHIN], &mut weights.second_min[side]);
                }
            });
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn unpack_group<const FORMAT: u8, const BYTES: usize, const WITHIN: usize>(
    blocks: [&[u8; BYTES]; ROWS],
    side: usize,
    out: &mut [[[i16; 2 * ROWS]; SIDES]; PAIRS],
) {
    let offset = _mm256_set1_epi16(offset(FORMAT));
    let (mut first, mut second) = (
        [_mm256_setzero_si256(); ROWS],
        [_mm256_setzero_si256(); ROWS],
    );
    for row in 0..ROWS {
        let values = values::<FORMAT, BYTES, WITHIN>(blocks[row]);
        first[row] = _mm256_sub_epi16(values[0], offset);
        second[row] = _mm256_sub_epi16(values[1], offset);
        if has_half_scales(FORMAT) {
            let scales = half_scales::<FORMAT, WITHIN>(blocks[row]);
            let scales = _mm256_packs_epi32(scales, scales);
            first[row] = _mm256_mullo_epi16(first[row], scales);
            second[row] = _mm256_mullo_epi16(second[row], scales);
        }
    }
    let (lower, upper) = out.split_at_mut(PAIRS / 2);
    for (out, pairs) in lower.iter_mut().zip(transpose(first)) {
        store_i16(pairs, &mut out[side]);
    }
    for (out, pairs) in upper.iter_mut().zip(transpose(second)) {
        store_i16(pairs, &mut out[side]);
    }
}

/// Adds to `sums` what the tokens of `panel` get from `weights`, whose first group is `first`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn meet<const FORMAT: u8>(
    weights: &[Weights],
    first: usize,
    panel: &Panel,
    sums: &mut [Sums; PANEL],
) {
    with_width!(panel.tokens.len(), |T| tokens::<FORMAT, T>(
        weights, first, panel, sums
    ));
}

#[target_feature(enable = "avx2,fma")]
fn tokens<const FORMAT: u8, const T: usize>(
    weights: &[Weights],
    first: usize,
    panel: &Panel,
    sums: &mut [Sums; PANEL],
) {
    let sums = sums
        .first_chunk_mut::<T>()
        .expect("a panel is at most PANEL wide");
    let pairs = panel.pairs.as_chunks::<T>().0[first * PAIRS..]
        .as_chunks::<PAIRS>()
        .0;
    let scales = &panel.scales.as_chunks::<T>().0[first..];
    let x_sums = &panel.sums.as_chunks::<T>().0[first..];
    for (((weights, pairs), x_scales), x_sums) in weights.iter().zip(pairs).zip(scales).zip(x_sums)
    {
        let dots = dots(&weights.pairs, pairs);
        for token in 0..T {
            let x_scale = _mm256_set1_ps(x_scales[token]);
            let x_sum = _mm256_set1_ps(x_scales[token] * x_sums[token] as f32);
            let x_halves = match has_half_mins(FORMAT) {
                true => half_sums(&pairs.map(|tokens| tokens[token]))
                    .map(|sum| _mm256_set1_ps(x_scales[token] * sum as f32)),
                false => [x_sum; 2],
            };
            for side in 0..SIDES {
                let scale = _mm256_mul_ps(load(&weights.scale[side]), x_scale);
                let dot = _mm256_cvtepi32_ps(dots[token][side]);
                let mut out = _mm256_fmadd_ps(dot, scale, load(&sums[token][side]));
                if has_half_mins(FORMAT) {
                    out = _mm256_fnmadd_ps(load(&weights.min[side]), x_halves[0], out);
                    out = _mm256_fnmadd_ps(load(&weights.second_min[side]), x_halves[1], out);
                } else if has_min(FORMAT) {
                    out = _mm256_fnmadd_ps(load(&weights.min[side]), x_sum, out);
                }
                store(out, &mut sums[token][side]);
            }
        }
    }
}

/// The integer products of one group: where the time goes.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn dots<const T: usize>(
    weights: &[[[i16; 2 * ROWS]; SIDES]; PAIRS],
    pairs: &[[i32; T]; PAIRS],
) -> [[__m256i; SIDES]; T] {
    let mut dots = [[_mm256_setzero_si256(); SIDES]; T];
    for (weights, pairs) in weights.iter().zip(pairs) {
        let (w0, w1) = (load_i16(&weights[0]), load_i16(&weights[1]));
        for (dots, pair) in dots.iter_mut().zip(pairs) {
            let a = _mm256_set1_epi32(*pair);
            dots[0] = _mm256_add_epi32(dots[0], _mm256_madd_epi16(w0, a));
            dots[1] = _mm256_add_epi32(dots[1], _mm256_madd_epi16(w1, a));
        }
    }
    dots
}
