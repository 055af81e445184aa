//! The innermost loop of floating-point products on AVX2: a tile of sums that stays in registers.

use std::arch::x86_64::*;

use crate::vector::{LANES, load, store};

/// Vectors side by side that meet one number of each row.
pub type Columns<const SIDES: usize> = [[f32; LANES]; SIDES];

/// `sums[row] += Σ_k columns[k] · rows[k][row]`, one `k` after another with one rounding each.
///
/// Six rows by two sides are twelve sums, which with two columns and one number leave one register free.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub fn add_products<const SIDES: usize, const T: usize>(
    columns: &[Columns<SIDES>],
    rows: &[[f32; T]],
    sums: &mut [Columns<SIDES>; T],
) {
    let mut tile = [[_mm256_setzero_ps(); SIDES]; T];
    for (tile, sums) in tile.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
        *tile = load(sums);
    }
    for (columns, rows) in columns.iter().zip(rows) {
        for (tile, x) in tile.iter_mut().zip(rows) {
            let x = _mm256_set1_ps(*x);
            for (tile, columns) in tile.iter_mut().zip(columns) {
                *tile = _mm256_fmadd_ps(load(columns), x, *tile);
            }
        }
    }
    for (tile, sums) in tile.as_flattened().iter().zip(sums.as_flattened_mut()) {
        store(*tile, sums);
    }
}
