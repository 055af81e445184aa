//! Every version against the definition: to the bit.

use std::num::NonZeroUsize;

use super::*;
use crate::block::dequantise;
use crate::noise::Noise;

/// Weights of any format from noise: any bytes are valid, only the scales are made ordinary.
fn weights(block: BlockType, rows: usize, cols: usize, noise: &mut Noise) -> Vec<u8> {
    let mut bytes = noise.bytes(rows * block.row_bytes(cols));
    for block_bytes in bytes.chunks_exact_mut(block.bytes()) {
        let mut scale = |at: usize| {
            let scale = half::f16::from_f32(noise.float() * 0.01);
            block_bytes[at..at + 2].copy_from_slice(&scale.to_le_bytes());
        };
        match block {
            BlockType::F32 => block_bytes.copy_from_slice(&noise.float().to_le_bytes()),
            BlockType::BF16 => {
                block_bytes.copy_from_slice(&half::bf16::from_f32(noise.float()).to_le_bytes())
            }
            BlockType::F8_E4M3 => block_bytes[0] &= 0xbf, // below 2
            BlockType::F16
            | BlockType::Q4_0
            | BlockType::Q5_0
            | BlockType::Q8_0
            | BlockType::IQ4_NL
            | BlockType::IQ4_XS => scale(0),
            BlockType::Q4_1 | BlockType::Q5_1 | BlockType::Q4_K | BlockType::Q5_K => {
                (scale(0), scale(2)).0
            }
            BlockType::Q2_K => (scale(80), scale(82)).0,
            BlockType::Q3_K => scale(108),
            BlockType::Q6_K => scale(208),
        }
    }
    bytes
}

fn product(cpu: &Cpu, w: &Matrix, x: &[f32]) -> Vec<f32> {
    let mut out = vec![f32::NAN; x.len() / w.cols * w.rows];
    matmul(cpu, w, &Activations::new(cpu, x, w.cols), &mut out);
    out
}

/// At every level, with several threads and from a misaligned start, the product has the definition's bits,
/// and those are near the exact product.
#[track_caller]
fn check(block: BlockType, tokens: usize, rows: usize, cols: usize) {
    let mut noise = Noise::new((tokens * rows * cols) as u64);
    let mut bytes = vec![0; tokens % 3]; // misaligned
    bytes.extend(weights(block, rows, cols, &mut noise));
    let w = Matrix {
        block,
        rows,
        cols,
        bytes: &bytes[tokens % 3..],
    };
    let x: Vec<f32> = (0..tokens * cols).map(|_| noise.float()).collect();

    let definition = product(&Cpu::new(Level::Scalar, NonZeroUsize::MIN), &w, &x);
    for level in Level::all() {
        let cpu = Cpu::new(level, NonZeroUsize::new(1 + tokens % 3).expect("not zero"));
        let found = product(&cpu, &w, &x);
        let same = found
            .iter()
            .zip(&definition)
            .all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(
            same,
            "{} {tokens}x{rows}x{cols} at {}",
            block.name(),
            level.name()
        );
    }
    check_near(&w, &x, &definition);
}

/// Rounding an activation moves it by at most half a step, 1/32766 of the largest of its group; the sums in
/// f32 add at most one rounding per group and term.
#[track_caller]
fn check_near(w: &Matrix, x: &[f32], found: &[f32]) {
    let mut row = vec![0.0; w.cols];
    for (index, w_row) in w.bytes.chunks_exact(w.block.row_bytes(w.cols)).enumerate() {
        dequantise(w.block, w_row, &mut row);
        for (x, found) in x.chunks_exact(w.cols).zip(found.chunks_exact(w.rows)) {
            let (mut exact, mut bound) = (0.0f64, 0.0f64);
            for (w, x) in row.chunks(32).zip(x.chunks(32)) {
                let largest = x.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
                for (w, x) in w.iter().zip(x) {
                    exact += f64::from(*w) * f64::from(*x);
                    // The minimum takes part in the sums on its own: up to twice the magnitude of a weight.
                    bound +=
                        f64::from(w.abs() + 0.64) * f64::from(largest) * (1.0 / 32766.0 + 1e-6);
                }
            }
            let off = (f64::from(found[index]) - exact).abs();
            assert!(
                off <= bound,
                "{} row {index}: off by {off:e}, bound {bound:e}",
                w.block.name()
            );
        }
    }
}

#[test]
fn every_level_has_the_definitions_bits_for_any_number_of_tokens() {
    for block in BlockType::ALL {
        for tokens in (1..=14).chain([63, 64, 300]) {
            check(block, tokens, 19, 256);
        }
    }
}

#[test]
fn every_level_has_the_definitions_bits_for_any_number_of_rows() {
    for block in BlockType::ALL {
        for rows in 1..=67 {
            check(block, 1, rows, 512);
            check(block, 5, rows, 256);
        }
    }
}

#[test]
fn every_level_has_the_definitions_bits_for_any_number_of_groups() {
    for block in BlockType::ALL
        .into_iter()
        .filter(|block| block.values() <= 32)
    {
        for groups in 1..=19 {
            check(block, 1, 9, 32 * groups);
            check(block, 7, 17, 32 * groups);
        }
    }
}

#[test]
fn floating_point_rows_may_have_any_length() {
    for block in [
        BlockType::F32,
        BlockType::F16,
        BlockType::BF16,
        BlockType::F8_E4M3,
    ] {
        for cols in (1..=25).chain(120..=140) {
            check(block, 1, 35, cols);
            check(block, 3, 35, cols);
        }
    }
}

#[test]
fn several_products_of_one_input_are_each_as_alone() {
    for level in Level::all() {
        let cpu = Cpu::new(level, NonZeroUsize::new(2).expect("not zero"));
        let mut noise = Noise::new(7);
        let kinds = [
            (BlockType::Q5_0, 70),
            (BlockType::Q8_0, 1),
            (BlockType::F16, 33),
        ];
        let bytes = kinds.map(|(block, rows)| weights(block, rows, 96, &mut noise));
        let x: Vec<f32> = (0..5 * 96).map(|_| noise.float()).collect();
        let matrix = |i: usize| Matrix {
            block: kinds[i].0,
            rows: kinds[i].1,
            cols: 96,
            bytes: &bytes[i],
        };

        let mut outs = kinds.map(|(_, rows)| vec![f32::NAN; 5 * rows]);
        let [a, b, c] = &mut outs;
        let activations = Activations::new(&cpu, &x, 96);
        matmul_many(
            &cpu,
            &activations,
            &mut [(matrix(0), a), (matrix(1), b), (matrix(2), c)],
        );
        for (i, out) in outs.iter().enumerate() {
            assert_eq!(*out, product(&cpu, &matrix(i), &x));
        }
    }
}

#[test]
fn no_tokens_are_no_work() {
    for level in Level::all() {
        let cpu = Cpu::new(level, NonZeroUsize::MIN);
        for block in BlockType::ALL {
            let bytes = vec![0; 3 * block.row_bytes(256)];
            assert_eq!(
                product(
                    &cpu,
                    &Matrix {
                        block,
                        rows: 3,
                        cols: 256,
                        bytes: &bytes
                    },
                    &[]
                ),
                []
            );
        }
    }
}

#[test]
fn a_token_that_is_not_finite_stays_visible_and_alone() {
    for level in Level::all() {
        let cpu = Cpu::new(level, NonZeroUsize::MIN);
        let bytes = weights(BlockType::Q4_K, 8, 256, &mut Noise::new(3));
        let w = Matrix {
            block: BlockType::Q4_K,
            rows: 8,
            cols: 256,
            bytes: &bytes,
        };
        let mut x = vec![1.0; 3 * 256];
        x[256] = f32::INFINITY;
        x[512] = f32::NAN;
        let out = product(&cpu, &w, &x);
        assert!(
            out[..8].iter().all(|out| out.is_finite()) && out[8..].iter().all(|out| out.is_nan())
        );
    }
}

#[test]
fn any_bytes_are_weights_and_none_panic() {
    for level in Level::all() {
        let cpu = Cpu::new(level, NonZeroUsize::MIN);
        for block in BlockType::ALL {
            let bytes = Noise::new(5).bytes(24 * block.row_bytes(256));
            let all = [0xff].repeat(bytes.len());
            for bytes in [bytes, all] {
                let w = Matrix {
                    block,
                    rows: 24,
                    cols: 256,
                    bytes: &bytes,
                };
                product(&cpu, &w, &[1e30; 256]);
                product(&cpu, &w, &[-1e30; 512]);
            }
        }
    }
}
