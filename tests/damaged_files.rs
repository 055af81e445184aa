//! Files that were cut short or that lie, as people meet them: which file it is, what it should have, what it has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use journeys::{Desk, golden};

#[test]
fn a_model_in_one_file() {
    let desk = Desk::new();
    let model = put(&desk, "model.gguf", &half("tiny-text/model.gguf"));
    let found = format!("it should have 1247712 bytes and has {}", len(&model));
    check(complete(&desk, &model), &model, &["is not whole", &found]);
    fs::write(&model, b"GGUF\x03\0\0\0").expect("a file");
    let needed = "at byte 8 needs 8 bytes, 0 are left";
    check(complete(&desk, &model), &model, &[needed]);
    fs::write(&model, b"GGUF\x09\0\0\0").expect("a file");
    check(
        complete(&desk, &model),
        &model,
        &["version 9", "expected 2 or 3"],
    );
}

#[test]
fn weights_in_a_folder() {
    let desk = Desk::new();
    let folder = folder(&desk);
    let weights = put(
        &desk,
        "model/model.safetensors",
        &half("tiny-text/model.safetensors"),
    );
    let found = format!("the file has {} bytes", len(&weights));
    check(
        complete(&desk, &folder),
        &weights,
        &["ends at byte", &found],
    );
    put(&desk, "model/model.safetensors", &u64::MAX.to_le_bytes());
    let words = "header ends at byte 18446744073709551615, the file has 8 bytes";
    check(complete(&desk, &folder), &weights, &[words]);
}

#[test]
fn what_a_folder_says_of_them() {
    let desk = Desk::new();
    let folder = folder(&desk);
    let config = put(&desk, "model/config.json", b"{ \"hidden_size\": 96,");
    check(
        complete(&desk, &folder),
        &config,
        &["EOF while parsing", "line 1 column 20"],
    );
    let lie = br#"{ "model_type": "gemma3_text", "hidden_size": 0, "num_hidden_layers": 7 }"#;
    put(&desk, "model/config.json", lie);
    let words = ["hidden size is 0", "expected a number from 1 to 16777216"];
    check(complete(&desk, &folder), &config, &words);
}

#[test]
fn the_words_of_a_folder() {
    let desk = Desk::new();
    let folder = folder(&desk);
    let words = put(&desk, "model/tokenizer.json", b"{ \"model\": {");
    check(
        complete(&desk, &folder),
        &words,
        &["EOF while parsing", "line 1 column 12"],
    );
    put(&desk, "model/tokenizer.json", b"{ \"model\": 7 }");
    check(
        complete(&desk, &folder),
        &words,
        &["invalid type: integer `7`, expected"],
    );
}

#[test]
fn the_part_that_sees_pictures() {
    let desk = Desk::new();
    let tower = put(&desk, "mmproj.gguf", &half("tiny-mm/mmproj.gguf"));
    let found = format!("the file has {} bytes", len(&tower));
    let (model, named) = (golden("tiny-mm/model.gguf"), text(&tower));
    let import = ["models", "import", "--mmproj", named, text(&model)];
    check(desk.lectern(&import), &tower, &["ends at byte", &found]);
}

#[test]
fn a_picture() {
    let desk = Desk::new();
    let output = desk.home().join("pixels.safetensors");
    let look = |picture: &Path| {
        desk.lectern(&[
            "eval",
            "pixels",
            "--image",
            text(picture),
            "--output",
            text(&output),
        ])
    };
    let picture = put(&desk, "half.jpg", &half("pictures/turned-1.jpg"));
    check(
        look(&picture),
        &picture,
        &["JPEG", "expected 162 but found 107"],
    );
    let whole = fs::read(golden("pictures/turned-1.jpg")).expect("a golden picture");
    let early = &whole[..whole.len() - 90]; // within its pixels
    let picture = put(&desk, "early.jpg", early);
    let found = format!("its file ends early, after {} bytes", early.len());
    check(look(&picture), &picture, &["JPEG", &found]);
    let picture = put(&desk, "half.png", &half("tiny-mm/small.png"));
    check(look(&picture), &picture, &["PNG", "damaged"]);
    let mut lie = fs::read(golden("pictures/rgb.bmp")).expect("a golden picture");
    lie[18..26].copy_from_slice(&[40_000u32.to_le_bytes(); 2].concat());
    let picture = put(&desk, "lie.bmp", &lie);
    check(
        look(&picture),
        &picture,
        &["40000 × 40000 pixels", "at most 89 megapixels"],
    );
}

/// `outcome` is a failure that names `file` and says all of `words`.
#[track_caller]
fn check(outcome: Output, file: &Path, words: &[&str]) {
    let said = String::from_utf8(outcome.stderr).expect("it says it in UTF-8");
    assert_eq!(outcome.status.code(), Some(1), "{said}");
    assert!(said.lines().count() <= 2, "a sentence, and a hint: {said}");
    for word in [text(file)].iter().chain(words) {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

fn complete(desk: &Desk, model: &Path) -> Output {
    desk.lectern(&["complete", "--model", text(model), "Hello"])
}

/// A sound folder on the desk, to put something else into.
fn folder(desk: &Desk) -> PathBuf {
    for name in ["config.json", "model.safetensors"] {
        let whole = fs::read(golden("tiny-text").join(name)).expect("a golden file");
        put(desk, &format!("model/{name}"), &whole);
    }
    desk.home().join("model")
}

fn half(name: &str) -> Vec<u8> {
    let mut file = fs::read(golden(name)).expect("a golden file");
    file.truncate(file.len() / 2);
    file
}

fn put(desk: &Desk, name: &str, bytes: &[u8]) -> PathBuf {
    let path = desk.home().join(name);
    fs::create_dir_all(path.parent().expect("it lies in the home")).expect("a folder");
    fs::write(&path, bytes).expect("a file");
    path
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).expect("it is there").len()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
