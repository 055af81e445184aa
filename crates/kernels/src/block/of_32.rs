//! The formats whose blocks are one group of 32 values.

use super::{GROUP, Group, f16_at};

/// The numbers that IQ4_NL and IQ4_XS choose from: denser around zero, as weights are (ggml's `kvalues_iq4nl`).
pub const UNEVEN: [i8; 16] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
];

pub fn q4_0(bytes: &[u8]) -> Group {
    symmetric(bytes, |i| nibble(&bytes[2..], i) - 8)
}

pub fn q4_1(bytes: &[u8]) -> Group {
    above_minimum(bytes, |i| nibble(&bytes[4..], i))
}

pub fn q5_0(bytes: &[u8]) -> Group {
    symmetric(bytes, |i| {
        (nibble(&bytes[6..], i) | fifth(&bytes[2..], i)) - 16
    })
}

pub fn q5_1(bytes: &[u8]) -> Group {
    above_minimum(bytes, |i| nibble(&bytes[8..], i) | fifth(&bytes[4..], i))
}

pub fn q8_0(bytes: &[u8]) -> Group {
    symmetric(bytes, |i| i16::from(bytes[2 + i] as i8))
}

pub fn iq4_nl(bytes: &[u8]) -> Group {
    symmetric(bytes, |i| uneven(&bytes[2..], i))
}

/// d, then the values.
fn symmetric(bytes: &[u8], value: impl Fn(usize) -> i16) -> Group {
    Group {
        values: std::array::from_fn::<_, GROUP, _>(value),
        scale: f16_at(bytes, 0),
        mins: [0.0; 2],
    }
}

/// d and m, then the values: these formats add m, where the others take their minimum away.
fn above_minimum(bytes: &[u8], value: impl Fn(usize) -> i16) -> Group {
    Group {
        values: std::array::from_fn::<_, GROUP, _>(value),
        scale: f16_at(bytes, 0),
        mins: [-f16_at(bytes, 2); 2],
    }
}

/// Value `i` of 32 that lie as 16 bytes: the low nibbles first, then the high ones.
fn nibble(bytes: &[u8], i: usize) -> i16 {
    i16::from(bytes[i % 16] >> (4 * (i / 16)) & 15)
}

/// Bit `i` of 32, where a fifth bit belongs.
fn fifth(bytes: &[u8], i: usize) -> i16 {
    i16::from(bytes[i / 8] >> (i % 8) & 1) << 4
}

/// The number that [`nibble`] `i` stands for.
pub fn uneven(bytes: &[u8], i: usize) -> i16 {
    i16::from(UNEVEN[nibble(bytes, i) as usize])
}
