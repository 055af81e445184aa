//! Keys and values of what was read: growing pages for global layers, rings of pages for local ones.
//!
//! Position `p` lies in row `p % PAGE` of page `(p / PAGE) % pages`. While there are fewer pages than a layer may
//! have, a page is added whenever one is needed, so the page is simply `p / PAGE`; once a local layer has all its
//! pages, the oldest positions are overwritten. One rule serves both.
//!
//! A ring holds the window, the chunk that is being read (its first query still needs the window before it)
//! and [`REWIND_SLACK`] positions more, so that the end of what was read can be taken back.
//!
//! Keys are kept as the attention wants them, turned to their position; nothing is ever shifted.

use kernels::attention::{Attention, PAGE};
use kernels::bf16;

use crate::{Config, Error, Numerics};

/// Positions that can always be taken back: a last answer of a few hundred tokens, asked for anew. At 4B they cost
/// 30 MB.
pub const REWIND_SLACK: usize = 256;

/// Positions read at once, unless the caller says otherwise: enough to unpack every weight for many positions,
/// small enough to stop and show progress several times a second.
pub const DEFAULT_CHUNK: usize = 256;

/// The keys and values of all layers.
#[derive(Debug)]
pub struct Cache {
    layers: Vec<LayerCache>,
    /// Positions held; the next one to be read.
    len: usize,
    /// The oldest position that local layers still hold. Taking back does not bring older ones back.
    oldest: usize,
    context_len: usize,
    window: usize,
    /// Positions in a ring.
    ring: usize,
}

/// One layer's keys and values.
#[derive(Debug)]
pub enum LayerCache {
    /// float32, for the reference.
    Exact(Pages<f32>),
    /// bfloat16, for the kernels: half the memory, and keys are normed, so they lose nothing that counts.
    Fast(Pages<u16>),
}

/// Pages of `[kv, PAGE, d]`.
#[derive(Debug)]
pub struct Pages<T> {
    /// One a page.
    pub keys: Vec<Box<[T]>>,
    /// As many.
    pub values: Vec<Box<[T]>>,
    kv: usize,
    d: usize,
    most_pages: usize,
}

/// How many positions a ring has.
fn ring(config: &Config, context_len: usize, chunk: usize) -> usize {
    let needed = config.sliding_window + chunk + REWIND_SLACK;
    needed.min(context_len).next_multiple_of(PAGE)
}

fn positions_of_layer(config: &Config, layer: usize, context_len: usize, chunk: usize) -> usize {
    match config.layer_is_global[layer] {
        true => context_len.next_multiple_of(PAGE),
        false => ring(config, context_len, chunk),
    }
}

/// See [`Config::cache_bytes`].
pub fn bytes(config: &Config, numerics: Numerics, context_len: usize, chunk: Option<usize>) -> u64 {
    let chunk = chunk.unwrap_or(DEFAULT_CHUNK);
    let number_bytes = match numerics {
        Numerics::Exact => size_of::<f32>(),
        Numerics::Fast => size_of::<u16>(),
    };
    let position_bytes = 2 * config.num_key_value_heads * config.head_dim * number_bytes;
    let positions: usize = (0..config.num_hidden_layers())
        .map(|layer| positions_of_layer(config, layer, context_len, chunk))
        .sum();
    positions as u64 * position_bytes as u64
}

impl Cache {
    /// An empty cache that takes memory as it fills, for chunks of at most `chunk` positions.
    pub fn new(config: &Config, numerics: Numerics, context_len: usize, chunk: usize) -> Self {
        let layer = |layer| {
            let positions = positions_of_layer(config, layer, context_len, chunk);
            LayerCache::empty(
                config.num_key_value_heads,
                config.head_dim,
                positions,
                numerics,
            )
        };
        Self {
            layers: (0..config.num_hidden_layers()).map(layer).collect(),
            len: 0,
            oldest: 0,
            context_len,
            window: config.sliding_window,
            ring: ring(config, context_len, chunk),
        }
    }

    /// Positions held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Makes room for `t` positions more. From here on the oldest ones of local layers are gone.
    pub fn reserve(&mut self, t: usize) -> Result<(), Error> {
        let len = self.len + t;
        if len > self.context_len {
            return Err(Error::TooLong {
                tokens: len,
                context_len: self.context_len,
            });
        }
        self.layers.iter_mut().for_each(|layer| layer.reserve(len));
        self.oldest = self.oldest.max(len.saturating_sub(self.ring));
        Ok(())
    }

    /// The layer in which the positions that were reserved are to be written.
    pub fn layer(&mut self, layer: usize) -> &mut LayerCache {
        &mut self.layers[layer]
    }

    /// All layers have been written: the cache holds `t` positions more.
    pub fn commit(&mut self, t: usize) {
        self.len += t;
    }

    /// Takes back all positions from `len` on, if the rings still hold what the next query will look at.
    pub fn rewind(&mut self, len: usize) -> bool {
        let needed = (len + 1).saturating_sub(self.window);
        let possible = len <= self.len && (self.oldest <= needed || len == 0);
        match (possible, len) {
            (false, _) => return false,
            (true, 0) => self.reset(),
            (true, len) => self.len = len,
        }
        true
    }

    /// Forgets everything and gives the memory back.
    pub fn reset(&mut self) {
        self.layers.iter_mut().for_each(LayerCache::clear);
        (self.len, self.oldest) = (0, 0);
    }

    /// Memory held now.
    pub fn held_bytes(&self) -> u64 {
        self.layers.iter().map(LayerCache::held_bytes).sum()
    }
}

impl LayerCache {
    /// Room for `positions` of a layer that forgets them with the picture it has looked at.
    pub fn new(shape: &Attention, positions: usize, numerics: Numerics) -> Self {
        let mut layer = Self::empty(shape.kv_heads, shape.head_dim, positions, numerics);
        layer.reserve(positions);
        layer
    }

    fn empty(kv: usize, d: usize, positions: usize, numerics: Numerics) -> Self {
        let most_pages = positions.div_ceil(PAGE);
        match numerics {
            Numerics::Exact => Self::Exact(Pages::new(kv, d, most_pages)),
            Numerics::Fast => Self::Fast(Pages::new(kv, d, most_pages)),
        }
    }

    /// Writes `k` and `v` `[t, kv, d]` at the positions from `first` on.
    pub fn write(&mut self, first: usize, k: &[f32], v: &[f32]) {
        match self {
            Self::Exact(pages) => pages.write(first, k, v, |x, out| out.copy_from_slice(x)),
            Self::Fast(pages) => pages.write(first, k, v, bf16::narrow),
        }
    }

    fn reserve(&mut self, len: usize) {
        match self {
            Self::Exact(pages) => pages.reserve(len),
            Self::Fast(pages) => pages.reserve(len),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Exact(pages) => pages.clear(),
            Self::Fast(pages) => pages.clear(),
        }
    }

    fn held_bytes(&self) -> u64 {
        match self {
            Self::Exact(pages) => pages.held_bytes(),
            Self::Fast(pages) => pages.held_bytes(),
        }
    }
}

impl<T: Copy + Default> Pages<T> {
    fn new(kv: usize, d: usize, most_pages: usize) -> Self {
        Self {
            keys: Vec::new(),
            values: Vec::new(),
            kv,
            d,
            most_pages,
        }
    }

    /// Where the row of `head` at `position` begins: page, and index in the page.
    fn place(&self, position: usize, head: usize) -> (usize, usize) {
        (
            (position / PAGE) % self.keys.len(),
            (head * PAGE + position % PAGE) * self.d,
        )
    }

    fn reserve(&mut self, len: usize) {
        let pages = len.div_ceil(PAGE).min(self.most_pages);
        let page = || vec![T::default(); self.kv * PAGE * self.d].into_boxed_slice();
        while self.keys.len() < pages {
            self.keys.push(page());
            self.values.push(page());
        }
    }

    fn write(&mut self, first: usize, k: &[f32], v: &[f32], store: impl Fn(&[f32], &mut [T])) {
        let (kv, d) = (self.kv, self.d);
        for (row, (k, v)) in k.chunks_exact(d).zip(v.chunks_exact(d)).enumerate() {
            let (page, at) = self.place(first + row / kv, row % kv);
            store(k, &mut self.keys[page][at..][..d]);
            store(v, &mut self.values[page][at..][..d]);
        }
    }

    /// The rows of `positions` of one head, appended to `out`: `[s, d]`.
    pub fn gather(
        &self,
        of: &[Box<[T]>],
        positions: std::ops::Range<usize>,
        head: usize,
        out: &mut Vec<T>,
    ) {
        for position in positions {
            let (page, at) = self.place(position, head);
            out.extend_from_slice(&of[page][at..][..self.d]);
        }
    }

    fn clear(&mut self) {
        self.keys = Vec::new();
        self.values = Vec::new();
    }

    fn held_bytes(&self) -> u64 {
        2 * (self.keys.len() * self.kv * PAGE * self.d * size_of::<T>()) as u64
    }
}
