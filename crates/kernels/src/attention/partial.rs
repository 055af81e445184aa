//! The part of a softmax that some positions contribute, and how two parts become one.

use crate::exp::exp;

/// Numbers that are worked on side by side, as two vectors of AVX2.
pub const STRIP: usize = 16;
/// [`STRIP`] numbers.
pub type Strip = [[f32; 8]; 2];

/// For each row of a tile: with `m` the largest score, `Σ e^(score − m)` and `Σ e^(score − m) · value`.
pub struct Partial<'a> {
    /// `[rows]`, −∞ where nothing was seen.
    largest: &'a mut [f32],
    /// `[rows]`
    totals: &'a mut [f32],
    /// [strips of the width of a head, rows]
    sums: &'a mut [Strip],
}

impl<'a> Partial<'a> {
    /// Floats that a part of `rows` takes.
    pub fn len(rows: usize, head_dim: usize) -> usize {
        rows * (head_dim.next_multiple_of(STRIP) + 2)
    }

    /// The part that lies in `room`.
    pub fn of(room: &'a mut [f32], rows: usize, head_dim: usize) -> Self {
        let (sums, rest) = room.split_at_mut(rows * head_dim.next_multiple_of(STRIP));
        let (largest, rest) = rest.split_at_mut(rows);
        Self {
            largest,
            totals: &mut rest[..rows],
            sums: strips(sums),
        }
    }

    /// Nothing was seen yet.
    pub fn clear(&mut self) {
        self.largest.fill(f32::NEG_INFINITY);
        self.totals.fill(0.0);
        self.sums.fill([[0.0; 8]; 2]);
    }

    /// The sums of all rows, one strip after another.
    pub fn sums_by_strip(&mut self) -> impl Iterator<Item = &mut [Strip]> {
        self.sums.chunks_exact_mut(self.largest.len())
    }

    /// Makes the largest score of `row` at least `score`, returns what it is then.
    #[inline(always)]
    pub fn raise(&mut self, row: usize, score: f32) -> f32 {
        let before = self.largest[row];
        let after = before.max(score);
        let factor = weight(before, after);
        if factor != 1.0 {
            self.totals[row] *= factor;
            for sums in self.sums.iter_mut().skip(row).step_by(self.largest.len()) {
                for half in sums {
                    for sum in half {
                        *sum *= factor;
                    }
                }
            }
        }
        self.largest[row] = after;
        after
    }

    /// Adds to the weights that `row` has seen.
    #[inline(always)]
    pub fn add_total(&mut self, row: usize, total: f32) {
        self.totals[row] += total;
    }

    /// Adds what `other` has seen of the same rows.
    pub fn merge(&mut self, other: &Partial) {
        let rows = self.largest.len();
        for row in 0..rows {
            let factor = weight(other.largest[row], self.raise(row, other.largest[row]));
            self.totals[row] += factor * other.totals[row];
            for (sums, others) in self
                .sums
                .iter_mut()
                .zip(&*other.sums)
                .skip(row)
                .step_by(rows)
            {
                for (sum, other) in sums
                    .as_flattened_mut()
                    .iter_mut()
                    .zip(others.as_flattened())
                {
                    *sum += factor * other;
                }
            }
        }
    }

    /// Writes the weighted mean of the values that `row` has seen.
    pub fn finish(&self, row: usize, out: &mut [f32]) {
        let sums = self.sums.iter().skip(row).step_by(self.largest.len());
        for (out, sums) in out.chunks_mut(STRIP).zip(sums) {
            for (out, sum) in out.iter_mut().zip(sums.as_flattened()) {
                *out = sum / self.totals[row];
            }
        }
    }
}

/// `numbers` as whole strips.
pub fn strips(numbers: &mut [f32]) -> &mut [Strip] {
    numbers.as_chunks_mut().0.as_chunks_mut().0
}

/// `e^(score − largest)`; nothing (−∞) has no weight, even where nothing was seen at all.
fn weight(score: f32, largest: f32) -> f32 {
    if score == f32::NEG_INFINITY {
        0.0
    } else {
        exp(score - largest)
    }
}
