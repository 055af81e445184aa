//! Files as people have them: in parts, with other names and types, for other models, damaged.

use std::fs;
use std::path::Path;

use crate::golden::{Expected, Form, largest_difference, path, scores, setup};
use crate::written::File;
use engine::{Engine, Error, Numerics, Weights};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tempfile::TempDir;

const TOLERANCE: f32 = 5e-4;

fn open(path: &Path) -> Result<Engine, Error> {
    Engine::load(Weights::open(path)?, setup(Numerics::Exact, None))
}

/// The model at `path` computes what the reference does.
#[track_caller]
fn check(path: &Path, model: &str) {
    let expected = Expected::read(model);
    let mut engine = open(path).unwrap();
    let found = scores(&mut engine, &expected.ids("long.input_ids"));
    let off = largest_difference(&found, &expected.numbers("long.logits"));
    assert!(off <= TOLERANCE, "a logit is off by {off}");
}

/// The model at `path` is refused, and the words begin after the path like this.
#[track_caller]
fn check_refused(path: &Path, expected: &str) {
    let error = open(path).expect_err("it cannot be loaded").to_string();
    let words = error.replace(&path.display().to_string(), "PATH");
    assert!(words.starts_with(expected), "{words}");
}

/// A tiny GGUF file in which `from` is `to`, wherever it stands.
fn changed(folder: &TempDir, model: &str, from: &[u8], to: &[u8]) -> std::path::PathBuf {
    assert_eq!(from.len(), to.len(), "nothing else may move");
    let mut bytes = fs::read(path(model, Form::Gguf)).unwrap();
    let places: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert!(!places.is_empty(), "{} is in the file", from.escape_ascii());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    let path = folder.path().join("changed.gguf");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_large_model_that_does_not_say_its_rope_factor_has_it() {
    let folder = TempDir::new().unwrap();
    // The keys are still there, under names that nobody asks for.
    let silent = changed(
        &folder,
        "tiny-27b",
        b"gemma3.rope.scaling.",
        b"gemma3.rope.unknown.",
    );
    check(&silent, "tiny-27b");
}

/// 32k for the small ones, 128k above: whatever the file says, and no number of ours.
#[test]
fn the_longest_context_is_the_models_own() {
    let folder = TempDir::new().unwrap();
    let longest = |path: &Path| {
        let weights = Weights::open(path).unwrap();
        weights.config().max_position_embeddings
    };
    let weights = path("tiny-text", Form::Folder).join("model.safetensors");
    fs::copy(weights, folder.path().join("model.safetensors")).unwrap();
    let config = path("tiny-text", Form::Folder).join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(config).unwrap()).unwrap();
    for len in [32_768_u32, 131_072] {
        let mut file = File::read(&path("tiny-text", Form::Gguf));
        let key = "gemma3.context_length".to_owned();
        file.metadata.insert(key, gguf::Value::U32(len));
        let changed = folder.path().join("changed.gguf");
        file.write(&changed);
        assert_eq!(longest(&changed), len as usize);

        config["max_position_embeddings"] = len.into();
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        assert_eq!(longest(folder.path()), len as usize);
    }
}

#[test]
fn weights_may_lie_in_parts() {
    let folder = TempDir::new().unwrap();
    let bytes = fs::read(path("tiny-text", Form::Folder).join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut map = serde_json::Map::new();
    for (part, name) in ["model-1-of-2.safetensors", "model-2-of-2.safetensors"]
        .into_iter()
        .enumerate()
    {
        let mine: Vec<_> = tensors
            .tensors()
            .into_iter()
            .skip(part)
            .step_by(2)
            .collect();
        map.extend(mine.iter().map(|(tensor, _)| (tensor.clone(), name.into())));
        safetensors::serialize_to_file(mine, None, &folder.path().join(name)).unwrap();
    }
    let index = serde_json::json!({ "metadata": {}, "weight_map": map });
    fs::write(
        folder.path().join("model.safetensors.index.json"),
        index.to_string(),
    )
    .unwrap();
    let config = path("tiny-text", Form::Folder).join("config.json");
    fs::copy(config, folder.path().join("config.json")).unwrap();
    check(folder.path(), "tiny-text");

    fs::remove_file(folder.path().join("model-2-of-2.safetensors")).unwrap();
    check_refused(
        folder.path(),
        "could not open PATH/model-2-of-2.safetensors",
    );
}

#[test]
fn weights_may_be_float32() {
    let folder = TempDir::new().unwrap();
    let bytes = fs::read(path("tiny-text", Form::Folder).join("model.safetensors")).unwrap();
    let wide: Vec<(String, Vec<usize>, Vec<u8>)> = SafeTensors::deserialize(&bytes)
        .unwrap()
        .tensors()
        .into_iter()
        .map(|(name, tensor)| {
            let widen = |bf16: &[u8]| [0, 0, bf16[0], bf16[1]];
            (
                name,
                tensor.shape().to_vec(),
                tensor.data().chunks(2).flat_map(widen).collect(),
            )
        })
        .collect();
    let views = wide.iter().map(|(name, shape, data)| {
        (
            name,
            TensorView::new(Dtype::F32, shape.clone(), data).unwrap(),
        )
    });
    safetensors::serialize_to_file(views, None, &folder.path().join("model.safetensors")).unwrap();
    let config = path("tiny-text", Form::Folder).join("config.json");
    fs::copy(config, folder.path().join("config.json")).unwrap();
    check(folder.path(), "tiny-text");
}

#[test]
fn another_model_is_refused_by_its_name() {
    let folder = TempDir::new().unwrap();
    let other = changed(&folder, "tiny-text", b"gemma3", b"gemma2");
    check_refused(
        &other,
        "PATH holds a model of the kind \"gemma2\", not Gemma 3",
    );
}

#[test]
fn a_missing_tensor_is_named_as_the_file_would_have_it() {
    let folder = TempDir::new().unwrap();
    let path = changed(
        &folder,
        "tiny-text",
        b"blk.3.ffn_up.weight",
        b"blk.3.ffn_UP.weight",
    );
    check_refused(&path, "PATH: there is no tensor blk.3.ffn_up.weight");

    let bytes =
        fs::read(crate::golden::path("tiny-text", Form::Folder).join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes)
        .unwrap()
        .tensors()
        .into_iter();
    let most = tensors.filter(|(name, _)| name != "model.layers.3.mlp.up_proj.weight");
    safetensors::serialize_to_file(most, None, &folder.path().join("model.safetensors")).unwrap();
    let config = crate::golden::path("tiny-text", Form::Folder).join("config.json");
    fs::copy(config, folder.path().join("config.json")).unwrap();
    check_refused(
        folder.path(),
        "PATH: there is no tensor model.layers.3.mlp.up_proj.weight",
    );
}

#[test]
fn a_tensor_of_another_shape_or_type_is_named() {
    let folder = TempDir::new().unwrap();
    // 192 wide inside; the same bytes said to be 96 × 192 instead of 192 × 96.
    let mut from = b"blk.3.ffn_up.weight".to_vec();
    from.extend(2u32.to_le_bytes());
    let mut to = from.clone();
    from.extend([96u64, 192].map(u64::to_le_bytes).concat());
    to.extend([192u64, 96].map(u64::to_le_bytes).concat());
    let path = changed(&folder, "tiny-text", &from, &to);
    check_refused(
        &path,
        "PATH: tensor blk.3.ffn_up.weight has shape [96, 192], expected [192, 96]",
    );

    let mut to = from.clone();
    from.extend(30u32.to_le_bytes());
    to.extend(25u32.to_le_bytes());
    let path = changed(&folder, "tiny-text", &from, &to);
    check_refused(
        &path,
        "PATH: tensor blk.3.ffn_up.weight is of type I16, expected F32, F16",
    );
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let key = |key: &str, value: u32| {
        [key.as_bytes(), &4u32.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    for (name, was, is, expected) in [
        (
            "gemma3.attention.head_count",
            3,
            0,
            "PATH: number of heads is 0, expected a number from 1",
        ),
        (
            "gemma3.attention.head_count_kv",
            1,
            2,
            "PATH: number of heads is 3, expected a multiple",
        ),
        (
            "gemma3.block_count",
            7,
            u32::MAX,
            "PATH: number of layers is 4294967295, expected a number",
        ),
        (
            "gemma3.block_count",
            7,
            8,
            "PATH: there is no tensor blk.7.",
        ),
        (
            "gemma3.feed_forward_length",
            192,
            1 << 30,
            "PATH: feed-forward size is 1073741824",
        ),
        (
            "gemma3.attention.sliding_window",
            16,
            0,
            "PATH: sliding window is 0",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        check_refused(
            &changed(&folder, "tiny-text", &key(name, was), &key(name, is)),
            expected,
        );
    }
}

#[test]
fn folders_that_lack_something_are_refused() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    check_refused(folder.path(), "PATH has neither model.safetensors nor");
    check_refused(&file("nothing.gguf"), "could not open PATH");

    let original = path("tiny-text", Form::Folder);
    fs::copy(
        original.join("model.safetensors"),
        file("model.safetensors"),
    )
    .unwrap();
    check_refused(folder.path(), "could not read PATH/config.json");
    fs::write(file("config.json"), "{ \"hidden_size\": -1 }").unwrap();
    check_refused(folder.path(), "PATH/config.json cannot be read");
    fs::write(file("config.json"), "{ \"model_type\": \"llama\" }").unwrap();
    check_refused(
        folder.path(),
        "PATH/config.json holds a model of the kind \"llama\", not Gemma 3",
    );
    // What is not said is as transformers has it, and so does not fit.
    fs::write(file("config.json"), "{}").unwrap();
    check_refused(
        folder.path(),
        "PATH/model.safetensors: tensor model.embed_tokens.weight has shape [512, 96], expected [512, 2304]",
    );
    fs::write(
        file("model.safetensors.index.json"),
        r#"{"weight_map": {"a": "../secret"}}"#,
    )
    .unwrap();
    check_refused(
        folder.path(),
        "PATH/model.safetensors.index.json: weight_map is ../secret, expected",
    );
}

#[test]
fn damaged_files_are_errors() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("model.gguf");
    fs::write(&file, b"").unwrap();
    check_refused(&file, "PATH: the file ends too early");

    let original = path("tiny-text", Form::Folder);
    fs::copy(
        original.join("config.json"),
        folder.path().join("config.json"),
    )
    .unwrap();
    let mut bytes = fs::read(original.join("model.safetensors")).unwrap();
    let weights = folder.path().join("model.safetensors");
    let header_end = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for len in (0..bytes.len()).step_by(30_011).chain([7, 8, header_end]) {
        fs::write(&weights, &bytes[..len]).unwrap();
        let (what, end) = match len {
            0..8 => ("the length of the header", 8),
            len if len < header_end => ("the header", header_end),
            _ => ("the last tensor", bytes.len()),
        };
        let words =
            format!("PATH/model.safetensors: {what} ends at byte {end}, the file has {len} bytes");
        check_refused(folder.path(), &words);
    }
    // Longer than it says.
    fs::write(&weights, [&bytes[..], &[0]].concat()).unwrap();
    check_refused(
        folder.path(),
        "PATH/model.safetensors: the last tensor ends at byte",
    );
    // Any byte of the header changed: refused, or read.
    for at in (0..header_end).step_by(37) {
        bytes[at] ^= 0x11;
        fs::write(&weights, &bytes).unwrap();
        drop(open(folder.path()));
        bytes[at] ^= 0x11;
    }
}

/// Headers that say what cannot be: each is told with what was expected and what was found.
#[test]
fn headers_that_lie_are_errors() {
    #[track_caller]
    fn check(header: &str, data: usize, expected: &[&str]) {
        let folder = TempDir::new().unwrap();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file.resize(file.len() + data, 0);
        fs::write(folder.path().join("model.safetensors"), file).unwrap();
        let mut error: &dyn std::error::Error = &open(folder.path()).expect_err("it is refused");
        for expected in expected {
            let words = error.to_string();
            let words = words.replace(&folder.path().display().to_string(), "PATH");
            assert!(words.starts_with(expected), "{words}");
            error = error.source().unwrap_or(error);
        }
    }
    let broken = "the header of PATH/model.safetensors cannot be read";
    check(
        "{",
        0,
        &[broken, "EOF while parsing an object at line 1 column 1"],
    );
    check("[]", 0, &[broken, "invalid type: sequence, expected"]);
    let tensor = |shape: &str, start: u64, end: u64| {
        format!(r#"{{"dtype":"U8","shape":[{shape}],"data_offsets":[{start},{end}]}}"#)
    };
    let one = |tensor: String| format!(r#"{{"t":{tensor}}}"#);
    check(
        &one(tensor("5", 0, 4)),
        4,
        &[broken, "invalid shape, data type, or offset"],
    );
    check(
        &one(tensor("4", 4, 0)),
        4,
        &[broken, "invalid offset for tensor `t`"],
    );
    check(
        &one(tensor("4", 1, 5)),
        5,
        &[broken, "invalid offset for tensor `t`"],
    );
    check(
        &one(tensor("4294967296,4294967296", 0, 4)),
        4,
        &[broken, "overflow computing buffer size"],
    );
    check(
        &one(tensor("1152921504606846976", 0, 1 << 60)),
        4,
        &[
            "PATH/model.safetensors: the last tensor ends at byte 1152921504606847073, the file has 101 bytes",
        ],
    );
    // Together as long as 64 bits can say: added up, they begin anew.
    const PIECE: u64 = (1 << 61) - 1;
    let pieces: Vec<String> = (0..8)
        .map(|i| {
            format!(
                r#""{i}":{}"#,
                tensor(&PIECE.to_string(), i * PIECE, (i + 1) * PIECE)
            )
        })
        .chain([format!(r#""8":{}"#, tensor("7", 8 * PIECE, 8 * PIECE + 7))])
        .collect();
    check(
        &format!("{{{}}}", pieces.join(",")),
        4,
        &["PATH/model.safetensors: the last tensor ends at byte 18446744073709551615, the file"],
    );
}

#[test]
fn weights_that_are_not_numbers_are_noticed() {
    let folder = TempDir::new().unwrap();
    let mut bytes = fs::read(path("tiny-text", Form::Gguf)).unwrap();
    let end = bytes.len() - 8; // in the last norm, which is float32
    bytes[end..end + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let file = folder.path().join("model.gguf");
    fs::write(&file, bytes).unwrap();
    let limits = engine::Limits {
        max_tokens: Some(1),
        stop_ids: Vec::new(),
    };
    for numerics in [Numerics::Exact, Numerics::Fast] {
        let mut engine =
            Engine::load(Weights::open(&file).unwrap(), setup(numerics, None)).unwrap();
        let error = engine
            .generate(
                engine::Prompt::text(&[2]),
                &engine::Sampling::greedy(),
                &limits,
                &|| false,
                |_| {},
            )
            .unwrap_err();
        assert!(
            matches!(error, Error::NotFinite { id: 0, .. }),
            "{numerics:?}: {error}"
        );
    }
}
