//! The two products of attention on AVX2: a lane is a key, then a lane is a place in the values, so nothing
//! is summed across lanes. Keys and values are widened once for all rows of the tile, keys transposed as well.

use std::arch::x86_64::*;
use std::ops::Range;

use super::page::{Part, Products, add as add_pages};
use super::partial::{Partial, STRIP, Strip, strips};
use super::{Call, PAGE, Tile};
use crate::cpu::Avx2;
use crate::scratch;
use crate::tile::add_products;
use crate::vector::{load_u16, store, transpose};

/// Rows whose sums fit the registers.
const PANEL: usize = 6;

/// Adds to `partial` what the positions `keys`, all in one segment, contribute to `tile`.
pub fn add(proof: Avx2, call: &Call, tile: &Tile, keys: Range<usize>, partial: &mut Partial) {
    #[target_feature(enable = "avx2,fma")]
    fn with_avx2(proof: Avx2, call: &Call, tile: &Tile, keys: Range<usize>, partial: &mut Partial) {
        add_pages(&proof, call, tile, keys, partial);
    }
    // SAFETY: the proof says that this CPU has the features.
    unsafe { with_avx2(proof, call, tile, keys, partial) }
}

impl Products for Avx2 {
    fn score(&self, call: &Call, tile: &Tile, keys: &Part, scores: &mut [Strip]) {
        // SAFETY: the proof says that this CPU has the features.
        unsafe { score(call, tile, keys, scores) }
    }

    fn sum(&self, head_dim: usize, values: &Part, weights: &[[f32; PAGE]], partial: &mut Partial) {
        // SAFETY: the proof says that this CPU has the features.
        unsafe { sum(head_dim, values, weights, partial) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn score(call: &Call, tile: &Tile, keys: &Part, scores: &mut [Strip]) {
    let head_dim = call.shape.head_dim;
    let mut columns = scratch::floats(head_dim * STRIP);
    let columns = strips(&mut columns);
    for (strip, scores) in scores.chunks_exact_mut(tile.rows).enumerate() {
        let first = strip * STRIP;
        if first >= keys.within.end || first + STRIP <= keys.within.start {
            continue;
        }
        transpose_keys(&keys.rows[first * head_dim..][..STRIP * head_dim], columns);
        scores.fill([[0.0; 8]; 2]);
        for (panel, scores) in scores.chunks_mut(PANEL).enumerate() {
            let row = |row| call.row(tile, panel * PANEL + row);
            add_rows(columns, row, scores);
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn sum(head_dim: usize, values: &Part, weights: &[[f32; PAGE]], partial: &mut Partial) {
    let mut columns = [[[0.0; 8]; 2]; PAGE];
    let columns = &mut columns[values.within.clone()];
    for (strip, sums) in partial.sums_by_strip().enumerate() {
        for (columns, key) in columns.iter_mut().zip(values.within.clone()) {
            widen(
                &values.rows[key * head_dim..][..head_dim][strip * STRIP..],
                columns,
            );
        }
        for (sums, weights) in sums.chunks_mut(PANEL).zip(weights.chunks(PANEL)) {
            add_rows(columns, |row| &weights[row][values.within.clone()], sums);
        }
    }
}

/// `sums[row] += Σ_k columns[k] · row(row)[k]` for up to [`PANEL`] rows.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_rows<'a>(columns: &[Strip], row: impl Fn(usize) -> &'a [f32], sums: &mut [Strip]) {
    macro_rules! rows {
        ($n:literal) => {
            add_products::<2, $n>(
                columns,
                &std::array::from_fn(row),
                sums.first_chunk_mut().expect("the length was matched"),
            )
        };
    }
    match sums.len() {
        1 => rows!(1),
        2 => rows!(2),
        3 => rows!(3),
        4 => rows!(4),
        5 => rows!(5),
        _ => rows!(6),
    }
}

/// 16 keys, [16, head_dim], to one strip for each place along a head.
#[target_feature(enable = "avx2")]
fn transpose_keys(keys: &[u16], columns: &mut [Strip]) {
    let head_dim = columns.len();
    let whole = head_dim / 16 * 16;
    for (side, keys) in keys.chunks_exact(8 * head_dim).enumerate() {
        for at in (0..whole).step_by(16) {
            let mut rows = [_mm256_setzero_si256(); 8];
            for (row, key) in rows.iter_mut().zip(keys.chunks_exact(head_dim)) {
                *row = load_u16(key[at..].first_chunk().expect("16 of whole"));
            }
            // A lane is then a key, and holds two neighbours along the head.
            for (pair, both) in columns[at..at + 16]
                .chunks_exact_mut(2)
                .zip(transpose(rows))
            {
                let upper = _mm256_and_si256(both, _mm256_set1_epi32(-65536));
                store(
                    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(both)),
                    &mut pair[0][side],
                );
                store(_mm256_castsi256_ps(upper), &mut pair[1][side]);
            }
        }
        for (lane, key) in keys.chunks_exact(head_dim).enumerate() {
            for (bits, column) in key.iter().zip(&mut *columns).skip(whole) {
                column[side][lane] = f32::from_bits(u32::from(*bits) << 16);
            }
        }
    }
}

/// The first 16 of `bits`, zero past their end.
#[inline]
#[target_feature(enable = "avx2")]
fn widen(bits: &[u16], out: &mut Strip) {
    let bits = match bits.first_chunk() {
        Some(bits) => load_u16(bits),
        None => {
            let mut padded = [0; STRIP];
            padded[..bits.len()].copy_from_slice(bits);
            load_u16(&padded)
        }
    };
    let halves = [
        _mm256_castsi256_si128(bits),
        _mm256_extracti128_si256::<1>(bits),
    ];
    for (half, out) in halves.into_iter().zip(out) {
        let widened = _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(half));
        store(_mm256_castsi256_ps(widened), out);
    }
}
