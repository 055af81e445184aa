//! The scores that sampling looks at, without most of those that it does not.
//!
//! The head is more than half of what a small model reads for a token. Once a few tokens have been written a rough
//! copy of it is made, which costs as much as several tokens and saves a third of each one after; with it only the
//! tokens that can be among the `k` likeliest are scored: see [`kernels::matmul::screen`].

use candle_core::Tensor;
use kernels::matmul::screen::{Found, Screen, Search};

use crate::Error;
use crate::ops::Ops;
use crate::weights::Matrix;

/// Tokens chosen among all scores before the copy is made: a short answer would not earn it.
const EARNED_AFTER: usize = 16;

/// Sampling that looks at more tokens than this is given all.
const MOST: usize = 256;

/// The copy of the head, once it is earned, and the memory to search it.
#[derive(Debug, Default)]
pub struct Likeliest {
    screen: Option<Screen>,
    search: Search,
    chosen: usize,
}

impl Likeliest {
    /// Ids, in order, and scores of the `k` likeliest tokens after x `[1, hidden]` and some more; `None` where
    /// all scores are to be looked at.
    pub fn find(
        &mut self,
        ops: &Ops,
        head: &Matrix,
        x: &Tensor,
        k: usize,
    ) -> Result<Option<Found<'_>>, Error> {
        if k > MOST.min(head.rows()) {
            return Ok(None);
        }
        self.chosen += 1;
        if self.screen.is_none() && self.chosen > EARNED_AFTER {
            self.screen = ops.screen(head);
        }
        match &self.screen {
            Some(screen) => ops.largest(x, head, screen, &mut self.search, k),
            None => Ok(None),
        }
    }

    /// Memory that the copy takes.
    pub fn bytes(&self) -> u64 {
        self.screen.as_ref().map_or(0, Screen::bytes) as u64
    }
}
