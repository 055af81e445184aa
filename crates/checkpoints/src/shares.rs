//! How many weights of a published file are in which format.
//!
//! A file called Q4_K_M is a mixture: most in 4 bits, what counts most in 6, and what does not divide into blocks of 256
//! in the next larger format that does. The rules are those of the program that made the files (llama.cpp,
//! `llama-quant.cpp`: `llama_tensor_get_type`).

use gguf::TensorType;

use crate::catalogue::{Format, Published, Size};

/// So many weights in one format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How they are packed.
    pub packing: TensorType,
    /// How many.
    pub weights: u64,
}

impl Share {
    /// What they take in a file.
    pub fn bytes(&self) -> u64 {
        let (values, bytes) = self
            .packing
            .block()
            .expect("the catalogue names known formats");
        self.weights / values * bytes
    }
}

impl Published {
    /// The table of words, which is also the head.
    pub fn table(&self) -> Share {
        let packing = match self.format {
            Format::Bf16 => TensorType::BF16,
            Format::Q8_0 => TensorType::Q8_0,
            Format::Q4_K_M => whole_blocks(TensorType::Q6_K, self.size.width),
            Format::QatQ4_0 => TensorType::F16,
        };
        Share {
            packing,
            weights: self.size.table_rows * self.size.width,
        }
    }

    /// The matrices of all layers, each format once.
    pub fn layers(&self) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::new();
        for layer in 0..self.size.layers {
            for (matrix, cols, rows) in self.size.matrices() {
                let packing = self.packing(matrix, cols, layer);
                let weights = cols * rows;
                match shares.iter_mut().find(|share| share.packing == packing) {
                    Some(share) => share.weights += weights,
                    None => shares.push(Share { packing, weights }),
                }
            }
        }
        shares
    }

    fn packing(&self, matrix: Matrix, cols: u64, layer: u64) -> TensorType {
        match self.format {
            Format::Bf16 => TensorType::BF16,
            Format::Q8_0 => TensorType::Q8_0,
            Format::QatQ4_0 => TensorType::Q4_0,
            Format::Q4_K_M => {
                let counts = matches!(matrix, Matrix::Value | Matrix::Down);
                let packing = match counts && gets_more_bits(layer, self.size.layers) {
                    true => TensorType::Q6_K,
                    false => TensorType::Q4_K,
                };
                whole_blocks(packing, cols)
            }
        }
    }
}

/// The matrices of a layer.
#[derive(Debug, Clone, Copy)]
enum Matrix {
    Query,
    Key,
    Value,
    Out,
    Gate,
    Up,
    Down,
}

impl Size {
    /// Those of one layer, with their columns and rows.
    fn matrices(&self) -> [(Matrix, u64, u64); 7] {
        let (width, inner) = (self.width, self.feed_forward);
        let (query, key) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
        [
            (Matrix::Query, width, query),
            (Matrix::Key, width, key),
            (Matrix::Value, width, key),
            (Matrix::Out, query, width),
            (Matrix::Gate, width, inner),
            (Matrix::Up, width, inner),
            (Matrix::Down, inner, width),
        ]
    }

    /// Weights of all layers' matrices.
    pub fn body_weights(&self) -> u64 {
        let layer: u64 = self
            .matrices()
            .iter()
            .map(|(_, cols, rows)| cols * rows)
            .sum();
        self.layers * layer
    }
}

/// The first and the last eighth of the layers, and every third between them.
fn gets_more_bits(layer: u64, layers: u64) -> bool {
    let eighth = layers / 8;
    layer < eighth || 7 * layers / 8 <= layer || (layer - eighth) % 3 == 2
}

/// `packing`, or what stands in for it where rows are not whole blocks of 256.
fn whole_blocks(packing: TensorType, cols: u64) -> TensorType {
    match packing {
        _ if cols.is_multiple_of(256) => packing,
        TensorType::Q4_K => TensorType::Q5_0,
        TensorType::Q6_K => TensorType::Q8_0,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::published;

    /// Against the sizes that the family is known by.
    #[test]
    fn the_layers_have_as_many_weights_as_is_said_of_them() {
        let millions = crate::catalogue::SIZES.map(|size| size.body_weights() / 1_000_000);
        assert_eq!(millions, [100, 697, 3208, 10_758, 25_598]);
    }

    #[test]
    fn a_mixture_is_what_the_file_has() {
        // Counted in the tensors of the published 4B.
        let four = published("gemma-3-4b-it-Q4_K_M").expect("it is there");
        let table = four.table();
        assert_eq!(
            (table.packing, table.weights),
            (TensorType::Q6_K, 671_252_480)
        );
        let share = |packing, weights| Share { packing, weights };
        let expected = [
            share(TensorType::Q4_K, 2_718_433_280),
            share(TensorType::Q6_K, 490_209_280),
        ];
        assert_eq!(four.layers(), expected);
        // Rows of 1152 are not whole blocks of 256.
        let one = published("gemma-3-1b-it-Q4_K_M").expect("it is there");
        assert_eq!(one.table().packing, TensorType::Q8_0);
        let formats: Vec<TensorType> = one.layers().iter().map(|share| share.packing).collect();
        for packing in [
            TensorType::Q5_0,
            TensorType::Q8_0,
            TensorType::Q4_K,
            TensorType::Q6_K,
        ] {
            assert!(formats.contains(&packing), "{packing}");
        }
    }
}
