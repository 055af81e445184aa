//! The formats against blocks packed by hand, value by value, as ggml's `quantize_row_*` pack them.

use half::{bf16, f16};

use super::*;

fn half_bytes(x: f32) -> [u8; 2] {
    f16::from_f32(x).to_le_bytes()
}

#[track_caller]
fn check(block: BlockType, bytes: &[u8], expected: &[f32]) {
    let mut found = vec![f32::NAN; expected.len()];
    dequantise(block, bytes, &mut found);
    assert_eq!(found, expected, "{}", block.name());
}

#[test]
fn plain_formats_are_numbers_in_a_row() {
    let numbers = [1.0f32, -2.5, 0.0, 65504.0];
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    check(BlockType::F32, &bytes, &numbers);
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| half_bytes(*x)).collect();
    check(BlockType::F16, &bytes, &numbers);
    let bytes: Vec<u8> = numbers[..3]
        .iter()
        .flat_map(|x| bf16::from_f32(*x).to_le_bytes())
        .collect();
    check(BlockType::BF16, &bytes, &numbers[..3]);
}

#[test]
fn q8_0_is_a_scale_and_32_signed_bytes() {
    let q: Vec<i8> = (0..32).map(|i| (i * 8 - 128) as i8).collect();
    let bytes: Vec<u8> = half_bytes(0.5)
        .into_iter()
        .chain(q.iter().map(|q| *q as u8))
        .collect();
    check(
        BlockType::Q8_0,
        &bytes,
        &q.iter().map(|q| 0.5 * f32::from(*q)).collect::<Vec<_>>(),
    );
}

/// Value i in the low nibble of byte i, value i + 16 in the high one.
fn packed_nibbles(q: &[u8; 32]) -> impl Iterator<Item = u8> + '_ {
    (0..16).map(|i| q[i] & 15 | (q[i + 16] & 15) << 4)
}

#[test]
fn q4_0_is_a_scale_and_32_nibbles() {
    let q: [u8; 32] = std::array::from_fn(|i| (i * 5 % 16) as u8);
    let bytes: Vec<u8> = half_bytes(-2.0)
        .into_iter()
        .chain(packed_nibbles(&q))
        .collect();
    check(
        BlockType::Q4_0,
        &bytes,
        &q.map(|q| -2.0 * (f32::from(q) - 8.0)),
    );
}

#[test]
fn q5_0_keeps_the_fifth_bits_apart() {
    let q: [u8; 32] = std::array::from_fn(|i| (i * 7 % 32) as u8);
    let fifths = q
        .iter()
        .enumerate()
        .fold(0u32, |bits, (i, q)| bits | u32::from(q >> 4) << i);
    let bytes: Vec<u8> = half_bytes(0.25)
        .into_iter()
        .chain(fifths.to_le_bytes())
        .chain(packed_nibbles(&q))
        .collect();
    check(
        BlockType::Q5_0,
        &bytes,
        &q.map(|q| 0.25 * (f32::from(q) - 16.0)),
    );
}

const SCALES: [u8; 8] = [0, 63, 1, 17, 32, 62, 15, 48];
const MINIMA: [u8; 8] = [63, 0, 5, 33, 16, 47, 1, 62];

/// d = 0.5, dmin = 0.25, and the six-bit scales and minima, packed as `quantize_row_q4_K_ref` does.
fn packed_scales() -> Vec<u8> {
    let mut packed = [0u8; 12];
    for (j, (scale, min)) in SCALES.into_iter().zip(MINIMA).enumerate() {
        if j < 4 {
            packed[j] = scale;
            packed[j + 4] = min;
        } else {
            packed[j + 4] = scale & 15 | (min & 15) << 4;
            packed[j - 4] |= scale >> 4 << 6;
            packed[j] |= min >> 4 << 6;
        }
    }
    half_bytes(0.5)
        .into_iter()
        .chain(half_bytes(0.25))
        .chain(packed)
        .collect()
}

fn with_scales(q: &[u8; 256]) -> Vec<f32> {
    let value = |(i, q): (usize, &u8)| {
        0.5 * f32::from(SCALES[i / 32]) * f32::from(*q) - 0.25 * f32::from(MINIMA[i / 32])
    };
    q.iter().enumerate().map(value).collect()
}

/// 64 values in 32 bytes, the first 32 in the low nibbles.
fn packed_in_64s(q: &[u8; 256]) -> impl Iterator<Item = u8> + '_ {
    (0..4).flat_map(move |j| {
        (0..32).map(move |l| q[64 * j + l] & 15 | (q[64 * j + 32 + l] & 15) << 4)
    })
}

#[test]
fn q4_k_has_a_scale_and_a_minimum_for_every_32() {
    let q: [u8; 256] = std::array::from_fn(|i| (i * 3 % 16) as u8);
    let bytes: Vec<u8> = packed_scales()
        .into_iter()
        .chain(packed_in_64s(&q))
        .collect();
    check(BlockType::Q4_K, &bytes, &with_scales(&q));
}

#[test]
fn q5_k_has_the_fifth_bit_of_group_g_as_bit_g() {
    let q: [u8; 256] = std::array::from_fn(|i| (i * 11 % 32) as u8);
    let fifths = (0..32).map(|l| (0..8).fold(0u8, |bits, g| bits | q[32 * g + l] >> 4 << g));
    let bytes: Vec<u8> = packed_scales()
        .into_iter()
        .chain(fifths)
        .chain(packed_in_64s(&q))
        .collect();
    check(BlockType::Q5_K, &bytes, &with_scales(&q));
}

#[test]
fn q6_k_has_a_scale_for_every_16() {
    let q: [u8; 256] = std::array::from_fn(|i| (i * 13 % 64) as u8);
    let scales: [i8; 16] = std::array::from_fn(|i| (i as i8 - 8) * 16); // -128 ..= 112
    let low = (0..256)
        .step_by(128)
        .flat_map(|j| (0..64).map(move |l| q[j + l] & 15 | (q[j + l + 64] & 15) << 4));
    let high = (0..256).step_by(128).flat_map(|j| {
        (0..32).map(move |l| {
            (0..4).fold(0, |bits, part| {
                bits | q[j + l + 32 * part] >> 4 << (2 * part)
            })
        })
    });
    let bytes: Vec<u8> = low
        .chain(high)
        .chain(scales.map(|scale| scale as u8))
        .chain(half_bytes(0.125))
        .collect();
    let value = |(i, q): (usize, &u8)| 0.125 * f32::from(scales[i / 16]) * (f32::from(*q) - 32.0);
    check(
        BlockType::Q6_K,
        &bytes,
        &q.iter().enumerate().map(value).collect::<Vec<_>>(),
    );
}

/// A damaged file may hold any scale: what comes out is then what the arithmetic says, and never a panic.
#[test]
fn odd_scales_are_computed_with() {
    let q8_0 = |scale: u16| -> Vec<u8> { scale.to_le_bytes().into_iter().chain([1; 32]).collect() };
    let smallest = f16::from_bits(1).to_f32();
    assert_eq!(smallest, 2.0f32.powi(-24));
    check(BlockType::Q8_0, &q8_0(1), &[smallest; 32]);
    check(BlockType::Q8_0, &q8_0(0x8000), &[0.0; 32]);
    check(BlockType::Q8_0, &q8_0(0x7c00), &[f32::INFINITY; 32]);
    for block in BlockType::ALL {
        for byte in [0x00, 0x7c, 0x7f, 0x80, 0xfc, 0xff] {
            let mut out = vec![0.0; 512];
            dequantise(block, &vec![byte; block.row_bytes(512)], &mut out);
        }
    }
}

#[test]
fn rows_are_whole_blocks() {
    assert_eq!(BlockType::Q4_K.row_bytes(2048), 8 * 144);
    assert_eq!(BlockType::Q5_0.row_bytes(640), 20 * 22);
    assert_eq!(BlockType::BF16.row_bytes(7), 14);
    let odd = std::panic::catch_unwind(|| BlockType::Q4_K.row_bytes(640));
    let message = *odd
        .expect_err("640 is not whole")
        .downcast::<String>()
        .expect("a message");
    assert_eq!(message, "640 is not whole blocks of Q4_K (256)");
}
