//! What a GGUF file says it is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use gguf::Header;

use crate::checkpoint::{Checkpoint, family, title};
use crate::error::Error;
use crate::tuning::{Evidence, tuning};

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

/// Says what the GGUF file at `path` is.
pub fn identify(path: &Path) -> Result<Checkpoint, Error> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let metadata = file.metadata().map_err(Error::io("read", path))?;
    let size_bytes = metadata.len();
    let name = name_of(path);
    let checkpoint = || -> Result<Result<Checkpoint, Error>, gguf::Error> {
        let header = Header::read(BufReader::new(file), size_bytes)?;
        let architecture: &str = header.require("general.architecture")?;
        if let Some(refused) = refusal(path, &header, architecture)? {
            return Ok(Err(refused));
        }
        let text = |key| header.get::<&str>(key).map(Option::unwrap_or_default);
        let own_name = text("general.name")?;
        let evidence = Evidence {
            metadata: [
                text("general.finetune")?,
                own_name,
                text("general.basename")?,
            ],
            name: &name,
            has_chat_template: header.get::<&str>("tokenizer.chat_template")?.is_some(),
            ends_on_end_of_turn: false,
        };
        let layers: u32 = header.require("gemma3.block_count")?;
        let width: u32 = header.require("gemma3.embedding_length")?;
        let title = title(layers.into(), width.into()).map(str::to_owned);
        Ok(Ok(Checkpoint {
            title: title.unwrap_or_else(|| {
                if own_name.is_empty() {
                    name.clone()
                } else {
                    own_name.to_owned()
                }
            }),
            path: path.to_owned(),
            size_bytes,
            format: format(&header)?,
            tuning: tuning(&evidence),
            context_tokens: header.require("gemma3.context_length")?,
            name: name.clone(),
        }))
    };
    checkpoint().unwrap_or_else(|source| {
        let path = path.to_owned();
        Err(match source {
            gguf::Error::Magic { .. } => Error::NotACheckpoint { path },
            source => Error::Gguf { path, source },
        })
    })
}

/// The file's name without `.gguf`.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Why a readable GGUF file is not a model to run here, if it is not.
fn refusal(path: &Path, header: &Header, architecture: &str) -> Result<Option<Error>, gguf::Error> {
    let path = path.to_owned();
    // llama.cpp calls the picture part of whatever model "clip".
    if architecture == "clip" || header.get::<&str>("general.type")? == Some("mmproj") {
        return Ok(Some(Error::Projector { path }));
    }
    if architecture != "gemma3" {
        return Ok(Some(Error::OtherModel {
            path,
            found: family(architecture),
        }));
    }
    Ok(match header.get::<u32>("split.count")? {
        Some(parts @ 2..) => Some(Error::Split {
            path,
            parts: parts.into(),
        }),
        _ => None,
    })
}

/// The name of the file's mixture, or else the type that most bytes are of.
fn format(header: &Header) -> Result<String, gguf::Error> {
    let file_type: Option<u32> = header.get("general.file_type")?;
    let named = FILE_TYPES
        .iter()
        .find(|(number, _)| Some(*number) == file_type);
    if let Some((_, name)) = named {
        return Ok((*name).to_owned());
    }
    let mut bytes_of = BTreeMap::<String, u64>::new();
    for tensor in header.tensors() {
        // A type that has no size here counts nothing: its name would say nothing to a person.
        let bytes = tensor.range().map_or(0, |range| range.end - range.start);
        *bytes_of.entry(tensor.kind.to_string()).or_default() += bytes;
    }
    let most = bytes_of.into_iter().max_by_key(|(_, bytes)| *bytes);
    Ok(most.map_or_else(|| "unknown".to_owned(), |(name, _)| name))
}
