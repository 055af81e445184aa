//! What the vision tower is shown of a picture.

use std::path::Path;

use prompt::PanAndScan;

use super::tensors::{Plan, Writer};
use crate::{Assistant, Error, sight};

/// What `lectern eval pixels` was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels<'a> {
    /// PNG, JPEG, WebP, GIF, BMP or TIFF.
    pub image: &'a Path,
    /// How it is also shown in pieces; `None` shows it whole only.
    pub pan_and_scan: Option<PanAndScan>,
    /// safetensors: `pixel_values` (f32 `[n, 3, 896, 896]`), the whole picture first, and `crops`
    /// (i32 `[n - 1, 4]`): left, top, width and height of each piece in the upright picture.
    pub output: &'a Path,
}

impl Assistant {
    /// Writes a picture as the vision tower takes it.
    pub fn eval_pixels(&self, pixels: &Pixels) -> Result<(), Error> {
        let (_, picture) = sight::read_file(pixels.image)?;
        let crops = match &pixels.pan_and_scan {
            Some(how) => prompt::crops(picture.width(), picture.height(), how)?,
            None => Vec::new(),
        };
        let side = documents::SIDE;
        let plans = [
            Plan {
                name: "pixel_values",
                dtype: "F32",
                shape: &[1 + crops.len(), 3, side, side],
            },
            Plan {
                name: "crops",
                dtype: "I32",
                shape: &[crops.len(), 4],
            },
        ];
        let mut writer = Writer::create(pixels.output, &plans)?;
        writer.f32s(&picture.pixels(None))?;
        for crop in &crops {
            writer.f32s(&picture.pixels(Some(sight::area(*crop))))?;
        }
        for crop in &crops {
            let sides = [crop.x, crop.y, crop.width, crop.height];
            writer.i32s(&sides.map(|side| side as i32))?; // a picture's sides fit
        }
        writer.finish()
    }
}
