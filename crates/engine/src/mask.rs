//! Which positions a query looks at.
//!
//! Global layers: itself and all before. Local layers: itself and the `window - 1` before, so exactly `window`
//! keys (transformers 5.23.0, `modeling_gemma3.py`: `q - kv < window`).

use std::ops::Range;

use candle_core::{Device, Result, Tensor};

/// The positions that the queries at `queries` look at, taken together.
pub fn seen(queries: &Range<usize>, window: Option<usize>) -> Range<usize> {
    let first = window.map_or(0, |window| (queries.start + 1).saturating_sub(window));
    first..queries.end
}

/// `[t, s]`: 0 where a query may look, -∞ elsewhere; the columns are [`seen`].
pub fn mask(queries: Range<usize>, window: Option<usize>) -> Result<Tensor> {
    let keys = seen(&queries, window);
    let shape = (queries.len(), keys.len());
    let mut values = Vec::with_capacity(shape.0 * shape.1);
    for query in queries {
        let own = seen(&(query..query + 1), window);
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
    fn check(queries: Range<usize>, window: Option<usize>, expected: &str) {
        let rows: Vec<Vec<f32>> = mask(queries, window).unwrap().to_vec2().unwrap();
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
        check(0..3, None, "1.. 11. 111");
        check(2..4, None, "111. 1111");
    }

    #[test]
    fn a_local_query_sees_exactly_the_window() {
        check(0..5, Some(3), "1.... 11... 111.. .111. ..111");
        check(4..6, Some(3), "111. .111");
        check(7..8, Some(1), "1");
    }
}
