//! What this machine can do at most, to hold a kernel's figures against. Each probe takes a few milliseconds.

use std::hint::black_box;
use std::time::Instant;

use crate::cpu::{Cpu, Level};

/// Bytes per second that all threads together read from `bytes`, which should be larger than every cache.
pub fn read_bytes_per_second(cpu: &Cpu, bytes: &[u8]) -> f64 {
    let lines = bytes.as_chunks::<64>().0;
    let since = Instant::now();
    cpu.pool().run(lines.len(), 4096, |range| {
        let mut sums = [0u64; 8];
        for line in &lines[range] {
            for (sum, word) in sums.iter_mut().zip(line.as_chunks().0) {
                *sum ^= u64::from_ne_bytes(*word);
            }
        }
        black_box(sums);
    });
    bytes.len() as f64 / since.elapsed().as_secs_f64()
}

/// Multiply-adds per second that all threads together reach without touching memory: of 16-bit integers, as
/// products with quantised weights do them.
pub fn integer_products_per_second(cpu: &Cpu) -> f64 {
    per_second(cpu, |rounds| match cpu.level() {
        Level::Scalar => scalar::integers(rounds),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(proof) => avx2::integers(proof, rounds),
    })
}

/// The same for floats.
pub fn float_products_per_second(cpu: &Cpu) -> f64 {
    per_second(cpu, |rounds| match cpu.level() {
        Level::Scalar => scalar::floats(rounds),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(proof) => avx2::floats(proof, rounds),
    })
}

/// Times `work`, which returns how many products its rounds made, in small pieces on all threads.
fn per_second(cpu: &Cpu, work: impl Fn(usize) -> usize + Sync) -> f64 {
    const PIECES: usize = 64;
    const ROUNDS: usize = 1000;
    let since = Instant::now();
    cpu.pool().run(PIECES, 1, |pieces| {
        for _ in pieces {
            black_box(work(ROUNDS));
        }
    });
    (PIECES * work(0).max(1) * ROUNDS) as f64 / since.elapsed().as_secs_f64()
}

mod scalar {
    use std::hint::black_box;

    const LANES: usize = 64;

    pub fn integers(rounds: usize) -> usize {
        let (mut sums, w) = ([0i32; LANES], [3i16; LANES]);
        for round in 0..rounds {
            let a = black_box(round as i16);
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = sum.wrapping_add(i32::from(w) * i32::from(a));
            }
        }
        black_box(sums);
        LANES
    }

    pub fn floats(rounds: usize) -> usize {
        let (mut sums, w) = ([0f32; LANES], [0.5f32; LANES]);
        for round in 0..rounds {
            let x = black_box(round as f32);
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum += w * x;
            }
        }
        black_box(sums);
        LANES
    }
}

/// The loops of the kernels, six rows by two vectors of columns, without the loads of the columns.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    use crate::cpu::Avx2;

    pub fn integers(_: Avx2, rounds: usize) -> usize {
        #[target_feature(enable = "avx2")]
        fn with_avx2(rounds: usize) {
            let mut sums = [[_mm256_setzero_si256(); 2]; 6];
            let columns = black_box([_mm256_set1_epi16(3), _mm256_set1_epi16(5)]);
            let rows = black_box([[1; 6]; 64]);
            for round in 0..rounds {
                for (sums, row) in sums.iter_mut().zip(&rows[round % 64]) {
                    let x = _mm256_set1_epi32(*row);
                    sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(columns[0], x));
                    sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(columns[1], x));
                }
            }
            black_box(sums);
        }
        // SAFETY: the proof says that this CPU has AVX2.
        unsafe { with_avx2(rounds) };
        2 * 6 * 16
    }

    pub fn floats(_: Avx2, rounds: usize) -> usize {
        #[target_feature(enable = "avx2,fma")]
        fn with_avx2(rounds: usize) {
            let mut sums = [[_mm256_setzero_ps(); 2]; 6];
            let columns = black_box([_mm256_set1_ps(0.5), _mm256_set1_ps(0.25)]);
            let rows = black_box([[1.0; 6]; 64]);
            for round in 0..rounds {
                for (sums, row) in sums.iter_mut().zip(&rows[round % 64]) {
                    let x = _mm256_set1_ps(*row);
                    sums[0] = _mm256_fmadd_ps(columns[0], x, sums[0]);
                    sums[1] = _mm256_fmadd_ps(columns[1], x, sums[1]);
                }
            }
            black_box(sums);
        }
        // SAFETY: the proof says that this CPU has AVX2 and FMA.
        unsafe { with_avx2(rounds) };
        2 * 6 * 8
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn every_probe_finds_something_to_count() {
        for level in Level::all() {
            let cpu = Cpu::new(level, NonZeroUsize::new(2).expect("not zero"));
            assert!(read_bytes_per_second(&cpu, &[1; 1 << 20]) > 1e6);
            assert!(integer_products_per_second(&cpu) > 1e6);
            assert!(float_products_per_second(&cpu) > 1e6);
        }
    }
}
