//! Which models are on this machine, what they are, and how they get here.
//!
//! ```
//! # let home = tempfile::tempdir().expect("a folder for the example");
//! # let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/tiny-text/model.gguf");
//! # let download = home.path().join("tiny.gguf");
//! # std::fs::copy(golden, &download).expect("the golden checkpoint");
//! use checkpoints::{Models, Tuning};
//! use std::sync::atomic::AtomicBool;
//!
//! let models = Models::open(&home.path().join("models"))?;
//! let never = AtomicBool::new(false);
//! models.import(&download, None, None, &never, |_done_bytes, _total_bytes| {})?;
//!
//! let here = models.list()?.checkpoints;
//! assert_eq!(here[0].name, "tiny");
//! assert_eq!((here[0].format.as_str(), here[0].tuning), ("BF16", Tuning::Pretrained));
//! # Ok::<(), checkpoints::Error>(())
//! ```
//!
//! The only crate that may reach the network, and only when it is told to fetch. Never knows what
//! a model computes: it reads what stands before the weights, and moves files.
//!
//! Not here: opening a model to run it (`engine`), which model a person has chosen (`assistant`).
//!
//! Read in this order: `checkpoint` (what a file says it is: `gguf_file`, `mmproj`, `hugging_face`,
//! `tuning`), `models` (the folder: `presence`, `trash`, `holdings`, `verify`; `whereabouts`, `moving`), `import`, `receive`,
//! `link` (a model that stays where it is), `elsewhere` (those of other
//! programs), `catalogue` (what is published) and `shares` (in which formats), `orders` (what is to come),
//! `fetch` (how it comes over the line), `starter` (the first model of a new machine: `hub`, `packages`,
//! `pip`), `origin` (what was published of it), `new_file`, `disk`, `error`.

mod catalogue;
mod checkpoint;
mod disk;
mod elsewhere;
mod error;
pub mod fetch;
mod gguf_file;
mod holdings;
mod hugging_face;
mod import;
mod link;
mod mmproj;
mod models;
mod moving;
mod new_file;
pub mod orders;
mod origin;
mod presence;
mod receive;
mod shares;
mod starter;
mod trash;
mod tuning;
mod verify;
mod whereabouts;

pub use catalogue::{CATALOGUE, Format, LICENCE, Published, SIZES, Size, published};
pub use checkpoint::{Checkpoint, Place, Tuning, identify};
pub use elsewhere::{Surroundings, read_manifest};
pub use error::Error;
pub use holdings::{HeldFile, Holdings, Leftover};
pub use import::Taking;
pub use link::read_link;
pub use models::{FetchTurn, Listing, Models};
pub use new_file::write_file;
pub use origin::{Origin, OriginFile};
pub use receive::Incoming;
pub use shares::Share;
pub use verify::{Checked, FileVerdict, Verdict};
pub use whereabouts::{Whereabouts, read_pointer};
