//! The definition, for one query head at one position.

use super::{Attention, Cached, PAGE, Page};
use crate::exp;

pub fn attend(
    shape: &Attention,
    q: &[f32],
    head: usize,
    position: usize,
    cached: &Cached,
    out: &mut [f32],
) {
    let kv = head / (shape.heads / shape.kv_heads);
    let seen = shape.first_seen(position)..=position;
    let score = |p| {
        shape.scale
            * q.iter()
                .zip(row(shape, cached.keys, kv, p))
                .map(|(q, k)| q * k)
                .sum::<f32>()
    };
    let scores: Vec<f32> = seen.clone().map(score).collect();
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);

    let mut total = 0.0;
    out.fill(0.0);
    for (p, score) in seen.zip(scores) {
        let weight = exp::exp(score - largest);
        total += weight;
        for (out, v) in out.iter_mut().zip(row(shape, cached.values, kv, p)) {
            *out += weight * v;
        }
    }
    out.iter_mut().for_each(|out| *out /= total);
}

/// The key or value at position `p`.
fn row<'a>(
    shape: &Attention,
    pages: &'a [Page],
    kv: usize,
    p: usize,
) -> impl Iterator<Item = f32> + 'a {
    let page = &pages[p / PAGE % pages.len()];
    let at = (kv * PAGE + p % PAGE) * shape.head_dim;
    page[at..][..shape.head_dim]
        .iter()
        .map(|v| f32::from_bits(u32::from(*v) << 16))
}
