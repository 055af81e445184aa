//! Reads the head of a GGUF file, typed metadata and the table of tensors, and makes that of a new one.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/tiny-text/model.gguf");
//! let file = std::fs::File::open(path)?;
//! let file_len = file.metadata()?.len();
//! let header = gguf::Header::read(std::io::BufReader::new(file), file_len)?;
//!
//! assert_eq!(header.require::<&str>("general.architecture")?, "gemma3");
//! assert_eq!(header.require::<u32>("gemma3.block_count")?, 7);
//! assert_eq!(header.get::<f32>("gemma3.rope.scaling.factor")?, None);
//! assert_eq!(header.tensor("token_embd.weight")?.shape, [512, 96]);
//! # Ok(())
//! # }
//! ```
//!
//! Versions 2 and 3, little-endian. Any bytes at all are answered with a header or with an
//! [`Error`] that says where in the file what was expected and what was found: no panic, and no
//! allocation larger than a small multiple of what was really read.
//!
//! Not here: paths and mapping (the caller opens the file), tensor data (the caller has the
//! bytes; [`Tensor::range`] says which), what the metadata means (`engine`).
//!
//! Read in this order: `header`, `tensor`, `value`, `source`, `outline` (a new file), `part` (a model in several
//! files), `mmproj` (and its picture tower), `error`.
//!
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

mod error;
mod header;
pub mod mmproj;
mod outline;
mod part;
mod source;
mod tensor;
mod value;

pub use error::Error;
pub use header::Header;
pub use outline::{Entry, Outline};
pub use part::Part;
pub use tensor::{Tensor, TensorType};
pub use value::{Array, FromValue, Strings, Value};
