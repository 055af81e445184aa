//! A folder as Hugging Face has it, of which one file is from outside and all others are whole.

use engine::Weights;

use crate::{check_names_file, model};

const CONFIG: &[u8] = include_bytes!("../corpus/config/sees");
const WEIGHTS: &[u8] = include_bytes!("../corpus/safetensors/sees");

/// `file` as the weights.
pub fn read_weights(file: &[u8]) -> bool {
    read(CONFIG, file)
}

/// `file` as what is said of them.
pub fn read_config(file: &[u8]) -> bool {
    read(file, WEIGHTS)
}

fn read(config: &[u8], weights: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("room for a folder");
    let path = folder.path();
    std::fs::write(path.join("config.json"), config).expect("room for a file");
    std::fs::write(path.join("model.safetensors"), weights).expect("room for a file");
    if let Err(error) = checkpoints::identify(path) {
        check_names_file(&error, path);
    }
    model::compute(Weights::open(path), path)
}
