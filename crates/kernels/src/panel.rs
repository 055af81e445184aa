//! Rows of an input, up to six side by side: what the inner loops of all products read.
//!
//! The rows of a panel run fastest, so that one place in all of them is one stretch of memory:
//!
//! ```text
//! panel of 3 rows a b c:   a0 b0 c0   a1 b1 c1   a2 b2 c2   …
//! ```

use std::ops::Range;

/// The most rows of a panel: with two vectors of columns their sums fill the 16 registers of AVX2.
pub const PANEL: usize = 6;

/// How rows are shared out to panels: evenly, the first ones get what is left over.
#[derive(Clone, Copy, Debug)]
pub struct Panels {
    count: usize,
    /// Rows of every panel.
    width: usize,
    /// How many panels, the first ones, have a row more.
    wider: usize,
}

impl Panels {
    /// As few panels as `rows` fit in.
    pub fn of(rows: usize) -> Self {
        let count = rows.div_ceil(PANEL);
        let shared_by = count.max(1);
        Self {
            count,
            width: rows / shared_by,
            wider: rows % shared_by,
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// The rows of panel `index`.
    #[inline]
    pub fn rows(&self, index: usize) -> Range<usize> {
        let start = index * self.width + index.min(self.wider);
        start..start + self.width + usize::from(index < self.wider)
    }

    /// The rows of every panel.
    pub fn all(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.count).map(move |index| self.rows(index))
    }

    /// The panel that `row` is in.
    pub fn holding(&self, row: usize) -> usize {
        let in_wider = self.wider * (self.width + 1);
        if row < in_wider {
            row / (self.width + 1)
        } else {
            self.wider + (row - in_wider) / self.width
        }
    }
}

/// Runs `$body` with `$width`, which is 1 to [`PANEL`], as a constant of that name.
macro_rules! with_width {
    ($width:expr, |$constant:ident| $body:expr) => {{
        match $width {
            1 => {
                const $constant: usize = 1;
                $body
            }
            2 => {
                const $constant: usize = 2;
                $body
            }
            3 => {
                const $constant: usize = 3;
                $body
            }
            4 => {
                const $constant: usize = 4;
                $body
            }
            5 => {
                const $constant: usize = 5;
                $body
            }
            _ => {
                const $constant: usize = 6;
                $body
            }
        }
    }};
}
pub(crate) use with_width;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_share_the_rows_evenly() {
        for rows in 1..200 {
            let panels = Panels::of(rows);
            let all: Vec<Range<usize>> = panels.all().collect();
            assert_eq!(all.len(), panels.count());
            assert_eq!((all[0].start, all[all.len() - 1].end), (0, rows));
            assert!(all.windows(2).all(|two| two[0].end == two[1].start));
            let widths = || all.iter().map(Range::len);
            let (least, most) = (widths().min().unwrap_or(0), widths().max().unwrap_or(0));
            assert!(1 <= least && most <= PANEL && most - least <= 1);
            assert!((0..rows).all(|row| all[panels.holding(row)].contains(&row)));
        }
        assert_eq!(Panels::of(0).count(), 0);
    }
}
