//! GGUF files of all kinds.

use std::fs;

use checkpoints::{Checkpoint, Error, Place, Tuning, identify};

use crate::written::{Number, Text, gemma, gguf, write_parts};
use crate::{Home, golden, starter_model};

/// `bytes` in a file called `name`.
fn identify_bytes(name: &str, bytes: &[u8]) -> Result<Checkpoint, Error> {
    let home = Home::new();
    let path = home.outside(name);
    fs::write(&path, bytes).unwrap();
    identify(&path)
}

#[test]
fn the_starter_model_is_a_base_model() {
    let path = starter_model();
    let starter = identify(&path).unwrap();
    let expected = Checkpoint {
        name: "gemma-3-270m-q4_k_m".to_owned(),
        title: "Gemma 3 270M".to_owned(),
        size_bytes: 253_113_024,
        format: "Q4_K_M".to_owned(),
        tuning: Tuning::Pretrained,
        context_tokens: 32_768,
        has_eyes: false,
        mmproj: None,
        place: Place::Elsewhere,
        program: None,
        path,
    };
    assert_eq!(starter, expected);
}

#[test]
fn the_golden_checkpoints_are_recognised() {
    for (path, has_eyes) in [
        ("tiny-text/model.gguf", false),
        ("tiny-mm/model.gguf", true),
    ] {
        let tiny = identify(&golden(path)).unwrap();
        assert_eq!(
            (tiny.name.as_str(), tiny.format.as_str()),
            ("model", "BF16"),
            "{path}"
        );
        assert_eq!(
            (tiny.tuning, tiny.context_tokens, tiny.has_eyes),
            (Tuning::Pretrained, 131_072, has_eyes),
            "{path}"
        );
    }
}

#[test]
fn every_published_size_has_its_title() {
    let sizes = [
        (18, 640),
        (26, 1152),
        (34, 2560),
        (48, 3840),
        (62, 5376),
        (62, 32),
    ];
    let titles = sizes.map(|(layers, width)| {
        let more = [("general.name", Text("My Own"))];
        identify_bytes("x.gguf", &gemma(layers, width, &more))
            .unwrap()
            .title
    });
    let expected = [
        "Gemma 3 270M",
        "Gemma 3 1B",
        "Gemma 3 4B",
        "Gemma 3 12B",
        "Gemma 3 27B",
        "My Own",
    ];
    assert_eq!(titles, expected);
    let nameless = identify_bytes("some-merge.gguf", &gemma(7, 96, &[])).unwrap();
    assert_eq!(nameless.title, "some-merge");
}

#[test]
fn the_format_is_the_files_own_word_for_it() {
    let format = |number| {
        let bytes = gemma(18, 640, &[("general.file_type", Number(number))]);
        identify_bytes("x.gguf", &bytes).unwrap().format
    };
    assert_eq!(
        [0, 2, 7, 15, 18, 32].map(format),
        ["F32", "Q4_0", "Q8_0", "Q4_K_M", "Q6_K", "BF16"]
    );
    assert_eq!(format(4711), "unknown"); // and no tensors to count
}

#[test]
fn a_model_that_chats_is_told_from_a_base_model() {
    let tuning =
        |name: &str, more: &[_]| identify_bytes(name, &gemma(34, 2560, more)).unwrap().tuning;
    let template = ("tokenizer.chat_template", Text("{{ bos_token }}…"));
    assert_eq!(tuning("mine.gguf", &[]), Tuning::Pretrained);
    assert_eq!(
        tuning("mine.gguf", std::slice::from_ref(&template)),
        Tuning::Instructed
    );
    assert_eq!(tuning("gemma-3-4b-it-q4_0.gguf", &[]), Tuning::Instructed);
    let base = ("general.finetune", Text("pt"));
    assert_eq!(
        tuning("gemma-3-4b-it-q4_0.gguf", &[template, base]),
        Tuning::Pretrained
    );
}

/// A file that is not a model to run here says what it is.
#[track_caller]
fn check_refused(name: &str, bytes: &[u8], expected: &str) {
    let refused = identify_bytes(name, bytes).expect_err("it is refused");
    let said = refused.to_string();
    let (path, said) = said.split_once(name).expect("it is named");
    assert!(
        path.starts_with('/') || path.contains(':'),
        "with its path: {path}"
    );
    assert_eq!(said, expected);
    assert!(refused.hint().is_some(), "it says what to do");
}

#[test]
fn what_is_not_a_gemma_3_model_says_what_it_is() {
    let llama = gguf(&[("general.architecture", Text("llama"))]);
    check_refused("x.gguf", &llama, " is a Llama model, not Gemma 3");
    let gemma2 = gguf(&[("general.architecture", Text("gemma2"))]);
    check_refused("x.gguf", &gemma2, " is a Gemma 2 model, not Gemma 3");
    let exaone = gguf(&[("general.architecture", Text("exaone4"))]);
    check_refused("x.gguf", &exaone, " is an Exaone 4 model, not Gemma 3");
    let named = |architecture, name| {
        let architecture = ("general.architecture", Text(architecture));
        gguf(&[architecture, ("general.name", Text(name))])
    };
    check_refused(
        "x.gguf",
        &named("llama", "Llama 3.1 8B"),
        " is Llama 3.1 8B (llama), not Gemma 3",
    );
    check_refused(
        "x.gguf",
        &named("gemma3n", "Gemma 3n E4B It"),
        " is Gemma 3n E4B It (gemma3n), not Gemma 3",
    );
    check_refused(
        "x.gguf",
        &named("gemma-embedding", "Embeddinggemma 300M"),
        " is Embeddinggemma 300M (gemma-embedding), which turns text into numbers for searching and writes none",
    );
    let adapter = gemma(34, 2560, &[("general.type", Text("adapter"))]);
    check_refused(
        "x.gguf",
        &adapter,
        " is an adapter (LoRA), which changes a model and is none",
    );
    let clip = gguf(&[("general.architecture", Text("clip"))]);
    check_refused(
        "x.gguf",
        &clip,
        " is the part of a model that sees pictures, not a model",
    );
    let part = gemma(62, 5376, &[("split.count", Number(3))]);
    check_refused(
        "x.gguf",
        &part,
        " is one of 3 parts of a model, but named as one of 1",
    );
    check_refused(
        "x-00001-of-00001.gguf",
        &part,
        " is one of 3 parts of a model, but named as one of 1",
    );
    let neither = " is neither a GGUF file nor a Hugging Face checkpoint";
    check_refused("x.gguf", b"%PDF-1.7 and so on", neither);
    check_refused("model.safetensors", &[0; 100], neither);
    for name in [
        "x.gguf.part",
        "x.gguf.crdownload",
        "sha256-00-partial",
        "x.incomplete",
    ] {
        check_refused(name, &llama, " is still being downloaded");
    }
    check_refused("x.gguf", b"", " cannot be read as GGUF");
    check_refused("x.gguf", &gguf(&[]), " cannot be read as GGUF");
}

#[test]
fn a_model_in_parts_is_one_by_any_of_them() {
    let home = Home::new();
    let parts = write_parts(&home, "x", 3);
    let first = identify(&parts[0]).unwrap();
    assert_eq!((first.name.as_str(), &first.path), ("x", &parts[0]));
    let sizes = parts.iter().map(|part| fs::metadata(part).unwrap().len());
    assert_eq!(first.size_bytes, sizes.sum::<u64>());
    assert_eq!(identify(&parts[2]).unwrap(), first);

    fs::remove_file(&parts[1]).unwrap();
    let refused = identify(&parts[0]).expect_err("one is missing").to_string();
    assert!(
        refused.ends_with("x-00002-of-00003.gguf is missing: it is part 2 of 3 of a model"),
        "{refused}"
    );
}

#[test]
fn the_golden_projector_is_not_a_model() {
    let refused = identify(&golden("tiny-mm/mmproj.gguf"));
    assert!(
        matches!(refused, Err(Error::Projector { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_file_that_ends_too_early_says_how_many_bytes_are_missing() {
    let whole = fs::read(golden("tiny-text/model.gguf")).unwrap();
    let half = &whole[..whole.len() - 4999];
    let (needed, found) = (whole.len(), half.len());
    let expected = format!(" is not whole: it should have {needed} bytes and has {found}");
    check_refused("x.gguf", half, &expected);
}

#[test]
fn half_a_file_is_refused_wherever_it_ends() {
    let whole = fs::read(golden("tiny-text/model.gguf")).unwrap();
    let home = Home::new();
    let path = home.outside("half.gguf");
    for length in (0..whole.len())
        .step_by(4999)
        .chain([3, 4, 23, 24, whole.len() - 1])
    {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(
            identify(&path).is_err(),
            "{length} bytes of {}",
            whole.len()
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let home = Home::new();
    let refused = identify(&home.outside("nowhere.gguf")).unwrap_err();
    assert!(refused.to_string().ends_with("nowhere.gguf"), "{refused}");
}
