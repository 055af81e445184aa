//! A folder as Hugging Face has it: `config.json`, and `model.safetensors` or its parts with their index.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use kernels::block::BlockType;
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde::Deserialize;

use super::{EMBEDDING, Mapped, SCALE, Stored, Weights, tower};
use crate::config::TowerConfig;
use crate::{Config, Error};

/// Longer than any `config.json` or index (27B's index has 90 kB).
const MOST_JSON_BYTES: u64 = 16 * 1024 * 1024;

/// The most a header may have, by the format (`MAX_HEADER_SIZE` in the reference).
const MOST_HEADER_BYTES: u64 = 100_000_000;

/// Names that stand outside the layers: GGUF's and the published ones.
const OUTSIDE: [(&str, &str); 3] = [
    (EMBEDDING, "model.embed_tokens.weight"),
    ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
];

/// Names inside a layer.
const INSIDE: [(&str, &str); 13] = [
    ("attn_norm.weight", "input_layernorm.weight"),
    ("attn_q.weight", "self_attn.q_proj.weight"),
    ("attn_k.weight", "self_attn.k_proj.weight"),
    ("attn_v.weight", "self_attn.v_proj.weight"),
    ("attn_output.weight", "self_attn.o_proj.weight"),
    ("attn_q_norm.weight", "self_attn.q_norm.weight"),
    ("attn_k_norm.weight", "self_attn.k_norm.weight"),
    (
        "post_attention_norm.weight",
        "post_attention_layernorm.weight",
    ),
    // Not to be mixed up: what transformers calls post_attention_layernorm in other models is this one.
    ("ffn_norm.weight", "pre_feedforward_layernorm.weight"),
    ("ffn_gate.weight", "mlp.gate_proj.weight"),
    ("ffn_up.weight", "mlp.up_proj.weight"),
    ("ffn_down.weight", "mlp.down_proj.weight"),
    ("post_ffw_norm.weight", "post_feedforward_layernorm.weight"),
];

/// Opens the folder at `path`.
pub fn open(path: &Path) -> Result<Weights, Error> {
    let mut tensors = HashMap::new();
    for file in weight_files(path)? {
        let file = Arc::new(Mapped::open(&path.join(file))?);
        add_tensors(&file, &mut tensors)?;
    }
    let rows = match tensors.get(EMBEDDING) {
        Some(Stored { shape, .. }) => shape.first().copied().unwrap_or(0),
        None => {
            let tensor = published_name(EMBEDDING);
            return Err(Error::NoTensor {
                path: path.to_owned(),
                tensor,
            });
        }
    };
    let config_path = path.join("config.json");
    let json = read_json(&config_path)?;
    let config = Config::from_json(
        &json,
        &config_path,
        usize::try_from(rows).unwrap_or(usize::MAX),
    )?;
    let (tower, image_token) = match tensors.contains_key("v.patch_embd.weight") {
        true => eyes(&json, path, &config_path)?,
        false => (None, None),
    };
    Ok(Weights {
        config,
        header: None,
        tensors,
        path: path.to_owned(),
        tower,
        image_token,
    })
}

/// What `config.json` says of the picture tower, and of the id that stands where a picture goes.
fn eyes(
    json: &str,
    path: &Path,
    config_path: &Path,
) -> Result<(Option<tower::Found>, Option<u32>), Error> {
    /// transformers' `Gemma3Config`.
    #[derive(Deserialize)]
    struct Eyes {
        vision_config: Option<serde_json::Value>,
        image_token_index: Option<u32>,
        /// What newer versions call it.
        image_token_id: Option<u32>,
    }
    const USUAL: u32 = 262_144;
    let eyes: Eyes = serde_json::from_str(json).map_err(|source| Error::Json {
        path: config_path.to_owned(),
        source,
    })?;
    let Some(vision) = eyes.vision_config else {
        return Ok((None, None));
    };
    let tower = tower::Found {
        config: TowerConfig::from_json(&vision, config_path)?,
        path: path.to_owned(),
        is_gguf: false,
    };
    let image_token = eyes.image_token_index.or(eyes.image_token_id);
    Ok((Some(tower), Some(image_token.unwrap_or(USUAL))))
}

/// The name under which a tensor is published, for messages.
pub fn published_name(name: &str) -> String {
    let outside = OUTSIDE.iter().find(|(ours, _)| *ours == name);
    let inside = || {
        let (layer, rest) = name.strip_prefix("blk.")?.split_once('.')?;
        let (_, theirs) = INSIDE.iter().find(|(ours, _)| *ours == rest)?;
        Some(format!("model.layers.{layer}.{theirs}"))
    };
    match outside {
        Some((_, theirs)) => (*theirs).to_owned(),
        None => inside()
            .or_else(|| tower::published_name(name))
            .unwrap_or_else(|| name.to_owned()),
    }
}

/// GGUF's name of a published tensor of the text model; `None` for what is not its.
fn our_name(published: &str) -> Option<String> {
    // 8-bit floats come with a scale. "inv" or not, weights are multiplied by it.
    let scaled = published
        .strip_suffix("_scale")
        .or_else(|| published.strip_suffix("_scale_inv"));
    if let Some(weight) = scaled {
        return our_name(weight).map(|weight| weight + SCALE);
    }
    // Checkpoints that also see pictures keep the text model under one of these.
    let name = ["language_model.model.", "model.language_model.", "model."]
        .iter()
        .find_map(|prefix| published.strip_prefix(prefix))
        .or_else(|| {
            published
                .strip_prefix("language_model.")
                .filter(|name| name.starts_with("lm_head"))
        })
        .unwrap_or(published);
    let outside = OUTSIDE
        .iter()
        .find(|(_, theirs)| theirs.strip_prefix("model.").unwrap_or(theirs) == name);
    if let Some((ours, _)) = outside {
        return Some((*ours).to_owned());
    }
    let (layer, rest) = name.strip_prefix("layers.")?.split_once('.')?;
    let (ours, _) = INSIDE.iter().find(|(_, theirs)| *theirs == rest)?;
    Some(format!("blk.{layer}.{ours}"))
}

/// The index if there is one, else the one file. Other safetensors in the folder are none of ours.
fn weight_files(path: &Path) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: HashMap<String, String>,
    }
    const ONE: &str = "model.safetensors";
    let index_path = path.join("model.safetensors.index.json");
    if !index_path.exists() {
        return match path.join(ONE).exists() {
            true => Ok(vec![ONE.to_owned()]),
            false => Err(Error::NoWeights {
                path: path.to_owned(),
            }),
        };
    }
    let json = read_json(&index_path)?;
    let damaged = |source| Error::Json {
        path: index_path.clone(),
        source,
    };
    let index: Index = serde_json::from_str(&json).map_err(damaged)?;
    let files: BTreeSet<String> = index.weight_map.into_values().collect();
    // An index names its neighbours, nothing elsewhere.
    let stranger = files
        .iter()
        .find(|file| Path::new(file).file_name() != Some(file.as_ref()));
    if let Some(file) = stranger {
        return Err(Error::Setting {
            path: index_path,
            key: "weight_map",
            found: file.clone(),
            expected: "the name of a file in the same folder",
        });
    }
    Ok(files.into_iter().collect())
}

fn read_json(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Io {
        doing: "read",
        path: path.to_owned(),
        source,
    };
    let len = fs::metadata(path).map_err(failed)?.len();
    if len > MOST_JSON_BYTES {
        return Err(failed(std::io::Error::other(format!(
            "{len} bytes are too many for a JSON file"
        ))));
    }
    fs::read_to_string(path).map_err(failed)
}

fn add_tensors(file: &Arc<Mapped>, tensors: &mut HashMap<String, Stored>) -> Result<(), Error> {
    let (data_start, metadata) = read_header(file)?;
    for (name, info) in metadata.tensors() {
        let Some(ours) = our_name(&name).or_else(|| tower::our_name(&name)) else {
            continue;
        };
        let (start, end) = info.data_offsets;
        let stored = Stored {
            file: file.clone(),
            range: data_start + start..data_start + end,
            name,
            shape: info.shape.iter().map(|size| *size as u64).collect(),
            block: block(info.dtype).ok_or_else(|| format!("{:?}", info.dtype)),
            norm_offset: 1.0,
        };
        tensors.insert(ours, stored);
    }
    Ok(())
}

/// Where the data of a safetensors file begins, and what lies there: tensor after tensor, up to the file's end.
///
/// Not `SafeTensors::read_metadata`: that says nothing of where the file ends, and adds offsets that may overflow.
fn read_header(file: &Mapped) -> Result<(usize, Metadata), Error> {
    let bytes = file.bytes();
    let ends_wrongly = |what, end| Error::Length {
        path: file.path().to_owned(),
        what,
        end,
        file_len: bytes.len() as u64,
    };
    let (header_len, rest) = bytes
        .split_first_chunk()
        .ok_or_else(|| ends_wrongly("the length of the header", size_of::<u64>() as u64))?;
    let header_len = u64::from_le_bytes(*header_len);
    let header_end = header_len.saturating_add(size_of::<u64>() as u64);
    if header_end > bytes.len() as u64 {
        return Err(ends_wrongly("the header", header_end));
    }
    if header_len > MOST_HEADER_BYTES {
        let expected = "at most 100000000 bytes";
        return Err(Error::setting(
            file.path(),
            "the header",
            &header_len,
            expected,
        ));
    }
    let (header, data) = rest.split_at(header_len as usize);
    // It refuses tensors that overlap, leave a gap, or have another size than their shape says.
    let metadata: Metadata =
        serde_json::from_slice(header).map_err(|source| Error::Safetensors {
            path: file.path().to_owned(),
            source,
        })?;
    if metadata.data_len() != data.len() {
        let end = header_end.saturating_add(metadata.data_len() as u64);
        return Err(ends_wrongly("the last tensor", end));
    }
    Ok((header_end as usize, metadata))
}

/// Both formats are little-endian and row after row, so these are the same in both.
fn block(dtype: Dtype) -> Option<BlockType> {
    match dtype {
        Dtype::F32 => Some(BlockType::F32),
        Dtype::F16 => Some(BlockType::F16),
        Dtype::BF16 => Some(BlockType::BF16),
        Dtype::F8_E4M3 => Some(BlockType::F8_E4M3),
        _ => None,
    }
}
