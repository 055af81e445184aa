//! The screen on AVX2: eight rows, one to a lane, four numbers of each in 16 bits.

use std::arch::x86_64::*;

use super::{Bounds, LANES, Nibbles, RADIUS, Tile, Token, scalar};
use crate::cpu::Avx2;
use crate::vector::{load, load_u16, store};

/// How many tiles ahead memory is asked for.
const AHEAD: usize = 3;

/// The definition, compiled for AVX2.
pub fn copy_row(
    _: Avx2,
    row: &[f32],
    dither: &[f32],
    lane: usize,
    nibbles: &mut [Nibbles],
    steps: &mut [[u8; LANES]],
) -> f32 {
    #[target_feature(enable = "avx2")]
    fn with_avx2(
        row: &[f32],
        dither: &[f32],
        lane: usize,
        nibbles: &mut [Nibbles],
        steps: &mut [[u8; LANES]],
    ) -> f32 {
        scalar::copy_row(row, dither, lane, nibbles, steps)
    }
    // SAFETY: the proof says that this CPU has AVX2.
    unsafe { with_avx2(row, dither, lane, nibbles, steps) }
}

/// The bounds of a block.
pub fn block_bounds<'a>(
    _: Avx2,
    tiles: impl Iterator<Item = Tile<'a>>,
    lower: &mut [f32],
    upper: &mut [f32],
    token: &Token,
) -> (f32, bool) {
    #[target_feature(enable = "avx2,fma")]
    fn with_avx2<'a>(
        tiles: impl Iterator<Item = Tile<'a>>,
        lower: &mut [f32],
        upper: &mut [f32],
        token: &Token,
    ) -> (f32, bool) {
        super::block_bounds(tiles, lower, upper, |tile| bounds(tile, token))
    }
    // SAFETY: the proof says that this CPU has the features.
    unsafe { with_avx2(tiles, lower, upper, token) }
}

/// The bounds of eight rows.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn bounds(tile: &Tile, token: &Token) -> Bounds {
    let Tile {
        nibbles,
        steps,
        units,
    } = tile;
    let groups = nibbles.len();
    let nibble = _mm256_set1_epi16(15);
    let (mut product, mut variance) = (_mm256_setzero_ps(), _mm256_setzero_ps());
    let ours = nibbles.iter().zip(*steps);
    let theirs = token.pairs.iter().zip(token.scales);
    let constants = token.offsets.iter().zip(token.norms);
    for (((nibbles, steps), (pairs, scale)), (offset, norm)) in ours.zip(theirs).zip(constants) {
        // What lies some tiles ahead is asked for: at the end of a page the processor stops doing so by itself.
        let next = std::ptr::from_ref(nibbles)
            .wrapping_add(AHEAD * groups)
            .cast::<i8>();
        _mm_prefetch::<_MM_HINT_T0>(next); // reads nothing, so any address will do
        _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(64));
        let mut dot = _mm256_setzero_si256();
        for (words, pairs) in nibbles.iter().zip(pairs.as_chunks::<4>().0) {
            let words = load_u16(words);
            let times = |w, pair: usize| _mm256_madd_epi16(w, _mm256_set1_epi32(pairs[pair]));
            let first = times(_mm256_and_si256(words, nibble), 0);
            let second = times(_mm256_and_si256(_mm256_srli_epi16::<4>(words), nibble), 1);
            let third = times(_mm256_and_si256(_mm256_srli_epi16::<8>(words), nibble), 2);
            let fourth = times(_mm256_srli_epi16::<12>(words), 3);
            dot = _mm256_add_epi32(dot, _mm256_add_epi32(first, second));
            dot = _mm256_add_epi32(dot, _mm256_add_epi32(third, fourth));
        }
        let step = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(*steps)));
        let step = _mm256_cvtepi32_ps(step);
        let factor = _mm256_mul_ps(step, _mm256_set1_ps(*scale));
        let above = _mm256_sub_ps(_mm256_cvtepi32_ps(dot), _mm256_set1_ps(*offset));
        product = _mm256_fmadd_ps(above, factor, product);
        let width = _mm256_mul_ps(step, _mm256_set1_ps(*norm));
        variance = _mm256_fmadd_ps(width, width, variance);
    }
    let radius = _mm256_mul_ps(_mm256_sqrt_ps(variance), _mm256_set1_ps(RADIUS));
    let units = load(units);
    let mut bounds = Bounds::default();
    store(
        _mm256_mul_ps(_mm256_sub_ps(product, radius), units),
        &mut bounds[0],
    );
    store(
        _mm256_mul_ps(_mm256_add_ps(product, radius), units),
        &mut bounds[1],
    );
    bounds
}
