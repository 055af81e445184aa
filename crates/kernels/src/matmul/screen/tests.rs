use std::num::NonZeroUsize;

use super::search::{WORTH, kth_largest, largest_of};
use super::*;
use crate::block::BlockType;
use crate::matmul::matmul;
use crate::noise::Noise;

fn cpu(level: Level, threads: usize) -> Cpu {
    Cpu::new(level, NonZeroUsize::new(threads).expect("not zero"))
}

/// Rows of which a few are much larger than the others, as Gemma's are.
fn rows(rows: usize, cols: usize, noise: &mut Noise) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in 0..rows {
        let size = if row % 17 == 0 { 3.0 } else { 1.0 };
        (0..cols).for_each(|_| bytes.extend((size * noise.float()).to_le_bytes()));
    }
    bytes
}

fn matrix(bytes: &[u8], rows: usize, cols: usize) -> Matrix<'_> {
    let block = BlockType::F32;
    Matrix {
        block,
        rows,
        cols,
        bytes,
    }
}

#[test]
fn every_level_has_the_bits_of_the_definition() {
    let mut noise = Noise::new(1);
    let (n, cols) = (83, 96);
    let bytes = rows(n, cols, &mut noise);
    let x = noise.floats(cols);
    let all: Vec<Vec<u32>> = Level::all()
        .map(|level| {
            let cpu = cpu(level, 2);
            let screen = Screen::new(&cpu, &matrix(&bytes, n, cols));
            let mut bounds = AllBounds::default();
            screen.bounds(&cpu, &Activations::new(&cpu, &x, cols), &mut bounds);
            let AllBounds {
                lower,
                upper,
                highest,
                ..
            } = bounds;
            let all = lower.iter().chain(&upper).chain(&highest);
            let bits = all.map(|bound| bound.to_bits());
            bits.collect()
        })
        .collect();
    assert!(all.iter().all(|bits| *bits == all[0]));
}

#[test]
fn products_lie_between_their_bounds_and_bounds_are_narrow() {
    let mut noise = Noise::new(2);
    let (n, cols) = (2000, 640);
    let bytes = rows(n, cols, &mut noise);
    let cpu = cpu(Level::detect(), 2);
    let w = matrix(&bytes, n, cols);
    let screen = Screen::new(&cpu, &w);
    for _ in 0..20 {
        let x = noise.floats(cols);
        let x = Activations::new(&cpu, &x, cols);
        let mut bounds = AllBounds::default();
        screen.bounds(&cpu, &x, &mut bounds);
        let AllBounds { lower, upper, .. } = bounds;
        let mut products = vec![0.0; n];
        matmul(&cpu, &w, &x, &mut products);
        for ((product, lower), upper) in products.iter().zip(&lower).zip(&upper) {
            assert!(lower <= product && product <= upper);
        }
        // The step is 1/7.5 of the largest weight, 1, and the input √(640/3) long: a radius of 2.2·14.6/7.5.
        assert!(upper[1] - lower[1] < 2.0 * 4.6);
    }
}

#[test]
fn the_largest_are_among_what_is_found_with_the_same_bits() {
    let mut noise = Noise::new(3);
    let (n, cols) = (5000, 640);
    let bytes = rows(n, cols, &mut noise);
    let w = matrix(&bytes, n, cols);
    let mut search = Search::default();
    for level in Level::all() {
        let cpu = cpu(level, 2);
        let screen = Screen::new(&cpu, &w);
        for k in [1, 5, 64] {
            let x = noise.floats(cols);
            let x = Activations::new(&cpu, &x, cols);
            let mut products = vec![0.0; n];
            matmul(&cpu, &w, &x, &mut products);
            let found = search
                .largest(&cpu, &w, &screen, &x, k)
                .expect("few are large");
            assert!(found.rows.is_sorted() && found.rows.len() < n / WORTH);
            for (row, product) in found.rows.iter().zip(&*found.products) {
                assert_eq!(products[*row as usize].to_bits(), product.to_bits());
            }
            let enough = kth_largest(&mut products.clone(), k);
            let missed = (0..n)
                .filter(|row| products[*row] >= enough && !found.rows.contains(&(*row as u32)));
            assert_eq!(missed.count(), 0, "{k} at {}", level.name());
        }
    }
}

#[test]
fn what_the_screen_cannot_tell_is_left_to_the_product() {
    let cpu = cpu(Level::detect(), 1);
    let mut noise = Noise::new(4);
    let alike = noise
        .floats(64)
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect::<Vec<u8>>();
    let bytes = alike.repeat(100);
    let w = matrix(&bytes, 100, 64);
    let screen = Screen::new(&cpu, &w);
    let mut search = Search::default();
    let mut find = |x: &[f32]| {
        let x = Activations::new(&cpu, x, 64);
        search.largest(&cpu, &w, &screen, &x, 3).is_some()
    };
    assert!(!find(&noise.floats(64)), "all rows are the same");
    assert!(!find(&[f32::NAN; 64]));
    assert!(!find(&[0.0; 64]), "all products are the same");
}

#[test]
fn rows_of_zeros_and_huge_rows_are_copied() {
    let cpu = cpu(Level::detect(), 1);
    let mut values = vec![0.0f32; 64 * 9];
    values[64..128].fill(1e30);
    values[128] = 1e-40;
    let bytes: Vec<u8> = values.iter().flat_map(|w| w.to_le_bytes()).collect();
    let w = matrix(&bytes, 9, 64);
    let screen = Screen::new(&cpu, &w);
    let x = Activations::new(&cpu, &[1.0; 64], 64);
    let mut bounds = AllBounds::default();
    screen.bounds(&cpu, &x, &mut bounds);
    let AllBounds { lower, upper, .. } = bounds;
    assert!(lower[0] <= 0.0 && 0.0 <= upper[0]);
    assert!(lower[1] <= 6.4e31 && 6.4e31 <= upper[1]);
}

#[test]
fn the_largest_are_those_of_a_sort() {
    let values: Vec<f32> = (0..3000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 22) as f32)
        .collect();
    let highest = |values: &[f32]| values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let highest: Vec<f32> = values.chunks(BLOCK).map(highest).collect();
    let mut sorted = values.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    for k in [1, 2, 6, 7, 64, 65, 3000] {
        assert_eq!(kth_largest(&mut values.clone(), k), sorted[k - 1]);
        let mut places = Vec::new();
        largest_of(&values, &highest, k, &mut places);
        let expected = (0..3000).filter(|place| values[*place as usize] >= sorted[k - 1]);
        assert_eq!(places, expected.collect::<Vec<u32>>());
    }
}

#[test]
fn rows_are_found_in_every_stretch() {
    let mut noise = Noise::new(5);
    let (n, cols) = (20_000, 32);
    let mut bytes = rows(n, cols, &mut noise);
    let x = noise.floats(cols);
    for row in [0, 8191, 8192, 19_999] {
        let large = x.iter().flat_map(|x| (9.0 * x).to_le_bytes());
        bytes[row * cols * 4..][..cols * 4].copy_from_slice(&large.collect::<Vec<u8>>());
    }
    let w = matrix(&bytes, n, cols);
    for threads in [1, 3] {
        let cpu = cpu(Level::detect(), threads);
        let screen = Screen::new(&cpu, &w);
        let x = Activations::new(&cpu, &x, cols);
        let mut search = Search::default();
        let found = search.largest(&cpu, &w, &screen, &x, 4);
        let found = found.expect("four stand out");
        assert_eq!(found.rows, [0, 8191, 8192, 19_999]);
    }
}
