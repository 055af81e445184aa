//! The K formats: blocks of 256 whose groups have scales of their own, found by trying.

use super::{half, nearest};
use crate::block::GROUP;

/// Groups whose magnitudes stay below this are taken for zero (ggml's `GROUP_MAX_EPS`).
const TINY: f32 = 1e-15;

/// Eight groups of 32 with a scale and a minimum of six bits each.
#[inline(always)]
pub fn q4_k(x: &[f32; 256], out: &mut [u8; 144]) {
    let groups = x.as_chunks::<GROUP>().0;
    let (mut scales, mut mins) = ([0.0; 8], [0.0; 8]);
    let mut q = [[0; GROUP]; 8];
    for (i, x) in groups.iter().enumerate() {
        (scales[i], mins[i]) = scale_and_min(x, &mut q[i]);
    }
    let sixty_third = |largest: f32| if largest > 0.0 { 63.0 / largest } else { 0.0 };
    let largest = |of: &[f32; 8]| {
        of.iter()
            .fold(0.0, |most, x| if *x > most { *x } else { most })
    };
    let (largest_scale, largest_min) = (largest(&scales), largest(&mins));
    let six_bits = |of: [f32; 8], inverse: f32| of.map(|x| (nearest(inverse * x) as u8).min(63));
    let scale_bits = six_bits(scales, sixty_third(largest_scale));
    let min_bits = six_bits(mins, sixty_third(largest_min));
    let (d_bytes, d) = half(largest_scale / 63.0);
    let (dmin_bytes, dmin) = half(largest_min / 63.0);

    // What was found is rounded now, so values choose anew.
    for (i, (x, q)) in groups.iter().zip(&mut q).enumerate() {
        let (scale, min) = (d * f32::from(scale_bits[i]), dmin * f32::from(min_bits[i]));
        if scale != 0.0 {
            *q = x.map(|x| nearest((x + min) / scale).clamp(0, 15) as u8);
        }
    }

    out[..2].copy_from_slice(&d_bytes);
    out[2..4].copy_from_slice(&dmin_bytes);
    let packed = &mut out[4..16];
    for i in 0..4 {
        packed[i] = scale_bits[i] | scale_bits[i + 4] >> 4 << 6;
        packed[i + 4] = min_bits[i] | min_bits[i + 4] >> 4 << 6;
        packed[i + 8] = scale_bits[i + 4] & 15 | min_bits[i + 4] << 4;
    }
    for (q, out) in q
        .as_chunks::<2>()
        .0
        .iter()
        .zip(out[16..].chunks_exact_mut(GROUP))
    {
        for (i, out) in out.iter_mut().enumerate() {
            *out = q[0][i] | q[1][i] << 4;
        }
    }
}

/// Scale and minimum at which 4 bits a value have the least squared error, each value weighing as much as its
/// magnitude and the group's mean square: ggml's `make_qkx2_quants` with the numbers that Q4_K gives it.
#[inline(always)]
fn scale_and_min(x: &[f32; GROUP], best: &mut [u8; GROUP]) -> (f32, f32) {
    const MOST: f32 = 15.0;
    const STEPS: usize = 20;
    let mean_square = x.iter().fold(0.0, |sum, x| sum + x * x) / GROUP as f32;
    let root = mean_square.sqrt();
    let weights = x.map(|x| root + x.abs());

    let (mut min, mut max) = (x[0], x[0]);
    let (mut sum_w, mut sum_x) = (weights[0], weights[0] * x[0]);
    for (x, w) in x.iter().zip(weights).skip(1) {
        min = if *x < min { *x } else { min };
        max = if *x > max { *x } else { max };
        sum_w += w;
        sum_x += w * x;
    }
    min = if min > 0.0 { 0.0 } else { min };
    if max == min {
        *best = [0; GROUP];
        return (0.0, -min);
    }

    let bits = |inverse: f32, min: f32| x.map(|x| nearest(inverse * (x - min)).clamp(0, 15));
    let error = |q: &[i32; GROUP], scale: f32, min: f32| {
        let mut error = 0.0;
        for ((x, q), w) in x.iter().zip(q).zip(weights) {
            let off = scale * *q as f32 + min - x;
            error += w * (off * off);
        }
        error
    };
    let inverse = MOST / (max - min);
    let mut scale = 1.0 / inverse;
    let mut found = bits(inverse, min);
    let mut least = error(&found, scale, min);
    for step in 0..=STEPS {
        // The search goes on from the best minimum so far, not from the group's own.
        let inverse = (-1.0 + 0.1 * step as f32 + MOST) / (max - min);
        let q = bits(inverse, min);
        let (mut sum_q, mut sum_qq, mut sum_qx) = (0.0, 0.0, 0.0);
        for ((x, q), w) in x.iter().zip(&q).zip(weights) {
            let q = *q as f32;
            sum_q += w * q;
            sum_qq += w * q * q;
            sum_qx += w * q * x;
        }
        let determinant = sum_w * sum_qq - sum_q * sum_q;
        if determinant <= 0.0 {
            continue;
        }
        // The line through (q, x) with the least squared error; a minimum above zero cannot be stored.
        let mut this_scale = (sum_w * sum_qx - sum_x * sum_q) / determinant;
        let mut this_min = (sum_qq * sum_x - sum_q * sum_qx) / determinant;
        if this_min > 0.0 {
            this_min = 0.0;
            this_scale = sum_qx / sum_qq;
        }
        let this_error = error(&q, this_scale, this_min);
        if this_error < least {
            (found, least, scale, min) = (q, this_error, this_scale, this_min);
        }
    }
    *best = found.map(|q| q as u8);
    (scale, -min)
}

/// Sixteen groups of 16 with a signed scale of eight bits each.
#[inline(always)]
pub fn q6_k(x: &[f32; 256], out: &mut [u8; 210]) {
    let groups = x.as_chunks::<16>().0;
    let mut scales = [0.0; 16];
    let mut q = [[0; 16]; 16];
    for (i, x) in groups.iter().enumerate() {
        scales[i] = signed_scale(x, &mut q[i]);
    }
    let extreme = scales.iter().fold(
        0.0,
        |most, x| if x.abs() > f32::abs(most) { *x } else { most },
    );
    if extreme.abs() < TINY {
        *out = [0; 210];
        return;
    }
    let inverse = -128.0 / extreme;
    let (d_bytes, d) = half(1.0 / inverse);
    let scale_bits = scales.map(|scale| nearest(inverse * scale).min(127) as i8);
    for (i, (x, q)) in groups.iter().zip(&mut q).enumerate() {
        let scale = d * f32::from(scale_bits[i]);
        if scale != 0.0 {
            *q = x.map(|x| (nearest(x / scale).clamp(-32, 31) + 32) as u8);
        }
    }

    let q = q.as_flattened();
    for half in 0..2 {
        let q = &q[128 * half..];
        for i in 0..32 {
            let four = [q[i], q[i + 32], q[i + 64], q[i + 96]];
            out[64 * half + i] = four[0] & 15 | four[2] << 4;
            out[64 * half + 32 + i] = four[1] & 15 | four[3] << 4;
            let high = four.map(|q| q >> 4);
            out[128 + 32 * half + i] = high[0] | high[1] << 2 | high[2] << 4 | high[3] << 6;
        }
    }
    out[192..208].copy_from_slice(&scale_bits.map(|scale| scale as u8));
    out[208..].copy_from_slice(&d_bytes);
}

/// The scale at which six signed bits a value have the least squared error, each value weighing as its square:
/// ggml's `make_qx_quants` with the numbers that Q6_K gives it.
#[inline(always)]
fn signed_scale(x: &[f32; 16], best: &mut [u8; 16]) -> f32 {
    const MOST: i32 = 32;
    let extreme = x.iter().fold(
        0.0,
        |most, x| if x.abs() > f32::abs(most) { *x } else { most },
    );
    if extreme.abs() < TINY {
        *best = [0; 16];
        return 0.0;
    }
    let bits = |inverse: f32| x.map(|x| nearest(inverse * x).clamp(-MOST, MOST - 1));
    let sums = |q: &[i32; 16]| {
        let (mut sum_qx, mut sum_qq) = (0.0, 0.0);
        for (x, q) in x.iter().zip(q) {
            let (w, q) = (x * x, *q as f32);
            sum_qx += w * x * q;
            sum_qq += w * q * q;
        }
        (sum_qx, sum_qq)
    };
    let mut found = bits(-(MOST as f32) / extreme);
    let (sum_qx, sum_qq) = sums(&found);
    let mut scale = if sum_qq > 0.0 { sum_qx / sum_qq } else { 0.0 };
    let mut most = scale * sum_qx;
    for step in (-9..=9).filter(|step| *step != 0) {
        let q = bits(-(MOST as f32 + 0.1 * step as f32) / extreme);
        let (sum_qx, sum_qq) = sums(&q);
        if sum_qq > 0.0 && sum_qx * sum_qx > most * sum_qq {
            found = q;
            scale = sum_qx / sum_qq;
            most = scale * sum_qx;
        }
    }
    *best = found.map(|q| (q + MOST) as u8);
    scale
}
