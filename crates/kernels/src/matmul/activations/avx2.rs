//! Quantising 32 activations in four vectors, to the same bits as the definition.

use std::arch::x86_64::*;

use super::{GROUP, PAIRS, scale_of};
use crate::cpu::Avx2;
use crate::vector::{load, store_i32};

pub fn quantise_panel(
    _: Avx2,
    x: &[f32],
    width: usize,
    parts: (&mut [i32], &mut [f32], &mut [i32]),
) {
    #[target_feature(enable = "avx2")]
    fn with_avx2(x: &[f32], width: usize, parts: (&mut [i32], &mut [f32], &mut [i32])) {
        super::quantise_panel(x, width, parts, |x| quantise(x));
    }
    // SAFETY: the proof says that this CPU has AVX2.
    unsafe { with_avx2(x, width, parts) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn quantise(x: &[f32; GROUP]) -> ([i32; PAIRS], f32, i32) {
    let x = x.as_chunks().0;
    let (a, b, c, d) = (load(&x[0]), load(&x[1]), load(&x[2]), load(&x[3]));

    let magnitude = |x| _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(i32::MAX));
    let most = |x, y| _mm256_max_epu32(x, y);
    let largest = most(
        most(magnitude(a), magnitude(b)),
        most(magnitude(c), magnitude(d)),
    );
    let (scale, inverse) = scale_of(across(largest, |x, y| _mm_max_epu32(x, y)) as u32);

    let inverse = _mm256_set1_ps(inverse);
    let round = |x| _mm256_cvtps_epi32(_mm256_mul_ps(x, inverse)); // to nearest even
    let (a, b, c, d) = (round(a), round(b), round(c), round(d));

    let sum = _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d));
    let sum = across(sum, |x, y| _mm_add_epi32(x, y));

    // Even places to the lower half of each 64 bits: then each 128 bits have two even ones and two odd ones.
    let apart = |x| _mm256_shuffle_epi32::<0b11_01_10_00>(x);
    let (ab, cd) = (
        _mm256_packs_epi32(apart(a), apart(b)),
        _mm256_packs_epi32(apart(c), apart(d)),
    );
    // ab: 0 2, 1 3, 8 10, 9 11 | 4 6, 5 7, 12 14, 13 15 (as pairs), and so on for cd.
    let in_order = _mm256_setr_epi32(0, 4, 2, 6, 1, 5, 3, 7);
    let ab = _mm256_permutevar8x32_epi32(ab, in_order); // 0 2, 4 6, 8 10, 12 14 | 1 3, 5 7, 9 11, 13 15
    let cd = _mm256_permutevar8x32_epi32(cd, in_order);

    let mut pairs = [0; PAIRS];
    let [even, odd] = pairs.as_chunks_mut().0 else {
        unreachable!("16 pairs are twice eight")
    };
    store_i32(_mm256_permute2x128_si256::<0x20>(ab, cd), even);
    store_i32(_mm256_permute2x128_si256::<0x31>(ab, cd), odd);
    (pairs, scale, sum)
}

/// All eight lanes made one by `both`.
#[inline]
#[target_feature(enable = "avx2")]
fn across(x: __m256i, both: impl Fn(__m128i, __m128i) -> __m128i) -> i32 {
    let x = both(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
    let x = both(x, _mm_shuffle_epi32::<0b01_00_11_10>(x));
    let x = both(x, _mm_shuffle_epi32::<0b10_11_00_01>(x));
    _mm_cvtsi128_si32(x)
}
