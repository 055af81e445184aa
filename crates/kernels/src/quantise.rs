//! Numbers to weights: what `lectern models convert` makes of a checkpoint's rows.
//!
//! The choices are those of ggml's reference (`quantize_row_*_ref` in `ggml-quants.c`), to the bit: 4-bit blocks
//! take their scale from the value that is largest in magnitude; the K formats search for the scale and minimum
//! with the least squared error, larger values weighing more. Only the formats that conversions end in are here.
//!
//! Nothing is vectorised by hand: the loops are compiled once for any CPU and once for AVX2, which gives the same
//! bits several times as fast.

mod k;
mod of_32;

use half::{bf16, f16};

use crate::block::BlockType;
use crate::cpu::{Cpu, Level};
use crate::disjoint::Disjoint;
use crate::f8;

/// Values that a thread takes at a time.
const GRAIN_VALUES: usize = 1 << 15;

/// Whether [`quantise`] can write the format.
pub const fn can_write(block: BlockType) -> bool {
    use BlockType::*;
    matches!(
        block,
        F32 | F16 | BF16 | F8_E4M3 | Q4_0 | Q5_0 | Q8_0 | Q4_K | Q6_K
    )
}

/// Sets `out` to the blocks of `block` that are nearest to `x`, whole blocks of values.
///
/// # Panics
/// When the sizes do not agree, or the format cannot be written ([`can_write`]).
pub fn quantise(cpu: &Cpu, block: BlockType, x: &[f32], out: &mut [u8]) {
    assert!(can_write(block), "{} is not written here", block.name());
    assert_eq!(
        out.len(),
        block.row_bytes(x.len()),
        "bytes of {} {} values",
        x.len(),
        block.name()
    );
    let (values, bytes) = (block.values(), block.bytes());
    let parts = Disjoint::new(out);
    cpu.pool()
        .run(x.len() / values, GRAIN_VALUES / values, |blocks| {
            // SAFETY: every block is handed out once.
            let out = unsafe { parts.part(blocks.start * bytes..blocks.end * bytes) };
            let x = &x[blocks.start * values..blocks.end * values];
            match cpu.level() {
                Level::Scalar => blocks_of(block, x, out),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(proof) => with_avx2(proof, block, x, out),
            }
        });
}

/// Sets `out` to the bytes of F8_E4M3 that are nearest to the row `x`, divided by the scale that is returned: that
/// makes the largest magnitude the format's largest number.
pub fn quantise_f8_row(x: &[f32], out: &mut [u8]) -> f32 {
    let largest = x.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let scale = if largest > 0.0 {
        largest / f8::LARGEST
    } else {
        1.0
    };
    for (x, out) in x.iter().zip(out) {
        *out = f8::nearest(x / scale);
    }
    scale
}

#[cfg(target_arch = "x86_64")]
fn with_avx2(_: crate::cpu::Avx2, block: BlockType, x: &[f32], out: &mut [u8]) {
    #[target_feature(enable = "avx2,f16c")]
    fn compiled(block: BlockType, x: &[f32], out: &mut [u8]) {
        blocks_of(block, x, out);
    }
    // SAFETY: the proof says that this CPU has AVX2 and F16C.
    unsafe { compiled(block, x, out) }
}

#[inline(always)]
fn blocks_of(block: BlockType, x: &[f32], out: &mut [u8]) {
    match block {
        BlockType::F32 => each(x, out, |[x]: &[f32; 1], out| *out = x.to_le_bytes()),
        BlockType::F16 => each(x, out, |[x]: &[f32; 1], out| {
            *out = f16::from_f32(*x).to_le_bytes();
        }),
        BlockType::BF16 => each(x, out, |[x]: &[f32; 1], out| {
            *out = bf16::from_f32(*x).to_le_bytes();
        }),
        BlockType::F8_E4M3 => each(x, out, |[x]: &[f32; 1], out| *out = [f8::nearest(*x)]),
        BlockType::Q4_0 => each(x, out, of_32::q4_0),
        BlockType::Q5_0 => each(x, out, of_32::q5_0),
        BlockType::Q8_0 => each(x, out, of_32::q8_0),
        BlockType::Q4_K => each(x, out, k::q4_k),
        _ => each(x, out, k::q6_k),
    }
}

#[inline(always)]
fn each<const VALUES: usize, const BYTES: usize>(
    x: &[f32],
    out: &mut [u8],
    write: impl Fn(&[f32; VALUES], &mut [u8; BYTES]),
) {
    for (x, out) in x.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        write(x, out);
    }
}

/// The nearest integer, ties to even, of a number below 2²²: as ggml does it, and faster than the instruction's
/// name for CPUs that lack it.
#[inline(always)]
fn nearest(x: f32) -> i32 {
    let bits = (x + 12_582_912.0).to_bits(); // 1.5·2²³: the fraction falls off the end
    (bits & 0x007f_ffff) as i32 - 0x0040_0000
}

/// Half precision, as bytes and as the number it is.
#[inline(always)]
fn half(x: f32) -> ([u8; 2], f32) {
    let half = f16::from_f32(x);
    (half.to_le_bytes(), half.to_f32())
}

#[cfg(test)]
mod tests;
