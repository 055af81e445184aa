//! A model's files, mapped: a GGUF file, or a folder as Hugging Face has it.
//!
//! Inside there is one naming, GGUF's (`blk.0.attn_q.weight`), and one form of norm weight, the factor itself.
//! Matrices stay where they are, in the file's own layout; only the norms, a few kilobytes, are read.

mod folder;
mod map;
mod single;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernels::block::{self, BlockType};

use crate::norm::Norm;
use crate::{Config, Error};
use map::Mapped;

/// The types that are read here.
const READABLE: &str = "F32, F16, BF16, Q4_0, Q5_0, Q8_0, Q4_K, Q5_K or Q6_K";

/// A model's files, opened and checked but not read.
#[derive(Debug)]
pub struct Weights {
    config: Config,
    header: Option<gguf::Header>,
    /// By GGUF's name.
    tensors: HashMap<String, Stored>,
    /// For messages about what is not there.
    path: PathBuf,
    /// What a norm's factor is above what is stored: Hugging Face stores `w` of `1 + w`.
    norm_offset: f32,
}

/// Where a tensor lies.
#[derive(Debug, Clone)]
struct Stored {
    file: Arc<Mapped>,
    range: Range<usize>,
    /// As the file calls it.
    name: String,
    /// Outermost first.
    shape: Vec<u64>,
    /// Or the name of a type that is not read here.
    block: Result<BlockType, String>,
}

/// A matrix `[rows, cols]` in its file: the weights of a linear map, or a table with a row a token.
#[derive(Debug, Clone)]
pub struct Matrix {
    file: Arc<Mapped>,
    range: Range<usize>,
    block: BlockType,
    rows: usize,
    cols: usize,
}

impl Weights {
    /// Opens a GGUF file, or a folder with `config.json` and `model.safetensors` (or its parts and their index).
    ///
    /// As long as the weights are in use the file must not be changed by anybody: it is mapped, not read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.is_dir() {
            folder::open(path)
        } else {
            single::open(path)
        }
    }

    /// The model's sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The GGUF file's metadata; `None` for a folder.
    pub fn header(&self) -> Option<&gguf::Header> {
        self.header.as_ref()
    }

    /// Whether there is a tensor of this (GGUF's) name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The matrix of this (GGUF's) name.
    pub(crate) fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, Error> {
        let stored = self.stored(name)?;
        let block = stored.readable()?;
        if stored.shape != [rows as u64, cols as u64] || !cols.is_multiple_of(block.values()) {
            return Err(stored.wrong_shape(format!("[{rows}, {cols}]")));
        }
        let (file, range) = (stored.file.clone(), stored.range.clone());
        debug_assert_eq!(
            range.len(),
            rows * block.row_bytes(cols),
            "the reader has checked the length"
        );
        Ok(Matrix {
            file,
            range,
            block,
            rows,
            cols,
        })
    }

    /// The norm of this (GGUF's) name.
    pub(crate) fn norm(&self, name: &str, width: usize) -> Result<Norm, Error> {
        let stored = self.stored(name)?;
        let block = stored.readable()?;
        if stored.shape != [width as u64] || !width.is_multiple_of(block.values()) {
            return Err(stored.wrong_shape(format!("[{width}]")));
        }
        let mut factors = vec![0.0; width];
        block::dequantise(block, stored.bytes(), &mut factors);
        // In float32 whatever the file's type: in bfloat16 1 + w loses bits of a small w.
        factors
            .iter_mut()
            .for_each(|factor| *factor += self.norm_offset);
        Ok(Norm {
            factors,
            eps: self.config.rms_norm_eps,
        })
    }

    fn stored(&self, name: &str) -> Result<&Stored, Error> {
        self.tensors.get(name).ok_or_else(|| Error::NoTensor {
            path: self.path.clone(),
            tensor: if self.header.is_some() {
                name.to_owned()
            } else {
                folder::published_name(name)
            },
        })
    }
}

impl Stored {
    fn bytes(&self) -> &[u8] {
        &self.file.bytes()[self.range.clone()]
    }

    fn readable(&self) -> Result<BlockType, Error> {
        self.block.clone().map_err(|found| Error::TensorType {
            path: self.file.path().to_owned(),
            tensor: self.name.clone(),
            found,
            expected: READABLE,
        })
    }

    fn wrong_shape(&self, expected: String) -> Error {
        let (path, tensor) = (self.file.path().to_owned(), self.name.clone());
        Error::TensorShape {
            path,
            tensor,
            found: self.shape.clone(),
            expected,
        }
    }
}

impl Matrix {
    /// How its numbers are stored.
    pub fn block(&self) -> BlockType {
        self.block
    }

    /// Outputs of the map.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs of the map.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The matrix as kernels take it.
    pub fn as_kernel(&self) -> kernels::matmul::Matrix<'_> {
        let bytes = &self.file.bytes()[self.range.clone()];
        kernels::matmul::Matrix {
            block: self.block,
            rows: self.rows,
            cols: self.cols,
            bytes,
        }
    }

    /// The rows from `first` on as numbers: as many as `out` has room for.
    pub fn dequantise_rows(&self, first: usize, out: &mut [f32]) {
        let row_bytes = self.block.row_bytes(self.cols);
        let bytes =
            &self.as_kernel().bytes[first * row_bytes..][..out.len() / self.cols * row_bytes];
        block::dequantise(self.block, bytes, out);
    }
}
