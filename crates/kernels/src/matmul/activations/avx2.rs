//! Quantising 32 activations in four vectors, to the same bits as the definition.

use std::arch::x86_64::*;

use super::{GROUP, PAIRS, scale_of};
use crate::cpu::Avx2;
use crate::vector::{load, store_i32};

pub fn quantise_panel(
    _: Avx2,
    x: &[f32],
    width: usize,
    parts: (&mut [i32], &mut [f32], &mut [f32]),
) {
    #[target_feature(enable = "avx2")]
    fn with_avx2(x: &[f32], width: usize, parts: (&mut [i32], &mut [f32], &mut [f32])) {
        super::quantise_panel(x, width, parts, |x| quantise(x));
    }
    // SAFETY: the proof says that this CPU has AVX2.
    unsafe { with_avx2(x, width, parts) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn quantise(x: &[f32; GROUP]) -> ([i32; PAIRS], f32, f32) {
    let x = x.as_chunks().0;
    let (a, b, c, d) = (load(&x[0]), load(&x[1]), load(&x[2]), load(&x[3]));

    let magnitude = |x| _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(i32::MAX));
    let most = |x, y| _mm256_max_epu32(x, y);
    let largest = most(
        most(magnitude(a), magnitude(b)),
        most(magnitude(c), magnitude(d)),
    );
    let (scale, inverse) = scale_of(lanes(largest).into_iter().max().unwrap_or(0) as u32);

    // Packing interleaves the halves of its arguments; the permutation puts them back in order.
    let inverse = _mm256_set1_ps(inverse);
    let round = |x| _mm256_cvtps_epi32(_mm256_mul_ps(x, inverse)); // to nearest even
    let pack = |x, y| _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(x, y));
    let (first, second) = (pack(round(a), round(b)), pack(round(c), round(d)));

    let one = _mm256_set1_epi16(1);
    let sum = _mm256_add_epi32(
        _mm256_madd_epi16(first, one),
        _mm256_madd_epi16(second, one),
    );
    let sum: i32 = lanes(sum).into_iter().fold(0, i32::wrapping_add);

    let mut pairs = [0; PAIRS];
    let (low, high) = pairs.split_at_mut(PAIRS / 2);
    low.copy_from_slice(&lanes(first));
    high.copy_from_slice(&lanes(second));
    (pairs, scale, scale * sum as f32)
}

#[inline]
#[target_feature(enable = "avx2")]
fn lanes(x: __m256i) -> [i32; 8] {
    let mut lanes = [0; 8];
    store_i32(x, &mut lanes);
    lanes
}
