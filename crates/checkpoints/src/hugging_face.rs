//! What a folder in Hugging Face's layout says it is: `config.json` and `.safetensors` files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::checkpoint::{Checkpoint, Place, described, title};
use crate::error::Error;
use crate::tuning::{Evidence, tuning};

/// `<end_of_turn>`.
const END_OF_TURN: u64 = 106;
/// The most a `.safetensors` header may have, by its format.
const MOST_HEADER_BYTES: u64 = 100_000_000;
/// `max_position_embeddings` where a configuration leaves it out, as those of 4B and larger do.
const USUAL_CONTEXT_TOKENS: u64 = 131_072;

/// Says what the folder at `folder` is.
pub fn identify(folder: &Path) -> Result<Checkpoint, Error> {
    let path = || folder.to_owned();
    if folder.join("adapter_config.json").is_file() {
        return Err(Error::Adapter { path: path() });
    }
    if !is_one(folder) {
        return Err(Error::NotACheckpoint { path: path() });
    }
    let config = json(&folder.join("config.json"))?;
    if let Some(refused) = refusal(folder, &config) {
        return Err(refused);
    }
    // With vision, the text model's configuration is one level down.
    let text = config.get("text_config").unwrap_or(&config);
    let number = |key: &str| {
        let value = text.get(key).or_else(|| config.get(key));
        value.and_then(Value::as_u64).ok_or_else(|| Error::Broken {
            path: folder.join("config.json"),
            problem: format!("it has no {key}"),
        })
    };
    let (layers, width) = (number("num_hidden_layers")?, number("hidden_size")?);
    let context = number("max_position_embeddings").unwrap_or(USUAL_CONTEXT_TOKENS);

    let weights = Weights::read(folder)?;
    if matches!(weights.format.as_str(), "U32" | "I32" | "U8" | "I8") {
        return Err(Error::Broken {
            path: path(),
            problem: format!(
                "its weights are packed as {} for another program",
                weights.format
            ),
        });
    }
    let mut more_bytes = 0;
    for path in files_beside_the_weights(folder)? {
        more_bytes += fs::metadata(&path).map_err(Error::io("read", &path))?.len();
    }
    let name = name_of(folder);
    let evidence = Evidence {
        name: &name,
        has_chat_template: has_chat_template(folder)?,
        ends_on_end_of_turn: ends_on_end_of_turn(folder)?,
        ..Evidence::default()
    };
    Ok(Checkpoint {
        title: title(layers, width).map_or_else(|| name.clone(), str::to_owned),
        path: folder.to_owned(),
        size_bytes: weights.bytes + more_bytes,
        format: weights.format,
        tuning: tuning(&evidence),
        context_tokens: u32::try_from(context).unwrap_or(u32::MAX),
        has_eyes: weights.has_tower && config["vision_config"].is_object(),
        mmproj: None,
        place: Place::Elsewhere,
        program: None,
        name,
    })
}

/// Whether a folder is in Hugging Face's layout.
pub(crate) fn is_one(folder: &Path) -> bool {
    folder.join("config.json").is_file()
}

/// Why the model with this configuration is not one to run here, if it is not.
fn refusal(folder: &Path, config: &Value) -> Option<Error> {
    let path = folder.to_owned();
    let kind = config["model_type"].as_str().unwrap_or("nameless");
    if !matches!(kind, "gemma3" | "gemma3_text") {
        let found = described("", kind);
        return Some(Error::OtherModel { path, found });
    }
    // "Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"; without a head it is an embedding model.
    let class = config["architectures"][0].as_str()?;
    let writes = ["ForCausalLM", "ForConditionalGeneration"];
    if writes.iter().any(|head| class.ends_with(head)) {
        return None;
    }
    let found = format!("a {class}");
    Some(match class.ends_with("Model") {
        true => Error::Embedding { path, found },
        false => Error::OtherModel { path, found },
    })
}

/// The folder's name; in the hub's own cache, where that is a number, the repository's.
pub(crate) fn name_of(folder: &Path) -> String {
    // …/models--google--gemma-3-4b-it/snapshots/093f9f388b31de276ce2de164bdc2081324b9767
    let snapshots = folder
        .parent()
        .filter(|parent| parent.ends_with("snapshots"));
    let repository = snapshots.and_then(Path::parent).and_then(Path::file_name);
    let repository = repository.map(|name| name.to_string_lossy().into_owned());
    if let Some(name) = repository
        .as_deref()
        .and_then(|name| name.strip_prefix("models--"))
    {
        return name.rsplit("--").next().unwrap_or(name).to_owned();
    }
    folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The files of the folder that make up the checkpoint; the rest (pictures, other formats) is not needed.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let weights = weight_files(folder)?.into_iter();
    let mut files: Vec<PathBuf> = weights.map(|name| folder.join(name)).collect();
    files.extend(files_beside_the_weights(folder)?);
    Ok(files)
}

fn files_beside_the_weights(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for found in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = found.map_err(Error::io("read", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if belongs(&name) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// True for what there is besides the weights.
pub(crate) fn belongs(file_name: &str) -> bool {
    let lower = file_name.to_lowercase();
    let ends = [".json", ".jinja"].iter().any(|end| lower.ends_with(end));
    let terms = ["license", "notice", "tokenizer.model"]
        .iter()
        .any(|begin| lower.starts_with(begin));
    ends || terms
}

/// Whether the file is one of those that have words for people.
pub(crate) fn is_text(file_name: &str) -> bool {
    let lower = file_name.to_lowercase();
    ["license", "notice"]
        .iter()
        .any(|begin| lower.starts_with(begin))
}

/// Checks that all tensors of a `.safetensors` file lie in it.
pub(crate) fn check_weights(path: &Path) -> Result<(), Error> {
    read_header(path).map(drop)
}

fn has_chat_template(folder: &Path) -> Result<bool, Error> {
    let beside = ["chat_template.jinja", "chat_template.json"];
    if beside.iter().any(|name| folder.join(name).is_file()) {
        return Ok(true);
    }
    let config = optional_json(&folder.join("tokenizer_config.json"))?;
    Ok(config.is_some_and(|config| !config["chat_template"].is_null()))
}

fn ends_on_end_of_turn(folder: &Path) -> Result<bool, Error> {
    let config = optional_json(&folder.join("generation_config.json"))?.unwrap_or_default();
    Ok(match &config["eos_token_id"] {
        Value::Array(ids) => ids.iter().any(|id| id.as_u64() == Some(END_OF_TURN)),
        id => id.as_u64() == Some(END_OF_TURN),
    })
}

/// What the weight files have, by their heads.
struct Weights {
    bytes: u64,
    /// The type that most bytes are of.
    format: String,
    /// Whether what sees pictures is among them.
    has_tower: bool,
}

impl Weights {
    fn read(folder: &Path) -> Result<Self, Error> {
        let (mut bytes, mut has_tower) = (0, false);
        let mut bytes_of = BTreeMap::<String, u64>::new();
        for name in weight_files(folder)? {
            let (header, file_bytes) = read_header(&folder.join(name))?;
            bytes += file_bytes;
            for (name, dtype, tensor_bytes) in header {
                has_tower |= name.contains("vision_tower.");
                *bytes_of.entry(dtype).or_default() += tensor_bytes;
            }
        }
        let most = bytes_of.into_iter().max_by_key(|(_, bytes)| *bytes);
        Ok(Self {
            bytes,
            format: most.map_or_else(|| "unknown".to_owned(), |(name, _)| name),
            has_tower,
        })
    }
}

/// One file, or the parts that the index names; each of them is there.
fn weight_files(folder: &Path) -> Result<BTreeSet<String>, Error> {
    let broken = |problem| Error::Broken {
        path: folder.to_owned(),
        problem,
    };
    let names = match optional_json(&folder.join("model.safetensors.index.json"))? {
        None => BTreeSet::from(["model.safetensors".to_owned()]),
        Some(index) => {
            let map = index["weight_map"].as_object().cloned().unwrap_or_default();
            let names = map.values().filter_map(Value::as_str).map(str::to_owned);
            names.collect()
        }
    };
    if names.is_empty() {
        return Err(broken("its index names no weights".to_owned()));
    }
    for name in &names {
        // A name is all that the index gives: nothing outside the folder is a part of it.
        let plain = Path::new(name).components().count() == 1 && !name.starts_with('.');
        if !plain || !folder.join(name).is_file() {
            return Err(broken(format!("{name} is missing")));
        }
    }
    Ok(names)
}

/// Name, type and bytes.
type Tensor = (String, String, u64);

/// The tensors in one `.safetensors` file, and the file's size.
fn read_header(path: &Path) -> Result<(Vec<Tensor>, u64), Error> {
    let broken = |problem: String| Error::Broken {
        path: path.to_owned(),
        problem,
    };
    let ends_wrongly = |what: &str, end: u64, file_bytes: u64| {
        broken(format!(
            "{what} ends at byte {end}, the file has {file_bytes} bytes"
        ))
    };
    let mut file = File::open(path).map_err(Error::io("read", path))?;
    let file_bytes = file.metadata().map_err(Error::io("read", path))?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length)
        .map_err(|_| ends_wrongly("the length of its header", 8, file_bytes))?;
    let length = u64::from_le_bytes(length);
    let data_start = length.saturating_add(8);
    let data_bytes = file_bytes
        .checked_sub(data_start)
        .ok_or_else(|| ends_wrongly("its header", data_start, file_bytes))?;
    if length > MOST_HEADER_BYTES {
        return Err(broken(format!(
            "its header has {length} bytes, at most {MOST_HEADER_BYTES} are read"
        )));
    }

    let mut header = Vec::new();
    let read = file.take(length).read_to_end(&mut header);
    read.map_err(Error::io("read", path))?;
    let header: Map<String, Value> = serde_json::from_slice(&header)
        .map_err(|why| broken(format!("its header is not JSON: {why}")))?;
    let mut tensors = Vec::new();
    for (name, tensor) in header.iter().filter(|(name, _)| *name != "__metadata__") {
        let offsets = tensor["data_offsets"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let offsets: Vec<_> = offsets.iter().filter_map(Value::as_u64).collect();
        let (Some(dtype), &[start, end]) = (tensor["dtype"].as_str(), &offsets[..]) else {
            return Err(broken(format!(
                "its header does not say of what type and where the tensor {name} is"
            )));
        };
        if end < start {
            return Err(broken(format!(
                "its tensor {name} begins at byte {start} and ends at byte {end}"
            )));
        }
        if data_bytes < end {
            let end = data_start.saturating_add(end);
            return Err(ends_wrongly(&format!("its tensor {name}"), end, file_bytes));
        }
        tensors.push((name.clone(), dtype.to_owned(), end - start));
    }
    Ok((tensors, file_bytes))
}

pub(crate) fn json(path: &Path) -> Result<Value, Error> {
    let text = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&text).map_err(|why| Error::Broken {
        path: path.to_owned(),
        problem: format!("it is not JSON: {why}"),
    })
}

fn optional_json(path: &Path) -> Result<Option<Value>, Error> {
    path.is_file().then(|| json(path)).transpose()
}
