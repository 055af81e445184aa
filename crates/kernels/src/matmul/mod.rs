//! `out = x · wᵀ` for weights in any format of the file: the kernel in which nearly all time goes.
//!
//! One definition for all quantised formats. Both sides are cut along `k` into groups of 32: weights are
//! small integers with a scale and a minimum ([`crate::block::Group`]), activations 15-bit integers with a scale
//! ([`Activations`]). Then, group after group, with one rounding where it says `fma`:
//!
//! ```text
//! dot = Σ q·a                          exact, 32-bit integers
//! out = fma(dot, scale_w·scale_x, out)
//! out = fma(-min, scale_x·Σa, out)     formats with a minimum; Q2_K has one for each half, and so two sums
//! ```
//!
//! Floating-point formats are `out = fma(w, x, out)`, one `k` after another.
//!
//! The integers are exact in any order and the rest is done in one order by every version, for one token or
//! many: so **all levels, thread counts and batch sizes give the same bits**. A prompt read in pieces, a draft
//! checked in a batch and a token decoded alone agree.
//!
//! Why 15 bits and not 8, as others have it: on AVX2 a product of 16-bit integers costs the same as the
//! fix-ups of signed 8-bit ones, and rounding the activations then no longer counts. Over the starter's golden
//! text the negative log-likelihood of a token moves by 0.006 from float32's, most of it by the bfloat16 cache;
//! llama.cpp's 8 bits move it by 0.070.

mod activations;
mod scalar;
pub mod screen;

#[cfg(target_arch = "x86_64")]
mod avx2;

use std::ops::Range;

pub use activations::Activations;

use crate::block::BlockType;
use crate::cpu::{Cpu, Level};
use crate::disjoint::Disjoint;

/// How many products one call of [`matmul_many`] takes: query, key, value, or gate, up, and one to spare.
pub const MAX_PRODUCTS: usize = 4;

/// Rows that are handed out together: the widest tile of the fast versions.
const TILE: usize = 32;

/// Weights `[rows, cols]` as they lie in the file.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// How the values are packed.
    pub block: BlockType,
    /// Outputs of the product.
    pub rows: usize,
    /// Inputs of the product: whole blocks.
    pub cols: usize,
    /// Row after row, `block.row_bytes(cols)` each; need not be aligned.
    pub bytes: &'a [u8],
}

/// One product on its way: its outputs are shared by the threads, a row by one thread only.
struct Product<'a> {
    w: Matrix<'a>,
    out: Disjoint<'a, f32>,
}

impl Product<'_> {
    /// The outputs `rows` of `token`.
    ///
    /// # Safety
    /// Nobody else may hold them.
    #[expect(
        clippy::mut_from_ref,
        reason = "the promise above stands in for the unique borrow"
    )]
    unsafe fn outputs(&self, token: usize, rows: Range<usize>) -> &mut [f32] {
        let first = token * self.w.rows;
        // SAFETY: the caller's promise.
        unsafe { self.out.part(first + rows.start..first + rows.end) }
    }

    /// Sets the outputs `rows` of `token` to the first of `values`.
    ///
    /// # Safety
    /// Nobody else may hold them.
    #[inline]
    unsafe fn set_outputs(&self, token: usize, rows: Range<usize>, values: &[f32]) {
        // SAFETY: the caller's promise.
        let out = unsafe { self.outputs(token, rows) };
        match out.first_chunk_mut::<16>() {
            Some(whole) if values.len() == 16 => whole.copy_from_slice(values), // the usual case, in two moves
            _ => out.copy_from_slice(&values[..out.len()]),
        }
    }

    fn tiles(&self) -> usize {
        self.w.rows.div_ceil(TILE)
    }
}

/// Sets `out` `[t, rows]` to `x · wᵀ`, `x` being `[t, cols]`.
///
/// # Panics
/// When the sizes do not agree.
pub fn matmul(cpu: &Cpu, w: &Matrix, x: &Activations, out: &mut [f32]) {
    matmul_many(cpu, x, &mut [(*w, out)]);
}

/// Several products of one input in one parallel loop: `out = x · wᵀ` for each.
///
/// # Panics
/// When the sizes do not agree, and for more than [`MAX_PRODUCTS`].
pub fn matmul_many(cpu: &Cpu, x: &Activations, products: &mut [(Matrix, &mut [f32])]) {
    assert!(
        products.len() <= MAX_PRODUCTS,
        "{} products",
        products.len()
    );
    let mut shared = [const { None }; MAX_PRODUCTS];
    for (shared, (w, out)) in shared.iter_mut().zip(products) {
        check_sizes(w, x, out);
        *shared = Some(Product {
            w: *w,
            out: Disjoint::new(out),
        });
    }
    let products = || shared.iter().flatten();
    x.prepare(products().map(|product| product.w.block)); // here, where all threads can take part

    let tiles = products().map(Product::tiles).sum();
    cpu.pool().run(tiles, grain(cpu, tiles), |tiles| {
        let mut first = 0; // tile of the product
        for product in products() {
            let here = tiles.start.max(first)..tiles.end.min(first + product.tiles());
            if !here.is_empty() {
                let rows =
                    (here.start - first) * TILE..product.w.rows.min((here.end - first) * TILE);
                // SAFETY: every tile is handed out once, so nobody else has these rows.
                unsafe { outputs(cpu.level(), product, x, rows) };
            }
            first += product.tiles();
        }
    });
}

/// Tiles that a thread takes at a time: enough pieces that a thread which is held up delays little.
fn grain(cpu: &Cpu, tiles: usize) -> usize {
    (tiles / (8 * cpu.pool().threads())).clamp(1, 64)
}

/// # Safety
/// Nobody else may hold outputs of these rows.
unsafe fn outputs(level: Level, product: &Product, x: &Activations, rows: Range<usize>) {
    // SAFETY: the caller's promise.
    unsafe {
        match level {
            Level::Scalar => scalar::outputs(product, x, rows),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(proof) => avx2::outputs(proof, product, x, rows),
        }
    }
}

#[track_caller]
fn check_sizes(w: &Matrix, x: &Activations, out: &[f32]) {
    let Matrix {
        block,
        rows,
        cols,
        bytes,
    } = w;
    assert_eq!(
        bytes.len(),
        rows * block.row_bytes(*cols),
        "bytes of [{rows}, {cols}] {}",
        block.name()
    );
    assert_eq!(
        x.cols(),
        *cols,
        "columns of x for a matrix of [{rows}, {cols}]"
    );
    assert_eq!(
        out.len(),
        x.tokens() * rows,
        "outputs of {} tokens by {rows} rows",
        x.tokens()
    );
}

#[cfg(test)]
mod tests;
