//! The picture tower of a GGUF model: a `mmproj` file, beside the model or named.

use std::fs;
use std::path::{Path, PathBuf};

use gguf::{Header, mmproj};

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::gguf_file::{self, Told};

/// The files of `told`, with the picture tower that lies beside them and fits, if there is one.
pub fn with_eyes(told: &Told) -> Checkpoint {
    let model = &told.checkpoint;
    let folder = model
        .path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let beside = fs::read_dir(folder.unwrap_or(Path::new(".")));
    let beside = beside.into_iter().flatten().flatten();
    // One that cannot be read, or is for another model, is passed over: nobody has asked for it.
    let fitting: Vec<PathBuf> = beside
        .map(|entry| entry.path())
        .filter(|path| mmproj::is_mmproj(path) && width(path) == Some(told.width))
        .collect();
    match mmproj::most_alike(&model.path, fitting) {
        Some(tower) => seeing(model, &tower),
        None => model.clone(),
    }
}

/// The files of `told`, with the picture tower at `tower`.
pub fn with_named(told: &Told, tower: &Path) -> Result<Checkpoint, Error> {
    let (header, _) = gguf_file::read(tower)?;
    if width_of(&header) != Some(told.width) {
        return Err(Error::OtherProjector {
            path: tower.to_owned(),
            model: told.checkpoint.path.clone(),
        });
    }
    Ok(seeing(&told.checkpoint, tower))
}

fn seeing(model: &Checkpoint, tower: &Path) -> Checkpoint {
    let bytes = fs::metadata(tower).map_or(0, |metadata| metadata.len());
    Checkpoint {
        has_eyes: true,
        mmproj: Some(tower.to_owned()),
        size_bytes: model.size_bytes + bytes,
        ..model.clone()
    }
}

/// How wide the rows are that a tower makes for the model; `None` for what is no tower.
fn width(path: &Path) -> Option<u32> {
    width_of(&gguf_file::read(path).ok()?.0)
}

fn width_of(header: &Header) -> Option<u32> {
    let is_tower = header.get::<&str>("general.architecture").ok()? == Some("clip");
    let width = header.get("clip.vision.projection_dim").ok()?;
    width.filter(|_| is_tower)
}
