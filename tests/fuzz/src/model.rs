//! A GGUF file, from its first byte to a word computed with it.

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;

use engine::convert::{Conversion, Format};
use engine::{Engine, Numerics, Prompt, Setup, Weights};
use gguf::Header;

use crate::check_names_file;

/// A model that is whole, for towers to be put beside.
const MODEL: &[u8] = include_bytes!("../corpus/gguf/model");
/// Larger pictures than this would take seconds each, and show nothing new.
const MOST_PIXELS: usize = 3 * 32 * 32;

pub fn read(file: &[u8]) -> bool {
    read_head(file);
    let folder = tempfile::tempdir().expect("room for a file");
    let path = folder.path().join("file.gguf");
    std::fs::write(&path, file).expect("room for a file");
    if let Err(error) = checkpoints::identify(&path) {
        check_names_file(&error, &path);
    }
    let is_model = compute(Weights::open(&path), &path);

    let model = folder.path().join("model.gguf");
    std::fs::write(&model, MODEL).expect("room for a file");
    let is_tower = compute(Weights::open_with(&model, Some(&path)), folder.path());
    is_model || is_tower
}

/// Every range that is given lies in the file, and none in another.
fn read_head(file: &[u8]) {
    let Ok(header) = Header::read(file, file.len() as u64) else {
        return;
    };
    let mut ranges: Vec<_> = header
        .tensors()
        .filter_map(|tensor| tensor.range().ok())
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut end = header.data_start();
    for range in ranges {
        assert!(end <= range.start && range.start < range.end, "{range:?}");
        end = range.end;
    }
    assert!(end <= file.len() as u64 || header.tensors().len() == 0);
}

/// Computes with what was opened at `path`, or in that folder; whether there was anything.
pub fn compute(weights: Result<Weights, engine::Error>, path: &Path) -> bool {
    let computed = weights.and_then(load_and_compute);
    if let Err(error) = &computed {
        check_names_file(error, path);
    }
    computed.is_ok()
}

/// Loads the model, has it read a few words and look at a picture, and converts it, which reads every weight.
fn load_and_compute(weights: Weights) -> Result<(), engine::Error> {
    let config = weights.config();
    let few = config.max_position_embeddings.min(4);
    let setup = Setup {
        numerics: Numerics::Fast,
        threads: NonZeroUsize::MIN,
        level: None,
        chunk: Some(few),
        context_len: Some(few),
        image_token: weights.image_token(),
    };
    let words = [0, config.vocab_size as u32 - 1];
    let words = &words[..few.min(2)];
    let pixels = weights.tower().map(|tower| tower.pixels_len());

    let conversion = Conversion::plan(&weights, Format::Q4_K, Default::default());
    if let Ok(conversion) = conversion {
        let written = conversion.write(&mut io::sink(), NonZeroUsize::MIN, &|| false, |_, _| {});
        written?;
    }
    let mut engine = Engine::load(weights, setup)?;
    // Weights may be anything: that a score is no number is an answer.
    let _ = engine.read(Prompt::text(words), &|| false);
    if let Some(pixels) = pixels.filter(|pixels| *pixels <= MOST_PIXELS) {
        let _ = engine.encode_picture([0; 32], &vec![0.5; pixels], &|| false, |_, _| {});
    }
    Ok(())
}
