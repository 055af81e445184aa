//! bfloat16, the format of the cache: the upper half of an f32.

/// Rounds to the nearest bfloat16, ties to even; NaN stays NaN.
///
/// # Panics
/// When the lengths differ.
pub fn narrow(x: &[f32], out: &mut [u16]) {
    assert_eq!(x.len(), out.len(), "input and output of narrow");
    for (x, out) in x.iter().zip(out) {
        *out = half::bf16::from_f32(*x).to_bits();
    }
}

/// The same numbers as f32, exactly.
///
/// # Panics
/// When the lengths differ.
pub fn widen(x: &[u16], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "input and output of widen");
    for (x, out) in x.iter().zip(out) {
        *out = f32::from_bits(u32::from(*x) << 16);
    }
}
