//! Activations at every level, and how near their integers are.

use std::num::NonZeroUsize;

use super::*;
use crate::noise::Noise;

/// Every level has the definition's integers, and they are as near as half a step.
#[track_caller]
fn check(x: &[f32], cols: usize) {
    let of = |level| {
        let cpu = Cpu::new(level, NonZeroUsize::new(2).expect("not zero"));
        let activations = Activations::new(&cpu, x, cols);
        let groups = (0..x.len() / GROUP).map(|i| (i * GROUP / cols, i * GROUP % cols / GROUP));
        groups
            .map(|(token, index)| activations.integers().group(token, index))
            .collect::<Vec<_>>()
    };
    let definition = of(Level::Scalar);
    for level in Level::all() {
        assert_eq!(of(level), definition, "{}", level.name());
    }
    for ((values, scale, sum), x) in definition.into_iter().zip(x.as_chunks::<GROUP>().0) {
        assert_eq!(
            sum,
            values.iter().map(|value| i32::from(*value)).sum::<i32>()
        );
        for (value, x) in values.into_iter().zip(x) {
            let off = (f64::from(value) * f64::from(scale) - f64::from(*x)).abs();
            // Half a step; the scale, its inverse and their product are rounded as well.
            let bound = (0.504 * f64::from(scale)).max(f64::from(TINY));
            assert!(off <= bound, "{value}·{scale} for {x}");
            assert!(value.unsigned_abs() <= LARGEST as u16);
        }
    }
}

#[test]
fn integers_are_near_for_any_number_of_tokens_and_magnitude() {
    for tokens in 1..=20 {
        let factor = 10f32.powi(tokens as i32 * 4 - 42); // from subnormal to 1e38
        let x: Vec<f32> = Noise::new(tokens)
            .floats(tokens as usize * 96)
            .iter()
            .map(|x| x * factor)
            .collect();
        check(&x, 96);
    }
}

#[test]
fn zeros_and_one_outlier_are_kept() {
    let mut x = [0.0; 64];
    x[37] = -1e5;
    check(&x, 64);
}

#[test]
fn floats_lie_in_panels() {
    let x: Vec<f32> = (0..7 * 5).map(|i| i as f32).collect();
    let cpu = Cpu::new(Level::Scalar, NonZeroUsize::MIN);
    let activations = Activations::new(&cpu, &x, 5);
    assert_eq!(activations.panels().rows(0), 0..4);
    assert_eq!(
        activations.floats(0)[..8],
        [0.0, 5.0, 10.0, 15.0, 1.0, 6.0, 11.0, 16.0]
    );
    assert_eq!(activations.floats(1)[..4], [20.0, 25.0, 30.0, 21.0]);
}
