//! The operations in float32 with candle's own, one line a formula: the definition.

use candle_core::{D, Device, Tensor};
use kernels::attention::Attention;

use crate::Error;
use crate::cache::Pages;
use crate::mask::{mask, seen};
use crate::norm::Norm;
use crate::rope::Angles;
use crate::weights::Matrix;

/// Rows of a matrix are unpacked so many numbers at a time: 16 MB, where a whole head would be 670 MB.
const TILE_VALUES: usize = 4 << 20;

/// See [`super::Ops::linears`].
pub fn linears<const N: usize>(x: &Tensor, w: [&Matrix; N]) -> Result<[Tensor; N], Error> {
    let out: Vec<Tensor> = w.iter().map(|w| linear(x, w)).collect::<Result<_, _>>()?;
    Ok(out.try_into().expect("one tensor a matrix"))
}

fn linear(x: &Tensor, w: &Matrix) -> Result<Tensor, Error> {
    let tile_rows = (TILE_VALUES / w.cols()).max(1);
    let tile = |first| {
        let rows = first..w.rows().min(first + tile_rows);
        let mut values = Vec::new();
        w.dequantise_rows(rows.clone(), &mut values);
        let tile = Tensor::from_vec(values, (rows.len(), w.cols()), &Device::Cpu)?;
        x.matmul(&tile.t()?) // [t, rows of the tile]
    };
    let tiles: Vec<Tensor> = (0..w.rows())
        .step_by(tile_rows)
        .map(tile)
        .collect::<Result<_, _>>()?;
    Ok(Tensor::cat(&tiles, 1)?) // [t, rows]
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
    first: usize,
    pages: &Pages<f32>,
) -> Result<Tensor, Error> {
    let (t, width) = q.dims2()?;
    let (kv, d) = (shape.kv_heads, shape.head_dim);
    let group = shape.heads / kv; // query heads that share one kv head
    let queries = first..first + t;
    let positions = seen(&queries, shape.window);
    let s = positions.len();

    let gather = |of| {
        let mut values = Vec::with_capacity(kv * s * d);
        (0..kv).for_each(|head| pages.gather(of, positions.clone(), head, &mut values));
        Tensor::from_vec(values, (kv, s, d), &Device::Cpu)
    };
    let k = gather(&pages.keys)?; // [kv, s, d]
    let v = gather(&pages.values)?; // [kv, s, d]

    // Heads first; the queries of one kv head lie along the rows.
    let q = q.reshape((t, kv, group, d))?.permute((1, 2, 0, 3))?;
    let q = q.reshape((kv, group * t, d))?.contiguous()?; // [kv, group·t, d]

    // The scale is query_pre_attn_scalar^-½: on 27B that is not head_dim^-½. No soft cap: that was Gemma 2.
    let scores = (q.matmul(&k.t()?)? * f64::from(shape.scale))?; // [kv, group·t, s]
    let scores = scores.broadcast_add(&mask(queries, shape.window)?.repeat((group, 1))?)?;
    let out = softmax(&scores)?.matmul(&v)?; // [kv, group·t, d]

    let out = out.reshape((kv, group, t, d))?.permute((2, 0, 1, 3))?;
    Ok(out.reshape((t, width))?)
}

fn softmax(x: &Tensor) -> candle_core::Result<Tensor> {
    let x = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
    x.broadcast_div(&x.sum_keepdim(D::Minus1)?)
}

/// See [`super::Ops::gated`].
pub fn gated(x: &Tensor, gate: &Matrix, up: &Matrix, down: &Matrix) -> Result<Tensor, Error> {
    // candle's gelu is the tanh form; the other one is called gelu_erf.
    let inner = (linear(x, gate)?.gelu()? * linear(x, up)?)?; // [t, inner]
    linear(&inner, down)
}
