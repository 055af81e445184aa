//! The two products of attention on AVX2: a lane is a key, then a lane is a place in the values, so nothing
//! is summed across lanes. Keys and values are widened once for all rows of the tile, keys transposed as well.

use std::arch::x86_64::*;
use std::ops::Range;

use super::page::{Part, Products, add as add_pages};
use super::partial::{Partial, STRIP, Strip, strips};
use super::{Call, PAGE, Tile};
use crate::cpu::Avx2;
use crate::panel::{Panels, with_width};
use crate::scratch;
use crate::tile::add_products;
use crate::vector::{load_u16, load_u16x8, prefetch, store, transpose};

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
    fn score(&self, rows: usize, queries: &[f32], keys: &Part, scores: &mut [Strip]) {
        // SAFETY: the proof says that this CPU has the features.
        unsafe { score(rows, queries, keys, scores) }
    }

    fn sum(&self, weights: &[f32], values: &Part, partial: &mut Partial) {
        // SAFETY: the proof says that this CPU has the features.
        unsafe { sum(weights, values, partial) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn score(rows: usize, queries: &[f32], keys: &Part, scores: &mut [Strip]) {
    let head_dim = keys.rows.len() / PAGE;
    let mut columns = scratch::floats(head_dim * STRIP);
    let columns = strips(&mut columns);
    for (strip, scores) in scores.chunks_exact_mut(rows).enumerate() {
        let first = strip * STRIP;
        if first < keys.within.end && first + STRIP > keys.within.start {
            let (_, rest) = keys.rows.split_at(first * head_dim);
            let (keys_here, rest) = rest.split_at(STRIP * head_dim);
            let after = &rest[..rest.len().min(STRIP * head_dim)];
            let next = &keys.next[first * head_dim..][..STRIP * head_dim];
            transpose_keys(keys_here, columns, [after, next]);
            scores.fill([[0.0; 8]; 2]);
            add_panels(columns, head_dim, queries, 0, scores);
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn sum(weights: &[f32], values: &Part, partial: &mut Partial) {
    let head_dim = values.rows.len() / PAGE;
    // Two strips are what a line of memory holds, and are widened while it is near.
    let mut columns = [[[[0.0; 8]; 2]; PAGE]; 2];
    let mut columns = columns
        .each_mut()
        .map(|columns| &mut columns[values.within.clone()]);
    let per_strip = values.next.len().div_ceil(head_dim.div_ceil(STRIP)).max(1);
    let mut next = values.next.chunks(per_strip);
    for (strip, sums) in partial.sums_by_strip().enumerate() {
        prefetch(next.next().unwrap_or_default());
        if strip % 2 == 0 {
            let [first, second] = &mut columns;
            let keys = values.rows.chunks_exact(head_dim).skip(values.within.start);
            for ((first, second), key) in first.iter_mut().zip(&mut **second).zip(keys) {
                widen(&key[strip * STRIP..], first);
                widen(&key[head_dim.min((strip + 1) * STRIP)..], second);
            }
        }
        add_panels(columns[strip % 2], PAGE, weights, values.within.start, sums);
    }
}

/// `sums[row] += Σ_k columns[k] · rows[first + k][row]`, the rows being panels of `len` numbers each.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_panels(columns: &[Strip], len: usize, rows: &[f32], first: usize, sums: &mut [Strip]) {
    for panel in Panels::of(sums.len()).all() {
        let (rows, sums) = (
            &rows[panel.start * len..panel.end * len],
            &mut sums[panel.clone()],
        );
        with_width!(panel.len(), |T| {
            let sums = sums.first_chunk_mut().expect("as many as the width");
            add_products::<2, T>(columns, &rows.as_chunks().0[first..], sums);
        });
    }
}

/// 16 keys, [16, head_dim], to one strip for each place along a head; meanwhile asks for what is `next`.
#[target_feature(enable = "avx2")]
fn transpose_keys(keys: &[u16], columns: &mut [Strip], next: [&[u16]; 2]) {
    let head_dim = columns.len();
    let whole = head_dim / 16 * 16;
    let mut next = next.map(|next| next.chunks(128));
    for (side, keys) in keys.chunks_exact(8 * head_dim).enumerate() {
        for at in (0..whole).step_by(16) {
            for next in &mut next {
                prefetch(next.next().unwrap_or_default());
            }
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
    match bits.first_chunk() {
        Some(bits) => widen_strip(bits, out),
        None => {
            let mut padded = [0; STRIP];
            padded[..bits.len()].copy_from_slice(bits);
            widen_strip(&padded, out);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn widen_strip(bits: &[u16; STRIP], out: &mut Strip) {
    for (bits, out) in bits.as_chunks().0.iter().zip(out) {
        let widened = _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(load_u16x8(bits)));
        store(_mm256_castsi256_ps(widened), out);
    }
}
