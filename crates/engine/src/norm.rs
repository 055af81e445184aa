//! The root-mean-square norm (Zhang and Sennrich 2019) of Gemma 3, and the layer norm of its picture tower.

/// The factors of a norm: `x / √(mean(x²) + eps) · factors`, in float32 throughout.
#[derive(Debug, Clone, PartialEq)]
pub struct Norm {
    /// Used as they are. Hugging Face's files store them less 1, GGUF files do not; `weights` has settled that.
    pub factors: Vec<f32>,
    /// Under the root.
    pub eps: f32,
}

/// The numbers of a layer norm, which the picture tower has: `(x - mean(x)) / √(variance(x) + eps) · factors + bias`.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm {
    /// Used as they are stored, in every kind of file.
    pub factors: Vec<f32>,
    /// Likewise.
    pub bias: Vec<f32>,
    /// Under the root.
    pub eps: f32,
}
