//! What can be typed after `lectern models`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum Models {
    /// List the models on this machine.
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// List the models that other programs have on this machine, to be used where they are.
    Found {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Take a model into the models folder, or use it where it is, and choose it.
    ///
    /// All that belongs to it comes along: the other parts of a model in several files, and the part that sees pictures.
    Import {
        /// The GGUF file, any part of one in several files, or the folder with the model; it stays where it is.
        file: PathBuf,
        /// GGUF file with the part that sees pictures [default: the one beside the model].
        #[arg(long, value_name = "FILE")]
        mmproj: Option<PathBuf>,
        /// Use it where it is. It is never written or deleted by Lectern.
        #[arg(long, group = "taking")]
        link: bool,
        /// Share its bytes on the disk until one of the two is written; fails where the disk cannot.
        #[arg(long, group = "taking")]
        clone: bool,
        /// Copy it, also where the disk could share its bytes [default: share them where it can].
        #[arg(long, group = "taking")]
        copy: bool,
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
    /// Show what lies on the disk: models, caches and conversations, and what nothing needs any more.
    Disk {
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Read every byte of a model, or of all, and compare it with what was published.
    ///
    /// Where that is not known it is checked that nothing is missing.
    Verify {
        /// The model's name [default: all].
        name: Option<String>,
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Delete a model from the models folder, at once. One that lies elsewhere is only forgotten.
    Remove {
        /// The model's name, as `lectern models list` prints it, or that of something nothing needs, as `disk` does.
        name: String,
        /// Print what was freed as a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Move all models to another folder, on another disk if you like, and keep them there from now on.
    ///
    /// Stopped or killed at any moment, no model is lost.
    Move {
        /// An empty folder, or one to be made.
        folder: PathBuf,
        /// Print the new folder as a JSON object.
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
    ///
    /// The first time, this machine is measured for five seconds: speeds are foreseen from that.
    Recommend {
        /// Tell memory for a context of so many tokens [default: 8192].
        #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..))]
        context: Option<u32>,
        /// Measure this machine again.
        #[arg(long)]
        again: bool,
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model, verify it and choose it. Ctrl+C lets it wait; what came is kept, also when the machine stops.
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
    /// Let a model that is being fetched wait. What came of it is kept.
    Pause {
        /// Its name, as `lectern models download` was given it; `starter` is the starter model.
        name: String,
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Go on with a model that waits or failed, or with all that were coming when Lectern was closed.
    Resume {
        /// Its name [default: all but those that were paused or failed].
        name: Option<String>,
        /// Print the fetched model as a JSON object, or all of them as an array.
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model no further, and delete what came of it.
    Cancel {
        /// Its name, as `lectern models download` was given it.
        name: String,
        /// Print what was freed as a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Compare what Lectern knows of the published models with what the hub has now.
    Refresh {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Show the token that the hub is told for models it does not give to everybody, by its last letters.
    Token {
        #[command(subcommand)]
        command: Option<Token>,
        /// Print a JSON object.
        #[arg(long, global = true)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Keep the token that is given on standard input, in the system's keychain or an encrypted file.
    Set,
    /// Forget the token that is kept.
    Forget,
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
