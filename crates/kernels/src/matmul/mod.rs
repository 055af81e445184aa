//! `out = x · wᵀ` for weights in any format of the file: the kernel in which nearly all time goes.
//!
//! One definition for all quantised formats. Both sides are cut along `k` into groups of 32: weights are
//! small integers with a scale and a minimum ([`crate::block::Group`]), activations 15-bit integers with a scale
//! ([`Activations`]). Then, group after group, with one rounding where it says `fma`:
//!
//! ```text
//! dot = Σ q·a                          exact, 32-bit integers
//! out = fma(dot, scale_w·scale_x, out)
//! out = fma(-min, scale_x·Σa, out)     formats with a minimum
//! ```
//!
//! Floating-point formats are `out = fma(w, x, out)`, one `k` after another.
//!
//! The integers are exact in any order and the rest is done in one order by every version, for one token or
//! many: so **all levels, thread counts and batch sizes give the same bits**. A prompt read in pieces, a draft
//! checked in a batch and a token decoded alone agree.
//!
//! Why 15 bits and not 8, as others have it: on AVX2 a product of 16-bit integers costs the same as the
//! fix-ups of signed 8-bit ones, and rounding the activations then no longer counts beside the weights'.

mod activations;
mod scalar;

pub use activations::Activations;

use crate::block::BlockType;
use crate::cpu::Cpu;
use crate::disjoint::Disjoint;

/// How many products one call of [`matmul_many`] takes: query, key, value, or gate, up, and one to spare.
pub const MAX_PRODUCTS: usize = 4;

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

impl Matrix<'_> {
    fn row(&self, row: usize) -> &[u8] {
        let len = self.block.row_bytes(self.cols);
        &self.bytes[row * len..][..len]
    }

    #[track_caller]
    fn check(&self, x: &Activations, out: &[f32]) {
        let Self {
            block,
            rows,
            cols,
            bytes,
        } = self;
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
    for (w, out) in products {
        w.check(x, out);
        let (rows, shared) = (w.rows, Disjoint::new(out));
        cpu.pool().run(rows, 8, |range| {
            for token in 0..x.tokens() {
                for row in range.clone() {
                    // SAFETY: every row is handed out once, so every output is written by one thread.
                    let out = unsafe { shared.part(token * rows + row..token * rows + row + 1) };
                    out[0] = scalar::dot(w, row, x, token);
                }
            }
        });
    }
}
