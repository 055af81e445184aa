//! What can be typed after `lectern`. The sentences here are what `--help` prints.

mod eval;
mod models;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use eval::{Eval, EvalFeatures, EvalLogits, EvalPixels, Precision};
pub use models::{Models, To, Token};

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
