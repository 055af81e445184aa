//! The numeric loops of Gemma 3 and its picture tower over plain slices: quantised matrix products, attention,
//! norms, rotary positions.
//!
//! ```
//! use kernels::{block::BlockType, cpu::{Cpu, Level}, matmul::{matmul, Activations, Matrix}};
//!
//! let cpu = Cpu::new(Level::detect(), std::num::NonZeroUsize::MIN);
//! let bytes: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|w| w.to_le_bytes()).collect();
//! let weights = Matrix { block: BlockType::F32, rows: 2, cols: 2, bytes: &bytes };
//! let mut out = [0.0; 2];
//! matmul(&cpu, &weights, &Activations::new(&cpu, &[10.0, 1.0], 2), &mut out);
//! assert_eq!(out, [12.0, 34.0]);
//! ```
//!
//! Not here: tensors, models, files. Weights come as the bytes of the GGUF file, in the file's own layout.
//!
//! Every kernel takes a [`cpu::Cpu`]: which instructions this machine has, decided once, and the threads to
//! use. Each has a scalar version, which is its definition and stays beside the fast ones.
//!
//! Wrong sizes are a caller's bug and panic with the sizes in the message; no bytes of a weight can panic.
//!
//! Letters: `t` tokens (rows of an input), `k` an index along the row that a product sums over, `d` the width
//! of a head. Shapes are written `[t, rows]`, the last index running fastest.
//!
//! Read in this order: `cpu`, `pool`, `block`, `matmul`, `attention`, then the small ones.

#![expect(
    unsafe_code,
    reason = "vector loads and stores, and threads that write disjoint parts of one slice"
)]

pub mod cpu;
pub mod pool;

pub mod block;
pub mod matmul;

pub mod attention;

pub mod bf16;
pub mod bias;
pub mod exp;
pub mod f8;
pub mod gelu;
pub mod layer_norm;
pub mod norm;
pub mod rope;

pub mod peak;
pub mod quantise;

mod disjoint;
mod large;
mod panel;
mod scratch;
#[cfg(target_arch = "x86_64")]
mod tile;
#[cfg(target_arch = "x86_64")]
mod vector;

#[cfg(test)]
mod noise;
