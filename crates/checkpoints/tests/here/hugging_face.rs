//! Folders in Hugging Face's layout.

use std::fs;
use std::path::{Path, PathBuf};

use checkpoints::{Checkpoint, Error, Place, Tuning, identify};

use crate::{Home, golden};

/// A copy of the golden folder, to be changed.
struct Folder {
    home: Home,
    path: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let home = Home::new();
        let path = home.outside("tiny");
        fs::create_dir(&path).unwrap();
        for name in ["config.json", "model.safetensors"] {
            fs::copy(golden("tiny-text").join(name), path.join(name)).unwrap();
        }
        Self { home, path }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path.join(name), text).unwrap();
    }

    fn identify(&self) -> Result<Checkpoint, Error> {
        identify(&self.path)
    }

    /// The folder is refused with these words after its own path.
    #[track_caller]
    fn check_refused(&self, expected: &str) {
        let refused = self.identify().expect_err("it is refused");
        let said = refused
            .to_string()
            .replace(&self.path.display().to_string(), "FOLDER");
        assert_eq!(said, expected);
        assert!(refused.hint().is_some(), "it says what to do");
    }
}

#[test]
fn the_golden_folders_are_recognised() {
    let text = identify(&golden("tiny-text")).unwrap();
    let files = ["config.json", "model.safetensors"].map(|name| golden("tiny-text").join(name));
    let bytes = files.map(|file| fs::metadata(file).unwrap().len());
    let expected = Checkpoint {
        name: "tiny-text".to_owned(),
        title: "tiny-text".to_owned(),
        path: golden("tiny-text"),
        size_bytes: bytes.iter().sum(),
        format: "BF16".to_owned(),
        tuning: Tuning::Pretrained,
        context_tokens: 131_072,
        has_eyes: false,
        mmproj: None,
        place: Place::Elsewhere,
        program: None,
    };
    assert_eq!(text, expected);
    // Its shape is one level down in the configuration.
    assert_eq!(identify(&golden("tiny-mm")).unwrap().format, "BF16");
}

#[test]
fn a_published_configuration_has_its_title_and_usual_context() {
    let folder = Folder::new();
    // As google/gemma-3-4b-it has it: what is usual is left out.
    folder.write(
        "config.json",
        r#"{ "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
             "text_config": { "hidden_size": 2560, "num_hidden_layers": 34, "sliding_window": 1024 } }"#,
    );
    let checkpoint = folder.identify().unwrap();
    assert_eq!(
        (checkpoint.title.as_str(), checkpoint.context_tokens),
        ("Gemma 3 4B", 131_072)
    );
}

#[test]
fn a_model_that_chats_is_told_from_a_base_model() {
    let tuning = |name: &str, text: &str| {
        let folder = Folder::new();
        folder.write(name, text);
        folder.identify().unwrap().tuning
    };
    assert_eq!(
        tuning("tokenizer_config.json", r#"{"chat_template": "{{…}}"}"#),
        Tuning::Instructed
    );
    assert_eq!(
        tuning("tokenizer_config.json", r#"{"bos_token": "<bos>"}"#),
        Tuning::Pretrained
    );
    assert_eq!(tuning("chat_template.jinja", "{{…}}"), Tuning::Instructed);
    assert_eq!(tuning("chat_template.json", "{}"), Tuning::Instructed);
    assert_eq!(
        tuning("generation_config.json", r#"{"eos_token_id": [1, 106]}"#),
        Tuning::Instructed
    );
    assert_eq!(
        tuning("generation_config.json", r#"{"eos_token_id": 1}"#),
        Tuning::Pretrained
    );
}

#[test]
fn the_folders_name_is_believed_before_a_template() {
    let folder = Folder::new();
    folder.write("chat_template.jinja", "{{…}}");
    let renamed = folder.home.outside("gemma-3-4b-pt");
    fs::rename(&folder.path, &renamed).unwrap();
    assert_eq!(identify(&renamed).unwrap().tuning, Tuning::Pretrained);
}

#[test]
fn a_folder_of_the_hubs_cache_has_the_repositorys_name() {
    let folder = Folder::new();
    let snapshots = folder
        .home
        .outside("models--google--gemma-3-4b-it")
        .join("snapshots");
    fs::create_dir_all(&snapshots).unwrap();
    let snapshot = snapshots.join("093f9f388b31de276ce2de164bdc2081324b9767");
    fs::rename(&folder.path, &snapshot).unwrap();
    let checkpoint = identify(&snapshot).unwrap();
    assert_eq!(
        (checkpoint.name.as_str(), checkpoint.tuning),
        ("gemma-3-4b-it", Tuning::Instructed)
    );
}

#[test]
fn what_is_missing_or_torn_is_named() {
    let folder = Folder::new();
    fs::remove_file(folder.path.join("model.safetensors")).unwrap();
    folder.check_refused("FOLDER cannot be used: model.safetensors is missing");

    let index = |weights: &str| format!(r#"{{ "weight_map": {{ "a": "{weights}" }} }}"#);
    folder.write(
        "model.safetensors.index.json",
        &index("model-00002-of-00002.safetensors"),
    );
    folder.check_refused("FOLDER cannot be used: model-00002-of-00002.safetensors is missing");
    folder.write(
        "model.safetensors.index.json",
        &index("../other/model.safetensors"),
    );
    folder.check_refused("FOLDER cannot be used: ../other/model.safetensors is missing");
    folder.write("model.safetensors.index.json", "{}");
    folder.check_refused("FOLDER cannot be used: its index names no weights");

    let folder = Folder::new();
    fs::remove_file(folder.path.join("config.json")).unwrap();
    folder.check_refused("FOLDER is neither a GGUF file nor a Hugging Face checkpoint");
    folder.write(
        "config.json",
        r#"{ "model_type": "gemma3_text", "hidden_size": 640 }"#,
    );
    folder.check_refused("FOLDER/config.json cannot be used: it has no num_hidden_layers");
    folder.write("config.json", r#"{ "model_type": "llama" }"#);
    folder.check_refused("FOLDER is a Llama model, not Gemma 3");
    folder.write("config.json", r#"{ "model_type": "gemma4_text" }"#);
    folder.check_refused("FOLDER is a Gemma 4 model, not Gemma 3");
    folder.write("config.json", r#"{ "model_type": "gemma3n" }"#);
    folder.check_refused("FOLDER is a Gemma 3n model, not Gemma 3");
    // EmbeddingGemma.
    let headless = r#"{ "model_type": "gemma3_text", "architectures": ["Gemma3TextModel"] }"#;
    folder.write("config.json", headless);
    folder.check_refused(
        "FOLDER is a Gemma3TextModel, which turns text into numbers for searching and writes none",
    );
    folder.write(
        "config.json",
        &headless.replace("TextModel", "ForSequenceClassification"),
    );
    folder.check_refused("FOLDER is a Gemma3ForSequenceClassification, not Gemma 3");
    folder.write("adapter_config.json", "{}");
    folder.check_refused("FOLDER is an adapter (LoRA), which changes a model and is none");

    let folder = Folder::new();
    let packed = r#"{"a":{"dtype":"U32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut file = (packed.len() as u64).to_le_bytes().to_vec();
    file.extend(packed.bytes().chain([0; 4]));
    fs::write(folder.path.join("model.safetensors"), file).unwrap();
    folder
        .check_refused("FOLDER cannot be used: its weights are packed as U32 for another program");
    folder.write("config.json", "[");
    let refused = folder.identify().unwrap_err().to_string();
    assert!(
        refused.contains("config.json cannot be used: it is not JSON: "),
        "{refused}"
    );
}

#[test]
fn half_of_the_weights_are_refused_wherever_they_end() {
    let folder = Folder::new();
    let path = folder.path.join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len())
        .step_by(9973)
        .chain([7, 8, 9, whole.len() - 1])
    {
        fs::write(&path, &whole[..length]).unwrap();
        let refused = folder.identify();
        assert!(
            matches!(refused, Err(Error::Broken { .. })),
            "{length} bytes: {refused:?}"
        );
    }
    let mut endless = whole.clone();
    endless[..8].fill(0xff); // a header as long as an address space
    fs::write(&path, endless).unwrap();
    assert!(folder.identify().is_err());
}

#[test]
fn weights_that_lie_are_told_with_what_they_say_and_have() {
    #[track_caller]
    fn check(header_len: u64, header: &str, expected: &str) {
        let folder = Folder::new();
        let mut file = header_len.to_le_bytes().to_vec();
        file.extend(header.bytes());
        fs::write(folder.path.join("model.safetensors"), file).unwrap();
        let file = "FOLDER/model.safetensors cannot be used: ";
        folder.check_refused(&format!("{file}{expected}"));
    }
    check(3, "{}", "its header ends at byte 11, the file has 10 bytes");
    check(
        u64::MAX,
        "{}",
        "its header ends at byte 18446744073709551615, the file has 10 bytes",
    );
    let broken = "its header is not JSON: EOF while parsing an object at line 1 column 1";
    check(1, "{", broken);
    let nowhere = "its header does not say of what type and where the tensor t is";
    check(8, r#"{"t":[]}"#, nowhere);
    let tensor = r#"{"t":{"dtype":"U8","data_offsets":[0,9]}}"#;
    let end = "its tensor t ends at byte 58, the file has 49 bytes";
    check(tensor.len() as u64, tensor, end);
    let tensor = tensor.replace("0,9", "9,0");
    let turned = "its tensor t begins at byte 9 and ends at byte 0";
    check(tensor.len() as u64, &tensor, turned);
}

#[test]
fn a_gguf_file_in_the_folder_is_its_own_model() {
    assert!(identify(Path::new(&golden("tiny-text/model.gguf"))).is_ok());
}
