//! What this machine can do, asked once: the instructions of its CPU and the threads to use.

use std::num::NonZeroUsize;

use crate::pool::Pool;

/// Proof that this CPU has AVX2, FMA and F16C: only [`Level::detect`] and [`Level::by_name`] make one.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

/// A set of instructions that the kernels are written for.
///
/// To come: AVX-512 with VNNI, and NEON with the dot product. A level goes here with its proof type, and every
/// kernel's `match` then asks for its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Plain Rust: the definition of every kernel, and what an unknown CPU runs.
    Scalar,
    /// 256-bit vectors with fused multiply-add and half-precision conversion (x86-64 since 2013).
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
}

impl Level {
    /// The best level this CPU has.
    pub fn detect() -> Self {
        Self::by_name("avx2").unwrap_or(Self::Scalar)
    }

    /// The level called `name` (`scalar`, `avx2`), or `None` where this CPU lacks it or no level is called so.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "scalar" => Some(Self::Scalar),
            #[cfg(target_arch = "x86_64")]
            "avx2" => {
                let has = is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c");
                has.then_some(Self::Avx2(Avx2(())))
            }
            _ => None,
        }
    }

    /// Every level this CPU has, the plainest first.
    pub fn all() -> impl Iterator<Item = Self> {
        ["scalar", "avx2"].into_iter().filter_map(Self::by_name)
    }

    /// The name that [`Level::by_name`] takes and logs show.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
        }
    }
}

/// The machine as every kernel takes it. One lives as long as the engine does.
#[derive(Debug)]
pub struct Cpu {
    level: Level,
    pool: Pool,
}

impl Cpu {
    /// Computes at `level` on `threads` threads, the calling one included.
    pub fn new(level: Level, threads: NonZeroUsize) -> Self {
        Self {
            level,
            pool: Pool::new(threads),
        }
    }

    /// The instructions in use.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The threads in use.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_found_by_its_own_name() {
        for level in Level::all() {
            assert_eq!(Level::by_name(level.name()), Some(level));
        }
        assert_eq!(Level::by_name("avx1024"), None);
    }
}
