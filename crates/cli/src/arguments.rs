//! What can be typed after `lectern`. The sentences here are what `--help` prints.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Gemma 3 on your own machine, without a window.
///
/// Nothing leaves the machine but the download of a model you asked for.
#[derive(Debug, Parser)]
#[command(name = "lectern", version, arg_required_else_help = true)]
#[command(after_help = "\
Environment:
  LECTERN_HOME     Folder for models and conversations, instead of the platform's own
  LECTERN_THREADS  Threads that compute, instead of one per physical core
  LECTERN_CPU      CPU path to use (scalar, avx2, …), instead of the best one this CPU has
  HF_ENDPOINT      Address to fetch models from, instead of https://huggingface.co")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask a question and print the answer as it is written.
    Ask(Ask),
    /// Continue a text as it stands and print the continuation as it is written.
    Complete(Complete),
    /// List, fetch, import or remove models.
    #[command(subcommand)]
    Models(Models),
    /// Compute numbers to compare with a reference.
    #[command(subcommand)]
    Eval(Eval),
    /// Measure how fast a model runs on this machine.
    Bench(Bench),
}

#[derive(Debug, Args)]
pub struct Ask {
    /// The question, or `-` to read it from standard input.
    pub text: String,

    /// A picture to ask about: PNG, JPEG, WebP, GIF, BMP or TIFF. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub image: Vec<PathBuf>,

    /// Also show wide or tall pictures in pieces, so that small things in them are seen.
    #[arg(long, requires = "image")]
    pub pan_and_scan: bool,

    /// What the model is told before the question.
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,

    #[command(flatten)]
    pub writing: Writing,
}

#[derive(Debug, Args)]
pub struct Complete {
    /// The text to continue, or `-` to read it from standard input.
    pub text: String,

    #[command(flatten)]
    pub writing: Writing,
}

/// How an answer is written.
#[derive(Debug, Args)]
pub struct Writing {
    /// Name of a model in the models folder, or path to a GGUF file or Hugging Face folder [default: the chosen model].
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,

    /// Seed of the random draw: the same seed gives the same answer [default: a new one].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// How boldly tokens are drawn: 0 always takes the likeliest [default: 1.0].
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub temperature: Option<f64>,

    /// Draw only among the K likeliest tokens, 0 for all [default: 64].
    #[arg(long, value_name = "K")]
    pub top_k: Option<u32>,

    /// Draw only among the likeliest tokens that together have probability P [default: 0.95].
    #[arg(long, value_name = "P", value_parser = probability)]
    pub top_p: Option<f64>,

    /// Draw only among tokens at least P times as likely as the likeliest [default: 0].
    #[arg(long, value_name = "P", value_parser = probability)]
    pub min_p: Option<f64>,

    /// Stop after N tokens [default: when the answer or the context ends].
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u32>,

    /// Print one JSON object with the text and its figures at the end, instead of the text as it is written.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Models {
    /// List the models on this machine.
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Copy a model into the models folder and choose it.
    ///
    /// All that belongs to it comes along: the other parts of a model in several files, and the part that sees pictures.
    Import {
        /// The GGUF file, any part of one in several files, or the folder with the model; it stays where it is.
        file: PathBuf,
        /// GGUF file with the part that sees pictures [default: the one beside the model].
        #[arg(long, value_name = "FILE")]
        mmproj: Option<PathBuf>,
        /// Print the imported model as a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write a model in another format, as a GGUF file.
    ///
    /// The part that sees pictures is not converted: it stays in the folder or mmproj file it came in.
    Convert {
        /// Name of a model in the models folder, or path to a GGUF file or Hugging Face folder; it stays as it is.
        source: String,
        /// What its weights become.
        #[arg(long, value_enum, value_name = "FORMAT")]
        to: To,
        /// The file to write. None is replaced.
        #[arg(value_name = "OUT.gguf")]
        out: PathBuf,
        /// Print the path and size of the new file as a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Delete a model from the models folder.
    Remove {
        /// The model's name, as `lectern models list` prints it.
        name: String,
        /// Print what was freed as a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the folder the models are kept in.
    Path {
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// List what can be fetched, with what each takes of this machine, and which one to begin with.
    Recommend {
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model, verify it and choose it. What was fetched before a cancel or a lost line is kept for the next try.
    Download {
        /// Its name, as `lectern models recommend` prints it [default: the starter model, Gemma 3 270M].
        name: Option<String>,
        /// Fetch the starter's base checkpoint, which continues text and was not taught to chat: the one the tests use.
        #[arg(long, conflicts_with = "name")]
        base: bool,
        /// Print the fetched model as a JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What a model can be converted to, the smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(non_camel_case_types, reason = "the names of the formats")]
pub enum To {
    /// 4.5 bits a weight, in blocks of 32.
    #[value(name = "q4_0")]
    Q4_0,
    /// 4.5 bits a weight, in blocks of 256 with minima (closer than q4_0); the table of embeddings as q6_k.
    #[value(name = "q4_k")]
    Q4_K,
    /// 6.6 bits a weight, in blocks of 256.
    #[value(name = "q6_k")]
    Q6_K,
    /// 8-bit floats (E4M3) with a scale a row. Only Lectern reads such a file: GGUF has no 8-bit floats, and llama.cpp
    /// refuses it.
    F8,
    /// 8.5 bits a weight, in blocks of 32: all but lossless.
    #[value(name = "q8_0")]
    Q8_0,
    /// 16 bits a weight, as Google publishes.
    Bf16,
}

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

#[derive(Debug, Args)]
pub struct EvalLogits {
    /// Name of a model in the models folder, or path to a GGUF file or Hugging Face folder.
    #[arg(long, value_name = "MODEL")]
    pub model: String,

    /// GGUF file with the picture tower [default: the one in the folder, or beside the model].
    #[arg(long, value_name = "FILE")]
    pub mmproj: Option<PathBuf>,

    /// safetensors file with `input_ids` (i32 `[T]`), and `pixel_values` (f32 `[n, 3, 896, 896]`) where pictures are among them.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,

    /// safetensors file to write: `logits` (f32 `[T, vocabulary]`), or with --top `nll` `[T-1]`, `top_ids` and `top_logprobs` `[T, K]`.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Arithmetic of the forward pass.
    #[arg(long, value_enum, default_value_t = Precision::Exact)]
    pub precision: Precision,

    /// Positions read at once [default: the engine's own choice].
    #[arg(long, value_name = "N")]
    pub chunk: Option<NonZeroUsize>,

    /// Write the K likeliest next tokens at every position instead of all logits.
    #[arg(long, value_name = "K")]
    pub top: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub struct EvalFeatures {
    /// Name of a model in the models folder, or path to a GGUF file or Hugging Face folder.
    #[arg(long, value_name = "MODEL")]
    pub model: String,

    /// GGUF file with the picture tower [default: the one in the folder, or beside the model].
    #[arg(long, value_name = "FILE")]
    pub mmproj: Option<PathBuf>,

    /// safetensors file with `pixel_values` (f32 `[n, 3, 896, 896]`).
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,

    /// safetensors file to write: `features` (f32 `[n * 256, hidden]`).
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Arithmetic of the vision tower.
    #[arg(long, value_enum, default_value_t = Precision::Exact)]
    pub precision: Precision,
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

#[derive(Debug, Args)]
pub struct Bench {
    /// Name of a model in the models folder, or path to a GGUF file or Hugging Face folder.
    #[arg(long, value_name = "MODEL")]
    pub model: String,

    /// Tokens to read.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    pub prompt: u32,

    /// Tokens to write.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(2..))]
    pub generate: u32,

    /// Tokens in the cache before the clock starts.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub depth: u32,

    /// How often to measure.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub repetitions: u32,

    /// Threads that compute [default: one per physical core].
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Print a JSON object.
    #[arg(long)]
    pub json: bool,
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("a temperature is a number from 0 up".into()),
    }
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("a probability is a number from 0 to 1".into()),
    }
}

#[test]
fn the_arguments_are_well_formed() {
    use clap::CommandFactory;
    Arguments::command().debug_assert();
}
