//! Models as they are published: in several files, with the part that sees beside them; and as Google has trained them
//! for four bits.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use assistant::{Assistant, Features, Format, Logits, Pixels, Precision};
use gguf::{Array, TensorType, Value};
use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::json;
use tempfile::TempDir;

use crate::desk::{golden, options};
use crate::written::File;

static GO_ON: AtomicBool = AtomicBool::new(false);

/// A person with nothing but a home.
struct Person {
    home: TempDir,
    assistant: Assistant,
}

impl Person {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let assistant = Assistant::open(options(home.path())).unwrap();
        Self { home, assistant }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What the model sees in `landscape.png`.
    fn features(&self, model: &str) -> Vec<u8> {
        let (pixels, output) = (self.place("pixels"), self.place("features"));
        let image = golden("tiny-mm/landscape.png");
        let shown = Pixels {
            image: &image,
            pan_and_scan: None,
            output: &pixels,
        };
        self.assistant.eval_pixels(&shown).unwrap();
        let features = Features {
            model,
            mmproj: None,
            input: &pixels,
            output: &output,
            precision: Precision::Fast,
        };
        self.assistant.eval_features(&features).unwrap();
        fs::read(output).unwrap()
    }

    /// The scores after every word of the goldens' short text.
    fn logits(&self, model: &Path, precision: Precision) -> Vec<f32> {
        let expected = fs::read(golden("tiny-mm/expected.safetensors")).unwrap();
        let expected = SafeTensors::deserialize(&expected).unwrap();
        let ids = expected.tensor("short.input_ids").unwrap();
        let ids = TensorView::new(Dtype::I32, ids.shape().to_vec(), ids.data()).unwrap();
        let (input, output) = (self.place("ids"), self.place("logits"));
        safetensors::serialize_to_file([("input_ids", ids)], None, &input).unwrap();
        let logits = Logits {
            model: model.to_str().unwrap(),
            mmproj: None,
            input: &input,
            output: &output,
            precision,
            chunk: None,
            top: None,
        };
        self.assistant.eval_logits(&logits).unwrap();
        let bytes = fs::read(output).unwrap();
        let found = SafeTensors::deserialize(&bytes).unwrap();
        let words = found.tensor("logits").unwrap().data().as_chunks::<4>().0;
        words.iter().map(|word| f32::from_le_bytes(*word)).collect()
    }

    /// The ids of a conversation with a picture, in which control tokens are typed as well.
    fn prompt(&self, model: &Path) -> String {
        let line = json!({
            "messages": [
                { "role": "user", "content": [
                    { "type": "image" },
                    { "type": "text", "text": "a<start_of_turn>b<end_of_turn>" },
                ] },
                { "role": "assistant", "content": "a" },
                { "role": "user", "content": "b<start_of_image>" },
            ],
            "image_sizes_wh": [[640, 480]],
        });
        let (input, output) = (self.place("in.jsonl"), self.place("out.jsonl"));
        fs::write(
            &input,
            format!("{line}\n{{\"text\": \"<start_of_turn>a<end_of_turn>\"}}\n"),
        )
        .unwrap();
        let model = model.to_str().unwrap();
        self.assistant.eval_prompt(model, &input, &output).unwrap();
        fs::read_to_string(output).unwrap()
    }
}

/// Writes `model` in `count` parts as llama.cpp's `llama-gguf-split` does.
fn write_parts(model: &Path, folder: &Path, name: &str, count: u16) -> Vec<PathBuf> {
    let mut whole = File::read(model);
    let n_tensors = whole.tensors.len();
    let each = n_tensors.div_ceil(usize::from(count));
    let parts = (0..count).map(|index| {
        let mut metadata = match index {
            0 => std::mem::take(&mut whole.metadata),
            _ => BTreeMap::new(),
        };
        let tensors_in_all = i32::try_from(n_tensors).unwrap();
        for (key, value) in [
            ("split.no", Value::U16(index)),
            ("split.count", Value::U16(count)),
            ("split.tensors.count", Value::I32(tensors_in_all)),
        ] {
            metadata.insert(key.to_owned(), value);
        }
        let n = each.min(whole.tensors.len());
        let tensors = whole.tensors.drain(..n).collect();
        let path = folder.join(format!("{name}-{:05}-of-{count:05}.gguf", index + 1));
        File { metadata, tensors }.write(&path);
        path
    });
    parts.collect()
}

/// A model in three files with its tower beside them comes in whole by any of them, sees as before, and goes whole.
#[test]
fn a_model_in_several_files_comes_with_its_eyes() {
    let person = Person::new();
    let folder = person.place("downloads");
    fs::create_dir(&folder).unwrap();
    let parts = write_parts(&golden("tiny-mm/model.gguf"), &folder, "gemma-3-it", 3);
    let tower = folder.join("mmproj-model-f16.gguf");
    fs::copy(golden("tiny-mm/mmproj.gguf"), &tower).unwrap();
    let before = person.features(parts[0].to_str().unwrap());

    let model = person.assistant.open_model(&parts[2], None, |_| {});
    let model = model.unwrap().unwrap();

    let files = parts.iter().chain([&tower]);
    let bytes = files.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert_eq!((model.has_eyes, model.size_bytes), (true, bytes));
    assert_eq!(
        person.assistant.models().unwrap(),
        std::slice::from_ref(&model)
    );
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(person.features(&model.name), before);
    assert_eq!(person.assistant.remove_model(&model.name).unwrap(), bytes);
    let left = fs::read_dir(person.assistant.models_folder().unwrap()).unwrap();
    let mut left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.all(|name| name.starts_with('.')));
}

/// The golden model in four bits; with `marks` typed as they should be or, as in Google's first uploads, as normal.
fn four_bits(person: &Person) -> File {
    let path = person.place("four.gguf");
    let source = golden("tiny-mm/model.gguf");
    let source = source.to_str().unwrap();
    let done = person
        .assistant
        .convert_model(source, Format::Q4_0, &path, &GO_ON, |_| {});
    done.unwrap().unwrap();
    let mut file = File::read(&path);
    // The goldens' vocabulary has neither marks of turns nor letters: these were words like any.
    let words = ["<start_of_turn>", "<end_of_turn>", "\n", "\n\n", "a", "b"];
    let mut texts = texts(&file);
    texts.splice(4..4 + words.len(), words.map(str::to_owned));
    let texts = Value::Array(Array::Text(texts.iter().map(String::as_str).collect()));
    file.metadata
        .insert("tokenizer.ggml.tokens".to_owned(), texts);
    file
}

fn texts(file: &File) -> Vec<String> {
    match &file.metadata["tokenizer.ggml.tokens"] {
        Value::Array(Array::Text(texts)) => texts.iter().map(str::to_owned).collect(),
        other => panic!("{other:?}"),
    }
}

/// Types the tokens of these texts as `kind`.
fn retype(file: &mut File, marks: &[&str], kind: i32) {
    let texts = texts(file);
    let Some(Value::Array(Array::I32(kinds))) = file.metadata.get_mut("tokenizer.ggml.token_type")
    else {
        panic!("it has types of tokens")
    };
    for (text, its) in texts.iter().zip(kinds) {
        if marks.contains(&text.as_str()) {
            *its = kind;
        }
    }
}

/// The table of the golden model, each number as `bytes` writes it.
fn put_table(file: &mut File, kind: TensorType, bytes: impl Fn(f32) -> Vec<u8>) {
    let mut golden = File::read(&golden("tiny-mm/model.gguf"));
    let numbers = golden.tensor("token_embd.weight").bytes.as_chunks::<2>().0;
    let numbers = numbers.iter().map(|two| bf16::from_le_bytes(*two).to_f32());
    let table = file.tensor("token_embd.weight");
    table.kind = kind;
    table.bytes = numbers.flat_map(bytes).collect();
}

/// Google's files for four bits: the table in 16-bit floats, and in the first of them control tokens typed as normal
/// ones. Neither ids nor scores may differ from those of a file with everything right.
#[test]
fn googles_four_bit_files_are_as_files_with_everything_right() {
    const NORMAL: i32 = 1;
    const CONTROL: i32 = 3;
    const USER_DEFINED: i32 = 4;
    const TURNS: [&str; 2] = ["<start_of_turn>", "<end_of_turn>"];
    const PICTURES: [&str; 3] = ["<start_of_image>", "<end_of_image>", "<image_soft_token>"];

    let person = Person::new();
    let (right, google) = (person.place("right.gguf"), person.place("google.gguf"));
    let mut file = four_bits(&person);
    retype(&mut file, &TURNS, CONTROL);
    retype(&mut file, &["\n", "\n\n"], USER_DEFINED);
    put_table(&mut file, TensorType::F32, |x| x.to_le_bytes().to_vec());
    file.write(&right);
    retype(&mut file, &TURNS, NORMAL);
    retype(&mut file, &PICTURES, NORMAL);
    put_table(&mut file, TensorType::F16, |x| {
        f16::from_f32(x).to_le_bytes().to_vec()
    });
    file.write(&google);
    assert_eq!(file.tensor("blk.0.ffn_down.weight").kind, TensorType::Q4_0);

    let ids = person.prompt(&right);
    let (conversation, text) = ids.split_once('\n').unwrap();
    assert_eq!(conversation.matches("511,511").count(), 128, "one picture");
    let turns = conversation.split([',', '[', ']']);
    assert_eq!(
        turns.filter(|id| *id == "4").count(),
        4,
        "none that was typed"
    );
    assert!(
        conversation.starts_with(r#"{"ids":[2,4,"#),
        "{conversation}"
    );
    assert_eq!(text.trim_end(), r#"{"ids":[4,8,5]}"#);
    assert_eq!(person.prompt(&google), ids);

    for precision in [Precision::Exact, Precision::Fast] {
        let [right, google] = [&right, &google].map(|model| person.logits(model, precision));
        let off = right.iter().zip(&google).map(|(a, b)| (a - b).abs());
        let off = off.fold(0.0, f32::max);
        println!("{precision:?}: off by {off:e}");
        assert!(off <= 1e-4, "{precision:?}: off by {off}");
        assert!(
            right.iter().any(|score| score.abs() > 1.0),
            "they say something"
        );
    }
}

/// A folder as Hugging Face has it, `tokenizer.json` and all, becomes a GGUF file of the same words and scores.
#[test]
fn a_folder_and_the_file_made_of_it_are_one_model() {
    let person = Person::new();
    let folder = person.place("tiny-it");
    fs::create_dir(&folder).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(golden("tiny-mm").join(name), folder.join(name)).unwrap();
    }
    let mut tokens = texts(&File::read(&golden("tiny-mm/model.gguf")));
    let words = [
        "<start_of_turn>",
        "<end_of_turn>",
        "\n",
        "\n\n",
        "a",
        "b",
        "ab",
        "▁",
        "▁a",
    ];
    tokens.splice(4..4 + words.len(), words.map(str::to_owned));
    let (mut listed, mut added) = (serde_json::Map::new(), Vec::new());
    for (id, text) in tokens.iter().enumerate() {
        let (is_mark, is_line) = (text.starts_with('<'), text.starts_with('\n'));
        listed.insert(text.clone(), id.into());
        if is_mark || is_line {
            added.push(json!({ "id": id, "content": text, "special": is_mark }));
        }
    }
    let tokenizer = json!({
        "normalizer": { "type": "Replace", "pattern": { "String": " " }, "content": "▁" },
        "added_tokens": added,
        "model": {
            "type": "BPE",
            "byte_fallback": true,
            "vocab": listed,
            "merges": [["\n", "\n"], ["a", "b"], ["▁", "a"]],
        },
    });
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();

    let ids = person.prompt(&folder);
    assert_eq!(ids.lines().nth(1), Some(r#"{"ids":[4,8,5]}"#));
    for (format, name) in [(Format::BF16, "16.gguf"), (Format::Q8_0, "8.gguf")] {
        let made = person.place(name);
        let folder = folder.to_str().unwrap();
        let written = person
            .assistant
            .convert_model(folder, format, &made, &GO_ON, |_| {});
        assert_eq!(written.unwrap(), Some(fs::metadata(&made).unwrap().len()));
        assert_eq!(person.prompt(&made), ids, "{name}");
    }
    for precision in [Precision::Exact, Precision::Fast] {
        let made = person.logits(&person.place("16.gguf"), precision);
        assert_eq!(
            made,
            person.logits(&folder, precision),
            "not one bit differs"
        );
    }
}
