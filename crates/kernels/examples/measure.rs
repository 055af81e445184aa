//! How fast the kernels are here, beside what this machine can do at most.
//!
//! ```text
//! cargo run --release -p kernels --example measure [threads] [filter]
//! ```
//!
//! For one token: bytes of weights per second, and the share of what plain reading reaches. For several, and for
//! attention: multiply-adds per second, and the share of what the same loop reaches without memory. The limit is
//! probed after every repetition, and everything is a median, so other programs may be running. `filter` chooses
//! the lines that contain it.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use kernels::attention::{Attention, Cached, PAGE, Page, Sight, attend};
use kernels::block::BlockType;
use kernels::cpu::{Cpu, Level};
use kernels::matmul::{Activations, Matrix, matmul};
use kernels::peak;

/// How long one line is measured.
const BUDGET: Duration = Duration::from_millis(800);
/// Weights are cycled through this many bytes, so that no cache holds them.
const BEYOND_CACHE: usize = 192 << 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(NonZeroUsize::MIN);
    let filter = arguments.next().unwrap_or_default();
    let cpu = Cpu::new(Level::detect(), threads);
    println!("level {}, {threads} threads", cpu.level().name());

    // Small normal numbers in every format.
    let bytes = vec![0x11u8; BEYOND_CACHE];
    let print = |name: &str, line: &dyn Fn() -> String| {
        if name.contains(&filter) {
            println!("{name:28} {}", line());
        }
    };

    for (block, rows, cols) in decode_shapes() {
        print(&format!("decode {} {cols}→{rows}", block.name()), &|| {
            let read = || peak::read_bytes_per_second(&cpu, &bytes[..64 << 20]);
            let (seconds, read) = median(product(&cpu, &bytes, block, rows, cols, 1), read);
            let speed = (rows * block.row_bytes(cols)) as f64 / seconds;
            format!(
                "{:6.2} GB/s, {:3.0} % of {:.2}",
                speed / 1e9,
                100.0 * speed / read,
                read / 1e9
            )
        });
    }
    for block in BlockType::ALL {
        let batches = [
            (256, 1024, 640),
            (256, 640, 2048),
            (256, 2048, 1280),
            (1024, 4304, 1152),
            (2, 2048, 1280),
            (4, 2048, 1280),
            (8, 2048, 1280),
        ];
        for (tokens, rows, cols) in batches
            .into_iter()
            .filter(|(_, _, cols)| cols % block.values() == 0)
        {
            print(
                &format!("batch {} {tokens}x{cols}→{rows}", block.name()),
                &|| {
                    let limit = || match block.is_quantised() {
                        true => peak::integer_products_per_second(&cpu),
                        false => peak::float_products_per_second(&cpu),
                    };
                    let (seconds, limit) =
                        median(product(&cpu, &bytes, block, rows, cols, tokens), limit);
                    products((tokens * rows * cols) as f64 / seconds, limit)
                },
            );
        }
    }
    for (tokens, depth, window) in [
        (256, 0, None),
        (256, 4096, Some(512)),
        (256, 4096, None),
        (1, 512, None),
        (1, 32768, None),
    ] {
        print(
            &format!("attention {tokens} at {depth} {window:?}"),
            &|| {
                let limit = || peak::float_products_per_second(&cpu);
                let (seconds, limit) = median(attention(&cpu, tokens, depth, window), limit);
                let keys: usize = (depth..depth + tokens)
                    .map(|p| window.unwrap_or(usize::MAX).min(p + 1))
                    .sum();
                format!(
                    "{}, {:.1} µs",
                    products((keys * 4 * 256 * 2) as f64 / seconds, limit),
                    seconds * 1e6
                )
            },
        );
    }
    print("attention of the tower", &|| {
        let limit = || peak::float_products_per_second(&cpu);
        let (seconds, limit) = median(tower_attention(&cpu), limit);
        format!(
            "{}, {:.1} ms",
            products((4096u64 * 4096 * 16 * 72 * 2) as f64 / seconds, limit),
            seconds * 1e3
        )
    });
}

fn products(per_second: f64, limit: f64) -> String {
    format!(
        "{:6.1} GMAC/s, {:3.0} % of {:.1}",
        per_second / 1e9,
        100.0 * per_second / limit,
        limit / 1e9
    )
}

fn decode_shapes() -> Vec<(BlockType, usize, usize)> {
    use BlockType::*;
    let starter = [
        (Q8_0, 262_144, 640), // the head
        (Q5_0, 1024, 640),
        (Q5_0, 256, 640),
        (Q5_0, 2048, 640),
        (Q4_K, 640, 2048),
        (Q6_K, 640, 2048),
    ];
    let large = BlockType::ALL.map(|block| (block, 6912, 1280));
    let one_b = [(Q4_0, 6912, 1152), (Q4_0, 1152, 6912), (Q8_0, 6912, 1152)];
    starter.into_iter().chain(large).chain(one_b).collect()
}

/// A product, each time with the next weights of `bytes`.
fn product<'a>(
    cpu: &'a Cpu,
    bytes: &'a [u8],
    block: BlockType,
    rows: usize,
    cols: usize,
    tokens: usize,
) -> impl FnMut() + 'a {
    let len = rows * block.row_bytes(cols);
    let matrices = bytes.len() / len;
    let x = vec![0.5; tokens * cols];
    let mut out = vec![0.0; tokens * rows];
    let mut next = 0;
    move || {
        let bytes = &bytes[next * len..][..len];
        next = (next + 1) % matrices;
        let w = Matrix {
            block,
            rows,
            cols,
            bytes,
        };
        matmul(cpu, &w, &Activations::new(cpu, &x, cols), &mut out);
        black_box(&out);
    }
}

/// One layer of the starter: 4 heads on one, 256 wide.
fn attention(cpu: &Cpu, tokens: usize, depth: usize, window: Option<usize>) -> impl FnMut() {
    let shape = Attention {
        heads: 4,
        kv_heads: 1,
        head_dim: 256,
        scale: 1.0 / 16.0,
        window,
    };
    let page = || -> Page { vec![0x3c00; PAGE * 256].into() };
    let pages: Vec<Page> = (0..(depth + tokens).div_ceil(PAGE))
        .map(|_| page())
        .collect();
    let ends = (depth + 1..depth + tokens + 1).collect();
    attention_of(cpu, shape, pages, ends)
}

/// One layer of the picture tower: 4096 positions, 16 heads of 72, everything sees everything.
fn tower_attention(cpu: &Cpu) -> impl FnMut() {
    let shape = Attention {
        heads: 16,
        kv_heads: 16,
        head_dim: 72,
        scale: 72f32.powf(-0.5),
        window: None,
    };
    let page = || -> Page { vec![0x3c00; 16 * PAGE * 72].into() };
    let pages = (0..4096 / PAGE).map(|_| page()).collect();
    attention_of(cpu, shape, pages, vec![4096; 4096])
}

/// As many queries as ends, the last one at the last position that is seen.
fn attention_of(cpu: &Cpu, shape: Attention, pages: Vec<Page>, ends: Vec<usize>) -> impl FnMut() {
    let first = ends.last().map_or(0, |end| end - ends.len());
    let q = vec![0.25; ends.len() * shape.heads * shape.head_dim];
    let mut out = vec![0.0; q.len()];
    move || {
        let cached = Cached {
            keys: &pages,
            values: &pages,
        };
        let sight = Sight { first, ends: &ends };
        attend(cpu, &shape, &q, sight, &cached, &mut out);
        black_box(&out);
    }
}

/// The median seconds of `once` and the median of `limit`, taken in turns for [`BUDGET`], five times at least.
/// What is short is repeated, so that one turn is at least a millisecond.
fn median(mut once: impl FnMut(), limit: impl Fn() -> f64) -> (f64, f64) {
    let mut seconds_of = |repeat: usize| {
        let since = Instant::now();
        (0..repeat).for_each(|_| once());
        since.elapsed().as_secs_f64() / repeat as f64
    };
    let repeat = (1e-3 / seconds_of(3)).ceil().max(1.0) as usize;
    let since = Instant::now();
    let (mut times, mut limits) = (Vec::new(), Vec::new());
    while times.len() < 5 || since.elapsed() < BUDGET {
        times.push(seconds_of(repeat));
        limits.push(limit());
    }
    let middle = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    (middle(times), middle(limits))
}
