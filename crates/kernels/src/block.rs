//! The weight formats of GGUF, as they lie in the file: blocks of values along a row, scales inside.
//!
//! This is the definition: what each byte means, one value after another. The fast kernels read the same
//! bytes and are tested against it. Source: ggml, `ggml-common.h` (layouts) and `ggml-quants.c`
//! (`dequantize_row_*`); numbers are little-endian and nothing is aligned.
//!
//! Every quantised format is seen through one window: 32 values at a time are small integers `q` with one
//! scale and one minimum, `w = scale·q − min`. The six formats differ only in how these are packed:
//!
//! | format | values | bytes | layout | q |
//! |---|---|---|---|---|
//! | Q4_0 | 32 | 18 | d f16, 16 × (value i, value i+16) | 4 bits − 8 |
//! | Q5_0 | 32 | 22 | d f16, 32 fifth bits, 16 × (value i, value i+16) | 5 bits − 16 |
//! | Q8_0 | 32 | 34 | d f16, 32 × i8 | i8 |
//! | Q4_K | 256 | 144 | d, dmin f16, 12 bytes of scales, 4 × 32 × (value i, value i+32) | 4 bits |
//! | Q5_K | 256 | 176 | d, dmin f16, 12 bytes of scales, 32 × 8 fifth bits, nibbles as Q4_K | 5 bits |
//! | Q6_K | 256 | 210 | 128 low nibbles, 64 × 4 × 2 high bits, 16 × i8 scale, d f16 | (6 bits − 32)·scale |
//!
//! Q6_K has a scale per 16 values. It is an integer, so it goes into `q`, which still fits 16 bits.

use half::{bf16, f16};

/// How many values share a scale in every quantised format, as these kernels see them.
pub const GROUP: usize = 32;

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
    Q4_0,
    Q5_0,
    Q8_0,
    Q4_K,
    Q5_K,
    Q6_K,
}

/// 32 weights: `w = scale·values − min`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// At most 4096 in magnitude (Q6_K: 32·128).
    pub values: [i16; GROUP],
    /// Taken as it stands in the file: it may be zero, subnormal, infinite or NaN.
    pub scale: f32,
    /// Zero where the format has none.
    pub min: f32,
}

impl BlockType {
    /// All formats, the plain ones first.
    pub const ALL: [Self; 9] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q4_0,
        Self::Q5_0,
        Self::Q8_0,
        Self::Q4_K,
        Self::Q5_K,
        Self::Q6_K,
    ];

    /// Values in a block: rows are whole blocks.
    pub const fn values(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => 1,
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => 32,
            Self::Q4_K | Self::Q5_K | Self::Q6_K => 256,
        }
    }

    /// Bytes of a block.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Q4_0 => 18,
            Self::Q5_0 => 22,
            Self::Q8_0 => 34,
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
        matches!(self, Self::Q4_K | Self::Q5_K)
    }

    /// The name in the GGUF format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q4_0 => "Q4_0",
            Self::Q5_0 => "Q5_0",
            Self::Q8_0 => "Q8_0",
            Self::Q4_K => "Q4_K",
            Self::Q5_K => "Q5_K",
            Self::Q6_K => "Q6_K",
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
        _ => {
            for (index, out) in out.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                let group = group(block, bytes, index);
                for (out, q) in out.iter_mut().zip(group.values) {
                    *out = group.scale * f32::from(q) - group.min;
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
        BlockType::Q4_0 => q4_0(bytes),
        BlockType::Q5_0 => q5_0(bytes),
        BlockType::Q8_0 => q8_0(bytes),
        BlockType::Q4_K => q4_k(bytes, within),
        BlockType::Q5_K => q5_k(bytes, within),
        _ => q6_k(bytes, within),
    }
}

/// The half-precision number at `at`.
pub(crate) fn f16_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

fn q4_0(bytes: &[u8]) -> Group {
    let values = std::array::from_fn(|i| nibble(&bytes[2..], i) - 8);
    Group {
        values,
        scale: f16_at(bytes, 0),
        min: 0.0,
    }
}

fn q5_0(bytes: &[u8]) -> Group {
    let fifth = |i: usize| i16::from(bytes[2 + i / 8] >> (i % 8) & 1) << 4;
    let values = std::array::from_fn(|i| (nibble(&bytes[6..], i) | fifth(i)) - 16);
    Group {
        values,
        scale: f16_at(bytes, 0),
        min: 0.0,
    }
}

fn q8_0(bytes: &[u8]) -> Group {
    let values = std::array::from_fn(|i| i16::from(bytes[2 + i] as i8));
    Group {
        values,
        scale: f16_at(bytes, 0),
        min: 0.0,
    }
}

fn q4_k(bytes: &[u8], within: usize) -> Group {
    let nibbles = &bytes[16 + within / 2 * GROUP..];
    let values = std::array::from_fn(|i| i16::from(nibbles[i] >> (4 * (within % 2)) & 15));
    let (scale, min) = scale_and_min(bytes, within);
    Group { values, scale, min }
}

fn q5_k(bytes: &[u8], within: usize) -> Group {
    let nibbles = &bytes[48 + within / 2 * GROUP..];
    let values = std::array::from_fn(|i| {
        let fifth = bytes[16 + i] >> within & 1;
        i16::from(nibbles[i] >> (4 * (within % 2)) & 15 | fifth << 4)
    });
    let (scale, min) = scale_and_min(bytes, within);
    Group { values, scale, min }
}

/// A half of the block (128 values) has 64 bytes of nibbles and 32 of high bits. Its four groups take: the low
/// nibbles of the first 32 bytes, of the second, then the high nibbles of both; and bits 0-1, 2-3, 4-5, 6-7.
fn q6_k(bytes: &[u8], within: usize) -> Group {
    let (half, quarter) = (within / 4, within % 4);
    let low = &bytes[64 * half + 32 * (quarter % 2)..];
    let high = &bytes[128 + 32 * half..];
    let values = std::array::from_fn(|i| {
        let low = low[i] >> (4 * (quarter / 2)) & 15;
        let high = high[i] >> (2 * quarter) & 3;
        let scale = bytes[192 + 2 * within + i / 16] as i8;
        (i16::from(low | high << 4) - 32) * i16::from(scale)
    });
    Group {
        values,
        scale: f16_at(bytes, 208),
        min: 0.0,
    }
}

/// Value `i` of 32 that lie as 16 bytes: the low nibbles first, then the high ones.
fn nibble(bytes: &[u8], i: usize) -> i16 {
    i16::from(bytes[i % 16] >> (4 * (i / 16)) & 15)
}

/// Q4_K and Q5_K: scale and minimum of group `within`, six bits each. The first four lie in the low bits of
/// bytes 0-3 and 4-7 (of 12); the others have their low nibbles in 8-11 and their high bits on top of the first.
fn scale_and_min(bytes: &[u8], within: usize) -> (f32, f32) {
    let packed = &bytes[4..16];
    let (scale, min) = if within < 4 {
        (packed[within] & 63, packed[within + 4] & 63)
    } else {
        let (low, first) = (packed[within + 4], within - 4);
        (
            low & 15 | packed[first] >> 6 << 4,
            low >> 4 | packed[within] >> 6 << 4,
        )
    };
    (
        f16_at(bytes, 0) * f32::from(scale),
        f16_at(bytes, 2) * f32::from(min),
    )
}

#[cfg(test)]
mod tests;
