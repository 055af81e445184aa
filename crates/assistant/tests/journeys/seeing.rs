//! What a person does with pictures.

use std::fs;
use std::sync::atomic::AtomicBool;

use assistant::{Ask, AskPictures, Assistant, Error, PanAndScan, Pixels, Sampling};
use safetensors::SafeTensors;

use crate::desk::{golden, options};

/// Every picture of the goldens, whole and in pieces: as many pieces, and the same pixels in them.
#[test]
fn pictures_are_shown_to_a_model_as_by_the_reference() {
    let expected = fs::read(golden("tiny-mm/expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&expected).unwrap();
    let home = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(home.path()));
    for name in ["landscape", "small", "tall", "wide"] {
        for (way, pan_and_scan) in [
            ("plain", None),
            ("pan_and_scan", Some(PanAndScan::default())),
        ] {
            let output = home.path().join("pixels.safetensors");
            let image = golden(&format!("tiny-mm/{name}.png"));
            let pixels = Pixels {
                image: &image,
                pan_and_scan,
                output: &output,
            };
            assistant.eval_pixels(&pixels).unwrap();
            let found = fs::read(&output).unwrap();
            let found = SafeTensors::deserialize(&found).unwrap();

            let n_crops = expected.tensor(&format!("{name}.{way}.num_crops")).unwrap();
            let n_crops = i32::from_le_bytes(n_crops.data().try_into().unwrap()) as usize;
            assert_eq!(found.tensor("crops").unwrap().shape(), [n_crops, 4]);
            let sample = format!("{name}.{way}.pixels_sample"); // [view, 3, 25, 22]
            let theirs = floats(expected.tensor(&sample).unwrap().data());
            let pixels = found.tensor("pixel_values").unwrap();
            assert_eq!(pixels.shape(), [1 + n_crops, 3, 896, 896]);
            let ours = floats(pixels.data());
            let rows = ours
                .chunks_exact(896 * 896)
                .flat_map(|channel| channel.chunks_exact(896).step_by(37));
            let ours: Vec<f32> = rows
                .flat_map(|row| row.iter().step_by(41).copied())
                .collect();
            assert_eq!(ours.len(), theirs.len(), "{sample}");
            let off = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
            let off = off.fold(0.0, f32::max);
            assert!(off <= f32::EPSILON, "{sample} is {off} off");
        }
    }
}

/// What is no picture is named, with its file, and nothing is written.
#[test]
fn what_is_no_picture_is_refused_with_its_name() {
    let home = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(home.path()));
    let (image, output) = (home.path().join("a.png"), home.path().join("out"));
    fs::write(&image, "Dear diary").unwrap();
    let pixels = Pixels {
        image: &image,
        pan_and_scan: None,
        output: &output,
    };
    let refused = assistant.eval_pixels(&pixels).unwrap_err();
    let what = "this is text, not a picture in a format that Lectern reads";
    assert_eq!(refused.sentence(), format!("{}: {what}", image.display()));
    assert!(refused.hint().is_some_and(|hint| hint.contains("PNG")));
    assert!(!output.exists());
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let words = bytes.as_chunks::<4>().0.iter();
    words.map(|four| f32::from_le_bytes(*four)).collect()
}

/// The golden model with eyes answers about a picture; asked again after a restart, it need not look.
#[test]
fn a_picture_is_looked_at_once() {
    let home = tempfile::tempdir().unwrap();
    let model = golden("tiny-mm/model.gguf");
    let files = [golden("tiny-mm/landscape.png")];
    let ask = Ask {
        model: model.to_str(),
        system: None,
        text: "w4 w5",
        sampling: Sampling {
            temperature: 0.0,
            ..Sampling::RECOMMENDED
        },
        max_tokens: Some(4),
    };
    let answer = |pan_and_scan: Option<PanAndScan>, stop: bool| {
        let assistant = Assistant::new(options(home.path()));
        let shown = AskPictures {
            files: &files,
            pan_and_scan,
        };
        let mut looks = Vec::new();
        let stop = AtomicBool::new(stop);
        let outcome = assistant.ask_about(&ask, &shown, &stop, |look| looks.push(look), |_| {});
        (outcome.unwrap(), looks)
    };
    let (stopped, looks) = answer(None, true);
    assert!(stopped.cut_short && looks.is_empty());
    let (first, looks) = answer(None, false);
    assert!(first.prompt_tokens > 256);
    assert_eq!(
        looks.last().map(|look| (look.views, look.share)),
        Some((1, 1.0))
    );
    let (again, looks) = answer(None, false);
    assert_eq!((again.text, looks.len()), (first.text, 0));
    let (pieces, looks) = answer(Some(PanAndScan::default()), false);
    assert!(pieces.prompt_tokens > first.prompt_tokens + 2 * 256);
    assert_eq!(looks[0].views, 2, "the whole of it is known");
}

/// A model without eyes refuses before it does anything.
#[test]
fn a_model_without_eyes_says_so() {
    let home = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(home.path()));
    let model = golden("tiny-text/model.gguf");
    let ask = Ask {
        model: model.to_str(),
        system: None,
        text: "What is this?",
        sampling: Sampling::RECOMMENDED,
        max_tokens: Some(4),
    };
    let shown = AskPictures {
        files: &[golden("tiny-mm/small.png")],
        pan_and_scan: None,
    };
    let stop = AtomicBool::new(false);
    let refused = assistant.ask_about(&ask, &shown, &stop, |_| {}, |_| {});
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::NoEyes { .. }), "{refused}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
