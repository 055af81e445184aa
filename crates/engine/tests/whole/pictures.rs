//! Pictures among the words: what the reference gives, and that nothing of it depends on how a prompt was read.
//!
//! The reference's own soft tokens of one picture are at hand; for others, any rows of their size do.

use crate::golden::{Expected, Form, folder, largest_difference, path, setup};
use engine::{Engine, Error, Limits, Numerics, PICTURE_TOKENS, Picture, Prompt, Sampling};
use engine::{Setup, Weights};

const TOLERANCE: f32 = 5e-4;
/// Keys and values in bfloat16, activations in 15 bits: what one picture in a prompt of the fast path may be off.
const FAST_TOLERANCE: f32 = 0.1;
/// The same sums in matrices of other heights.
const NOISE: f32 = 5e-5;

const IMAGE: u32 = 511;
const HIDDEN: usize = 64;

/// tiny-mm: window 320, rings of 64-position pages.
fn load(form: Form, numerics: Numerics, chunk: Option<usize>) -> Engine {
    let weights = Weights::open(&path("tiny-mm", form)).unwrap();
    let setup = Setup {
        image_token: Some(IMAGE),
        ..setup(numerics, chunk)
    };
    Engine::load(weights, setup).unwrap()
}

/// The reference's soft tokens of `landscape.png`.
fn landscape() -> Picture {
    let rows = Expected::read("tiny-mm").numbers("landscape.image_features");
    Picture::new([1; 32], rows)
}

/// Rows as large as soft tokens are, another picture for each `seed`.
fn picture(seed: u8) -> Picture {
    let mut state = u32::from(seed).wrapping_mul(747_796_405) + 1;
    let rows = (0..PICTURE_TOKENS * HIDDEN).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    });
    Picture::new([seed; 32], rows.collect::<Vec<f32>>())
}

/// `texts` with the place of a picture between every two, none the same as another.
fn ids(texts: &[usize]) -> Vec<u32> {
    let mut next = 7;
    let mut text = |len: usize| {
        let mut word = || {
            next = next * 31 % 499;
            next + 4
        };
        (0..len).map(|_| word()).collect::<Vec<u32>>()
    };
    let texts: Vec<Vec<u32>> = texts.iter().map(|len| text(*len)).collect();
    texts.join([IMAGE; PICTURE_TOKENS].as_slice())
}

fn scores(engine: &mut Engine, prompt: Prompt) -> Vec<f32> {
    let mut all = Vec::new();
    engine
        .logits(prompt, |_, rows| all.extend_from_slice(rows))
        .unwrap();
    all
}

fn next(engine: &mut Engine, prompt: Prompt) -> Vec<f32> {
    let read = engine.read(prompt, &|| false).unwrap();
    read.unwrap().to_vec()
}

fn noise(numerics: Numerics) -> f32 {
    match numerics {
        Numerics::Exact => NOISE,
        Numerics::Fast => 0.0,
    }
}

#[test]
fn a_picture_among_words_is_as_the_reference_has_it() {
    let expected = Expected::read("tiny-mm");
    let ids = expected.ids("one_image.input_ids");
    let positions = expected.ids("one_image.positions");
    let pictures = [landscape()];
    let prompt = Prompt {
        ids: &ids,
        pictures: &pictures,
    };
    let check = |form, numerics, chunk, tolerance| {
        let found = scores(&mut load(form, numerics, chunk), prompt);
        let rows = positions
            .iter()
            .map(|at| &found[*at as usize * 512..][..512]);
        let found = rows.collect::<Vec<_>>().concat();
        let off = largest_difference(&found, &expected.numbers("one_image.logits"));
        println!("{form:?} {numerics:?} {chunk:?}: off by {off:e}");
        assert!(off <= tolerance, "{form:?} {numerics:?} {chunk:?}: {off}");
    };
    for form in [Form::Gguf, Form::Folder] {
        check(form, Numerics::Exact, None, TOLERANCE);
        check(form, Numerics::Fast, None, FAST_TOLERANCE);
    }
    for chunk in [1, 64, 200] {
        check(Form::Gguf, Numerics::Exact, Some(chunk), TOLERANCE);
    }
}

#[test]
fn greedy_words_after_a_picture_are_those_of_the_definition() {
    let ids = Expected::read("tiny-mm").ids("one_image.input_ids");
    let expected = Expected::read_far("tiny-mm");
    let said = expected.ids("one_image.greedy.output_ids");
    let pictures = [landscape()];
    for form in [Form::Gguf, Form::Folder] {
        let mut engine = load(form, Numerics::Exact, None);
        let prompt = Prompt {
            ids: &ids,
            pictures: &pictures,
        };
        let limits = Limits {
            max_tokens: Some(said.len()),
            stop_ids: Vec::new(),
        };
        let outcome = engine
            .generate(prompt, &Sampling::greedy(), &limits, &|| false, |_| {})
            .unwrap();
        assert_eq!(outcome.ids, said, "{form:?}");
        let found = engine.step(said[said.len() - 1]).unwrap().to_vec();
        let off = largest_difference(&found, &expected.numbers("one_image.greedy.logits"));
        assert!(off <= TOLERANCE, "{form:?}: off by {off} after all of them");
    }
}

/// The window of 320 slides over the first picture while the second is read, and past it after.
#[test]
fn it_does_not_matter_how_a_prompt_with_pictures_is_cut() {
    let ids = ids(&[20, 3, 150]);
    let pictures = [picture(1), picture(2)];
    let prompt = Prompt {
        ids: &ids,
        pictures: &pictures,
    };
    for numerics in [Numerics::Exact, Numerics::Fast] {
        let whole = scores(&mut load(Form::Gguf, numerics, Some(ids.len())), prompt);
        let cutting = [
            19, 20, 21, 255, 256, 257, 275, 276, 277, 279, 280, 400, 534, 535, 536,
        ];
        for chunk in [1, 2, 7, 64, 100].into_iter().chain(cutting) {
            let found = scores(&mut load(Form::Gguf, numerics, Some(chunk)), prompt);
            let off = largest_difference(&found, &whole);
            assert!(
                off <= noise(numerics),
                "{numerics:?}, {chunk}: off by {off}"
            );
        }
    }
}

/// After what `first` left in the cache, `second` says what a fresh engine would, having read `cached` of it no more.
#[track_caller]
fn check_turns(first: (&[u32], &[Picture]), second: (&[u32], &[Picture]), cached: usize) {
    for numerics in [Numerics::Exact, Numerics::Fast] {
        let mut kept = load(Form::Gguf, numerics, Some(48));
        let [first, second] = [first, second].map(|(ids, pictures)| Prompt { ids, pictures });
        next(&mut kept, first);
        let limits = Limits {
            max_tokens: Some(1),
            stop_ids: Vec::new(),
        };
        let greedy = Sampling::greedy();
        let outcome = kept
            .generate(second, &greedy, &limits, &|| false, |_| {})
            .unwrap();
        assert_eq!(outcome.cached_tokens, cached, "positions not read again");
        assert_eq!(kept.cached_ids(), second.ids);
        let found = kept.step(outcome.ids[0]).unwrap().to_vec();

        let all = [second.ids, &outcome.ids].concat();
        let mut fresh = load(Form::Gguf, numerics, None);
        let pictures = second.pictures;
        let expected = next(
            &mut fresh,
            Prompt {
                ids: &all,
                pictures,
            },
        );
        let off = largest_difference(&found, &expected);
        assert!(off <= noise(numerics), "{numerics:?}: off by {off}");
    }
}

#[test]
fn a_second_turn_reads_no_picture_again() {
    let (turns, pictures) = (ids(&[10, 30, 5]), [picture(1), picture(2)]);
    // Another question about the first picture; then one with a picture of its own.
    check_turns(
        (&turns[..290], &pictures[..1]),
        (&turns[..296], &pictures[..1]),
        290,
    );
    check_turns((&turns[..290], &pictures[..1]), (&turns, &pictures), 290);
    check_turns((&turns[..10], &[]), (&turns, &pictures), 10);
    check_turns((&turns, &pictures), (&turns, &pictures), turns.len() - 1);
}

#[test]
fn another_picture_in_the_same_place_is_read() {
    let turns = ids(&[10, 30, 5]);
    let (one, two, three) = (picture(1), picture(2), picture(3));
    let was = [one.clone(), two.clone()];
    check_turns((&turns, &was), (&turns, &[one.clone(), three.clone()]), 296);
    check_turns((&turns, &was), (&turns, &[two.clone(), one.clone()]), 10);
    // Where the other has no picture at all.
    let words = [&turns[..10], &[4, 5, 6, 7]].concat();
    check_turns((&turns, &was), (&words, &[]), 10);
    check_turns((&words, &[]), (&turns, &was), 10);
}

/// A prompt that ends in a picture has no last word of its own to be read: all of the picture is.
#[test]
fn nothing_is_taken_back_to_the_middle_of_a_picture() {
    let (turns, pictures) = (ids(&[10, 30]), [picture(1)]);
    let ending = &turns[..10 + PICTURE_TOKENS];
    check_turns((&turns, &pictures), (ending, &pictures), 10);
    check_turns((ending, &pictures), (ending, &pictures), 10);
    check_turns((ending, &pictures), (&turns, &pictures), ending.len());
}

/// An edited last turn, and the first branch again, with a picture before, in and after what changed.
#[test]
fn a_branch_around_pictures() {
    let (turns, pictures) = (ids(&[10, 30, 5]), [picture(1), picture(2)]);
    let mut edited = turns[..290].to_vec();
    edited.extend([9, 8, 7]);
    edited.extend([IMAGE; PICTURE_TOKENS]);
    edited.extend([6, 5]);
    check_turns((&turns, &pictures), (&edited, &pictures), 290);
    check_turns(
        (&turns, &pictures),
        (&edited, &[picture(1), picture(3)]),
        290,
    );
}

/// Neither end of a picture looks like text: its rows see later rows, also in the layers with a window.
#[test]
fn every_row_of_a_picture_sees_its_last_one_and_no_word_after() {
    let ids = ids(&[5, 5]);
    let soft = picture(1);
    let mut rows = soft.rows.to_vec();
    rows[(PICTURE_TOKENS - 1) * HIDDEN..]
        .iter_mut()
        .for_each(|value| *value += 0.5);
    let other = Picture::new([2; 32], rows);
    let mut other_word = ids.clone();
    other_word[5 + PICTURE_TOKENS] += 1;
    for numerics in [Numerics::Exact, Numerics::Fast] {
        let of = |ids: &[u32], picture: &Picture| {
            let pictures = std::slice::from_ref(picture);
            scores(
                &mut load(Form::Gguf, numerics, None),
                Prompt { ids, pictures },
            )
        };
        let (was, changed) = (of(&ids, &soft), of(&ids, &other));
        let row = |scores: &[f32], at: usize| scores[at * 512..][..512].to_vec();
        for at in 0..5 {
            assert_eq!(
                row(&was, at),
                row(&changed, at),
                "word {at} sees no picture ahead"
            );
        }
        for at in 5..5 + PICTURE_TOKENS {
            assert_ne!(
                row(&was, at),
                row(&changed, at),
                "position {at} sees its picture"
            );
        }
        let changed = of(&other_word, &soft);
        let same = (5 + PICTURE_TOKENS) * 512;
        assert_eq!(
            was[..same],
            changed[..same],
            "a picture sees no word after it"
        );
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut engine = load(Form::Gguf, Numerics::Fast, None);
    assert!(engine.has_eyes());
    let refused = engine.encode_picture([0; 32], &[0.0; 12], &|| false, |_, _| {});
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the picture has 12 numbers, expected 2408448: three colours by height by width"
    );
    let blind = Weights::open(&path("tiny-text", Form::Gguf)).unwrap();
    let mut blind = Engine::load(blind, setup(Numerics::Fast, None)).unwrap();
    assert!(!blind.has_eyes());
    let refused = blind.encode_picture([0; 32], &[0.0; 12], &|| false, |_, _| {});
    assert!(matches!(refused, Err(Error::NoEyes)));

    // A tower for a model that is 64 wide, named for one that is 96.
    let mmproj = folder().join("tiny-mm/mmproj.gguf");
    let refused = Weights::open_with(&path("tiny-text", Form::Gguf), Some(&mmproj)).unwrap_err();
    let said = "makes rows of 64 numbers, the model takes 96";
    assert!(refused.to_string().ends_with(said), "{refused}");
    let model = path("tiny-text", Form::Gguf);
    let refused = Weights::open_with(&model, Some(&model)).unwrap_err();
    let said = "holds a projector of the kind \"nothing\", expected \"gemma3\"";
    assert!(refused.to_string().ends_with(said), "{refused}");
}

/// What a model writes after pictures, word by word, is what it finds likeliest when it reads the whole anew; and the
/// same from either form of the files, whose towers look at the second picture.
#[test]
fn what_is_written_after_pictures_is_the_likeliest() {
    let expected = Expected::read("tiny-mm");
    let likeliest = |scores: &[f32]| {
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.unwrap().0 as u32
    };
    // Slopes of light, another in each colour.
    let pixels: Vec<f32> = (0..3 * 896 * 896)
        .map(|i| ((i % 896) as f32 / 448.0 - 1.0) * (i / (896 * 896) + 1) as f32 / 3.0)
        .collect();
    for (name, numerics) in [
        ("one_image", Numerics::Exact),
        ("two_images", Numerics::Exact),
        ("two_images", Numerics::Fast),
    ] {
        let ids = expected.ids(&format!("{name}.input_ids"));
        let written = [Form::Gguf, Form::Folder].map(|form| {
            let mut engine = load(form, numerics, None);
            let mut pictures = vec![landscape()];
            if name == "two_images" {
                let seen = engine.encode_picture([2; 32], &pixels, &|| false, |_, _| {});
                pictures.push(seen.unwrap().unwrap());
            }
            let pictures = &pictures;
            let limits = Limits {
                max_tokens: Some(16),
                stop_ids: Vec::new(),
            };
            let prompt = Prompt {
                ids: &ids,
                pictures,
            };
            let greedy = Sampling::greedy();
            let outcome = engine.generate(prompt, &greedy, &limits, &|| false, |_| {});
            let written = outcome.unwrap().ids;
            assert_eq!(written.len(), 16);

            let all = [&ids[..], &written].concat();
            let anew = Prompt {
                ids: &all,
                pictures,
            };
            let anew = scores(&mut load(form, numerics, None), anew);
            let anew = anew.chunks(512).skip(ids.len() - 1).map(likeliest);
            let anew: Vec<u32> = anew.take(16).collect();
            assert_eq!(written, anew, "{name} {form:?} {numerics:?}");
            written
        });
        assert_eq!(written[0], written[1], "{name} {numerics:?}");
        if name == "one_image" {
            let last = expected.numbers("one_image.logits");
            assert_eq!(written[0][0], likeliest(&last[last.len() - 512..]));
        }
    }
}

/// A tower that is asked to stop does, before the next layer.
#[test]
fn a_picture_can_be_stopped() {
    let mut engine = load(Form::Folder, Numerics::Fast, None);
    let pixels = vec![0.25; 3 * 896 * 896];
    let mut done = Vec::new();
    let encoded = engine.encode_picture([0; 32], &pixels, &|| false, |i, n| done.push((i, n)));
    assert_eq!(
        encoded.unwrap().unwrap().rows.len(),
        PICTURE_TOKENS * HIDDEN
    );
    assert_eq!(done, [(1, 2), (2, 2)]);
    let stopped = engine.encode_picture([0; 32], &pixels, &|| true, |_, _| {});
    assert_eq!(stopped.unwrap(), None);
}
