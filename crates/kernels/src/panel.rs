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

/// How many panels `rows` make.
pub fn panels(rows: usize) -> usize {
    rows.div_ceil(PANEL)
}

/// The rows of panel `index`: the panels differ by at most one in width.
pub fn panel_rows(rows: usize, index: usize) -> Range<usize> {
    let panels = panels(rows);
    rows * index / panels..rows * (index + 1) / panels
}

/// The rows of all panels.
pub fn panel_ranges(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..panels(rows)).map(move |index| panel_rows(rows, index))
}

/// The panel that `row` is in.
pub fn panel_of(rows: usize, row: usize) -> usize {
    ((row + 1) * panels(rows)).div_ceil(rows) - 1
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
            let all: Vec<Range<usize>> = (0..panels(rows))
                .map(|index| panel_rows(rows, index))
                .collect();
            assert_eq!((all[0].start, all[all.len() - 1].end), (0, rows));
            assert!(all.windows(2).all(|two| two[0].end == two[1].start));
            let widths = || all.iter().map(Range::len);
            let (least, most) = (widths().min().unwrap_or(0), widths().max().unwrap_or(0));
            assert!(1 <= least && most <= PANEL && most - least <= 1);
            assert!((0..rows).all(|row| all[panel_of(rows, row)].contains(&row)));
        }
    }
}
