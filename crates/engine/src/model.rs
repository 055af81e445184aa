//! The forward pass of Gemma 3, in the order of the report (arXiv 2503.19786, section 2).

use candle_core::Tensor;
use kernels::attention::Sight;
use kernels::bf16;
use kernels::block::BlockType;

use crate::attention::Attention;
use crate::cache::Cache;
use crate::feed_forward::FeedForward;
use crate::norm::Norm;
use crate::ops::Ops;
use crate::prompt::Chunk;
use crate::rope::Rope;
use crate::weights::{Matrix, Weights};
use crate::{Config, Error, Numerics};

/// All weights by their place in the computation.
#[derive(Debug)]
pub struct Model {
    embedding: Matrix,
    embedding_scale: f32,
    layers: Vec<Layer>,
    norm: Norm,
    /// The embedding again, unless the file has one of its own.
    head: Matrix,
    global_rope: Rope,
    local_rope: Rope,
}

/// A layer with its four norms: before and after each of its two blocks.
#[derive(Debug)]
struct Layer {
    is_global: bool,
    attention_norm: Norm,
    attention: Attention,
    post_attention_norm: Norm,
    ffn_norm: Norm,
    feed_forward: FeedForward,
    post_ffw_norm: Norm,
}

impl Model {
    /// Finds every tensor and checks its shape.
    pub fn load(weights: &Weights, numerics: Numerics) -> Result<Self, Error> {
        let config: &Config = weights.config();
        let (vocabulary, hidden) = (config.vocab_size, config.hidden_size);
        let embedding = weights.matrix("token_embd.weight", vocabulary, hidden)?;
        let head = match weights.has("output.weight") {
            true => weights.matrix("output.weight", vocabulary, hidden)?,
            false => embedding.clone(),
        };
        let layers = (0..config.num_hidden_layers()).map(|layer| Layer::load(weights, layer));
        Ok(Self {
            embedding_scale: embedding_scale(hidden, &embedding, numerics),
            embedding,
            layers: layers.collect::<Result<_, _>>()?,
            norm: weights.norm("output_norm.weight", hidden)?,
            head,
            global_rope: Rope::new(config.head_dim, config.rope_theta, config.rope_factor),
            // Local layers are never scaled.
            local_rope: Rope::new(config.head_dim, config.rope_local_base_freq, 1.0),
        })
    }

    /// Reads `chunk` after what the cache holds; answers for the last `n` of its rows, at least one.
    ///
    /// `[n, hidden]`, normed: what [`Model::scores`] takes.
    pub fn forward(
        &self,
        ops: &Ops,
        chunk: &Chunk,
        n: usize,
        cache: &mut Cache,
    ) -> Result<Tensor, Error> {
        let (t, first) = (chunk.rows.len(), cache.len());
        cache.reserve(t)?;
        let sight = Sight {
            first,
            ends: &chunk.ends,
        };
        let global = self.global_rope.angles(first..first + t);
        let local = self.local_rope.angles(first..first + t);

        // The residual stream is float32: it reaches 1e5, which float16 cannot hold.
        let mut x = ops.embed(&self.embedding, &chunk.rows, self.embedding_scale)?; // [t, hidden]
        for (i, layer) in self.layers.iter().enumerate() {
            let angles = if layer.is_global { &global } else { &local };
            // After the last layer nobody looks at the other positions again.
            let n = if i + 1 == self.layers.len() { n } else { t };
            let cache = cache.layer(i);

            let h = ops.norm(&x, &layer.attention_norm)?;
            let h = layer.attention.forward(ops, &h, n, angles, sight, cache)?; // [n, hidden]
            x = ops.add_norm(&x.narrow(0, t - n, n)?, &h, &layer.post_attention_norm)?;

            let h = ops.norm(&x, &layer.ffn_norm)?;
            let h = layer.feed_forward.forward(ops, &h)?;
            x = ops.add_norm(&x, &h, &layer.post_ffw_norm)?;
        }
        cache.commit(t);
        ops.norm(&x, &self.norm)
    }

    /// The scores of all tokens after each row of x `[n, hidden]`, into `out`: `[n, vocabulary]`.
    pub fn scores(&self, ops: &Ops, x: &Tensor, out: &mut Vec<f32>) -> Result<(), Error> {
        // No soft cap: that was Gemma 2.
        ops.scores(x, &self.head, out)
    }

    /// The matrix that gives the scores: `[vocabulary, hidden]`.
    pub fn head(&self) -> &Matrix {
        &self.head
    }
}

/// √hidden, by which embeddings are multiplied.
///
/// Gemma was trained with this number in bfloat16 (`Embedder.encode` in DeepMind's `gm/nn/_modules.py`): √640 =
/// 25.298 is 25.25 there. The reference that made the goldens computes in float32 and does not round. On the starter
/// model the two differ by 0.004 in mean |Δnll|, and either is within the bounds of the fast path.
fn embedding_scale(hidden: usize, table: &Matrix, numerics: Numerics) -> f32 {
    let scale = (hidden as f32).sqrt();
    // Google's checkpoints are bfloat16, and so is what quantised files were made from; float32 is someone else's.
    match numerics {
        Numerics::Fast if table.block() != BlockType::F32 => round_to_bf16(scale),
        Numerics::Fast | Numerics::Exact => scale,
    }
}

fn round_to_bf16(x: f32) -> f32 {
    let (mut narrow, mut wide) = ([0], [0.0]);
    bf16::narrow(&[x], &mut narrow);
    bf16::widen(&narrow, &mut wide);
    wide[0]
}

impl Layer {
    fn load(weights: &Weights, layer: usize) -> Result<Self, Error> {
        let hidden = weights.config().hidden_size;
        let norm = |name| weights.norm(&format!("blk.{layer}.{name}.weight"), hidden);
        Ok(Self {
            is_global: weights.config().layer_is_global[layer],
            attention_norm: norm("attn_norm")?,
            attention: Attention::load(weights, layer)?,
            post_attention_norm: norm("post_attention_norm")?,
            ffn_norm: norm("ffn_norm")?,
            feed_forward: FeedForward::load(weights, layer)?,
            post_ffw_norm: norm("post_ffw_norm")?,
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    /// √96 is 9.798, in bfloat16 9.8125: as the makers of a bfloat16 checkpoint rounded it, and as the reference did not.
    #[test]
    fn the_embedding_scale_is_rounded_where_the_checkpoints_makers_did() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/");
        let weights = Weights::open(format!("{golden}tiny-text/model.gguf").as_ref()).unwrap();
        let scale = |numerics| Model::load(&weights, numerics).unwrap().embedding_scale;
        assert_eq!(scale(Numerics::Fast), 9.8125);
        assert_eq!(scale(Numerics::Exact), 96f32.sqrt());
    }
}
