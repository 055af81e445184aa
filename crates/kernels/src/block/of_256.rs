//! The formats whose blocks are eight groups of 32 values; `within` is the number of one.
//!
//! Two bits of four values lie in a byte, as in all of these formats: a half of the block (128 values) has 32
//! bytes, of which its four groups take bits 0-1, 2-3, 4-5, 6-7.

use super::of_32::uneven;
use super::{GROUP, Group, HALF, f16_at};

pub fn q2_k(bytes: &[u8], within: usize) -> Group {
    let (scales, bits) = (&bytes[2 * within..], &bytes[16..]);
    let values = std::array::from_fn(|i| {
        i16::from(two_bits(bits, within, i)) * i16::from(scales[i / HALF] & 15)
    });
    let dmin = f16_at(bytes, 82);
    Group {
        values,
        scale: f16_at(bytes, 80),
        mins: [scales[0], scales[1]].map(|both| dmin * f32::from(both >> 4)),
    }
}

pub fn q3_k(bytes: &[u8], within: usize) -> Group {
    let values = std::array::from_fn(|i| {
        let low = two_bits(&bytes[32..], within, i);
        let high = bytes[i] >> within & 1;
        (i16::from(low | high << 2) - 4) * q3_k_scale(&bytes[96..], 2 * within + i / HALF)
    });
    Group {
        values,
        scale: f16_at(bytes, 108),
        mins: [0.0; 2],
    }
}

/// Scale `index` of 16: the low nibbles of eight bytes, then the high ones; four bytes of high bits follow, the
/// lowest two of each for the scales 0-3.
pub fn q3_k_scale(packed: &[u8], index: usize) -> i16 {
    let low = packed[index % 8] >> (4 * (index / 8)) & 15;
    let high = packed[8 + index % 4] >> (2 * (index / 4)) & 3;
    i16::from(low | high << 4) - 32
}

pub fn q4_k(bytes: &[u8], within: usize) -> Group {
    let nibbles = &bytes[16 + within / 2 * GROUP..];
    let values = std::array::from_fn(|i| i16::from(nibbles[i] >> (4 * (within % 2)) & 15));
    with_minimum(bytes, within, values)
}

pub fn q5_k(bytes: &[u8], within: usize) -> Group {
    let nibbles = &bytes[48 + within / 2 * GROUP..];
    let values = std::array::from_fn(|i| {
        let fifth = bytes[16 + i] >> within & 1;
        i16::from(nibbles[i] >> (4 * (within % 2)) & 15 | fifth << 4)
    });
    with_minimum(bytes, within, values)
}

/// A half of the block has 64 bytes of nibbles and 32 of high bits. Its four groups take the low nibbles of the
/// first 32 bytes, of the second, then the high nibbles of both.
pub fn q6_k(bytes: &[u8], within: usize) -> Group {
    let (half, quarter) = (within / 4, within % 4);
    let low = &bytes[64 * half + 32 * (quarter % 2)..];
    let values = std::array::from_fn(|i| {
        let low = low[i] >> (4 * (quarter / 2)) & 15;
        let high = two_bits(&bytes[128..], within, i);
        let scale = bytes[192 + 2 * within + i / HALF] as i8;
        (i16::from(low | high << 4) - 32) * i16::from(scale)
    });
    Group {
        values,
        scale: f16_at(bytes, 208),
        mins: [0.0; 2],
    }
}

/// The scale of a group has its low nibble in four bytes, two of them in each, and its high two bits in the two
/// bytes before them.
pub fn iq4_xs(bytes: &[u8], within: usize) -> Group {
    let low = bytes[4 + within / 2] >> (4 * (within % 2)) & 15;
    let high = u16::from_le_bytes([bytes[2], bytes[3]]) >> (2 * within) & 3;
    let scale = i16::from(low) | (high << 4) as i16;
    Group {
        values: std::array::from_fn(|i| uneven(&bytes[8 + 16 * within..], i)),
        scale: f16_at(bytes, 0) * f32::from(scale - 32),
        mins: [0.0; 2],
    }
}

/// The bits of value `i` of group `within`, of the 64 bytes that hold two of each.
fn two_bits(bytes: &[u8], within: usize, i: usize) -> u8 {
    bytes[GROUP * (within / 4) + i] >> (2 * (within % 4)) & 3
}

/// Q4_K and Q5_K: scale and minimum of group `within`, six bits each. The first four lie in the low bits of
/// bytes 0-3 and 4-7 (of 12); the others have their low nibbles in 8-11 and their high bits on top of the first.
fn with_minimum(bytes: &[u8], within: usize, values: [i16; GROUP]) -> Group {
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
    Group {
        values,
        scale: f16_at(bytes, 0) * f32::from(scale),
        mins: [f16_at(bytes, 2) * f32::from(min); 2],
    }
}
