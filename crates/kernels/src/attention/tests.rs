//! Attention against a plain triple loop, and every way of cutting it up against the others.

use std::num::NonZeroUsize;

use super::*;
use crate::bf16::{narrow, widen};
use crate::noise::Noise;

/// A cache of every position so far, filled in the order of positions: a ring of `pages` overwrites its oldest.
struct Cache {
    keys: Vec<Page>,
    values: Vec<Page>,
    /// What was put in: [position, kv_heads, head_dim], as bfloat16 has it.
    all: [Vec<f32>; 2],
}

impl Cache {
    /// Pages start out as NaN: what was never written must not count.
    fn new(shape: &Attention, pages: usize, positions: usize, noise: &mut Noise) -> Self {
        let page = || -> Page { vec![0x7fc0; shape.kv_heads * PAGE * shape.head_dim].into() };
        let mut cache = Self {
            keys: (0..pages).map(|_| page()).collect(),
            values: (0..pages).map(|_| page()).collect(),
            all: [vec![], vec![]],
        };
        for position in 0..positions {
            for (pages, all) in [&mut cache.keys, &mut cache.values]
                .into_iter()
                .zip(&mut cache.all)
            {
                let page = position / PAGE % pages.len();
                let page = &mut pages[page];
                for kv in 0..shape.kv_heads {
                    let mut bits = vec![0; shape.head_dim];
                    narrow(&noise.floats(shape.head_dim), &mut bits);
                    let at = (kv * PAGE + position % PAGE) * shape.head_dim;
                    page[at..][..shape.head_dim].copy_from_slice(&bits);
                    let mut widened = vec![0.0; shape.head_dim];
                    widen(&bits, &mut widened);
                    all.extend(widened);
                }
            }
        }
        cache
    }

    fn pages(&self) -> Cached<'_> {
        Cached {
            keys: &self.keys,
            values: &self.values,
        }
    }
}

/// One head of a query at `position` that sees up to `end`, in f64.
fn plain(
    shape: &Attention,
    cache: &Cache,
    q: &[f32],
    head: usize,
    position: usize,
    end: usize,
) -> Vec<f64> {
    let kv = head / (shape.heads / shape.kv_heads);
    let row = |all: &'_ [f32], p: usize| -> Vec<f64> {
        let at = (p * shape.kv_heads + kv) * shape.head_dim;
        all[at..][..shape.head_dim]
            .iter()
            .map(|x| f64::from(*x))
            .collect()
    };
    let seen = shape
        .window
        .map_or(0, |window| (position + 1).saturating_sub(window))..end;
    let dot = |k: Vec<f64>| q.iter().zip(k).map(|(q, k)| f64::from(*q) * k).sum::<f64>();
    let scores: Vec<f64> = seen
        .clone()
        .map(|p| f64::from(shape.scale) * dot(row(&cache.all[0], p)))
        .collect();
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
    let mut out = vec![0.0; shape.head_dim];
    for (p, score) in seen.zip(scores) {
        for (out, v) in out.iter_mut().zip(row(&cache.all[1], p)) {
            *out += (score - largest).exp() / total * v;
        }
    }
    out
}

/// [`check_pictures`] where there are none.
#[track_caller]
fn check(shape: &Attention, pages: usize, positions: usize, tokens: usize) {
    check_pictures(shape, pages, positions, tokens, &[]);
}

/// `tokens` queries at the end of what the cache has seen, at every level and with one, two and five threads;
/// then one after another. Those in one of `pictures` see all of it.
#[track_caller]
fn check_pictures(
    shape: &Attention,
    pages: usize,
    positions: usize,
    tokens: usize,
    pictures: &[Range<usize>],
) {
    let mut noise = Noise::new((positions * 31 + tokens) as u64);
    let cache = Cache::new(shape, pages, positions, &mut noise);
    let width = shape.heads * shape.head_dim;
    let (first, q) = (positions - tokens, noise.floats(tokens * width));
    let end_of = |position| {
        let picture = pictures.iter().find(|picture| picture.contains(&position));
        picture.map_or(position + 1, |picture| picture.end)
    };
    let ends: Vec<usize> = (first..positions).map(end_of).collect();

    let attend_at = |level, threads, first, ends: &[usize], q: &[f32]| {
        let cpu = Cpu::new(level, NonZeroUsize::new(threads).expect("not zero"));
        let mut out = vec![f32::NAN; q.len()];
        let sight = Sight { first, ends };
        attend(&cpu, shape, q, sight, &cache.pages(), &mut out);
        out
    };
    let all = attend_at(Level::Scalar, 1, first, &ends, &q);
    for level in Level::all() {
        for threads in [1, 2, 5] {
            assert_eq!(
                attend_at(level, threads, first, &ends, &q),
                all,
                "{shape:?}, {} with {threads}",
                level.name()
            );
        }
    }
    for (token, q) in q.chunks_exact(width).enumerate().step_by(7) {
        let alone = attend_at(Level::detect(), 2, first + token, &ends[token..][..1], q);
        assert_eq!(
            alone,
            all[token * width..][..width],
            "{shape:?}: token {token} alone"
        );
    }

    for (index, out) in all.chunks_exact(shape.head_dim).enumerate() {
        let (token, head) = (index / shape.heads, index % shape.heads);
        let exact = plain(
            shape,
            &cache,
            &q[index * shape.head_dim..][..shape.head_dim],
            head,
            first + token,
            ends[token],
        );
        // Scores are below d·scale and off by at most d roundings of that; a weight is off by as much
        // relatively, and so is a mean of values below one. Summing adds a rounding per position.
        let score = shape.head_dim as f64 * f64::from(shape.scale);
        let bound = f64::from(f32::EPSILON)
            * (2.0 * score * (shape.head_dim as f64 + 2.0) + positions as f64 + 8.0);
        for (out, exact) in out.iter().zip(exact) {
            let off = (f64::from(*out) - exact).abs();
            assert!(
                off <= bound,
                "{shape:?}, token {token} head {head}: off by {off:e}, bound {bound:e}"
            );
        }
    }
}

fn shape(heads: usize, kv_heads: usize, head_dim: usize, window: Option<usize>) -> Attention {
    Attention {
        heads,
        kv_heads,
        head_dim,
        scale: 1.0 / (head_dim as f32).sqrt(),
        window,
    }
}

#[test]
fn any_number_of_heads_and_any_width() {
    for head_dim in [1, 7, 8, 16, 24, 31, 32, 40, 72, 128, 256] {
        check(&shape(3, 1, head_dim, None), 3, 130, 5);
    }
    for (heads, kv_heads) in [(1, 1), (4, 1), (4, 2), (6, 3), (16, 16), (50, 1)] {
        check(&shape(heads, kv_heads, 16, None), 2, 70, 9);
    }
}

#[test]
fn every_number_of_positions_around_pages_and_segments() {
    for positions in (1..10)
        .chain(62..67)
        .chain(126..131)
        .chain(254..260)
        .chain([511, 512, 513, 700])
    {
        check(&shape(2, 1, 16, None), 11, positions, 1);
        check(&shape(2, 1, 16, None), 11, positions, positions.min(40));
    }
}

#[test]
fn windows_of_any_width() {
    for window in [1, 2, 63, 64, 65, 100, 256, 300, 1000] {
        check(&shape(3, 1, 16, Some(window)), 9, 520, 70);
        check(&shape(3, 1, 16, Some(window)), 9, 520, 1);
    }
}

/// Four pages, window 128: the ring has been written over many times.
#[test]
fn rings_that_have_wrapped() {
    for positions in [256, 257, 300, 640, 1000, 1023] {
        check(&shape(4, 2, 32, Some(128)), 4, positions, 1);
        check(&shape(4, 2, 32, Some(128)), 4, positions, 60);
    }
}

#[test]
fn more_queries_than_a_tile_holds() {
    check(&shape(4, 1, 32, None), 5, 300, 300);
    check(&shape(4, 2, 32, Some(50)), 5, 300, 300);
    check(&shape(1, 1, 32, None), 5, 300, 300);
}

/// The parts of a picture look at each other, also where a ring and a window are in play; text does not.
#[test]
fn pictures_are_seen_whole() {
    for window in [None, Some(100)] {
        for picture in [0..40, 100..130, 130..300, 255..257, 290..400] {
            check_pictures(&shape(3, 1, 24, window), 8, 400, 400, &[picture]);
        }
        let pictures = [10..90, 91..171, 300..380];
        check_pictures(&shape(4, 2, 16, window), 8, 400, 400, &pictures);
        check_pictures(&shape(4, 2, 16, window), 8, 400, 120, &pictures);
    }
    check_pictures(
        &shape(2, 1, 16, Some(128)),
        6,
        1000,
        150,
        &[860..980, 981..990],
    );
}

/// As in a tower, where everything sees everything: heads of their own, of a width that is no power of two.
#[test]
fn all_may_see_all() {
    for positions in [1, 64, 200, 257] {
        let picture = 0..positions;
        let pictures = std::slice::from_ref(&picture);
        check_pictures(&shape(3, 3, 72, None), 5, positions, positions, pictures);
    }
}

#[test]
#[should_panic(expected = "an end of 2 after one of 3")]
fn ends_that_decrease_are_a_bug() {
    let shape = shape(1, 1, 4, None);
    let cache = Cache::new(&shape, 1, 4, &mut Noise::new(1));
    let cpu = Cpu::new(Level::Scalar, NonZeroUsize::MIN);
    let sight = Sight {
        first: 0,
        ends: &[3, 2],
    };
    attend(
        &cpu,
        &shape,
        &[0.0; 8],
        sight,
        &cache.pages(),
        &mut [0.0; 8],
    );
}
