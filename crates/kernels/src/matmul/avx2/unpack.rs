//! Each format's groups of 32 values, from the bytes of the file to two vectors of 16-bit integers: the values
//! in even places, then those in odd ones.
//!
//! Why that order: once the 32 values are the bytes of a vector, the even ones are an AND away and the odd ones
//! a shift. Widening them in order would cross the halves of the vector, three times as slow (on Zen 3).
//!
//! A format is a const parameter, so that each kernel is compiled once per format; being a number and not the
//! enum is what the language allows. So is the number of a group in its block, which makes shifts and offsets
//! constants. Byte offsets are explained at the definitions in [`crate::block`].

use std::arch::x86_64::*;

use crate::block::{BlockType, UNEVEN, q3_k_scale};
use crate::vector::{load_bytes, load_u8};

pub const Q4_0: u8 = BlockType::Q4_0 as u8;
pub const Q4_1: u8 = BlockType::Q4_1 as u8;
pub const Q5_0: u8 = BlockType::Q5_0 as u8;
pub const Q5_1: u8 = BlockType::Q5_1 as u8;
pub const Q8_0: u8 = BlockType::Q8_0 as u8;
pub const IQ4_NL: u8 = BlockType::IQ4_NL as u8;
pub const Q2_K: u8 = BlockType::Q2_K as u8;
pub const Q3_K: u8 = BlockType::Q3_K as u8;
pub const Q4_K: u8 = BlockType::Q4_K as u8;
pub const Q5_K: u8 = BlockType::Q5_K as u8;
pub const Q6_K: u8 = BlockType::Q6_K as u8;
pub const IQ4_XS: u8 = BlockType::IQ4_XS as u8;

/// Whether weights of the format are `scale·q − min` and not `scale·q`.
pub const fn has_min(format: u8) -> bool {
    matches!(format, Q4_1 | Q5_1 | Q2_K | Q4_K | Q5_K)
}

/// Whether the two halves of a group have minima of their own.
pub const fn has_half_mins(format: u8) -> bool {
    format == Q2_K
}

/// Whether the two halves of a group have scales of their own: [`half_scales`].
pub const fn has_half_scales(format: u8) -> bool {
    matches!(format, Q2_K | Q3_K | Q6_K)
}

/// What [`values`] are too large by: taken from sums instead, it costs less.
pub const fn offset(format: u8) -> i16 {
    match format {
        Q3_K => 4,
        Q4_0 => 8,
        Q5_0 => 16,
        Q6_K => 32,
        _ => 0,
    }
}

/// Group `WITHIN` of a block, plus [`offset`] and without [`half_scales`]: the values in even places and those
/// in odd ones. In both vectors the first half of the group is the lower half.
#[inline]
#[target_feature(enable = "avx2")]
pub fn values<const FORMAT: u8, const BYTES: usize, const WITHIN: usize>(
    block: &[u8; BYTES],
) -> [__m256i; 2] {
    match FORMAT {
        Q4_0 => sixteen_nibbles(block, 2),
        Q4_1 => sixteen_nibbles(block, 4),
        Q5_0 => even_odd(with_fifths(block, 2)),
        Q5_1 => even_odd(with_fifths(block, 4)),
        Q8_0 => even_odd_signed(thirty_two(block, 2)),
        IQ4_NL => even_odd_signed(uneven(block, 2)),
        IQ4_XS => even_odd_signed(uneven(block, 8 + 16 * WITHIN)),
        Q2_K => even_odd(two_bits::<WITHIN, 0>(block, 16)),
        Q3_K => even_odd(_mm256_or_si256(
            two_bits::<WITHIN, 0>(block, 32),
            bits::<WITHIN, 2, 1>(thirty_two(block, 0)),
        )),
        Q4_K => {
            let bytes = thirty_two(block, 16 + WITHIN / 2 * 32);
            let nibble = _mm256_set1_epi16(15);
            if WITHIN.is_multiple_of(2) {
                [
                    _mm256_and_si256(bytes, nibble),
                    _mm256_and_si256(_mm256_srli_epi16::<8>(bytes), nibble),
                ]
            } else {
                [
                    _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble),
                    _mm256_srli_epi16::<12>(bytes),
                ]
            }
        }
        Q5_K => {
            let low = nibbles::<WITHIN>(thirty_two(block, 48 + WITHIN / 2 * 32));
            even_odd(_mm256_or_si256(
                low,
                bits::<WITHIN, 4, 1>(thirty_two(block, 16)),
            ))
        }
        _ => even_odd(q6_k::<WITHIN>(block)),
    }
}

/// The 32 nibbles of the 16 bytes at `at`.
#[inline]
#[target_feature(enable = "avx2")]
fn sixteen_nibbles(block: &[u8], at: usize) -> [__m256i; 2] {
    let twice = spread_nibbles(sixteen(block, at));
    let nibble = _mm256_set1_epi16(15);
    [
        _mm256_and_si256(twice, nibble),
        _mm256_and_si256(_mm256_srli_epi16::<8>(twice), nibble),
    ]
}

/// The four fifth bits at `at`, on top of the nibbles that follow them.
#[inline]
#[target_feature(enable = "avx2")]
fn with_fifths(block: &[u8], at: usize) -> __m256i {
    let nibbles = _mm256_and_si256(spread_nibbles(sixteen(block, at + 4)), _mm256_set1_epi8(15));
    // Of the 32 fifth bits each byte goes to the eight lanes that it is for, and there one bit is looked at. It gives
    // 16 its sign, or makes it nothing; the highest bit is a minus, for which 16 is negative beforehand.
    let fifths = _mm256_set1_epi32(four(block, at));
    let byte = 0x0101_0101_0101_0101;
    let spread = _mm256_shuffle_epi8(fifths, _mm256_setr_epi64x(0, byte, 2 * byte, 3 * byte));
    let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
    let signed = _mm256_set1_epi64x(0xf010_1010_1010_1010_u64 as i64);
    let set = _mm256_sign_epi8(signed, _mm256_and_si256(spread, bit));
    _mm256_or_si256(nibbles, set)
}

/// The numbers that the nibbles of the 16 bytes at `at` stand for in IQ4_NL and IQ4_XS.
#[inline]
#[target_feature(enable = "avx2")]
fn uneven(block: &[u8], at: usize) -> __m256i {
    let nibbles = _mm256_and_si256(spread_nibbles(sixteen(block, at)), _mm256_set1_epi8(15));
    let numbers = load_bytes(&UNEVEN.map(|number| number as u8));
    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(numbers), nibbles)
}

#[inline]
#[target_feature(enable = "avx2")]
fn q6_k<const WITHIN: usize>(block: &[u8]) -> __m256i {
    let low = thirty_two(block, 64 * (WITHIN / 4) + 32 * (WITHIN % 2));
    let low = if WITHIN % 4 < 2 {
        nibbles::<0>(low)
    } else {
        nibbles::<1>(low)
    };
    _mm256_or_si256(low, two_bits::<WITHIN, 4>(block, 128))
}

/// The two bits that group `WITHIN` has in the 64 bytes at `at`, moved to `TO`.
#[inline]
#[target_feature(enable = "avx2")]
fn two_bits<const WITHIN: usize, const TO: usize>(block: &[u8], at: usize) -> __m256i {
    let bytes = thirty_two(block, at + 32 * (WITHIN / 4));
    match WITHIN % 4 {
        0 => bits::<0, TO, 3>(bytes),
        1 => bits::<2, TO, 3>(bytes),
        2 => bits::<4, TO, 3>(bytes),
        _ => bits::<6, TO, 3>(bytes),
    }
}

/// The integer scales of the two halves of a group: eight 32-bit integers, as the halves lie in the halves of
/// [`values`].
#[inline]
#[target_feature(enable = "avx2")]
pub fn half_scales<const FORMAT: u8, const WITHIN: usize>(block: &[u8]) -> __m256i {
    match FORMAT {
        Q2_K => {
            let scale = |half: usize| _mm_set1_epi32(i32::from(block[2 * WITHIN + half] & 15));
            _mm256_set_m128i(scale(1), scale(0))
        }
        Q3_K => {
            let scale = |half| i32::from(q3_k_scale(&block[96..], 2 * WITHIN + half));
            _mm256_set_m128i(_mm_set1_epi32(scale(1)), _mm_set1_epi32(scale(0)))
        }
        _ => {
            let at = 192 + 2 * WITHIN;
            let both = _mm256_set1_epi16(i16::from_le_bytes([block[at], block[at + 1]]));
            // To the top of each lane, and down again with its sign.
            let top = |byte: i32| _mm_set1_epi32(byte << 24 | 0x0080_8080);
            let spread = _mm256_shuffle_epi8(both, _mm256_set_m128i(top(1), top(0)));
            _mm256_srai_epi32::<24>(spread)
        }
    }
}

/// 16 bytes twice, the second time moved down by four: below are low nibbles in order, then high ones.
#[inline]
#[target_feature(enable = "avx2")]
fn spread_nibbles(bytes: __m128i) -> __m256i {
    let down = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4);
    _mm256_srlv_epi32(_mm256_broadcastsi128_si256(bytes), down)
}

/// The low (`WITHIN` even) or high nibbles of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn nibbles<const WITHIN: usize>(bytes: __m256i) -> __m256i {
    let bytes = if WITHIN.is_multiple_of(2) {
        bytes
    } else {
        _mm256_srli_epi16::<4>(bytes)
    };
    _mm256_and_si256(bytes, _mm256_set1_epi8(15))
}

/// The bits of each byte that `MASK` has and that begin at `FROM`, moved to `TO`; all else zero.
#[inline]
#[target_feature(enable = "avx2")]
fn bits<const FROM: usize, const TO: usize, const MASK: i8>(bytes: __m256i) -> __m256i {
    let moved = if FROM < TO {
        _mm256_sll_epi16(bytes, _mm_cvtsi32_si128((TO - FROM) as i32))
    } else {
        _mm256_srl_epi16(bytes, _mm_cvtsi32_si128((FROM - TO) as i32))
    };
    _mm256_and_si256(moved, _mm256_set1_epi8(MASK << TO))
}

#[inline]
#[target_feature(enable = "avx2")]
fn even_odd(bytes: __m256i) -> [__m256i; 2] {
    [
        _mm256_and_si256(bytes, _mm256_set1_epi16(255)),
        _mm256_srli_epi16::<8>(bytes),
    ]
}

/// As [`even_odd`], for bytes that have a sign.
#[inline]
#[target_feature(enable = "avx2")]
fn even_odd_signed(bytes: __m256i) -> [__m256i; 2] {
    [
        _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(bytes)),
        _mm256_srai_epi16::<8>(bytes),
    ]
}

/// Four bytes as they are.
#[inline]
pub fn four(block: &[u8], at: usize) -> i32 {
    i32::from_le_bytes(*block[at..].first_chunk().expect("a block holds its groups"))
}

#[inline]
#[target_feature(enable = "avx2")]
fn sixteen(block: &[u8], at: usize) -> __m128i {
    load_bytes(block[at..].first_chunk().expect("a block holds its groups"))
}

#[inline]
#[target_feature(enable = "avx2")]
fn thirty_two(block: &[u8], at: usize) -> __m256i {
    load_u8(block[at..].first_chunk().expect("a block holds its groups"))
}
