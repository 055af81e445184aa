//! A GGUF file.

use std::path::Path;
use std::sync::Arc;

use gguf::{Header, TensorType};
use kernels::block::BlockType;

use super::{Mapped, Stored, Weights};
use crate::{Config, Error};

/// Opens the GGUF file at `path`.
pub fn open(path: &Path) -> Result<Weights, Error> {
    let file = Arc::new(Mapped::open(path)?);
    let damaged = |source| Error::Gguf {
        path: path.to_owned(),
        source,
    };
    let header = Header::read(file.bytes(), file.bytes().len() as u64).map_err(damaged)?;
    let config = Config::from_gguf(&header, path)?;

    let stored = |tensor: &gguf::Tensor| {
        let range = tensor.range().unwrap_or_default(); // unknown types fail when asked for
        let start = usize::try_from(range.start).expect("it lies in memory");
        let end = usize::try_from(range.end).expect("it lies in memory");
        Stored {
            file: file.clone(),
            range: start..end,
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            block: block(tensor.kind).ok_or_else(|| tensor.kind.to_string()),
        }
    };
    let tensors = header
        .tensors()
        .map(|tensor| (tensor.name.clone(), stored(tensor)))
        .collect();
    // The converter has added the 1 to every norm.
    Ok(Weights {
        config,
        tensors,
        path: path.to_owned(),
        norm_offset: 0.0,
        header: Some(header),
    })
}

fn block(kind: TensorType) -> Option<BlockType> {
    Some(match kind {
        TensorType::F32 => BlockType::F32,
        TensorType::F16 => BlockType::F16,
        TensorType::BF16 => BlockType::BF16,
        TensorType::Q4_0 => BlockType::Q4_0,
        TensorType::Q5_0 => BlockType::Q5_0,
        TensorType::Q8_0 => BlockType::Q8_0,
        TensorType::Q4_K => BlockType::Q4_K,
        TensorType::Q5_K => BlockType::Q5_K,
        TensorType::Q6_K => BlockType::Q6_K,
        TensorType::Other(_) => return None,
    })
}
