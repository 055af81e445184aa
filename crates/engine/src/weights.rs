//! A model's files, mapped: a GGUF file, or a folder as Hugging Face has it; and its picture tower's, in the same
//! folder or in a `mmproj` file beside it.
//!
//! Inside there is one naming, GGUF's (`blk.0.attn_q.weight`), and one form of norm weight, the factor itself.
//! Matrices stay where they are, in the file's own layout; only the norms, a few kilobytes, are read.

mod folder;
mod map;
mod single;
mod tower;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gguf::TensorType;
use kernels::block::{self, BlockType};

use crate::config::TowerConfig;
use crate::norm::Norm;
use crate::{Config, Error, Work};
use map::Mapped;

/// The types that are read here.
const READABLE: &str =
    "F32, F16, BF16, F8_E4M3, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL or IQ4_XS";

/// The table of embeddings, by GGUF's name.
pub(crate) const EMBEDDING: &str = "token_embd.weight";
/// What the name of a matrix's scales has after the name of the matrix.
pub(crate) const SCALE: &str = "_scale";

/// A model's files, opened and checked but not read.
#[derive(Debug)]
pub struct Weights {
    config: Config,
    header: Option<gguf::Header>,
    /// By GGUF's name.
    tensors: HashMap<String, Stored>,
    /// For messages about what is not there.
    path: PathBuf,
    tower: Option<tower::Found>,
    /// Which id stands where a picture goes, if the model's files say so.
    image_token: Option<u32>,
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
    /// What a norm's factor is above what is stored: Hugging Face stores `w` of `1 + w`.
    norm_offset: f32,
}

/// A matrix `[rows, cols]` in its file: the weights of a linear map, or a table with a row a token.
#[derive(Debug, Clone)]
pub struct Matrix {
    file: Arc<Mapped>,
    range: Range<usize>,
    block: BlockType,
    rows: usize,
    cols: usize,
    /// What each row is multiplied by: 8-bit floats alone have too little range.
    scales: Option<Arc<[f32]>>,
}

impl Weights {
    /// Opens a GGUF file (of several that are one model, any), or a folder with `config.json` and `model.safetensors` (or its parts and their index).
    ///
    /// A folder has its picture tower in it. That of a GGUF file is a `mmproj` file in the same folder whose rows
    /// fit the model, if there is one.
    ///
    /// As long as the weights are in use the file must not be changed by anybody: it is mapped, not read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, None)
    }

    /// [`Self::open`] with the picture tower of the `mmproj` file that is named.
    pub fn open_with(path: &Path, mmproj: Option<&Path>) -> Result<Self, Error> {
        let mut weights = match path.is_dir() {
            true => folder::open(path)?,
            false => single::open(path)?,
        };
        let hidden_size = weights.config.hidden_size;
        let beside = || {
            let found = tower::beside(path, hidden_size);
            found.filter(|_| weights.tower.is_none() && !path.is_dir())
        };
        if let Some(mmproj) = mmproj.map(Path::to_owned).or_else(beside) {
            let (found, tensors) = tower::open(&mmproj, hidden_size)?;
            weights.tensors.retain(|name, _| !tower::is_ours(name));
            weights.tensors.extend(tensors);
            weights.tower = Some(found);
        }
        Ok(weights)
    }

    /// The model's sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The GGUF file's metadata; `None` for a folder.
    pub fn header(&self) -> Option<&gguf::Header> {
        self.header.as_ref()
    }

    /// Where they are: the file (of several, the first), or the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The matrix of this (GGUF's) name, whatever its shape is.
    pub(crate) fn any_matrix(&self, name: &str) -> Result<Matrix, Error> {
        let stored = self.stored(name)?;
        match stored.shape[..] {
            [rows, cols] => self.matrix(name, rows as usize, cols as usize),
            _ => Err(stored.wrong_shape("[rows, columns]".to_owned())),
        }
    }

    /// The norm of this (GGUF's) name, whatever its width is.
    pub(crate) fn any_norm(&self, name: &str) -> Result<Norm, Error> {
        let width = self.stored(name)?.shape.iter().product::<u64>();
        self.norm(name, width as usize)
    }

    /// The sizes of the picture tower; `None` for a model without eyes.
    pub fn tower(&self) -> Option<&TowerConfig> {
        self.tower.as_ref().map(|found| &found.config)
    }

    /// The file or folder of the picture tower.
    pub fn tower_path(&self) -> Option<&Path> {
        self.tower.as_ref().map(|found| found.path.as_path())
    }

    /// The id that stands 256 times where a picture goes, as `config.json` has it. A GGUF file does not say: there
    /// the caller finds it by its text, `<image_soft_token>`.
    pub fn image_token(&self) -> Option<u32> {
        self.image_token
    }

    /// What the model is to a machine.
    pub fn work(&self) -> Work {
        let of_layers = |(name, _): &(&String, &Stored)| name.starts_with("blk.");
        let matrix = |(_, stored): (&String, &Stored)| {
            let block = stored
                .block
                .as_ref()
                .ok()
                .filter(|_| stored.shape.len() == 2)?;
            Some((single::kind(*block), stored.shape.iter().product()))
        };
        let mut shares: Vec<(TensorType, u64)> = Vec::new();
        for (format, weights) in self.tensors.iter().filter(of_layers).filter_map(matrix) {
            match shares.iter_mut().find(|share| share.0 == format) {
                Some(share) => share.1 += weights,
                None => shares.push((format, weights)),
            }
        }
        let config = &self.config;
        let table = self.tensors.get_key_value(EMBEDDING).and_then(matrix);
        let bytes_of = |is_tower: bool| -> u64 {
            let tensors = self.tensors.iter();
            let of_it = tensors.filter(|(name, _)| tower::is_ours(name) == is_tower);
            of_it.map(|(_, stored)| stored.range.len() as u64).sum()
        };
        let global_layers = config
            .layer_is_global
            .iter()
            .filter(|is_global| **is_global);
        Work {
            shares,
            table: table.unwrap_or((TensorType::F32, 0)),
            layers: config.num_hidden_layers() as u64,
            global_layers: global_layers.count() as u64,
            window: config.sliding_window as u64,
            width: config.hidden_size as u64,
            query_width: (config.num_attention_heads * config.head_dim) as u64,
            kept_width: 2 * (config.num_key_value_heads * config.head_dim) as u64,
            context_tokens: config.max_position_embeddings as u64,
            weights_bytes: bytes_of(false),
            tower_bytes: bytes_of(true),
        }
    }

    /// Whether there is a tensor of this (GGUF's) name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The matrix of this (GGUF's) name.
    pub(crate) fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, Error> {
        self.flat_matrix(name, &[rows, cols])
    }

    /// The tensor of this (GGUF's) name and shape as a matrix: all but the outermost index run along its columns.
    pub(crate) fn flat_matrix(&self, name: &str, shape: &[usize]) -> Result<Matrix, Error> {
        let stored = self.stored(name)?;
        let (rows, cols) = (shape[0], shape[1..].iter().product());
        let block = stored.fitting(shape, cols)?;
        let (file, range) = (stored.file.clone(), stored.range.clone());
        debug_assert_eq!(
            range.len(),
            rows * block.row_bytes(cols),
            "the reader has checked the length"
        );
        let scales = match block {
            BlockType::F8_E4M3 => self.scales(name, rows)?,
            _ => None,
        };
        Ok(Matrix {
            file,
            range,
            block,
            rows,
            cols,
            scales,
        })
    }

    /// What the rows of the matrix `name` are to be multiplied by, if anything: one number, or one a row.
    fn scales(&self, name: &str, rows: usize) -> Result<Option<Arc<[f32]>>, Error> {
        let Some(stored) = self.tensors.get(&format!("{name}{SCALE}")) else {
            return Ok(None);
        };
        let values: u64 = stored.shape.iter().product();
        if stored.shape.get(1).is_some_and(|cols| *cols != 1) || ![1, rows as u64].contains(&values)
        {
            // Some checkpoints have one for every 128 × 128 weights.
            return Err(stored.wrong_shape(format!("[1] or [{rows}, 1]")));
        }
        let block = stored.readable()?;
        if block.is_quantised() {
            return Err(stored.wrong_type("F32, F16 or BF16"));
        }
        let mut scales = vec![0.0; values as usize];
        block::dequantise(block, stored.bytes(), &mut scales);
        scales.resize(rows, scales[0]); // one for all
        Ok(Some(scales.into()))
    }

    /// The norm of this (GGUF's) name.
    pub(crate) fn norm(&self, name: &str, width: usize) -> Result<Norm, Error> {
        self.norm_with(name, width, self.config.rms_norm_eps)
    }

    /// [`Self::norm`] with another epsilon than the text model's.
    pub(crate) fn norm_with(&self, name: &str, width: usize, eps: f32) -> Result<Norm, Error> {
        let offset = self.stored(name)?.norm_offset;
        let mut factors = self.vector(name, width)?;
        // In float32 whatever the file's type: in bfloat16 1 + w loses bits of a small w.
        factors.iter_mut().for_each(|factor| *factor += offset);
        Ok(Norm { factors, eps })
    }

    /// The numbers of the tensor of this (GGUF's) name, as they are stored.
    pub(crate) fn vector(&self, name: &str, width: usize) -> Result<Vec<f32>, Error> {
        let stored = self.stored(name)?;
        let block = stored.fitting(&[width], width)?;
        let mut numbers = vec![0.0; width];
        block::dequantise(block, stored.bytes(), &mut numbers);
        Ok(numbers)
    }

    fn stored(&self, name: &str) -> Result<&Stored, Error> {
        self.tensors.get(name).ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> Error {
        let (path, is_gguf) = match &self.tower {
            Some(tower) if tower::is_ours(name) => (&tower.path, tower.is_gguf),
            _ => (&self.path, self.header.is_some()),
        };
        Error::NoTensor {
            path: path.clone(),
            tensor: if is_gguf {
                name.to_owned()
            } else {
                folder::published_name(name)
            },
        }
    }
}

impl Stored {
    fn bytes(&self) -> &[u8] {
        &self.file.bytes()[self.range.clone()]
    }

    fn readable(&self) -> Result<BlockType, Error> {
        self.block.clone().map_err(|_| self.wrong_type(READABLE))
    }

    fn wrong_type(&self, expected: &'static str) -> Error {
        let found = match &self.block {
            Ok(block) => block.name().to_owned(),
            Err(unknown) => unknown.clone(),
        };
        Error::TensorType {
            path: self.file.path().to_owned(),
            tensor: self.name.clone(),
            found,
            expected,
        }
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

    /// The type, if the tensor has this shape and rows of `cols` are whole blocks.
    fn fitting(&self, shape: &[usize], cols: usize) -> Result<BlockType, Error> {
        let block = self.readable()?;
        let same = self
            .shape
            .iter()
            .copied()
            .eq(shape.iter().map(|size| *size as u64));
        if same && cols.is_multiple_of(block.values()) {
            return Ok(block);
        }
        Err(self.wrong_shape(format!("{shape:?}")))
    }
}

impl Matrix {
    /// Whether its rows are multiplied by scales of their own.
    pub fn is_scaled(&self) -> bool {
        self.scales.is_some()
    }

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

    /// The matrix as kernels take it. They know nothing of scales: [`Matrix::scale`] what they yield.
    pub fn as_kernel(&self) -> kernels::matmul::Matrix<'_> {
        let bytes = &self.file.bytes()[self.range.clone()];
        kernels::matmul::Matrix {
            block: self.block,
            rows: self.rows,
            cols: self.cols,
            bytes,
        }
    }

    /// Multiplies what a product with this matrix gave, `[t, rows]`, by the scales of the rows.
    pub fn scale(&self, out: &mut [f32]) {
        let Some(scales) = &self.scales else {
            return;
        };
        for out in out.chunks_exact_mut(self.rows) {
            out.iter_mut()
                .zip(&**scales)
                .for_each(|(out, scale)| *out *= scale);
        }
    }

    /// The rows from `first` on as numbers: as many as `out` has room for.
    pub fn dequantise_rows(&self, first: usize, out: &mut [f32]) {
        let bytes = &self.as_kernel().bytes[self.bytes_of(first, out.len() / self.cols)];
        block::dequantise(self.block, bytes, out);
        if let Some(scales) = &self.scales {
            for (row, scale) in out.chunks_exact_mut(self.cols).zip(&scales[first..]) {
                row.iter_mut().for_each(|value| *value *= scale);
            }
        }
    }

    /// The rows from `first` on as they lie in the file: as many as `out` has room for.
    pub fn copy_rows(&self, first: usize, out: &mut [u8]) {
        let start = self.bytes_of(first, 0).start;
        out.copy_from_slice(&self.as_kernel().bytes[start..][..out.len()]);
    }

    /// Lets the system forget `n` rows from `first` on: they are read anew when they are asked for again.
    pub fn forget_rows(&self, first: usize, n: usize) {
        let rows = self.bytes_of(first, n);
        self.file
            .forget(self.range.start + rows.start..self.range.start + rows.end);
    }

    /// Where `n` rows from `first` on lie in the matrix.
    fn bytes_of(&self, first: usize, n: usize) -> Range<usize> {
        let row = self.block.row_bytes(self.cols);
        first * row..(first + n) * row
    }
}
