//! The starter model (Gemma 3 270M, Q4_K_M) over 3,446 tokens of a real text, beyond its window of 512.
//!
//! The reference is the same file dequantised to float32 in transformers, so what differs is the engine alone.
//! llama.cpp on the same file: mean |Δnll| 0.070, top-1 96.3 %.

use std::path::{Path, PathBuf};

use crate::golden::{Expected, setup};
use engine::{Engine, Limits, Numerics, Prompt, Sampling, Weights};

#[test]
fn the_exact_path_is_the_reference() {
    check(Numerics::Exact, 1e-3, 0.995);
}

#[test]
fn the_fast_path_is_close_to_the_reference() {
    check(Numerics::Fast, 0.06, 0.97);
}

#[track_caller]
fn check(numerics: Numerics, most_off: f64, least_agreement: f64) {
    let expected = Expected::of_starter();
    let ids = expected.ids("input_ids");
    let expected_nll = expected.numbers("nll");
    let expected_top = expected.ids("top_ids"); // [t, 8]

    let mut engine =
        Engine::load(Weights::open(&starter()).unwrap(), setup(numerics, None)).unwrap();
    let vocabulary = engine.vocabulary_len();
    let (mut off, mut agreed) = (0.0, 0usize);
    engine
        .logits(Prompt::text(&ids), |first, rows| {
            for (row, found) in per_row(rows, vocabulary, &ids[first + 1..])
                .into_iter()
                .enumerate()
            {
                let position = first + row;
                agreed += usize::from(found.top == expected_top[position * 8]);
                if let Some(nll) = found.nll {
                    off += (nll - f64::from(expected_nll[position])).abs();
                }
            }
        })
        .unwrap();

    let off = off / expected_nll.len() as f64;
    let agreement = agreed as f64 / ids.len() as f64;
    println!(
        "{numerics:?}: mean |Δnll| {off:.6}, top-1 {:.2} %",
        100.0 * agreement
    );
    assert!(off <= most_off, "mean |Δnll| is {off}");
    assert!(
        agreement >= least_agreement,
        "top-1 agreement is {agreement}"
    );
}

/// After 16 tokens only those rows of the head are computed that can be among the likeliest.
#[test]
fn an_answer_is_the_one_that_all_scores_give() {
    let load = || {
        let weights = Weights::open(&starter()).unwrap();
        Engine::load(weights, setup(Numerics::Fast, None)).unwrap()
    };
    let prompt = &Expected::of_starter().ids("input_ids")[..40];
    let limits = Limits {
        max_tokens: Some(40),
        stop_ids: Vec::new(),
    };
    let answer = load()
        .generate(
            Prompt::text(prompt),
            &Sampling::greedy(),
            &limits,
            &|| false,
            |_| {},
        )
        .unwrap();

    let mut engine = load();
    let mut scores = engine
        .read(Prompt::text(prompt), &|| false)
        .unwrap()
        .unwrap();
    for id in answer.ids {
        assert_eq!(per_row(scores, scores.len(), &[])[0].top, id);
        scores = engine.step(id).unwrap();
    }
}

struct Row {
    top: u32,
    /// Of the token that follows, if one does.
    nll: Option<f64>,
}

/// On two threads: a row is 262,144 exponentials.
fn per_row(rows: &[f32], vocabulary: usize, next: &[u32]) -> Vec<Row> {
    let rows: Vec<(&[f32], Option<u32>)> = rows
        .chunks(vocabulary)
        .zip(next.iter().copied().map(Some).chain([None]))
        .collect();
    let of_row =
        |(row, next): &(&[f32], Option<u32>)| {
            let (top, largest) = row.iter().enumerate().fold((0, f32::MIN), |best, (id, x)| {
                if *x > best.1 { (id, *x) } else { best }
            });
            let sum: f64 = row.iter().map(|x| f64::from((x - largest).exp())).sum();
            let nll = next.map(|next| sum.ln() - f64::from(row[next as usize] - largest));
            Row {
                top: top as u32,
                nll,
            }
        };
    let (first, second) = rows.split_at(rows.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| second.iter().map(of_row).collect::<Vec<Row>>());
        let mut all: Vec<Row> = first.iter().map(of_row).collect();
        all.extend(second.join().unwrap());
        all
    })
}

/// The test run puts the model there, or says where it is.
fn starter() -> PathBuf {
    let place =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/starter/gemma-3-270m-q4_k_m.gguf");
    let path = std::env::var_os("LECTERN_STARTER_MODEL").map_or(place, PathBuf::from);
    assert!(
        path.exists(),
        "the starter model is not at {}; run ./dev test",
        path.display()
    );
    path
}
