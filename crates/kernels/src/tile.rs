//! The innermost loop of floating-point products on AVX2: a tile of sums that stays in registers.

use std::arch::x86_64::*;

use crate::vector::{LANES, load, store};

/// What a tile sums over: for each `k`, `SIDES` vectors that meet one number of each row.
pub type Columns<const SIDES: usize> = [[f32; LANES]; SIDES];

/// `sums[row] += Σ_k columns[k] · rows[row][k]`, one `k` after another, one rounding each.
///
/// With `T` = 6 rows and two sides, twelve sums, two columns and one number fill the 16 registers.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub fn add_products<const SIDES: usize, const T: usize>(
    columns: &[Columns<SIDES>],
    rows: &[&[f32]; T],
    sums: &mut [Columns<SIDES>; T],
) {
    let rows = rows.map(|row| &row[..columns.len()]);
    let mut tile = [[_mm256_setzero_ps(); SIDES]; T];
    for (tile, sums) in tile.iter_mut().zip(&*sums) {
        for (tile, sums) in tile.iter_mut().zip(sums) {
            *tile = load(sums);
        }
    }
    for (k, columns) in columns.iter().enumerate() {
        for (tile, row) in tile.iter_mut().zip(rows) {
            let x = _mm256_set1_ps(row[k]);
            for (tile, columns) in tile.iter_mut().zip(columns) {
                *tile = _mm256_fmadd_ps(load(columns), x, *tile);
            }
        }
    }
    for (tile, sums) in tile.iter().zip(sums) {
        for (tile, sums) in tile.iter().zip(sums) {
            store(*tile, sums);
        }
    }
}
