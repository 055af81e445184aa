//! A number added to each column, as the linear maps of the picture tower have it.

use crate::cpu::Cpu;

/// How many rows one thread takes at a time.
const GRAIN: usize = 32;

/// `x += bias` for each row of `x` `[t, bias.len()]`.
///
/// # Panics
/// When `x` is not whole rows.
pub fn add_bias(cpu: &Cpu, x: &mut [f32], bias: &[f32]) {
    // One addition has the same bits however it is compiled, and memory is what it waits for.
    cpu.pool().run_rows(x, bias.len(), GRAIN, |_, x| {
        for x in x.chunks_exact_mut(bias.len()) {
            for (x, bias) in x.iter_mut().zip(bias) {
                *x += bias;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::cpu::Level;

    #[test]
    fn every_row_gets_it() {
        let cpu = Cpu::new(Level::detect(), NonZeroUsize::new(2).expect("not zero"));
        for rows in [1, 2, 33, 100] {
            let mut x: Vec<f32> = (0..rows * 3).map(|i| i as f32).collect();
            add_bias(&cpu, &mut x, &[1.0, 10.0, 100.0]);
            for (i, x) in x.iter().enumerate() {
                assert_eq!(*x, i as f32 + [1.0, 10.0, 100.0][i % 3], "{rows} rows");
            }
        }
    }

    #[test]
    #[should_panic(expected = "4 is not whole rows of 3")]
    fn half_a_row_is_a_bug() {
        let cpu = Cpu::new(Level::Scalar, NonZeroUsize::MIN);
        add_bias(&cpu, &mut [0.0; 4], &[0.0; 3]);
    }
}
