//! Floating-point weights: rows are transposed into L1 so that each lane is a row, then meet every token.
//!
//! ```text
//! for each stretch of 128 along k
//!   unpack the rows' weights, one k of eight rows to a vector
//!   for each panel of up to 6 tokens
//!     for each k:  out[token][row] = fma(weight, broadcast activation, out)
//! ```
//!
//! Several tokens share 16 rows. One token takes 32, for four chains of sums hide the latency of an FMA.

use std::arch::x86_64::*;
use std::ops::Range;

use super::rows::{ROWS, Rows};
use crate::block::BlockType;
use crate::matmul::activations::PANEL;
use crate::matmul::{Activations, Product};
use crate::tile::add_products;
use crate::vector::{Aligned, LANES, store, transpose_ps};

/// Values along k that are unpacked at a time: 16 KiB with 32 rows.
const STRETCH: usize = 128;

/// Unpacked weights: [k, side, row].
type Weights<const SIDES: usize> = [[[f32; ROWS]; SIDES]; STRETCH];

/// # Safety
/// Nobody else may hold outputs of these rows.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn outputs(product: &Product, x: &Activations, rows: Range<usize>) {
    const F32: u8 = BlockType::F32 as u8;
    const F16: u8 = BlockType::F16 as u8;
    const BF16: u8 = BlockType::BF16 as u8;
    // SAFETY: these rows are ours by the caller's promise.
    unsafe {
        match (product.w.block, x.tokens()) {
            (BlockType::F32, 1) => some_rows::<F32, 4, 4>(product, x, rows),
            (BlockType::F32, _) => some_rows::<F32, 4, 2>(product, x, rows),
            (BlockType::F16, 1) => some_rows::<F16, 2, 4>(product, x, rows),
            (BlockType::F16, _) => some_rows::<F16, 2, 2>(product, x, rows),
            (_, 1) => some_rows::<BF16, 2, 4>(product, x, rows),
            (_, _) => some_rows::<BF16, 2, 2>(product, x, rows),
        }
    }
}

/// # Safety
/// Nobody else may hold outputs of these rows.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn some_rows<const FORMAT: u8, const BYTES: usize, const SIDES: usize>(
    product: &Product,
    x: &Activations,
    rows: Range<usize>,
) {
    let cols = product.w.cols;
    let mut weights = Aligned([[[0.0; ROWS]; SIDES]; STRETCH]);
    for first in rows.clone().step_by(SIDES * ROWS) {
        let tile = first..rows.end.min(first + SIDES * ROWS);
        let sides: [Rows; SIDES] =
            std::array::from_fn(|side| Rows::new(&product.w, first + side * ROWS));
        for stretch in (0..cols).step_by(STRETCH) {
            let along = stretch..cols.min(stretch + STRETCH);
            for (side, rows) in sides.iter().enumerate() {
                unpack::<FORMAT, BYTES, SIDES>(rows, &along, side, &mut weights.0);
            }
            let weights = &weights.0[..along.len()];
            for panel in (0..x.tokens()).step_by(PANEL) {
                let panel = panel..x.tokens().min(panel + PANEL);
                // SAFETY: these rows are ours by the caller's promise.
                unsafe { meet(product, x, panel, &along, &tile, weights) };
            }
        }
    }
}

/// Values `along` of eight rows.
#[target_feature(enable = "avx2,fma,f16c")]
fn unpack<const FORMAT: u8, const BYTES: usize, const SIDES: usize>(
    rows: &Rows,
    along: &Range<usize>,
    side: usize,
    weights: &mut Weights<SIDES>,
) {
    let bytes = along.start * BYTES..along.end * BYTES;
    let rows = rows
        .all()
        .map(|row| row[bytes.clone()].as_chunks::<BYTES>().0);
    for (index, out) in weights[..along.len()].chunks_mut(LANES).enumerate() {
        let mut vectors = [_mm256_setzero_ps(); ROWS];
        for (vector, row) in vectors.iter_mut().zip(rows) {
            let row = &row[index * LANES..];
            *vector = match row.first_chunk() {
                Some(eight) => eight_floats::<FORMAT, BYTES>(eight),
                None => {
                    let mut eight = [[0; BYTES]; LANES];
                    eight[..row.len()].copy_from_slice(row);
                    eight_floats::<FORMAT, BYTES>(&eight)
                }
            };
        }
        for (out, vector) in out.iter_mut().zip(transpose_ps(vectors)) {
            store(vector, &mut out[side]);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
fn eight_floats<const FORMAT: u8, const BYTES: usize>(x: &[[u8; BYTES]; LANES]) -> __m256 {
    let x = x.as_flattened();
    let half = |at: usize| {
        let bytes = x[at..]
            .first_chunk()
            .expect("eight values are at least 16 bytes");
        crate::vector::load_bytes(bytes)
    };
    if BYTES == 4 {
        _mm256_castsi256_ps(_mm256_set_m128i(half(16), half(0)))
    } else if FORMAT == BlockType::F16 as u8 {
        _mm256_cvtph_ps(half(0))
    } else {
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(half(0))))
    }
}

/// Adds what the tokens of `panel` get from `weights`; sets it where they are the first along k.
///
/// # Safety
/// Nobody else may hold the outputs of the rows of `tile`.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn meet<const SIDES: usize>(
    product: &Product,
    x: &Activations,
    panel: Range<usize>,
    along: &Range<usize>,
    tile: &Range<usize>,
    weights: &[[[f32; ROWS]; SIDES]],
) {
    /// The tokens of a panel by name, so that their sums stay in registers.
    macro_rules! tokens {
        ($n:literal) => {{
            let x: [&[f32]; $n] =
                std::array::from_fn(|token| &x.row(panel.start + token)[along.clone()]);
            let mut sums = [[[0.0; ROWS]; SIDES]; $n];
            for (token, sums) in sums.iter_mut().enumerate() {
                // SAFETY: these rows are ours by the caller's promise.
                let out = unsafe { product.outputs(panel.start + token, tile.clone()) };
                if along.start > 0 {
                    sums.as_flattened_mut()[..out.len()].copy_from_slice(out);
                }
            }
            add_products(weights, &x, &mut sums);
            for (token, sums) in sums.iter().enumerate() {
                // SAFETY: as above.
                let out = unsafe { product.outputs(panel.start + token, tile.clone()) };
                out.copy_from_slice(&sums.as_flattened()[..out.len()]);
            }
        }};
    }
    match panel.len() {
        1 => tokens!(1),
        2 => tokens!(2),
        3 => tokens!(3),
        4 => tokens!(4),
        5 => tokens!(5),
        _ => tokens!(6),
    }
}
