//! What an engine remembers from one prompt to the next, and when it stops.

use std::cell::Cell;

use crate::golden::{Expected, Form, engine, largest_difference, path, setup};
use engine::{
    Ended, Engine, Error, Event, Limits, Numerics, Outcome, Prompt, Sampling, Setup, Weights,
};

/// tiny-text: window 16, and with this chunk rings of 320 positions (window + chunk + slack, in whole pages).
const CHUNK: usize = 16;
const RING: usize = 320;
const WINDOW: usize = 16;

/// Ids that do not repeat the prompt of any golden: `n` of them, another row for each `seed`.
fn ids(seed: u32, n: usize) -> Vec<u32> {
    (0..n as u32)
        .map(|i| (i * i * 7 + i * 31 + seed * 97) % 500 + 4)
        .collect()
}

fn tiny(numerics: Numerics) -> Engine {
    engine("tiny-text", Form::Gguf, numerics, Some(CHUNK))
}

fn continue_greedily(engine: &mut Engine, prompt: &[u32], max_tokens: usize) -> Outcome {
    let limits = Limits {
        max_tokens: Some(max_tokens),
        stop_ids: Vec::new(),
    };
    engine
        .generate(
            Prompt::text(prompt),
            &Sampling::greedy(),
            &limits,
            &|| false,
            |_| {},
        )
        .unwrap()
}

/// After `prompt` went through `engine`, which remembered `cached` of it: as if it had remembered nothing.
#[track_caller]
fn check_remembered(engine: &mut Engine, numerics: Numerics, prompt: &[u32], cached: usize) {
    let outcome = continue_greedily(engine, prompt, 1);
    assert_eq!(
        outcome.cached_tokens, cached,
        "positions that were not read again"
    );
    assert_eq!(engine.cached_ids(), prompt);
    let next = engine.step(outcome.ids[0]).unwrap().to_vec();

    let mut fresh = tiny(numerics);
    let all = [prompt, &outcome.ids].concat();
    let expected = fresh.read(Prompt::text(&all), &|| false).unwrap().unwrap();
    // The same sums in matrices of other heights: float32 noise in the exact path, none in the other.
    let tolerance = if numerics == Numerics::Exact {
        5e-5
    } else {
        0.0
    };
    let off = largest_difference(&next, expected);
    assert!(off <= tolerance, "{numerics:?}: a score is off by {off}");
}

#[test]
fn a_second_turn_reads_only_what_is_new() {
    for numerics in [Numerics::Exact, Numerics::Fast] {
        for first_len in [10, 100, 400] {
            let mut engine = tiny(numerics);
            let mut prompt = ids(1, first_len);
            let first = continue_greedily(&mut engine, &prompt, 20);
            assert_eq!(first.cached_tokens, 0);
            prompt.extend(&first.ids);
            prompt.extend(ids(2, 30));
            // The last token of the answer had not been read yet.
            check_remembered(&mut engine, numerics, &prompt, first_len + 19);
        }
    }
}

#[test]
fn what_was_read_can_be_taken_back_while_the_rings_hold_the_window_before_it() {
    for numerics in [Numerics::Exact, Numerics::Fast] {
        let long = ids(1, 500);
        // The oldest position that a ring holds after 500; the query at `len` needs `WINDOW - 1` before it.
        let least = 500 - RING + WINDOW - 1;
        for (kept, cached) in [
            (499, 499),
            (300, 300),
            (least, least),
            (least - 1, 0),
            (0, 0),
        ] {
            let mut engine = tiny(numerics);
            engine.read(Prompt::text(&long), &|| false).unwrap();
            let prompt = [&long[..kept], &ids(3, 50)].concat();
            check_remembered(&mut engine, numerics, &prompt, cached);
        }
    }
}

#[test]
fn taking_back_twice_does_not_bring_back_what_was_overwritten() {
    let long = ids(1, 500);
    let mut engine = tiny(Numerics::Exact);
    engine.read(Prompt::text(&long), &|| false).unwrap();
    let shorter = [&long[..250], &ids(3, 10)].concat();
    check_remembered(&mut engine, Numerics::Exact, &shorter, 250);
    // At 260 positions a ring that had never held more would still have position 150.
    let again = [&long[..150], &ids(4, 10)].concat();
    check_remembered(&mut engine, Numerics::Exact, &again, 0);
}

#[test]
fn the_same_prompt_again_reads_one_token() {
    let mut engine = tiny(Numerics::Fast);
    let prompt = ids(1, 100);
    let first = continue_greedily(&mut engine, &prompt, 10);
    let second = continue_greedily(&mut engine, &prompt, 10);
    assert_eq!((second.ids, second.cached_tokens), (first.ids, 99));
}

#[test]
fn progress_counts_from_what_is_known_to_the_whole_prompt() {
    let mut engine = tiny(Numerics::Fast);
    let prompt = ids(1, 50);
    let mut events = Vec::new();
    let limits = Limits {
        max_tokens: Some(2),
        stop_ids: Vec::new(),
    };
    let mut run = |prompt: &[u32]| {
        events.clear();
        engine
            .generate(
                Prompt::text(prompt),
                &Sampling::greedy(),
                &limits,
                &|| false,
                |event| events.push(event),
            )
            .map(|outcome| (outcome, events.clone()))
            .unwrap()
    };
    let read = |done, total| Event::Read { done, total };
    let (outcome, events) = run(&prompt);
    let tokens: Vec<Event> = outcome.ids.iter().copied().map(Event::Token).collect();
    let reading = [0, 16, 32, 48, 50].map(|done| read(done, 50));
    assert_eq!(events, [reading.as_slice(), &tokens].concat());

    let (_, events) = run(&[&prompt[..], &outcome.ids, &[9]].concat());
    assert_eq!(events[..2], [read(51, 53), read(53, 53)]);
}

/// A stop that says so when it is asked the `n`th time.
fn stop_at(n: usize) -> impl Fn() -> bool {
    let asked = Cell::new(0);
    move || {
        asked.set(asked.get() + 1);
        asked.get() >= n
    }
}

#[test]
fn a_prompt_can_be_stopped_between_chunks_and_goes_on_from_there() {
    let prompt = ids(1, 50);
    let limits = Limits {
        max_tokens: Some(5),
        stop_ids: Vec::new(),
    };
    let expected = continue_greedily(&mut tiny(Numerics::Fast), &prompt, 5);

    let mut engine = tiny(Numerics::Fast);
    let stopped = engine
        .generate(
            Prompt::text(&prompt),
            &Sampling::greedy(),
            &limits,
            &stop_at(3),
            |_| {},
        )
        .unwrap();
    assert_eq!((stopped.ended, stopped.ids.len()), (Ended::Stopped, 0));
    assert_eq!(engine.cached_ids(), &prompt[..32]); // two chunks

    let outcome = continue_greedily(&mut engine, &prompt, 5);
    assert_eq!((outcome.ids, outcome.cached_tokens), (expected.ids, 32));
}

#[test]
fn an_answer_can_be_stopped_between_tokens() {
    let prompt = ids(1, 10); // one chunk: asked once while reading
    let limits = Limits {
        max_tokens: Some(50),
        stop_ids: Vec::new(),
    };
    let expected = continue_greedily(&mut tiny(Numerics::Fast), &prompt, 50);
    let mut engine = tiny(Numerics::Fast);
    let outcome = engine
        .generate(
            Prompt::text(&prompt),
            &Sampling::greedy(),
            &limits,
            &stop_at(5),
            |_| {},
        )
        .unwrap();
    assert_eq!(
        (outcome.ended, outcome.ids.as_slice()),
        (Ended::Stopped, &expected.ids[..3])
    );
}

#[test]
fn a_stop_id_ends_the_answer_and_is_not_part_of_it() {
    let expected = Expected::read("tiny-text");
    let prompt = expected.ids("greedy.input_ids");
    // The reference goes on with 261 three times and then 458.
    let limits = Limits {
        max_tokens: None,
        stop_ids: vec![1, 458],
    };
    let mut engine = tiny(Numerics::Exact);
    let outcome = engine
        .generate(
            Prompt::text(&prompt),
            &Sampling::greedy(),
            &limits,
            &|| false,
            |_| {},
        )
        .unwrap();
    assert_eq!(
        (outcome.ended, outcome.ids),
        (Ended::StopToken(458), vec![261, 261, 261])
    );
}

#[test]
fn a_full_context_ends_the_answer() {
    let weights = Weights::open(&path("tiny-text", Form::Gguf)).unwrap();
    let setup = Setup {
        context_len: Some(40),
        ..setup(Numerics::Fast, Some(CHUNK))
    };
    let mut engine = Engine::load(weights, setup).unwrap();
    let limits = Limits {
        max_tokens: None,
        stop_ids: Vec::new(),
    };
    let mut run = |n| {
        engine.generate(
            Prompt::text(&ids(1, n)),
            &Sampling::greedy(),
            &limits,
            &|| false,
            |_| {},
        )
    };

    let outcome = run(30).unwrap();
    // The last token stands after the last position, so there is one more.
    assert_eq!((outcome.ended, outcome.ids.len()), (Ended::ContextFull, 11));
    assert_eq!(run(40).unwrap().ids.len(), 1);
    let refused = run(41).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "41 tokens are more than the 40 the context holds"
    );
    assert_eq!(
        engine.cached_ids().len(),
        40,
        "what is refused leaves the cache as it was"
    );
    assert!(matches!(
        engine.step(1),
        Err(Error::TooLong {
            tokens: 41,
            context_len: 40
        })
    ));
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let mut engine = tiny(Numerics::Fast);
    let limits = Limits {
        max_tokens: Some(1),
        stop_ids: Vec::new(),
    };
    let mut says = |prompt: &[u32], sampling: Sampling| {
        engine
            .generate(Prompt::text(prompt), &sampling, &limits, &|| false, |_| {})
            .unwrap_err()
            .to_string()
    };
    assert_eq!(says(&[], Sampling::greedy()), "the prompt is empty");
    assert_eq!(
        says(&[2, 512], Sampling::greedy()),
        "token id 512 at position 1 is not below 512, the size of the vocabulary"
    );
    let sampling = Sampling {
        temperature: f32::NAN,
        ..Sampling::gemma(1)
    };
    assert_eq!(
        says(&[2], sampling),
        "the temperature is NaN, expected 0 or more"
    );
    let sampling = Sampling {
        top_p: 0.0,
        ..Sampling::gemma(1)
    };
    assert_eq!(
        says(&[2], sampling),
        "top-p is 0, expected more than 0 and at most 1"
    );

    let load = |setup: Setup| {
        let weights = Weights::open(&path("tiny-text", Form::Gguf)).unwrap();
        Engine::load(weights, setup).unwrap_err().to_string()
    };
    let usual = setup(Numerics::Fast, None);
    assert_eq!(
        load(Setup {
            chunk: Some(0),
            ..usual
        }),
        "the chunk is 0, expected at least 1 and at most what the model was trained for"
    );
    assert_eq!(
        load(Setup {
            context_len: Some(131_073),
            ..usual
        }),
        "the context is 131073, expected at least 1 and at most what the model was trained for"
    );
    let error = load(Setup {
        level: Some("avx1024"),
        ..usual
    });
    assert!(
        error.starts_with("this CPU has no path \"avx1024\", it has scalar"),
        "{error}"
    );
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    let limits = Limits {
        max_tokens: Some(20),
        stop_ids: Vec::new(),
    };
    let run = |seed| {
        let sampling = Sampling::gemma(seed);
        tiny(Numerics::Fast)
            .generate(
                Prompt::text(&ids(1, 20)),
                &sampling,
                &limits,
                &|| false,
                |_| {},
            )
            .unwrap()
            .ids
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn memory_of_the_cache_is_known_before_it_is_taken() {
    let config = Weights::open(&path("tiny-text", Form::Gguf))
        .unwrap()
        .config()
        .clone();
    let layer = |positions: u64, number: u64| 2 * positions * 32 * number; // one kv head of 32
    for (numerics, number) in [(Numerics::Exact, 4), (Numerics::Fast, 2)] {
        // One layer of seven is global, the others have rings.
        let expected = layer(1024, number) + 6 * layer(RING as u64, number);
        assert_eq!(config.cache_bytes(numerics, 1000, Some(CHUNK)), expected);

        let mut engine = tiny(numerics);
        assert_eq!(engine.cache_bytes(), 0);
        engine.read(Prompt::text(&ids(1, 1000)), &|| false).unwrap();
        assert_eq!(engine.cache_bytes(), expected);
        engine.reset();
        assert_eq!(engine.cache_bytes(), 0);
    }
}
