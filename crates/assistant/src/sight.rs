//! Looking: pictures become what the model reads in their places.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use documents::{Area, Picture as Decoded};
use library::PictureId;
use prompt::{Crop, TOKENS_PER_VIEW};
use sha2::{Digest, Sha256};

use crate::embeddings::Hash;
use crate::loaded::Loaded;
use crate::{Assistant, Error};

/// How pictures become pixels. Another number whenever that changes: what was seen before is not used then.
const PREPARED: &[u8] = b"lectern picture 1";
/// How much of a file of weights is looked at to tell it from others.
const SAMPLES: u64 = 1024;
const SAMPLE_BYTES: usize = 256;

/// One look at a picture: the whole of it, or a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub picture: PictureId,
    pub crop: Option<Crop>,
}

impl View {
    /// The looks that one picture takes, in the prompt's order.
    pub fn all_of(picture: PictureId, crops: &[Crop]) -> impl Iterator<Item = Self> {
        let crops = crops.iter().copied().map(Some);
        let whole = std::iter::once(None);
        whole.chain(crops).map(move |crop| Self { picture, crop })
    }

    fn hash(&self, tower: &Hash) -> Hash {
        let mut hash = Sha256::new();
        hash.update(PREPARED);
        hash.update(tower);
        hash.update(self.picture.0);
        if let Some(Crop {
            x,
            y,
            width,
            height,
        }) = self.crop
        {
            for side in [x, y, width, height] {
                hash.update(side.to_le_bytes());
            }
        }
        hash.finalize().into()
    }
}

/// How far looking is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Looking {
    /// Which look it is, from 1 on, of those that have to be taken.
    pub view: u32,
    /// How many have to be taken; those known from before are not among them.
    pub views: u32,
    /// From 0 to 1, over all of them.
    pub share: f64,
    /// At the speed so far; `None` until there is one.
    pub seconds_left: Option<f64>,
}

impl Assistant {
    /// Has the model look at what it has not seen yet; `None` if `stop` was set meanwhile. What was seen
    /// until then is kept.
    pub(crate) fn look(
        &self,
        loaded: &mut Loaded,
        views: &[View],
        open: impl Fn(PictureId) -> Result<Decoded, Error>,
        stop: &AtomicBool,
        mut on_progress: impl FnMut(Looking),
    ) -> Result<Option<Vec<engine::Picture>>, Error> {
        if views.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let tower = loaded.tower()?;
        let len = TOKENS_PER_VIEW * loaded.hidden_size;
        let hashes: Vec<Hash> = views.iter().map(|view| view.hash(&tower)).collect();
        let known = |hash| self.inner.embeddings.get(hash, len, self.now_ms());
        let mut seen: Vec<Option<Arc<[f32]>>> = hashes.iter().map(known).collect();

        let n_new = seen.iter().filter(|rows| rows.is_none()).count();
        let mut pace = Pace::new(n_new as u32);
        let mut opened: Option<(PictureId, Decoded)> = None; // the pieces of a picture follow one another
        for place in 0..views.len() {
            if seen[place].is_some() {
                continue;
            }
            // The same look twice in one prompt is taken once.
            let twin = hashes[..place]
                .iter()
                .position(|hash| *hash == hashes[place]);
            if let Some(twin) = twin {
                seen[place] = seen[twin].clone();
                pace.taken();
                continue;
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let View { picture, crop } = views[place];
            on_progress(pace.at(0, 1));
            if opened.as_ref().is_none_or(|(of, _)| *of != picture) {
                opened = Some((picture, open(picture)?));
            }
            let pixels = opened
                .as_ref()
                .map(|(_, opened)| opened.pixels(crop.map(area)));
            let pixels = pixels.expect("it was just opened");
            let stopped = || stop.load(Ordering::Relaxed);
            let encoded =
                loaded
                    .engine
                    .encode_picture(hashes[place], &pixels, &stopped, |done, total| {
                        on_progress(pace.at(done, total));
                    })?;
            let Some(encoded) = encoded else {
                return Ok(None);
            };
            pace.taken();
            let embeddings = &self.inner.embeddings;
            embeddings.put(&hashes[place], &encoded.rows, self.now_ms());
            seen[place] = Some(encoded.rows);
        }
        let seen = seen
            .into_iter()
            .map(|rows| rows.expect("each was looked at"));
        let pictures = hashes.into_iter().zip(seen);
        Ok(Some(
            pictures
                .map(|(hash, rows)| engine::Picture::new(hash, rows))
                .collect(),
        ))
    }
}

/// A picture of a file that is not kept.
pub fn read_file(path: &Path) -> Result<(PictureId, Decoded), Error> {
    let file = read(path).map_err(|source| Error::io("read", path, source))?;
    let picture = Decoded::decode(&file).map_err(|source| Error::PictureFile {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    Ok((PictureId::of(&file), picture))
}

/// One byte more than is decoded tells that it is too long.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let most = documents::MOST_BYTES as u64 + 1;
    File::open(path)?.take(most).read_to_end(&mut file)?;
    Ok(file)
}

pub fn area(crop: Crop) -> Area {
    let Crop {
        x,
        y,
        width,
        height,
    } = crop;
    Area {
        x,
        y,
        width,
        height,
    }
}

/// Tells the tower at `path`, a file or a folder of weights, from every other: by its files' lengths and
/// by samples from all over them. One that was trained on, or converted otherwise, differs nearly everywhere.
pub fn tower_hash(path: &Path) -> Result<Hash, Error> {
    let failed = |source| Error::io("read", path, source);
    let mut files: Vec<PathBuf> = vec![path.to_owned()];
    if path.is_dir() {
        let entries = fs::read_dir(path).map_err(failed)?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        files = paths
            .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
            .collect();
        files.sort();
    }
    let mut hash = Sha256::new();
    for file in files {
        sample(&file, &mut hash).map_err(failed)?;
    }
    Ok(hash.finalize().into())
}

fn sample(path: &Path, hash: &mut Sha256) -> io::Result<()> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    hash.update(len.to_le_bytes());
    let last = len.saturating_sub(SAMPLE_BYTES as u64);
    for place in 0..SAMPLES {
        file.seek(SeekFrom::Start(
            (u128::from(last) * u128::from(place) / u128::from(SAMPLES - 1)) as u64,
        ))?;
        let mut bytes = Vec::with_capacity(SAMPLE_BYTES);
        file.by_ref()
            .take(SAMPLE_BYTES as u64)
            .read_to_end(&mut bytes)?;
        hash.update(bytes);
    }
    Ok(())
}

/// How long looking takes. Every look takes as long as any other.
struct Pace {
    begun: Instant,
    taken: u32,
    views: u32,
}

impl Pace {
    fn new(views: u32) -> Self {
        Self {
            begun: Instant::now(),
            taken: 0,
            views,
        }
    }

    fn at(&self, done: usize, total: usize) -> Looking {
        self.at_after(done, total, self.begun.elapsed().as_secs_f64())
    }

    fn at_after(&self, done: usize, total: usize, seconds: f64) -> Looking {
        let share = f64::from(self.taken) + done as f64 / total.max(1) as f64;
        let share = share / f64::from(self.views.max(1));
        Looking {
            view: self.taken + 1,
            views: self.views,
            share,
            seconds_left: (share > 0.0).then(|| seconds / share * (1.0 - share)),
        }
    }

    fn taken(&mut self) {
        self.taken += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_told_apart_by_all_they_follow_from() {
        let crop = Crop {
            x: 1,
            y: 2,
            width: 3,
            height: 4,
        };
        let view = |picture, crop| View {
            picture: PictureId([picture; 32]),
            crop,
        };
        let moved = Crop { x: 2, y: 1, ..crop };
        let looks = [
            view(1, None).hash(&[1; 32]),
            view(2, None).hash(&[1; 32]),
            view(1, None).hash(&[2; 32]),
            view(1, Some(crop)).hash(&[1; 32]),
            view(1, Some(moved)).hash(&[1; 32]),
        ];
        for (place, look) in looks.iter().enumerate() {
            assert!(!looks[..place].contains(look), "{place}");
        }
        assert_eq!(view(1, None).hash(&[1; 32]), looks[0]);
    }

    #[test]
    fn a_tower_is_told_apart_by_what_is_in_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).expect("it can be written");
            path
        };
        let hash = |path: &Path| tower_hash(path).expect("it can be read");
        let weights: Vec<u8> = (0..300_000u32).map(|i| ((i * 31) >> 3) as u8).collect();
        let a = write("a.safetensors", &weights);
        let same = write("b.gguf", &weights);
        let other: Vec<u8> = weights.iter().map(|byte| byte ^ 1).collect();
        let other = write("c.gguf", &other);
        let longer = write("d.gguf", &[&weights[..], &[0]].concat());
        let empty = write("e.gguf", &[]);
        assert_eq!(hash(&a), hash(&same));
        assert_ne!(hash(&a), hash(&other));
        assert_ne!(hash(&a), hash(&longer));
        assert_ne!(hash(&a), hash(&empty));
        assert_eq!(
            hash(folder.path()),
            hash(&a),
            "of a folder, its safetensors"
        );
    }

    #[test]
    fn time_left_follows_from_the_looks_so_far() {
        let mut pace = Pace::new(4);
        assert_eq!(pace.at_after(0, 27, 0.0).seconds_left, None);
        assert_eq!(pace.at_after(1, 2, 5.0).seconds_left, Some(35.0));
        pace.taken();
        let looking = pace.at_after(0, 1, 10.0);
        assert_eq!((looking.view, looking.views, looking.share), (2, 4, 0.25));
        assert_eq!(looking.seconds_left, Some(30.0));
    }
}
