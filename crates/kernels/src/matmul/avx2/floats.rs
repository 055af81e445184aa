//! Floating-point weights: transposed so that each lane is a row.
//!
//! ```text
//! one token, 32 rows
//!   for each 8 along k and 8 of the rows: transpose 8 x 8 weights in registers
//!     for each k:  out[row] = fma(weight, broadcast activation, out)
//!
//! several tokens, 16 rows
//!   for each stretch of 128 along k: transpose the weights into L1
//!     for each panel of up to 6 tokens, for each k:  out[token][row] = fma(weight, broadcast activation, out)
//! ```
//!
//! One token takes 32 rows because four chains of sums hide the latency of an FMA.

use std::arch::x86_64::*;
use std::ops::Range;

use super::rows::{LINE, ROWS, Rows};
use crate::block::BlockType;
use crate::matmul::{Activations, Product};
use crate::panel::{PANEL, with_width};
use crate::tile::{Columns, add_products};
use crate::vector::{Aligned, LANES, load_bytes, store, transpose_ps};

const F32: u8 = BlockType::F32 as u8;
const F16: u8 = BlockType::F16 as u8;
const BF16: u8 = BlockType::BF16 as u8;
const F8: u8 = BlockType::F8_E4M3 as u8;

/// Values along k that are unpacked at a time: 16 KiB with 32 rows.
const STRETCH: usize = 128;
/// Panels that a stretch of weights meets before the next one is unpacked.
const PANELS: usize = 48;

/// # Safety
/// Nobody else may hold outputs of these rows.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn outputs(product: &Product, x: &Activations, rows: Range<usize>) {
    // SAFETY: these rows are ours by the caller's promise.
    unsafe {
        match (product.w.block, x.tokens()) {
            (BlockType::F32, 1) => one_token::<F32, 4, 32>(product, x, rows),
            (BlockType::F32, _) => tokens::<F32, 4>(product, x, rows),
            (BlockType::F16, 1) => one_token::<F16, 2, 16>(product, x, rows),
            (BlockType::F16, _) => tokens::<F16, 2>(product, x, rows),
            (BlockType::F8_E4M3, 1) => one_token::<F8, 1, 8>(product, x, rows),
            (BlockType::F8_E4M3, _) => tokens::<F8, 1>(product, x, rows),
            (_, 1) => one_token::<BF16, 2, 16>(product, x, rows),
            (_, _) => tokens::<BF16, 2>(product, x, rows),
        }
    }
}

/// `EIGHT` is the bytes of eight values.
///
/// # Safety
/// Nobody else may hold outputs of these rows.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn one_token<const FORMAT: u8, const BYTES: usize, const EIGHT: usize>(
    product: &Product,
    x: &Activations,
    rows: Range<usize>,
) {
    const SIDES: usize = 4;
    let (x, x_tail) = x.floats(0).as_chunks::<LANES>();
    for first in rows.clone().step_by(SIDES * ROWS) {
        let tile = first..rows.end.min(first + SIDES * ROWS);
        let mut sides = [Rows::new(&product.w, first); SIDES];
        for (side, rows) in sides.iter_mut().enumerate() {
            *rows = Rows::new(&product.w, first + side * ROWS);
        }
        let mut sums = [_mm256_setzero_ps(); SIDES];
        // A line of each row at a time: where rows are a power of two apart, those of a side fill their place
        // in L1, and the next side's would push them out half read.
        for (part, x) in x.chunks(LINE / EIGHT).enumerate() {
            for (rows, sum) in sides.iter().zip(&mut sums) {
                for (index, x) in x.iter().enumerate() {
                    let index = part * (LINE / EIGHT) + index;
                    rows.prefetch::<EIGHT>(index, SIDES * ROWS);
                    // SAFETY: each row holds the eights that x holds, by the check of the sizes.
                    let blocks = unsafe { rows.blocks::<EIGHT>(index) };
                    *sum = add_eight::<FORMAT, EIGHT>(blocks, x, *sum);
                }
            }
        }
        if !x_tail.is_empty() {
            for (rows, sum) in sides.iter().zip(&mut sums) {
                let (mut padded, mut x_padded) = ([[0; EIGHT]; ROWS], [0.0; LANES]);
                for (padded, row) in padded.iter_mut().zip(rows.all()) {
                    padded[..x_tail.len() * BYTES].copy_from_slice(&row[x.len() * EIGHT..]);
                }
                x_padded[..x_tail.len()].copy_from_slice(x_tail);
                *sum = add_eight::<FORMAT, EIGHT>(padded.each_ref(), &x_padded, *sum);
            }
        }
        let mut out = [[0.0; LANES]; SIDES];
        for (out, sum) in out.iter_mut().zip(sums) {
            store(sum, out);
        }
        // SAFETY: these rows are ours by the caller's promise.
        unsafe { product.set_outputs(0, tile, out.as_flattened()) };
    }
}

/// `sum[row] += Σ weights[row]·x` over eight along k, one after another.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn add_eight<const FORMAT: u8, const EIGHT: usize>(
    blocks: [&[u8; EIGHT]; ROWS],
    x: &[f32; LANES],
    mut sum: __m256,
) -> __m256 {
    let mut rows = [_mm256_setzero_ps(); ROWS];
    for (row, block) in rows.iter_mut().zip(blocks) {
        *row = eight_floats::<FORMAT>(block);
    }
    for (weights, x) in transpose_ps(rows).into_iter().zip(x) {
        sum = _mm256_fmadd_ps(weights, _mm256_set1_ps(*x), sum);
    }
    sum
}

/// # Safety
/// Nobody else may hold outputs of these rows.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn tokens<const FORMAT: u8, const BYTES: usize>(
    product: &Product,
    x: &Activations,
    rows: Range<usize>,
) {
    const SIDES: usize = 2;
    let cols = product.w.cols;
    let mut weights = Aligned([[[0.0; ROWS]; SIDES]; STRETCH]);
    let mut sums = Aligned([[[[0.0; ROWS]; SIDES]; PANEL]; PANELS]);
    for first in rows.clone().step_by(SIDES * ROWS) {
        let tile = first..rows.end.min(first + SIDES * ROWS);
        for first_panel in (0..x.panels().count()).step_by(PANELS) {
            let panels = first_panel..x.panels().count().min(first_panel + PANELS);
            sums.0[..panels.len()].fill([[[0.0; ROWS]; SIDES]; PANEL]);
            for stretch in (0..cols).step_by(STRETCH) {
                let weights = &mut weights.0[..STRETCH.min(cols - stretch)];
                unpack::<FORMAT, BYTES, SIDES>(product, first, stretch, weights);
                for (panel, sums) in panels.clone().zip(&mut sums.0) {
                    meet(
                        weights,
                        stretch,
                        x.floats(panel),
                        x.panels().rows(panel).len(),
                        sums,
                    );
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

/// Adds what a panel, [cols, width], gets from the weights that begin at `first` along k.
#[target_feature(enable = "avx2,fma")]
fn meet<const SIDES: usize>(
    weights: &[Columns<SIDES>],
    first: usize,
    panel: &[f32],
    width: usize,
    sums: &mut [Columns<SIDES>; PANEL],
) {
    with_width!(width, |T| {
        let sums = sums
            .first_chunk_mut()
            .expect("a panel is at most PANEL wide");
        add_products::<SIDES, T>(weights, &panel.as_chunks().0[first..], sums);
    });
}

/// The weights from `start` along k, of the rows from `first`.
#[target_feature(enable = "avx2,f16c")]
fn unpack<const FORMAT: u8, const BYTES: usize, const SIDES: usize>(
    product: &Product,
    first: usize,
    start: usize,
    weights: &mut [Columns<SIDES>],
) {
    for side in 0..SIDES {
        let rows = Rows::new(&product.w, first + side * ROWS);
        let rows = rows
            .all()
            .map(|row| &row.as_chunks::<BYTES>().0[start..start + weights.len()]);
        for (index, out) in weights.chunks_mut(LANES).enumerate() {
            let mut vectors = [_mm256_setzero_ps(); ROWS];
            for (vector, row) in vectors.iter_mut().zip(rows) {
                let row = &row[index * LANES..];
                *vector = match row.first_chunk::<LANES>() {
                    Some(eight) => eight_floats::<FORMAT>(eight.as_flattened()),
                    None => {
                        let mut eight = [[0; BYTES]; LANES];
                        eight[..row.len()].copy_from_slice(row);
                        eight_floats::<FORMAT>(eight.as_flattened())
                    }
                };
            }
            for (out, vector) in out.iter_mut().zip(transpose_ps(vectors)) {
                store(vector, &mut out[side]);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
fn eight_floats<const FORMAT: u8>(bytes: &[u8]) -> __m256 {
    let half = |at: usize| {
        load_bytes(
            bytes[at..]
                .first_chunk()
                .expect("eight values of 16 bits or more"),
        )
    };
    match FORMAT {
        F32 => _mm256_castsi256_ps(_mm256_set_m128i(half(16), half(0))),
        F16 => _mm256_cvtph_ps(half(0)),
        F8 => eight_f8(u64::from_le_bytes(
            *bytes.first_chunk().expect("eight values are eight bytes"),
        )),
        _ => _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(half(0)))),
    }
}

/// As [`crate::f8::value`], eight at a time.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn eight_f8(bytes: u64) -> __m256 {
    let wide = _mm_cvtepu8_epi16(_mm_cvtsi64_si128(bytes as i64));
    let sign = _mm_slli_epi16::<8>(_mm_and_si128(wide, _mm_set1_epi16(0x80)));
    let magnitude = _mm_and_si128(wide, _mm_set1_epi16(0x7f));
    let not_a_number = _mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x7f));
    let half = _mm_or_si128(sign, _mm_slli_epi16::<7>(magnitude));
    let nan = _mm_and_si128(not_a_number, _mm_set1_epi16(0x7e00));
    _mm256_mul_ps(
        _mm256_cvtph_ps(_mm_or_si128(half, nan)),
        _mm256_set1_ps(256.0),
    )
}
