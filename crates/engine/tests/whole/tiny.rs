//! The tiny random checkpoints of `tests/golden`: every logit as the reference has it.
//!
//! Against the tolerance of 5e-4, no RoPE factor moves the logits by 0.7, the wrong local theta by 4.4, a window
//! off by one by 0.5, SiLU by 1.0, erf GELU by 1e-3 (`tests/golden/README.md`).

use crate::golden::{Expected, Form, engine, largest_difference, scores};
use engine::{Ended, Engine, Limits, Numerics, Prompt, Sampling};

const TOLERANCE: f32 = 5e-4;
/// The fast path rounds keys and values to bfloat16 (2⁻⁹) and activations to 15 bits; over 62 layers this much.
const FAST_TOLERANCE: f32 = 0.2;

/// Over tiny-mm's 8 layers: less than what the RoPE factor makes.
const FAST_FAR_TOLERANCE: f32 = 0.1;

/// Of tiny-mm, which also sees pictures, the part that reads text.
const MODELS: [&str; 3] = ["tiny-text", "tiny-27b", "tiny-mm"];

#[test]
fn every_logit_is_that_of_the_reference() {
    for model in MODELS {
        let expected = Expected::read(model);
        for form in [Form::Gguf, Form::Folder] {
            for prompt in ["short", "long"] {
                check(
                    &mut engine(model, form, Numerics::Exact, None),
                    &expected,
                    prompt,
                    TOLERANCE,
                );
            }
        }
    }
}

#[test]
fn it_does_not_matter_how_a_prompt_is_cut() {
    for model in MODELS {
        let expected = Expected::read(model);
        for chunk in [1, 7, 16, 64] {
            let mut engine = engine(model, Form::Gguf, Numerics::Exact, Some(chunk));
            check(&mut engine, &expected, "long", TOLERANCE);
        }
    }
}

/// A missing RoPE factor hides in short prompts and grows with distance: here it moves logits by 0.14 to 0.23.
#[test]
fn beyond_3000_tokens_logits_are_those_of_the_reference() {
    let expected = Expected::read_far("tiny-mm");
    let ids = expected.ids("far.input_ids");
    let rows = expected.ids("far.positions");
    let numbers = expected.numbers("far.logits");
    assert!(ids.len() > 3000);
    for (numerics, chunk, tolerance) in [
        (Numerics::Exact, None, TOLERANCE),
        (Numerics::Exact, Some(700), TOLERANCE),
        (Numerics::Fast, None, FAST_FAR_TOLERANCE),
    ] {
        let mut engine = engine("tiny-mm", Form::Gguf, numerics, chunk);
        let found = scores(&mut engine, &ids);
        let vocabulary = engine.vocabulary_len();
        let kept: Vec<f32> = rows
            .iter()
            .flat_map(|row| &found[*row as usize * vocabulary..][..vocabulary])
            .copied()
            .collect();
        let off = largest_difference(&kept, &numbers);
        println!("{numerics:?} {chunk:?}: off by {off:e}");
        assert!(off <= tolerance, "{numerics:?} {chunk:?}: off by {off}");
    }
}

#[test]
fn the_fast_path_is_close() {
    for model in MODELS {
        let expected = Expected::read(model);
        for chunk in [None, Some(1), Some(7)] {
            for prompt in ["short", "long"] {
                let mut engine = engine(model, Form::Gguf, Numerics::Fast, chunk);
                check(&mut engine, &expected, prompt, FAST_TOLERANCE);
            }
        }
    }
}

#[test]
fn greedy_continuations_are_those_of_the_reference() {
    for model in MODELS {
        let expected = Expected::read(model);
        let prompt = expected.ids("greedy.input_ids");
        // The reference gives prompt and continuation in one.
        let whole = expected.ids("greedy.output_ids");
        let continuation = &whole[prompt.len()..];
        for form in [Form::Gguf, Form::Folder] {
            let mut engine = engine(model, form, Numerics::Exact, None);
            let limits = Limits {
                max_tokens: Some(continuation.len()),
                stop_ids: Vec::new(),
            };
            let outcome = engine
                .generate(
                    Prompt::text(&prompt),
                    &Sampling::greedy(),
                    &limits,
                    &|| false,
                    |_| {},
                )
                .unwrap();
            assert_eq!(outcome.ids, continuation, "{model}, {form:?}");
            assert_eq!(outcome.ended, Ended::MaxTokens);
        }
    }
}

#[track_caller]
fn check(engine: &mut Engine, expected: &Expected, prompt: &str, tolerance: f32) {
    let ids = expected.ids(&format!("{prompt}.input_ids"));
    let found = scores(engine, &ids);
    let off = largest_difference(&found, &expected.numbers(&format!("{prompt}.logits")));
    println!("{} {prompt}: off by {off:e}", expected.model);
    assert!(
        off <= tolerance,
        "{} {prompt}: a logit is off by {off}",
        expected.model
    );
}
