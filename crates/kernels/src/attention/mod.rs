//! Attention over a cache of keys and values in bfloat16 pages: of a text, in which nobody looks ahead, but
//! for the parts of a picture, which all look at each other.
//!
//! Gemma's query heads share key and value heads: one pass over the cache serves all that share one.
//!
//! The positions are cut into *segments* of `SEGMENT`, wherever a query stands. Within a segment the softmax
//! is taken page after page ("online": Milakov and Gimelshein 2018), and the segments are then merged in order.
//! So a prompt is cut up by queries, one token by segments, both over all threads, and a query gets the same
//! bits either way.

mod page;
mod partial;
mod scalar;

#[cfg(target_arch = "x86_64")]
mod avx2;

use std::ops::Range;

use crate::cpu::{Cpu, Level};
use crate::disjoint::Disjoint;
use crate::scratch;

use partial::Partial;

/// Positions in a page.
pub const PAGE: usize = 64;

/// bfloat16 `[kv_heads, PAGE, head_dim]`.
pub type Page = Box<[u16]>;

/// Positions whose softmax is taken in one go.
const SEGMENT: usize = 4 * PAGE;

/// Queries, counting heads, that share one pass over keys and values: enough to hide what the pass costs, few
/// enough that their sums stay in the second-level cache.
const TILE: usize = 48;

/// The most floats that the parts of split queries may take on the way.
const SPLIT_FLOATS: usize = 8 << 20;

/// What stays the same from call to call in one layer.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Query heads; a multiple of `kv_heads`.
    pub heads: usize,
    /// Key and value heads; query head `h` uses `h / (heads / kv_heads)`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Factor on the scores before the softmax.
    pub scale: f32,
    /// How many positions a query sees, its own included; `None`: all.
    pub window: Option<usize>,
}

/// Keys and values in pages: position `p` is row `p % PAGE` of page `(p / PAGE) % keys.len()`. So a ring that
/// overwrites its oldest page and a list that grows are read in the same way.
#[derive(Clone, Copy, Debug)]
pub struct Cached<'a> {
    /// At least the pages of every position that is looked at.
    pub keys: &'a [Page],
    /// As many.
    pub values: &'a [Page],
}

/// Where queries stand, and how far each looks.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The position of the first query; the others follow it one by one.
    pub first: usize,
    /// For each query the end of what it sees: the position after its own where it sees nothing later, further
    /// inside a picture. They never decrease.
    pub ends: &'a [usize],
}

/// Sets `out` `[t, heads, head_dim]` to the attention of `q` `[t, heads, head_dim]`: the query at `p` sees the
/// positions from `max(0, p + 1 − window)` to the end of its sight, all of them cached.
///
/// Rows of pages that no query sees may hold anything.
///
/// # Panics
/// When the sizes do not agree, a window is empty, ends decrease or leave a query out, or the pages are too few
/// for what the queries see.
pub fn attend(
    cpu: &Cpu,
    shape: &Attention,
    q: &[f32],
    sight: Sight,
    cached: &Cached,
    out: &mut [f32],
) {
    if !check_sizes(shape, q, sight, cached, out) {
        return;
    }
    let call = Call {
        shape,
        q,
        sight,
        cached,
    };
    call.run(cpu, &Disjoint::new(out));
}

/// One call of [`attend`].
struct Call<'a> {
    shape: &'a Attention,
    q: &'a [f32],
    sight: Sight<'a>,
    cached: &'a Cached<'a>,
}

/// Some tokens and the query heads of one kv head: row `r` is head `r % group` of token `r / group`.
#[derive(Clone, Debug)]
struct Tile {
    tokens: Range<usize>,
    kv: usize,
    rows: usize,
}

impl Call<'_> {
    /// Query heads on one kv head.
    fn group(&self) -> usize {
        self.shape.heads / self.shape.kv_heads
    }

    /// The query of `head` of `token`.
    fn query(&self, token: usize, head: usize) -> &[f32] {
        &self.q[(token * self.shape.heads + head) * self.shape.head_dim..][..self.shape.head_dim]
    }

    /// The query of row `row` of `tile`.
    fn row(&self, tile: &Tile, row: usize) -> &[f32] {
        self.query(
            tile.tokens.start + row / self.group(),
            tile.kv * self.group() + row % self.group(),
        )
    }

    /// The positions that row `row` of `tile` sees.
    fn seen(&self, tile: &Tile, row: usize) -> Range<usize> {
        let token = tile.tokens.start + row / self.group();
        self.shape.first_seen(self.sight.first + token)..self.sight.ends[token]
    }

    /// The positions that any row of `tile` sees: neither end of what rows see ever decreases.
    fn seen_by(&self, tile: &Tile) -> Range<usize> {
        self.seen(tile, 0).start..self.seen(tile, tile.rows - 1).end
    }

    fn segments_of(&self, tile: &Tile) -> Range<usize> {
        let seen = self.seen_by(tile);
        seen.start / SEGMENT..seen.end.div_ceil(SEGMENT)
    }

    fn tile(&self, index: usize) -> Tile {
        let tokens = (TILE / self.group()).max(1);
        let (kv, index) = (index % self.shape.kv_heads, index / self.shape.kv_heads);
        let tokens = index * tokens..self.tokens().min((index + 1) * tokens);
        Tile {
            kv,
            rows: tokens.len() * self.group(),
            tokens,
        }
    }

    fn tiles(&self) -> usize {
        self.tokens().div_ceil((TILE / self.group()).max(1)) * self.shape.kv_heads
    }

    fn tokens(&self) -> usize {
        self.sight.ends.len()
    }

    /// Attends tile by tile; where the tiles are too few for the threads, segment by segment.
    fn run(&self, cpu: &Cpu, out: &Disjoint<f32>) {
        let (first, last) = (self.tile(0), self.tile(self.tiles() - 1));
        let segments = self.segments_of(&first).start..self.segments_of(&last).end;
        let parts = self.tiles() * segments.len();
        let too_few = self.tiles() < 2 * cpu.pool().threads() && cpu.pool().threads() > 1;
        if too_few && segments.len() > 1 && parts * self.part_len() <= SPLIT_FLOATS {
            self.run_segments(cpu, segments, out);
        } else {
            self.run_tiles(cpu, out);
        }
    }

    fn run_tiles(&self, cpu: &Cpu, out: &Disjoint<f32>) {
        let len = self.part_len();
        cpu.pool().run(self.tiles(), 1, |items| {
            let mut room = scratch::floats(2 * len);
            let (total, part) = room.split_at_mut(len);
            // The last tiles see most, so they go first.
            for tile in items.map(|item| self.tile(self.tiles() - 1 - item)) {
                let mut total = self.partial(&tile, total);
                total.clear();
                for segment in self.segments_of(&tile) {
                    let mut part = self.partial(&tile, part);
                    self.segment(cpu.level(), &tile, segment, &mut part);
                    total.merge(&part);
                }
                self.finish(&tile, &total, out);
            }
        });
    }

    fn run_segments(&self, cpu: &Cpu, segments: Range<usize>, out: &Disjoint<f32>) {
        let len = self.part_len();
        let mut parts = scratch::floats(self.tiles() * segments.len() * len);
        cpu.pool().run_rows(&mut parts, len, 1, |item, part| {
            let tile = self.tile(item / segments.len());
            let mut part = self.partial(&tile, part);
            self.segment(
                cpu.level(),
                &tile,
                segments.start + item % segments.len(),
                &mut part,
            );
        });
        let mut total = scratch::floats(len);
        for (index, parts) in parts.chunks_exact_mut(len * segments.len()).enumerate() {
            let tile = self.tile(index);
            let mut total = self.partial(&tile, &mut total);
            total.clear();
            for part in parts.chunks_exact_mut(len) {
                total.merge(&self.partial(&tile, part));
            }
            self.finish(&tile, &total, out);
        }
    }

    /// Sets `part` to what the positions of `segment` contribute to `tile`.
    fn segment(&self, level: Level, tile: &Tile, segment: usize, part: &mut Partial) {
        part.clear();
        let seen = self.seen_by(tile);
        let keys = seen.start.max(segment * SEGMENT)..seen.end.min((segment + 1) * SEGMENT);
        if keys.is_empty() {
            return;
        }
        match level {
            Level::Scalar => scalar::add(self, tile, keys, part),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(proof) => avx2::add(proof, self, tile, keys, part),
        }
    }

    /// Floats that the part of a whole tile takes.
    fn part_len(&self) -> usize {
        Partial::len(self.tile(0).rows, self.shape.head_dim)
    }

    fn partial<'a>(&self, tile: &Tile, room: &'a mut [f32]) -> Partial<'a> {
        Partial::of(room, tile.rows, self.shape.head_dim)
    }

    fn finish(&self, tile: &Tile, total: &Partial, out: &Disjoint<f32>) {
        for row in 0..tile.rows {
            let token = tile.tokens.start + row / self.group();
            let head = tile.kv * self.group() + row % self.group();
            let at = (token * self.shape.heads + head) * self.shape.head_dim;
            // SAFETY: each row of each tile is one head of one token, finished once.
            total.finish(row, unsafe { out.part(at..at + self.shape.head_dim) });
        }
    }
}

impl Attention {
    /// The first position that the query at `position` sees.
    fn first_seen(&self, position: usize) -> usize {
        self.window
            .map_or(0, |window| (position + 1).saturating_sub(window))
    }
}

/// Whether there is anything to do.
#[track_caller]
fn check_sizes(shape: &Attention, q: &[f32], sight: Sight, cached: &Cached, out: &[f32]) -> bool {
    let Attention {
        heads,
        kv_heads,
        head_dim,
        window,
        ..
    } = *shape;
    let width = heads * head_dim;
    assert!(
        kv_heads > 0 && heads.is_multiple_of(kv_heads),
        "{heads} heads on {kv_heads}"
    );
    assert_eq!(
        q.len(),
        sight.ends.len() * width,
        "queries, {width} wide, and ends"
    );
    assert_eq!(q.len(), out.len(), "queries and outputs");
    assert!(width > 0, "heads of no width");
    assert!(window != Some(0), "a window of nothing");
    assert_eq!(
        cached.keys.len(),
        cached.values.len(),
        "pages of keys and of values"
    );
    let mut before = 0;
    for (position, end) in (sight.first..).zip(sight.ends) {
        assert!(position < *end, "the query at {position} sees up to {end}");
        assert!(before <= *end, "an end of {end} after one of {before}");
        before = *end;
    }
    if before > 0 {
        let seen = (before - 1) / PAGE - shape.first_seen(sight.first) / PAGE + 1;
        assert!(
            seen <= cached.keys.len(),
            "{seen} pages are seen, {} are cached",
            cached.keys.len()
        );
    }
    let page_len = kv_heads * PAGE * head_dim;
    for page in cached.keys.iter().chain(cached.values) {
        assert_eq!(page.len(), page_len, "length of a page");
    }
    before > 0
}

#[cfg(test)]
mod tests;
