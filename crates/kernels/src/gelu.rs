//! GELU in its tanh form: the gate of Gemma's feed-forward layer, and the step between the picture tower's two.

use crate::cpu::{Cpu, Level};
use crate::exp::exp;

/// How many values one thread takes at a time.
const GRAIN: usize = 4096;

/// `gate = gelu(gate) · up`, value by value, with the tanh form of GELU (Hendrycks and Gimpel 2016).
///
/// GELU is off by at most `(4 + 4|u|)·ε` relatively, `u` being the argument of the tanh: near zero and for
/// positive values some units in the last place, more for negative ones whose result is nothing beside others.
///
/// # Panics
/// When the sizes differ.
pub fn gelu_mul(cpu: &Cpu, gate: &mut [f32], up: &[f32]) {
    assert_eq!(gate.len(), up.len(), "gate and up");
    cpu.pool().run_rows(gate, 1, GRAIN, |first, gate| {
        let up = &up[first..][..gate.len()];
        match cpu.level() {
            Level::Scalar => scalar::gelu_mul(gate, up),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(proof) => avx2::gelu_mul(proof, gate, up),
        }
    });
}

/// `x = gelu(x + bias)` for each row of `x` `[t, bias.len()]`; GELU as in [`gelu_mul`].
///
/// # Panics
/// When `x` is not whole rows.
pub fn gelu_bias(cpu: &Cpu, x: &mut [f32], bias: &[f32]) {
    let rows = (GRAIN / bias.len().max(1)).max(1);
    cpu.pool().run_rows(x, bias.len(), rows, |_, x| {
        for x in x.chunks_exact_mut(bias.len()) {
            match cpu.level() {
                Level::Scalar => scalar::gelu_bias(x, bias),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(proof) => avx2::gelu_bias(proof, x, bias),
            }
        }
    });
}

mod scalar {
    use super::exp;

    /// √(2/π), of the tanh form.
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    /// The cubic term of the tanh form.
    const CUBIC: f32 = 0.044_715;

    /// The definition.
    #[inline(always)]
    pub fn gelu_mul(gate: &mut [f32], up: &[f32]) {
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = gelu(*gate) * up;
        }
    }

    /// The definition, for one row.
    #[inline(always)]
    pub fn gelu_bias(x: &mut [f32], bias: &[f32]) {
        for (x, bias) in x.iter_mut().zip(bias) {
            *x = gelu(*x + bias);
        }
    }

    /// `½x(1 + tanh u)` with `u = √(2/π)(x + 0.044715x³)`, as `x / (1 + e^−2u)`, which does not cancel for
    /// negative x.
    #[inline(always)]
    pub fn gelu(x: f32) -> f32 {
        let u = SQRT_2_OVER_PI * x * (CUBIC * x * x + 1.0);
        x / (1.0 + exp(-2.0 * u))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::cpu::Avx2;

    /// The definition, compiled for wider vectors.
    pub fn gelu_mul(_: Avx2, gate: &mut [f32], up: &[f32]) {
        #[target_feature(enable = "avx2,fma")]
        fn compiled(gate: &mut [f32], up: &[f32]) {
            super::scalar::gelu_mul(gate, up);
        }
        // SAFETY: the proof says that this CPU has the features.
        unsafe { compiled(gate, up) }
    }

    /// The definition, compiled for wider vectors.
    pub fn gelu_bias(_: Avx2, x: &mut [f32], bias: &[f32]) {
        #[target_feature(enable = "avx2,fma")]
        fn compiled(x: &mut [f32], bias: &[f32]) {
            super::scalar::gelu_bias(x, bias);
        }
        // SAFETY: the proof says that this CPU has the features.
        unsafe { compiled(x, bias) }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::noise::Noise;

    #[track_caller]
    fn check(gate: &[f32], up: &[f32]) {
        for level in Level::all() {
            let mut found = gate.to_vec();
            gelu_mul(
                &Cpu::new(level, NonZeroUsize::new(2).expect("not zero")),
                &mut found,
                up,
            );
            for ((found, gate), up) in found.iter().zip(gate).zip(up) {
                let x = f64::from(*gate);
                let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
                let exact = x / (1.0 + (-2.0 * u).exp()) * f64::from(*up);
                // `exp` ends at 2.4e38: what is smaller than that part of x stays that.
                let bound = (4.0 + 4.0 * u.abs()) * f64::from(f32::EPSILON) * exact.abs()
                    + 5e-39 * (x * f64::from(*up)).abs();
                let off = (f64::from(*found) - exact).abs();
                assert!(
                    off <= bound,
                    "gelu({gate}) · {up} = {found} at {}, not {exact}",
                    level.name()
                );
            }
        }
    }

    #[test]
    fn gelu_is_near_the_exact_one_from_very_negative_to_very_positive() {
        let gate: Vec<f32> = (-4000..4000).map(|i| i as f32 * 0.01).collect();
        check(&gate, &vec![1.5; gate.len()]);
        check(
            &[0.0, -0.0, 1e-30, -1e-30, 1e4, -1e4, 1e18, -1e10],
            &[1.0; 8],
        );
    }

    #[test]
    fn every_length_around_the_vectors_has_the_definitions_bits() {
        let mut noise = Noise::new(11);
        for len in (0..=25).chain([5000]) {
            let (gate, up): (Vec<f32>, _) = (
                noise.floats(len).iter().map(|x| x * 9.0).collect(),
                noise.floats(len),
            );
            let mut outs = Level::all().map(|level| {
                let mut out = gate.clone();
                gelu_mul(&Cpu::new(level, NonZeroUsize::MIN), &mut out, &up);
                out
            });
            let definition = outs.next().expect("scalar is always there");
            assert!(outs.all(|out| out == definition), "length {len}");
        }
    }

    /// Adding the bias first and multiplying by one after says the same with [`gelu_mul`], bit for bit.
    #[test]
    fn a_bias_comes_before_it() {
        let mut noise = Noise::new(3);
        for width in (1..=25).chain([4304]) {
            let (x, bias) = (noise.floats(3 * width), noise.floats(width));
            for level in Level::all() {
                let cpu = Cpu::new(level, NonZeroUsize::new(2).expect("not zero"));
                let mut found = x.clone();
                gelu_bias(&cpu, &mut found, &bias);
                let mut expected: Vec<f32> = (x.iter().zip(bias.iter().cycle()))
                    .map(|(x, bias)| x + bias)
                    .collect();
                gelu_mul(&cpu, &mut expected, &vec![1.0; x.len()]);
                assert_eq!(found, expected, "width {width}, {}", level.name());
            }
        }
    }
}
