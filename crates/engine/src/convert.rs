//! A checkpoint in another format: what `lectern models convert` writes.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use engine::convert::{Conversion, Format};
//!
//! let weights = engine::Weights::open("gemma-3-4b-it".as_ref())?;
//! let tokenizer = std::collections::BTreeMap::new(); // of a folder: what `tokenizer.json` says
//! let conversion = Conversion::plan(&weights, Format::Q4_0, tokenizer)?;
//! let mut file = std::fs::File::create("gemma-3-4b-it-q4_0.gguf")?;
//! let threads = std::num::NonZeroUsize::MIN;
//! conversion.write(&mut file, threads, &|| false, |done_bytes, total_bytes| {})?;
//! # Ok(())
//! # }
//! ```
//!
//! Matrices go through memory some rows at a time, so a 27B needs no more of it than a 270M. Norms are a few
//! kilobytes; they stay float32, as llama.cpp's converter has them, with the 1 added.
//!
//! Rows that are not whole blocks of the format take the one that llama.cpp's `llama_tensor_get_type_fallback`
//! takes: Q5_0 for Q4_K, Q8_0 for Q6_K, and F16 where even 32 do not divide them. The table of embeddings, which is
//! the head as well, becomes Q6_K where all else becomes Q4_K, as in llama.cpp; else what all becomes.
//!
//! GGUF has no 8-bit floats. [`Format::F8`] is written as a type of our own, each matrix with a tensor
//! `…weight_scale` of one number a row beside it: llama.cpp refuses such a file, and says that it does not know the
//! type. (ggml's own way out, I8 with a scale in the metadata, would load there and then compute nonsense.)
//!
//! The tower that sees pictures is not converted: it stays in the `mmproj` file or the folder it came in.

mod metadata;

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZeroUsize;

use gguf::{Header, Outline, TensorType, Value};
use kernels::block::BlockType;
use kernels::cpu::{Cpu, Level};
use kernels::quantise::{quantise, quantise_f8_row};

use crate::norm::Norm;
use crate::weights::{EMBEDDING, Matrix, SCALE};
use crate::{Config, Error, Weights};

/// Numbers that are in memory at a time: 16 MB as float32.
const SLICE_VALUES: usize = 4 << 20;

/// What a checkpoint can be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names of the formats")]
pub enum Format {
    /// 4 bits in blocks of 32: 4.5 bits a weight.
    Q4_0,
    /// 8 bits in blocks of 32: 8.5 bits a weight.
    Q8_0,
    /// 4 bits in blocks of 256, with minima: 4.5 bits a weight, closer than Q4_0.
    Q4_K,
    /// 6 bits in blocks of 256: 6.6 bits a weight.
    Q6_K,
    /// 8-bit floats (E4M3) with a scale a row. Only Lectern reads it.
    F8,
    /// 16 bits, as Google publishes.
    BF16,
}

/// What is to be written where: known before anything is.
#[derive(Debug)]
pub struct Conversion {
    outline: Outline,
    /// One for each tensor of the outline.
    sources: Vec<Source>,
}

/// Where the numbers of a tensor come from.
#[derive(Debug)]
enum Source {
    /// To this block type.
    Rows(Matrix, BlockType),
    /// The scales of the matrix before: found while it was quantised.
    Scales,
    Norm(Norm),
}

impl Format {
    /// All of them, the smallest first.
    pub const ALL: [Self; 6] = [
        Self::Q4_0,
        Self::Q4_K,
        Self::Q6_K,
        Self::F8,
        Self::Q8_0,
        Self::BF16,
    ];

    /// "q4_k"
    pub fn name(self) -> &'static str {
        match self {
            Self::Q4_0 => "q4_0",
            Self::Q8_0 => "q8_0",
            Self::Q4_K => "q4_k",
            Self::Q6_K => "q6_k",
            Self::F8 => "f8",
            Self::BF16 => "bf16",
        }
    }

    fn block(self) -> BlockType {
        match self {
            Self::Q4_0 => BlockType::Q4_0,
            Self::Q8_0 => BlockType::Q8_0,
            Self::Q4_K => BlockType::Q4_K,
            Self::Q6_K => BlockType::Q6_K,
            Self::F8 => BlockType::F8_E4M3,
            Self::BF16 => BlockType::BF16,
        }
    }

    /// What a matrix whose rows are `cols` long becomes.
    fn block_of(self, name: &str, cols: usize) -> BlockType {
        let is_head = [EMBEDDING, "output.weight"].contains(&name);
        let wanted = match self {
            Self::Q4_K if is_head => BlockType::Q6_K,
            _ => self.block(),
        };
        let fallback = match wanted {
            BlockType::Q4_K => BlockType::Q5_0,
            _ => BlockType::Q8_0,
        };
        [wanted, fallback]
            .into_iter()
            .find(|block| cols.is_multiple_of(block.values()))
            .unwrap_or(BlockType::F16)
    }
}

impl Conversion {
    /// Finds out what the checkpoint becomes. Of a folder, `metadata` is what the new file is to say of its name
    /// and its tokens; a GGUF file says that itself, and what is given counts instead.
    pub fn plan(
        weights: &Weights,
        to: Format,
        metadata: BTreeMap<String, Value>,
    ) -> Result<Self, Error> {
        let (mut entries, mut sources) = (Vec::new(), Vec::new());
        let mut add = |name: String, shape: Vec<u64>, kind, source| {
            entries.push((name, shape, kind));
            sources.push(source);
        };
        for name in names(weights) {
            if name.ends_with("norm.weight") {
                let norm = weights.any_norm(&name)?;
                let shape = vec![norm.factors.len() as u64];
                add(name, shape, TensorType::F32, Source::Norm(norm));
                continue;
            }
            let matrix = weights.any_matrix(&name)?;
            let (rows, cols) = (matrix.rows() as u64, matrix.cols() as u64);
            let block = to.block_of(&name, matrix.cols());
            let scales = format!("{name}{SCALE}");
            add(
                name,
                vec![rows, cols],
                kind(block),
                Source::Rows(matrix, block),
            );
            if block == BlockType::F8_E4M3 {
                add(scales, vec![rows], TensorType::F32, Source::Scales);
            }
        }
        let metadata = metadata::of(weights, to, metadata);
        let conversion = Self {
            outline: Outline::new(&metadata, entries),
            sources,
        };
        conversion.check(weights)?;
        Ok(conversion)
    }

    /// Bytes of the file that [`Conversion::write`] writes.
    pub fn file_len(&self) -> u64 {
        self.outline.file_len()
    }

    /// Writes the file, from its first byte to its last; false if `stop` said so before that.
    ///
    /// `on_progress` hears bytes written and in all; `threads` compute.
    pub fn write(
        &self,
        out: &mut dyn Write,
        threads: NonZeroUsize,
        stop: &dyn Fn() -> bool,
        mut on_progress: impl FnMut(u64, u64),
    ) -> Result<bool, Error> {
        let cpu = Cpu::new(Level::detect(), threads);
        let mut to = Target {
            out,
            done: 0,
            total: self.file_len(),
            on_progress: &mut on_progress,
        };
        to.put(self.outline.head())?;
        let mut scales = Vec::new();
        for (tensor, source) in self.outline.tensors().iter().zip(&self.sources) {
            let range = tensor
                .range()
                .expect("only types that are known are written");
            to.fill_to(range.start)?;
            match source {
                Source::Rows(matrix, block) => {
                    scales.clear();
                    if !write_rows(&cpu, matrix, *block, &mut scales, &mut to, stop)? {
                        return Ok(false);
                    }
                }
                Source::Scales => to.put_numbers(&scales)?,
                Source::Norm(norm) => to.put_numbers(&norm.factors)?,
            }
        }
        to.fill_to(self.file_len())?;
        Ok(true)
    }

    /// Fails unless whoever reads the file finds the model it was made from.
    fn check(&self, weights: &Weights) -> Result<(), Error> {
        let (path, config) = (weights.path(), weights.config());
        let damaged = |source| Error::Gguf {
            path: path.to_owned(),
            source,
        };
        let header = Header::read(self.outline.head(), self.file_len()).map_err(damaged)?;
        let found = Config::from_gguf(&header, path, config.vocab_size as u64)?;
        if found == *config {
            return Ok(());
        }
        Err(Error::NotInGguf {
            path: path.to_owned(),
            what: if found.query_scale == config.query_scale {
                "the format cannot say one of the sizes"
            } else {
                "the format has no key for query_pre_attn_scalar, which is neither head_dim nor 27B's"
            },
        })
    }
}

/// The tensors that the model needs, in the order of the computation.
fn names(weights: &Weights) -> Vec<String> {
    const INSIDE: [&str; 13] = [
        "attn_norm",
        "attn_q",
        "attn_q_norm",
        "attn_k",
        "attn_k_norm",
        "attn_v",
        "attn_output",
        "post_attention_norm",
        "ffn_norm",
        "ffn_gate",
        "ffn_up",
        "ffn_down",
        "post_ffw_norm",
    ];
    let mut names = vec![EMBEDDING.to_owned()];
    for layer in 0..weights.config().num_hidden_layers() {
        names.extend(INSIDE.map(|name| format!("blk.{layer}.{name}.weight")));
    }
    names.push("output_norm.weight".to_owned());
    // Some files have a head of their own, which is then not the table.
    names.extend(Some("output.weight".to_owned()).filter(|name| weights.has(name)));
    names
}

/// Some rows at a time; false if `stop` said so.
fn write_rows(
    cpu: &Cpu,
    matrix: &Matrix,
    block: BlockType,
    scales: &mut Vec<f32>,
    to: &mut Target,
    stop: &dyn Fn() -> bool,
) -> Result<bool, Error> {
    let (rows, cols) = (matrix.rows(), matrix.cols());
    let row_bytes = block.row_bytes(cols);
    let slice_rows = (SLICE_VALUES / cols).clamp(1, rows);
    let mut numbers = vec![0.0; slice_rows * cols];
    let mut bytes = vec![0; slice_rows * row_bytes];
    for first in (0..rows).step_by(slice_rows) {
        if stop() {
            return Ok(false);
        }
        let n = slice_rows.min(rows - first);
        let (numbers, bytes) = (&mut numbers[..n * cols], &mut bytes[..n * row_bytes]);
        if matrix.block() == block && !matrix.is_scaled() && block != BlockType::F8_E4M3 {
            matrix.copy_rows(first, bytes); // is there already: not one bit changes
        } else {
            let grain = (SLICE_VALUES / 64 / cols).max(1);
            cpu.pool().run_rows(numbers, cols, grain, |row, numbers| {
                matrix.dequantise_rows(first + row, numbers);
            });
            if block == BlockType::F8_E4M3 {
                let rows = numbers.chunks_exact(cols).zip(bytes.chunks_exact_mut(cols));
                scales.extend(rows.map(|(row, bytes)| quantise_f8_row(row, bytes)));
            } else {
                quantise(cpu, block, numbers, bytes);
            }
        }
        to.put(bytes)?;
        matrix.forget_rows(first, n);
    }
    Ok(true)
}

/// What is being written, and how far it is.
struct Target<'a> {
    out: &'a mut dyn Write,
    done: u64,
    total: u64,
    on_progress: &'a mut dyn FnMut(u64, u64),
}

impl Target<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(Error::Write)?;
        self.done += bytes.len() as u64;
        (self.on_progress)(self.done, self.total);
        Ok(())
    }

    fn put_numbers(&mut self, numbers: &[f32]) -> Result<(), Error> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.put(&bytes)
    }

    /// Zeros up to `at`.
    fn fill_to(&mut self, at: u64) -> Result<(), Error> {
        let missing = at.checked_sub(self.done).expect("tensors lie in order");
        match missing {
            0 => Ok(()),
            n => self.put(&vec![0; n as usize]), // less than the alignment
        }
    }
}

fn kind(block: BlockType) -> TensorType {
    match block {
        BlockType::F32 => TensorType::F32,
        BlockType::F16 => TensorType::F16,
        BlockType::BF16 => TensorType::BF16,
        BlockType::F8_E4M3 => TensorType::F8_E4M3,
        BlockType::Q4_0 => TensorType::Q4_0,
        BlockType::Q4_1 => TensorType::Q4_1,
        BlockType::Q5_0 => TensorType::Q5_0,
        BlockType::Q5_1 => TensorType::Q5_1,
        BlockType::Q8_0 => TensorType::Q8_0,
        BlockType::IQ4_NL => TensorType::IQ4_NL,
        BlockType::Q2_K => TensorType::Q2_K,
        BlockType::Q3_K => TensorType::Q3_K,
        BlockType::Q4_K => TensorType::Q4_K,
        BlockType::Q5_K => TensorType::Q5_K,
        BlockType::Q6_K => TensorType::Q6_K,
        BlockType::IQ4_XS => TensorType::IQ4_XS,
    }
}
