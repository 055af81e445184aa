//! How fast the products are here, beside how fast memory is.
//!
//! ```text
//! cargo run --release -p kernels --example measure [threads] [filter]
//! ```
//!
//! Prints, for one token, bytes of weights per second and the share of what plain reading reaches in the same
//! run; for several, multiplications per second. Medians: other programs may be running. `filter` chooses lines
//! that contain it.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use kernels::attention::{Attention, Cached, PAGE, Page, attend};
use kernels::block::BlockType;
use kernels::cpu::{Cpu, Level};
use kernels::matmul::{Activations, Matrix, matmul};

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
        let name = format!("decode {} {cols}→{rows}", block.name());
        print(&name, &|| {
            let read = read_bandwidth(&cpu, &bytes);
            let speed = products_per_second(&cpu, &bytes, block, rows, cols, 1)
                * (rows * block.row_bytes(cols)) as f64;
            let again = read_bandwidth(&cpu, &bytes);
            let read = read.max(again);
            format!(
                "{:6.2} GB/s, {:3.0} % of reading ({:.2} GB/s)",
                speed / 1e9,
                100.0 * speed / read,
                read / 1e9
            )
        });
    }
    for block in BlockType::ALL {
        for (tokens, rows, cols) in [
            (256, 1024, 640),
            (256, 640, 2048),
            (256, 2048, 1280),
            (2, 2048, 1280),
            (4, 2048, 1280),
            (8, 2048, 1280),
        ] {
            if cols % block.values() != 0 {
                continue;
            }
            let name = format!("batch {} {tokens}x{cols}→{rows}", block.name());
            print(&name, &|| {
                let products = products_per_second(&cpu, &bytes, block, rows, cols, tokens);
                format!(
                    "{:6.1} GMAC/s",
                    products * (tokens * rows * cols) as f64 / 1e9
                )
            });
        }
    }
    for (tokens, depth, window) in [
        (256, 0, None),
        (256, 4096, Some(512)),
        (256, 4096, None),
        (1, 512, None),
        (1, 32768, None),
    ] {
        let name = format!("attention {tokens} at {depth} {window:?}");
        print(&name, &|| {
            let seconds = attention_seconds(&cpu, tokens, depth, window);
            let keys: usize = (depth..depth + tokens)
                .map(|p| window.unwrap_or(usize::MAX).min(p + 1))
                .sum();
            format!(
                "{:9.1} µs, {:5.1} GMAC/s",
                seconds * 1e6,
                (keys * 4 * 256 * 2) as f64 / seconds / 1e9
            )
        });
    }
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

/// Products per second, each with the next weights of `bytes`.
fn products_per_second(
    cpu: &Cpu,
    bytes: &[u8],
    block: BlockType,
    rows: usize,
    cols: usize,
    tokens: usize,
) -> f64 {
    let len = rows * block.row_bytes(cols);
    let matrices = bytes.len() / len;
    let x = vec![0.5; tokens * cols];
    let mut out = vec![0.0; tokens * rows];
    let mut next = 0;
    1.0 / median(|| {
        let bytes = &bytes[next * len..][..len];
        next = (next + 1) % matrices;
        let w = Matrix {
            block,
            rows,
            cols,
            bytes,
        };
        let since = Instant::now();
        matmul(cpu, &w, &Activations::new(cpu, &x, cols), &mut out);
        let taken = since.elapsed();
        black_box(&out);
        taken
    })
}

/// Bytes per second when every thread does nothing but read.
fn read_bandwidth(cpu: &Cpu, bytes: &[u8]) -> f64 {
    let words = bytes.as_chunks::<64>().0;
    let seconds = median(|| {
        let since = Instant::now();
        cpu.pool().run(words.len(), 4096, |range| {
            let mut sums = [0u64; 8];
            for line in &words[range] {
                for (sum, word) in sums.iter_mut().zip(line.as_chunks().0) {
                    *sum ^= u64::from_ne_bytes(*word);
                }
            }
            black_box(sums);
        });
        since.elapsed()
    });
    bytes.len() as f64 / seconds
}

/// One layer of the starter: 4 heads on one, 256 wide.
fn attention_seconds(cpu: &Cpu, tokens: usize, depth: usize, window: Option<usize>) -> f64 {
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
    let q = vec![0.25; tokens * 4 * 256];
    let mut out = vec![0.0; q.len()];
    median(|| {
        let since = Instant::now();
        attend(
            cpu,
            &shape,
            &q,
            depth,
            &Cached {
                keys: &pages,
                values: &pages,
            },
            &mut out,
        );
        let taken = since.elapsed();
        black_box(&out);
        taken
    })
}

/// The median time of `once`, called for [`BUDGET`], five times at least.
fn median(mut once: impl FnMut() -> Duration) -> f64 {
    let since = Instant::now();
    let mut times = Vec::new();
    while times.len() < 5 || since.elapsed() < BUDGET {
        times.push(once().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
