//! Rotary positions (Su et al. 2021), in the form that turns the two halves of a head against each other.

use crate::cpu::Cpu;

/// How many tokens one thread takes at a time.
const GRAIN: usize = 16;

/// Turns `x` `[t, heads, head_dim]` in place: `(a, b) → (a·cos − b·sin, b·cos + a·sin)` for `a` in the first
/// half of each head and `b` at the same place in the second. `cos` and `sin` are `[t, head_dim / 2]`, the
/// number of heads follows from the sizes.
///
/// # Panics
/// When the sizes do not agree.
pub fn rotate(cpu: &Cpu, x: &mut [f32], head_dim: usize, cos: &[f32], sin: &[f32]) {
    if x.is_empty() {
        return;
    }
    let half = head_dim / 2;
    assert!(
        half > 0 && head_dim.is_multiple_of(2),
        "a head of {head_dim} has no halves"
    );
    assert!(
        cos.len() == sin.len() && cos.len().is_multiple_of(half),
        "angles of heads of {head_dim}"
    );
    let tokens = cos.len() / half;
    assert!(
        tokens > 0 && x.len().is_multiple_of(tokens * head_dim),
        "{} is not {tokens} tokens",
        x.len()
    );
    let width = x.len() / tokens;
    cpu.pool().run_rows(x, width, GRAIN, |first, x| {
        for (token, x) in x.chunks_exact_mut(width).enumerate() {
            let at = (first + token) * half;
            for head in x.chunks_exact_mut(head_dim) {
                scalar::rotate(head, &cos[at..][..half], &sin[at..][..half]);
            }
        }
    });
}

mod scalar {
    /// The definition, for one head.
    pub fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
        let (first, second) = head.split_at_mut(cos.len());
        for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        }
    }
}
