//! What a checkpoint is, as it says itself.

use std::fs;
use std::path::{Path, PathBuf};

use crate::catalogue::{SIZES, Size};
use crate::error::Error;
use crate::{gguf_file, hugging_face, mmproj};

/// A Gemma 3 checkpoint that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The file's name without `.gguf`, or the folder's name.
    pub name: String,
    /// "Gemma 3 270M"; of a shape that Google did not publish, its own name.
    pub title: String,
    /// The GGUF file (of several, the first), or the Hugging Face folder.
    pub path: PathBuf,
    /// All its files on the disk.
    pub size_bytes: u64,
    /// "Q4_K_M", "BF16"
    pub format: String,
    /// What it was taught.
    pub tuning: Tuning,
    /// Positions the model was trained for.
    pub context_tokens: u32,
    /// Whether it can be shown pictures.
    pub has_eyes: bool,
    /// The file of a GGUF model's picture tower, where it has one of its own.
    pub mmproj: Option<PathBuf>,
    /// Whose its files are.
    pub place: Place,
    /// Of files that are not ours, whose they are, if that is known: "Ollama".
    pub program: Option<String>,
}

/// Whose the files of a checkpoint are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// They lie in the models folder, and go when the model is removed.
    Ours,
    /// They lie somewhere else, and are never written or deleted by us.
    Elsewhere,
}

/// What a checkpoint was taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuning {
    /// A base model: it continues text and was not taught to chat.
    Pretrained,
    /// Taught to follow instructions and to take turns.
    Instructed,
}

/// Says what the GGUF file or folder at `path` is; refuses whatever is not Gemma 3. The picture tower that lies beside
/// a GGUF file is taken for its.
///
/// A folder is as Hugging Face has them, or has the GGUF files of one model in it.
///
/// Reads what stands before the weights, never the weights.
pub fn identify(path: &Path) -> Result<Checkpoint, Error> {
    if is_unfinished(path) {
        return Err(Error::Unfinished {
            path: path.to_owned(),
        });
    }
    match gguf_at(path)? {
        Some(file) => Ok(mmproj::with_eyes(&gguf_file::identify(&file)?)),
        None => hugging_face::identify(path),
    }
}

/// The GGUF file that is the model at `path`; `None` where that is a folder in Hugging Face's layout, or nothing.
pub(crate) fn gguf_at(path: &Path) -> Result<Option<PathBuf>, Error> {
    let kind = fs::metadata(path).map_err(Error::io("read", path))?;
    match kind.is_dir() {
        true if path.join("config.json").is_file() => Ok(None),
        true => gguf_file::in_folder(path),
        false if kind.is_file() => Ok(Some(path.to_owned())),
        // Of a pipe or a device nobody knows where it ends.
        false => Err(Error::NotACheckpoint {
            path: path.to_owned(),
        }),
    }
}

/// The published sizes by layers and width: a GGUF file does not carry "4B" in a form to rely on.
pub(crate) fn title(layers: u64, width: u64) -> Option<&'static str> {
    let is_it = |size: &&Size| (size.layers, size.width) == (layers, width);
    SIZES.iter().find(is_it).map(|size| size.title)
}

/// Whether a file is called as programs call what they have not fetched to its end: browsers, the hub's library, Ollama,
/// `aria2` and we.
fn is_unfinished(path: &Path) -> bool {
    const ENDS: [&str; 8] = [
        ".part",
        ".partial",
        "-partial",
        ".crdownload",
        ".download",
        ".incomplete",
        ".downloading",
        ".opdownload",
    ];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let lower = name.to_lowercase();
    let by_aria2 = path.with_file_name(format!("{name}.aria2"));
    path.is_file() && (ENDS.iter().any(|end| lower.ends_with(end)) || by_aria2.is_file())
}

/// What a model is that Lectern does not run: "Llama 3.1 8B (llama)", or without a name of its own "a Llama model".
pub(crate) fn described(name: &str, architecture: &str) -> String {
    if !name.is_empty() {
        return format!("{name} ({architecture})");
    }
    let family = family(architecture);
    let article = match family.starts_with(['A', 'E', 'I', 'O']) {
        true => "an",
        false => "a",
    };
    format!("{article} {family} model")
}

/// "gemma2" → "Gemma 2", "llama" → "Llama": a name for a model Lectern does not run.
pub(crate) fn family(architecture: &str) -> String {
    // Hugging Face has one name for the text half and one for the whole: "gemma4", "gemma4_text".
    let word = architecture.trim_end_matches("_text");
    let digits = word
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(word.len());
    let (name, version) = word.split_at(digits);
    let mut letters = name.trim_end_matches(['-', '_']).chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let name = first.unwrap_or_default() + letters.as_str();
    match version {
        "" => name,
        version => format!("{name} {version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_families_are_called_by_their_names() {
        let names = [
            "llama",
            "gemma",
            "gemma2",
            "gemma3n",
            "gemma4_text",
            "qwen2_moe",
            "phi3",
        ];
        let families = names.map(family);
        let expected = [
            "Llama",
            "Gemma",
            "Gemma 2",
            "Gemma 3n",
            "Gemma 4",
            "Qwen 2_moe",
            "Phi 3",
        ];
        assert_eq!(families, expected);
    }
}
