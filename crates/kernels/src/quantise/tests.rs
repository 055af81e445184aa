//! Against ggml's own quantisers, to the byte; and what is lost on the way there and back.

use std::num::NonZeroUsize;

use super::*;
use crate::block::dequantise;
use crate::noise::Noise;

/// Numbers as weights have them, of many magnitudes, with zeros, a constant and all above zero.
fn rows() -> Vec<f32> {
    let mut noise = Noise::new(11);
    let mut x: Vec<f32> = (0..256 * 24)
        .map(|i| {
            let sum = noise.float() + noise.float() + noise.float() + noise.float();
            sum * 2f32.powi(i / 256 - 20)
        })
        .collect();
    x[256 * 3..256 * 4].fill(0.0);
    x[256 * 5..256 * 5 + 32].fill(0.0);
    x[256 * 7..256 * 8]
        .iter_mut()
        .for_each(|x| *x = x.abs() + 1.0);
    x[256 * 9..256 * 10].fill(0.5);
    x
}

/// What ggml makes of [`rows`] (`quantize_row_*_ref` of libggml-base 0.13.1, the library in the Python package
/// pywhispercpp 1.5.1): the hash (FNV-1a) of the bytes.
const GGML: [(BlockType, u64); 5] = [
    (BlockType::Q4_0, 0x178a_7884_2d9c_b2eb),
    (BlockType::Q5_0, 0xbba8_2ae8_799a_c340),
    (BlockType::Q8_0, 0x31e9_6334_82bf_c929),
    (BlockType::Q4_K, 0x9093_a860_35df_c9cf),
    (BlockType::Q6_K, 0x0145_3eae_3c33_c547),
];

#[test]
fn blocks_are_those_of_ggml_at_every_level() {
    let x = rows();
    for level in Level::all() {
        let cpu = Cpu::new(level, NonZeroUsize::new(2).expect("not zero"));
        for (block, expected) in GGML {
            let mut out = vec![0; block.row_bytes(x.len())];
            quantise(&cpu, block, &x, &mut out);
            let found = out.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
            assert_eq!(found, expected, "{} at {}", block.name(), level.name());
        }
    }
}

#[test]
fn floats_are_the_nearest() {
    let cpu = Cpu::new(Level::detect(), NonZeroUsize::MIN);
    for (block, relative) in [
        (BlockType::F32, 0.0),
        (BlockType::BF16, 1.0 / 256.0),
        (BlockType::F16, 1.0 / 2048.0),
        (BlockType::F8_E4M3, 1.0 / 16.0),
    ] {
        let x: Vec<f32> = Noise::new(2).floats(1000).iter().map(|x| x * 8.0).collect();
        let mut bytes = vec![0; block.row_bytes(x.len())];
        quantise(&cpu, block, &x, &mut bytes);
        let mut back = vec![0.0; x.len()];
        dequantise(block, &bytes, &mut back);
        for (x, back) in x.iter().zip(back) {
            let off = (x - back).abs();
            assert!(
                off <= x.abs() * relative + 2f32.powi(-10),
                "{x} became {back}"
            );
        }
    }
}

#[test]
fn a_row_of_8_bit_floats_uses_all_of_their_range() {
    for magnitude in [1e-6f32, 0.03, 1e5] {
        let x: Vec<f32> = Noise::new(4)
            .floats(256)
            .iter()
            .map(|x| x * magnitude)
            .collect();
        let mut out = vec![0; 256];
        let scale = quantise_f8_row(&x, &mut out);
        assert!(out.iter().any(|byte| byte & 0x7f == 0x7e), "448 is there");
        for (x, byte) in x.iter().zip(out) {
            let off = (f8::value(byte) * scale - x).abs();
            assert!(off <= x.abs() / 15.0 + magnitude * 1e-4, "{x}");
        }
    }
    let mut out = [1; 32];
    assert_eq!((quantise_f8_row(&[0.0; 32], &mut out), out), (1.0, [0; 32]));
}

/// What a damaged checkpoint may hold.
#[test]
fn numbers_that_are_none_do_not_panic() {
    let cpu = Cpu::new(Level::detect(), NonZeroUsize::MIN);
    for odd in [f32::NAN, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE] {
        let mut x = vec![0.25; 512];
        x[100] = odd;
        for block in BlockType::ALL.into_iter().filter(|block| can_write(*block)) {
            let mut out = vec![0; block.row_bytes(x.len())];
            quantise(&cpu, block, &x, &mut out);
        }
        quantise_f8_row(&x, &mut [0; 512]);
    }
}
