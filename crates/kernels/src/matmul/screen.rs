//! The largest of very many products without computing them all: a rough copy of the weights, four bits each,
//! says which rows can be among the largest, and only those are computed from the weights themselves.
//!
//! Gemma's head has 262,144 rows, more than half of the bytes that a small model reads for a token, and sampling
//! looks at the 64 likeliest. What [`Search::largest`] leaves out is *proved* to be smaller, up to one in 10¹² per
//! row, by rounding with a known dither ("subtractive dither", Schuchman 1964): a weight `w` with the step `Δ` of
//! its group of 32 is stored as
//!
//! ```text
//! q = floor(w/Δ + u + 8)        0 to 15, for w/Δ within ±7½; the dither u, within ±½, depends on the column only
//! ŵ = Δ·(q − 7½ − u)
//! ```
//!
//! so that `ŵ − w` is uniform within ±Δ/2 and independent from column to column, *whatever the weights are*. For
//! an input `a` the error of a product is then a sum of independent uniform numbers, which is sub-Gaussian with
//! variance `Σ Δ²·a²/12`: beyond `√(ln(2/p)/6 · Σ Δ²·a²)` it lies with probability at most `p`. The copy meets the
//! same 15-bit integers `a` as the product itself, so nothing else is to be bounded.
//!
//! The steps `Δ` are 8-bit multiples of a unit per row: 4.25 bits a weight in all. Eight rows lie side by side,
//! so that no sums across lanes are needed: 16 bits of a vector hold four weights of a row.

mod scalar;
mod search;

#[cfg(target_arch = "x86_64")]
mod avx2;

pub use search::{Found, Search};

use super::activations::{PAIRS, Panel, places};
use super::{Activations, Matrix};
use crate::block::{GROUP, dequantise};
use crate::cpu::{Cpu, Level};
use crate::disjoint::Disjoint;
use crate::large::Large;

/// Rows side by side.
const LANES: usize = 8;
/// The largest magnitude of a weight, in steps, that the dither cannot carry beyond four bits.
const LARGEST: f32 = 7.5;
/// What is added to a weight, in steps and dithered, before its fraction is cut off: half a step more than what is
/// taken away again.
const MIDDLE: f32 = 8.0;
/// `√(ln(2/p)/6)` for p = 10⁻¹², and a hundredth more for the roundings of the sums in float32.
const RADIUS: f32 = 2.1722 * 1.01;
/// Tiles that a thread takes at a time.
const GRAIN: usize = 64;
/// Rows of a block, of whose bounds the search is told the highest: those of as many tiles.
const BLOCK: usize = GRAIN * LANES;

/// The weights of 8 rows in a group: 16 bits of row r are at `[v][2r]` and `[v][2r + 1]`, the first and the second
/// number of four pairs of activations, the lowest four bits belonging to pair `4v`.
type Nibbles = [[u16; 2 * LANES]; PAIRS / 4];

/// A copy of a matrix in 4.25 bits a weight. See the module.
#[derive(Debug)]
pub struct Screen {
    rows: usize,
    /// Per column.
    dither: Vec<f32>,
    /// Per tile of eight rows: [groups] of [`Nibbles`].
    nibbles: Large,
    /// Steps in units of the row; where the nibbles are.
    steps: Vec<[u8; LANES]>,
    /// Per tile.
    units: Vec<[f32; LANES]>,
}

/// Eight rows of the copy: [groups].
struct Tile<'a> {
    nibbles: &'a [Nibbles],
    steps: &'a [[u8; LANES]],
    units: &'a [f32; LANES],
}

/// One token as the screen meets it: per group of columns.
struct Token<'a> {
    pairs: &'a [[i32; PAIRS]],
    /// Of the integers.
    scales: &'a [f32],
    /// `Σ (7½ + u)·a`: what a product of the stored numbers is too large by.
    offsets: &'a [f32],
    /// `scale·√(Σ a²)`.
    norms: &'a [f32],
}

/// Lower and upper bounds of eight products.
type Bounds = [[f32; LANES]; 2];

/// Bounds of all products.
#[derive(Debug, Default)]
struct AllBounds {
    /// Per row.
    lower: Vec<f32>,
    /// Per row.
    upper: Vec<f32>,
    /// The highest lower bound of each block of [`BLOCK`] rows.
    highest: Vec<f32>,
    /// Whether something in the block is not a finite number.
    spoilt: Vec<bool>,
}

impl AllBounds {
    fn resize(&mut self, rows: usize) {
        self.lower.resize(rows, 0.0);
        self.upper.resize(rows, 0.0);
        self.highest.resize(rows.div_ceil(BLOCK), 0.0);
        self.spoilt.resize(rows.div_ceil(BLOCK), false);
    }
}

impl Screen {
    /// Copies `w`, on all threads.
    ///
    /// # Panics
    /// When the columns are not whole groups of 32.
    pub fn new(cpu: &Cpu, w: &Matrix) -> Self {
        assert!(
            w.cols.is_multiple_of(GROUP),
            "{} columns are not whole groups",
            w.cols
        );
        let (tiles, groups) = (w.rows.div_ceil(LANES), w.cols / GROUP);
        let dither = dither(w.cols);
        let mut nibbles = Large::new(tiles * groups * size_of::<Nibbles>() / size_of::<u16>());
        let mut steps = vec![[0; LANES]; tiles * groups];
        let mut units = vec![[0.0; LANES]; tiles];
        let parts = (
            Disjoint::new(in_groups_mut(nibbles.words_mut())),
            Disjoint::new(&mut steps),
            Disjoint::new(&mut units),
        );
        cpu.pool().run(tiles, GRAIN, |tiles| {
            let mut row = vec![0.0; w.cols];
            for tile in tiles {
                let all_groups = tile * groups..(tile + 1) * groups;
                // SAFETY: every tile is handed out once.
                let (nibbles, steps, units) = unsafe {
                    (
                        parts.0.part(all_groups.clone()),
                        parts.1.part(all_groups),
                        &mut parts.2.part(tile..tile + 1)[0],
                    )
                };
                for (lane, unit) in units.iter_mut().enumerate() {
                    let index = tile * LANES + lane;
                    if index < w.rows {
                        let len = w.block.row_bytes(w.cols);
                        dequantise(w.block, &w.bytes[index * len..][..len], &mut row);
                        *unit = copy_row(cpu.level(), &row, &dither, lane, nibbles, steps);
                    }
                }
            }
        });
        Self {
            rows: w.rows,
            dither,
            nibbles,
            steps,
            units,
        }
    }

    /// Memory it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(self.nibbles.words()) + size_of_val(&*self.steps) + size_of_val(&*self.units)
    }

    /// Between which numbers each product with the one token of `x` lies.
    fn bounds(&self, cpu: &Cpu, x: &Activations, bounds: &mut AllBounds) {
        let panel = x.integers().panel(0);
        let groups = x.cols() / GROUP;
        let (offsets, norms): (Vec<f32>, Vec<f32>) = (0..groups)
            .map(|group| self.offset_and_norm(&panel, group))
            .unzip();
        let token = Token {
            pairs: panel.pairs.as_chunks().0,
            scales: panel.scales,
            offsets: &offsets,
            norms: &norms,
        };
        bounds.resize(self.rows);
        let out = (
            Disjoint::new(&mut bounds.lower),
            Disjoint::new(&mut bounds.upper),
            Disjoint::new(&mut bounds.highest),
            Disjoint::new(&mut bounds.spoilt),
        );
        cpu.pool().run(self.rows.div_ceil(BLOCK), 1, |blocks| {
            for block in blocks {
                let rows = block * BLOCK..self.rows.min((block + 1) * BLOCK);
                // SAFETY: every block is handed out once.
                let (lower, upper, highest, spoilt) = unsafe {
                    (
                        out.0.part(rows.clone()),
                        out.1.part(rows),
                        &mut out.2.part(block..block + 1)[0],
                        &mut out.3.part(block..block + 1)[0],
                    )
                };
                let tiles = self.tiles(block, groups);
                (*highest, *spoilt) = match cpu.level() {
                    Level::Scalar => {
                        block_bounds(tiles, lower, upper, |tile| scalar::bounds(tile, &token))
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(proof) => avx2::block_bounds(proof, tiles, lower, upper, &token),
                };
            }
        });
    }

    /// The tiles of a block.
    fn tiles(&self, block: usize, groups: usize) -> impl Iterator<Item = Tile<'_>> {
        let tiles = block * GRAIN..self.units.len().min((block + 1) * GRAIN);
        let all = tiles.start * groups..tiles.end * groups;
        let nibbles = in_groups(self.nibbles.words())[all.clone()].chunks_exact(groups);
        let steps = self.steps[all].chunks_exact(groups);
        let tiles = nibbles.zip(steps).zip(&self.units[tiles]);
        tiles.map(|((nibbles, steps), units)| Tile {
            nibbles,
            steps,
            units,
        })
    }

    fn offset_and_norm(&self, panel: &Panel, group: usize) -> (f32, f32) {
        let (mut offset, mut squares) = (0.0, 0.0);
        let dither = &self.dither[group * GROUP..][..GROUP];
        for (pair, both) in panel.pairs[group * PAIRS..][..PAIRS].iter().enumerate() {
            for (place, a) in places(pair).into_iter().zip(halves(*both)) {
                let a = f64::from(a);
                offset += f64::from(MIDDLE - 0.5 + dither[place]) * a;
                squares += a * a;
            }
        }
        (offset as f32, panel.scales[group] * squares.sqrt() as f32)
    }
}

fn in_groups(words: &[u16]) -> &[Nibbles] {
    words.as_chunks().0.as_chunks().0
}

fn in_groups_mut(words: &mut [u16]) -> &mut [Nibbles] {
    words.as_chunks_mut().0.as_chunks_mut().0
}

/// Writes the bounds of a block; the highest of the lower ones, and whether something is not a finite number.
#[inline(always)]
fn block_bounds<'a>(
    tiles: impl Iterator<Item = Tile<'a>>,
    lower: &mut [f32],
    upper: &mut [f32],
    bounds: impl Fn(&Tile) -> Bounds,
) -> (f32, bool) {
    let (mut highest, mut spoilt) = ([f32::NEG_INFINITY; LANES], [0.0; LANES]);
    let out = lower.chunks_mut(LANES).zip(upper.chunks_mut(LANES));
    for (tile, (lower, upper)) in tiles.zip(out) {
        let [mut low, high] = bounds(&tile);
        low[lower.len()..].fill(f32::NEG_INFINITY); // rows that there are not
        for lane in 0..LANES {
            let larger = low[lane] > highest[lane];
            highest[lane] = if larger { low[lane] } else { highest[lane] };
            spoilt[lane] += 0.0 * high[lane]; // NaN, but for what is finite
        }
        lower.copy_from_slice(&low[..lower.len()]);
        upper.copy_from_slice(&high[..upper.len()]);
    }
    let highest = highest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    (highest, spoilt.into_iter().any(f32::is_nan))
}

/// The two 16-bit integers in a pair.
fn halves(pair: i32) -> [i16; 2] {
    [pair as i16, (pair >> 16) as i16]
}

/// Numbers within ±½, the same ones every time: the upper bits of a generator (SplitMix64, Steele, Lea and
/// Flood 2014).
fn dither(cols: usize) -> Vec<f32> {
    let number = |col: usize| {
        let x = (col as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        // An odd multiple of 2⁻²⁴: never ±½.
        ((x ^ x >> 31) >> 41) as f32 / (1 << 23) as f32 + (1.0 / (1 << 24) as f32) - 0.5
    };
    (0..cols).map(number).collect()
}

/// Writes a row to its lane; the unit of its steps.
fn copy_row(
    level: Level,
    row: &[f32],
    dither: &[f32],
    lane: usize,
    nibbles: &mut [Nibbles],
    steps: &mut [[u8; LANES]],
) -> f32 {
    match level {
        Level::Scalar => scalar::copy_row(row, dither, lane, nibbles, steps),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(proof) => avx2::copy_row(proof, row, dither, lane, nibbles, steps),
    }
}

#[cfg(test)]
mod tests;
