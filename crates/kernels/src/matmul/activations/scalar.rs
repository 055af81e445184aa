//! The definition of quantised activations.

use super::{GROUP, PAIRS, places, scale_of};

/// Pairs, scale and sum of a group: the largest magnitude becomes [`super::LARGEST`], ties go to
/// even.
pub fn quantise(x: &[f32; GROUP]) -> ([i32; PAIRS], f32, i32) {
    let magnitudes = x.iter().map(|x| x.abs().to_bits());
    let (scale, inverse) = scale_of(magnitudes.max().unwrap_or(0));
    let values = x.map(|x| (x * inverse).round_ties_even() as i16);
    let sum: i32 = values.iter().map(|value| i32::from(*value)).sum();
    let pairs = std::array::from_fn(|i| {
        let [first, second] = places(i).map(|place| i32::from(values[place]));
        first & 0xffff | second << 16
    });
    (pairs, scale, sum)
}
