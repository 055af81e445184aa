//! The product on AVX2: one token streams the weights past it, several share weights unpacked into L1.

/// Runs `$body` for each group of a block of `$groups`, `$within` being its number as a constant.
macro_rules! each_group {
    ($groups:expr, |$within:ident| $body:expr) => {{
        each_group!(@ $within, $body, 0);
        if $groups > 1 {
            each_group!(@ $within, $body, 1, 2, 3, 4, 5, 6, 7);
        }
    }};
    (@ $within:ident, $body:expr, $($number:literal),*) => {
        $({
            const $within: usize = $number;
            $body
        })*
    };
}

mod floats;
mod gemm;
mod gemv;
mod rows;
mod scales;
mod unpack;

use std::ops::Range;

use super::{Activations, Product};
use crate::block::BlockType;
use crate::cpu::Avx2;

/// Computes the outputs `rows` of all tokens.
///
/// # Safety
/// Nobody else may hold outputs of these rows.
pub unsafe fn outputs(_: Avx2, product: &Product, x: &Activations, rows: Range<usize>) {
    /// Format, bytes of a block, groups of a block.
    macro_rules! quantised {
        ($format:expr, $bytes:literal, $groups:literal) => {
            // SAFETY: the proof says that this CPU has the features; the rows are ours by the caller's promise.
            unsafe {
                if x.tokens() == 1 {
                    gemv::outputs::<{ $format }, $bytes, $groups>(product, x, rows)
                } else {
                    gemm::outputs::<{ $format }, $bytes, $groups>(product, x, rows)
                }
            }
        };
    }
    match product.w.block {
        BlockType::Q4_0 => quantised!(unpack::Q4_0, 18, 1),
        BlockType::Q4_1 => quantised!(unpack::Q4_1, 20, 1),
        BlockType::Q5_0 => quantised!(unpack::Q5_0, 22, 1),
        BlockType::Q5_1 => quantised!(unpack::Q5_1, 24, 1),
        BlockType::Q8_0 => quantised!(unpack::Q8_0, 34, 1),
        BlockType::IQ4_NL => quantised!(unpack::IQ4_NL, 18, 1),
        BlockType::Q2_K => quantised!(unpack::Q2_K, 84, 8),
        BlockType::Q3_K => quantised!(unpack::Q3_K, 110, 8),
        BlockType::IQ4_XS => quantised!(unpack::IQ4_XS, 136, 8),
        BlockType::Q4_K => quantised!(unpack::Q4_K, 144, 8),
        BlockType::Q5_K => quantised!(unpack::Q5_K, 176, 8),
        BlockType::Q6_K => quantised!(unpack::Q6_K, 210, 8),
        // SAFETY: as above.
        BlockType::F32 | BlockType::F16 | BlockType::BF16 | BlockType::F8_E4M3 => unsafe {
            floats::outputs(product, x, rows)
        },
    }
}
