//! The operations on our kernels: slices of the tensors in, a new tensor out.

use std::sync::{Mutex, PoisonError};

use candle_core::{Device, Tensor};
use kernels::attention::{Attention, Cached, Sight, attend as kernel_attend};
use kernels::bias::add_bias;
use kernels::block::BlockType;
use kernels::cpu::Cpu;
use kernels::gelu::{gelu_bias, gelu_mul};
use kernels::layer_norm::layer_norm as kernel_layer_norm;
use kernels::matmul::screen::{Found, Screen, Search};
use kernels::matmul::{self, Activations, matmul, matmul_many};
use kernels::norm::rms_norm;
use kernels::rope::rotate;

use super::read;
use crate::Error;
use crate::cache::Pages;
use crate::norm::{LayerNorm, Norm};
use crate::rope::Angles;
use crate::tower::Linear;
use crate::weights::Matrix;

fn tensor(values: Vec<f32>, rows: usize, cols: usize) -> Result<Tensor, Error> {
    Ok(Tensor::from_vec(values, (rows, cols), &Device::Cpu)?)
}

/// See [`super::Ops::linears`].
pub fn linears<const N: usize>(
    cpu: &Cpu,
    x: &Tensor,
    w: [&Matrix; N],
) -> Result<[Tensor; N], Error> {
    tensors(products(cpu, x, w)?, x.dim(0)?)
}

/// See [`super::Ops::biased_many`].
pub fn biased<const N: usize>(
    cpu: &Cpu,
    x: &Tensor,
    maps: [&Linear; N],
) -> Result<[Tensor; N], Error> {
    let mut out = products(cpu, x, maps.map(|map| &map.w))?;
    for (out, map) in out.iter_mut().zip(maps) {
        add_bias(cpu, out, &map.bias);
    }
    tensors(out, x.dim(0)?)
}

fn products<const N: usize>(
    cpu: &Cpu,
    x: &Tensor,
    w: [&Matrix; N],
) -> Result<[Vec<f32>; N], Error> {
    let (t, cols) = x.dims2()?;
    let mut out = w.map(|w| vec![0.0; t * w.rows()]);
    read(x, |x| {
        // Quantised once for all of them.
        let x = Activations::new(cpu, x, cols);
        let mut products: Vec<_> = w
            .iter()
            .zip(&mut out)
            .map(|(w, out)| (w.as_kernel(), out.as_mut_slice()))
            .collect();
        matmul_many(cpu, &x, &mut products);
    })?;
    out.iter_mut().zip(w).for_each(|(out, w)| w.scale(out));
    Ok(out)
}

fn tensors<const N: usize>(values: [Vec<f32>; N], rows: usize) -> Result<[Tensor; N], Error> {
    let tensors = values.into_iter().map(|values| {
        let cols = values.len() / rows;
        tensor(values, rows, cols)
    });
    let tensors: Vec<Tensor> = tensors.collect::<Result<_, _>>()?;
    Ok(tensors.try_into().expect("one tensor a matrix"))
}

/// See [`super::Ops::project`]. Once a picture, so turning `w` `[inputs, outputs]` round costs nothing that counts.
pub fn project(cpu: &Cpu, x: &Tensor, w: &Tensor) -> Result<Tensor, Error> {
    let (t, inputs) = x.dims2()?;
    let outputs = w.dim(1)?;
    let rows = w.t()?.flatten_all()?.to_vec1::<f32>()?; // [outputs, inputs]
    let bytes: Vec<u8> = rows.into_iter().flat_map(f32::to_le_bytes).collect();
    let w = matmul::Matrix {
        block: BlockType::F32,
        rows: outputs,
        cols: inputs,
        bytes: &bytes,
    };
    let mut out = vec![0.0; t * outputs];
    read(x, |x| {
        matmul(cpu, &w, &Activations::new(cpu, x, inputs), &mut out)
    })?;
    tensor(out, t, outputs)
}

/// See [`super::Ops::layer_norm`].
pub fn layer_norm(cpu: &Cpu, x: &Tensor, norm: &LayerNorm) -> Result<Tensor, Error> {
    let (t, width) = x.dims2()?;
    let mut out = vec![0.0; t * width];
    read(x, |x| {
        kernel_layer_norm(cpu, x, &norm.factors, &norm.bias, norm.eps, &mut out)
    })?;
    tensor(out, t, width)
}

/// See [`super::Ops::scores`].
pub fn scores(cpu: &Cpu, x: &Tensor, w: &Matrix, out: &mut Vec<f32>) -> Result<(), Error> {
    let (t, cols) = x.dims2()?;
    out.resize(t * w.rows(), 0.0);
    read(x, |x| {
        matmul(cpu, &w.as_kernel(), &Activations::new(cpu, x, cols), out)
    })?;
    w.scale(out);
    Ok(())
}

/// See [`super::Ops::largest`].
pub fn largest<'a>(
    cpu: &Cpu,
    x: &Tensor,
    w: &Matrix,
    screen: &Screen,
    search: &'a mut Search,
    k: usize,
) -> Result<Option<Found<'a>>, Error> {
    let (_, cols) = x.dims2()?;
    read(x, |x| {
        search.largest(
            cpu,
            &w.as_kernel(),
            screen,
            &Activations::new(cpu, x, cols),
            k,
        )
    })
}

/// See [`super::Ops::norm`].
pub fn norm(cpu: &Cpu, x: &Tensor, norm: &Norm) -> Result<Tensor, Error> {
    let (t, width) = x.dims2()?;
    let mut out = vec![0.0; t * width];
    read(x, |x| rms_norm(cpu, x, &norm.factors, norm.eps, &mut out))?;
    tensor(out, t, width)
}

/// See [`super::Ops::add_norm`].
pub fn add_norm(cpu: &Cpu, x: &Tensor, branch: &Tensor, norm: &Norm) -> Result<Tensor, Error> {
    let (t, width) = x.dims2()?;
    let mut out = vec![0.0; t * width];
    read(branch, |branch| {
        rms_norm(cpu, branch, &norm.factors, norm.eps, &mut out)
    })?;
    read(x, |x| out.iter_mut().zip(x).for_each(|(out, x)| *out += x))?;
    tensor(out, t, width)
}

/// See [`super::Ops::norm_rotate`].
pub fn norm_rotate(cpu: &Cpu, x: &Tensor, norm: &Norm, angles: &Angles) -> Result<Tensor, Error> {
    let (t, width) = x.dims2()?;
    let mut out = vec![0.0; t * width];
    read(x, |x| rms_norm(cpu, x, &norm.factors, norm.eps, &mut out))?; // rows of one head
    rotate(cpu, &mut out, 2 * angles.half, &angles.cos, &angles.sin);
    tensor(out, t, width)
}

/// See [`super::Ops::attend`].
pub fn attend(
    cpu: &Cpu,
    shape: &Attention,
    q: &Tensor,
    sight: Sight,
    pages: &Pages<u16>,
) -> Result<Tensor, Error> {
    let (t, width) = q.dims2()?;
    let cached = Cached {
        keys: &pages.keys,
        values: &pages.values,
    };
    let mut out = vec![0.0; t * width];
    read(q, |q| {
        kernel_attend(cpu, shape, q, sight, &cached, &mut out)
    })?;
    tensor(out, t, width)
}

/// Memory for what lives inside one operation, kept from call to call: to zero two rows of the feed-forward
/// width for every position of a chunk, 4 MB at 270M, costs as much as a norm, and on one thread.
#[derive(Debug, Default)]
pub struct Scratch(Mutex<[Vec<f32>; 2]>);

/// See [`super::Ops::gated`].
pub fn gated(
    cpu: &Cpu,
    scratch: &Scratch,
    x: &Tensor,
    [gate, up, down]: [&Matrix; 3],
) -> Result<Tensor, Error> {
    let (t, hidden) = x.dims2()?;
    let inner = gate.rows();
    // Whatever a panic left in there is overwritten.
    let mut scratch = scratch.0.lock().unwrap_or_else(PoisonError::into_inner);
    let [gated, lifted] = &mut *scratch;
    gated.resize(t * inner, 0.0);
    lifted.resize(t * inner, 0.0);
    read(x, |x| {
        let x = Activations::new(cpu, x, hidden);
        matmul_many(
            cpu,
            &x,
            &mut [(gate.as_kernel(), gated), (up.as_kernel(), lifted)],
        );
    })?;
    gate.scale(gated);
    up.scale(lifted);
    gelu_mul(cpu, gated, lifted);
    let mut out = vec![0.0; t * down.rows()];
    matmul(
        cpu,
        &down.as_kernel(),
        &Activations::new(cpu, gated, inner),
        &mut out,
    );
    down.scale(&mut out);
    tensor(out, t, down.rows())
}

/// See [`super::Ops::feed_forward`].
pub fn feed_forward(cpu: &Cpu, x: &Tensor, up: &Linear, down: &Linear) -> Result<Tensor, Error> {
    let [mut inner] = products(cpu, x, [&up.w])?;
    gelu_bias(cpu, &mut inner, &up.bias);
    let inner = tensor(inner, x.dim(0)?, up.w.rows())?;
    let [out] = biased(cpu, &inner, [down])?;
    Ok(out)
}
