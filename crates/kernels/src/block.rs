//! The weight formats of GGUF, as they lie in the file: blocks of values along a row, scales inside.
//!
//! This is the definition: what each byte means, one value after another. The fast kernels read the same
//! bytes and are tested against it. Source: ggml, `ggml-common.h` (layouts) and `ggml-quants.c`
//! (`dequantize_row_*`); numbers are little-endian and nothing is aligned.
//!
//! Every quantised format is seen through one window: 32 values at a time are small integers `q` with one
//! scale and one minimum, `w = scale·q − min`. The formats differ only in how these are packed:
//!
//! | format | values | bytes | layout | q |
//! |---|---|---|---|---|
//! | Q4_0 | 32 | 18 | d f16, 16 × (value i, value i+16) | 4 bits − 8 |
//! | Q4_1 | 32 | 20 | d, m f16, then as Q4_0 | 4 bits, and m is added |
//! | Q5_0 | 32 | 22 | d f16, 32 fifth bits, 16 × (value i, value i+16) | 5 bits − 16 |
//! | Q5_1 | 32 | 24 | d, m f16, then as Q5_0 | 5 bits, and m is added |
//! | Q8_0 | 32 | 34 | d f16, 32 × i8 | i8 |
//! | IQ4_NL | 32 | 18 | as Q4_0 | one of 16 numbers, by 4 bits |
//! | Q2_K | 256 | 84 | 16 × (scale, minimum) of 4 bits, 64 × 4 × 2 bits, d, dmin f16 | 2 bits·scale |
//! | Q3_K | 256 | 110 | 32 × 8 high bits, 64 × 4 × 2 low bits, 12 bytes of scales, d f16 | (3 bits − 4)·scale |
//! | Q4_K | 256 | 144 | d, dmin f16, 12 bytes of scales, 4 × 32 × (value i, value i+32) | 4 bits |
//! | Q5_K | 256 | 176 | d, dmin f16, 12 bytes of scales, 32 × 8 fifth bits, nibbles as Q4_K | 5 bits |
//! | Q6_K | 256 | 210 | 128 low nibbles, 64 × 4 × 2 high bits, 16 × i8 scale, d f16 | (6 bits − 32)·scale |
//! | IQ4_XS | 256 | 136 | d f16, 16 high bits of scales, 4 bytes of low ones, 8 × as IQ4_NL | as IQ4_NL |
//!
//! Q2_K, Q3_K and Q6_K have a scale per 16 values. It is an integer, so it goes into `q`, which still fits 16
//! bits. Q2_K also has a minimum per 16 values, so a group has two: one for each half.
//!
//! F8_E4M3 is no format of GGUF's but of safetensors: a float of 8 bits. See [`crate::f8`].

mod of_256;
mod of_32;

use half::{bf16, f16};

use crate::f8;
#[cfg(target_arch = "x86_64")]
pub(crate) use of_32::UNEVEN;
#[cfg(target_arch = "x86_64")]
pub(crate) use of_256::q3_k_scale;

/// How many values share a scale in every quantised format, as these kernels see them.
pub const GROUP: usize = 32;

/// How many values share a minimum in Q2_K.
pub(crate) const HALF: usize = GROUP / 2;

/// A format that weights can have in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    non_camel_case_types,
    reason = "these are the names in the GGUF format"
)]
#[expect(missing_docs, reason = "the table above says what each is")]
pub enum BlockType {
    F32,
    F16,
    BF16,
    F8_E4M3,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    IQ4_NL,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    IQ4_XS,
}

/// 32 weights: `w = scale·values − min`, `min` being that of the value's half.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// At most 4096 in magnitude (Q6_K: 32·128).
    pub values: [i16; GROUP],
    /// Taken as it stands in the file: it may be zero, subnormal, infinite or NaN.
    pub scale: f32,
    /// Of the first 16 values and of the others. Zero where the format has none.
    pub mins: [f32; 2],
}

impl BlockType {
    /// All formats, the plain ones first.
    pub const ALL: [Self; 16] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::F8_E4M3,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::IQ4_NL,
        Self::Q2_K,
        Self::Q3_K,
        Self::Q4_K,
        Self::Q5_K,
        Self::Q6_K,
        Self::IQ4_XS,
    ];

    /// Values in a block: rows are whole blocks.
    pub const fn values(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 | Self::F8_E4M3 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 | Self::IQ4_NL => 32,
            Self::Q2_K | Self::Q3_K | Self::Q4_K | Self::Q5_K | Self::Q6_K | Self::IQ4_XS => 256,
        }
    }

    /// Bytes of a block.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::F8_E4M3 => 1,
            Self::Q4_0 | Self::IQ4_NL => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q2_K => 84,
            Self::Q3_K => 110,
            Self::IQ4_XS => 136,
            Self::Q4_K => 144,
            Self::Q5_K => 176,
            Self::Q6_K => 210,
        }
    }

    /// Bytes of a row of `cols` values.
    ///
    /// # Panics
    /// When `cols` is not whole blocks.
    pub fn row_bytes(self, cols: usize) -> usize {
        let (values, name) = (self.values(), self.name());
        assert!(
            cols.is_multiple_of(values),
            "{cols} is not whole blocks of {name} ({values})"
        );
        cols / values * self.bytes()
    }

    /// Whether the format stores small integers and scales, and not floating-point numbers.
    pub const fn is_quantised(self) -> bool {
        self.values() > 1
    }

    /// Whether weights are `scale·q − min` and not `scale·q`.
    pub const fn has_min(self) -> bool {
        matches!(
            self,
            Self::Q4_1 | Self::Q5_1 | Self::Q2_K | Self::Q4_K | Self::Q5_K
        )
    }

    /// Whether the two halves of a group have minima of their own.
    pub const fn has_half_mins(self) -> bool {
        matches!(self, Self::Q2_K)
    }

    /// The name in the GGUF format; of [`Self::F8_E4M3`] that in safetensors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F8_E4M3 => "F8_E4M3",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::IQ4_NL => "IQ4_NL",
            Self::Q2_K => "Q2_K",
            Self::Q3_K => "Q3_K",
            Self::Q4_K => "Q4_K",
            Self::Q5_K => "Q5_K",
            Self::Q6_K => "Q6_K",
            Self::IQ4_XS => "IQ4_XS",
        }
    }
}

/// Writes the values of `bytes`, whole blocks of `block`, to `out`: the definition of each format.
///
/// # Panics
/// When `bytes` is not exactly the blocks that hold `out.len()` values.
pub fn dequantise(block: BlockType, bytes: &[u8], out: &mut [f32]) {
    assert_eq!(
        bytes.len(),
        block.row_bytes(out.len()),
        "bytes of {} {} values",
        out.len(),
        block.name()
    );
    match block {
        BlockType::F32 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *out = f32::from_le_bytes(*bytes);
            }
        }
        BlockType::F16 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *out = f16::from_le_bytes(*bytes).to_f32();
            }
        }
        BlockType::BF16 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *out = bf16::from_le_bytes(*bytes).to_f32();
            }
        }
        BlockType::F8_E4M3 => f8::widen(bytes, out),
        _ => {
            for (index, out) in out.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                let group = group(block, bytes, index);
                for (i, (out, q)) in out.iter_mut().zip(group.values).enumerate() {
                    *out = group.scale * f32::from(q) - group.mins[i / HALF];
                }
            }
        }
    }
}

/// The `index`th 32 values of a quantised row.
///
/// # Panics
/// When the row is shorter, or `block` is not quantised.
pub fn group(block: BlockType, row: &[u8], index: usize) -> Group {
    let groups = block.values() / GROUP; // in a block
    assert!(groups > 0, "{} has no groups", block.name());
    let bytes = &row[index / groups * block.bytes()..][..block.bytes()];
    let within = index % groups;
    match block {
        BlockType::Q4_0 => of_32::q4_0(bytes),
        BlockType::Q4_1 => of_32::q4_1(bytes),
        BlockType::Q5_0 => of_32::q5_0(bytes),
        BlockType::Q5_1 => of_32::q5_1(bytes),
        BlockType::Q8_0 => of_32::q8_0(bytes),
        BlockType::IQ4_NL => of_32::iq4_nl(bytes),
        BlockType::Q2_K => of_256::q2_k(bytes, within),
        BlockType::Q3_K => of_256::q3_k(bytes, within),
        BlockType::Q4_K => of_256::q4_k(bytes, within),
        BlockType::Q5_K => of_256::q5_k(bytes, within),
        BlockType::IQ4_XS => of_256::iq4_xs(bytes, within),
        _ => of_256::q6_k(bytes, within),
    }
}

/// The half-precision number at `at`.
fn f16_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
