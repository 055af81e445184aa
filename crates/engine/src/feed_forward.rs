//! The gated feed-forward block: `down(gelu_tanh(gate(x)) · up(x))`.

use candle_core::Tensor;

use crate::Error;
use crate::ops::Ops;
use crate::weights::{Matrix, Weights};

/// The feed-forward block of one layer.
#[derive(Debug)]
pub struct FeedForward {
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

impl FeedForward {
    /// The block of layer `layer`.
    pub fn load(weights: &Weights, layer: usize) -> Result<Self, Error> {
        let (hidden, inner) = (
            weights.config().hidden_size,
            weights.config().intermediate_size,
        );
        let matrix =
            |name, rows, cols| weights.matrix(&format!("blk.{layer}.{name}.weight"), rows, cols);
        Ok(Self {
            gate: matrix("ffn_gate", inner, hidden)?,
            up: matrix("ffn_up", inner, hidden)?,
            down: matrix("ffn_down", hidden, inner)?,
        })
    }

    /// x `[t, hidden]` → `[t, hidden]`.
    pub fn forward(&self, ops: &Ops, x: &Tensor) -> Result<Tensor, Error> {
        ops.gated(x, &self.gate, &self.up, &self.down)
    }
}
