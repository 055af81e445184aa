//! The little vocabulary of 256-bit vectors that the kernels share: loads and stores that are safe because
//! the length is in the type, and shuffles that have a name.
//!
//! Functions here are safe to call from code compiled for AVX2, that is, from a function that carries the same
//! `target_feature`; only the entry into such code is unsafe, and there the proof is a [`crate::cpu::Avx2`].

use std::arch::x86_64::*;

/// Floats in a vector.
pub const LANES: usize = 8;

/// Aligned to a cache line, so that no vector straddles two.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Aligned<T>(pub T);

#[inline]
#[target_feature(enable = "avx2")]
pub fn load(x: &[f32; 8]) -> __m256 {
    // SAFETY: eight floats are what one unaligned load reads.
    unsafe { _mm256_loadu_ps(x.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn store(x: __m256, out: &mut [f32; 8]) {
    // SAFETY: eight floats are what one unaligned store writes.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), x) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn load_i16(x: &[i16; 16]) -> __m256i {
    // SAFETY: 16 times two bytes are what one unaligned load reads.
    unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn load_u16(x: &[u16; 16]) -> __m256i {
    // SAFETY: 16 times two bytes are what one unaligned load reads.
    unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn load_i32(x: &[i32; 8]) -> __m256i {
    // SAFETY: eight times four bytes are what one unaligned load reads.
    unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn store_i16(x: __m256i, out: &mut [i16; 16]) {
    // SAFETY: 16 times two bytes are what one unaligned store writes.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), x) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn store_i32(x: __m256i, out: &mut [i32; 8]) {
    // SAFETY: eight times four bytes are what one unaligned store writes.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), x) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn load_bytes(x: &[u8; 16]) -> __m128i {
    // SAFETY: 16 bytes are what one unaligned load reads.
    unsafe { _mm_loadu_si128(x.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn load_u8(x: &[u8; 32]) -> __m256i {
    // SAFETY: 32 bytes are what one unaligned load reads.
    unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn load_u16x8(x: &[u16; 8]) -> __m128i {
    // SAFETY: eight times two bytes are what one unaligned load reads.
    unsafe { _mm_loadu_si128(x.as_ptr().cast()) }
}

/// Asks for what will be read soon: the lines of memory that `slice` begins in and goes through.
#[inline]
#[target_feature(enable = "avx2")]
pub fn prefetch<T>(slice: &[T]) {
    for line in slice.chunks(64 / size_of::<T>()) {
        _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast());
    }
}

/// Transposes 8×8 lanes of 32 bits: lane `j` of result `i` is lane `i` of argument `j`.
#[inline]
#[target_feature(enable = "avx2")]
pub fn transpose(r: [__m256i; 8]) -> [__m256i; 8] {
    let pair = |i: usize| {
        (
            _mm256_unpacklo_epi32(r[i], r[i + 1]),
            _mm256_unpackhi_epi32(r[i], r[i + 1]),
        )
    };
    let (a0, a1) = pair(0);
    let (a2, a3) = pair(2);
    let (a4, a5) = pair(4);
    let (a6, a7) = pair(6);
    // Lane 0-3 of the four rows above, beside lane 4-7 of the same.
    let b0 = _mm256_unpacklo_epi64(a0, a2);
    let b1 = _mm256_unpackhi_epi64(a0, a2);
    let b2 = _mm256_unpacklo_epi64(a1, a3);
    let b3 = _mm256_unpackhi_epi64(a1, a3);
    let b4 = _mm256_unpacklo_epi64(a4, a6);
    let b5 = _mm256_unpackhi_epi64(a4, a6);
    let b6 = _mm256_unpacklo_epi64(a5, a7);
    let b7 = _mm256_unpackhi_epi64(a5, a7);
    [
        _mm256_permute2x128_si256::<0x20>(b0, b4),
        _mm256_permute2x128_si256::<0x20>(b1, b5),
        _mm256_permute2x128_si256::<0x20>(b2, b6),
        _mm256_permute2x128_si256::<0x20>(b3, b7),
        _mm256_permute2x128_si256::<0x31>(b0, b4),
        _mm256_permute2x128_si256::<0x31>(b1, b5),
        _mm256_permute2x128_si256::<0x31>(b2, b6),
        _mm256_permute2x128_si256::<0x31>(b3, b7),
    ]
}

/// [`transpose`] for floats.
#[inline]
#[target_feature(enable = "avx2")]
pub fn transpose_ps(r: [__m256; 8]) -> [__m256; 8] {
    // One closure would do for the eight, but `map` is not compiled for AVX2 and would pass them by memory.
    let [a, b, c, d, e, f, g, h] = r;
    let i = |x| _mm256_castps_si256(x);
    let [a, b, c, d, e, f, g, h] = transpose([i(a), i(b), i(c), i(d), i(e), i(f), i(g), i(h)]);
    let x = |i| _mm256_castsi256_ps(i);
    [x(a), x(b), x(c), x(d), x(e), x(f), x(g), x(h)]
}

/// Lane `i` of the result is the sum of the lanes of argument `i`.
#[inline]
#[target_feature(enable = "avx2")]
pub fn sums(r: [__m256i; 8]) -> __m256i {
    let two = |a, b| _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let four = |a, b| _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    let a = four(two(r[0], r[1]), two(r[2], r[3]));
    let b = four(two(r[4], r[5]), two(r[6], r[7]));
    _mm256_add_epi32(
        _mm256_permute2x128_si256::<0x20>(a, b),
        _mm256_permute2x128_si256::<0x31>(a, b),
    )
}
