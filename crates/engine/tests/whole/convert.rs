//! A checkpoint in another format is the same model, as far as the format can say it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use engine::convert::{Conversion, Format};
use engine::{Engine, Error, Numerics, Weights};
use gguf::TensorType;
use kernels::block::{BlockType, dequantise};
use tempfile::TempDir;

use crate::golden::{Expected, Form, largest_difference, path, scores, setup};
use crate::written::{File, Tensor};

fn convert(source: &Path, to: Format, out: &Path) {
    let weights = Weights::open(source).unwrap();
    let conversion = Conversion::plan(&weights, to, BTreeMap::new()).unwrap();
    let (mut file, mut heard) = (Vec::new(), Vec::new());
    let threads = NonZeroUsize::new(2).unwrap();
    let on_progress = |done, total| heard.push((done, total));
    let is_done = conversion
        .write(&mut file, threads, &|| false, on_progress)
        .unwrap();
    let len = conversion.file_len();
    assert!(is_done && file.len() as u64 == len);
    assert!(heard.is_sorted() && heard.last() == Some(&(len, len)));
    fs::write(out, file).unwrap();
}

fn numbers(kind: TensorType, bytes: &[u8], n: usize) -> Vec<f32> {
    let block = match kind {
        TensorType::F32 => BlockType::F32,
        TensorType::BF16 => BlockType::BF16,
        TensorType::F8_E4M3 => BlockType::F8_E4M3,
        TensorType::Q4_0 => BlockType::Q4_0,
        TensorType::Q5_0 => BlockType::Q5_0,
        TensorType::Q8_0 => BlockType::Q8_0,
        other => panic!("{other} is not what tiny models become"),
    };
    let mut numbers = vec![0.0; n];
    dequantise(block, bytes, &mut numbers);
    numbers
}

/// How far the weights of `made` are from those of `original`, root mean square against root mean square.
fn relative_error(original: &File, made: &File) -> f64 {
    let (mut errors, mut squares) = (0.0, 0.0);
    for tensor in &original.tensors {
        let n = tensor.shape.iter().product::<u64>() as usize;
        let named = |name: &str| made.tensors.iter().find(|tensor| tensor.name == name);
        let twin = named(&tensor.name).unwrap();
        assert_eq!(twin.shape, tensor.shape, "{}", tensor.name);
        let expected = numbers(tensor.kind, &tensor.bytes, n);
        let mut found = numbers(twin.kind, &twin.bytes, n);
        if tensor.shape.len() == 1 {
            assert_eq!(found, expected, "norms stay as they are");
            continue;
        }
        if let Some(scales) = named(&format!("{}_scale", tensor.name)) {
            let rows = tensor.shape[0] as usize;
            let scales = numbers(scales.kind, &scales.bytes, rows);
            for (row, scale) in found.chunks_mut(n / rows).zip(scales) {
                row.iter_mut().for_each(|value| *value *= scale);
            }
        }
        for (found, expected) in found.iter().zip(expected) {
            errors += f64::from(found - expected).powi(2);
            squares += f64::from(expected).powi(2);
        }
    }
    (errors / squares).sqrt()
}

/// From either form, in every format. What is lost for normally distributed weights follows from the formats: the
/// largest of 32 is at 2 standard deviations and steps are an eighth of that (Q4_0), a sixteenth (Q5_0, which K
/// formats become where rows are not multiples of 256), a 127th (Q8_0), an error is a step / √12; of an 8-bit float
/// the last of three binary digits is rounded.
#[test]
fn weights_lose_what_the_format_cannot_say() {
    let folder = TempDir::new().unwrap();
    let made = folder.path().join("made.gguf");
    for model in ["tiny-text", "tiny-mm", "tiny-27b"] {
        let original = File::read(&path(model, Form::Gguf));
        for form in [Form::Gguf, Form::Folder] {
            for (to, most) in [
                (Format::BF16, 0.0),
                (Format::Q8_0, 0.007),
                (Format::Q6_K, 0.007),
                (Format::F8, 0.03),
                (Format::Q4_K, 0.05),
                (Format::Q4_0, 0.1),
            ] {
                convert(&path(model, form), to, &made);
                let off = relative_error(&original, &File::read(&made));
                println!("{model} {form:?} {}: {off:.4}", to.name());
                assert!(
                    off <= most && (off > most / 3.0 || most == 0.0),
                    "{model} {form:?} {}: off by {off}",
                    to.name()
                );
            }
        }
    }
}

/// The same file with float32 for every weight: what they are, scales and all.
fn spelt_out(made: &File) -> File {
    let (mut tensors, mut scales) = (Vec::new(), Vec::new());
    for tensor in &made.tensors {
        let n = tensor.shape.iter().product::<u64>() as usize;
        let numbers = numbers(tensor.kind, &tensor.bytes, n);
        match tensor.name.strip_suffix("_scale") {
            Some(name) => scales.push((name, numbers)),
            None => tensors.push((tensor, numbers)),
        }
    }
    let tensors = tensors.into_iter().map(|(tensor, mut numbers)| {
        if let Some((_, scales)) = scales.iter().find(|(name, _)| *name == tensor.name) {
            let cols = numbers.len() / scales.len();
            for (row, scale) in numbers.chunks_mut(cols).zip(scales) {
                row.iter_mut().for_each(|number| *number *= scale);
            }
        }
        Tensor {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            kind: TensorType::F32,
            bytes: numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    });
    File {
        metadata: made.metadata.clone(),
        tensors: tensors.collect(),
    }
}

/// A new file gives the numbers of the weights that are in it; in 16 bits they are the reference's.
#[test]
fn a_converted_model_computes_with_what_it_says() {
    const TOLERANCE: f32 = 5e-4;
    let folder = TempDir::new().unwrap();
    let (made, plain) = (folder.path().join("1.gguf"), folder.path().join("2.gguf"));
    for model in ["tiny-text", "tiny-mm", "tiny-27b"] {
        let expected = Expected::read(model);
        let ids = expected.ids("short.input_ids");
        let compute = |path: &Path| {
            let weights = Weights::open(path).unwrap();
            let mut engine = Engine::load(weights, setup(Numerics::Exact, None)).unwrap();
            scores(&mut engine, &ids)
        };
        for to in Format::ALL {
            convert(&path(model, Form::Folder), to, &made);
            spelt_out(&File::read(&made)).write(&plain);
            let found = compute(&made);
            let off = largest_difference(&found, &compute(&plain));
            assert!(off <= TOLERANCE, "{model} {}: off by {off}", to.name());
            if to == Format::BF16 {
                let off = largest_difference(&found, &expected.numbers("short.logits"));
                assert!(off <= TOLERANCE, "{model}: off by {off}");
            }
        }
    }
}

/// What was converted can be converted again, also from 8-bit floats with their scales.
#[test]
fn a_converted_model_can_be_converted_again() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (folder.path().join("1.gguf"), folder.path().join("2.gguf"));
    convert(&path("tiny-text", Form::Folder), Format::F8, &first);
    convert(&first, Format::Q8_0, &second);
    let original = File::read(&path("tiny-text", Form::Gguf));
    let off = relative_error(&original, &File::read(&second));
    assert!(off <= 0.03, "off by {off}");
}

#[test]
fn a_conversion_can_be_stopped_and_fails_where_the_file_does() {
    let weights = Weights::open(&path("tiny-text", Form::Gguf)).unwrap();
    let conversion = Conversion::plan(&weights, Format::Q8_0, BTreeMap::new()).unwrap();
    let written = Cell::new(0);
    let stop = || written.get() > conversion.file_len() / 2;
    let one = NonZeroUsize::MIN;
    let is_done = conversion.write(&mut Vec::new(), one, &stop, |done, _| written.set(done));
    assert!(!is_done.unwrap());
    assert!(written.get() < conversion.file_len());

    let mut small = [0; 1000];
    let refused = conversion.write(&mut &mut small[..], one, &|| false, |_, _| {});
    assert!(matches!(refused, Err(Error::Write(_))), "{refused:?}");
}
