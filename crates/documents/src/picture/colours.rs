//! Whatever a file has for colours, as 8-bit RGB: Pillow's `convert("RGB")`.
//!
//! Transparency is dropped, not blended: what is behind a transparent pixel shows in its own colour.
//! Of 16 bits the upper eight count. Pillow does that too where the picture has colours; 16-bit grey it
//! cuts off at 255, so that nearly all of it is white: there we do as for colours.

use image::ColorType;

/// `samples` as a decoder gives them (of 16 bits in the machine's order), as three bytes a pixel.
///
/// Works in place where the pixels get smaller: a picture is the largest thing there is here.
pub fn to_rgb(samples: Vec<u8>, colours: ColorType) -> Vec<u8> {
    /// Where the upper byte of two is.
    const UPPER: usize = if cfg!(target_endian = "little") { 1 } else { 0 };
    match colours {
        ColorType::Rgb8 => samples,
        ColorType::Rgba8 => shrink(samples, 4, [0, 1, 2]),
        ColorType::Rgb16 => shrink(samples, 6, [0, 2, 4].map(|at| at + UPPER)),
        ColorType::Rgba16 => shrink(samples, 8, [0, 2, 4].map(|at| at + UPPER)),
        ColorType::La16 => shrink(samples, 4, [UPPER; 3]),
        ColorType::L8 => grow(&samples, 1, 0),
        ColorType::La8 => grow(&samples, 2, 0),
        ColorType::L16 => grow(&samples, 2, UPPER),
        ColorType::Rgb32F => from_floats(&samples, 3),
        ColorType::Rgba32F => from_floats(&samples, 4),
        other => unreachable!("no decoder that is built in gives {other:?}"),
    }
}

/// Pixels of `size` bytes, more than three, of which those at `kept` stay.
fn shrink(mut samples: Vec<u8>, size: usize, kept: [usize; 3]) -> Vec<u8> {
    let n_pixels = samples.len() / size;
    for pixel in 0..n_pixels {
        for (channel, at) in kept.into_iter().enumerate() {
            // Never overtakes what is still to be read: a pixel's place moves to the front.
            samples[pixel * 3 + channel] = samples[pixel * size + at];
        }
    }
    samples.truncate(n_pixels * 3);
    samples.shrink_to_fit();
    samples
}

/// Grey pixels of `size` bytes, of which the one at `at` becomes three.
fn grow(samples: &[u8], size: usize, at: usize) -> Vec<u8> {
    let greys = samples.iter().skip(at).step_by(size);
    greys.flat_map(|grey| [*grey; 3]).collect()
}

/// Pixels of `n` floats from 0 to 1, as TIFF files of photographs have them.
fn from_floats(samples: &[u8], n: usize) -> Vec<u8> {
    let (words, _) = samples.as_chunks::<4>();
    let colours = words.chunks_exact(n).flat_map(|pixel| &pixel[..3]);
    colours
        .map(|word| (f32::from_ne_bytes(*word) * 255.0).round() as u8) // saturates; NaN is black
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(colours: ColorType, samples: &[u8], expected: &[u8]) {
        assert_eq!(to_rgb(samples.to_vec(), colours), expected);
    }

    #[test]
    fn every_kind_of_colour_becomes_rgb() {
        check(ColorType::Rgb8, &[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5, 6]);
        check(
            ColorType::Rgba8,
            &[1, 2, 3, 0, 4, 5, 6, 255],
            &[1, 2, 3, 4, 5, 6],
        );
        check(ColorType::L8, &[7, 8], &[7, 7, 7, 8, 8, 8]);
        check(ColorType::La8, &[7, 0, 8, 255], &[7, 7, 7, 8, 8, 8]);
        check(ColorType::Rgb32F, &floats(&[0.0, 0.5, 2.0]), &[0, 128, 255]);
        check(
            ColorType::Rgba32F,
            &floats(&[1.0, -1.0, f32::NAN, 0.0]),
            &[255, 0, 0],
        );
    }

    #[test]
    fn of_sixteen_bits_the_upper_eight_count() {
        let wide = |values: &[u16]| -> Vec<u8> {
            values
                .iter()
                .flat_map(|value| value.to_ne_bytes())
                .collect()
        };
        check(
            ColorType::L16,
            &wide(&[0x12ff, 0xff00]),
            &[0x12, 0x12, 0x12, 255, 255, 255],
        );
        check(
            ColorType::La16,
            &wide(&[0x12ff, 0, 0x34ff, 9]),
            &[0x12, 0x12, 0x12, 0x34, 0x34, 0x34],
        );
        check(
            ColorType::Rgb16,
            &wide(&[0x1234, 0x5678, 0x9abc]),
            &[0x12, 0x56, 0x9a],
        );
        check(
            ColorType::Rgba16,
            &wide(&[0x1234, 0x5678, 0x9abc, 0]),
            &[0x12, 0x56, 0x9a],
        );
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_ne_bytes())
            .collect()
    }
}
