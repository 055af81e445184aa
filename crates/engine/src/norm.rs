//! The root-mean-square norm (Zhang and Sennrich 2019) of Gemma 3.

/// The factors of a norm: `x / √(mean(x²) + eps) · factors`, in float32 throughout.
#[derive(Debug, Clone, PartialEq)]
pub struct Norm {
    /// Used as they are. Hugging Face's files store them less 1, GGUF files do not; `weights` has settled that.
    pub factors: Vec<f32>,
    /// Under the root.
    pub eps: f32,
}
