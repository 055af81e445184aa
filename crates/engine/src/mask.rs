//! Which positions a query looks at.
//!
//! Global layers: itself and all before, and all of its picture. Local layers: the same, but none further back than
//! the `window - 1` before itself. So text sees exactly `window` keys, and the rows of a picture, which is shorter
//! than any window, all see each other in both kinds of layer. (transformers 5.23.0, `modeling_gemma3.py`:
//! `q - kv < window` AND (causal OR same picture). Pictures do not see each other ahead.)

use std::ops::Range;

use candle_core::{Device, Result, Tensor};
use kernels::attention::Sight;

/// The positions that the query at `position`, whose sight ends at `end`, looks at.
fn seen(position: usize, end: usize, window: Option<usize>) -> Range<usize> {
    let first = window.map_or(0, |window| (position + 1).saturating_sub(window));
    first..end
}

/// The positions that any of the queries looks at.
pub fn seen_by_any(sight: Sight, window: Option<usize>) -> Range<usize> {
    let first = seen(sight.first, sight.first + 1, window).start;
    first..sight.ends.last().copied().unwrap_or(first)
}

/// `[t, s]`: 0 where a query may look, -∞ elsewhere; the columns are `keys`.
pub fn mask(sight: Sight, window: Option<usize>, keys: Range<usize>) -> Result<Tensor> {
    let shape = (sight.ends.len(), keys.len());
    let mut values = Vec::with_capacity(shape.0 * shape.1);
    for (position, end) in (sight.first..).zip(sight.ends) {
        let own = seen(position, *end, window);
        values.extend(keys.clone().map(|key| {
            if own.contains(&key) {
                0.0
            } else {
                f32::NEG_INFINITY
            }
        }));
    }
    Tensor::from_vec(values, shape, &Device::Cpu)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: usize, ends: &[usize], window: Option<usize>, expected: &str) {
        let sight = Sight { first, ends };
        let keys = seen_by_any(sight, window);
        let rows: Vec<Vec<f32>> = mask(sight, window, keys).unwrap().to_vec2().unwrap();
        let drawn: Vec<String> = rows
            .iter()
            .map(|row| {
                row.iter()
                    .map(|v| if *v == 0.0 { '1' } else { '.' })
                    .collect()
            })
            .collect();
        assert_eq!(drawn.join(" "), expected);
    }

    #[test]
    fn a_query_sees_itself_and_all_before() {
        check(0, &[1, 2, 3], None, "1.. 11. 111");
        check(2, &[3, 4], None, "111. 1111");
    }

    #[test]
    fn a_local_query_sees_exactly_the_window() {
        check(
            0,
            &[1, 2, 3, 4, 5],
            Some(3),
            "1.... 11... 111.. .111. ..111",
        );
        check(4, &[5, 6], Some(3), "111. .111");
        check(7, &[8], Some(1), "1");
    }

    /// Two pictures with a word before, between and after them.
    #[test]
    fn a_picture_sees_itself_whole_and_no_other_ahead() {
        let ends = [1, 3, 3, 4, 6, 6, 7];
        check(
            0,
            &ends,
            None,
            "1...... 111.... 111.... 1111... 111111. 111111. 1111111",
        );
        check(
            0,
            &ends,
            Some(3),
            "1...... 111.... 111.... .111... ..1111. ...111. ....111",
        );
        check(4, &ends[4..], Some(2), "111. .11. ..11");
    }
}
