//! GGUF files that are written here, so that they can say anything.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gguf::{Header, Outline, TensorType, Value};

/// A file to be: what it says of itself, and its tensors.
#[derive(Default)]
pub struct File {
    pub metadata: BTreeMap<String, Value>,
    pub tensors: Vec<Tensor>,
}

pub struct Tensor {
    pub name: String,
    /// Outermost first.
    pub shape: Vec<u64>,
    pub kind: TensorType,
    pub bytes: Vec<u8>,
}

impl File {
    /// What the file at `path` says and holds.
    pub fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let header = Header::read(bytes.as_slice(), bytes.len() as u64).unwrap();
        let tensors = header.tensors().map(|tensor| {
            let range = tensor.range().unwrap();
            Tensor {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                kind: tensor.kind,
                bytes: bytes[range.start as usize..range.end as usize].to_vec(),
            }
        });
        Self {
            tensors: tensors.collect(),
            metadata: header.into_metadata(),
        }
    }

    pub fn write(&self, path: &Path) {
        let entries = self.tensors.iter();
        let entries =
            entries.map(|tensor| (tensor.name.clone(), tensor.shape.clone(), tensor.kind));
        let outline = Outline::new(&self.metadata, entries.collect());
        let mut file = outline.head().to_vec();
        for (place, tensor) in outline.tensors().iter().zip(&self.tensors) {
            file.resize(place.range().unwrap().start as usize, 0);
            file.extend(&tensor.bytes);
        }
        file.resize(outline.file_len() as usize, 0);
        fs::write(path, file).unwrap();
    }

    pub fn tensor(&mut self, name: &str) -> &mut Tensor {
        let mut tensors = self.tensors.iter_mut();
        tensors.find(|tensor| tensor.name == name).unwrap()
    }
}
