//! The picture tower: SigLIP (arXiv 2303.15343, as in transformers' `modeling_siglip.py`) and the projector of
//! Gemma 3 (`Gemma3MultiModalProjector`), from pixels to soft tokens.
//!
//! ```text
//! pixels [3, 896, 896] → patches [4096, 588] → 27 layers [4096, 1152] → mean of 4 × 4 [256, 1152] → [256, hidden]
//! ```

use candle_core::{Device, Tensor};
use kernels::attention::Sight;

use crate::Error;
use crate::cache::LayerCache;
use crate::config::TowerConfig;
use crate::norm::{LayerNorm, Norm};
use crate::ops::Ops;
use crate::prompt::PICTURE_SIDE;
use crate::weights::{Matrix, Weights};

/// Positions that the feed-forward block takes at once: 4304 numbers for each of all 4096 would be 70 MB, twice.
const ROWS_AT_ONCE: usize = 1024;

/// All weights by their place in the computation.
#[derive(Debug)]
pub struct Tower {
    config: TowerConfig,
    patch: Linear,
    /// A row for each patch.
    positions: Matrix,
    layers: Vec<Layer>,
    post_norm: LayerNorm,
    soft_norm: Norm,
    /// `[width, hidden]`: unlike all others stored with a row for each input.
    projection: Matrix,
}

/// A linear map with its bias.
#[derive(Debug)]
pub struct Linear {
    /// `[outputs, inputs]`
    pub w: Matrix,
    /// `[outputs]`
    pub bias: Vec<f32>,
}

/// A layer: each of its two blocks has a norm before it and none after.
#[derive(Debug)]
struct Layer {
    attention_norm: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    ffn_norm: LayerNorm,
    up: Linear,
    down: Linear,
    shape: kernels::attention::Attention,
}

impl Tower {
    /// Finds every tensor and checks its shape; `None` for a model without eyes.
    pub fn load(weights: &Weights) -> Result<Option<Self>, Error> {
        let Some(config) = weights.tower() else {
            return Ok(None);
        };
        let width = config.hidden_size;
        let patch_shape = [width, 3, config.patch_size, config.patch_size];
        let layers = (0..config.num_hidden_layers).map(|layer| Layer::load(weights, config, layer));
        let (hidden, eps) = (weights.config().hidden_size, config.layer_norm_eps);
        Ok(Some(Self {
            patch: Linear {
                w: weights.flat_matrix("v.patch_embd.weight", &patch_shape)?,
                bias: weights.vector("v.patch_embd.bias", width)?,
            },
            positions: weights.matrix("v.position_embd.weight", config.patches(), width)?,
            layers: layers.collect::<Result<_, _>>()?,
            post_norm: LayerNorm::load(weights, "v.post_ln", width, eps)?,
            soft_norm: weights.norm_with("mm.soft_emb_norm.weight", width, eps)?,
            projection: weights.matrix("mm.input_projection.weight", width, hidden)?,
            config: config.clone(),
        }))
    }

    /// The soft tokens `[256, hidden]` of `pixels` `[3, height, width]` in [-1, 1]; `None` if `stop` said so, which
    /// is asked before every layer. `on_progress` is told how many of all layers are done.
    pub fn encode(
        &self,
        ops: &Ops,
        pixels: &[f32],
        stop: &dyn Fn() -> bool,
        mut on_progress: impl FnMut(usize, usize),
    ) -> Result<Option<Tensor>, Error> {
        let expected = self.config.pixels_len();
        if pixels.len() != expected {
            let found = pixels.len();
            return Err(Error::Pixels { found, expected });
        }
        // Every position looks at every other.
        let n = self.config.patches();
        let ends = vec![n; n];
        let sight = Sight {
            first: 0,
            ends: &ends,
        };

        let x = ops.biased(&self.patches(pixels)?, &self.patch)?; // [n, width]
        let mut x = (x + ops.rows(&self.positions)?)?; // [n, width]
        for (i, layer) in self.layers.iter().enumerate() {
            if stop() {
                return Ok(None);
            }
            x = layer.forward(ops, x, sight)?;
            on_progress(i + 1, self.layers.len());
        }
        let x = ops.layer_norm(&x, &self.post_norm)?;
        let x = self.pool(&x)?; // [256, width]
        // The factors are 1 + w, which is 1 off the projector's own; and every row is normed, not just the first.
        let x = ops.norm(&x, &self.soft_norm)?;
        Ok(Some(ops.project(&x, &self.projection)?)) // [256, hidden]
    }

    /// The patches in reading order, each as the first map takes it: `[n, colours · height · width]`.
    fn patches(&self, pixels: &[f32]) -> Result<Tensor, Error> {
        let (side, patch) = (self.config.patches_per_side(), self.config.patch_size);
        let pixels = Tensor::from_slice(pixels, (3, side, patch, side, patch), &Device::Cpu)?;
        let patches = pixels.permute((1, 3, 0, 2, 4))?; // [side, side, colour, y, x]
        Ok(patches.reshape((side * side, 3 * patch * patch))?)
    }

    /// The mean of every square of 4 × 4 patches: `[n, width]` → `[256, width]`.
    fn pool(&self, x: &Tensor) -> Result<Tensor, Error> {
        let square = self.config.patches_per_side() / PICTURE_SIDE;
        let width = self.config.hidden_size;
        let x = x.reshape((PICTURE_SIDE, square, PICTURE_SIDE, square * width))?; // [y, within, x, within · width]
        let x = x.sum(1)?; // [y, x, within · width]
        let x = x.reshape((PICTURE_SIDE * PICTURE_SIDE, square, width))?;
        Ok((x.sum(1)? / (square * square) as f64)?) // [256, width]
    }
}

impl Layer {
    fn load(weights: &Weights, config: &TowerConfig, layer: usize) -> Result<Self, Error> {
        let TowerConfig {
            hidden_size: width,
            intermediate_size: inner,
            num_attention_heads: heads,
            layer_norm_eps: eps,
            ..
        } = *config;
        let name = |name| format!("v.blk.{layer}.{name}");
        let linear = |part, rows, cols| Linear::load(weights, &name(part), rows, cols);
        let head_dim = width / heads;
        Ok(Self {
            attention_norm: LayerNorm::load(weights, &name("ln1"), width, eps)?,
            q: linear("attn_q", width, width)?,
            k: linear("attn_k", width, width)?,
            v: linear("attn_v", width, width)?,
            out: linear("attn_out", width, width)?,
            ffn_norm: LayerNorm::load(weights, &name("ln2"), width, eps)?,
            up: linear("ffn_up", inner, width)?,
            down: linear("ffn_down", width, inner)?,
            shape: kernels::attention::Attention {
                heads,
                kv_heads: heads,
                head_dim,
                scale: (head_dim as f32).sqrt().recip(),
                window: None,
            },
        })
    }

    /// x `[n, width]` → `[n, width]`.
    fn forward(&self, ops: &Ops, x: Tensor, sight: Sight) -> Result<Tensor, Error> {
        let h = ops.layer_norm(&x, &self.attention_norm)?;
        let [q, k, v] = ops.biased_many(&h, [&self.q, &self.k, &self.v])?; // [n, width] each
        let n = h.dim(0)?;
        drop(h);
        let mut memory = LayerCache::new(&self.shape, n, ops.numerics());
        ops.remember(&k, &v, 0, &mut memory)?;
        drop((k, v));
        let h = ops.attend(&self.shape, &q, sight, &memory)?; // [n, width]
        drop((q, memory));
        let x = (x + ops.biased(&h, &self.out)?)?;

        let h = ops.layer_norm(&x, &self.ffn_norm)?;
        let parts = (0..n).step_by(ROWS_AT_ONCE).map(|first| {
            let h = h.narrow(0, first, ROWS_AT_ONCE.min(n - first))?;
            ops.feed_forward(&h, &self.up, &self.down)
        });
        let parts: Vec<Tensor> = parts.collect::<Result<_, _>>()?;
        Ok((x + Tensor::cat(&parts, 0)?)?)
    }
}

impl Linear {
    fn load(weights: &Weights, name: &str, rows: usize, cols: usize) -> Result<Self, Error> {
        Ok(Self {
            w: weights.matrix(&format!("{name}.weight"), rows, cols)?,
            bias: weights.vector(&format!("{name}.bias"), rows)?,
        })
    }
}

impl LayerNorm {
    fn load(weights: &Weights, name: &str, width: usize, eps: f32) -> Result<Self, Error> {
        Ok(Self {
            factors: weights.vector(&format!("{name}.weight"), width)?,
            bias: weights.vector(&format!("{name}.bias"), width)?,
            eps,
        })
    }
}
