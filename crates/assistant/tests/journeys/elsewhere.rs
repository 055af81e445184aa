//! Models of other programs, used where they are.

use std::fs;
use std::path::{Path, PathBuf};

use assistant::{
    Assistant, Error, Features, ModelState, Options, Pixels, Place, Precision, Surroundings,
};

use crate::desk::{Desk, golden, options};
use crate::written::{File, Tensor};

/// The golden model with both halves in one file, under the names that Ollama gives.
fn made_by_ollama(path: &Path) {
    let mut file = File::read(&golden("tiny-mm/model.gguf"));
    let tower = File::read(&golden("tiny-mm/mmproj.gguf"));
    for (key, value) in tower.metadata {
        if let Some(key) = key.strip_prefix("clip.vision.") {
            file.metadata.insert(format!("gemma3.vision.{key}"), value);
        }
    }
    file.metadata.remove("general.name");
    let names = [
        ("v.patch_embd", "v.patch_embedding"),
        ("v.position_embd", "v.position_embedding"),
        ("v.post_ln", "v.post_layernorm"),
        (".ln1.", ".layer_norm1."),
        (".ln2.", ".layer_norm2."),
        (".attn_out.", ".attn_output."),
        (".ffn_up.", ".mlp.fc1."),
        (".ffn_down.", ".mlp.fc2."),
        ("mm.input_projection", "mm.mm_input_projection"),
        ("mm.soft_emb_norm", "mm.mm_soft_emb_norm"),
    ];
    // Older converters have the two maps of the feed-forward block under each other's names.
    let up = tower
        .tensors
        .iter()
        .find(|it| it.name == "v.blk.0.ffn_up.weight");
    let is_swapped = up.is_some_and(|up| up.shape[0] < up.shape[1]);
    file.tensors.extend(tower.tensors.into_iter().map(|tensor| {
        let mut name = tensor.name.clone();
        if is_swapped && name.contains(".ffn_") {
            name = match name.contains("ffn_up") {
                true => name.replace("ffn_up", "ffn_down"),
                false => name.replace("ffn_down", "ffn_up"),
            };
        }
        for (ours, theirs) in names {
            name = name.replace(ours, theirs);
        }
        Tensor { name, ..tensor }
    }));
    file.write(path);
}

/// What the tower at `mmproj`, or the model's own, sees in the small golden picture.
fn seen(assistant: &Assistant, folder: &Path, model: &Path, mmproj: Option<&Path>) -> Vec<u8> {
    let (input, output) = (folder.join("input"), folder.join("output"));
    let pixels = Pixels {
        image: &golden("tiny-mm/small.png"),
        pan_and_scan: None,
        output: &input,
    };
    assistant.eval_pixels(&pixels).unwrap();
    let features = Features {
        model: model.to_str().unwrap(),
        mmproj,
        input: &input,
        output: &output,
        precision: Precision::Fast,
    };
    assistant.eval_features(&features).unwrap();
    fs::read(output).unwrap()
}

#[test]
fn a_file_that_ollama_made_sees_with_the_tower_in_it() {
    let desk = Desk::without_a_model();
    let path = desk.home.path().join("sha256-00");
    made_by_ollama(&path);
    let model = desk.assistant.use_in_place(&path).unwrap();
    assert!(model.has_eyes && model.mmproj.is_none());
    let folder = desk.home.path();
    let own = seen(&desk.assistant, folder, &path, None);
    let (text, tower) = (golden("tiny-mm/model.gguf"), golden("tiny-mm/mmproj.gguf"));
    assert!(own == seen(&desk.assistant, folder, &text, Some(&tower)));
}

/// A home folder with a model of Ollama's that has its tower in a blob of its own, and an assistant that knows it.
fn with_ollama(desk: &Desk) -> (Assistant, PathBuf) {
    let person = desk.home.path().join("person");
    let folder = person.join(".ollama/models");
    let manifest = folder.join("manifests/hf.co/someone/gemma-3-4b-it-GGUF/Q4_0");
    fs::create_dir_all(manifest.parent().unwrap()).unwrap();
    fs::create_dir_all(folder.join("blobs")).unwrap();
    let layers = [("model", "model.gguf"), ("projector", "mmproj.gguf")];
    let layers = layers.iter().enumerate().map(|(number, (kind, from))| {
        let hex = format!("{number:064x}");
        let blob = folder.join(format!("blobs/sha256-{hex}"));
        fs::copy(golden("tiny-mm").join(from), blob).unwrap();
        format!(r#"{{"mediaType":"application/vnd.ollama.image.{kind}","digest":"sha256:{hex}"}}"#)
    });
    let layers: Vec<String> = layers.collect();
    let text = format!(r#"{{"schemaVersion":2,"layers":[{}]}}"#, layers.join(","));
    fs::write(manifest, text).unwrap();
    let options = Options {
        surroundings: Surroundings::new(Some(person), |_| None),
        ..options(desk.home.path())
    };
    let assistant = Assistant::open(options).unwrap();
    (assistant, folder)
}

#[test]
fn a_model_of_another_program_answers_from_where_it_is_and_is_never_touched() {
    let desk = Desk::without_a_model();
    let (assistant, folder) = with_ollama(&desk);
    let [found] = &assistant.found_models().unwrap()[..] else {
        panic!("there is one")
    };
    assert_eq!((found.program.as_str(), found.is_here), ("Ollama", false));

    let model = assistant.use_in_place(&found.path).unwrap();
    assert_eq!(
        (model.name.as_str(), model.has_eyes),
        ("gemma-3-4b-it-GGUF-Q4_0", true)
    );
    assert_eq!(
        (model.place, model.program.as_deref()),
        (Place::Elsewhere, Some("Ollama"))
    );
    assert!(assistant.found_models().unwrap()[0].is_here);
    let state = assistant.load_model().unwrap();
    assert!(matches!(state, ModelState::Chosen { loaded: true, .. }));

    assistant.remove_model(&model.name).unwrap();
    assert_eq!(assistant.models().unwrap(), []);
    assert_eq!(fs::read_dir(folder.join("blobs")).unwrap().count(), 2);
}

#[test]
fn a_chosen_model_that_its_program_deleted_is_said_with_its_path() {
    let desk = Desk::without_a_model();
    let (assistant, folder) = with_ollama(&desk);
    let path = assistant.found_models().unwrap()[0].path.clone();
    let model = assistant.use_in_place(&path).unwrap();
    fs::remove_dir_all(folder).unwrap();
    let chat = assistant.new_conversation().unwrap().id;
    let refused: Error = assistant.reply(chat, "w4 w5", |_| {}).unwrap_err();
    let said = refused.sentence();
    assert!(
        said.contains(path.to_str().unwrap()) && said.contains("Ollama"),
        "{said}"
    );
    assert!(
        refused
            .hint()
            .is_some_and(|hint| hint.contains("forgets it"))
    );
    assistant.remove_model(&model.name).unwrap();
    assert!(matches!(
        assistant.model_state().unwrap(),
        ModelState::Absent
    ));
}
