//! What a new file will be: its head, ready to be written, and where each tensor's bytes belong.

use std::collections::BTreeMap;

use crate::header::DEFAULT_ALIGNMENT;
use crate::tensor::{Tensor, TensorType};
use crate::value::Value;

/// A file before its data: whoever writes it puts down [`Outline::head`] and then the bytes of each of
/// [`Outline::tensors`] at its range; what lies between two is zero.
#[derive(Debug)]
pub struct Outline {
    head: Vec<u8>,
    tensors: Vec<Tensor>,
}

/// A tensor of a new file: name, shape (outermost first) and type.
pub type Entry = (String, Vec<u64>, TensorType);

impl Outline {
    /// The file with this metadata and these tensors, in this order.
    ///
    /// # Panics
    /// When a tensor's type has no known layout, or its rows are not whole blocks: that is the caller's bug.
    pub fn new(metadata: &BTreeMap<String, Value>, entries: Vec<Entry>) -> Self {
        let mut head = b"GGUF".to_vec();
        head.extend(3u32.to_le_bytes());
        head.extend((entries.len() as u64).to_le_bytes());
        head.extend((metadata.len() as u64).to_le_bytes());
        for (key, value) in metadata {
            write_text(&mut head, key);
            value.write(&mut head);
        }

        let alignment = u64::from(DEFAULT_ALIGNMENT);
        let mut tensors = Vec::with_capacity(entries.len());
        let mut offset = 0;
        for (name, shape, kind) in entries {
            let (values, _) = kind.block().expect("a type that is known");
            let cols = shape.last().expect("a tensor has a dimension");
            assert!(cols.is_multiple_of(values), "{name}: {cols} of {kind}");
            let tensor = Tensor {
                name,
                shape,
                kind,
                start: offset,
            };
            write_text(&mut head, &tensor.name);
            head.extend((tensor.shape.len() as u32).to_le_bytes());
            for size in tensor.shape.iter().rev() {
                head.extend(size.to_le_bytes());
            }
            head.extend(kind.number().to_le_bytes());
            head.extend(offset.to_le_bytes());
            let len = tensor.len_bytes().expect("a type that is known");
            offset = (offset + len).next_multiple_of(alignment);
            tensors.push(tensor);
        }
        head.resize(head.len().next_multiple_of(DEFAULT_ALIGNMENT as usize), 0);
        for tensor in &mut tensors {
            tensor.start += head.len() as u64;
        }
        Self { head, tensors }
    }

    /// All that stands before the data.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The tensors as the file lists them, which is how their data lies.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Bytes of the whole file, filled up after the last tensor as after every one.
    pub fn file_len(&self) -> u64 {
        let end = |tensor: &Tensor| tensor.start + tensor.len_bytes().unwrap_or(0);
        let end = self.tensors.last().map_or(self.head.len() as u64, end);
        end.next_multiple_of(u64::from(DEFAULT_ALIGNMENT))
    }
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, Header, Strings};

    #[test]
    fn what_is_written_is_read_again() {
        let strings: Strings = ["a", "", "é"].into_iter().collect();
        let metadata: BTreeMap<String, Value> = [
            ("a", Value::U8(1)),
            ("b", Value::I8(-1)),
            ("c", Value::U16(300)),
            ("d", Value::I16(-300)),
            ("e", Value::U32(70_000)),
            ("f", Value::I32(-70_000)),
            ("g", Value::F32(0.5)),
            ("h", Value::Bool(true)),
            ("i", Value::Text("text".to_owned())),
            ("j", Value::Array(Array::Text(strings))),
            ("k", Value::Array(Array::Bool(vec![true, false]))),
            (
                "l",
                Value::Array(Array::Array(vec![
                    Array::I32(vec![1, 2]),
                    Array::U8(vec![]),
                ])),
            ),
            ("m", Value::U64(1 << 40)),
            ("n", Value::I64(-(1 << 40))),
            ("o", Value::F64(0.1)),
            ("p", Value::Array(Array::F64(vec![0.25]))),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        let entries = vec![
            ("second".to_owned(), vec![3, 32], TensorType::Q4_0),
            ("first".to_owned(), vec![5], TensorType::F32),
            ("third".to_owned(), vec![1, 7], TensorType::F8_E4M3),
        ];
        let outline = Outline::new(&metadata, entries);
        let mut file = outline.head().to_vec();
        file.resize(outline.file_len() as usize, 0);

        let header = Header::read(file.as_slice(), file.len() as u64).expect("it is whole");
        let read: Vec<(&str, &Value)> = header.metadata().collect();
        assert!(
            read.into_iter()
                .eq(metadata.iter().map(|(k, v)| (k.as_str(), v)))
        );
        for tensor in outline.tensors() {
            assert_eq!(header.tensor(&tensor.name).expect("it is there"), tensor);
        }
        let starts = outline.tensors().iter().map(|tensor| tensor.start);
        let from = outline.head().len() as u64;
        assert!(starts.eq([0, 64, 96].map(|offset| from + offset)));
        assert_eq!(outline.file_len(), from + 128);
    }
}
