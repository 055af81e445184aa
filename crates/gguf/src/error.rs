//! What was wrong with the file, and where. The caller adds the path.

use std::io;

use crate::TensorType;

/// Why a GGUF file (or one thing in it) could not be read. Offsets count bytes from the file's start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first four bytes are not the format's mark.
    #[error("not a GGUF file: it begins with {}, not with \"GGUF\"", .found.escape_ascii())]
    Magic {
        /// What it begins with.
        found: [u8; 4],
    },
    /// A version of the format that is not read here.
    #[error("GGUF version {found} at byte 4, expected 2 or 3 in little-endian order")]
    Version {
        /// The number in the file.
        found: u32,
    },
    /// The file ends inside something.
    #[error("the file ends too early: {what} at byte {at} needs {needed} bytes, {left} are left")]
    Truncated {
        /// Where it begins.
        at: u64,
        /// What was being read.
        what: &'static str,
        /// Bytes it says it has.
        needed: u64,
        /// Bytes there are.
        left: u64,
    },
    /// A count that the rest of the file cannot hold.
    #[error("byte {at} promises {count} {what}, the {left} bytes that are left cannot hold them")]
    Count {
        /// Where the count ends.
        at: u64,
        /// Of what.
        what: &'static str,
        /// How many.
        count: u64,
        /// Bytes there are.
        left: u64,
    },
    /// A text that is not UTF-8.
    #[error("{what} at byte {at} is not UTF-8")]
    NotUtf8 {
        /// Where it begins.
        at: u64,
        /// Which text.
        what: &'static str,
    },
    /// A number for a type of metadata value that does not exist.
    #[error("{key}: value type {found} at byte {at}, expected 0 to 12")]
    ValueType {
        /// Where the number stands.
        at: u64,
        /// The metadata key.
        key: String,
        /// The number.
        found: u32,
    },
    /// A truth value that is neither 0 nor 1.
    #[error("{key}: byte {at} is {found}, expected 0 (false) or 1 (true)")]
    NotBool {
        /// Where it stands.
        at: u64,
        /// The metadata key.
        key: String,
        /// What stands there.
        found: u8,
    },
    /// Arrays in arrays in arrays.
    #[error("{key}: the array at byte {at} lies more than {limit} arrays deep")]
    TooDeep {
        /// Where it begins.
        at: u64,
        /// The metadata key.
        key: String,
        /// How deep arrays may lie.
        limit: u32,
    },
    /// A name that was used before.
    #[error("two {what} are named {name:?}, the second one at byte {at}")]
    Duplicate {
        /// Where the second one begins.
        at: u64,
        /// Metadata keys or tensors.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// An alignment that is not a power of two.
    #[error("general.alignment is {found}, expected a power of two")]
    Alignment {
        /// The value in the file.
        found: u32,
    },
    /// A tensor of no or too many dimensions.
    #[error("tensor {tensor}: {found} dimensions at byte {at}, expected 1 to 4")]
    Dimensions {
        /// Where the number stands.
        at: u64,
        /// The tensor's name.
        tensor: String,
        /// The number.
        found: u32,
    },
    /// A shape that cannot be: empty, larger than any file, or with rows that are not whole blocks.
    #[error("tensor {tensor}: shape {shape:?} at byte {at} cannot be of type {kind}: {why}")]
    Shape {
        /// Where the shape begins.
        at: u64,
        /// The tensor's name.
        tensor: String,
        /// The shape, outermost first.
        shape: Vec<u64>,
        /// The tensor's type.
        kind: TensorType,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A tensor whose data does not begin where data may begin.
    #[error("tensor {tensor}: offset {offset} at byte {at} is not a multiple of {alignment}")]
    Misaligned {
        /// Where the offset stands.
        at: u64,
        /// The tensor's name.
        tensor: String,
        /// The offset in the data section.
        offset: u64,
        /// What it must be a multiple of.
        alignment: u32,
    },
    /// A tensor whose data would lie beyond the file's end.
    #[error("tensor {tensor} ends at byte {end}, the file has {file_len} bytes")]
    Outside {
        /// The tensor's name.
        tensor: String,
        /// Where its data would end.
        end: u64,
        /// Bytes there are.
        file_len: u64,
    },
    /// Two tensors that claim the same bytes.
    #[error("tensors {first} and {second} both claim byte {at}")]
    Overlap {
        /// The one that begins earlier.
        first: String,
        /// The one that begins inside it.
        second: String,
        /// Where the second one begins.
        at: u64,
    },
    /// A metadata key that is needed is not there.
    #[error("the metadata has no {key}")]
    NoKey {
        /// The key.
        key: String,
    },
    /// A metadata value of another type, or outside of the type's range.
    #[error("{key} is {found}, expected {expected}")]
    KeyType {
        /// The key.
        key: String,
        /// What the caller needs.
        expected: &'static str,
        /// What the file has.
        found: String,
    },
    /// A tensor that is needed is not there.
    #[error("there is no tensor {name}")]
    NoTensor {
        /// Its name.
        name: String,
    },
    /// A tensor of a type whose layout is not known here.
    #[error("tensor {tensor} is of type {kind}, which is not supported")]
    TensorType {
        /// Its name.
        tensor: String,
        /// Its type.
        kind: TensorType,
    },
    /// The reader failed.
    #[error("could not read at byte {at}")]
    Io {
        /// How far it had come.
        at: u64,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// What the person can do about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Magic { .. } => Some("choose a file in the GGUF format"),
            Self::Version { .. } => Some("convert the model again with a current converter"),
            Self::TensorType { .. } => Some(
                "choose the same model as Q4_0, Q8_0, Q4_K_M, Q5_K_M, Q6_K, IQ4_XS, BF16 or F16",
            ),
            Self::Io { .. } => None,
            Self::NoKey { .. } | Self::KeyType { .. } | Self::NoTensor { .. } => {
                Some("the file is not a complete Gemma 3 model; download it again")
            }
            _ => Some("the file is damaged or incomplete; download it again"),
        }
    }
}
