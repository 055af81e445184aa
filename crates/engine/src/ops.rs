//! The operations of the forward pass, and the only door to the kernels.
//!
//! Each has two versions: `reference`, float32 candle operations that are obviously right, and `cpu`, our
//! kernels. The first is the definition that the second is tested against.

mod cpu;
mod reference;

use candle_core::{Device, Tensor};
use kernels::attention::Attention;
use kernels::cpu::Cpu;

use crate::cache::LayerCache;
use crate::norm::Norm;
use crate::rope::Angles;
use crate::weights::Matrix;
use crate::{Error, Numerics};

/// How operations are computed here.
#[derive(Debug)]
pub struct Ops {
    numerics: Numerics,
    cpu: Cpu,
}

impl Ops {
    /// Operations with this arithmetic; the threads of `cpu` compute.
    pub fn new(numerics: Numerics, cpu: Cpu) -> Self {
        Self { numerics, cpu }
    }

    /// What computes.
    pub fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// The rows `ids` of a table, multiplied by `scale`: `[t, cols]`.
    pub fn embed(&self, table: &Matrix, ids: &[u32], scale: f32) -> Result<Tensor, Error> {
        let mut rows = Vec::with_capacity(ids.len() * table.cols());
        for id in ids {
            let id = *id as usize;
            table.dequantise_rows(id..id + 1, &mut rows);
        }
        rows.iter_mut().for_each(|value| *value *= scale);
        Ok(Tensor::from_vec(
            rows,
            (ids.len(), table.cols()),
            &Device::Cpu,
        )?)
    }

    /// `x · wᵀ`: `[t, cols]` → `[t, rows]`.
    pub fn linear(&self, x: &Tensor, w: &Matrix) -> Result<Tensor, Error> {
        let [y] = self.linears(x, [w])?;
        Ok(y)
    }

    /// Several linear maps of one input.
    pub fn linears<const N: usize>(
        &self,
        x: &Tensor,
        w: [&Matrix; N],
    ) -> Result<[Tensor; N], Error> {
        match self.numerics {
            Numerics::Exact => reference::linears(x, w),
            Numerics::Fast => cpu::linears(&self.cpu, x, w),
        }
    }

    /// `x / √(mean(x²) + eps) · factors`, row by row.
    pub fn norm(&self, x: &Tensor, norm: &Norm) -> Result<Tensor, Error> {
        match self.numerics {
            Numerics::Exact => reference::norm(x, norm),
            Numerics::Fast => cpu::norm(&self.cpu, x, norm),
        }
    }

    /// `x + norm(branch)`: how a block's answer joins the residual stream.
    pub fn add_norm(&self, x: &Tensor, branch: &Tensor, norm: &Norm) -> Result<Tensor, Error> {
        match self.numerics {
            Numerics::Exact => Ok((x + reference::norm(branch, norm)?)?),
            Numerics::Fast => cpu::add_norm(&self.cpu, x, branch, norm),
        }
    }

    /// Norms each head of x `[t, heads·d]` and turns it to its position.
    pub fn norm_rotate(&self, x: &Tensor, norm: &Norm, angles: &Angles) -> Result<Tensor, Error> {
        match self.numerics {
            Numerics::Exact => reference::norm_rotate(x, norm, angles),
            Numerics::Fast => cpu::norm_rotate(&self.cpu, x, norm, angles),
        }
    }

    /// Writes k and v `[t, kv·d]` to the cache at the positions from `first` on.
    pub fn remember(
        &self,
        k: &Tensor,
        v: &Tensor,
        first: usize,
        cache: &mut LayerCache,
    ) -> Result<(), Error> {
        cpu::read(k, |k| cpu::read(v, |v| cache.write(first, k, v)))?
    }

    /// Attends from q `[t, h·d]`, whose first row is at position `first`, to what the cache holds up to each.
    ///
    /// `[t, h·d]`.
    pub fn attend(
        &self,
        shape: &Attention,
        q: &Tensor,
        first: usize,
        cache: &LayerCache,
    ) -> Result<Tensor, Error> {
        match cache {
            LayerCache::Exact(pages) => reference::attend(shape, q, first, pages),
            LayerCache::Fast(pages) => cpu::attend(&self.cpu, shape, q, first, pages),
        }
    }

    /// `down(gelu_tanh(gate(x)) · up(x))`: `[t, hidden]` → `[t, hidden]`.
    pub fn gated(
        &self,
        x: &Tensor,
        gate: &Matrix,
        up: &Matrix,
        down: &Matrix,
    ) -> Result<Tensor, Error> {
        match self.numerics {
            Numerics::Exact => reference::gated(x, gate, up, down),
            Numerics::Fast => cpu::gated(&self.cpu, x, gate, up, down),
        }
    }

    /// `x · wᵀ` as plain numbers, into `out`: `[t, cols]` → `[t · rows]`.
    pub fn scores(&self, x: &Tensor, w: &Matrix, out: &mut Vec<f32>) -> Result<(), Error> {
        match self.numerics {
            Numerics::Exact => {
                let [y] = reference::linears(x, [w])?;
                *out = y.flatten_all()?.to_vec1()?;
                Ok(())
            }
            Numerics::Fast => cpu::scores(&self.cpu, x, w, out),
        }
    }
}
