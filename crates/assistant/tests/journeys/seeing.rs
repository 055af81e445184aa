//! What a person does with pictures.

use std::fs;

use assistant::{Assistant, PanAndScan, Pixels};
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
