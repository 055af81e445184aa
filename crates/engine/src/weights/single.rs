//! A GGUF file, or several that are one model together (`…-00001-of-00003.gguf`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gguf::{Header, Part, TensorType};
use kernels::block::BlockType;

use super::{EMBEDDING, Mapped, Stored, Weights, tower};
use crate::{Config, Error};

const COUNT: &str = "split.count";

/// Opens the GGUF file at `path`; if it is one of several, all of them.
pub fn open(path: &Path) -> Result<Weights, Error> {
    let one = Opened::open(path)?;
    let parts = match one.number(COUNT)? {
        Some(count @ 2..) => open_parts(path, count)?,
        _ => vec![one],
    };
    let mut tensors = HashMap::new();
    for part in &parts {
        tensors.extend(part.tensors());
    }
    // The first part says how many there are in all: less would be missed later, more was never meant.
    let (first, path) = (&parts[0], &parts[0].path);
    if let Some(expected) = first.number("split.tensors.count")?
        && expected as usize != tensors.len()
    {
        return Err(Error::Setting {
            path: path.clone(),
            key: "split.tensors.count",
            found: expected.to_string(),
            expected: "the number of tensors in all parts",
        });
    }
    // The table has one row a token, and perhaps some beyond (262208 instead of 262144).
    let table: &Stored = tensors.get(EMBEDDING).ok_or_else(|| Error::NoTensor {
        path: path.clone(),
        tensor: EMBEDDING.to_owned(),
    })?;
    let rows = table.shape.first().copied().unwrap_or(0);
    let config = Config::from_gguf(&first.header, path, rows)?;
    let tower = tower::of_ollama(&first.header, path, &mut tensors)?;
    Ok(Weights {
        config,
        tensors,
        path: path.clone(),
        header: parts.into_iter().next().map(|first| first.header),
        tower,
        image_token: None,
    })
}

/// The head of the GGUF file at `path`, which stands alone, and where its tensors lie.
pub fn read(path: &Path) -> Result<(Header, HashMap<String, Stored>), Error> {
    let one = Opened::open(path)?;
    let tensors = one.tensors().collect();
    Ok((one.header, tensors))
}

/// Opens the parts that the name of one of them names.
fn open_parts(path: &Path, count: u32) -> Result<Vec<Opened>, Error> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let named = Part::parse(&file_name).filter(|part| part.count == count);
    let named = named.ok_or_else(|| Error::Setting {
        path: path.to_owned(),
        key: COUNT,
        found: count.to_string(),
        expected: "the number at the end of the file's name (…-00001-of-00003.gguf)",
    })?;
    let mut parts = Vec::with_capacity(named.all().len());
    for (index, name) in named.all().enumerate() {
        let path = path.with_file_name(name);
        if !path.exists() {
            return Err(Error::NoPart {
                path,
                number: index + 1,
                count,
            });
        }
        let part = Opened::open(&path)?;
        let (number, of) = (part.number("split.no")?, part.number(COUNT)?);
        if (number, of) != (u32::try_from(index).ok(), Some(count)) {
            let shown = |n: Option<u32>| n.map_or("nothing".to_owned(), |n| n.to_string());
            return Err(Error::Setting {
                path,
                key: "split.no and split.count",
                found: format!("{} and {}", shown(number), shown(of)),
                expected: "what the file's name says (split.no counts from 0)",
            });
        }
        parts.push(part);
    }
    Ok(parts)
}

/// A file whose head was read.
struct Opened {
    path: PathBuf,
    file: Arc<Mapped>,
    header: Header,
}

impl Opened {
    fn open(path: &Path) -> Result<Self, Error> {
        let file = Arc::new(Mapped::open(path)?);
        let header = Header::read(file.bytes(), file.bytes().len() as u64);
        Ok(Self {
            path: path.to_owned(),
            header: header.map_err(|source| damaged(path, source))?,
            file,
        })
    }

    fn number(&self, key: &str) -> Result<Option<u32>, Error> {
        let number = self.header.get(key);
        number.map_err(|source| damaged(&self.path, source))
    }

    fn tensors(&self) -> impl Iterator<Item = (String, Stored)> {
        self.header.tensors().map(|tensor| {
            let range = tensor.range().unwrap_or_default(); // unknown types fail when asked for
            let start = usize::try_from(range.start).expect("it lies in memory");
            let end = usize::try_from(range.end).expect("it lies in memory");
            let stored = Stored {
                file: self.file.clone(),
                range: start..end,
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                block: block(tensor.kind).ok_or_else(|| tensor.kind.to_string()),
                norm_offset: 0.0, // the converter has added the 1 to every norm
            };
            (tensor.name.clone(), stored)
        })
    }
}

fn damaged(path: &Path, source: gguf::Error) -> Error {
    Error::Gguf {
        path: path.to_owned(),
        source,
    }
}

/// The formats by their two names.
const KINDS: [(TensorType, BlockType); 16] = [
    (TensorType::F32, BlockType::F32),
    (TensorType::F16, BlockType::F16),
    (TensorType::BF16, BlockType::BF16),
    (TensorType::F8_E4M3, BlockType::F8_E4M3),
    (TensorType::Q4_0, BlockType::Q4_0),
    (TensorType::Q4_1, BlockType::Q4_1),
    (TensorType::Q5_0, BlockType::Q5_0),
    (TensorType::Q5_1, BlockType::Q5_1),
    (TensorType::Q8_0, BlockType::Q8_0),
    (TensorType::Q2_K, BlockType::Q2_K),
    (TensorType::Q3_K, BlockType::Q3_K),
    (TensorType::Q4_K, BlockType::Q4_K),
    (TensorType::Q5_K, BlockType::Q5_K),
    (TensorType::Q6_K, BlockType::Q6_K),
    (TensorType::IQ4_NL, BlockType::IQ4_NL),
    (TensorType::IQ4_XS, BlockType::IQ4_XS),
];

fn block(kind: TensorType) -> Option<BlockType> {
    KINDS.iter().find(|it| it.0 == kind).map(|it| it.1)
}

/// What GGUF calls the format.
pub(crate) fn kind(block: BlockType) -> TensorType {
    let found = KINDS.iter().find(|it| it.1 == block);
    found
        .expect("every format has a name in GGUF, or one of ours")
        .0
}
