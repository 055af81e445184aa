//! Root-mean-square normalisation (Zhang and Sennrich 2019, eq. 4).

use crate::cpu::{Cpu, Level};

/// How many rows one thread takes at a time.
const GRAIN: usize = 16;

/// `out = x / √(mean(x²) + eps) · weight`, row by row; `x` and `out` are `[t, weight.len()]`.
///
/// `weight` is used as it is: for checkpoints that store `w` of `1 + w`, as Gemma's from Hugging Face do, the
/// loader has added the 1. Squares are summed in f64: a residual stream has entries of 1e5.
///
/// # Panics
/// When the sizes do not agree.
pub fn rms_norm(cpu: &Cpu, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "input and output of a norm");
    let width = weight.len();
    cpu.pool().run_rows(out, width, GRAIN, |first, out| {
        let x = &x[first * width..][..out.len()];
        for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            match cpu.level() {
                Level::Scalar => scalar::norm::<false>(x, weight, eps, out),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(proof) => avx2::norm::<false>(proof, x, weight, eps, out),
            }
        }
    });
}

/// `residual += rms_norm(x)`: the norm after a block of Gemma 3 and the sum that follows it, in one pass.
///
/// # Panics
/// When the sizes do not agree.
pub fn add_rms_norm(cpu: &Cpu, x: &[f32], weight: &[f32], eps: f32, residual: &mut [f32]) {
    assert_eq!(x.len(), residual.len(), "input and output of a norm");
    let width = weight.len();
    cpu.pool()
        .run_rows(residual, width, GRAIN, |first, residual| {
            let x = &x[first * width..][..residual.len()];
            for (x, residual) in x.chunks_exact(width).zip(residual.chunks_exact_mut(width)) {
                match cpu.level() {
                    Level::Scalar => scalar::norm::<true>(x, weight, eps, residual),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(proof) => avx2::norm::<true>(proof, x, weight, eps, residual),
                }
            }
        });
}

mod scalar {
    /// The definition, for one row: sets `out`, or adds to it. The squares have eight sums, for eight lanes.
    #[inline(always)]
    pub fn norm<const ADD: bool>(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
        let (chunks, tail) = x.as_chunks::<8>();
        let mut squares = [0.0f64; 8];
        for x in chunks {
            for (square, x) in squares.iter_mut().zip(x) {
                *square += f64::from(*x) * f64::from(*x);
            }
        }
        for (square, x) in squares.iter_mut().zip(tail) {
            *square += f64::from(*x) * f64::from(*x);
        }
        let mean = squares.into_iter().sum::<f64>() / x.len() as f64;
        let inverse = (1.0 / (mean + f64::from(eps)).sqrt()) as f32;
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            let normed = x * inverse * weight;
            *out = if ADD { *out + normed } else { normed };
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::cpu::Avx2;

    /// The definition, compiled for wider vectors.
    pub fn norm<const ADD: bool>(_: Avx2, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<const ADD: bool>(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
            super::scalar::norm::<ADD>(x, weight, eps, out);
        }
        // SAFETY: the proof says that this CPU has the features.
        unsafe { compiled::<ADD>(x, weight, eps, out) }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::noise::Noise;

    #[track_caller]
    fn check(width: usize, rows: usize) {
        let mut noise = Noise::new(width as u64);
        let x: Vec<f32> = noise.floats(width * rows).iter().map(|x| x * 1e5).collect();
        let (weight, residual) = (noise.floats(width), noise.floats(width * rows));
        for level in Level::all() {
            let cpu = Cpu::new(level, NonZeroUsize::new(2).expect("not zero"));
            let (mut set, mut added) = (vec![f32::NAN; x.len()], residual.clone());
            rms_norm(&cpu, &x, &weight, 1e-6, &mut set);
            add_rms_norm(&cpu, &x, &weight, 1e-6, &mut added);
            for (i, (set, added)) in set.iter().zip(&added).enumerate() {
                let row = &x[i / width * width..][..width];
                let mean = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / width as f64;
                let exact = f64::from(x[i]) / (mean + 1e-6).sqrt() * f64::from(weight[i % width]);
                // Three roundings: of the inverse root and of two products. One more of the sum.
                let bound = 1.5 * f64::from(f32::EPSILON) * exact.abs();
                assert!(
                    (f64::from(*set) - exact).abs() <= bound,
                    "{width}: {set}, not {exact}"
                );
                assert_eq!(*added, residual[i] + set, "{} at {width}", level.name());
            }
        }
    }

    #[test]
    fn norms_of_every_width_around_the_vectors() {
        for width in 1..=25 {
            check(width, 3);
        }
        check(640, 40);
    }

    #[test]
    fn every_level_has_the_same_bits() {
        for width in (1..=25).chain([96, 640, 1152]) {
            let (x, weight) = (Noise::new(1).floats(width), Noise::new(2).floats(width));
            let mut outs = Level::all().map(|level| {
                let mut out = vec![0.0; width];
                rms_norm(
                    &Cpu::new(level, NonZeroUsize::MIN),
                    &x,
                    &weight,
                    1e-6,
                    &mut out,
                );
                out
            });
            let definition = outs.next().expect("scalar is always there");
            assert!(outs.all(|out| out == definition), "width {width}");
        }
    }

    #[test]
    fn zeros_stay_zero() {
        let mut out = [1.0; 4];
        rms_norm(
            &Cpu::new(Level::detect(), NonZeroUsize::MIN),
            &[0.0; 4],
            &[3.0; 4],
            1e-6,
            &mut out,
        );
        assert_eq!(out, [0.0; 4]);
    }
}
