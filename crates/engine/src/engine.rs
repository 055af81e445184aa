//! A loaded model with its cache.

use std::num::NonZeroUsize;

use candle_core::Tensor;
use kernels::cpu::{Cpu, Level};

use crate::cache::{Cache, DEFAULT_CHUNK};
use crate::likeliest::Likeliest;
use crate::model::Model;
use crate::ops::Ops;
use crate::sampling::Sampler;
use crate::{Error, Weights};

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
}

/// A model that is ready to read and write, and what it remembers.
#[derive(Debug)]
pub struct Engine {
    model: Model,
    ops: Ops,
    cache: Cache,
    /// What the cache holds.
    ids: Vec<u32>,
    /// What the model made of the last position read: `[1, hidden]`.
    last: Option<Tensor>,
    /// Scores of tokens, kept for the memory.
    scores: Vec<f32>,
    likeliest: Likeliest,
    chunk: usize,
    context_len: usize,
    vocabulary_len: usize,
}

impl Engine {
    /// Makes a model ready. Nothing is read yet: the weights come from the disk as they are touched.
    pub fn load(weights: Weights, setup: Setup) -> Result<Self, Error> {
        let config = weights.config();
        let chunk = setup.chunk.unwrap_or(DEFAULT_CHUNK);
        let context_len = setup.context_len.unwrap_or(config.max_position_embeddings);
        check_range("the chunk", chunk, config.max_position_embeddings)?;
        check_range("the context", context_len, config.max_position_embeddings)?;
        let cpu = Cpu::new(level(setup.level)?, setup.threads);
        Ok(Self {
            model: Model::load(&weights, setup.numerics)?,
            ops: Ops::new(setup.numerics, cpu),
            cache: Cache::new(config, setup.numerics, context_len, chunk),
            ids: Vec::new(),
            last: None,
            scores: Vec::new(),
            likeliest: Likeliest::default(),
            chunk,
            context_len,
            vocabulary_len: config.vocab_size,
        })
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
    }

    /// Reads `ids` after what the cache holds: the scores of what comes next, or `None` if `stop` said so.
    ///
    /// `stop` is asked before every chunk.
    pub fn read(&mut self, ids: &[u32], stop: &dyn Fn() -> bool) -> Result<Option<&[f32]>, Error> {
        self.check_ids(ids)?;
        self.check_room(self.ids.len() + ids.len())?;
        match self.read_chunks(ids, stop, |_| {})? {
            true => self.score_last().map(Some),
            false => Ok(None),
        }
    }

    /// Reads one token after what the cache holds: the scores of what comes next.
    pub fn step(&mut self, id: u32) -> Result<&[f32], Error> {
        self.read(&[id], &|| false)?;
        Ok(&self.scores)
    }

    /// Reads `ids` from the start and hands the scores at every position to `on_rows`, some positions at a time:
    /// the first of them, and `[n, vocabulary]` scores.
    pub fn logits(
        &mut self,
        ids: &[u32],
        mut on_rows: impl FnMut(usize, &[f32]),
    ) -> Result<(), Error> {
        self.check_ids(ids)?;
        self.check_room(ids.len())?;
        self.reset();
        for chunk in ids.chunks(self.chunk) {
            let x = self
                .model
                .forward(&self.ops, chunk, chunk.len(), &mut self.cache)?; // [t, hidden]
            for first in (0..chunk.len()).step_by(ROWS_AT_ONCE) {
                let n = ROWS_AT_ONCE.min(chunk.len() - first);
                self.model
                    .scores(&self.ops, &x.narrow(0, first, n)?, &mut self.scores)?;
                on_rows(self.ids.len() + first, &self.scores);
            }
            self.ids.extend_from_slice(chunk);
        }
        Ok(())
    }

    /// What comes after the last position read, as `sampler` chooses.
    pub(crate) fn choose(&mut self, sampler: &mut Sampler) -> Result<u32, Error> {
        let last = self.last.as_ref().ok_or(Error::EmptyPrompt)?;
        if let Some(k) = sampler.looks_at() {
            let head = self.model.head();
            if let Some(found) = self.likeliest.find(&self.ops, head, last, k)? {
                return sampler.choose_among(found.rows, found.products);
            }
        }
        sampler.choose(self.score_last()?)
    }

    /// The scores of all tokens after the last position read.
    fn score_last(&mut self) -> Result<&[f32], Error> {
        let last = self.last.as_ref().ok_or(Error::EmptyPrompt)?;
        self.model.scores(&self.ops, last, &mut self.scores)?;
        Ok(&self.scores)
    }

    /// Reads `ids` (checked by the caller); false if `stop` said so before the last chunk.
    ///
    /// `on_chunk` is told how many positions the cache holds after each chunk.
    pub(crate) fn read_chunks(
        &mut self,
        ids: &[u32],
        stop: &dyn Fn() -> bool,
        mut on_chunk: impl FnMut(usize),
    ) -> Result<bool, Error> {
        let mut last = None;
        for chunk in ids.chunks(self.chunk) {
            if stop() {
                return Ok(false);
            }
            // Only what comes after the last position will be asked for.
            last = Some(self.model.forward(&self.ops, chunk, 1, &mut self.cache)?); // [1, hidden]
            self.ids.extend_from_slice(chunk);
            on_chunk(self.ids.len());
        }
        self.last = Some(last.ok_or(Error::EmptyPrompt)?);
        Ok(true)
    }

    /// Keeps the longest usable common beginning of `prompt` and the cache: how many positions that is.
    ///
    /// It is less than the whole prompt, whose last position is to be read for its scores.
    pub(crate) fn keep_beginning(&mut self, prompt: &[u32]) -> usize {
        let common = self
            .ids
            .iter()
            .zip(prompt)
            .take_while(|(ours, theirs)| ours == theirs)
            .count();
        let kept = common.min(prompt.len() - 1);
        if !self.cache.rewind(kept) {
            self.reset();
        }
        self.ids.truncate(self.cache.len());
        self.cache.len()
    }

    pub(crate) fn check_ids(&self, ids: &[u32]) -> Result<(), Error> {
        if ids.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        let vocabulary_len = self.vocabulary_len;
        match ids.iter().position(|id| *id as usize >= vocabulary_len) {
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

fn level(name: Option<&str>) -> Result<Level, Error> {
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
