//! What the reference gives, and engines to compare with it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use engine::{Engine, Numerics, Prompt, Setup, Weights};
use safetensors::SafeTensors;

/// In which form a tiny checkpoint is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Gguf,
    Folder,
}

/// What the reference computed.
pub struct Expected {
    pub model: String,
    bytes: Vec<u8>,
}

impl Expected {
    /// Of one of the tiny checkpoints.
    pub fn read(model: &str) -> Self {
        let bytes = std::fs::read(folder().join(model).join("expected.safetensors")).unwrap();
        Self {
            model: model.to_owned(),
            bytes,
        }
    }

    /// What the independent definition gives for one of the tiny checkpoints: far beyond its window, after a picture.
    pub fn read_far(model: &str) -> Self {
        let bytes = std::fs::read(folder().join(model).join("far.safetensors")).unwrap();
        Self {
            model: model.to_owned(),
            bytes,
        }
    }

    /// Of the starter model.
    pub fn of_starter() -> Self {
        let bytes = std::fs::read(folder().join("starter-gpl3.safetensors")).unwrap();
        Self {
            model: "starter".to_owned(),
            bytes,
        }
    }

    pub fn ids(&self, name: &str) -> Vec<u32> {
        self.words(name, |word| {
            u32::try_from(i32::from_le_bytes(word)).unwrap()
        })
    }

    pub fn numbers(&self, name: &str) -> Vec<f32> {
        self.words(name, f32::from_le_bytes)
    }

    fn words<T>(&self, name: &str, from: fn([u8; 4]) -> T) -> Vec<T> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        tensor
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .copied()
            .map(from)
            .collect()
    }
}

/// `tests/golden` of the workspace.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// A tiny checkpoint's file or folder.
pub fn path(model: &str, form: Form) -> PathBuf {
    match form {
        Form::Gguf => folder().join(model).join("model.gguf"),
        Form::Folder => folder().join(model),
    }
}

pub fn setup(numerics: Numerics, chunk: Option<usize>) -> Setup<'static> {
    let threads = NonZeroUsize::new(2).unwrap();
    Setup {
        numerics,
        threads,
        level: None,
        chunk,
        context_len: None,
        image_token: None,
    }
}

/// A tiny checkpoint, loaded.
pub fn engine(model: &str, form: Form, numerics: Numerics, chunk: Option<usize>) -> Engine {
    let weights = Weights::open(&path(model, form)).unwrap();
    Engine::load(weights, setup(numerics, chunk)).unwrap()
}

/// The scores at every position, one after another.
pub fn scores(engine: &mut Engine, ids: &[u32]) -> Vec<f32> {
    let mut all = Vec::new();
    let vocabulary = engine.vocabulary_len();
    engine
        .logits(Prompt::text(ids), |first, rows| {
            assert_eq!(all.len(), first * vocabulary, "rows come in order");
            all.extend_from_slice(rows);
        })
        .unwrap();
    all
}

pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let off = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    off.fold(0.0, |largest, off| {
        if off.is_nan() {
            f32::INFINITY
        } else {
            largest.max(off)
        }
    })
}
