//! The formats whose blocks are 32 values with one scale.

use super::half;
use crate::block::GROUP;

/// A scale at which the value that is largest in magnitude becomes −8: its sign may then be either.
#[inline(always)]
pub fn q4_0(x: &[f32; GROUP], out: &mut [u8; 18]) {
    let (d, inverse) = scale(extreme(x), -8.0);
    out[..2].copy_from_slice(&d);
    let q = x.map(|x| ((x * inverse + 8.5) as i32).min(15) as u8);
    for (i, out) in out[2..].iter_mut().enumerate() {
        *out = q[i] | q[i + 16] << 4;
    }
}

/// As [`q4_0`], with −16.
#[inline(always)]
pub fn q5_0(x: &[f32; GROUP], out: &mut [u8; 22]) {
    let (d, inverse) = scale(extreme(x), -16.0);
    out[..2].copy_from_slice(&d);
    let q = x.map(|x| ((x * inverse + 16.5) as i32).min(31) as u8);
    let fifths = q.iter().enumerate();
    let fifths = fifths.fold(0, |bits, (i, q)| bits | u32::from(q >> 4) << i);
    out[2..6].copy_from_slice(&fifths.to_le_bytes());
    for (i, out) in out[6..].iter_mut().enumerate() {
        *out = q[i] & 15 | q[i + 16] << 4;
    }
}

#[inline(always)]
pub fn q8_0(x: &[f32; GROUP], out: &mut [u8; 34]) {
    let (d, inverse) = scale(extreme(x).abs(), 127.0);
    out[..2].copy_from_slice(&d);
    for (x, out) in x.iter().zip(&mut out[2..]) {
        *out = (x * inverse).round() as i8 as u8; // ties away from zero
    }
}

/// The first value of the largest magnitude.
#[inline(always)]
fn extreme(x: &[f32; GROUP]) -> f32 {
    x.iter().fold(
        0.0,
        |most, x| if x.abs() > f32::abs(most) { *x } else { most },
    )
}

/// The scale at which `extreme` becomes `end`, and what values are multiplied by for it: not rounded as the scale is.
#[inline(always)]
fn scale(extreme: f32, end: f32) -> ([u8; 2], f32) {
    let d = extreme / end;
    (half(d).0, if d == 0.0 { 0.0 } else { 1.0 / d })
}
