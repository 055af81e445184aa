//! What an engine is given to read: token ids, and pictures where 256 image tokens stand for one.
//!
//! A picture's rows look at each other, so they are read together: a chunk of a prompt ends before a picture, or
//! after it, never inside.

use std::ops::Range;
use std::sync::Arc;

use crate::Error;

/// Soft tokens along a side of a picture.
pub const PICTURE_SIDE: usize = 16;
/// Positions that a picture takes.
pub const PICTURE_TOKENS: usize = PICTURE_SIDE * PICTURE_SIDE;

/// A picture as the model sees it: 256 soft tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Tells pictures apart: what was read of one prompt is used for the next only where these agree.
    pub hash: [u8; 32],
    /// `[256, hidden]`
    pub rows: Arc<[f32]>,
}

impl Picture {
    /// The picture whose soft tokens are `rows`, `[256, hidden]`; `hash` is the caller's, of all that they follow
    /// from: the picture, the crop and the tower.
    pub fn new(hash: [u8; 32], rows: impl Into<Arc<[f32]>>) -> Self {
        Self {
            hash,
            rows: rows.into(),
        }
    }
}

/// Token ids with pictures among them.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// The ids; 256 image tokens in a row for each picture.
    pub ids: &'a [u32],
    /// The pictures in the order of their places.
    pub pictures: &'a [Picture],
}

impl<'a> Prompt<'a> {
    /// A prompt without pictures.
    pub fn text(ids: &'a [u32]) -> Self {
        Self { ids, pictures: &[] }
    }
}

/// A prompt whose pictures have found their places.
#[derive(Debug)]
pub struct Laid<'a> {
    prompt: Prompt<'a>,
    /// Where each picture stands among the ids.
    places: Vec<Range<usize>>,
    /// The position of the first id.
    first: usize,
}

/// Some positions of a prompt, to be read at once.
#[derive(Debug)]
pub struct Chunk<'a> {
    /// What stands there.
    pub rows: Vec<Row<'a>>,
    /// For each row the position after the last that it looks at.
    pub ends: Vec<usize>,
}

/// What stands at one position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Row<'a> {
    /// A row of the embedding table, to be scaled.
    Token(u32),
    /// A row of a picture, as it is.
    Soft(&'a [f32]),
}

impl<'a> Laid<'a> {
    /// Finds the places of the pictures in a prompt that is read from position `first` on.
    pub fn new(
        prompt: Prompt<'a>,
        first: usize,
        image_token: Option<u32>,
        hidden_size: usize,
    ) -> Result<Self, Error> {
        if image_token.is_none() && !prompt.pictures.is_empty() {
            return Err(Error::NoEyes);
        }
        let places = places(prompt.ids, image_token)?;
        if places.len() != prompt.pictures.len() {
            return Err(Error::PictureCount {
                places: places.len(),
                pictures: prompt.pictures.len(),
            });
        }
        for (index, picture) in prompt.pictures.iter().enumerate() {
            if picture.rows.len() != PICTURE_TOKENS * hidden_size {
                return Err(Error::PictureRows {
                    index,
                    found: picture.rows.len(),
                    width: hidden_size,
                });
            }
        }
        Ok(Self {
            prompt,
            places,
            first,
        })
    }

    /// The ids, image tokens among them.
    pub fn ids(&self) -> &'a [u32] {
        self.prompt.ids
    }

    /// Each picture with where it begins among the ids.
    pub fn pictures(&self) -> impl Iterator<Item = (usize, &'a Picture)> {
        let starts = self.places.iter().map(|place| place.start);
        starts.zip(self.prompt.pictures)
    }

    /// The picture that ids before and from `index` on are both part of, if one is.
    pub fn cut_by(&self, index: usize) -> Option<&Range<usize>> {
        let mut places = self.places.iter();
        places.find(|place| place.start < index && index < place.end)
    }

    /// The ids from `from` on in pieces of `len`: less where a picture would be cut, more where one is longer.
    pub fn pieces(&self, from: usize, len: usize) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let mut start = from;
        while start < self.ids().len() {
            let end = self.ids().len().min(start + len);
            let end = match self.cut_by(end) {
                None => end,
                Some(picture) if start < picture.start => picture.start,
                Some(picture) => picture.end,
            };
            pieces.push(start..end);
            start = end;
        }
        pieces
    }

    /// What stands at the ids `piece`.
    pub fn chunk(&self, piece: Range<usize>) -> Chunk<'a> {
        let (mut rows, mut ends) = (Vec::new(), Vec::new());
        for index in piece {
            let place = self.places.iter().position(|place| place.contains(&index));
            match place {
                None => {
                    rows.push(Row::Token(self.ids()[index]));
                    ends.push(self.first + index + 1);
                }
                Some(picture) => {
                    let (place, picture) = (&self.places[picture], &self.prompt.pictures[picture]);
                    let width = picture.rows.len() / PICTURE_TOKENS;
                    let row = &picture.rows[(index - place.start) * width..][..width];
                    rows.push(Row::Soft(row));
                    ends.push(self.first + place.end);
                }
            }
        }
        Chunk { rows, ends }
    }
}

/// The runs of image tokens, each of which must be 256 long.
fn places(ids: &[u32], image_token: Option<u32>) -> Result<Vec<Range<usize>>, Error> {
    let mut places = Vec::new();
    let mut start = 0;
    for run in ids.chunk_by(|a, b| (Some(*a) == image_token) == (Some(*b) == image_token)) {
        if run.first().copied() == image_token {
            if run.len() != PICTURE_TOKENS {
                return Err(Error::PicturePlace {
                    position: start,
                    found: run.len(),
                });
            }
            places.push(start..start + run.len());
        }
        start += run.len();
    }
    Ok(places)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    const IMAGE: u32 = 9;

    /// `texts` with a picture between every two.
    fn ids(texts: &[usize]) -> Vec<u32> {
        let texts: Vec<Vec<u32>> = texts.iter().map(|len| vec![1; *len]).collect();
        texts.join([IMAGE; PICTURE_TOKENS].as_slice())
    }

    fn pictures(n: usize) -> Vec<Picture> {
        let picture = |i: usize| Picture::new([i as u8; 32], vec![i as f32; 2 * PICTURE_TOKENS]);
        (0..n).map(picture).collect()
    }

    #[track_caller]
    fn check_pieces(texts: &[usize], from: usize, len: usize, ends: &[usize]) {
        let (ids, pictures) = (ids(texts), pictures(texts.len() - 1));
        let prompt = Prompt {
            ids: &ids,
            pictures: &pictures,
        };
        let pieces = Laid::new(prompt, 0, Some(IMAGE), 2)
            .unwrap()
            .pieces(from, len);
        assert_eq!(
            pieces.iter().map(|piece| piece.end).collect::<Vec<_>>(),
            ends
        );
        assert!(pieces.windows(2).all(|two| two[0].end == two[1].start));
        assert_eq!(pieces[0].start, from);
    }

    #[test]
    fn no_piece_ends_inside_a_picture() {
        check_pieces(&[10], 0, 4, &[4, 8, 10]);
        check_pieces(&[5, 5], 0, 4, &[4, 5, 261, 265, 266]);
        check_pieces(&[5, 5], 0, 100, &[5, 261, 266]);
        check_pieces(&[5, 5], 5, 1, &[261, 262, 263, 264, 265, 266]);
        check_pieces(&[5, 5], 0, 261, &[261, 266]);
        check_pieces(&[5, 5], 0, 260, &[5, 265, 266]);
        check_pieces(&[5, 2, 3], 0, 300, &[263, 522]);
        check_pieces(&[0, 1, 0], 0, 7, &[256, 257, 513]);
        check_pieces(&[5, 5], 0, 1000, &[266]);
    }

    #[test]
    fn rows_of_a_picture_look_to_its_end() {
        let (ids, pictures) = (ids(&[2, 1, 1]), pictures(2));
        let prompt = Prompt {
            ids: &ids,
            pictures: &pictures,
        };
        let laid = Laid::new(prompt, 100, Some(IMAGE), 2).unwrap();
        let chunk = laid.chunk(0..ids.len());
        assert_eq!(chunk.ends[..3], [101, 102, 358]);
        assert_eq!(chunk.ends[257..260], [358, 359, 615]);
        assert_eq!(chunk.ends[514..], [615, 616]);
        assert_eq!(chunk.rows[1..3], [Row::Token(1), Row::Soft(&[0.0; 2])]);
        assert_eq!(chunk.rows[259], Row::Soft(&[1.0; 2]));
    }

    #[test]
    fn pictures_and_places_must_agree() {
        #[track_caller]
        fn check(ids: &[u32], n: usize, image_token: Option<u32>, hidden: usize, expected: &str) {
            let pictures = pictures(n);
            let prompt = Prompt {
                ids,
                pictures: &pictures,
            };
            let error = Laid::new(prompt, 0, image_token, hidden).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let one = ids(&[3, 3]);
        check(
            &one,
            0,
            Some(IMAGE),
            2,
            "the prompt has places for 1 pictures, and 0 were given",
        );
        check(
            &one,
            2,
            Some(IMAGE),
            2,
            "the prompt has places for 1 pictures, and 2 were given",
        );
        check(
            &one[..100],
            1,
            Some(IMAGE),
            2,
            "the place for a picture at position 3 is 97 tokens long, expected 256",
        );
        check(
            &one,
            1,
            Some(IMAGE),
            3,
            "picture 0 has 512 numbers, expected 256 rows of 3",
        );
        check(
            &one,
            1,
            None,
            2,
            "this model has no eyes: it was loaded without a picture tower",
        );
    }
}
