//! What the vision tower makes of pictures.

use std::path::Path;

use engine::{Engine, PICTURE_TOKENS, Picture};

use super::Precision;
use super::tensors::{Plan, Writer, read_pictures};
use crate::{Assistant, Error};

/// What `lectern eval features` was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Features<'a> {
    /// Name in the models folder, or a path to a GGUF file or Hugging Face folder.
    pub model: &'a str,
    /// The picture tower; `None` is the one in the folder or beside the file.
    pub mmproj: Option<&'a Path>,
    /// safetensors with `pixel_values` (f32 `[n, 3, 896, 896]`).
    pub input: &'a Path,
    /// safetensors: `features` (f32 `[n · 256, hidden]`).
    pub output: &'a Path,
    /// Which arithmetic.
    pub precision: Precision,
}

impl Assistant {
    /// Computes the soft tokens of pictures.
    pub fn eval_features(&self, features: &Features) -> Result<(), Error> {
        let pixels = read_pictures(features.input)?;
        if pixels.is_empty() {
            return Err(Error::Input {
                path: features.input.to_owned(),
                expected: "a safetensors file with `pixel_values` (f32 [n, 3, 896, 896])",
                found: "no pictures".to_owned(),
            });
        }
        let mut engine =
            self.engine_at(features.model, features.mmproj, features.precision, None)?;
        let pictures = encoded(&mut engine, &pixels)?;
        let width = pictures[0].rows.len() / PICTURE_TOKENS;
        let plan = Plan {
            name: "features",
            dtype: "F32",
            shape: &[pictures.len() * PICTURE_TOKENS, width],
        };
        let mut writer = Writer::create(features.output, &[plan])?;
        for picture in &pictures {
            writer.f32s(&picture.rows)?;
        }
        writer.finish()
    }
}

/// The soft tokens of every picture. Their hashes tell them apart within one prompt, which is all there is here.
pub fn encoded(engine: &mut Engine, pixels: &[Vec<f32>]) -> Result<Vec<Picture>, Error> {
    let mut pictures = Vec::with_capacity(pixels.len());
    for (index, pixels) in pixels.iter().enumerate() {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&(index as u64).to_le_bytes());
        let picture = engine.encode_picture(hash, pixels, &|| false, |_, _| {})?;
        pictures.push(picture.expect("nobody stops it"));
    }
    Ok(pictures)
}
