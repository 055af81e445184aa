//! How a tile of queries goes through pages: the same at every level, but for the two products.
//!
//! ```text
//! for each page of 64 positions
//!   scores[row][key] = Σ_d query[row][d] · key[d]                     `score`
//!   for each row: mask the edges, raise its largest score, weights = e^(score − largest)
//!   sums[row][d]    += Σ_key weights[row][key] · value[key][d]        `sum`
//! ```
//!
//! A page is read in an order that hardware does not foresee, so each step is told what the next one reads.

use std::ops::Range;

use super::partial::{Partial, STRIP, Strip, strips};
use super::{Call, PAGE, Page, Tile};
use crate::exp::exp;
use crate::panel::{Panels, with_width};
use crate::scratch;

/// Strips of keys in a page.
const STRIPS: usize = PAGE / STRIP;

/// One kv head of a page and the rows of it that the tile sees.
pub struct Part<'a> {
    /// [PAGE, head_dim]
    pub rows: &'a [u16],
    pub within: Range<usize>,
    /// What is read after this.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "the scalar version asks for nothing ahead")
    )]
    pub next: &'a [u16],
}

/// The two products over a page. What has a row for each row of the tile lies in panels.
pub trait Products {
    /// Sets `scores` [STRIPS, rows] to `queries · keys`, the queries being [head_dim, rows of the panel] per
    /// panel; strips outside `keys.within` may be left.
    fn score(&self, rows: usize, queries: &[f32], keys: &Part, scores: &mut [Strip]);
    /// Adds `weights · values` to the sums, the weights being [PAGE, rows of the panel] per panel.
    fn sum(&self, weights: &[f32], values: &Part, partial: &mut Partial);
}

/// Adds to `partial` what the positions `keys`, all in one segment, contribute to `tile`.
#[inline(always)]
pub fn add(
    products: &impl Products,
    call: &Call,
    tile: &Tile,
    keys: Range<usize>,
    partial: &mut Partial,
) {
    let (rows, head_dim) = (tile.rows, call.shape.head_dim);
    let panels = Panels::of(rows);
    let mut room = scratch::floats(rows * (head_dim + 2 * PAGE));
    let (queries, room) = room.split_at_mut(rows * head_dim);
    let (scores, weights) = room.split_at_mut(rows * PAGE);
    let scores = strips(scores);
    for row in 0..rows {
        put(call.row(tile, row), panels, row, queries);
    }

    let page_keys = |position| of_head(call.cached.keys, position, tile.kv, head_dim);
    let page_values = |position| of_head(call.cached.values, position, tile.kv, head_dim);
    let mut start = keys.start;
    while start < keys.end {
        let page = start / PAGE * PAGE;
        let end = keys.end.min(page + PAGE);
        let within = start - page..end - page;
        let next = if end < keys.end { page_keys(end) } else { &[] };
        let (keys_here, values_here) = (page_keys(start), page_values(start));
        let part = Part {
            rows: keys_here,
            within: within.clone(),
            next: values_here,
        };
        products.score(rows, queries, &part, scores);
        for row in 0..rows {
            let seen = call.seen(tile, row);
            let seen = seen.start.clamp(start, end) - page..seen.end.clamp(start, end) - page;
            let scores = std::array::from_fn(|strip| scores[strip * rows + row]);
            let weighed = weigh(row, scores, call.shape.scale, &seen, partial);
            put(&weighed, panels, row, weights);
        }
        products.sum(
            weights,
            &Part {
                rows: values_here,
                within,
                next,
            },
            partial,
        );
        start = end;
    }
}

/// Puts the numbers of `row` where they belong in `room`, which has all rows in panels.
#[inline(always)]
fn put(numbers: &[f32], panels: Panels, row: usize, room: &mut [f32]) {
    let panel = panels.rows(panels.holding(row));
    let lane = row - panel.start;
    let numbers_of = |panel: Range<usize>| panel.start * numbers.len()..panel.end * numbers.len();
    with_width!(panel.len(), |T| {
        for (lanes, number) in room[numbers_of(panel)]
            .as_chunks_mut::<T>()
            .0
            .iter_mut()
            .zip(numbers)
        {
            lanes[lane] = *number;
        }
    });
}

/// Turns the scores of `row` into weights, zero but for the keys `seen`.
#[inline(always)]
fn weigh(
    row: usize,
    mut scores: [Strip; STRIPS],
    scale: f32,
    seen: &Range<usize>,
    partial: &mut Partial,
) -> [f32; PAGE] {
    let scores = scores.as_flattened_mut().as_flattened_mut();
    for score in scores.iter_mut() {
        *score *= scale;
    }
    scores[..seen.start].fill(f32::NEG_INFINITY);
    scores[seen.end..].fill(f32::NEG_INFINITY);

    let mut highest = [f32::NEG_INFINITY; 8];
    for scores in scores.as_chunks::<8>().0 {
        for (highest, score) in highest.iter_mut().zip(scores) {
            *highest = if *score > *highest { *score } else { *highest };
        }
    }
    let largest = partial.raise(row, highest.into_iter().fold(f32::NEG_INFINITY, f32::max));

    let mut weights = [0.0; PAGE];
    if seen.is_empty() {
        return weights; // perhaps nothing was seen yet, and −∞ − −∞ is no weight
    }
    for (weight, score) in weights.iter_mut().zip(scores) {
        *weight = exp(*score - largest);
    }
    let mut totals = [0.0; 8];
    for weights in weights.as_chunks::<8>().0 {
        for (total, weight) in totals.iter_mut().zip(weights) {
            *total += weight;
        }
    }
    partial.add_total(row, totals.into_iter().sum());
    weights
}

/// The page of `position`, for one kv head: [PAGE, head_dim].
fn of_head(pages: &[Page], position: usize, kv: usize, head_dim: usize) -> &[u16] {
    let page = &pages[position / PAGE % pages.len()];
    &page[kv * PAGE * head_dim..][..PAGE * head_dim]
}
