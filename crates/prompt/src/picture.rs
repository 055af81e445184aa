//! What a picture takes in a prompt: how many pieces it is shown in, and the words around them.
//!
//! Both follow transformers' Gemma 3 processor (`image_processing_gemma3.py`, `processing_gemma3.py`,
//! version 5.23.0): the model was taught with exactly these words.

use crate::Error;

/// Positions that one view of a picture takes: the whole of it, or one crop.
pub const TOKENS_PER_VIEW: usize = 256;

/// How a wide or tall picture is also shown in pieces, so that small things in it are seen. The usual
/// numbers are the reference's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PanAndScan {
    /// A picture narrower than this many times its height (and the other way) is shown whole only.
    pub min_ratio: f64,
    /// No piece is smaller than this many pixels in either direction.
    pub min_piece: u32,
    /// A picture is shown in at most this many pieces.
    pub max_pieces: u32,
}

impl Default for PanAndScan {
    fn default() -> Self {
        Self {
            min_ratio: 1.2,
            min_piece: 256,
            max_pieces: 4,
        }
    }
}

/// A piece of a picture, in the picture's own pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// Pixels left of it.
    pub x: u32,
    /// Pixels above it.
    pub y: u32,
    /// Its width; the last piece of a row may be narrower than the others.
    pub width: u32,
    /// Its height; the last piece of a column may be lower than the others.
    pub height: u32,
}

/// The pieces that a picture of `width` by `height` pixels is also shown in: one row or one column, in
/// the order in which the model sees them. None if it is shown whole only, because it is nearly
/// square or too small.
pub fn crops(width: u32, height: u32, how: &PanAndScan) -> Result<Vec<Crop>, Error> {
    if width == 0 || height == 0 {
        return Err(Error::EmptyPicture { width, height });
    }
    let (long, short) = (width.max(height), width.min(height));
    let ratio = f64::from(long) / f64::from(short);
    if ratio < how.min_ratio {
        return Ok(Vec::new());
    }
    // Half rounds up, as the reference does with int(ratio + 0.5).
    let wanted = (ratio + 0.5).floor() as u32; // saturates; the next lines bound it
    let pieces = wanted.min(long / how.min_piece.max(1)).max(2);
    let pieces = pieces.min(how.max_pieces).max(1);
    let length = long.div_ceil(pieces);
    if length.min(short) < how.min_piece {
        return Ok(Vec::new());
    }
    // Rounding up may use up the picture before the last piece; the reference would fail there.
    let starts = (0..pieces).filter_map(|piece| piece.checked_mul(length));
    let starts = starts.take_while(|start| *start < long);
    let piece = |start: u32| {
        let length = length.min(long - start);
        // As the reference: of a square picture that is cut nevertheless, side by side.
        if width >= height {
            Crop {
                x: start,
                y: 0,
                width: length,
                height,
            }
        } else {
            Crop {
                x: 0,
                y: start,
                width,
                height: length,
            }
        }
    };
    Ok(starts.map(piece).collect())
}

/// What is written before the whole picture that pieces follow.
pub(crate) const BEFORE_WHOLE: &str = "Here is the original image ";
/// What is written between the whole picture and its pieces.
pub(crate) const BEFORE_PIECES: &str = " and here are some crops to help you see better ";
/// What is written between two pieces.
pub(crate) const BETWEEN_PIECES: &str = " ";

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces as `(x, y, width, height)`.
    #[track_caller]
    fn check_by(how: PanAndScan, width: u32, height: u32, expected: &[(u32, u32, u32, u32)]) {
        let found = crops(width, height, &how).expect("not empty");
        let found: Vec<_> = found
            .iter()
            .map(|c| (c.x, c.y, c.width, c.height))
            .collect();
        assert_eq!(found, expected, "{width} by {height}");
    }

    #[track_caller]
    fn check(width: u32, height: u32, expected: &[(u32, u32, u32, u32)]) {
        check_by(PanAndScan::default(), width, height, expected);
    }

    #[test]
    fn wide_and_tall_pictures_are_cut_along_their_longer_side() {
        check(640, 480, &[(0, 0, 320, 480), (320, 0, 320, 480)]);
        check(480, 640, &[(0, 0, 480, 320), (0, 320, 480, 320)]);
        check(1600, 400, &[0, 400, 800, 1200].map(|x| (x, 0, 400, 400)));
        check(3000, 700, &[0, 750, 1500, 2250].map(|x| (x, 0, 750, 700)));
        check(1280, 720, &[(0, 0, 640, 720), (640, 0, 640, 720)]);
        // 2.5 rounds up, and the last piece is narrower.
        let three = [(0, 0, 834, 1000), (834, 0, 834, 1000), (1668, 0, 832, 1000)];
        check(2500, 1000, &three);
    }

    #[test]
    fn square_and_small_pictures_are_shown_whole() {
        check(4000, 4000, &[]);
        check(1199, 1000, &[]);
        check(100, 90, &[]);
        check(1600, 255, &[]);
        check(510, 300, &[]);
        check(512, 300, &[(0, 0, 256, 300), (256, 0, 256, 300)]);
        check(1, u32::MAX, &[]);
    }

    #[test]
    fn each_parameter_counts() {
        let usual = PanAndScan::default();
        let min_ratio = PanAndScan {
            min_ratio: 1.0,
            ..usual
        };
        check_by(min_ratio, 600, 600, &[(0, 0, 300, 600), (300, 0, 300, 600)]);
        let min_piece = PanAndScan {
            min_piece: 100,
            ..usual
        };
        check_by(min_piece, 300, 150, &[(0, 0, 150, 150), (150, 0, 150, 150)]);
        let max_pieces = PanAndScan {
            max_pieces: 2,
            ..usual
        };
        check_by(
            max_pieces,
            1600,
            400,
            &[(0, 0, 800, 400), (800, 0, 800, 400)],
        );
    }

    #[test]
    fn no_parameter_makes_an_empty_piece_or_too_many() {
        for (min_ratio, min_piece, max_pieces) in [
            (0.0, 0, u32::MAX),
            (f64::NAN, 1, 7),
            (1.0, 1, 0),
            (-1.0, u32::MAX, 1),
        ] {
            let how = PanAndScan {
                min_ratio,
                min_piece,
                max_pieces,
            };
            for (width, height) in [(10, 1), (1, 10), (1, 1), (3, 2), (4001, 1)] {
                let found = crops(width, height, &how).expect("not empty");
                assert!(found.iter().all(|crop| crop.width > 0 && crop.height > 0));
                let area: u64 = found
                    .iter()
                    .map(|c| u64::from(c.width) * u64::from(c.height))
                    .sum();
                assert!(
                    found.is_empty() || area == u64::from(width) * u64::from(height),
                    "{how:?}"
                );
            }
        }
    }

    #[test]
    fn a_picture_without_pixels_is_refused() {
        let usual = PanAndScan::default();
        assert!(crops(0, 5, &usual).is_err() && crops(5, 0, &usual).is_err());
    }
}
