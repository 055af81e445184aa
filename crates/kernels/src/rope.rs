//! Rotary positions (Su et al. 2021), in the form that turns the two halves of a head against each other.

use crate::cpu::{Cpu, Level};

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
            let (cos, sin) = (&cos[at..][..half], &sin[at..][..half]);
            match cpu.level() {
                Level::Scalar => scalar::rotate(x, cos, sin),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(proof) => avx2::rotate(proof, x, cos, sin),
            }
        }
    });
}

mod scalar {
    /// The definition, for the heads of one token.
    #[inline(always)]
    pub fn rotate(heads: &mut [f32], cos: &[f32], sin: &[f32]) {
        for head in heads.chunks_exact_mut(2 * cos.len()) {
            let (first, second) = head.split_at_mut(cos.len());
            for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::cpu::Avx2;

    /// The definition, compiled for wider vectors.
    pub fn rotate(_: Avx2, heads: &mut [f32], cos: &[f32], sin: &[f32]) {
        #[target_feature(enable = "avx2,fma")]
        fn compiled(heads: &mut [f32], cos: &[f32], sin: &[f32]) {
            super::scalar::rotate(heads, cos, sin);
        }
        // SAFETY: the proof says that this CPU has the features.
        unsafe { compiled(heads, cos, sin) }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::noise::Noise;

    #[track_caller]
    fn check(tokens: usize, heads: usize, head_dim: usize) {
        let mut noise = Noise::new(head_dim as u64);
        let x = noise.floats(tokens * heads * head_dim);
        let half = head_dim / 2;
        let (cos, sin) = (noise.floats(tokens * half), noise.floats(tokens * half));
        for level in Level::all() {
            let mut found = x.clone();
            rotate(
                &Cpu::new(level, NonZeroUsize::new(2).expect("not zero")),
                &mut found,
                head_dim,
                &cos,
                &sin,
            );
            for (head, found) in found.chunks_exact(head_dim).enumerate() {
                let before = &x[head * head_dim..][..head_dim];
                for i in 0..half {
                    let at = head / heads * half + i;
                    let (a, b, cos, sin) = (before[i], before[half + i], cos[at], sin[at]);
                    assert_eq!(
                        (found[i], found[half + i]),
                        (a * cos - b * sin, b * cos + a * sin)
                    );
                }
            }
        }
    }

    #[test]
    fn heads_of_every_even_width_around_the_vectors() {
        for head_dim in (2..=50).step_by(2) {
            check(3, 2, head_dim);
        }
        check(40, 4, 256);
        check(1, 1, 16);
    }

    #[test]
    fn a_quarter_turn_swaps_the_halves() {
        let mut x = [1.0, 2.0, 3.0, 4.0];
        rotate(
            &Cpu::new(Level::detect(), NonZeroUsize::MIN),
            &mut x,
            4,
            &[0.0; 2],
            &[1.0; 2],
        );
        assert_eq!(x, [-3.0, -4.0, 1.0, 2.0]);
    }
}
