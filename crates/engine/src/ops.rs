//! The operations of the forward pass, and the only door to the kernels.
//!
//! Each has two versions: `reference`, float32 candle operations that are obviously right, and `cpu`, our
//! kernels. The first is the definition that the second is tested against.

mod cpu;
mod reference;

use candle_core::{DType, Device, Storage, Tensor, bail};
use kernels::attention::{Attention, Sight};
use kernels::block::GROUP;
use kernels::cpu::Cpu;
use kernels::matmul::screen::{Found, Screen, Search};

use crate::cache::LayerCache;
use crate::norm::{LayerNorm, Norm};
use crate::prompt::Row;
use crate::rope::Angles;
use crate::tower::Linear;
use crate::weights::Matrix;
use crate::{Error, Numerics};

/// How operations are computed here.
#[derive(Debug)]
pub struct Ops {
    numerics: Numerics,
    cpu: Cpu,
    scratch: cpu::Scratch,
}

impl Ops {
    /// Operations with this arithmetic; the threads of `cpu` compute.
    pub fn new(numerics: Numerics, cpu: Cpu) -> Self {
        Self {
            numerics,
            cpu,
            scratch: cpu::Scratch::default(),
        }
    }

    /// What computes.
    pub fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// Which arithmetic.
    pub fn numerics(&self) -> Numerics {
        self.numerics
    }

    /// Rows of a table, multiplied by `scale`, and rows of pictures as they are: `[t, cols]`.
    pub fn embed(&self, table: &Matrix, rows: &[Row], scale: f32) -> Result<Tensor, Error> {
        let mut out = vec![0.0; rows.len() * table.cols()];
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(table.cols())) {
            match row {
                Row::Token(id) => {
                    table.dequantise_rows(*id as usize, out);
                    out.iter_mut().for_each(|value| *value *= scale);
                }
                Row::Soft(row) => out.copy_from_slice(row),
            }
        }
        Ok(Tensor::from_vec(
            out,
            (rows.len(), table.cols()),
            &Device::Cpu,
        )?)
    }

    /// A whole table: `[rows, cols]`.
    pub fn rows(&self, table: &Matrix) -> Result<Tensor, Error> {
        let shape = (table.rows(), table.cols());
        let mut rows = vec![0.0; shape.0 * shape.1];
        table.dequantise_rows(0, &mut rows);
        Ok(Tensor::from_vec(rows, shape, &Device::Cpu)?)
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
            Numerics::Exact => reference::linears(&self.cpu, x, w),
            Numerics::Fast => cpu::linears(&self.cpu, x, w),
        }
    }

    /// `x · wᵀ + bias`: `[t, cols]` → `[t, rows]`.
    pub fn biased(&self, x: &Tensor, map: &Linear) -> Result<Tensor, Error> {
        let [y] = self.biased_many(x, [map])?;
        Ok(y)
    }

    /// Several linear maps with a bias of one input.
    pub fn biased_many<const N: usize>(
        &self,
        x: &Tensor,
        maps: [&Linear; N],
    ) -> Result<[Tensor; N], Error> {
        match self.numerics {
            Numerics::Exact => reference::biased(&self.cpu, x, maps),
            Numerics::Fast => cpu::biased(&self.cpu, x, maps),
        }
    }

    /// `x · w` for a matrix with a row for each input: `[t, rows]` → `[t, cols]`.
    pub fn project(&self, x: &Tensor, w: &Matrix) -> Result<Tensor, Error> {
        match self.numerics {
            Numerics::Exact => Ok(x.matmul(&self.rows(w)?)?),
            Numerics::Fast => cpu::project(&self.cpu, x, &self.rows(w)?),
        }
    }

    /// `(x - mean(x)) / √(variance(x) + eps) · factors + bias`, row by row.
    pub fn layer_norm(&self, x: &Tensor, norm: &LayerNorm) -> Result<Tensor, Error> {
        match self.numerics {
            Numerics::Exact => reference::layer_norm(x, norm),
            Numerics::Fast => cpu::layer_norm(&self.cpu, x, norm),
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
        read(k, |k| read(v, |v| cache.write(first, k, v)))?
    }

    /// Attends from q `[t, h·d]` to what the cache holds, each row as far as it sees.
    ///
    /// `[t, h·d]`.
    pub fn attend(
        &self,
        shape: &Attention,
        q: &Tensor,
        sight: Sight,
        cache: &LayerCache,
    ) -> Result<Tensor, Error> {
        match cache {
            LayerCache::Exact(pages) => reference::attend(shape, q, sight, pages),
            LayerCache::Fast(pages) => cpu::attend(&self.cpu, shape, q, sight, pages),
        }
    }

    /// `down(gelu_tanh(up(x)))`, both with their bias: `[t, width]` → `[t, width]`.
    pub fn feed_forward(&self, x: &Tensor, up: &Linear, down: &Linear) -> Result<Tensor, Error> {
        match self.numerics {
            Numerics::Exact => reference::feed_forward(&self.cpu, x, up, down),
            Numerics::Fast => cpu::feed_forward(&self.cpu, x, up, down),
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
            Numerics::Exact => reference::gated(&self.cpu, x, [gate, up, down]),
            Numerics::Fast => cpu::gated(&self.cpu, &self.scratch, x, [gate, up, down]),
        }
    }

    /// `x · wᵀ` as plain numbers, into `out`: `[t, cols]` → `[t · rows]`.
    pub fn scores(&self, x: &Tensor, w: &Matrix, out: &mut Vec<f32>) -> Result<(), Error> {
        match self.numerics {
            Numerics::Exact => reference::scores(&self.cpu, x, w, out),
            Numerics::Fast => cpu::scores(&self.cpu, x, w, out),
        }
    }

    /// A rough copy of `w`, if [`Ops::largest`] gains by it: not if `w` is hardly larger.
    pub fn screen(&self, w: &Matrix) -> Option<Screen> {
        let wide = w.block().row_bytes(w.cols()) * 8 > 5 * w.cols(); // bits a weight
        let whole = w.cols().is_multiple_of(GROUP);
        (self.numerics == Numerics::Fast && wide && whole)
            .then(|| Screen::new(&self.cpu, &w.as_kernel()))
    }

    /// The rows of `x · wᵀ`, x `[1, cols]`, that have the `k` largest products, and some more, in order, with
    /// their products; `None` if the screen cannot tell.
    pub fn largest<'a>(
        &self,
        x: &Tensor,
        w: &Matrix,
        screen: &Screen,
        search: &'a mut Search,
        k: usize,
    ) -> Result<Option<Found<'a>>, Error> {
        cpu::largest(&self.cpu, x, w, screen, search, k)
    }
}

/// Hands the numbers of `x` to `each`, without a copy: `x` must be float32, in one piece, on the CPU.
fn read<R>(x: &Tensor, each: impl FnOnce(&[f32]) -> R) -> Result<R, Error> {
    let (storage, layout) = x.storage_and_layout();
    let (Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets())
    else {
        return Err(not_plain(x).into());
    };
    Ok(each(&storage.as_slice::<f32>()?[start..end]))
}

fn not_plain(x: &Tensor) -> candle_core::Error {
    let refuse = || -> candle_core::Result<()> {
        bail!(
            "expected {:?} in one piece on the CPU, found {x:?}",
            DType::F32
        )
    };
    refuse().expect_err("it always refuses")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    //! Every fast operation against its definition, within what its roundings allow.

    use std::num::NonZeroUsize;
    use std::path::Path;

    use kernels::cpu::Level;

    use super::*;
    use crate::Weights;
    use crate::cache::Cache;
    use crate::rope::Rope;

    fn ops() -> [Ops; 2] {
        [Numerics::Exact, Numerics::Fast].map(|numerics| {
            let threads = NonZeroUsize::new(2).unwrap();
            Ops::new(numerics, Cpu::new(Level::detect(), threads))
        })
    }

    fn weights() -> Weights {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
        Weights::open(&golden.join("tiny-text/model.gguf")).unwrap()
    }

    /// Numbers between -2 and 2 that look random: `[rows, cols]`.
    fn noise(seed: u32, rows: usize, cols: usize) -> Tensor {
        let mut state = seed.wrapping_mul(747_796_405) + 1;
        let values = (0..rows * cols).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 22) as f32 - 2.0
        });
        Tensor::from_vec(values.collect(), (rows, cols), &Device::Cpu).unwrap()
    }

    #[track_caller]
    fn check([exact, fast]: [Tensor; 2], bound: f32) {
        assert_eq!(exact.dims(), fast.dims());
        let off = (exact - fast)
            .unwrap()
            .abs()
            .unwrap()
            .flatten_all()
            .unwrap()
            .max(0)
            .unwrap();
        let off: f32 = off.to_scalar().unwrap();
        assert!(off <= bound, "off by {off:e}, bound {bound:e}");
    }

    #[test]
    fn linear_maps() {
        let weights = weights();
        let w = weights.matrix("blk.0.ffn_up.weight", 192, 96).unwrap();
        let mut values = vec![0.0; 192 * 96];
        w.dequantise_rows(0, &mut values);
        let largest = values.iter().fold(0f32, |largest, w| largest.max(w.abs()));
        for t in [1, 2, 7, 33] {
            let x = noise(1, t, 96);
            // Two sums of 96 terms, each off by at most 96 · ε · Σ|term|.
            let bound = 2.0 * 96.0 * f32::EPSILON * 96.0 * 2.0 * largest;
            check(ops().map(|ops| ops.linear(&x, &w).unwrap()), bound);
            let scores = ops().map(|ops| {
                let mut out = Vec::new();
                ops.scores(&x, &w, &mut out).unwrap();
                Tensor::from_vec(out, (t, 192), &Device::Cpu).unwrap()
            });
            check(scores, bound);
        }
    }

    #[test]
    fn norms() {
        let norm = weights().norm("blk.0.attn_norm.weight", 96).unwrap();
        let largest = norm
            .factors
            .iter()
            .fold(0f32, |largest, w| largest.max(w.abs()));
        let (x, branch) = (noise(1, 5, 96), noise(2, 5, 96));
        // A normed number is at most √96 times its factor; a dozen roundings.
        let bound = 12.0 * f32::EPSILON * 96f32.sqrt() * largest;
        check(ops().map(|ops| ops.norm(&x, &norm).unwrap()), bound);
        check(
            ops().map(|ops| ops.add_norm(&x, &branch, &norm).unwrap()),
            bound,
        );
    }

    #[test]
    fn heads_are_normed_and_turned() {
        let norm = weights().norm("blk.0.attn_q_norm.weight", 32).unwrap();
        let largest = norm
            .factors
            .iter()
            .fold(0f32, |largest, w| largest.max(w.abs()));
        let angles = Rope::new(32, 10_000.0, 1.0).angles(1000..1005);
        let x = noise(1, 5, 3 * 32);
        let bound = 24.0 * f32::EPSILON * 32f32.sqrt() * largest;
        check(
            ops().map(|ops| ops.norm_rotate(&x, &norm, &angles).unwrap()),
            bound,
        );
    }

    #[test]
    fn attention_in_both_kinds_of_layer() {
        let config = weights().config().clone(); // 3 heads on 1, width 32, window 16
        for (layer, window) in [(0, Some(16)), (5, None)] {
            let shape = Attention {
                heads: 3,
                kv_heads: 1,
                head_dim: 32,
                scale: 0.1,
                window,
            };
            // 400 positions in pieces: the ring of 320 goes round.
            let out = ops().map(|ops| {
                let mut cache = Cache::new(&config, ops.numerics, 1000, 50);
                let mut out = Vec::new();
                for first in (0..400).step_by(50) {
                    let seed = first as u32;
                    cache.reserve(50).unwrap();
                    ops.remember(
                        &noise(seed, 50, 32),
                        &noise(seed + 1, 50, 32),
                        first,
                        cache.layer(layer),
                    )
                    .unwrap();
                    cache.commit(50);
                    let q = noise(seed + 2, 50, 96);
                    // In every piece thirty positions are of one picture.
                    let end = |at: usize| if (10..40).contains(&at) { 40 } else { at + 1 };
                    let ends: Vec<usize> = (0..50).map(|at| first + end(at)).collect();
                    let sight = Sight { first, ends: &ends };
                    out.push(ops.attend(&shape, &q, sight, cache.layer(layer)).unwrap());
                }
                Tensor::cat(&out, 0).unwrap()
            });
            // bfloat16 keys move a score by at most 2⁻⁹ · Σ|q·k| · scale = 2⁻⁹ · 32 · 4 · 0.1, and so each weight by
            // e to twice that; values by 2⁻⁹ of 2.
            let score = 32.0 * 4.0 * 0.1 / 512.0;
            let bound = 2.0 * ((2f32 * score).exp() - 1.0) + 2.0 / 512.0;
            check(out, bound);
        }
    }

    #[test]
    fn the_gated_block() {
        let weights = weights();
        let [gate, up] = ["gate", "up"].map(|name| {
            weights
                .matrix(&format!("blk.0.ffn_{name}.weight"), 192, 96)
                .unwrap()
        });
        let down = weights.matrix("blk.0.ffn_down.weight", 96, 192).unwrap();
        for t in [1, 9] {
            let x = noise(3, t, 96);
            let out = ops().map(|ops| ops.gated(&x, &gate, &up, &down).unwrap());
            let largest: f32 = out[0]
                .abs()
                .unwrap()
                .flatten_all()
                .unwrap()
                .max(0)
                .unwrap()
                .to_scalar()
                .unwrap();
            // float32 throughout in both: a relative error of some hundred roundings.
            check(out, 200.0 * f32::EPSILON * largest.max(1.0));
        }
    }

    #[test]
    fn embeddings_are_rows_of_the_table() {
        let weights = weights();
        let table = weights.matrix("token_embd.weight", 512, 96).unwrap();
        let picture = [0.5; 96];
        let rows = [511, 0, 511].map(Row::Token);
        let rows = [rows.as_slice(), &[Row::Soft(&picture)]].concat();
        let [exact, fast] = ops().map(|ops| ops.embed(&table, &rows, 2.0).unwrap());
        let mut row = vec![0.0; 96];
        table.dequantise_rows(511, &mut row);
        let rows: Vec<Vec<f32>> = exact.to_vec2().unwrap();
        assert_eq!(
            rows[0],
            row.iter().map(|value| value * 2.0).collect::<Vec<f32>>()
        );
        assert_eq!(rows[0], rows[2]);
        assert_eq!(rows[3], picture, "a picture is not scaled");
        check([exact, fast], 0.0);
    }
}
