//! What can be typed after `lectern eval`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum Eval {
    /// Write the logits of every position of a token sequence.
    Logits(EvalLogits),
    /// Write what the vision tower makes of pictures.
    Features(EvalFeatures),
    /// Write the token ids of texts and conversations.
    Prompt(EvalPrompt),
    /// Write a picture as the vision tower takes it.
    Pixels(EvalPixels),
}

/// What computes, and how exactly.
#[derive(Debug, Args)]
pub struct Checkpoint {
    /// Name of a model in the models folder, or path to a GGUF file or Hugging Face folder.
    #[arg(long, value_name = "MODEL")]
    pub model: String,

    /// GGUF file with the picture tower [default: the one in the folder, or beside the model].
    #[arg(long, value_name = "FILE")]
    pub mmproj: Option<PathBuf>,

    /// Arithmetic to compute in.
    #[arg(long, value_enum, default_value_t = Precision::Exact)]
    pub precision: Precision,
}

#[derive(Debug, Args)]
pub struct EvalLogits {
    #[command(flatten)]
    pub checkpoint: Checkpoint,

    /// safetensors file with `input_ids` (i32 `[T]`), and `pixel_values` (f32 `[n, 3, 896, 896]`) where pictures are among them.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,

    /// safetensors file to write: `logits` (f32 `[T, vocabulary]`), or with --top `nll` `[T-1]`, `top_ids` and `top_logprobs` `[T, K]`.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Positions read at once [default: the engine's own choice].
    #[arg(long, value_name = "N")]
    pub chunk: Option<NonZeroUsize>,

    /// Write the K likeliest next tokens at every position instead of all logits.
    #[arg(long, value_name = "K")]
    pub top: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub struct EvalFeatures {
    #[command(flatten)]
    pub checkpoint: Checkpoint,

    /// safetensors file with `pixel_values` (f32 `[n, 3, 896, 896]`).
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,

    /// safetensors file to write: `features` (f32 `[n * 256, hidden]`).
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// float32 throughout, embedding scale not rounded: the arithmetic of the reference.
    Exact,
    /// What a chat uses.
    Fast,
}

#[derive(Debug, Args)]
pub struct EvalPrompt {
    /// Name of a model in the models folder, or path to a GGUF file or Hugging Face folder.
    #[arg(long, value_name = "MODEL")]
    pub model: String,

    /// JSON Lines: each line `{"text": …}`, or `{"messages": […], "image_sizes_wh": […], "pan_and_scan": …}`.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,

    /// JSON Lines to write: each line `{"ids": […]}`.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct EvalPixels {
    /// PNG, JPEG, WebP, GIF, BMP or TIFF file.
    #[arg(long, value_name = "FILE")]
    pub image: PathBuf,

    /// Also show a wide or tall picture in pieces.
    #[arg(long)]
    pub pan_and_scan: bool,

    /// Show a picture in pieces from this many times as long as wide [default: 1.2].
    #[arg(long, value_name = "R", requires = "pan_and_scan")]
    pub min_ratio: Option<f64>,

    /// No piece is smaller than N pixels in either direction [default: 256].
    #[arg(long, value_name = "N", requires = "pan_and_scan")]
    pub min_piece: Option<u32>,

    /// At most N pieces [default: 4].
    #[arg(long, value_name = "N", requires = "pan_and_scan", value_parser = clap::value_parser!(u32).range(..=64))]
    pub max_pieces: Option<u32>,

    /// safetensors file to write: `pixel_values` (f32 `[n, 3, 896, 896]`), the whole picture first, and `crops` (i32 `[n - 1, 4]`): left, top, width, height.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}
