//! bfloat16, the format of the cache: the upper half of an f32. Plain loops, which compilers turn into vectors.

/// Rounds to the nearest bfloat16, ties to even; a NaN stays one.
///
/// # Panics
/// When the lengths differ.
pub fn narrow(x: &[f32], out: &mut [u16]) {
    assert_eq!(x.len(), out.len(), "input and output of narrow");
    for (x, out) in x.iter().zip(out) {
        let bits = x.to_bits();
        // Half of what is cut off, or a little less where an even number ends: carries just when it should.
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
        let quiet = bits >> 16 | 0x40; // so that a NaN does not end as an infinity
        *out = if x.is_nan() { quiet } else { rounded } as u16;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bfloat16_survives_the_way_there_and_back() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let (mut wide, mut back) = (vec![0.0; all.len()], vec![0; all.len()]);
        widen(&all, &mut wide);
        narrow(&wide, &mut back);
        for ((before, wide), after) in all.iter().zip(&wide).zip(&back) {
            assert!(before == after || wide.is_nan() && half::bf16::from_bits(*after).is_nan());
        }
    }

    #[test]
    fn narrowing_agrees_with_the_half_crate() {
        let x: Vec<f32> = (0..=u32::MAX).step_by(65_521).map(f32::from_bits).collect();
        let mut found = vec![0; x.len()];
        narrow(&x, &mut found);
        for (x, found) in x.iter().zip(found) {
            assert_eq!(found, half::bf16::from_f32(*x).to_bits(), "{x}");
        }
    }

    #[test]
    fn halves_go_to_even() {
        let mut out = [0; 4];
        let between = |low: u16| f32::from_bits(u32::from(low) << 16 | 0x8000);
        narrow(
            &[between(0x3f80), between(0x3f81), f32::INFINITY, f32::MAX],
            &mut out,
        );
        assert_eq!(out, [0x3f80, 0x3f82, 0x7f80, 0x7f80]);
    }
}
