//! Gemma 3 as a function from token ids, with pictures among them, to token ids.
//!
//! ```no_run
//! use engine::{Engine, Event, Limits, Numerics, Prompt, Sampling, Setup, Weights};
//!
//! # fn main() -> Result<(), engine::Error> {
//! let weights = Weights::open("gemma-3-270m.gguf".as_ref())?;
//! let setup = Setup {
//!     numerics: Numerics::Fast,
//!     threads: std::num::NonZeroUsize::MIN,
//!     level: None,
//!     chunk: None,
//!     context_len: None,
//!     image_token: None,
//! };
//! let mut engine = Engine::load(weights, setup)?;
//! let limits = Limits { max_tokens: Some(100), stop_ids: vec![1, 106] };
//! let prompt = Prompt::text(&[2, 9259]);
//! let outcome = engine.generate(prompt, &Sampling::greedy(), &limits, &|| false, |event| {
//!     if let Event::Token(id) = event {
//!         println!("{id}");
//!     }
//! })?;
//! println!("{} tokens of the prompt were known already", outcome.cached_tokens);
//! # Ok(())
//! # }
//! ```
//!
//! Not here: text (the crate `prompt`), picture files (`documents`), files other than weights (`checkpoints`), the
//! network, the clock (the caller measures), the environment, threads of the app.
//!
//! The forward pass is written once, over candle's tensors. [`Numerics::Exact`] runs it in float32 as the
//! reference does; [`Numerics::Fast`] runs it on our kernels, and is tested against the other.
//!
//! Letters: `t` new positions, `s` positions that are looked at, `h` query heads, `kv` key/value heads,
//! `d` width of a head. Shapes are written `[t, h, d]`.
//!
//! Read in this order: `config`, `weights`, `prompt`, `model`, `attention`, `feed_forward`, `norm`, `rope`, `mask`,
//! `tower`, `ops`, `cache`, `engine`, `generate`, `sampling`, `convert`, `self_test`, `foresee`.

mod config;
mod weights;

mod prompt;

mod model;

mod attention;
mod feed_forward;
mod likeliest;
mod mask;
mod norm;
mod rope;

mod tower;

mod ops;

mod cache;

mod engine;
mod generate;
mod sampling;

pub mod convert;

mod foresee;
mod self_test;

mod error;

pub use config::{Config, TowerConfig};
pub use engine::{Engine, Numerics, Setup};
pub use error::Error;
pub use foresee::{Memory, Speed, Work};
pub use generate::{Ended, Event, Limits, Outcome};
pub use prompt::{PICTURE_TOKENS, Picture, Prompt};
pub use sampling::Sampling;
pub use self_test::{Rate, SelfTest};
pub use weights::Weights;
