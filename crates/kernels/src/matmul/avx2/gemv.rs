//! One token: eight rows at a time, straight from the file's layout, at the speed of memory.
//!
//! ```text
//! for 8 rows
//!   for each group of 32 along k
//!     dot[r] = Σ w[r]·a        two vpmaddwd per row, then eight vectors of partial sums become one: a row a lane
//!     out    = fma(dot, scale_w·scale_x, out)
//! ```
//!
//! Eight rows of weights lie one after another, so they are fetched as one stream: while eight rows are worked
//! on, the next eight are prefetched.

use std::arch::x86_64::*;
use std::ops::Range;
use std::sync::atomic::{Ordering, compiler_fence};

use super::rows::{ROWS, Rows};
use super::scales::scales;
use super::unpack::{half_scales, has_half_mins, has_half_scales, has_min, offset, values};
use crate::block::GROUP;
use crate::matmul::activations::{PAIRS, half_sums};
use crate::matmul::{Activations, Product};
use crate::vector::{load_i32, store, sums};

/// How many times eight rows ahead memory is asked for.
const AHEAD: usize = 2;

/// # Safety
/// Nobody else may hold outputs of these rows.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn outputs<const FORMAT: u8, const BYTES: usize, const GROUPS: usize>(
    product: &Product,
    x: &Activations,
    rows: Range<usize>,
) {
    let x = x.integers().panel(0);
    let blocks = product.w.cols / (GROUP * GROUPS);
    for first in rows.clone().step_by(ROWS) {
        let last = rows.end.min(first + ROWS);
        let eight = Rows::new(&product.w, first);
        let mut dots = [0.0; ROWS];
        let token = Token {
            pairs: x.pairs.as_chunks().0,
            scales: x.scales,
            sums: x.sums,
        };
        store(
            eight_rows::<FORMAT, BYTES, GROUPS>(&eight, blocks, &token),
            &mut dots,
        );
        // SAFETY: these rows are ours by the caller's promise.
        unsafe { product.set_outputs(0, first..last, &dots) };
    }
}

/// One token's integers: [groups, PAIRS], and a scale and a sum for each group.
struct Token<'a> {
    pairs: &'a [[i32; PAIRS]],
    scales: &'a [f32],
    sums: &'a [i32],
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn eight_rows<const FORMAT: u8, const BYTES: usize, const GROUPS: usize>(
    rows: &Rows,
    blocks: usize,
    x: &Token,
) -> __m256 {
    assert!(rows.blocks_of(BYTES) == blocks && x.pairs.len() == blocks * GROUPS);
    let x_groups = x
        .pairs
        .chunks_exact(GROUPS)
        .zip(x.scales.chunks_exact(GROUPS))
        .zip(x.sums.chunks_exact(GROUPS));
    let mut out = _mm256_setzero_ps();
    for (index, ((pairs, x_scales), x_sums)) in x_groups.enumerate() {
        rows.prefetch::<BYTES>(index, AHEAD * ROWS);
        // SAFETY: there are as many blocks as groups of x, by the assertion above.
        let blocks = unsafe { rows.blocks::<BYTES>(index) };
        let w = scales::<FORMAT, BYTES, GROUPS>(blocks);
        each_group!(GROUPS, |WITHIN| {
            let (x_scale, x_sum) = (x_scales[WITHIN], x_sums[WITHIN]);
            let dots = dots::<FORMAT, BYTES, WITHIN>(blocks, &pairs[WITHIN], x_sum);
            let scale = _mm256_mul_ps(w.scale[WITHIN], _mm256_set1_ps(x_scale));
            out = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), scale, out);
            if has_half_mins(FORMAT) {
                let [first, second] = half_sums(&pairs[WITHIN]).map(|sum| x_scale * sum as f32);
                out = _mm256_fnmadd_ps(w.min[WITHIN], _mm256_set1_ps(first), out);
                out = _mm256_fnmadd_ps(w.second_min[WITHIN], _mm256_set1_ps(second), out);
            } else if has_min(FORMAT) {
                out = _mm256_fnmadd_ps(w.min[WITHIN], _mm256_set1_ps(x_scale * x_sum as f32), out);
            }
        });
    }
    out
}

/// The integer products of a group with eight rows, a row to a lane.
#[inline]
#[target_feature(enable = "avx2")]
fn dots<const FORMAT: u8, const BYTES: usize, const WITHIN: usize>(
    blocks: [&[u8; BYTES]; ROWS],
    pairs: &[i32; PAIRS],
    x_sum: i32,
) -> __m256i {
    // Or the compiler keeps the bytes that groups share, in registers that it then has to spill.
    compiler_fence(Ordering::SeqCst);
    let pairs = pairs.as_chunks().0;
    let (a, b) = (load_i32(&pairs[0]), load_i32(&pairs[1]));
    let products =
        |w: [__m256i; 2]| _mm256_add_epi32(_mm256_madd_epi16(w[0], a), _mm256_madd_epi16(w[1], b));
    let too_much = products([_mm256_set1_epi16(offset(FORMAT)); 2]);
    let mut dots = [_mm256_setzero_si256(); ROWS];
    for (dot, block) in dots.iter_mut().zip(blocks) {
        *dot = products(values::<FORMAT, BYTES, WITHIN>(block));
        if has_half_scales(FORMAT) {
            *dot = _mm256_mullo_epi32(
                _mm256_sub_epi32(*dot, too_much),
                half_scales::<FORMAT, WITHIN>(block),
            );
        }
    }
    if has_half_scales(FORMAT) || offset(FORMAT) == 0 {
        return sums(dots);
    }
    // Wrapping: values that are no numbers may have any sum, and a scale that is none either.
    _mm256_sub_epi32(
        sums(dots),
        _mm256_set1_epi32(i32::from(offset(FORMAT)).wrapping_mul(x_sum)),
    )
}
