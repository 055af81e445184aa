//! Makes the whole files that the corpus begins with: `cargo run -p fuzz --example seeds`.
//!
//! As small as they may be, so that what is changed in one is seldom of no consequence. Files that were once answered
//! wrongly stand beside them and are not made here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gguf::{Array, Outline, TensorType, Value};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value as Json, json};

fn main() {
    let model = model(
        256,
        1,
        &[TensorType::Q4_K, TensorType::Q6_K, TensorType::Q3_K],
    );
    let of_32 = [TensorType::Q4_0, TensorType::Q5_1, TensorType::IQ4_NL];
    write("gguf/model", &model);
    write("gguf/model-of-two-layers", &self::model(32, 2, &of_32));
    write("gguf/tower", &tower());

    let [sees, text] = [config(true), config(false)];
    write("config/sees", sees.to_string().as_bytes());
    write("config/text", text.to_string().as_bytes());
    write(
        "config/of-transformers-5",
        newer_config().to_string().as_bytes(),
    );
    write("safetensors/sees", &weights(true));
    write("safetensors/text", &weights(false));

    write("tokenizer/json", tokenizer_json().to_string().as_bytes());
    write("tokenizer/gguf", &vocabulary(true));
    write("tokenizer/gguf-without-bytes", &vocabulary(false));

    for (name, text) in of_the_hub() {
        write(&format!("hub/{name}"), text.to_string().as_bytes());
    }
    for (name, text) in notes() {
        write(&format!("notes/{name}"), text.to_string().as_bytes());
    }
}

/// The small files that say where models are.
fn notes() -> Vec<(&'static str, Json)> {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let layer = |kind: &str, digit: &str| {
        let kind = format!("application/vnd.ollama.image.{kind}");
        json!({ "mediaType": kind, "digest": digest(digit), "size": 1 })
    };
    let manifest = |layers: &[Json]| json!({ "schemaVersion": 2, "layers": layers });
    let link = json!({
        "version": 1, "path": "/nowhere/model.gguf", "mmproj": "/nowhere/mmproj.gguf",
        "program": "Ollama", "tuning": "instructed",
    });
    let origin = json!({
        "version": 1, "source": "huggingface.co/someone/model", "revision": "4567def",
        "fetched_ms": 1, "files": [{ "name": "model.gguf", "bytes": 1, "sha256": "ab".repeat(32) }],
    });
    let journal = json!({
        "version": 1, "step": "deleting", "from": "/nowhere/a", "to": "/nowhere/b",
        "is_one_disk": false, "is_new": true, "entries": ["a.gguf"],
    });
    vec![
        ("link", link),
        (
            "manifest",
            manifest(&[layer("model", "a"), layer("template", "b")]),
        ),
        (
            "manifest-of-projector",
            manifest(&[layer("model", "a"), layer("projector", "c")]),
        ),
        (
            "manifest-list",
            json!({ "manifests": [{ "digest": digest("d"), "runner": "llamacpp" }] }),
        ),
        (
            "pointer",
            json!({ "version": 1, "folder": "/nowhere/models" }),
        ),
        ("origin", origin),
        ("journal", journal),
        // Each leads out of where it may lead.
        (
            "link-to-a-neighbour",
            json!({ "version": 1, "path": "../precious.gguf" }),
        ),
        (
            "link-to-itself",
            json!({ "version": 1, "path": "/dev/stdin" }),
        ),
        (
            "manifest-leads-out",
            manifest(&[json!({
                "mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../etc/passwd",
            })]),
        ),
    ]
}

fn write(name: &str, bytes: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    fs::create_dir_all(path.parent().expect("it lies in the corpus")).expect("a folder");
    fs::write(&path, bytes).expect("a file of the corpus");
    println!("{:>6} {name}", bytes.len());
}

/// A GGUF file in which every byte of every tensor is 0x11: small numbers in every type.
fn gguf(metadata: Vec<(&str, Value)>, tensors: Vec<(String, Vec<u64>, TensorType)>) -> Vec<u8> {
    let metadata: BTreeMap<String, Value> = metadata
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let outline = Outline::new(&metadata, tensors);
    let mut file = outline.head().to_vec();
    file.resize(outline.file_len() as usize, 0x11);
    file
}

/// A text model with rows of `hidden` numbers, whose matrices take turns in being of these types.
fn model(hidden: u64, layers: u32, kinds: &[TensorType]) -> Vec<u8> {
    let (vocabulary, head_dim, inside) = (4, 4, 4);
    let metadata = vec![
        ("general.architecture", text("gemma3")),
        ("gemma3.block_count", Value::U32(layers)),
        ("gemma3.embedding_length", Value::U32(hidden as u32)),
        ("gemma3.attention.head_count", Value::U32(1)),
        ("gemma3.attention.head_count_kv", Value::U32(1)),
        ("gemma3.attention.key_length", Value::U32(head_dim as u32)),
        ("gemma3.attention.value_length", Value::U32(head_dim as u32)),
        ("gemma3.feed_forward_length", Value::U32(inside as u32)),
        ("gemma3.context_length", Value::U32(8)),
        ("gemma3.attention.sliding_window", Value::U32(2)),
        (
            "gemma3.attention.sliding_window_pattern",
            Value::Array(Array::Bool(
                (0..layers).map(|layer| layer % 2 == 1).collect(),
            )),
        ),
        ("gemma3.rope.scaling.factor", Value::F32(8.0)),
    ];
    let mut kinds = kinds.iter().copied().cycle();
    let mut wide = || kinds.next().expect("there is a type");
    let (norm, narrow) = (TensorType::BF16, TensorType::F16);
    let mut tensors = vec![(
        "token_embd.weight".to_owned(),
        vec![vocabulary, hidden],
        wide(),
    )];
    for layer in 0..layers {
        let mut add = |name: &str, shape: &[u64], kind| {
            tensors.push((format!("blk.{layer}.{name}.weight"), shape.to_vec(), kind));
        };
        for name in [
            "attn_norm",
            "post_attention_norm",
            "ffn_norm",
            "post_ffw_norm",
        ] {
            add(name, &[hidden], norm);
        }
        for name in ["attn_q_norm", "attn_k_norm"] {
            add(name, &[head_dim], TensorType::F32);
        }
        for name in ["attn_q", "attn_k", "attn_v"] {
            add(name, &[head_dim, hidden], wide());
        }
        add("attn_output", &[hidden, head_dim], narrow);
        add("ffn_gate", &[inside, hidden], wide());
        add("ffn_up", &[inside, hidden], TensorType::F8_E4M3);
        add("ffn_down", &[hidden, inside], narrow);
    }
    tensors.push(("output_norm.weight".to_owned(), vec![hidden], norm));
    gguf(metadata, tensors)
}

/// A picture tower for `gguf/model`: pictures of 16 by 16 pixels, each a patch.
fn tower() -> Vec<u8> {
    let number = Value::U32;
    let metadata = vec![
        ("general.architecture", text("clip")),
        ("clip.projector_type", text("gemma3")),
        ("clip.vision.projection_dim", number(256)),
        ("clip.vision.image_size", number(16)),
        ("clip.vision.patch_size", number(1)),
        ("clip.vision.embedding_length", number(2)),
        ("clip.vision.feed_forward_length", number(3)),
        ("clip.vision.block_count", number(1)),
        ("clip.vision.attention.head_count", number(1)),
        ("clip.vision.attention.layer_norm_epsilon", Value::F32(1e-6)),
    ];
    let maps = [
        ("attn_q", 2, 2),
        ("attn_k", 2, 2),
        ("attn_v", 2, 2),
        ("attn_out", 2, 2),
    ];
    let maps = maps
        .into_iter()
        .chain([("ffn_up", 3, 2), ("ffn_down", 2, 3)]);
    let mut tensors = vec![
        (
            "v.patch_embd.weight".to_owned(),
            vec![2, 3, 1, 1],
            TensorType::F16,
        ),
        ("v.patch_embd.bias".to_owned(), vec![2], TensorType::F32),
        (
            "v.position_embd.weight".to_owned(),
            vec![256, 2],
            TensorType::F16,
        ),
        (
            "mm.input_projection.weight".to_owned(),
            vec![2, 256],
            TensorType::Q8_0,
        ),
        (
            "mm.soft_emb_norm.weight".to_owned(),
            vec![2],
            TensorType::F32,
        ),
    ];
    for (name, outputs, inputs) in maps {
        tensors.push((
            format!("v.blk.0.{name}.weight"),
            vec![outputs, inputs],
            TensorType::BF16,
        ));
        tensors.push((
            format!("v.blk.0.{name}.bias"),
            vec![outputs],
            TensorType::F32,
        ));
    }
    for name in ["v.blk.0.ln1", "v.blk.0.ln2", "v.post_ln"] {
        for part in ["weight", "bias"] {
            tensors.push((format!("{name}.{part}"), vec![2], TensorType::F32));
        }
    }
    gguf(metadata, tensors)
}

/// As published: with a picture tower the text model's numbers stand apart.
fn config(sees: bool) -> Json {
    let text = json!({
        "model_type": "gemma3_text", "hidden_size": 8, "intermediate_size": 4, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "query_pre_attn_scalar": 4,
        "max_position_embeddings": 8, "sliding_window": 2, "sliding_window_pattern": 2,
        "rope_scaling": { "factor": 8.0, "rope_type": "linear" },
    });
    let vision = json!({
        "hidden_size": 2, "intermediate_size": 3, "num_hidden_layers": 1, "num_attention_heads": 1,
        "image_size": 16, "patch_size": 1,
    });
    match sees {
        true => json!({ "model_type": "gemma3", "text_config": text, "vision_config": vision,
            "image_token_index": 3, "eos_token_id": [1, 106] }),
        false => text,
    }
}

fn newer_config() -> Json {
    json!({
        "model_type": "gemma3_text", "hidden_size": 8, "intermediate_size": 4, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "query_pre_attn_scalar": 4,
        "max_position_embeddings": 8, "sliding_window": 2,
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {
            "full_attention": { "rope_type": "linear", "factor": 8.0, "rope_theta": 1e6 },
            "sliding_attention": { "rope_type": "default", "rope_theta": 1e4 },
        },
    })
}

/// The weights for [`config`].
fn weights(sees: bool) -> Vec<u8> {
    let prefix = if sees { "language_model." } else { "" };
    let mut tensors: Vec<(String, Vec<usize>, Dtype)> = vec![
        (
            format!("{prefix}model.embed_tokens.weight"),
            vec![4, 8],
            Dtype::BF16,
        ),
        (format!("{prefix}model.norm.weight"), vec![8], Dtype::BF16),
    ];
    for layer in 0..2 {
        let mut add = |name: &str, shape: &[usize], dtype| {
            tensors.push((
                format!("{prefix}model.layers.{layer}.{name}"),
                shape.to_vec(),
                dtype,
            ));
        };
        for norm in [
            "input",
            "post_attention",
            "pre_feedforward",
            "post_feedforward",
        ] {
            add(&format!("{norm}_layernorm.weight"), &[8], Dtype::BF16);
        }
        for (map, shape) in [("q", [8, 8]), ("k", [4, 8]), ("v", [4, 8]), ("o", [8, 8])] {
            add(&format!("self_attn.{map}_proj.weight"), &shape, Dtype::F16);
        }
        for norm in ["q_norm", "k_norm"] {
            add(&format!("self_attn.{norm}.weight"), &[4], Dtype::F32);
        }
        for (map, shape) in [("gate", [4, 8]), ("up", [4, 8]), ("down", [8, 4])] {
            add(&format!("mlp.{map}_proj.weight"), &shape, Dtype::F8_E4M3);
            add(
                &format!("mlp.{map}_proj.weight_scale"),
                &[shape[0], 1],
                Dtype::BF16,
            );
        }
    }
    if sees {
        let mut add = |name: &str, shape: &[usize]| {
            tensors.push((name.to_owned(), shape.to_vec(), Dtype::F16));
        };
        let tower = |name: &str| format!("vision_tower.vision_model.{name}");
        add(&tower("embeddings.patch_embedding.weight"), &[2, 3, 1, 1]);
        add(&tower("embeddings.patch_embedding.bias"), &[2]);
        add(&tower("embeddings.position_embedding.weight"), &[256, 2]);
        let inside = |name: &str| tower(&format!("encoder.layers.0.{name}"));
        for map in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            add(&inside(&format!("self_attn.{map}.weight")), &[2, 2]);
            add(&inside(&format!("self_attn.{map}.bias")), &[2]);
        }
        for (map, shape) in [("fc1", [3, 2]), ("fc2", [2, 3])] {
            add(&inside(&format!("mlp.{map}.weight")), &shape);
            add(&inside(&format!("mlp.{map}.bias")), &shape[..1]);
        }
        for norm in [
            inside("layer_norm1"),
            inside("layer_norm2"),
            tower("post_layernorm"),
        ] {
            add(&format!("{norm}.weight"), &[2]);
            add(&format!("{norm}.bias"), &[2]);
        }
        add("multi_modal_projector.mm_soft_emb_norm.weight", &[2]);
        add("multi_modal_projector.mm_input_projection_weight", &[2, 8]);
    }
    let data = [0x11; 4096];
    let views = tensors.iter().map(|(name, shape, dtype)| {
        let bits = shape.iter().product::<usize>() * dtype.bitsize();
        let view = TensorView::new(*dtype, shape.clone(), &data[..bits / 8]);
        (name, view.expect("the sizes agree"))
    });
    safetensors::serialize(views, None).expect("sound tensors")
}

/// Gemma's kind of `tokenizer.json`, with a token for what is unknown instead of 256 for bytes.
fn tokenizer_json() -> Json {
    let tokens = [
        "<unk>",
        "<bos>",
        "<start_of_turn>",
        "<end_of_turn>",
        "\n",
        "▁",
        "a",
        "b",
        "ab",
        "bb",
        "abb",
        "▁a",
    ];
    let vocabulary: serde_json::Map<String, Json> = (0..)
        .zip(tokens)
        .map(|(id, token)| (token.to_owned(), json!(id)))
        .collect();
    let added = |id: u32, special: bool| json!({ "id": id, "content": tokens[id as usize], "special": special });
    json!({
        "added_tokens": [added(0, true), added(1, true), added(2, true), added(3, true), added(4, false)],
        "normalizer": { "type": "Replace", "pattern": { "String": " " }, "content": "▁" },
        "pre_tokenizer": { "type": "Split", "pattern": { "String": " " } },
        "model": { "vocab": vocabulary, "byte_fallback": true,
            "merges": [["a", "b"], ["b", "b"], ["ab", "b"], ["a", "bb"], ["▁", "a"]] },
    })
}

/// A GGUF file that is nothing but a vocabulary.
fn vocabulary(has_bytes: bool) -> Vec<u8> {
    let mut tokens: Vec<(String, f32, i32)> = Vec::new();
    let mut add = |text: &str, score, kind| tokens.push((text.to_owned(), score, kind));
    for mark in ["<unk>", "<bos>", "<start_of_turn>", "<end_of_turn>"] {
        add(mark, 0.0, 3);
    }
    for (text, kind) in [("\n", 4), ("\n\n", 4), ("</b>", 4), ("▁▁", 4)] {
        add(text, -1000.0, kind);
    }
    for (order, text) in ["▁", "a", "b", "ab", "bb", "abb", "▁a"]
        .into_iter()
        .enumerate()
    {
        add(text, -(order as f32), 1);
    }
    for byte in (0..=255u8).filter(|_| has_bytes) {
        add(&format!("<0x{byte:02X}>"), 0.0, 6);
    }
    let array = |array| Value::Array(array);
    let metadata = vec![
        (
            "tokenizer.ggml.tokens",
            array(Array::Text(
                tokens.iter().map(|(text, ..)| text.as_str()).collect(),
            )),
        ),
        (
            "tokenizer.ggml.scores",
            array(Array::F32(
                tokens.iter().map(|(_, score, _)| *score).collect(),
            )),
        ),
        (
            "tokenizer.ggml.token_type",
            array(Array::I32(tokens.iter().map(|(.., kind)| *kind).collect())),
        ),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.unknown_token_id", Value::U32(0)),
    ];
    gguf(metadata, Vec::new())
}

/// What a hub answers, and what is kept of it.
fn of_the_hub() -> [(&'static str, Json); 5] {
    let (sha256, git) = ("ab".repeat(32), "cd".repeat(20));
    let file = json!({ "name": "a.gguf", "bytes": 5, "sha256": sha256 });
    [
        (
            "about",
            json!({ "id": "owner/name", "sha": "4567def", "gated": "manual" }),
        ),
        (
            "files",
            json!([
                { "type": "file", "path": "a.gguf", "size": 5, "oid": git,
                  "lfs": { "oid": sha256, "size": 5, "pointerSize": 134 } },
                { "type": "file", "path": "config.json", "size": 3, "oid": git },
            ]),
        ),
        (
            "order",
            json!({ "version": 1, "wish": "come", "since_ms": 1, "attempt": 1 }),
        ),
        (
            "report",
            json!({ "version": 1, "attempt": 1, "step": "Downloading the model", "trouble": "It broke",
            "done_bytes": 3, "total_bytes": 5, "bytes_per_second": 1.5, "seconds_left": 2.5,
            "failure": { "error": "It failed", "hint": "Try again", "needs_token": false } }),
        ),
        (
            "origin",
            json!({ "version": 1, "source": "hub/owner/name", "revision": "4567def",
            "fetched_ms": 1, "files": [file] }),
        ),
    ]
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
