//! The definition of the product, one output at a time.

use half::{bf16, f16};

use super::{Activations, Matrix};
use crate::block::{BlockType, GROUP, group};

/// Output `row` of token `token`.
pub fn dot(w: &Matrix, row: usize, x: &Activations, token: usize) -> f32 {
    let bytes = w.row(row);
    let floats = x.row(token);
    match w.block {
        BlockType::F32 => fold(bytes, floats, f32::from_le_bytes),
        BlockType::F16 => fold(bytes, floats, |w| f16::from_le_bytes(w).to_f32()),
        BlockType::BF16 => fold(bytes, floats, |w| bf16::from_le_bytes(w).to_f32()),
        _ => grouped(w.block, bytes, x, token),
    }
}

fn fold<const N: usize>(row: &[u8], x: &[f32], value: impl Fn([u8; N]) -> f32) -> f32 {
    let row = row.as_chunks::<N>().0;
    row.iter()
        .zip(x)
        .fold(0.0, |out, (w, x)| value(*w).mul_add(*x, out))
}

fn grouped(block: BlockType, row: &[u8], x: &Activations, token: usize) -> f32 {
    let x = (x.integers(), token * x.cols() / GROUP, x.cols() / GROUP);
    let (integers, first, groups) = x;
    let mut out = 0.0f32;
    for index in 0..groups {
        let w = group(block, row, index);
        let a = &integers.values[(first + index) * GROUP..][..GROUP];
        let scale = integers.scales[first + index];
        let dot: i32 = w
            .values
            .iter()
            .zip(a)
            .map(|(w, a)| i32::from(*w) * i32::from(*a))
            .sum();
        out = (dot as f32).mul_add(w.scale * scale, out);
        if w.min != 0.0 {
            out = (-w.min).mul_add(scale * integers.sums[first + index] as f32, out);
        }
    }
    out
}
