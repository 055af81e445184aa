//! What a GGUF file says it is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use gguf::{Header, Part, mmproj};

use crate::checkpoint::{Checkpoint, Place, described, title};
use crate::error::Error;
use crate::tuning::{self, Evidence};

/// What llama.cpp calls its mixtures of formats: `general.file_type` is an index into them.
/// (`enum llama_ftype` in its `include/llama.h`; the numbers without a name are formats it gave up.)
const FILE_TYPES: &[(u32, &str)] = &[
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (7, "Q8_0"),
    (8, "Q5_0"),
    (9, "Q5_1"),
    (10, "Q2_K"),
    (11, "Q3_K_S"),
    (12, "Q3_K_M"),
    (13, "Q3_K_L"),
    (14, "Q4_K_S"),
    (15, "Q4_K_M"),
    (16, "Q5_K_S"),
    (17, "Q5_K_M"),
    (18, "Q6_K"),
    (19, "IQ2_XXS"),
    (20, "IQ2_XS"),
    (21, "Q2_K_S"),
    (22, "IQ3_XS"),
    (23, "IQ3_XXS"),
    (24, "IQ1_S"),
    (25, "IQ4_NL"),
    (26, "IQ3_S"),
    (27, "IQ3_M"),
    (28, "IQ2_S"),
    (29, "IQ2_M"),
    (30, "IQ4_XS"),
    (31, "IQ1_M"),
    (32, "BF16"),
    (36, "TQ1_0"),
    (37, "TQ2_0"),
    (38, "MXFP4"),
];

/// What a GGUF file says it is.
#[derive(Debug, Clone)]
pub struct Told {
    /// Without the picture tower that may lie beside it.
    pub checkpoint: Checkpoint,
    /// Of the model's stream: a picture tower makes rows of that width.
    pub width: u32,
    /// Whether the metadata has words for what it was taught.
    pub says_tuning: bool,
}

/// Says what the GGUF file at `path` is; if it is one of several that are one model, what they are together.
pub fn identify(path: &Path) -> Result<Told, Error> {
    let paths = parts(path)?;
    let (mut headers, mut size_bytes) = (Vec::new(), 0);
    for path in &paths {
        let (header, bytes) = read(path)?;
        headers.push(header);
        size_bytes += bytes;
    }
    let (path, header) = (&paths[0], &headers[0]);
    let damaged = |source| Error::Gguf {
        path: path.clone(),
        source,
    };
    if let Some(refused) = refusal(path, header).map_err(damaged)? {
        return Err(refused);
    }
    let name = name_of(path);
    let text = |key| {
        let text = header.get::<&str>(key).map(Option::unwrap_or_default);
        text.map_err(damaged)
    };
    let number = |key| header.require::<u32>(key).map_err(damaged);
    let own_name = text("general.name")?;
    let evidence = Evidence {
        metadata: [
            text("general.finetune")?,
            own_name,
            text("general.basename")?,
        ],
        name: &name,
        has_chat_template: !text("tokenizer.chat_template")?.is_empty(),
        ends_on_end_of_turn: false,
    };
    let (layers, width) = (
        number("gemma3.block_count")?,
        number("gemma3.embedding_length")?,
    );
    let title = title(layers.into(), width.into()).unwrap_or(match own_name {
        "" => &name,
        own_name => own_name,
    });
    let checkpoint = Checkpoint {
        title: title.to_owned(),
        path: path.clone(),
        size_bytes,
        format: format(&headers).map_err(damaged)?,
        tuning: tuning::tuning(&evidence),
        context_tokens: number("gemma3.context_length")?,
        has_eyes: has_tower(header),
        mmproj: None,
        place: Place::Elsewhere,
        program: None,
        name: name.clone(),
    };
    let says_tuning = tuning::is_said(&evidence);
    Ok(Told {
        checkpoint,
        width,
        says_tuning,
    })
}

/// The model in a folder of GGUF files, which are the parts of one and perhaps its picture tower; `None` if it has none.
pub(crate) fn in_folder(folder: &Path) -> Result<Option<PathBuf>, Error> {
    let mut models = Vec::new();
    for found in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = found.map_err(Error::io("read", folder))?.path();
        if is_gguf(&path) && !mmproj::is_mmproj(&path) && path.is_file() {
            models.push(path);
        }
    }
    models.sort();
    // Of a model in several files, the first stands for all.
    models.dedup_by(|next, first| part(next).is_some() && name_of(next) == name_of(first));
    match models.len() {
        0 | 1 => Ok(models.pop()),
        _ => Err(Error::SeveralModels {
            path: folder.to_owned(),
            names: models.iter().map(|path| name_of(path)).collect(),
        }),
    }
}

/// Whether a file is called like a GGUF file.
pub(crate) fn is_gguf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("gguf"))
}

/// The files that are one model with the one at `path`, in order; each of them is there.
pub(crate) fn parts(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let Some(part) = part(path) else {
        return Ok(vec![path.to_owned()]);
    };
    let count = part.count;
    let paths = part.all().enumerate().map(|(index, name)| {
        let path = path.with_file_name(name);
        match path.is_file() {
            true => Ok(path),
            false => Err(Error::NoPart {
                path,
                number: index + 1,
                count,
            }),
        }
    });
    paths.collect()
}

/// What the name says of the parts of a model, if it is in several.
pub(crate) fn part(path: &Path) -> Option<Part> {
    let part = Part::parse(path.file_name()?.to_str()?)?;
    (part.count > 1).then_some(part)
}

/// The head of the file at `path`, and how many bytes the file has.
pub(crate) fn read(path: &Path) -> Result<(Header, u64), Error> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let bytes = file.metadata().map_err(Error::io("read", path))?.len();
    match Header::read(BufReader::new(file), bytes) {
        Ok(header) => Ok((header, bytes)),
        Err(gguf::Error::Magic { .. }) => Err(Error::NotACheckpoint {
            path: path.to_owned(),
        }),
        Err(gguf::Error::Outside { end, file_len, .. }) => Err(Error::NotWhole {
            path: path.to_owned(),
            needed_bytes: end,
            found_bytes: file_len,
        }),
        Err(source) => Err(Error::Gguf {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Whether the model has its picture tower in the file, as those have that Ollama made.
fn has_tower(header: &Header) -> bool {
    header.tensor("v.patch_embedding.weight").is_ok()
        && header.tensor("mm.mm_input_projection.weight").is_ok()
}

/// The file's name without `.gguf`, and without the number of a part.
pub(crate) fn name_of(path: &Path) -> String {
    if let Some(part) = part(path) {
        return part.model;
    }
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Why a readable GGUF file is not a model to run here, if it is not.
fn refusal(path: &Path, header: &Header) -> Result<Option<Error>, gguf::Error> {
    let path = path.to_owned();
    let architecture: &str = header.require("general.architecture")?;
    // llama.cpp calls the picture part of whatever model "clip".
    if architecture == "clip" || header.get::<&str>("general.type")? == Some("mmproj") {
        return Ok(Some(Error::Projector { path }));
    }
    if header.get::<&str>("general.type")? == Some("adapter") {
        return Ok(Some(Error::Adapter { path }));
    }
    let name = header.get::<&str>("general.name")?.unwrap_or_default();
    if is_embedding(architecture) {
        let found = described(name, architecture);
        return Ok(Some(Error::Embedding { path, found }));
    }
    if architecture != "gemma3" {
        let found = described(name, architecture);
        return Ok(Some(Error::OtherModel { path, found }));
    }
    // The name is how the other parts are found, so it has to say what the file says.
    let named = part(&path).map_or(1, |part| part.count);
    let count = header.get::<u32>("split.count")?.unwrap_or(1).max(1);
    Ok((named != count).then_some(Error::Split { path, named, count }))
}

/// llama.cpp's names for what makes a vector of a text (`LLM_ARCH_NAMES` in its `src/llama-arch.cpp`).
fn is_embedding(architecture: &str) -> bool {
    architecture.contains("bert")
        || matches!(
            architecture,
            "gemma-embedding" | "t5encoder" | "llama-embed"
        )
}

/// The name of the model's mixture, or else the type that most bytes are of.
fn format(parts: &[Header]) -> Result<String, gguf::Error> {
    let file_type: Option<u32> = parts[0].get("general.file_type")?;
    let named = FILE_TYPES
        .iter()
        .find(|(number, _)| Some(*number) == file_type);
    if let Some((_, name)) = named {
        return Ok((*name).to_owned());
    }
    let mut bytes_of = BTreeMap::<String, u64>::new();
    for tensor in parts.iter().flat_map(Header::tensors) {
        // A type that has no size here counts nothing: its name would say nothing to a person.
        let bytes = tensor.range().map_or(0, |range| range.end - range.start);
        *bytes_of.entry(tensor.kind.to_string()).or_default() += bytes;
    }
    let most = bytes_of.into_iter().max_by_key(|(_, bytes)| *bytes);
    Ok(most.map_or_else(|| "unknown".to_owned(), |(name, _)| name))
}
