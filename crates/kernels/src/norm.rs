//! Root-mean-square normalisation (Zhang and Sennrich 2019, eq. 4).

use crate::cpu::Cpu;

/// How many rows one thread takes at a time.
const GRAIN: usize = 16;

/// `out = x / √(mean(x²) + eps) · weight`, row by row; `x` and `out` are `[t, weight.len()]`.
///
/// `weight` is used as it is: for Gemma's checkpoints from Hugging Face, which store `w` of `1 + w`, the
/// loader has added the 1. The sum of squares is taken in f64: a residual stream has entries of 1e5.
///
/// # Panics
/// When the sizes do not agree.
pub fn rms_norm(cpu: &Cpu, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "input and output of a norm");
    let width = weight.len();
    cpu.pool().run_rows(out, width, GRAIN, |first, out| {
        let x = &x[first * width..][..out.len()];
        for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            scalar::rms_norm(x, weight, eps, out);
        }
    });
}

mod scalar {
    /// The definition, for one row.
    pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
        let squares: f64 = x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
        let inverse = (1.0 / (squares / x.len() as f64 + f64::from(eps)).sqrt()) as f32;
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * inverse * weight;
        }
    }
}
