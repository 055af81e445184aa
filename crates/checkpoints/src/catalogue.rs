//! The family as it is published: sizes, what each was taught, the forms it comes in.
//!
//! Shapes are Google's own configurations. Which file of a repository is which, and its exact bytes and
//! SHA-256, are the hub's to say when it is asked (see `fetch`); what is said here before that
//! follows from the shapes.

use crate::checkpoint::Tuning;

/// One of the five sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// "Gemma 3 4B"
    pub title: &'static str,
    /// All layers.
    pub layers: u32,
    /// Those of them that see all positions; the others see a window.
    pub global_layers: u32,
    /// Numbers in each position's row.
    pub width: u32,
    /// Numbers of a position that a layer keeps, keys and values together.
    pub kept_numbers: u32,
    /// Positions that a local layer sees.
    pub window: u32,
    /// Positions the model was trained for.
    pub context_tokens: u32,
    /// Weights of all layers.
    pub body_parameters: u64,
    /// Weights of the table of words, which is also the head.
    pub table_parameters: u64,
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
        kept_numbers: 2 * 256,
        window: 512,
        context_tokens: 32_768,
        body_parameters: 100_300_000,
        table_parameters: 262_144 * 640,
        has_eyes: false,
        speaks_many_languages: true,
    },
    Size {
        title: "Gemma 3 1B",
        layers: 26,
        global_layers: 4,
        width: 1152,
        kept_numbers: 2 * 256,
        window: 512,
        context_tokens: 32_768,
        body_parameters: 697_800_000,
        table_parameters: 262_144 * 1152,
        has_eyes: false,
        speaks_many_languages: false,
    },
    Size {
        title: "Gemma 3 4B",
        layers: 34,
        global_layers: 5,
        width: 2560,
        kept_numbers: 2 * 4 * 256,
        window: 1024,
        context_tokens: 131_072,
        body_parameters: 3_208_600_000,
        table_parameters: 262_208 * 2560,
        has_eyes: true,
        speaks_many_languages: true,
    },
    Size {
        title: "Gemma 3 12B",
        layers: 48,
        global_layers: 8,
        width: 3840,
        kept_numbers: 2 * 8 * 256,
        window: 1024,
        context_tokens: 131_072,
        body_parameters: 10_758_000_000,
        table_parameters: 262_208 * 3840,
        has_eyes: true,
        speaks_many_languages: true,
    },
    Size {
        title: "Gemma 3 27B",
        layers: 62,
        global_layers: 10,
        width: 5376,
        kept_numbers: 2 * 16 * 128,
        window: 1024,
        context_tokens: 131_072,
        body_parameters: 25_598_000_000,
        table_parameters: 262_208 * 5376,
        has_eyes: true,
        speaks_many_languages: true,
    },
];

/// How the weights of a published file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// "Q4_K_M"
    pub name: &'static str,
    /// Of the layers, in hundredths of a bit a weight; a mixture's as it comes out over them.
    body_centibits: u64,
    /// Of the table of words.
    table_centibits: u64,
}

const BF16: Format = Format {
    name: "BF16",
    body_centibits: 1600,
    table_centibits: 1600,
};
const Q8_0: Format = Format {
    name: "Q8_0",
    body_centibits: 850,
    table_centibits: 850,
};
/// llama.cpp's usual mixture: four bits, six where it counts; taken from the published 4B.
const Q4_K_M: Format = Format {
    name: "Q4_K_M",
    body_centibits: 484,
    table_centibits: 656,
};
/// Google's own, trained for four bits; the table of words stays at 16.
const QAT_Q4_0: Format = Format {
    name: "Q4_0",
    body_centibits: 450,
    table_centibits: 1600,
};

/// A head of more bits than this gets a copy that is quick to search.
const SEARCHED_AS_IT_IS_CENTIBITS: u64 = 500;
/// That copy's bits.
const COPY_CENTIBITS: u64 = 425;
/// A picture tower as the hub's `mmproj` files have it.
const TOWER_BYTES: u64 = 851_251_104;
/// What a GGUF file has besides its weights: the vocabulary, and the table of tensors.
const WORDS_BYTES: u64 = 7_000_000;

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
        let Format {
            body_centibits,
            table_centibits,
            ..
        } = self.format;
        let body = self.size.body_parameters * body_centibits;
        let table = self.size.table_parameters * table_centibits;
        (body + table) / 800 + WORDS_BYTES
    }

    /// Bytes of its picture tower; 0 without one.
    pub fn tower_bytes(&self) -> u64 {
        match self.size.has_eyes {
            true => TOWER_BYTES,
            false => 0,
        }
    }

    /// Bytes to be fetched.
    pub fn bytes(&self) -> u64 {
        self.weights_bytes() + self.tower_bytes()
    }

    /// Bytes of the quick copy of its head; 0 where the head itself is quick.
    pub(crate) fn head_copy_bytes(&self) -> u64 {
        match SEARCHED_AS_IT_IS_CENTIBITS < self.format.table_centibits {
            true => self.size.table_parameters * COPY_CENTIBITS / 800,
            false => 0,
        }
    }
}

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

/// What Lectern knows of, the smallest first; of one size, what everybody may fetch first.
#[rustfmt::skip] // a table
pub const CATALOGUE: [Published; 23] = [
    open("gemma-3-270m-it-Q8_0", 0, Q8_0, "ggml-org/gemma-3-270m-it-GGUF"),
    gated("gemma-3-270m-it", 0, IT, BF16, "google/gemma-3-270m-it"),
    gated("gemma-3-270m", 0, PT, BF16, "google/gemma-3-270m"),
    open("gemma-3-1b-it-Q4_K_M", 1, Q4_K_M, "ggml-org/gemma-3-1b-it-GGUF"),
    open("gemma-3-1b-it-Q8_0", 1, Q8_0, "ggml-org/gemma-3-1b-it-GGUF"),
    gated("gemma-3-1b-it-q4_0", 1, IT, QAT_Q4_0, "google/gemma-3-1b-it-qat-q4_0-gguf"),
    gated("gemma-3-1b-it", 1, IT, BF16, "google/gemma-3-1b-it"),
    gated("gemma-3-1b-pt", 1, PT, BF16, "google/gemma-3-1b-pt"),
    open("gemma-3-4b-it-Q4_K_M", 2, Q4_K_M, "ggml-org/gemma-3-4b-it-GGUF"),
    open("gemma-3-4b-it-Q8_0", 2, Q8_0, "ggml-org/gemma-3-4b-it-GGUF"),
    gated("gemma-3-4b-it-q4_0", 2, IT, QAT_Q4_0, "google/gemma-3-4b-it-qat-q4_0-gguf"),
    gated("gemma-3-4b-it", 2, IT, BF16, "google/gemma-3-4b-it"),
    gated("gemma-3-4b-pt", 2, PT, BF16, "google/gemma-3-4b-pt"),
    open("gemma-3-12b-it-Q4_K_M", 3, Q4_K_M, "ggml-org/gemma-3-12b-it-GGUF"),
    open("gemma-3-12b-it-Q8_0", 3, Q8_0, "ggml-org/gemma-3-12b-it-GGUF"),
    gated("gemma-3-12b-it-q4_0", 3, IT, QAT_Q4_0, "google/gemma-3-12b-it-qat-q4_0-gguf"),
    gated("gemma-3-12b-it", 3, IT, BF16, "google/gemma-3-12b-it"),
    gated("gemma-3-12b-pt", 3, PT, BF16, "google/gemma-3-12b-pt"),
    open("gemma-3-27b-it-Q4_K_M", 4, Q4_K_M, "ggml-org/gemma-3-27b-it-GGUF"),
    open("gemma-3-27b-it-Q8_0", 4, Q8_0, "ggml-org/gemma-3-27b-it-GGUF"),
    gated("gemma-3-27b-it-q4_0", 4, IT, QAT_Q4_0, "google/gemma-3-27b-it-qat-q4_0-gguf"),
    gated("gemma-3-27b-it", 4, IT, BF16, "google/gemma-3-27b-it"),
    gated("gemma-3-27b-pt", 4, PT, BF16, "google/gemma-3-27b-pt"),
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
            assert!(
                last <= model.size.body_parameters,
                "{} is too late",
                model.name
            );
            last = model.size.body_parameters;
        }
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
            assert!(off < 0.01, "{name}: {found}, published {expected}");
        }
        check("gemma-3-270m-it-Q8_0", 291_545_600);
        check("gemma-3-1b-it-q4_0", 1_003_541_152);
        check("gemma-3-4b-it-q4_0", 3_155_051_328);
        check("gemma-3-4b-it-Q4_K_M", 2_489_757_856);
        check("gemma-3-4b-it-Q8_0", 4_130_226_336);
    }
}
