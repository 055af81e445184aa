//! The operations in float32 with candle's own, one line a formula: the definition.

use candle_core::{D, Device, Tensor};
use kernels::attention::{Attention, Sight};
use kernels::cpu::Cpu;

use super::read;
use crate::Error;
use crate::cache::Pages;
use crate::mask::{mask, seen_by_any};
use crate::norm::{LayerNorm, Norm};
use crate::rope::Angles;
use crate::tower::Linear;
use crate::weights::Matrix;

/// Rows of a matrix are unpacked so many numbers at a time: 16 MB, where a whole head would be 670 MB.
const TILE_VALUES: usize = 4 << 20;
/// Rows that one thread unpacks at a time.
const UNPACK_ROWS: usize = 32;
/// Scores of attention that exist at a time: 16 MB, where those of a picture's 4096 positions, each with each for
/// 16 heads, would be 1 GB.
const MOST_SCORES: usize = 4 << 20;

/// See [`super::Ops::linears`].
pub fn linears<const N: usize>(
    cpu: &Cpu,
    x: &Tensor,
    w: [&Matrix; N],
) -> Result<[Tensor; N], Error> {
    let out: Vec<Tensor> = w
        .iter()
        .map(|w| linear(cpu, x, w))
        .collect::<Result<_, _>>()?;
    Ok(out.try_into().expect("one tensor a matrix"))
}

fn linear(cpu: &Cpu, x: &Tensor, w: &Matrix) -> Result<Tensor, Error> {
    let mut out = Vec::new();
    scores(cpu, x, w, &mut out)?;
    Ok(Tensor::from_vec(out, (x.dim(0)?, w.rows()), &Device::Cpu)?)
}

/// See [`super::Ops::scores`]. The threads of `cpu` unpack, those of candle multiply.
pub fn scores(cpu: &Cpu, x: &Tensor, w: &Matrix, out: &mut Vec<f32>) -> Result<(), Error> {
    let (rows, cols) = (w.rows(), w.cols());
    let tile_rows = (TILE_VALUES / cols).clamp(1, rows);
    out.resize(x.dim(0)? * rows, 0.0);
    for first in (0..rows).step_by(tile_rows) {
        let n = tile_rows.min(rows - first);
        let mut tile = vec![0.0; n * cols];
        cpu.pool()
            .run_rows(&mut tile, cols, UNPACK_ROWS, |row, tile| {
                w.dequantise_rows(first + row, tile)
            });
        let tile = Tensor::from_vec(tile, (n, cols), &Device::Cpu)?;
        let y = x.matmul(&tile.t()?)?; // [t, n]
        read(&y, |y| {
            for (y, out) in y.chunks_exact(n).zip(out.chunks_exact_mut(rows)) {
                out[first..][..n].copy_from_slice(y);
            }
        })?;
    }
    Ok(())
}

/// See [`super::Ops::biased_many`].
pub fn biased<const N: usize>(
    cpu: &Cpu,
    x: &Tensor,
    maps: [&Linear; N],
) -> Result<[Tensor; N], Error> {
    let out: Vec<Tensor> = maps
        .iter()
        .map(|map| with_bias(cpu, x, map))
        .collect::<Result<_, _>>()?;
    Ok(out.try_into().expect("one tensor a map"))
}

fn with_bias(cpu: &Cpu, x: &Tensor, map: &Linear) -> Result<Tensor, Error> {
    let bias = Tensor::from_slice(&map.bias, map.bias.len(), &Device::Cpu)?;
    Ok(linear(cpu, x, &map.w)?.broadcast_add(&bias)?)
}

/// See [`super::Ops::layer_norm`].
pub fn layer_norm(x: &Tensor, norm: &LayerNorm) -> Result<Tensor, Error> {
    let numbers = |of: &[f32]| Tensor::from_slice(of, of.len(), &Device::Cpu);
    let x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = x.sqr()?.mean_keepdim(D::Minus1)?;
    let x = x.broadcast_div(&(variance + f64::from(norm.eps))?.sqrt()?)?;
    let x = x.broadcast_mul(&numbers(&norm.factors)?)?;
    Ok(x.broadcast_add(&numbers(&norm.bias)?)?)
}

/// See [`super::Ops::norm`].
pub fn norm(x: &Tensor, norm: &Norm) -> Result<Tensor, Error> {
    let factors = Tensor::from_slice(&norm.factors, norm.factors.len(), &Device::Cpu)?;
    let mean = x.sqr()?.mean_keepdim(D::Minus1)?;
    let root = (mean + f64::from(norm.eps))?.sqrt()?;
    Ok(x.broadcast_div(&root)?.broadcast_mul(&factors)?)
}

/// See [`super::Ops::norm_rotate`].
pub fn norm_rotate(x: &Tensor, head_norm: &Norm, angles: &Angles) -> Result<Tensor, Error> {
    let (t, width) = x.dims2()?;
    let half = angles.half;
    let x = norm(&x.reshape((t, width / (2 * half), 2 * half))?, head_norm)?; // [t, heads, d]

    let cos = Tensor::from_slice(&angles.cos, (t, 1, half), &Device::Cpu)?;
    let sin = Tensor::from_slice(&angles.sin, (t, 1, half), &Device::Cpu)?;
    // Half-split: number i of a head is paired with number i + d/2, not with its neighbour.
    let (a, b) = (x.narrow(2, 0, half)?, x.narrow(2, half, half)?); // [t, heads, d/2]
    let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
    let second = (b.broadcast_mul(&cos)? + a.broadcast_mul(&sin)?)?;
    Ok(Tensor::cat(&[first, second], 2)?.reshape((t, width))?)
}

/// See [`super::Ops::attend`].
pub fn attend(
    shape: &Attention,
    q: &Tensor,
    sight: Sight,
    pages: &Pages<f32>,
) -> Result<Tensor, Error> {
    let (t, width) = q.dims2()?;
    let (kv, d) = (shape.kv_heads, shape.head_dim);
    let group = shape.heads / kv; // query heads that share one kv head
    let positions = seen_by_any(sight, shape.window);
    let s = positions.len();

    let gather = |of| {
        let mut values = Vec::with_capacity(kv * s * d);
        (0..kv).for_each(|head| pages.gather(of, positions.clone(), head, &mut values));
        Tensor::from_vec(values, (kv, s, d), &Device::Cpu)
    };
    let k = gather(&pages.keys)?; // [kv, s, d]
    let v = gather(&pages.values)?; // [kv, s, d]

    let attend_some = |at: usize, n: usize| {
        // Heads first; the queries of one kv head lie along the rows.
        let q = q.narrow(0, at, n)?.reshape((n, kv, group, d))?;
        let q = q.permute((1, 2, 0, 3))?.reshape((kv, group * n, d))?; // [kv, group·n, d]

        // The scale is query_pre_attn_scalar^-½: on 27B that is not head_dim^-½. No soft cap: that was Gemma 2.
        let scores = (q.matmul(&k.t()?)? * f64::from(shape.scale))?; // [kv, group·n, s]
        let sight = Sight {
            first: sight.first + at,
            ends: &sight.ends[at..at + n],
        };
        let mask = mask(sight, shape.window, positions.clone())?; // [n, s]
        let scores = scores.broadcast_add(&mask.repeat((group, 1))?)?;
        let out = softmax(&scores)?.matmul(&v)?; // [kv, group·n, d]

        let out = out.reshape((kv, group, n, d))?.permute((2, 0, 1, 3))?;
        out.reshape((n, width))
    };
    let step = (MOST_SCORES / (shape.heads * s)).max(1);
    let parts = (0..t)
        .step_by(step)
        .map(|at| attend_some(at, step.min(t - at)));
    let parts: Vec<Tensor> = parts.collect::<Result<_, _>>()?;
    Ok(Tensor::cat(&parts, 0)?)
}

fn softmax(x: &Tensor) -> candle_core::Result<Tensor> {
    let x = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
    x.broadcast_div(&x.sum_keepdim(D::Minus1)?)
}

/// See [`super::Ops::gated`].
pub fn gated(cpu: &Cpu, x: &Tensor, [gate, up, down]: [&Matrix; 3]) -> Result<Tensor, Error> {
    // candle's gelu is the tanh form; the other one is called gelu_erf.
    let inner = (linear(cpu, x, gate)?.gelu()? * linear(cpu, x, up)?)?; // [t, inner]
    linear(cpu, &inner, down)
}

/// See [`super::Ops::feed_forward`].
pub fn feed_forward(cpu: &Cpu, x: &Tensor, up: &Linear, down: &Linear) -> Result<Tensor, Error> {
    with_bias(cpu, &with_bias(cpu, x, up)?.gelu()?, down)
}
