//! Attention: every new position looks at those before it, in a local layer only at the nearest; and the rows of a
//! picture at all of it.

use candle_core::Tensor;
use kernels::attention::Sight;

use crate::cache::LayerCache;
use crate::norm::Norm;
use crate::ops::Ops;
use crate::rope::Angles;
use crate::weights::{Matrix, Weights};
use crate::{Config, Error};

/// The attention of one layer.
#[derive(Debug)]
pub struct Attention {
    w_q: Matrix,
    w_k: Matrix,
    w_v: Matrix,
    w_o: Matrix,
    q_norm: Norm,
    k_norm: Norm,
    shape: kernels::attention::Attention,
}

impl Attention {
    /// The attention of layer `layer`.
    pub fn load(weights: &Weights, layer: usize) -> Result<Self, Error> {
        let Config {
            hidden_size,
            num_attention_heads: h,
            num_key_value_heads: kv,
            head_dim: d,
            ..
        } = *weights.config();
        let is_global = weights.config().layer_is_global[layer];
        let matrix =
            |name, rows, cols| weights.matrix(&format!("blk.{layer}.{name}.weight"), rows, cols);
        let norm = |name| weights.norm(&format!("blk.{layer}.{name}.weight"), d);
        Ok(Self {
            w_q: matrix("attn_q", h * d, hidden_size)?,
            w_k: matrix("attn_k", kv * d, hidden_size)?,
            w_v: matrix("attn_v", kv * d, hidden_size)?,
            w_o: matrix("attn_output", hidden_size, h * d)?,
            q_norm: norm("attn_q_norm")?,
            k_norm: norm("attn_k_norm")?,
            shape: kernels::attention::Attention {
                heads: h,
                kv_heads: kv,
                head_dim: d,
                scale: weights.config().query_scale,
                window: (!is_global).then_some(weights.config().sliding_window),
            },
        })
    }

    /// Attends from `t` positions to those in the cache and to each other, each as far as it sees.
    ///
    /// x `[t, hidden]` → `[n, hidden]`: only the last `n` positions get an answer, all go into the cache.
    pub fn forward(
        &self,
        ops: &Ops,
        x: &Tensor,
        n: usize,
        angles: &Angles,
        sight: Sight,
        cache: &mut LayerCache,
    ) -> Result<Tensor, Error> {
        let [q, k, v] = ops.linears(x, [&self.w_q, &self.w_k, &self.w_v])?; // [t, h·d], [t, kv·d], [t, kv·d]

        // Gemma 3 norms q and k per head, before RoPE.
        let q = ops.norm_rotate(&q, &self.q_norm, angles)?;
        let k = ops.norm_rotate(&k, &self.k_norm, angles)?;
        ops.remember(&k, &v, sight.first, cache)?;

        let skipped = x.dim(0)? - n;
        let q = q.narrow(0, skipped, n)?; // [n, h·d]
        let sight = Sight {
            first: sight.first + skipped,
            ends: &sight.ends[skipped..],
        };
        let out = ops.attend(&self.shape, &q, sight, cache)?; // [n, h·d]
        ops.linear(&out, &self.w_o) // [n, hidden]
    }
}
