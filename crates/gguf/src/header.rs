//! The head of the file: magic, version, metadata, tensor table.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use crate::Error;
use crate::source::Source;
use crate::tensor::{Tensor, TensorType};
use crate::value::{FromValue, Value};

/// What a file without `general.alignment` means.
pub(crate) const DEFAULT_ALIGNMENT: u32 = 32;
/// ggml's `GGML_MAX_DIMS`.
const MOST_DIMENSIONS: u32 = 4;

/// Everything before the data: what the file says about itself, and where its tensors lie.
#[derive(Clone, PartialEq)]
pub struct Header {
    version: u32,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Tensor>,
    data_start: u64,
}

impl Header {
    /// Reads the head of a file of `file_len` bytes from its first byte on.
    ///
    /// All that can be known without the data is checked: names are unique, every tensor lies
    /// inside the file, on its own bytes and where the alignment says. A tensor of an unknown
    /// type is no error until its [`Tensor::range`] is asked for.
    pub fn read(reader: impl Read, file_len: u64) -> Result<Self, Error> {
        let mut source = Source::new(reader, file_len);

        let magic: [u8; 4] = source.array("the magic number")?;
        if &magic != b"GGUF" {
            return Err(Error::Magic { found: magic });
        }
        let version = source.u32("the version")?;
        if !matches!(version, 2 | 3) {
            return Err(Error::Version { found: version });
        }
        // A tensor has at least its name's length, one dimension's number, type and offset;
        // a key its length, a type and a byte.
        let n_tensors = source.count("tensors", 8 + 4 + 4 + 8)?;
        let n_keys = source.count("metadata keys", 8 + 4 + 1)?;

        let metadata = read_metadata(&mut source, n_keys)?;
        let alignment = alignment(&metadata)?;
        let mut tensors = read_tensors(&mut source, n_tensors, alignment)?;

        // The writer fills up to the alignment after the table. A file without tensors may end before that.
        let data_start = source.at().next_multiple_of(u64::from(alignment));
        check_whole(&tensors, data_start, file_len)?;
        for tensor in tensors.values_mut() {
            tensor.start += data_start;
        }
        check_apart(&tensors)?;
        Ok(Self {
            version,
            metadata,
            tensors,
            data_start,
        })
    }

    /// 2 or 3; they differ in nothing that matters on little-endian machines.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// All metadata, by key.
    pub fn metadata(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value))
    }

    /// The value of `key` as a `T`; `None` if there is no such key, an error if it is something else.
    pub fn get<'a, T: FromValue<'a>>(&'a self, key: &str) -> Result<Option<T>, Error> {
        let Some(value) = self.metadata.get(key) else {
            return Ok(None);
        };
        let wrong = || Error::KeyType {
            key: key.to_owned(),
            expected: T::EXPECTED,
            found: value.describe(),
        };
        T::from_value(value).ok_or_else(wrong).map(Some)
    }

    /// The value of `key` as a `T`; an error if there is no such key.
    pub fn require<'a, T: FromValue<'a>>(&'a self, key: &str) -> Result<T, Error> {
        self.get(key)?.ok_or_else(|| Error::NoKey {
            key: key.to_owned(),
        })
    }

    /// All tensors, by name.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = &Tensor> {
        self.tensors.values()
    }

    /// The tensor of this name; an error if there is none.
    pub fn tensor(&self, name: &str) -> Result<&Tensor, Error> {
        self.tensors.get(name).ok_or_else(|| Error::NoTensor {
            name: name.to_owned(),
        })
    }

    /// All metadata, to be changed and written again.
    pub fn into_metadata(self) -> BTreeMap<String, Value> {
        self.metadata
    }

    /// Bytes from the file's start to the first tensor's data.
    pub fn data_start(&self) -> u64 {
        self.data_start
    }
}

/// Counts only: a vocabulary in a log helps nobody.
impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("version", &self.version)
            .field("keys", &self.metadata.len())
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

fn read_metadata<R: Read>(
    source: &mut Source<R>,
    n_keys: u64,
) -> Result<BTreeMap<String, Value>, Error> {
    let mut metadata = BTreeMap::new();
    for _ in 0..n_keys {
        let at = source.at();
        let key = source.text("a metadata key")?;
        let value = Value::read(source, &key)?;
        if metadata.contains_key(&key) {
            return Err(Error::Duplicate {
                at,
                what: "metadata keys",
                name: key,
            });
        }
        metadata.insert(key, value);
    }
    Ok(metadata)
}

fn alignment(metadata: &BTreeMap<String, Value>) -> Result<u32, Error> {
    const KEY: &str = "general.alignment";
    let Some(value) = metadata.get(KEY) else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    let wrong = || Error::KeyType {
        key: KEY.to_owned(),
        expected: u32::EXPECTED,
        found: value.describe(),
    };
    let alignment = u32::from_value(value).ok_or_else(wrong)?;
    if !alignment.is_power_of_two() {
        return Err(Error::Alignment { found: alignment });
    }
    Ok(alignment)
}

/// The tensors with `start` still counted from the data section.
fn read_tensors<R: Read>(
    source: &mut Source<R>,
    n_tensors: u64,
    alignment: u32,
) -> Result<BTreeMap<String, Tensor>, Error> {
    let mut tensors = BTreeMap::new();
    for _ in 0..n_tensors {
        let at = source.at();
        let tensor = read_tensor(source, alignment)?;
        if tensors.contains_key(&tensor.name) {
            return Err(Error::Duplicate {
                at,
                what: "tensors",
                name: tensor.name,
            });
        }
        tensors.insert(tensor.name.clone(), tensor);
    }
    Ok(tensors)
}

fn read_tensor<R: Read>(source: &mut Source<R>, alignment: u32) -> Result<Tensor, Error> {
    let name = source.text("a tensor's name")?;
    let shape_at = source.at();
    let dimensions = source.u32("a tensor's dimensions")?;
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return Err(Error::Dimensions {
            at: shape_at,
            tensor: name,
            found: dimensions,
        });
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        shape.push(source.u64("a tensor's shape")?);
    }
    shape.reverse();
    let kind = TensorType::from_number(source.u32("a tensor's type")?);
    check_shape(shape_at, &name, &shape, kind)?;

    let at = source.at();
    let offset = source.u64("a tensor's offset")?;
    if !offset.is_multiple_of(u64::from(alignment)) {
        return Err(Error::Misaligned {
            at,
            tensor: name,
            offset,
            alignment,
        });
    }
    Ok(Tensor {
        name,
        shape,
        kind,
        start: offset,
    })
}

/// After this the number of values, and of bytes, is known to fit into a `u64`.
fn check_shape(at: u64, name: &str, shape: &[u64], kind: TensorType) -> Result<(), Error> {
    let wrong = |why| {
        let tensor = name.to_owned();
        Err(Error::Shape {
            at,
            tensor,
            shape: shape.to_vec(),
            kind,
            why,
        })
    };
    let (block_values, block_bytes) = kind.block().unwrap_or((1, 1));
    let values = shape
        .iter()
        .try_fold(1u64, |values, size| values.checked_mul(*size));
    match values.map(|values| (values, (values / block_values).checked_mul(block_bytes))) {
        Some((0, _)) => wrong("it is empty"),
        None | Some((_, None)) => wrong("it is larger than any file"),
        Some(_)
            if !shape
                .last()
                .expect("there is a dimension")
                .is_multiple_of(block_values) =>
        {
            wrong("its rows are not whole blocks")
        }
        Some(_) => Ok(()),
    }
}

/// Checks that all data is there. The tensor that is named is the one that ends last, so that its end is what the file
/// should have at least.
fn check_whole(
    tensors: &BTreeMap<String, Tensor>,
    data_start: u64,
    file_len: u64,
) -> Result<(), Error> {
    let end = |tensor: &Tensor| {
        let start = data_start.saturating_add(tensor.start);
        start.saturating_add(tensor.len_bytes().unwrap_or(0))
    };
    match tensors.values().max_by_key(|tensor| end(tensor)) {
        Some(last) if file_len < end(last) => Err(Error::Outside {
            tensor: last.name.clone(),
            end: end(last),
            file_len,
        }),
        _ => Ok(()),
    }
}

fn check_apart(tensors: &BTreeMap<String, Tensor>) -> Result<(), Error> {
    let mut by_start: Vec<&Tensor> = tensors.values().collect();
    by_start.sort_by_key(|tensor| tensor.start);
    for pair in by_start.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        let end = first.start + first.len_bytes().unwrap_or(0);
        if second.start < end {
            let (first, at) = (first.name.clone(), second.start);
            return Err(Error::Overlap {
                first,
                second: second.name.clone(),
                at,
            });
        }
    }
    Ok(())
}
