//! Another size for a picture, as torchvision does it on bytes (`resize(…, BILINEAR, antialias=True)`; torch's
//! `UpSampleKernel.cpp`), to the bit: a triangle over so many pixels that none is passed over, first along
//! the rows, then along the columns, in whole numbers, rounded to bytes in between. Pillow does the same
//! with finer weights (`Resample.c`) and differs by one in a byte of hundreds; the reference uses torchvision.
//!
//! Own code because what counts is that rounding; crates for it are made to be fast, and a picture is
//! stretched once for an encoder that takes a thousand times as long.

use image::RgbImage;

use super::Area;

/// The pixels of one direction, old to new.
struct Blends {
    /// Weights are whole numbers of `1 / 2^bits`: as fine as 16 bits with a sign hold the largest.
    bits: u32,
    of: Vec<Blend>,
}

/// The pixels that one new pixel is made of: from `first` on, each with its weight.
struct Blend {
    first: usize,
    weights: Vec<i32>,
}

/// `part` of `picture` at another size: rows from the top, three bytes a pixel.
pub fn stretch(picture: &RgbImage, part: Area, width: usize, height: usize) -> Vec<u8> {
    let columns = Blends::new(part.width as usize, width);
    let rows = Blends::new(part.height as usize, height);
    let stride = 3 * picture.width() as usize;
    let mut sums = vec![rows.half(); height * width * 3];
    let mut narrow = vec![0; width * 3];
    // Each old row is narrowed once, and added to the new rows it is part of; those follow one another.
    let mut begun = 0;
    for y in 0..part.height as usize {
        let start = (part.y as usize + y) * stride + 3 * part.x as usize;
        narrow_row(&picture.as_raw()[start..], &columns, &mut narrow);
        while rows
            .of
            .get(begun)
            .is_some_and(|row| row.first + row.weights.len() <= y)
        {
            begun += 1;
        }
        let touched = rows.of.iter().enumerate().skip(begun);
        for (place, row) in touched.take_while(|(_, row)| row.first <= y) {
            if let Some(weight) = row.weights.get(y - row.first) {
                let sums = &mut sums[place * width * 3..][..width * 3];
                for (sum, value) in sums.iter_mut().zip(&narrow) {
                    *sum += weight * i32::from(*value);
                }
            }
        }
    }
    sums.into_iter().map(|sum| rows.to_byte(sum)).collect()
}

fn narrow_row(row: &[u8], columns: &Blends, narrow: &mut [u8]) {
    let (pixels, _) = row.as_chunks::<3>();
    let (narrow, _) = narrow.as_chunks_mut::<3>();
    for (new, column) in narrow.iter_mut().zip(&columns.of) {
        let mut sums = [columns.half(); 3];
        for (pixel, weight) in pixels[column.first..].iter().zip(&column.weights) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += weight * i32::from(*value);
            }
        }
        *new = sums.map(|sum| columns.to_byte(sum));
    }
}

impl Blends {
    /// torch's `compute_index_ranges_int16_weights`.
    fn new(old_len: usize, new_len: usize) -> Self {
        let exact: Vec<_> = (0..new_len)
            .map(|place| triangle(place, old_len, new_len))
            .collect();
        let weights = exact.iter().flat_map(|(_, weights)| weights);
        let largest = weights.copied().fold(0.0, f64::max);
        let too_large = |bits: &u32| whole(largest, *bits + 1) >= 1 << 15;
        let bits = (0..22).find(too_large).unwrap_or(22);
        let blend = |(first, weights): (usize, Vec<f64>)| Blend {
            first,
            weights: weights
                .into_iter()
                .map(|weight| whole(weight, bits))
                .collect(),
        };
        Self {
            bits,
            of: exact.into_iter().map(blend).collect(),
        }
    }

    /// What is added once so that cutting off rounds.
    fn half(&self) -> i32 {
        1 << (self.bits - 1)
    }

    fn to_byte(&self, sum: i32) -> u8 {
        (sum >> self.bits).clamp(0, 255) as u8
    }
}

fn whole(weight: f64, bits: u32) -> i32 {
    (0.5 + weight * f64::from(1 << bits)) as i32
}

/// The first of the old pixels that the new one at `place` is made of, and their weights, which sum to one.
fn triangle(place: usize, old_len: usize, new_len: usize) -> (usize, Vec<f64>) {
    let scale = old_len as f64 / new_len as f64;
    let reach = scale.max(1.0); // of the triangle to either side, in old pixels
    let centre = (place as f64 + 0.5) * scale;
    let first = (centre - reach + 0.5).max(0.0) as usize;
    let end = ((centre + reach + 0.5) as usize).min(old_len);
    let height = |old: usize| {
        let distance = (old as f64 - centre + 0.5) * (1.0 / reach);
        (1.0 - distance.abs()).max(0.0)
    };
    let mut weights: Vec<f64> = (first..end).map(height).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    (first, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one row, grey, at another width.
    #[track_caller]
    fn check(row: &[u8], width: usize, expected: &[u8]) {
        let part = Area {
            x: 0,
            y: 0,
            width: row.len() as u32,
            height: 1,
        };
        let rgb = row.iter().flat_map(|grey| [*grey; 3]).collect();
        let picture = RgbImage::from_raw(row.len() as u32, 1, rgb).expect("one row");
        let found = stretch(&picture, part, width, 1);
        let greys: Vec<u8> = found.iter().copied().step_by(3).collect();
        assert_eq!(greys, expected);
    }

    /// By Pillow 13, which agrees here: `Image.fromarray(np.array([row], np.uint8)).resize((width, 1), 2)`.
    #[test]
    fn rows_are_stretched_as_pillow_does() {
        check(&[217, 163, 130, 69, 78], 3, &[194, 124, 74]);
        check(&[10, 19, 4], 5, &[10, 14, 19, 10, 4]);
        check(&[44, 208, 166, 233, 128, 155, 248], 2, &[161, 181]);
        check(&[186], 4, &[186, 186, 186, 186]);
        check(
            &[161, 139, 143, 239, 71, 208, 171, 0, 100, 219],
            7,
            &[153, 145, 186, 140, 152, 47, 178],
        );
        check(&[141, 8], 9, &[141, 141, 134, 104, 75, 45, 15, 8, 8]);
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let row: Vec<u8> = (0..=255).collect();
        check(&row, 256, &row);
    }

    #[test]
    fn a_part_knows_nothing_of_what_is_around_it() {
        let picture = RgbImage::from_fn(8, 8, |x, y| {
            match (2..6).contains(&x) && (3..5).contains(&y) {
                true => image::Rgb([9, 99, 200]),
                false => image::Rgb([255, 0, 255]),
            }
        });
        let part = Area {
            x: 2,
            y: 3,
            width: 4,
            height: 2,
        };
        let found = stretch(&picture, part, 7, 5);
        assert!(
            found
                .as_chunks::<3>()
                .0
                .iter()
                .all(|pixel| *pixel == [9, 99, 200])
        );
    }
}
