//! Each format's groups of 32 values, from the bytes of the file to two vectors of 16-bit integers in order.
//!
//! A format is a const parameter, so that each kernel is compiled once per format; being a number and not the
//! enum is what the language allows. Byte offsets are explained at the definitions in [`crate::block`].
//!
//! The pattern: `vpmovzxbw` spreads 16 bytes over 16 lanes straight from memory. Then a low nibble is one AND
//! away, and a high nibble one shift, as the bits above it are zero.

use std::arch::x86_64::*;

use super::rows::ROWS;
use crate::block::BlockType;
use crate::vector::load_bytes;

pub const Q4_0: u8 = BlockType::Q4_0 as u8;
pub const Q5_0: u8 = BlockType::Q5_0 as u8;
pub const Q8_0: u8 = BlockType::Q8_0 as u8;
pub const Q4_K: u8 = BlockType::Q4_K as u8;
pub const Q5_K: u8 = BlockType::Q5_K as u8;
pub const Q6_K: u8 = BlockType::Q6_K as u8;

/// Whether weights of the format are `scale·q − min` and not `scale·q`.
pub const fn has_min(format: u8) -> bool {
    matches!(format, Q4_K | Q5_K)
}

/// Group `within` of a block: values 0..16 and 16..32.
#[inline]
#[target_feature(enable = "avx2")]
pub fn values<const FORMAT: u8, const BYTES: usize>(
    block: &[u8; BYTES],
    within: usize,
) -> [__m256i; 2] {
    match FORMAT {
        Q4_0 => q4_0(block),
        Q5_0 => q5_0(block),
        Q8_0 => [signed(sixteen(block, 2)), signed(sixteen(block, 18))],
        Q4_K => q4_k(block, within),
        Q5_K => q5_k(block, within),
        _ => q6_k(block, within),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn q4_0(block: &[u8]) -> [__m256i; 2] {
    let bytes = unsigned(sixteen(block, 2));
    let eight = _mm256_set1_epi16(8);
    [
        _mm256_sub_epi16(low(bytes), eight),
        _mm256_sub_epi16(high(bytes), eight),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn q5_0(block: &[u8]) -> [__m256i; 2] {
    let bytes = unsigned(sixteen(block, 6));
    let fifth = |at: usize| _mm256_set1_epi16(i16::from_le_bytes([block[at], block[at + 1]]));
    [
        _mm256_or_si256(low(bytes), sixteen_below(fifth(2))),
        _mm256_or_si256(high(bytes), sixteen_below(fifth(4))),
    ]
}

/// Lane `i`: 0 where bit `i` of `bits` is set, else −16, all bits of which lie above a nibble.
#[inline]
#[target_feature(enable = "avx2")]
fn sixteen_below(bits: __m256i) -> __m256i {
    let one = _mm256_setr_epi16(
        1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768,
    );
    let clear = _mm256_cmpeq_epi16(_mm256_and_si256(bits, one), _mm256_setzero_si256());
    _mm256_and_si256(clear, _mm256_set1_epi16(-16))
}

#[inline]
#[target_feature(enable = "avx2")]
fn q4_k(block: &[u8], within: usize) -> [__m256i; 2] {
    nibbles(block, 16 + within / 2 * 32, within % 2)
}

#[inline]
#[target_feature(enable = "avx2")]
fn q5_k(block: &[u8], within: usize) -> [__m256i; 2] {
    let [a, b] = nibbles(block, 48 + within / 2 * 32, within % 2);
    let fifth = |at: usize| {
        let bits = unsigned(sixteen(block, at));
        let down = _mm256_srl_epi16(bits, _mm_cvtsi32_si128(within as i32));
        _mm256_slli_epi16::<4>(_mm256_and_si256(down, _mm256_set1_epi16(1)))
    };
    [_mm256_or_si256(a, fifth(16)), _mm256_or_si256(b, fifth(32))]
}

#[inline]
#[target_feature(enable = "avx2")]
fn q6_k(block: &[u8], within: usize) -> [__m256i; 2] {
    let (half, quarter) = (within / 4, within % 4);
    let [a, b] = nibbles(block, 64 * half + 32 * (quarter % 2), quarter / 2);
    let part = |low: __m256i, at: usize, scale: u8| {
        let bits = unsigned(sixteen(block, at));
        let down = _mm256_srl_epi16(
            _mm256_slli_epi16::<4>(bits),
            _mm_cvtsi32_si128(2 * quarter as i32),
        );
        let q = _mm256_or_si256(low, _mm256_and_si256(down, _mm256_set1_epi16(0x30)));
        let q = _mm256_sub_epi16(q, _mm256_set1_epi16(32));
        _mm256_mullo_epi16(q, _mm256_set1_epi16(i16::from(scale as i8)))
    };
    let (high, scales) = (128 + 32 * half, 192 + 2 * within);
    [
        part(a, high, block[scales]),
        part(b, high + 16, block[scales + 1]),
    ]
}

/// The low (`which` = 0) or high nibbles of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(block: &[u8], at: usize, which: usize) -> [__m256i; 2] {
    let (a, b) = (
        unsigned(sixteen(block, at)),
        unsigned(sixteen(block, at + 16)),
    );
    if which == 0 {
        [low(a), low(b)]
    } else {
        [high(a), high(b)]
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn low(bytes: __m256i) -> __m256i {
    _mm256_and_si256(bytes, _mm256_set1_epi16(15))
}

#[inline]
#[target_feature(enable = "avx2")]
fn high(bytes: __m256i) -> __m256i {
    _mm256_srli_epi16::<4>(bytes)
}

#[inline]
#[target_feature(enable = "avx2")]
fn unsigned(bytes: __m128i) -> __m256i {
    _mm256_cvtepu8_epi16(bytes)
}

#[inline]
#[target_feature(enable = "avx2")]
fn signed(bytes: __m128i) -> __m256i {
    _mm256_cvtepi8_epi16(bytes)
}

#[inline]
#[target_feature(enable = "avx2")]
fn sixteen(block: &[u8], at: usize) -> __m128i {
    load_bytes(block[at..].first_chunk().expect("a block holds its groups"))
}

/// Scale and minimum of each group of a block, a row to a lane.
#[derive(Clone, Copy)]
pub struct Scales<const GROUPS: usize> {
    pub scale: [__m256; GROUPS],
    /// Set only where the format has a minimum.
    pub min: [__m256; GROUPS],
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
pub fn scales<const FORMAT: u8, const BYTES: usize, const GROUPS: usize>(
    blocks: [&[u8; BYTES]; ROWS],
) -> Scales<GROUPS> {
    let zero = _mm256_setzero_ps();
    if has_min(FORMAT) {
        return k_scales(blocks);
    }
    let at = if FORMAT == Q6_K { 208 } else { 0 };
    Scales {
        scale: [halves(blocks, at); GROUPS],
        min: [zero; GROUPS],
    }
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
    let head = |row: usize| sixteen(blocks[row], 0);
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
        scale: bytes_times(scale_words, scale),
        min: bytes_times(min_words, min),
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
