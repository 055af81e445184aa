//! The gate of Gemma's feed-forward layer.

use crate::cpu::Cpu;
use crate::exp;

/// How many values one thread takes at a time.
const GRAIN: usize = 4096;

/// `gate = gelu(gate) · up`, value by value, with the tanh form of GELU (Hendrycks and Gimpel 2016).
///
/// # Panics
/// When the sizes differ.
pub fn gelu_mul(cpu: &Cpu, gate: &mut [f32], up: &[f32]) {
    assert_eq!(gate.len(), up.len(), "gate and up");
    cpu.pool().run_rows(gate, 1, GRAIN, |first, gate| {
        scalar::gelu_mul(gate, &up[first..][..gate.len()]);
    });
}

/// √(2/π), of the tanh form.
const SQRT_2_OVER_PI: f32 = 0.797_884_6;
/// The cubic term of the tanh form.
const CUBIC: f32 = 0.044_715;

mod scalar {
    use super::{CUBIC, SQRT_2_OVER_PI, exp};

    /// The definition.
    pub fn gelu_mul(gate: &mut [f32], up: &[f32]) {
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = gelu(*gate) * up;
        }
    }

    /// `½x(1 + tanh u)` with `u = √(2/π)(x + 0.044715x³)`, as `x / (1 + e^−2u)`, which does not cancel for
    /// negative x.
    pub fn gelu(x: f32) -> f32 {
        let u = SQRT_2_OVER_PI * x * (CUBIC * x * x + 1.0);
        x / (1.0 + exp::exp(-2.0 * u))
    }
}
