//! From one row of logits: how likely each next token is, and which are the likeliest.

/// ln Σ exp(logit), in float64 and with the largest taken out so that nothing overflows.
pub fn log_sum_exp(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let largest = f64::from(largest);
    let sum: f64 = logits
        .iter()
        .map(|logit| (f64::from(*logit) - largest).exp())
        .sum();
    largest + sum.ln()
}

/// The `k` largest logits with their ids, the largest first; of equals the lower id comes first.
pub fn likeliest(logits: &[f32], k: usize) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(k + 1);
    for (id, logit) in logits.iter().copied().enumerate() {
        // Most logits end here: `k` is small and a row is long.
        if best.len() == k && best.last().is_some_and(|(_, least)| logit <= *least) {
            continue;
        }
        let place = best.partition_point(|(_, better)| *better >= logit);
        best.insert(place, (id, logit));
        best.truncate(k);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_to_one() {
        #[track_caller]
        fn check(logits: &[f32]) {
            let sum = log_sum_exp(logits);
            let total: f64 = logits
                .iter()
                .map(|logit| (f64::from(*logit) - sum).exp())
                .sum();
            assert!((total - 1.0).abs() < 1e-12, "{total}");
        }
        check(&[0.0]);
        check(&[1.0, 2.0, 3.0]);
        check(&[1000.0, 999.0, -1000.0]); // exp(1000) is no float
    }

    #[test]
    fn the_likeliest_come_first() {
        #[track_caller]
        fn check(logits: &[f32], k: usize, expected: &[usize]) {
            let ids: Vec<usize> = likeliest(logits, k).into_iter().map(|(id, _)| id).collect();
            assert_eq!(ids, expected);
        }
        check(&[0.1, 0.3, 0.2], 1, &[1]);
        check(&[0.1, 0.3, 0.2], 2, &[1, 2]);
        check(&[0.1, 0.3, 0.2], 3, &[1, 2, 0]);
        check(&[0.5, 0.7, 0.5, 0.7], 3, &[1, 3, 0]);
        check(&[0.1], 8, &[0]);
    }
}
