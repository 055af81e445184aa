//! The definition of the screen: how a row is copied and how its product is bounded.

use super::{Bounds, GROUP, LANES, LARGEST, MIDDLE, Nibbles, RADIUS, Tile, Token, halves, places};

/// Rounds a row and writes it to its lane; the unit of its steps.
#[inline(always)]
pub fn copy_row(
    row: &[f32],
    dither: &[f32],
    lane: usize,
    nibbles: &mut [Nibbles],
    steps: &mut [[u8; LANES]],
) -> f32 {
    let largest = |values: &[f32]| {
        values
            .iter()
            .fold(0f32, |most, value| most.max(value.abs()))
    };
    let unit = largest(row) / LARGEST / 255.0;
    let groups = row
        .as_chunks::<GROUP>()
        .0
        .iter()
        .zip(dither.as_chunks::<GROUP>().0);
    for ((values, dither), (nibbles, steps)) in groups.zip(nibbles.iter_mut().zip(steps)) {
        // Up to the next unit: what is rounded must not be larger than LARGEST.
        let step = (largest(values) / LARGEST / unit).ceil().min(255.0);
        let inverse = if step > 0.0 { 1.0 / (step * unit) } else { 0.0 };
        steps[lane] = step as u8;
        let mut rounded = [0u16; GROUP];
        for ((rounded, value), dither) in rounded.iter_mut().zip(values).zip(dither) {
            // Truncated once positive; the bounds catch the roundings of this very line.
            *rounded = (value * inverse + dither + MIDDLE).clamp(0.0, 15.0) as i32 as u16;
        }
        for (v, word) in nibbles.iter_mut().enumerate() {
            for half in 0..2 {
                let nibble = |n: usize| rounded[places(4 * v + n)[half]] << (4 * n);
                word[2 * lane + half] = nibble(0) | nibble(1) | nibble(2) | nibble(3);
            }
        }
    }
    unit
}

/// The bounds of eight rows.
pub fn bounds(tile: &Tile, token: &Token) -> Bounds {
    let Tile {
        nibbles,
        steps,
        units,
    } = tile;
    let mut bounds = Bounds::default();
    for lane in 0..LANES {
        let (mut product, mut variance) = (0.0f32, 0.0f32);
        for (group, (nibbles, steps)) in nibbles.iter().zip(*steps).enumerate() {
            let mut dot = 0;
            for (pair, both) in token.pairs[group].iter().enumerate() {
                for (half, a) in halves(*both).into_iter().enumerate() {
                    let four = nibbles[pair / 4][2 * lane + half];
                    dot += i32::from(four >> (4 * (pair % 4)) & 15) * i32::from(a);
                }
            }
            let step = f32::from(steps[lane]);
            let factor = step * token.scales[group];
            product = (dot as f32 - token.offsets[group]).mul_add(factor, product);
            let width = step * token.norms[group];
            variance = width.mul_add(width, variance);
        }
        let radius = variance.sqrt() * RADIUS;
        bounds[0][lane] = (product - radius) * units[lane];
        bounds[1][lane] = (product + radius) * units[lane];
    }
    bounds
}
