//! A picture as the model is shown it: upright, in 8-bit RGB, stretched to the square of the vision tower.
//!
//! The reference is transformers' Gemma 3 processor (`image_processing_gemma3.py`, version 5.23.0) over
//! Pillow and torchvision: `ImageOps.exif_transpose`, `convert("RGB")`, resize, `x / 255`, mean and
//! deviation 0.5.

mod colours;
mod kind;
mod stretch;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};

use crate::Error;
use kind::Kind;

/// Pixels along each side of what the vision tower looks at.
pub const SIDE: usize = 896;

/// What a file may have: more than any picture of [`MOST_PIXELS`] that is compressed at all.
pub const MOST_BYTES: usize = 128 << 20;
/// Where Pillow begins to suspect a decompression bomb (`Image.MAX_IMAGE_PIXELS`): above every camera
/// but a few, and a quarter of a gigabyte in RGB.
const MOST_PIXELS: u64 = 89_478_485;
/// What JPEG can have. It bounds the work for a picture that is one pixel wide.
const MOST_SIDE: u32 = 65_535;
/// What decoding may allocate: [`MOST_PIXELS`] in 8-bit RGBA, and a little for tables.
const MOST_ALLOCATED: u64 = 4 * MOST_PIXELS + (64 << 20);
/// How well a preview is kept: above this, one sees no difference.
const PREVIEW_QUALITY: u8 = 90;

/// A part of a picture, in its own pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Pixels left of it.
    pub x: u32,
    /// Pixels above it.
    pub y: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// A decoded picture: upright, without transparency.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    kind: Kind,
    rgb: RgbImage,
}

impl Picture {
    /// Reads a PNG, JPEG, WebP, GIF (its first frame), BMP or TIFF file.
    ///
    /// Sizes are checked before a pixel is decoded: a picture too large is [`Error::TooLarge`].
    pub fn decode(file: &[u8]) -> Result<Self, Error> {
        let kind = Kind::of(file)?;
        if file.len() > MOST_BYTES {
            return Err(Error::TooManyBytes {
                found_bytes: file.len(),
                most_bytes: MOST_BYTES,
            });
        }
        let mut decoder = open(file, kind)?;
        let (width, height) = decoder.dimensions();
        check_size(width, height, decoder.total_bytes())?;
        kind.check_end(file)?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let colours = decoder.color_type();
        let mut samples = vec![0; decoder.total_bytes() as usize]; // bounded by `check_size`
        decoder
            .read_image(&mut samples)
            .map_err(|error| kind.failed(error))?;
        let rgb = colours::to_rgb(samples, colours);
        let rgb = RgbImage::from_raw(width, height, rgb).expect("three samples for each pixel");
        Ok(Self {
            kind,
            rgb: upright(rgb, orientation),
        })
    }

    /// Pixels from left to right, as one looks at it.
    pub fn width(&self) -> u32 {
        self.rgb.width()
    }

    /// Pixels from top to bottom, as one looks at it.
    pub fn height(&self) -> u32 {
        self.rgb.height()
    }

    /// What its file is: "image/png".
    pub fn mime(&self) -> &'static str {
        self.kind.mime()
    }

    /// Rows from the top, three bytes a pixel.
    pub fn rgb(&self) -> &[u8] {
        self.rgb.as_raw()
    }

    /// The picture, or a part of it, as the vision tower takes it: stretched to a square whatever its
    /// shape, `[3, SIDE, SIDE]` from -1 to 1, red first.
    pub fn pixels(&self, part: Option<Area>) -> Vec<f32> {
        let part = self.within(part.unwrap_or(self.whole()));
        let square = stretch::stretch(&self.rgb, part, SIDE, SIDE); // [SIDE, SIDE, 3]
        let value: [f32; 256] = std::array::from_fn(|x| (x as f32 / 255.0 - 0.5) / 0.5);
        let mut pixels = Vec::with_capacity(square.len());
        for channel in 0..3 {
            let of_channel = square.iter().skip(channel).step_by(3);
            pixels.extend(of_channel.map(|x| value[usize::from(*x)]));
        }
        pixels
    }

    /// The picture as a JPEG file that fits into a square of `most` pixels: what people are shown. It
    /// is what the model sees, and no other program has to read bytes that came from outside.
    pub fn preview(&self, most: u32) -> Vec<u8> {
        let longer = u64::from(self.width().max(self.height()));
        let scaled = |side: u32| match longer <= u64::from(most) {
            true => side,
            false => (u64::from(side) * u64::from(most) / longer).max(1) as u32,
        };
        let (width, height) = (scaled(self.width()), scaled(self.height()));
        let small = stretch::stretch(&self.rgb, self.whole(), width as usize, height as usize);
        let mut file = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, PREVIEW_QUALITY)
            .encode(&small, width, height, image::ExtendedColorType::Rgb8)
            .expect("memory takes any file, and the sides fit");
        file
    }

    fn whole(&self) -> Area {
        Area {
            x: 0,
            y: 0,
            width: self.width(),
            height: self.height(),
        }
    }

    /// What of `area` lies in the picture; at least one pixel.
    fn within(&self, area: Area) -> Area {
        let x = area.x.min(self.width() - 1);
        let y = area.y.min(self.height() - 1);
        Area {
            x,
            y,
            width: area.width.clamp(1, self.width() - x),
            height: area.height.clamp(1, self.height() - y),
        }
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        let (width, height) = (self.width(), self.height());
        write!(out, "Picture({}, {width} × {height})", self.mime())
    }
}

fn open(file: &[u8], kind: Kind) -> Result<impl ImageDecoder + '_, Error> {
    let mut reader = ImageReader::with_format(Cursor::new(file), kind.format());
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_ALLOCATED);
    reader.limits(limits);
    reader.into_decoder().map_err(|error| kind.failed(error))
}

fn check_size(width: u32, height: u32, total_bytes: u64) -> Result<(), Error> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MOST_PIXELS || width.max(height) > MOST_SIDE || total_bytes > MOST_ALLOCATED {
        return Err(Error::TooLarge {
            width,
            height,
            most_megapixels: (MOST_PIXELS / 1_000_000) as u32,
            most_side: MOST_SIDE,
        });
    }
    Ok(())
}

fn upright(rgb: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return rgb;
    }
    let mut turned = DynamicImage::ImageRgb8(rgb);
    turned.apply_orientation(orientation);
    turned.into_rgb8() // it is already
}
