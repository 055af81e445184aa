//! The operations on our kernels: slices of the tensors in, a new tensor out.

use std::sync::{Mutex, PoisonError};

use candle_core::{Device, Tensor};
use kernels::attention::{Attention, Cached, attend as kernel_attend};
use kernels::cpu::Cpu;
use kernels::gelu::gelu_mul;
use kernels::matmul::screen::{Found, Screen, Search};
use kernels::matmul::{Activations, matmul, matmul_many};
use kernels::norm::rms_norm;
use kernels::rope::rotate;

use super::read;
use crate::Error;
use crate::cache::Pages;
use crate::norm::Norm;
use crate::rope::Angles;
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
    let mut out = out
        .into_iter()
        .zip(w)
        .map(|(out, w)| tensor(out, t, w.rows()));
    let tensors: Vec<Tensor> = out.by_ref().collect::<Result<_, _>>()?;
    Ok(tensors.try_into().expect("one tensor a matrix"))
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
    first: usize,
    pages: &Pages<u16>,
) -> Result<Tensor, Error> {
    let (t, width) = q.dims2()?;
    let cached = Cached {
        keys: &pages.keys,
        values: &pages.values,
    };
    let mut out = vec![0.0; t * width];
    read(q, |q| {
        kernel_attend(cpu, shape, q, first, &cached, &mut out)
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
