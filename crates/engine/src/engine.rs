//! A loaded model with its cache.

use std::num::NonZeroUsize;
use std::ops::Range;

use candle_core::Tensor;
use kernels::cpu::{Cpu, Level};

use crate::cache::{Cache, DEFAULT_CHUNK};
use crate::likeliest::Likeliest;
use crate::model::Model;
use crate::ops::Ops;
use crate::prompt::{Chunk, Laid, PICTURE_TOKENS, Row};
use crate::sampling::Sampler;
use crate::tower::Tower;
use crate::{Error, Picture, Prompt, Weights};

/// Rows of scores made at once by [`Engine::logits`]: 128 rows of Gemma's vocabulary are 134 MB.
const ROWS_AT_ONCE: usize = 128;

/// Which arithmetic the forward pass uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numerics {
    /// float32 throughout, embedding scale not rounded: the arithmetic of the reference. Slow.
    Exact,
    /// Our kernels, embedding scale rounded as in training: what a chat uses.
    Fast,
}

/// What the caller decides about a loaded model.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// Which arithmetic.
    pub numerics: Numerics,
    /// How many threads compute, the calling one included. (`Exact` computes on as many as candle chooses.)
    pub threads: NonZeroUsize,
    /// Forces a CPU path by name ("scalar", "avx2"); `None` takes the best this CPU has.
    pub level: Option<&'a str>,
    /// Positions read at once; `None` is the engine's own choice.
    pub chunk: Option<usize>,
    /// Positions the context may hold; `None` is what the model was trained for.
    pub context_len: Option<usize>,
    /// The id that stands 256 times in a row where a picture goes; `None` where there are no pictures.
    pub image_token: Option<u32>,
}

/// A model that is ready to read and write, and what it remembers.
#[derive(Debug)]
pub struct Engine {
    model: Model,
    tower: Option<Tower>,
    ops: Ops,
    cache: Cache,
    /// What the cache holds.
    ids: Vec<u32>,
    /// The pictures among them, in order.
    pictures: Vec<Held>,
    /// What the model made of the last position read: `[1, hidden]`.
    last: Option<Tensor>,
    /// Scores of tokens, kept for the memory.
    scores: Vec<f32>,
    likeliest: Likeliest,
    chunk: usize,
    context_len: usize,
    vocabulary_len: usize,
    hidden_size: usize,
    image_token: Option<u32>,
}

/// A picture in the cache.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Held {
    first: usize,
    hash: [u8; 32],
}

impl Engine {
    /// Makes a model ready. Nothing is read yet: the weights come from the disk as they are touched.
    pub fn load(weights: Weights, setup: Setup) -> Result<Self, Error> {
        let config = weights.config();
        let chunk = setup.chunk.unwrap_or(DEFAULT_CHUNK);
        let context_len = setup.context_len.unwrap_or(config.max_position_embeddings);
        check_range("the chunk", chunk, config.max_position_embeddings)?;
        check_range("the context", context_len, config.max_position_embeddings)?;
        // A picture is read at once, however short chunks are.
        let longest = match setup.image_token {
            Some(_) => chunk.max(PICTURE_TOKENS),
            None => chunk,
        };
        let cpu = Cpu::new(level(setup.level)?, setup.threads);
        Ok(Self {
            model: Model::load(&weights, setup.numerics)?,
            tower: Tower::load(&weights)?,
            ops: Ops::new(setup.numerics, cpu),
            cache: Cache::new(config, setup.numerics, context_len, longest),
            ids: Vec::new(),
            pictures: Vec::new(),
            last: None,
            scores: Vec::new(),
            likeliest: Likeliest::default(),
            chunk,
            context_len,
            vocabulary_len: config.vocab_size,
            hidden_size: config.hidden_size,
            image_token: setup.image_token,
        })
    }

    /// Whether it can look at pictures: there is a tower, and an id to stand for them.
    pub fn has_eyes(&self) -> bool {
        self.tower.is_some() && self.image_token.is_some()
    }

    /// The soft tokens of `pixels`, `[3, height, width]` in [-1, 1], under the caller's `hash`; `None` if `stop`
    /// said so, which is asked before every layer. `on_progress` is told how many of all layers are done.
    pub fn encode_picture(
        &mut self,
        hash: [u8; 32],
        pixels: &[f32],
        stop: &dyn Fn() -> bool,
        on_progress: impl FnMut(usize, usize),
    ) -> Result<Option<Picture>, Error> {
        let tower = self.tower.as_ref().ok_or(Error::NoEyes)?;
        let Some(rows) = tower.encode(&self.ops, pixels, stop, on_progress)? else {
            return Ok(None);
        };
        let rows = rows.flatten_all()?.to_vec1::<f32>()?;
        Ok(Some(Picture::new(hash, rows)))
    }

    /// Positions the context may hold.
    pub fn context_len(&self) -> usize {
        self.context_len
    }

    /// Token ids are below this.
    pub fn vocabulary_len(&self) -> usize {
        self.vocabulary_len
    }

    /// The CPU path that runs: "avx2".
    pub fn cpu_level(&self) -> &'static str {
        self.ops.cpu().level().name()
    }

    /// Threads that compute.
    pub fn threads(&self) -> usize {
        self.ops.cpu().pool().threads()
    }

    /// Memory that the cache holds now.
    pub fn cache_bytes(&self) -> u64 {
        self.cache.held_bytes()
    }

    /// Memory that the copy of the head takes now, if it has been earned: half a byte a weight.
    pub fn head_copy_bytes(&self) -> u64 {
        self.likeliest.bytes()
    }

    /// The ids in the cache, in order.
    pub fn cached_ids(&self) -> &[u32] {
        &self.ids
    }

    /// Forgets everything that was read.
    pub fn reset(&mut self) {
        self.cache.reset();
        self.ids.clear();
        self.pictures.clear();
    }

    /// Reads `prompt` after what the cache holds: the scores of what comes next, or `None` if `stop` said so.
    ///
    /// `stop` is asked before every chunk.
    pub fn read(
        &mut self,
        prompt: Prompt,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<&[f32]>, Error> {
        let laid = self.lay(prompt, self.ids.len())?;
        self.check_room(self.ids.len() + laid.ids().len())?;
        match self.read_chunks(&laid, 0, stop, |_| {})? {
            true => self.score_last().map(Some),
            false => Ok(None),
        }
    }

    /// Reads one token after what the cache holds: the scores of what comes next.
    pub fn step(&mut self, id: u32) -> Result<&[f32], Error> {
        self.check_ids(&[id], None)?;
        self.check_room(self.ids.len() + 1)?;
        self.read_token(id)?;
        self.score_last()
    }

    /// Reads one token (checked by the caller) after what the cache holds.
    pub(crate) fn read_token(&mut self, id: u32) -> Result<(), Error> {
        // It is a word, whatever it is: pictures come from outside.
        let chunk = Chunk {
            rows: vec![Row::Token(id)],
            ends: vec![self.ids.len() + 1],
        };
        let x = self.model.forward(&self.ops, &chunk, 1, &mut self.cache)?; // [1, hidden]
        self.ids.push(id);
        self.last = Some(x);
        Ok(())
    }

    /// Reads `prompt` from the start and hands the scores at every position to `on_rows`, some positions at a time:
    /// the first of them, and `[n, vocabulary]` scores.
    pub fn logits(
        &mut self,
        prompt: Prompt,
        mut on_rows: impl FnMut(usize, &[f32]),
    ) -> Result<(), Error> {
        let laid = self.lay(prompt, 0)?;
        self.check_room(laid.ids().len())?;
        self.reset();
        for piece in laid.pieces(0, self.chunk) {
            let chunk = laid.chunk(piece.clone());
            let x = self
                .model
                .forward(&self.ops, &chunk, piece.len(), &mut self.cache)?; // [t, hidden]
            for first in (0..piece.len()).step_by(ROWS_AT_ONCE) {
                let n = ROWS_AT_ONCE.min(piece.len() - first);
                self.model
                    .scores(&self.ops, &x.narrow(0, first, n)?, &mut self.scores)?;
                on_rows(piece.start + first, &self.scores);
            }
            self.note(&laid, piece);
        }
        Ok(())
    }

    /// What comes after the last position read, as `sampler` chooses. Never the image token: a word for a place
    /// where a picture goes is nothing to say, and no prompt could hold it afterwards.
    pub(crate) fn choose(&mut self, sampler: &mut Sampler) -> Result<u32, Error> {
        let last = self.last.as_ref().ok_or(Error::EmptyPrompt)?;
        let never = self.image_token;
        if let Some(k) = sampler.looks_at() {
            let (head, k) = (self.model.head(), k + usize::from(never.is_some()));
            if let Some(found) = self.likeliest.find(&self.ops, head, last, k)? {
                if let Some(at) = found.rows.iter().position(|id| Some(*id) == never) {
                    found.products[at] = f32::MIN;
                }
                return sampler.choose_among(found.rows, found.products);
            }
        }
        self.score_last()?;
        // Beyond the table there are no scores.
        if let Some(score) = never.and_then(|id| self.scores.get_mut(id as usize)) {
            *score = f32::MIN;
        }
        sampler.choose(&self.scores)
    }

    /// The scores of all tokens after the last position read.
    fn score_last(&mut self) -> Result<&[f32], Error> {
        let last = self.last.as_ref().ok_or(Error::EmptyPrompt)?;
        self.model.scores(&self.ops, last, &mut self.scores)?;
        Ok(&self.scores)
    }

    /// Reads the ids of `laid` from `from` on; false if `stop` said so before the last chunk.
    ///
    /// `on_chunk` is told how many positions the cache holds after each chunk.
    pub(crate) fn read_chunks(
        &mut self,
        laid: &Laid,
        from: usize,
        stop: &dyn Fn() -> bool,
        mut on_chunk: impl FnMut(usize),
    ) -> Result<bool, Error> {
        let mut last = None;
        for piece in laid.pieces(from, self.chunk) {
            if stop() {
                return Ok(false);
            }
            let chunk = laid.chunk(piece.clone());
            // Only what comes after the last position will be asked for.
            last = Some(self.model.forward(&self.ops, &chunk, 1, &mut self.cache)?); // [1, hidden]
            self.note(laid, piece);
            on_chunk(self.ids.len());
        }
        self.last = Some(last.ok_or(Error::EmptyPrompt)?);
        Ok(true)
    }

    /// The cache holds the ids `piece` of `laid` now.
    fn note(&mut self, laid: &Laid, piece: Range<usize>) {
        let before = self.ids.len();
        for (start, picture) in laid.pictures() {
            if piece.contains(&start) {
                self.pictures.push(Held {
                    first: before + start - piece.start,
                    hash: picture.hash,
                });
            }
        }
        self.ids.extend_from_slice(&laid.ids()[piece]);
    }

    /// Keeps the longest usable common beginning of `laid` and the cache: how many positions that is.
    ///
    /// It is less than the whole prompt, whose last position is to be read for its scores, and ends inside no
    /// picture, whose rows have all looked at each other.
    pub(crate) fn keep_beginning(&mut self, laid: &Laid) -> usize {
        let common = self
            .ids
            .iter()
            .zip(laid.ids())
            .take_while(|(ours, theirs)| ours == theirs)
            .count();
        // Where ids agree, so do the places of pictures: all of them are image tokens alike.
        let other = laid.pictures().zip(&self.pictures).find(|(theirs, ours)| {
            let (start, picture) = theirs;
            (*start, picture.hash) != (ours.first, ours.hash)
        });
        let common = other.map_or(common, |((start, _), ours)| {
            common.min(start).min(ours.first)
        });
        let kept = common.min(laid.ids().len() - 1);
        let kept = laid.cut_by(kept).map_or(kept, |picture| picture.start);
        if !self.cache.rewind(kept) {
            self.reset();
        }
        let len = self.cache.len();
        self.ids.truncate(len);
        self.pictures.retain(|picture| picture.first < len);
        len
    }

    /// Checks `prompt` and finds the places of its pictures; it is to be read from position `first` on.
    pub(crate) fn lay<'a>(&self, prompt: Prompt<'a>, first: usize) -> Result<Laid<'a>, Error> {
        self.check_ids(prompt.ids, self.image_token)?;
        Laid::new(prompt, first, self.image_token, self.hidden_size)
    }

    /// The image token may lie beyond the table: no row of it is ever looked up.
    fn check_ids(&self, ids: &[u32], image_token: Option<u32>) -> Result<(), Error> {
        if ids.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        let vocabulary_len = self.vocabulary_len;
        let is_unknown = |id: &u32| *id as usize >= vocabulary_len && Some(*id) != image_token;
        match ids.iter().position(is_unknown) {
            None => Ok(()),
            Some(position) => Err(Error::UnknownId {
                id: ids[position],
                position,
                vocabulary_len,
            }),
        }
    }

    pub(crate) fn check_room(&self, tokens: usize) -> Result<(), Error> {
        if tokens > self.context_len {
            return Err(Error::TooLong {
                tokens,
                context_len: self.context_len,
            });
        }
        Ok(())
    }
}

pub(crate) fn level(name: Option<&str>) -> Result<Level, Error> {
    let Some(name) = name else {
        return Ok(Level::detect());
    };
    Level::by_name(name).ok_or_else(|| {
        let available: Vec<&str> = Level::all().map(Level::name).collect();
        Error::Level {
            name: name.to_owned(),
            available: available.join(", "),
        }
    })
}

fn check_range(what: &'static str, found: usize, most: usize) -> Result<(), Error> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    let expected = "at least 1 and at most what the model was trained for";
    Err(Error::Argument {
        what,
        found: found.to_string(),
        expected,
    })
}
