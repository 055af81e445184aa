//! Eight rows of a matrix side by side, one to a lane.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use crate::matmul::Matrix;

/// Rows of weights that share a vector.
pub const ROWS: usize = 8;

/// Bytes that memory hands over at once.
pub const LINE: usize = 64;

/// Where eight rows begin. Past the last row of the matrix the last one stands in, so that every lane can be
/// computed; who stores the results leaves those lanes out.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    rows: [&'a [u8]; ROWS],
}

impl<'a> Rows<'a> {
    /// The rows `first..first + 8` of `w`.
    #[inline]
    pub fn new(w: &Matrix<'a>, first: usize) -> Self {
        let len = w.block.row_bytes(w.cols);
        let bytes: &'a [u8] = w.bytes;
        Self {
            rows: std::array::from_fn(|lane| &bytes[(first + lane).min(w.rows - 1) * len..][..len]),
        }
    }

    /// Row by row.
    #[inline]
    pub fn all(&self) -> [&'a [u8]; ROWS] {
        self.rows
    }

    /// How many blocks of `bytes` each row holds.
    #[inline]
    pub fn blocks_of(&self, bytes: usize) -> usize {
        self.rows[0].len() / bytes
    }

    /// Block `index` of each row.
    ///
    /// # Safety
    /// `index` must be below `blocks_of(N)`.
    #[inline]
    pub unsafe fn blocks<const N: usize>(&self, index: usize) -> [&'a [u8; N]; ROWS] {
        let mut blocks = [&[0; N]; ROWS];
        for (block, row) in blocks.iter_mut().zip(self.rows) {
            // SAFETY: the caller's promise; all rows have one length, and bytes need no alignment.
            *block = unsafe { &*row.as_ptr().add(index * N).cast::<[u8; N]>() };
        }
        blocks
    }

    /// Asks for the bytes that lie where block `index` of all eight rows lies in these, seen as one stream, but
    /// `ahead` rows further on.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn prefetch<const N: usize>(&self, index: usize, ahead: usize) {
        let stream = self.rows[0]
            .as_ptr()
            .wrapping_add(ahead * self.rows[0].len());
        for line in 0..(ROWS * N).div_ceil(LINE) {
            let line = stream.wrapping_add(index * ROWS * N + line * LINE);
            _mm_prefetch::<_MM_HINT_T0>(line.cast()); // reads nothing, so any address will do
        }
    }
}
