//! The definition of the product.

use std::ops::Range;

use half::{bf16, f16};

use super::{Activations, Matrix, Product};
use crate::block::{BlockType, GROUP, HALF, group};
use crate::f8;
use crate::panel::PANEL;

/// Computes the outputs `rows` of all tokens; those of a panel share the unpacking of a row.
///
/// # Safety
/// Nobody else may hold outputs of these rows.
pub unsafe fn outputs(product: &Product, x: &Activations, rows: Range<usize>) {
    let Matrix {
        block, cols, bytes, ..
    } = product.w;
    let len = block.row_bytes(cols);
    for row in rows {
        let w = &bytes[row * len..][..len];
        for panel in 0..x.panels().count() {
            let mut out = [0.0; PANEL];
            match block {
                BlockType::F32 => plain(w, x, panel, &mut out, f32::from_le_bytes),
                BlockType::F16 => plain(w, x, panel, &mut out, |w| f16::from_le_bytes(w).to_f32()),
                BlockType::BF16 => {
                    plain(w, x, panel, &mut out, |w| bf16::from_le_bytes(w).to_f32())
                }
                BlockType::F8_E4M3 => plain(w, x, panel, &mut out, |[w]| f8::value(w)),
                _ => quantised(block, w, x, panel, &mut out),
            }
            for (token, out) in x.panels().rows(panel).zip(out) {
                // SAFETY: the caller's promise.
                unsafe { product.set_outputs(token, row..row + 1, &[out]) };
            }
        }
    }
}

fn plain<const N: usize>(
    w: &[u8],
    x: &Activations,
    panel: usize,
    out: &mut [f32],
    value: impl Fn([u8; N]) -> f32,
) {
    let width = x.panels().rows(panel).len();
    for (w, x) in w
        .as_chunks()
        .0
        .iter()
        .zip(x.floats(panel).chunks_exact(width))
    {
        for (out, x) in out.iter_mut().zip(x) {
            *out = value(*w).mul_add(*x, *out);
        }
    }
}

fn quantised(block: BlockType, w: &[u8], x: &Activations, panel: usize, out: &mut [f32]) {
    for index in 0..x.cols() / GROUP {
        let w = group(block, w, index);
        for (out, token) in out.iter_mut().zip(x.panels().rows(panel)) {
            let (values, scale, sum) = x.integers().group(token, index);
            let products = w
                .values
                .iter()
                .zip(values)
                .map(|(w, a)| i32::from(*w) * i32::from(a));
            *out = (products.sum::<i32>() as f32).mul_add(w.scale * scale, *out);
            if block.has_half_mins() {
                let halves = values.as_chunks::<HALF>().0.iter().zip(w.mins);
                for (values, min) in halves {
                    let sum: i32 = values.iter().map(|a| i32::from(*a)).sum();
                    *out = (-min).mul_add(scale * sum as f32, *out);
                }
            } else if block.has_min() {
                *out = (-w.mins[0]).mul_add(scale * sum as f32, *out);
            }
        }
    }
}
