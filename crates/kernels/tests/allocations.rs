//! Once every size has been seen, kernels allocate nothing: a token costs no allocation.

#![expect(
    unsafe_code,
    reason = "an allocator that counts can only be written so"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use kernels::attention::{Attention, Cached, PAGE, Page, Sight, attend};
use kernels::block::BlockType;
use kernels::cpu::{Cpu, Level};
use kernels::matmul::{Activations, Matrix, matmul};
use kernels::{gelu, norm, rope};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is done by the system's allocator; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_second_token_allocates_nothing() {
    // One thread: with several, each would have to be seen taking part.
    let cpu = Cpu::new(Level::detect(), NonZeroUsize::MIN);
    let weights = [BlockType::Q5_0, BlockType::Q4_K, BlockType::F16]
        .map(|block| (block, vec![0x11; 64 * block.row_bytes(256)]));
    let shape = Attention {
        heads: 4,
        kv_heads: 1,
        head_dim: 64,
        scale: 0.125,
        window: None,
    };
    let pages: Vec<Page> = (0..9).map(|_| vec![0x3c00; PAGE * 64].into()).collect();
    let cached = Cached {
        keys: &pages,
        values: &pages,
    };
    let sight = Sight {
        first: 500,
        ends: &[501],
    };
    let (mut x, factors, angles) = (vec![0.5; 256], vec![1.0; 256], vec![0.5; 32]);
    let (mut y, mut out) = (vec![0.0; 256], vec![0.0; 64]);

    let mut token = || {
        norm::rms_norm(&cpu, &x, &factors, 1e-6, &mut y);
        rope::rotate(&cpu, &mut y, 64, &angles, &angles);
        attend(&cpu, &shape, &y, sight, &cached, &mut x);
        gelu::gelu_mul(&cpu, &mut x, &y);
        for (block, bytes) in &weights {
            let w = Matrix {
                block: *block,
                rows: 64,
                cols: 256,
                bytes,
            };
            matmul(&cpu, &w, &Activations::new(&cpu, &x, 256), &mut out);
        }
    };
    token();
    let before = COUNT.load(Ordering::Relaxed);
    token();
    assert_eq!(COUNT.load(Ordering::Relaxed) - before, 0);
}
