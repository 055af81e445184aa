//! Layer normalisation (Ba, Kiros and Hinton 2016): what the picture tower has where the text model has RMS norms.

use crate::cpu::{Cpu, Level};

/// How many rows one thread takes at a time.
const GRAIN: usize = 16;

/// `out = (x − mean(x)) / √(variance(x) + eps) · weight + bias`, row by row; `x` and `out` are
/// `[t, weight.len()]`.
///
/// The variance is that of the row itself (divided by its length). Sums are taken in f64, the mean first.
///
/// # Panics
/// When the sizes do not agree.
pub fn layer_norm(cpu: &Cpu, x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "input and output of a norm");
    assert_eq!(weight.len(), bias.len(), "weight and bias of a norm");
    let width = weight.len();
    cpu.pool().run_rows(out, width, GRAIN, |first, out| {
        let x = &x[first * width..][..out.len()];
        for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            match cpu.level() {
                Level::Scalar => scalar::norm(x, weight, bias, eps, out),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(proof) => avx2::norm(proof, x, weight, bias, eps, out),
            }
        }
    });
}

mod scalar {
    /// The definition, for one row.
    #[inline(always)]
    pub fn norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
        let len = x.len() as f64;
        let mean = sum(x, |x| x) / len;
        let variance = sum(x, |x| (x - mean) * (x - mean)) / len;
        let inverse = (1.0 / (variance + f64::from(eps)).sqrt()) as f32;
        let mean = mean as f32;
        for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
            *out = (x - mean) * inverse * weight + bias;
        }
    }

    /// `Σ of(x)`, in eight sums for eight lanes.
    #[inline(always)]
    fn sum(x: &[f32], of: impl Fn(f64) -> f64) -> f64 {
        let (chunks, tail) = x.as_chunks::<8>();
        let mut sums = [0.0f64; 8];
        for x in chunks {
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum += of(f64::from(*x));
            }
        }
        for (sum, x) in sums.iter_mut().zip(tail) {
            *sum += of(f64::from(*x));
        }
        sums.into_iter().sum()
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::cpu::Avx2;

    /// The definition, compiled for wider vectors.
    pub fn norm(_: Avx2, x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
        #[target_feature(enable = "avx2,fma")]
        fn compiled(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
            super::scalar::norm(x, weight, bias, eps, out);
        }
        // SAFETY: the proof says that this CPU has the features.
        unsafe { compiled(x, weight, bias, eps, out) }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::noise::Noise;

    /// Rows that lie `offset` away from zero, against f64; every level has the same bits.
    #[track_caller]
    fn check(width: usize, rows: usize, offset: f32) {
        let mut noise = Noise::new(width as u64);
        let x: Vec<f32> = (0..width * rows).map(|_| noise.float() + offset).collect();
        let (weight, bias) = (noise.floats(width), noise.floats(width));
        let outs: Vec<Vec<f32>> = Level::all()
            .map(|level| {
                let cpu = Cpu::new(level, NonZeroUsize::new(2).expect("not zero"));
                let mut out = vec![f32::NAN; x.len()];
                layer_norm(&cpu, &x, &weight, &bias, 1e-6, &mut out);
                out
            })
            .collect();
        assert!(outs.iter().all(|out| *out == outs[0]), "width {width}");

        for (i, out) in outs[0].iter().enumerate() {
            let row = &x[i / width * width..][..width];
            let of_row = |f: &dyn Fn(f64) -> f64| {
                row.iter().map(|x| f(f64::from(*x))).sum::<f64>() / width as f64
            };
            let mean = of_row(&|x| x);
            let variance = of_row(&|x| (x - mean).powi(2));
            let inverse = 1.0 / (variance + 1e-6).sqrt();
            let (weight, bias) = (f64::from(weight[i % width]), f64::from(bias[i % width]));
            let exact = (f64::from(x[i]) - mean) * inverse * weight + bias;
            // The mean and the difference are rounded once each, then three factors and the sum.
            let epsilon = f64::from(f32::EPSILON);
            let bound = epsilon * (mean.abs() + 1.0) * inverse * weight.abs()
                + 2.0 * epsilon * ((exact - bias).abs() + exact.abs());
            let off = (f64::from(*out) - exact).abs();
            assert!(off <= bound, "{width}: off by {off:e}, bound {bound:e}");
        }
    }

    #[test]
    fn norms_of_every_width_around_the_vectors() {
        for width in 1..=25 {
            check(width, 3, 0.0);
        }
        check(1152, 40, 0.0);
    }

    #[test]
    fn rows_far_from_zero_keep_their_variance() {
        check(72, 5, 1000.0);
    }

    #[test]
    fn a_row_of_equals_is_the_bias() {
        let cpu = Cpu::new(Level::detect(), NonZeroUsize::MIN);
        let mut out = [0.0; 3];
        layer_norm(&cpu, &[7.0; 3], &[2.0; 3], &[1.0, 2.0, 3.0], 1e-6, &mut out);
        assert_eq!(out, [1.0, 2.0, 3.0]);
    }
}
