//! The safetensors files that `lectern eval logits` reads and writes.
//!
//! Written by hand, because a row of logits goes to the file as soon as it is known: all of them
//! together may be larger than memory. The format is eight bytes with the length of a JSON
//! header, the header, and the tensors in the header's order.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use crate::Error;

/// The tensor `input_ids` (i32 `[T]`, T ≥ 1) of the file.
pub fn read_input_ids(path: &Path) -> Result<Vec<u32>, Error> {
    let unfit = |found: String| Error::Input {
        path: path.to_owned(),
        expected: "a safetensors file with `input_ids` (i32 [T])",
        found,
    };
    let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| unfit(error.to_string()))?;
    let ids = file
        .tensor("input_ids")
        .map_err(|error| unfit(error.to_string()))?;
    if ids.dtype() != Dtype::I32 || ids.shape().len() != 1 {
        return Err(unfit(format!(
            "`input_ids` of {:?} {:?}",
            ids.dtype(),
            ids.shape()
        )));
    }
    if ids.data().is_empty() {
        return Err(unfit("no ids".to_owned()));
    }
    let (ids, _) = ids.data().as_chunks::<4>();
    ids.iter()
        .map(|bytes| i32::from_le_bytes(*bytes))
        .map(|id| u32::try_from(id).map_err(|_| unfit(format!("the id {id}"))))
        .collect()
}

/// The tensor `pixel_values` (f32 `[n, 3, height, width]`) of the file, picture by picture; none if it is not there.
pub fn read_pictures(path: &Path) -> Result<Vec<Vec<f32>>, Error> {
    let unfit = |found: String| Error::Input {
        path: path.to_owned(),
        expected: "a safetensors file with `pixel_values` (f32 [n, 3, 896, 896])",
        found,
    };
    let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| unfit(error.to_string()))?;
    let Ok(pixels) = file.tensor("pixel_values") else {
        return Ok(Vec::new());
    };
    let (dtype, shape) = (pixels.dtype(), pixels.shape());
    let &[_, 3, height, width] = shape else {
        return Err(unfit(format!("`pixel_values` of {dtype:?} {shape:?}")));
    };
    if dtype != Dtype::F32 || height * width == 0 {
        return Err(unfit(format!("`pixel_values` of {dtype:?} {shape:?}")));
    }
    let pictures = pixels.data().chunks_exact(4 * 3 * height * width);
    let numbers = |bytes: &[u8]| {
        let (words, _) = bytes.as_chunks::<4>();
        words.iter().map(|word| f32::from_le_bytes(*word)).collect()
    };
    Ok(pictures.map(numbers).collect())
}

/// A tensor as it will stand in the file: its name, "F32" or "I32", and its shape.
pub struct Plan<'a> {
    pub name: &'a str,
    pub dtype: &'static str,
    pub shape: &'a [usize],
}

/// A file being written. It appears under its name when it is whole.
pub struct Writer {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    missing_bytes: usize,
}

impl Writer {
    /// Begins a file that will hold `plans`; their data follows in this order.
    pub fn create(path: &Path, plans: &[Plan]) -> Result<Self, Error> {
        let (header, missing_bytes) = header(plans);
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(|source| Error::io("write", path, source))?;
        let mut writer = Self {
            path: path.to_owned(),
            partial,
            file: BufWriter::new(file),
            missing_bytes,
        };
        let begun = writer.file.write_all(&(header.len() as u64).to_le_bytes());
        writer.check(begun)?;
        let begun = writer.file.write_all(&header);
        writer.check(begun)?;
        Ok(writer)
    }

    pub fn f32s(&mut self, values: &[f32]) -> Result<(), Error> {
        self.words(values.iter().map(|value| value.to_le_bytes()))
    }

    pub fn i32s(&mut self, values: &[i32]) -> Result<(), Error> {
        self.words(values.iter().map(|value| value.to_le_bytes()))
    }

    /// Puts the file in its place.
    pub fn finish(mut self) -> Result<(), Error> {
        assert_eq!(self.missing_bytes, 0, "all that was planned is written");
        let flushed = self.file.flush();
        self.check(flushed)?;
        let moved = std::fs::rename(&self.partial, &self.path);
        self.check(moved)
    }

    fn words(&mut self, words: impl ExactSizeIterator<Item = [u8; 4]>) -> Result<(), Error> {
        self.missing_bytes -= words.len() * 4;
        for word in words {
            let written = self.file.write_all(&word);
            self.check(written)?;
        }
        Ok(())
    }

    fn check(&self, outcome: io::Result<()>) -> Result<(), Error> {
        outcome.map_err(|source| Error::io("write", &self.path, source))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // After `finish` there is none; otherwise half a file helps nobody.
        let _ = std::fs::remove_file(&self.partial);
    }
}

/// The JSON header, and how many bytes of data follow it.
fn header(plans: &[Plan]) -> (Vec<u8>, usize) {
    let mut end = 0;
    let mut tensors = Map::new();
    for plan in plans {
        let start = end;
        end += 4 * plan.shape.iter().product::<usize>(); // both dtypes are four bytes
        let entry =
            json!({ "dtype": plan.dtype, "shape": plan.shape, "data_offsets": [start, end] });
        tensors.insert(plan.name.to_owned(), entry);
    }
    let mut header = Value::Object(tensors).to_string().into_bytes();
    // Data begins at a multiple of eight, as readers that map the file expect.
    header.resize(header.len().next_multiple_of(8), b' ');
    (header, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().expect("a temporary file can be written and read");
        let path = folder.path().join("out.safetensors");
        let plans = [
            Plan {
                name: "b",
                dtype: "F32",
                shape: &[2, 2],
            },
            Plan {
                name: "a",
                dtype: "I32",
                shape: &[3],
            },
        ];
        let mut writer =
            Writer::create(&path, &plans).expect("a temporary file can be written and read");
        writer
            .f32s(&[0.0, 1.0])
            .expect("a temporary file can be written and read");
        writer
            .f32s(&[2.0, 3.0])
            .expect("a temporary file can be written and read");
        writer
            .i32s(&[7, -8, 9])
            .expect("a temporary file can be written and read");
        assert!(!path.exists(), "half a file has no name");
        writer
            .finish()
            .expect("a temporary file can be written and read");

        let bytes = std::fs::read(&path).expect("a temporary file can be written and read");
        let file =
            SafeTensors::deserialize(&bytes).expect("a temporary file can be written and read");
        let b = file
            .tensor("b")
            .expect("a temporary file can be written and read");
        assert_eq!((b.dtype(), b.shape()), (Dtype::F32, &[2, 2][..]));
        assert_eq!(b.data()[4..8], 1f32.to_le_bytes());
        let a = file
            .tensor("a")
            .expect("a temporary file can be written and read");
        assert_eq!((a.dtype(), a.shape()), (Dtype::I32, &[3][..]));
        assert_eq!(a.data()[4..8], (-8i32).to_le_bytes());
    }

    #[test]
    fn a_writer_that_fails_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a temporary file can be written and read");
        let path = folder.path().join("out.safetensors");
        drop(
            Writer::create(
                &path,
                &[Plan {
                    name: "a",
                    dtype: "I32",
                    shape: &[1],
                }],
            )
            .expect("a temporary file can be written and read"),
        );
        assert_eq!(
            std::fs::read_dir(folder.path())
                .expect("a temporary file can be written and read")
                .count(),
            0
        );
    }

    #[test]
    fn ids_are_read_and_anything_else_is_named() {
        let folder = tempfile::tempdir().expect("a temporary file can be written and read");
        let write = |name: &str, dtype: &'static str, shape: &[usize], values: &[i32]| {
            let path = folder.path().join("in.safetensors");
            let mut writer = Writer::create(&path, &[Plan { name, dtype, shape }])
                .expect("a temporary file can be written and read");
            writer
                .i32s(values)
                .expect("a temporary file can be written and read");
            writer
                .finish()
                .expect("a temporary file can be written and read");
            path
        };
        #[track_caller]
        fn check(path: &Path, expected: &str) {
            let error = read_input_ids(path)
                .expect_err("it was made to fail")
                .to_string();
            assert!(error.ends_with(expected), "{error}");
        }
        assert_eq!(
            read_input_ids(&write("input_ids", "I32", &[3], &[2, 105, 9]))
                .expect("a temporary file can be written and read"),
            [2, 105, 9]
        );
        check(
            &write("ids", "I32", &[1], &[2]),
            "found tensor `input_ids` not found",
        );
        check(
            &write("input_ids", "F32", &[1], &[2]),
            "found `input_ids` of F32 [1]",
        );
        check(
            &write("input_ids", "I32", &[1, 1], &[2]),
            "found `input_ids` of I32 [1, 1]",
        );
        check(&write("input_ids", "I32", &[0], &[]), "found no ids");
        check(
            &write("input_ids", "I32", &[2], &[2, -1]),
            "found the id -1",
        );
    }
}
