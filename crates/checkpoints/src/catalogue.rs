//! The family as it is published: sizes, what each was taught, the forms it comes in.
//!
//! Shapes are Google's own configurations. Which file of a repository is which, and its exact bytes and
//! SHA-256, are the hub's to say when it is asked (see `fetch`); what is said here before that
//! follows from the shapes.

use crate::checkpoint::Tuning;
use crate::origin::OriginFile;
use crate::shares::Share;
use crate::starter;

/// One of the five sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// "Gemma 3 4B"
    pub title: &'static str,
    /// All layers.
    pub layers: u64,
    /// Those of them that see all positions; the others see a window.
    pub global_layers: u64,
    /// Numbers in each position's row.
    pub width: u64,
    /// Numbers inside a layer's feed-forward block.
    pub feed_forward: u64,
    /// Heads that ask.
    pub heads: u64,
    /// Heads that are asked: keys and values.
    pub kv_heads: u64,
    /// Numbers in each.
    pub head_dim: u64,
    /// Rows of the table of words.
    pub table_rows: u64,
    /// Positions that a local layer sees.
    pub window: u64,
    /// Positions the model was trained for.
    pub context_tokens: u32,
    /// Whether it comes with a picture tower.
    pub has_eyes: bool,
    /// Whether it was taught 140 languages, and not only English.
    pub speaks_many_languages: bool,
}

/// As published, the smallest first.
pub const SIZES: [Size; 5] = [
    Size {
        title: "Gemma 3 270M",
        layers: 18,
        global_layers: 3,
        width: 640,
        feed_forward: 2_048,
        heads: 4,
        kv_heads: 1,
        head_dim: 256,
        table_rows: 262_144,
        window: 512,
        context_tokens: 32_768,
        has_eyes: false,
        speaks_many_languages: true,
    },
    Size {
        title: "Gemma 3 1B",
        layers: 26,
        global_layers: 4,
        width: 1152,
        feed_forward: 6_912,
        heads: 4,
        kv_heads: 1,
        head_dim: 256,
        table_rows: 262_144,
        window: 512,
        context_tokens: 32_768,
        has_eyes: false,
        speaks_many_languages: false,
    },
    Size {
        title: "Gemma 3 4B",
        layers: 34,
        global_layers: 5,
        width: 2560,
        feed_forward: 10_240,
        heads: 8,
        kv_heads: 4,
        head_dim: 256,
        table_rows: 262_208,
        window: 1024,
        context_tokens: 131_072,
        has_eyes: true,
        speaks_many_languages: true,
    },
    Size {
        title: "Gemma 3 12B",
        layers: 48,
        global_layers: 8,
        width: 3840,
        feed_forward: 15_360,
        heads: 16,
        kv_heads: 8,
        head_dim: 256,
        table_rows: 262_208,
        window: 1024,
        context_tokens: 131_072,
        has_eyes: true,
        speaks_many_languages: true,
    },
    Size {
        title: "Gemma 3 27B",
        layers: 62,
        global_layers: 10,
        width: 5376,
        feed_forward: 21_504,
        heads: 32,
        kv_heads: 16,
        head_dim: 128,
        table_rows: 262_208,
        window: 1024,
        context_tokens: 131_072,
        has_eyes: true,
        speaks_many_languages: true,
    },
];

/// How the weights of a published file are written. See `shares`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names of the formats")]
pub enum Format {
    /// As Google trained them.
    Bf16,
    /// 8.5 bits, all but lossless.
    Q8_0,
    /// llama.cpp's usual mixture: four bits, six where it counts.
    Q4_K_M,
    /// Google's own, trained for four bits; the table of words stays at 16.
    QatQ4_0,
}

impl Format {
    /// As the files are named: "Q4_K_M".
    pub fn name(self) -> &'static str {
        match self {
            Self::Bf16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q4_K_M => "Q4_K_M",
            Self::QatQ4_0 => "Q4_0",
        }
    }
}

/// A picture tower as the hub's `mmproj` files have it.
const TOWER_BYTES: u64 = 851_251_104;
/// What a file has besides its weights: the vocabulary, and the table of tensors.
const WORDS_BYTES: u64 = 6_400_000;

/// One published model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// What it is called here, once it is: "gemma-3-4b-it-Q4_K_M".
    pub name: &'static str,
    /// Its shape.
    pub size: &'static Size,
    /// What it was taught.
    pub tuning: Tuning,
    /// How its weights are written.
    pub format: Format,
    /// Where on the hub: "ggml-org/gemma-3-4b-it-GGUF".
    pub repository: &'static str,
    /// Whether the hub gives it only to those who have agreed to Gemma's terms there.
    pub is_gated: bool,
}

impl Published {
    /// Bytes of its weights, without the picture tower.
    pub fn weights_bytes(&self) -> u64 {
        let layers: u64 = self.layers().iter().map(Share::bytes).sum();
        // Four norms of rows and two of heads a layer, in float32.
        let norms = self.size.layers * (4 * self.size.width + 2 * self.size.head_dim) * 4;
        layers + self.table().bytes() + norms + WORDS_BYTES
    }

    /// Bytes of its picture tower; 0 without one.
    pub fn tower_bytes(&self) -> u64 {
        match self.size.has_eyes {
            true => TOWER_BYTES,
            false => 0,
        }
    }

    /// Its weights as they were when this was written, where somebody had them: the hub should have them still.
    pub fn known(&self) -> Option<OriginFile> {
        starter::known(self.repository)
    }

    /// Whether it is a folder in Hugging Face's layout, and not a GGUF file.
    pub fn is_folder(&self) -> bool {
        self.format == Format::Bf16
    }

    /// Bytes to be fetched.
    pub fn bytes(&self) -> u64 {
        self.weights_bytes() + self.tower_bytes()
    }
}

/// What all of them are given under.
pub const LICENCE: &str = "Gemma Terms of Use, ai.google.dev/gemma/terms";

/// The published model called `name`.
pub fn published(name: &str) -> Option<&'static Published> {
    CATALOGUE.iter().find(|model| model.name == name)
}

const fn open(
    name: &'static str,
    size: usize,
    format: Format,
    repository: &'static str,
) -> Published {
    Published {
        name,
        size: &SIZES[size],
        tuning: Tuning::Instructed,
        format,
        repository,
        is_gated: false,
    }
}

const fn gated(
    name: &'static str,
    size: usize,
    tuning: Tuning,
    format: Format,
    repository: &'static str,
) -> Published {
    Published {
        name,
        size: &SIZES[size],
        tuning,
        format,
        repository,
        is_gated: true,
    }
}

const IT: Tuning = Tuning::Instructed;
const PT: Tuning = Tuning::Pretrained;
use Format::{Bf16, Q4_K_M, Q8_0, QatQ4_0};

/// What Lectern knows of, the smallest first; of one size, what everybody may fetch first.
#[rustfmt::skip] // a table
pub const CATALOGUE: [Published; 23] = [
    open("gemma-3-270m-it-Q8_0", 0, Q8_0, "ggml-org/gemma-3-270m-it-GGUF"),
    gated("gemma-3-270m-it", 0, IT, Bf16, "google/gemma-3-270m-it"),
    gated("gemma-3-270m", 0, PT, Bf16, "google/gemma-3-270m"),
    open("gemma-3-1b-it-Q4_K_M", 1, Q4_K_M, "ggml-org/gemma-3-1b-it-GGUF"),
    open("gemma-3-1b-it-Q8_0", 1, Q8_0, "ggml-org/gemma-3-1b-it-GGUF"),
    gated("gemma-3-1b-it-q4_0", 1, IT, QatQ4_0, "google/gemma-3-1b-it-qat-q4_0-gguf"),
    gated("gemma-3-1b-it", 1, IT, Bf16, "google/gemma-3-1b-it"),
    gated("gemma-3-1b-pt", 1, PT, Bf16, "google/gemma-3-1b-pt"),
    open("gemma-3-4b-it-Q4_K_M", 2, Q4_K_M, "ggml-org/gemma-3-4b-it-GGUF"),
    open("gemma-3-4b-it-Q8_0", 2, Q8_0, "ggml-org/gemma-3-4b-it-GGUF"),
    gated("gemma-3-4b-it-q4_0", 2, IT, QatQ4_0, "google/gemma-3-4b-it-qat-q4_0-gguf"),
    gated("gemma-3-4b-it", 2, IT, Bf16, "google/gemma-3-4b-it"),
    gated("gemma-3-4b-pt", 2, PT, Bf16, "google/gemma-3-4b-pt"),
    open("gemma-3-12b-it-Q4_K_M", 3, Q4_K_M, "ggml-org/gemma-3-12b-it-GGUF"),
    open("gemma-3-12b-it-Q8_0", 3, Q8_0, "ggml-org/gemma-3-12b-it-GGUF"),
    gated("gemma-3-12b-it-q4_0", 3, IT, QatQ4_0, "google/gemma-3-12b-it-qat-q4_0-gguf"),
    gated("gemma-3-12b-it", 3, IT, Bf16, "google/gemma-3-12b-it"),
    gated("gemma-3-12b-pt", 3, PT, Bf16, "google/gemma-3-12b-pt"),
    open("gemma-3-27b-it-Q4_K_M", 4, Q4_K_M, "ggml-org/gemma-3-27b-it-GGUF"),
    open("gemma-3-27b-it-Q8_0", 4, Q8_0, "ggml-org/gemma-3-27b-it-GGUF"),
    gated("gemma-3-27b-it-q4_0", 4, IT, QatQ4_0, "google/gemma-3-27b-it-qat-q4_0-gguf"),
    gated("gemma-3-27b-it", 4, IT, Bf16, "google/gemma-3-27b-it"),
    gated("gemma-3-27b-pt", 4, PT, Bf16, "google/gemma-3-27b-pt"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_is_sound() {
        let mut names = HashSet::new();
        let mut last = 0;
        for model in &CATALOGUE {
            assert!(names.insert(model.name), "{} stands twice", model.name);
            let (owner, repository) = model.repository.split_once('/').expect("two parts");
            assert_eq!(owner == "google", model.is_gated, "{repository}");
            let number = model.size.title.rsplit(' ').next().unwrap_or_default();
            let number = number.to_lowercase();
            for text in [model.name, repository] {
                assert!(text.contains(&number), "{text} is not of {number}");
                assert_eq!(text.contains("-it"), model.tuning == IT, "{text}");
            }
            assert!(last <= model.size.width, "{} is too late", model.name);
            last = model.size.width;
        }
    }

    #[test]
    fn what_is_known_is_of_the_row_it_is_told_for() {
        for model in &CATALOGUE {
            let Some(known) = model.known() else { continue };
            assert_eq!(known.name, format!("{}.gguf", model.name));
            let off = model.weights_bytes().abs_diff(known.bytes);
            assert!(off * 100 < known.bytes, "{}: {off} bytes off", model.name);
        }
        let starter = published("gemma-3-270m-it-Q8_0").and_then(Published::known);
        assert!(starter.is_some(), "the starter's file is known");
    }

    /// Against the bytes of published files.
    #[test]
    fn what_is_foreseen_is_near_what_was_published() {
        #[track_caller]
        fn check(name: &str, expected: u64) {
            let found = published(name)
                .expect("it is in the catalogue")
                .weights_bytes();
            let off = found.abs_diff(expected) as f64 / expected as f64;
            assert!(off < 0.002, "{name}: {found}, published {expected}");
        }
        check("gemma-3-270m-it-Q8_0", 291_545_600);
        check("gemma-3-1b-it-q4_0", 1_003_541_152);
        check("gemma-3-1b-it-Q4_K_M", 806_058_240);
        check("gemma-3-4b-it-q4_0", 3_155_051_328);
        check("gemma-3-4b-it-Q4_K_M", 2_489_757_856);
        check("gemma-3-4b-it-Q8_0", 4_130_226_336);
    }
}
