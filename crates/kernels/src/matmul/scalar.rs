//! The definition of the product.

use std::ops::Range;

use half::{bf16, f16};

use super::activations::PANEL;
use super::{Activations, Matrix, Product};
use crate::block::{BlockType, GROUP, group};

/// Computes the outputs `rows` of all tokens.
///
/// # Safety
/// Nobody else may hold outputs of these rows.
pub unsafe fn outputs(product: &Product, x: &Activations, rows: Range<usize>) {
    for row in rows {
        for first in (0..x.tokens()).step_by(PANEL) {
            let tokens = first..x.tokens().min(first + PANEL);
            let dots = dots(&product.w, row, x, tokens.clone());
            for (token, dot) in tokens.zip(dots) {
                // SAFETY: the caller's promise.
                let out = unsafe { product.outputs(token, row..row + 1) };
                out[0] = dot;
            }
        }
    }
}

/// One output of up to [`PANEL`] tokens, which share the unpacking of the row.
fn dots(w: &Matrix, row: usize, x: &Activations, tokens: Range<usize>) -> [f32; PANEL] {
    let len = w.block.row_bytes(w.cols);
    let bytes = &w.bytes[row * len..][..len];
    let mut out = [0.0; PANEL];
    match w.block {
        BlockType::F32 => plain(bytes, x, tokens, &mut out, f32::from_le_bytes),
        BlockType::F16 => plain(bytes, x, tokens, &mut out, |w| {
            f16::from_le_bytes(w).to_f32()
        }),
        BlockType::BF16 => plain(bytes, x, tokens, &mut out, |w| {
            bf16::from_le_bytes(w).to_f32()
        }),
        _ => quantised(w, bytes, x, tokens, &mut out),
    }
    out
}

fn plain<const N: usize>(
    row: &[u8],
    x: &Activations,
    tokens: Range<usize>,
    out: &mut [f32],
    value: impl Fn([u8; N]) -> f32,
) {
    for (out, token) in out.iter_mut().zip(tokens) {
        let row = row.as_chunks().0;
        *out = row
            .iter()
            .zip(x.row(token))
            .fold(0.0, |out, (w, x)| value(*w).mul_add(*x, out));
    }
}

fn quantised(w: &Matrix, row: &[u8], x: &Activations, tokens: Range<usize>, out: &mut [f32]) {
    for index in 0..w.cols / GROUP {
        let weights = group(w.block, row, index);
        for (out, token) in out.iter_mut().zip(tokens.clone()) {
            let (values, scale, sum) = x.integers().group(token, index);
            let products = weights
                .values
                .iter()
                .zip(values)
                .map(|(w, a)| i32::from(*w) * i32::from(a));
            *out = (products.sum::<i32>() as f32).mul_add(weights.scale * scale, *out);
            if w.block.has_min() {
                *out = (-weights.min).mul_add(sum, *out);
            }
        }
    }
}
