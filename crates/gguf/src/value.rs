//! Metadata values, and how a caller asks for one of a certain type.

use std::io::Read;

use crate::Error;
use crate::outline::write_text;
use crate::source::Source;

/// Arrays may lie in arrays this deep; no writer goes beyond 2.
const DEEPEST: u32 = 4;

/// One metadata value, of the type the file says.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    missing_docs,
    reason = "the variants are the format's types and nothing more"
)]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    Text(String),
    Array(Array),
    U64(u64),
    I64(i64),
    F64(f64),
}

/// An array: all values are of one type.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    missing_docs,
    reason = "the variants are the format's types and nothing more"
)]
pub enum Array {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    Bool(Vec<bool>),
    Text(Strings),
    Array(Vec<Array>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
}

/// Many texts in one allocation: a vocabulary has 262,144 of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The one at `index`.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        Some(&self.text[start..end])
    }

    /// Adds one at the end.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// All of them, in the file's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index).expect("the index is below the length"))
    }
}

impl<'a> FromIterator<&'a str> for Strings {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut strings = Self::default();
        texts.into_iter().for_each(|text| strings.push(text));
        strings
    }
}

impl Value {
    /// Writes the number of its type, and itself.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut put = |kind: u32, bytes: &[u8]| {
            out.extend(kind.to_le_bytes());
            out.extend(bytes);
        };
        match self {
            Self::U8(value) => put(0, &value.to_le_bytes()),
            Self::I8(value) => put(1, &value.to_le_bytes()),
            Self::U16(value) => put(2, &value.to_le_bytes()),
            Self::I16(value) => put(3, &value.to_le_bytes()),
            Self::U32(value) => put(4, &value.to_le_bytes()),
            Self::I32(value) => put(5, &value.to_le_bytes()),
            Self::F32(value) => put(6, &value.to_le_bytes()),
            Self::Bool(value) => put(7, &[u8::from(*value)]),
            Self::Text(value) => {
                put(8, &[]);
                write_text(out, value);
            }
            Self::Array(value) => {
                put(9, &[]);
                value.write(out);
            }
            Self::U64(value) => put(10, &value.to_le_bytes()),
            Self::I64(value) => put(11, &value.to_le_bytes()),
            Self::F64(value) => put(12, &value.to_le_bytes()),
        }
    }

    /// Reads the value whose type number stands next.
    pub(crate) fn read<R: Read>(source: &mut Source<R>, key: &str) -> Result<Self, Error> {
        const WHAT: &str = "a metadata value";
        let at = source.at();
        Ok(match source.u32("a value type")? {
            0 => Self::U8(u8::from_le_bytes(source.array(WHAT)?)),
            1 => Self::I8(i8::from_le_bytes(source.array(WHAT)?)),
            2 => Self::U16(u16::from_le_bytes(source.array(WHAT)?)),
            3 => Self::I16(i16::from_le_bytes(source.array(WHAT)?)),
            4 => Self::U32(source.u32(WHAT)?),
            5 => Self::I32(i32::from_le_bytes(source.array(WHAT)?)),
            6 => Self::F32(f32::from_le_bytes(source.array(WHAT)?)),
            7 => Self::Bool(read_bool(source, key)?),
            8 => Self::Text(source.text("a text value")?),
            9 => Self::Array(Array::read(source, key, 1)?),
            10 => Self::U64(source.u64(WHAT)?),
            11 => Self::I64(i64::from_le_bytes(source.array(WHAT)?)),
            12 => Self::F64(f64::from_le_bytes(source.array(WHAT)?)),
            found => {
                return Err(Error::ValueType {
                    at,
                    key: key.to_owned(),
                    found,
                });
            }
        })
    }

    /// An integer of any width.
    fn integer(&self) -> Option<i128> {
        Some(match self {
            Self::U8(value) => i128::from(*value),
            Self::I8(value) => i128::from(*value),
            Self::U16(value) => i128::from(*value),
            Self::I16(value) => i128::from(*value),
            Self::U32(value) => i128::from(*value),
            Self::I32(value) => i128::from(*value),
            Self::U64(value) => i128::from(*value),
            Self::I64(value) => i128::from(*value),
            _ => return None,
        })
    }

    /// For messages: the value if it is short, otherwise what it is.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(text) if text.len() <= 60 => format!("the text {text:?}"),
            Self::Text(text) => format!("a text of {} bytes", text.len()),
            Self::Array(_) => "an array".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::F32(value) => format!("the number {value}"),
            Self::F64(value) => format!("the number {value}"),
            other => format!(
                "the integer {}",
                other.integer().expect("what is left are integers")
            ),
        }
    }
}

impl Array {
    /// Writes the number of its values' type, their number, and them.
    fn write(&self, out: &mut Vec<u8>) {
        fn begin(out: &mut Vec<u8>, kind: u32, count: usize) {
            out.extend(kind.to_le_bytes());
            out.extend((count as u64).to_le_bytes());
        }
        fn put<const N: usize, T: Copy>(
            out: &mut Vec<u8>,
            kind: u32,
            values: &[T],
            to: fn(T) -> [u8; N],
        ) {
            begin(out, kind, values.len());
            out.extend(values.iter().copied().flat_map(to));
        }
        match self {
            Self::U8(values) => put(out, 0, values, u8::to_le_bytes),
            Self::I8(values) => put(out, 1, values, i8::to_le_bytes),
            Self::U16(values) => put(out, 2, values, u16::to_le_bytes),
            Self::I16(values) => put(out, 3, values, i16::to_le_bytes),
            Self::U32(values) => put(out, 4, values, u32::to_le_bytes),
            Self::I32(values) => put(out, 5, values, i32::to_le_bytes),
            Self::F32(values) => put(out, 6, values, f32::to_le_bytes),
            Self::Bool(values) => put(out, 7, values, |value| [u8::from(value)]),
            Self::Text(strings) => {
                begin(out, 8, strings.len());
                strings.iter().for_each(|text| write_text(out, text));
            }
            Self::Array(arrays) => {
                begin(out, 9, arrays.len());
                arrays.iter().for_each(|array| array.write(out));
            }
            Self::U64(values) => put(out, 10, values, u64::to_le_bytes),
            Self::I64(values) => put(out, 11, values, i64::to_le_bytes),
            Self::F64(values) => put(out, 12, values, f64::to_le_bytes),
        }
    }

    fn read<R: Read>(source: &mut Source<R>, key: &str, depth: u32) -> Result<Self, Error> {
        let at = source.at();
        if depth > DEEPEST {
            return Err(Error::TooDeep {
                at,
                key: key.to_owned(),
                limit: DEEPEST,
            });
        }
        Ok(match source.u32("an array's type")? {
            0 => Self::U8(numbers(source, u8::from_le_bytes)?),
            1 => Self::I8(numbers(source, i8::from_le_bytes)?),
            2 => Self::U16(numbers(source, u16::from_le_bytes)?),
            3 => Self::I16(numbers(source, i16::from_le_bytes)?),
            4 => Self::U32(numbers(source, u32::from_le_bytes)?),
            5 => Self::I32(numbers(source, i32::from_le_bytes)?),
            6 => Self::F32(numbers(source, f32::from_le_bytes)?),
            7 => {
                let mut values = Vec::new();
                for _ in 0..source.count("array values", 1)? {
                    values.push(read_bool(source, key)?);
                }
                Self::Bool(values)
            }
            8 => {
                let mut strings = Strings::default();
                for _ in 0..source.count("array values", 8)? {
                    source.text_into(&mut strings.text, "a text in an array")?;
                    strings.ends.push(strings.text.len());
                }
                Self::Text(strings)
            }
            9 => {
                let mut arrays = Vec::new();
                // An array in an array has at least its type and its length.
                for _ in 0..source.count("array values", 12)? {
                    arrays.push(Self::read(source, key, depth + 1)?);
                }
                Self::Array(arrays)
            }
            10 => Self::U64(numbers(source, u64::from_le_bytes)?),
            11 => Self::I64(numbers(source, i64::from_le_bytes)?),
            12 => Self::F64(numbers(source, f64::from_le_bytes)?),
            found => {
                return Err(Error::ValueType {
                    at,
                    key: key.to_owned(),
                    found,
                });
            }
        })
    }
}

/// A count and as many numbers of `N` bytes.
fn numbers<T, const N: usize, R: Read>(
    source: &mut Source<R>,
    from: fn([u8; N]) -> T,
) -> Result<Vec<T>, Error> {
    let count = source.count("array values", N as u64)?;
    let mut values = Vec::new();
    source.pieces(count * N as u64, "an array", |piece| {
        // A piece is a multiple of 8 bytes, and so of N.
        values.extend(piece.as_chunks::<N>().0.iter().copied().map(from));
    })?;
    Ok(values)
}

fn read_bool<R: Read>(source: &mut Source<R>, key: &str) -> Result<bool, Error> {
    let at = source.at();
    match source.array("a truth value")? {
        [0] => Ok(false),
        [1] => Ok(true),
        [found] => Err(Error::NotBool {
            at,
            key: key.to_owned(),
            found,
        }),
    }
}

/// A type a caller can ask for: see [`crate::Header::get`].
pub trait FromValue<'a>: Sized {
    /// For messages: "a text", "a number".
    const EXPECTED: &'static str;
    /// `None` if the value is of another type or out of range.
    fn from_value(value: &'a Value) -> Option<Self>;
}

/// Writers differ in the width they choose for an integer: any that fits will do.
impl FromValue<'_> for u32 {
    const EXPECTED: &'static str = "an integer from 0 to 4294967295";
    fn from_value(value: &Value) -> Option<Self> {
        value.integer()?.try_into().ok()
    }
}

impl FromValue<'_> for u64 {
    const EXPECTED: &'static str = "an integer from 0 to 18446744073709551615";
    fn from_value(value: &Value) -> Option<Self> {
        value.integer()?.try_into().ok()
    }
}

impl FromValue<'_> for f32 {
    const EXPECTED: &'static str = "a number";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::F32(value) => Some(*value),
            Value::F64(value) => Some(*value as f32),
            _ => None,
        }
    }
}

impl FromValue<'_> for bool {
    const EXPECTED: &'static str = "true or false";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a str {
    const EXPECTED: &'static str = "a text";
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a Array {
    const EXPECTED: &'static str = "an array";
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Array(array) => Some(array),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a Strings {
    const EXPECTED: &'static str = "an array of texts";
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Array(Array::Text(strings)) => Some(strings),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a [f32] {
    const EXPECTED: &'static str = "an array of 32-bit numbers";
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Array(Array::F32(values)) => Some(values),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a [i32] {
    const EXPECTED: &'static str = "an array of 32-bit integers";
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Array(Array::I32(values)) => Some(values),
            _ => None,
        }
    }
}
