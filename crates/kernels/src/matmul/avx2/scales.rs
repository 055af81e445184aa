//! The scales of eight rows' blocks, a row to a lane.

use std::arch::x86_64::*;

use super::rows::ROWS;
use super::unpack::{IQ4_XS, Q2_K, Q3_K, Q4_1, Q5_1, Q6_K, four, has_min};
use crate::vector::load_bytes;

/// Scale and minimum of each group of a block, a row to a lane.
#[derive(Clone, Copy)]
pub struct Scales<const GROUPS: usize> {
    pub scale: [__m256; GROUPS],
    /// Set only where the format has a minimum.
    pub min: [__m256; GROUPS],
    /// Of the group's other half, where it has one of its own.
    pub second_min: [__m256; GROUPS],
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
pub fn scales<const FORMAT: u8, const BYTES: usize, const GROUPS: usize>(
    blocks: [&[u8; BYTES]; ROWS],
) -> Scales<GROUPS> {
    match FORMAT {
        Q2_K => return q2_k_scales(blocks),
        IQ4_XS => return symmetric(iq4_xs_scales(blocks)),
        Q4_1 | Q5_1 => {
            let sign = _mm256_set1_ps(-0.0); // what these formats call minimum is added
            let min = _mm256_xor_ps(halves(blocks, 2), sign);
            return Scales {
                min: [min; GROUPS],
                ..symmetric([halves(blocks, 0); GROUPS])
            };
        }
        _ if has_min(FORMAT) => return k_scales(blocks),
        _ => {}
    }
    let at = match FORMAT {
        Q3_K => 108,
        Q6_K => 208,
        _ => 0,
    };
    symmetric([halves(blocks, at); GROUPS])
}

#[inline]
#[target_feature(enable = "avx2")]
fn symmetric<const GROUPS: usize>(scale: [__m256; GROUPS]) -> Scales<GROUPS> {
    let zero = [_mm256_setzero_ps(); GROUPS];
    Scales {
        scale,
        min: zero,
        second_min: zero,
    }
}

/// Q2_K: the scales of the halves are integers and go into the values; here are d and the two minima.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn q2_k_scales<const BYTES: usize, const GROUPS: usize>(
    blocks: [&[u8; BYTES]; ROWS],
) -> Scales<GROUPS> {
    let dmin = halves(blocks, 82);
    let mut scales = symmetric([halves(blocks, 80); GROUPS]);
    for pair in 0..GROUPS / 2 {
        // Four bytes: the first and second half of two groups, minima in the high nibbles.
        let words = words(blocks, 4 * pair);
        let min = |down: i32| {
            let nibble = _mm256_srl_epi32(words, _mm_cvtsi32_si128(down));
            let nibble = _mm256_and_si256(nibble, _mm256_set1_epi32(15));
            _mm256_mul_ps(_mm256_cvtepi32_ps(nibble), dmin)
        };
        (scales.min[2 * pair], scales.second_min[2 * pair]) = (min(4), min(12));
        (scales.min[2 * pair + 1], scales.second_min[2 * pair + 1]) = (min(20), min(28));
    }
    scales
}

/// IQ4_XS: d, two bytes of high bits, four of low nibbles.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn iq4_xs_scales<const BYTES: usize, const GROUPS: usize>(
    blocks: [&[u8; BYTES]; ROWS],
) -> [__m256; GROUPS] {
    let d = halves(blocks, 0);
    let high = _mm256_srli_epi32::<16>(words(blocks, 0));
    let low = words(blocks, 4);
    let mut out = [_mm256_setzero_ps(); GROUPS];
    for (group, out) in out.iter_mut().enumerate() {
        let down = |x, by: usize| _mm256_srl_epi32(x, _mm_cvtsi32_si128(by as i32));
        let low = _mm256_and_si256(down(low, 4 * group), _mm256_set1_epi32(15));
        let high = _mm256_and_si256(down(high, 2 * group), _mm256_set1_epi32(3));
        let both = _mm256_or_si256(low, _mm256_slli_epi32::<4>(high));
        let scale = _mm256_sub_epi32(both, _mm256_set1_epi32(32));
        *out = _mm256_mul_ps(_mm256_cvtepi32_ps(scale), d);
    }
    out
}

/// The four bytes at `at` of each block.
#[inline]
#[target_feature(enable = "avx2")]
fn words<const BYTES: usize>(blocks: [&[u8; BYTES]; ROWS], at: usize) -> __m256i {
    let word = |row: usize| four(blocks[row], at);
    _mm256_setr_epi32(
        word(0),
        word(1),
        word(2),
        word(3),
        word(4),
        word(5),
        word(6),
        word(7),
    )
}

/// The half-precision number at `at` of each block.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn halves<const BYTES: usize>(blocks: [&[u8; BYTES]; ROWS], at: usize) -> __m256 {
    let half = |row: usize| i16::from_le_bytes([blocks[row][at], blocks[row][at + 1]]);
    let eight = _mm_setr_epi16(
        half(0),
        half(1),
        half(2),
        half(3),
        half(4),
        half(5),
        half(6),
        half(7),
    );
    _mm256_cvtph_ps(eight)
}

/// Q4_K and Q5_K begin with d, dmin and twelve bytes of six-bit scales and minima: four words. A transpose
/// gives each word of eight rows one vector; the groups 0-3 are then the bytes of a word, and so are 4-7.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn k_scales<const BYTES: usize, const GROUPS: usize>(
    blocks: [&[u8; BYTES]; ROWS],
) -> Scales<GROUPS> {
    let head = |row: usize| load_bytes(blocks[row].first_chunk().expect("a block is longer"));
    let both = |row: usize| _mm256_set_m128i(head(row + 4), head(row)); // rows r and r + 4
    let (r0, r1, r2, r3) = (both(0), both(1), both(2), both(3));
    let (a, b) = (_mm256_unpacklo_epi32(r0, r1), _mm256_unpackhi_epi32(r0, r1));
    let (c, d) = (_mm256_unpacklo_epi32(r2, r3), _mm256_unpackhi_epi32(r2, r3));
    let halves = _mm256_unpacklo_epi64(a, c); // d and dmin
    let first = _mm256_unpackhi_epi64(a, c); // scales 0-3, above them two bits of 4-7
    let second = _mm256_unpacklo_epi64(b, d); // the same for minima
    let third = _mm256_unpackhi_epi64(b, d); // nibbles of scales and minima 4-7

    let six = _mm256_set1_epi8(63);
    let four = _mm256_set1_epi8(15);
    let top = |x| _mm256_and_si256(_mm256_srli_epi32::<2>(x), _mm256_set1_epi8(48));
    let scale_words = [
        _mm256_and_si256(first, six),
        _mm256_or_si256(_mm256_and_si256(third, four), top(first)),
    ];
    let min_words = [
        _mm256_and_si256(second, six),
        _mm256_or_si256(
            _mm256_and_si256(_mm256_srli_epi32::<4>(third), four),
            top(second),
        ),
    ];
    let (scale, min) = two_halves(halves);
    Scales {
        min: bytes_times(min_words, min),
        ..symmetric(bytes_times(scale_words, scale))
    }
}

/// The low and the high half of each lane as half-precision numbers.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn two_halves(x: __m256i) -> (__m256, __m256) {
    let low = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
    let high = _mm256_srli_epi32::<16>(x);
    // Packs within each 128 bits: low 0-3, high 0-3 | low 4-7, high 4-7.
    let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(low, high));
    (
        _mm256_cvtph_ps(_mm256_castsi256_si128(packed)),
        _mm256_cvtph_ps(_mm256_extracti128_si256::<1>(packed)),
    )
}

/// Byte `g` of the two words, times `factor`: one vector per group.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes_times<const GROUPS: usize>(words: [__m256i; 2], factor: __m256) -> [__m256; GROUPS] {
    let mut out = [_mm256_setzero_ps(); GROUPS];
    for (group, out) in out.iter_mut().enumerate() {
        let down = _mm256_srl_epi32(words[group / 4], _mm_cvtsi32_si128(8 * (group % 4) as i32));
        let byte = _mm256_and_si256(down, _mm256_set1_epi32(255));
        *out = _mm256_mul_ps(_mm256_cvtepi32_ps(byte), factor);
    }
    out
}
