//! One model in the many forms that people have it in: what it computes stays the same.

use std::fs;
use std::path::Path;

use engine::{Engine, Numerics, Weights};
use gguf::{Part, TensorType, Value};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tempfile::TempDir;

use crate::golden::{Expected, Form, largest_difference, path, scores, setup};
use crate::written::{File, Tensor};

const TOLERANCE: f32 = 5e-4;
const TABLE: &str = "token_embd.weight";

fn load(path: &Path) -> Engine {
    Engine::load(Weights::open(path).unwrap(), setup(Numerics::Exact, None)).unwrap()
}

/// How far the logits of the model at `path` are from those of the reference, at most.
fn off(path: &Path, model: &str) -> f32 {
    let expected = Expected::read(model);
    let found = scores(&mut load(path), &expected.ids("short.input_ids"));
    largest_difference(&found, &expected.numbers("short.logits"))
}

/// Writes `file` as a model in `count` parts and says where they are; the first has metadata and no tensors, as
/// llama.cpp's `--no-tensor-first-split` makes it.
fn write_parts(file: File, folder: &Path, count: u16) -> Vec<std::path::PathBuf> {
    let part = Part {
        model: "tiny".to_owned(),
        number: 1,
        count: count.into(),
    };
    let paths: Vec<_> = part.all().map(|name| folder.join(name)).collect();
    let n_tensors = file.tensors.len();
    let mut parts: Vec<File> = paths.iter().map(|_| File::default()).collect();
    parts[0].metadata = file.metadata;
    let later = paths.len() - 1;
    for (i, tensor) in file.tensors.into_iter().enumerate() {
        parts[1 + i * later / n_tensors].tensors.push(tensor);
    }
    for (number, (part, path)) in parts.iter_mut().zip(&paths).enumerate() {
        let said = [
            ("split.no", Value::U16(number as u16)),
            ("split.count", Value::U16(count)),
            ("split.tensors.count", Value::I32(n_tensors as i32)),
        ];
        let said = said.map(|(key, value)| (key.to_owned(), value));
        part.metadata.extend(said);
        part.write(path);
    }
    paths
}

/// The model at `path` is refused with these words, in which PATH stands for `folder`.
#[track_caller]
fn check_refused(path: &Path, folder: &Path, expected: &str) {
    let error = Weights::open(path).expect_err("it cannot be opened");
    let words = error.to_string();
    assert_eq!(
        words.replace(&folder.display().to_string(), "PATH"),
        expected
    );
}

#[test]
fn a_gguf_model_may_lie_in_parts() {
    let folder = TempDir::new().unwrap();
    let whole = File::read(&path("tiny-text", Form::Gguf));
    let paths = write_parts(whole, folder.path(), 3);
    for part in &paths {
        assert!(off(part, "tiny-text") <= TOLERANCE, "by any of its parts");
    }

    let (second, third) = (&paths[1], &paths[2]);
    let aside = folder.path().join("aside");
    fs::rename(third, &aside).unwrap();
    check_refused(
        second,
        folder.path(),
        "PATH/tiny-00003-of-00003.gguf is missing: it is part 3 of 3 of a model",
    );
    fs::copy(second, third).unwrap();
    check_refused(
        &paths[0],
        folder.path(),
        "PATH/tiny-00003-of-00003.gguf: split.no and split.count is 1 and 3, expected what the file's name says \
         (split.no counts from 0)",
    );
    fs::rename(&aside, third).unwrap();
    let alone = folder.path().join("alone.gguf");
    fs::copy(second, &alone).unwrap();
    check_refused(
        &alone,
        folder.path(),
        "PATH/alone.gguf: split.count is 3, expected the number at the end of the file's name (…-00001-of-00003.gguf)",
    );

    let mut fewer = File::read(third);
    fewer.tensors.pop();
    fewer.write(third);
    let n = Weights::open(&path("tiny-text", Form::Gguf)).unwrap();
    let n = n.header().unwrap().tensors().len();
    check_refused(
        second,
        folder.path(),
        &format!(
            "PATH/tiny-00001-of-00003.gguf: split.tensors.count is {n}, expected the number of tensors in all parts"
        ),
    );
}

/// As in Google's QAT files, whose table of embeddings is f16 where all else is Q4_0.
#[test]
fn the_table_may_be_of_another_type_than_the_rest() {
    let folder = TempDir::new().unwrap();
    let path_of = folder.path().join("qat.gguf");
    let mut file = File::read(&path("tiny-text", Form::Gguf));
    // bfloat16 has fewer digits, and no weight is too small for f16's range: nothing is lost.
    let table = file.tensor(TABLE);
    assert_eq!(table.kind, TensorType::BF16);
    let wide = table.bytes.as_chunks().0.iter();
    let wide =
        wide.map(|bytes: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16));
    table.bytes = wide.flat_map(half_bytes).collect();
    table.kind = TensorType::F16;
    file.write(&path_of);
    let off = off(&path_of, "tiny-text");
    assert!(off <= TOLERANCE, "off by {off}");
}

/// f16, rounded to nearest; what it cannot hold is none of a small random model's weights.
fn half_bytes(x: f32) -> [u8; 2] {
    let bits = x.to_bits();
    let (sign, exponent) = (
        (bits >> 16) as u16 & 0x8000,
        (bits >> 23 & 0xff) as i32 - 127,
    );
    let value = if exponent < -14 {
        (x.abs() * 2f32.powi(24)).round() as u16 // a multiple of the smallest
    } else {
        assert!(exponent <= 15, "{x}");
        assert_eq!(bits & 0x1fff, 0, "bfloat16 has fewer digits");
        ((exponent + 15) as u16) << 10 | (bits >> 13) as u16 & 0x3ff
    };
    (sign | value).to_le_bytes()
}

/// 262,208 rows for 262,144 tokens: llama.cpp's converter cuts what is beyond, others keep it.
#[test]
fn the_table_may_have_rows_beyond_the_tokens() {
    let folder = TempDir::new().unwrap();
    let path_of = folder.path().join("more.gguf");
    let mut file = File::read(&path("tiny-text", Form::Gguf));
    let table: &mut Tensor = file.tensor(TABLE);
    let row_bytes = table.bytes.len() / table.shape[0] as usize;
    let first_rows = table.bytes[..64 * row_bytes].to_vec();
    table.bytes.extend(first_rows);
    table.shape[0] += 64;
    file.write(&path_of);

    let expected = Expected::read("tiny-text");
    let mut engine = load(&path_of);
    assert_eq!(engine.vocabulary_len(), 512 + 64);
    let found = scores(&mut engine, &expected.ids("short.input_ids"));
    let within: Vec<f32> = found
        .chunks(576)
        .flat_map(|row| row[..512].to_vec())
        .collect();
    let off = largest_difference(&within, &expected.numbers("short.logits"));
    assert!(off <= TOLERANCE, "off by {off}");
    for row in found.chunks(576) {
        assert!(
            largest_difference(&row[512..], &row[..64]) <= 1e-6,
            "the rows are computed as well"
        );
    }
}

/// F8_E4M3 with a scale a matrix or a row, under either of the names that checkpoints have for it.
#[test]
fn folders_may_hold_8_bit_floats_with_scales() {
    let bytes = fs::read(path("tiny-text", Form::Folder).join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    for (suffix, per_row) in [("_scale", true), ("_scale_inv", false)] {
        let folder = TempDir::new().unwrap();
        let config = path("tiny-text", Form::Folder).join("config.json");
        fs::copy(config, folder.path().join("config.json")).unwrap();
        let (mut eight, mut plain) = (Vec::new(), Vec::new());
        for (name, tensor) in tensors.tensors() {
            let shape = tensor.shape().to_vec();
            if shape.len() != 2 || name.contains("embed") {
                eight.push((
                    name.clone(),
                    Dtype::BF16,
                    shape.clone(),
                    tensor.data().to_vec(),
                ));
                plain.push((name, Dtype::BF16, shape, tensor.data().to_vec()));
                continue;
            }
            // Any bytes that are numbers, times scales that f32 multiplies without rounding.
            let rows = shape[0];
            let bytes: Vec<u8> = tensor
                .data()
                .chunks(2)
                .map(|pair| (pair[0] & 0x9f) | 0x20)
                .collect();
            let scale = |row: usize| 2f32.powi(-6 - if per_row { (row % 3) as i32 } else { 0 });
            let values = bytes.chunks(shape[1]).enumerate().flat_map(|(row, bytes)| {
                bytes
                    .iter()
                    .flat_map(move |byte| (e4m3(*byte) * scale(row)).to_le_bytes())
            });
            plain.push((name.clone(), Dtype::F32, shape.clone(), values.collect()));
            let n = if per_row { rows } else { 1 };
            let scales = (0..n).flat_map(|row| scale(row).to_le_bytes()).collect();
            let scales_shape = if per_row { vec![rows, 1] } else { vec![] };
            eight.push((format!("{name}{suffix}"), Dtype::F32, scales_shape, scales));
            eight.push((name, Dtype::F8_E4M3, shape, bytes));
        }
        let mut found = [eight, plain].map(|tensors| {
            let views = tensors.iter().map(|(name, dtype, shape, data)| {
                (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
            });
            let file = folder.path().join("model.safetensors");
            safetensors::serialize_to_file(views, None, &file).unwrap();
            let ids = Expected::read("tiny-text").ids("short.input_ids");
            scores(&mut load(folder.path()), &ids)
        });
        let [eight, plain] = &mut found;
        let off = largest_difference(eight, plain);
        assert!(off <= 1e-4, "{suffix}: off by {off}");
    }
}

/// The number that a byte is in the format E4M3 (OCP 8-bit floating point): exponents below the first are multiples
/// of 2⁻⁹.
fn e4m3(byte: u8) -> f32 {
    let (exponent, digits) = (i32::from(byte >> 3 & 15), f32::from(byte & 7));
    let magnitude = match exponent {
        0 => digits * 2f32.powi(-9),
        _ => (1.0 + digits / 8.0) * 2f32.powi(exponent - 7),
    };
    if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}
