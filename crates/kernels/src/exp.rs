//! eˣ in single precision, the same bits at every level.

/// Above this the result stays what it is here, 2.4e38.
const HIGHEST: f32 = 88.376;
/// Below this the result would be subnormal, and is zero.
const LOWEST: f32 = -87.336;

/// eˣ, off by at most 2 units in the last place; zero below −87.336 (where it would be subnormal), constant
/// above 88.376, NaN for NaN.
///
/// `x = n·ln 2 + r` with `|r| ≤ ½ ln 2`, a polynomial for eʳ (Moshier's Cephes, `expf.c`), and `n` put into the
/// exponent. No branches and no calls, so loops over it become vectors.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4; // 0.693359375, few bits, so that n times it is exact
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const ROUND: f32 = 12_582_912.0; // 1.5·2²³: adding it leaves the nearest integer in the low bits

    let clamped = x.clamp(LOWEST, HIGHEST);
    let shifted = clamped.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, clamped));

    let p = 1.987_569_1e-4_f32;
    let p = p.mul_add(r, 1.398_199_9e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_5e-1);
    let p = p.mul_add(r, 0.5);
    let e_r = p.mul_add(r * r, r) + 1.0;

    // n sits in the low bits of `shifted`; 127 is the bias of an exponent, 23 its place.
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < LOWEST { 0.0 } else { e_r * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every 1021st float there is, which is some four million.
    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for bits in (0..=u32::MAX).step_by(1021) {
            let x = f32::from_bits(bits);
            let (found, exact) = (f64::from(exp(x)), f64::from(x).exp());
            if x.is_nan() {
                assert!(found.is_nan());
            } else if x < LOWEST {
                assert_eq!(found, 0.0);
            } else if x <= HIGHEST {
                let unit = exact * f64::from(f32::EPSILON); // at most one unit in the last place
                assert!(
                    (found - exact).abs() <= 2.0 * unit,
                    "exp({x}) = {found}, not {exact}"
                );
            } else {
                assert_eq!(found, f64::from(exp(HIGHEST)));
            }
        }
    }

    #[test]
    fn exp_of_zero_is_one() {
        assert_eq!(
            (exp(0.0), exp(-0.0), exp(f32::NEG_INFINITY)),
            (1.0, 1.0, 0.0)
        );
    }
}
