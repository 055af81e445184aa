//! Attention over a cache of keys and values in bfloat16 pages.

mod scalar;

use crate::cpu::Cpu;
use crate::disjoint::Disjoint;

/// Positions in a page.
pub const PAGE: usize = 64;

/// bfloat16 `[kv_heads, PAGE, head_dim]`.
pub type Page = Box<[u16]>;

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

impl Attention {
    /// The first position that the query at `position` sees.
    fn first_seen(&self, position: usize) -> usize {
        self.window
            .map_or(0, |window| (position + 1).saturating_sub(window))
    }

    fn page_len(&self) -> usize {
        self.kv_heads * PAGE * self.head_dim
    }
}

/// Sets `out` `[t, heads, head_dim]` to the attention of `q` `[t, heads, head_dim]`, whose first row is at
/// position `first`: the query at `p` sees the positions `max(0, p + 1 − window) ..= p`, all of them cached.
///
/// # Panics
/// When the sizes do not agree or the pages are too few for what the queries see.
pub fn attend(
    cpu: &Cpu,
    shape: &Attention,
    q: &[f32],
    first: usize,
    cached: &Cached,
    out: &mut [f32],
) {
    let Attention {
        heads,
        kv_heads,
        head_dim,
        ..
    } = *shape;
    let width = heads * head_dim;
    assert!(
        kv_heads > 0 && heads.is_multiple_of(kv_heads),
        "{heads} heads on {kv_heads}"
    );
    assert_eq!(q.len(), out.len(), "queries and outputs");
    assert!(
        width > 0 && q.len().is_multiple_of(width),
        "{} is not rows of {width}",
        q.len()
    );
    assert_eq!(
        cached.keys.len(),
        cached.values.len(),
        "pages of keys and of values"
    );
    let tokens = q.len() / width;
    if tokens == 0 {
        return;
    }
    let seen = (first + tokens - 1) / PAGE - shape.first_seen(first) / PAGE + 1;
    assert!(
        seen <= cached.keys.len(),
        "{seen} pages are seen, {} are cached",
        cached.keys.len()
    );
    for page in cached.keys.iter().chain(cached.values) {
        assert_eq!(page.len(), shape.page_len(), "length of a page");
    }

    let out = Disjoint::new(out);
    cpu.pool().run(tokens * heads, 1, |range| {
        for item in range {
            let (token, head) = (item / heads, item % heads);
            let at = item * head_dim..(item + 1) * head_dim;
            // SAFETY: one item, one head of one token.
            let out = unsafe { out.part(at.clone()) };
            scalar::attend(shape, &q[at], head, first + token, cached, out);
        }
    });
}
