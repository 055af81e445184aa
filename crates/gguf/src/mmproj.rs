//! The names of files with the picture tower of a model: `mmproj-model-f16.gguf`, `mmproj-F16.gguf`,
//! `gemma-3-4b-it-mmproj-f16.gguf`. No rule makes them; these are what people have.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

/// Whether a file is called like a picture tower.
pub fn is_mmproj(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    name.contains("mmproj") && name.ends_with(".gguf")
}

/// Of the towers that fit the model at `model`, the one whose name has most in common with its; the first in the
/// alphabet of those.
pub fn most_alike(model: &Path, fitting: Vec<PathBuf>) -> Option<PathBuf> {
    let of_model = words(model);
    let common = |tower: &Path| {
        let words = words(tower);
        words.iter().filter(|word| of_model.contains(word)).count()
    };
    fitting
        .into_iter()
        .min_by_key(|tower| (Reverse(common(tower)), tower.clone()))
}

fn words(file: &Path) -> Vec<String> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_alphanumeric());
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn towers_are_known_by_their_names() {
        #[track_caller]
        fn check(name: &str, expected: bool) {
            assert_eq!(is_mmproj(Path::new(name)), expected, "{name}");
        }
        check("mmproj-model-f16.gguf", true);
        check("models/gemma-3-4b-it-MMPROJ-F16.GGUF", true);
        check("mmproj/gemma-3-4b-it.gguf", false);
        check("mmproj.safetensors", false);
    }

    #[test]
    fn of_several_the_likest_is_the_models() {
        #[track_caller]
        fn check(model: &str, towers: &[&str], expected: Option<&str>) {
            let towers = towers.iter().map(PathBuf::from).collect();
            let found = most_alike(Path::new(model), towers);
            assert_eq!(found.as_deref(), expected.map(Path::new));
        }
        let model = "here/gemma-3-4b-it-q4_0.gguf";
        check(model, &[], None);
        check(
            model,
            &["mmproj-b.gguf", "mmproj-a.gguf"],
            Some("mmproj-a.gguf"),
        );
        let other = "a-mmproj-medgemma-4b.gguf";
        check(
            model,
            &[other, "mmproj-gemma-3-4b.gguf"],
            Some("mmproj-gemma-3-4b.gguf"),
        );
    }
}
