//! One row of the tensor table.

use std::fmt;
use std::ops::Range;

use crate::Error;

/// Where a tensor lies and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// "blk.0.attn_q.weight"
    pub name: String,
    /// Outermost first, as Hugging Face prints it: `[rows, columns]`. (The file has it the other way round.)
    pub shape: Vec<u64>,
    /// How its numbers are stored.
    pub kind: TensorType,
    /// Bytes from the file's start to its data.
    pub(crate) start: u64,
}

impl Tensor {
    /// Its bytes in the file; inside the file, as [`crate::Header::read`] has checked.
    pub fn range(&self) -> Result<Range<u64>, Error> {
        let len = self.len_bytes().ok_or_else(|| Error::TensorType {
            tensor: self.name.clone(),
            kind: self.kind,
        })?;
        Ok(self.start..self.start + len)
    }

    /// `None` if the type's layout is not known here.
    pub(crate) fn len_bytes(&self) -> Option<u64> {
        let (values, bytes) = self.kind.block()?;
        Some(self.shape.iter().product::<u64>() / values * bytes)
    }
}

/// How a tensor's numbers are stored. The names are the format's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the variants are the format's types and nothing more"
)]
#[expect(non_camel_case_types, reason = "the format's names")]
pub enum TensorType {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    IQ4_NL,
    IQ4_XS,
    /// 8-bit floats. The format has no such type: this one is Lectern's, and other programs refuse it.
    F8_E4M3,
    /// A type that the engine does not read, kept as its number in the format.
    Other(u32),
}

impl TensorType {
    /// The type with this number in the format.
    pub fn from_number(number: u32) -> Self {
        let known = Self::READ.iter().find(|kind| kind.number() == number);
        known.copied().unwrap_or(Self::Other(number))
    }

    /// Its number in the format (ggml's `ggml_type`).
    pub fn number(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q4_1 => 3,
            Self::Q5_0 => 6,
            Self::Q5_1 => 7,
            Self::Q8_0 => 8,
            Self::Q2_K => 10,
            Self::Q3_K => 11,
            Self::Q4_K => 12,
            Self::Q5_K => 13,
            Self::Q6_K => 14,
            Self::IQ4_NL => 20,
            Self::IQ4_XS => 23,
            Self::BF16 => 30,
            // Far above ggml's numbers, which rise by one: 0xE43 as in E4M3.
            Self::F8_E4M3 => 0xe43,
            Self::Other(number) => number,
        }
    }

    /// The types that the engine reads.
    const READ: [Self; 16] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2_K,
        Self::Q3_K,
        Self::Q4_K,
        Self::Q5_K,
        Self::Q6_K,
        Self::IQ4_NL,
        Self::IQ4_XS,
        Self::F8_E4M3,
    ];

    /// Values in a block and bytes they take (ggml's `type_traits`); `None` for [`TensorType::Other`].
    pub fn block(self) -> Option<(u64, u64)> {
        Some(match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::F8_E4M3 => (1, 1),
            Self::Q4_0 | Self::IQ4_NL => (32, 2 + 16),
            Self::Q4_1 => (32, 2 + 2 + 16),
            Self::Q5_0 => (32, 2 + 4 + 16),
            Self::Q5_1 => (32, 2 + 2 + 4 + 16),
            Self::Q8_0 => (32, 2 + 32),
            Self::Q2_K => (256, 16 + 64 + 2 + 2),
            Self::Q3_K => (256, 32 + 64 + 12 + 2),
            Self::IQ4_XS => (256, 2 + 2 + 4 + 128),
            Self::Q4_K => (256, 4 + 12 + 128),
            Self::Q5_K => (256, 4 + 12 + 32 + 128),
            Self::Q6_K => (256, 128 + 64 + 16 + 2),
            Self::Other(_) => return None,
        })
    }
}

/// The format's name, also of types that are not read here, so that a message can name them.
impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F8_E4M3 => "F8_E4M3",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q2_K => "Q2_K",
            Self::Q3_K => "Q3_K",
            Self::IQ4_NL => "IQ4_NL",
            Self::IQ4_XS => "IQ4_XS",
            Self::Q4_K => "Q4_K",
            Self::Q5_K => "Q5_K",
            Self::Q6_K => "Q6_K",
            Self::Other(9) => "Q8_1",
            Self::Other(15) => "Q8_K",
            Self::Other(16) => "IQ2_XXS",
            Self::Other(17) => "IQ2_XS",
            Self::Other(18) => "IQ3_XXS",
            Self::Other(19) => "IQ1_S",
            Self::Other(21) => "IQ3_S",
            Self::Other(22) => "IQ2_S",
            Self::Other(24) => "I8",
            Self::Other(25) => "I16",
            Self::Other(26) => "I32",
            Self::Other(27) => "I64",
            Self::Other(28) => "F64",
            Self::Other(29) => "IQ1_M",
            Self::Other(34) => "TQ1_0",
            Self::Other(35) => "TQ2_0",
            Self::Other(39) => "MXFP4",
            Self::Other(number) => return write!(f, "{number}"),
        };
        f.write_str(name)
    }
}
