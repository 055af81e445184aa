//! What a picture takes in a prompt: how many pieces it is shown in, and the words around them.
//!
//! Both follow transformers' Gemma 3 processor (`image_processing_gemma3.py`, `processing_gemma3.py`,
//! version 5.23.0): the model was taught with exactly these words.

use crate::Error;

/// A picture narrower than this many times its height (and the other way) is shown whole only.
const MIN_RATIO: f64 = 1.2;
/// No piece is smaller than this many pixels in either direction.
const MIN_PIECE: u32 = 256;
/// A picture is shown in at most this many pieces.
const MAX_PIECES: u32 = 4;

/// How a picture is cut for pan and scan: one row or one column of equal pieces, read row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crops {
    /// Pieces side by side.
    pub columns: u32,
    /// Pieces one below the other.
    pub rows: u32,
    /// Pixels from one piece to the next; the last piece of a row may be narrower.
    pub width: u32,
    /// Pixels from one piece to the next; the last piece of a column may be lower.
    pub height: u32,
}

impl Crops {
    /// How many pieces there are, the whole picture not counted.
    pub fn count(&self) -> u32 {
        self.columns * self.rows
    }
}

/// The pieces that a picture of `width` by `height` pixels is also shown in with pan and scan;
/// `None` if it is shown whole only, because it is nearly square or too small.
pub fn crops(width: u32, height: u32) -> Result<Option<Crops>, Error> {
    if width == 0 || height == 0 {
        return Err(Error::EmptyPicture { width, height });
    }
    let (long, short) = (width.max(height), width.min(height));
    let ratio = f64::from(long) / f64::from(short);
    if ratio < MIN_RATIO {
        return Ok(None);
    }
    // Half rounds up, as the reference does with int(ratio + 0.5).
    let wanted = (ratio + 0.5).floor() as u32; // saturates; the next line bounds it
    let pieces = wanted.min(long / MIN_PIECE).clamp(2, MAX_PIECES);
    let length = long.div_ceil(pieces);
    if length.min(short) < MIN_PIECE {
        return Ok(None);
    }
    // A square picture is not cut, so which side is the longer one is never in doubt here.
    Ok(Some(if width >= height {
        Crops {
            columns: pieces,
            rows: 1,
            width: length,
            height,
        }
    } else {
        Crops {
            columns: 1,
            rows: pieces,
            width,
            height: length,
        }
    }))
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

    #[track_caller]
    fn check(width: u32, height: u32, expected: Option<(u32, u32, u32, u32)>) {
        let found = crops(width, height).expect("not empty");
        let found = found.map(|c| (c.columns, c.rows, c.width, c.height));
        assert_eq!(found, expected, "{width} by {height}");
    }

    #[test]
    fn wide_and_tall_pictures_are_cut_along_their_longer_side() {
        check(640, 480, Some((2, 1, 320, 480)));
        check(480, 640, Some((1, 2, 480, 320)));
        check(1600, 400, Some((4, 1, 400, 400)));
        check(3000, 700, Some((4, 1, 750, 700)));
        check(1280, 720, Some((2, 1, 640, 720)));
        check(2500, 1000, Some((3, 1, 834, 1000))); // 2.5 rounds up, the last piece is narrower
    }

    #[test]
    fn square_and_small_pictures_are_shown_whole() {
        check(4000, 4000, None);
        check(1199, 1000, None);
        check(100, 90, None);
        check(1600, 255, None);
        check(510, 300, None);
        check(512, 300, Some((2, 1, 256, 300)));
        check(1, u32::MAX, None);
    }

    #[test]
    fn a_picture_without_pixels_is_refused() {
        assert!(crops(0, 5).is_err() && crops(5, 0).is_err());
    }
}
