//! eˣ for softmax and GELU.

/// eˣ.
pub fn exp(x: f32) -> f32 {
    x.exp()
}
