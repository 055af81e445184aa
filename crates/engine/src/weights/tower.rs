//! The picture tower's tensors: under their published names in a folder, under llama.cpp's in a `mmproj` file, and
//! under names of its own in a file that Ollama made, which has both halves of the model.
//!
//! Inside, the names are llama.cpp's (`v.blk.0.attn_q.weight`, `mm.soft_emb_norm.weight`); no text model has any
//! that begin so.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use gguf::{Header, mmproj};

use super::{Stored, single};
use crate::Error;
use crate::config::TowerConfig;

/// A tower that was found: its sizes, and where its tensors are from.
#[derive(Debug)]
pub struct Found {
    pub config: TowerConfig,
    /// For messages about what is not there.
    pub path: PathBuf,
    /// Whether tensors there have llama.cpp's names.
    pub is_gguf: bool,
}

/// Names that stand outside the layers, without `.weight` or `.bias`: llama.cpp's and the published ones.
const OUTSIDE: [(&str, &str); 3] = [
    ("patch_embd", "embeddings.patch_embedding"),
    ("position_embd", "embeddings.position_embedding"),
    ("post_ln", "post_layernorm"),
];

/// Names inside a layer, likewise.
const INSIDE: [(&str, &str); 8] = [
    ("ln1", "layer_norm1"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_out", "self_attn.out_proj"),
    ("ln2", "layer_norm2"),
    ("ffn_up", "mlp.fc1"),
    ("ffn_down", "mlp.fc2"),
];

/// Names of the projector, whole.
const PROJECTOR: [(&str, &str); 2] = [
    ("mm.input_projection.weight", "mm_input_projection_weight"),
    ("mm.soft_emb_norm.weight", "mm_soft_emb_norm.weight"),
];

/// The name inside of a published tensor; `None` for what is not the tower's.
pub fn our_name(published: &str) -> Option<String> {
    let name = published.strip_prefix("model.").unwrap_or(published);
    if let Some(name) = name.strip_prefix("multi_modal_projector.") {
        let (ours, _) = PROJECTOR.iter().find(|(_, theirs)| *theirs == name)?;
        return Some((*ours).to_owned());
    }
    let name = name.strip_prefix("vision_tower.")?;
    // Newer versions of transformers leave this out.
    let name = name.strip_prefix("vision_model.").unwrap_or(name);
    let (name, kind) = name.rsplit_once('.')?;
    let find = |names: &[(&'static str, &str)], name| {
        let mut names = names.iter();
        names.find_map(|(ours, theirs)| (*theirs == name).then_some(*ours))
    };
    if let Some(ours) = find(&OUTSIDE, name) {
        return Some(format!("v.{ours}.{kind}"));
    }
    let (layer, name) = name.strip_prefix("encoder.layers.")?.split_once('.')?;
    Some(format!("v.blk.{layer}.{}.{kind}", find(&INSIDE, name)?))
}

/// The name under which a tensor of the tower is published; `None` for what is not the tower's.
pub fn published_name(name: &str) -> Option<String> {
    if let Some((_, theirs)) = PROJECTOR.iter().find(|(ours, _)| *ours == name) {
        return Some(format!("multi_modal_projector.{theirs}"));
    }
    let (name, kind) = name.strip_prefix("v.")?.rsplit_once('.')?;
    let find = |names: &[(&str, &'static str)], name| {
        let mut names = names.iter();
        names.find_map(|(ours, theirs)| (*ours == name).then_some(*theirs))
    };
    let inside = || {
        let (layer, name) = name.strip_prefix("blk.")?.split_once('.')?;
        Some(format!("encoder.layers.{layer}.{}", find(&INSIDE, name)?))
    };
    let theirs = find(&OUTSIDE, name).map_or_else(inside, |theirs| Some(theirs.to_owned()))?;
    Some(format!("vision_tower.vision_model.{theirs}.{kind}"))
}

/// Whether a name is one of the tower's.
pub fn is_ours(name: &str) -> bool {
    name.starts_with("v.") || name.starts_with("mm.")
}

/// Opens the `mmproj` file at `path` for a model `hidden_size` wide.
pub fn open(path: &Path, hidden_size: usize) -> Result<(Found, HashMap<String, Stored>), Error> {
    let (header, tensors) = single::read(path)?;
    let (config, width) = TowerConfig::from_gguf(&header, path)?;
    if width != hidden_size {
        return Err(Error::TowerWidth {
            path: path.to_owned(),
            found: width,
            expected: hidden_size,
        });
    }
    let mut tensors: HashMap<String, Stored> = tensors
        .into_iter()
        .filter(|(name, _)| is_ours(name))
        .collect();
    put_feed_forward_right(&config, &mut tensors);
    let found = Found {
        config,
        path: path.to_owned(),
        is_gguf: true,
    };
    Ok((found, tensors))
}

/// Takes the tower of a file that Ollama made out of `tensors`, and puts it back under the names used here.
///
/// Such a file calls tensors by their published names with the ends replaced (`convert/convert_gemma3.go`,
/// `Replacements`: `v.blk.0.layer_norm1.bias`, `mm.mm_soft_emb_norm.weight`), and has the 1 added to the one norm of the
/// projector, as to all norms of the text (`convert/convert_gemma.go`).
pub fn of_ollama(
    header: &Header,
    path: &Path,
    tensors: &mut HashMap<String, Stored>,
) -> Result<Option<Found>, Error> {
    if !tensors.contains_key("v.patch_embedding.weight") {
        return Ok(None);
    }
    let config = TowerConfig::under("gemma3.vision", header, path)?;
    let names: Vec<String> = tensors
        .keys()
        .filter(|name| is_ours(name))
        .cloned()
        .collect();
    for name in names {
        if let Some(ours) = name_of_ollamas(&name)
            && let Some(stored) = tensors.remove(&name)
        {
            tensors.insert(ours, stored);
        }
    }
    Ok(Some(Found {
        config,
        path: path.to_owned(),
        is_gguf: true,
    }))
}

/// The name inside of a tensor in Ollama's file; `None` for one that is called so already, or is not the tower's.
fn name_of_ollamas(name: &str) -> Option<String> {
    match name {
        "mm.mm_input_projection.weight" => return Some("mm.input_projection.weight".to_owned()),
        "mm.mm_soft_emb_norm.weight" => return Some("mm.soft_emb_norm.weight".to_owned()),
        _ => {}
    }
    let (name, kind) = name.strip_prefix("v.")?.rsplit_once('.')?;
    let ours = |names: &[(&'static str, &'static str)], name: &str| {
        let mut names = names.iter();
        names.find_map(|(ours, theirs)| theirs.ends_with(name).then_some(*ours))
    };
    if let Some(inside) = name.strip_prefix("blk.") {
        let (layer, name) = inside.split_once('.')?;
        let ours = match name {
            "attn_output" => "attn_out",
            name => ours(&INSIDE, name)?,
        };
        return Some(format!("v.blk.{layer}.{ours}.{kind}"));
    }
    Some(format!("v.{}.{kind}", ours(&OUTSIDE, name)?))
}

/// Converters up to May 2025, and so the files that Google and ggml-org published, have the two maps of the
/// feed-forward block under each other's names (`is_ffn_swapped` in llama.cpp's clip.cpp). Their shapes tell.
fn put_feed_forward_right(config: &TowerConfig, tensors: &mut HashMap<String, Stored>) {
    let narrowing = [config.hidden_size as u64, config.intermediate_size as u64];
    let widening = [narrowing[1], narrowing[0]];
    for layer in 0..config.num_hidden_layers {
        let name = |map: &str, kind: &str| format!("v.blk.{layer}.{map}.{kind}");
        let is_swapped = narrowing != widening
            && tensors
                .get(&name("ffn_down", "weight"))
                .is_some_and(|down| down.shape == widening);
        for kind in ["weight", "bias"].into_iter().filter(|_| is_swapped) {
            let (up, down) = (name("ffn_up", kind), name("ffn_down", kind));
            let (narrowing, widening) = (tensors.remove(&up), tensors.remove(&down));
            tensors.extend(widening.map(|stored| (up, stored)));
            tensors.extend(narrowing.map(|stored| (down, stored)));
        }
    }
}

/// The `mmproj` file that lies beside the model at `path` and fits its width, if there is one.
pub fn beside(path: &Path, hidden_size: usize) -> Option<PathBuf> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let fitting = fs::read_dir(folder.unwrap_or(Path::new(".")))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| mmproj::is_mmproj(file) && fits(file, hidden_size))
        .collect();
    mmproj::most_alike(path, fitting)
}

/// One that cannot be read, or is for another model, is passed over: nobody has asked for it.
fn fits(file: &Path, hidden_size: usize) -> bool {
    let width = || {
        let (header, _) = single::read(file).ok()?;
        Some(TowerConfig::from_gguf(&header, file).ok()?.1)
    };
    width() == Some(hidden_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_age_are_known() {
        #[track_caller]
        fn check(published: &str, expected: Option<&str>) {
            assert_eq!(our_name(published).as_deref(), expected);
        }
        let patch = Some("v.patch_embd.weight");
        check(
            "vision_tower.vision_model.embeddings.patch_embedding.weight",
            patch,
        );
        check(
            "model.vision_tower.vision_model.embeddings.patch_embedding.weight",
            patch,
        );
        check(
            "model.vision_tower.embeddings.patch_embedding.weight",
            patch,
        );
        check(
            "model.vision_tower.encoder.layers.26.self_attn.out_proj.bias",
            Some("v.blk.26.attn_out.bias"),
        );
        let projection = Some("mm.input_projection.weight");
        check(
            "multi_modal_projector.mm_input_projection_weight",
            projection,
        );
        check(
            "model.multi_modal_projector.mm_input_projection_weight",
            projection,
        );
        check("vision_tower.vision_model.head.probe", None);
        check("model.layers.0.mlp.up_proj.weight", None);
    }

    #[test]
    fn ollamas_names_are_known() {
        #[track_caller]
        fn check(theirs: &str, expected: Option<&str>) {
            assert_eq!(name_of_ollamas(theirs).as_deref(), expected);
        }
        check("v.patch_embedding.bias", Some("v.patch_embd.bias"));
        check(
            "v.position_embedding.weight",
            Some("v.position_embd.weight"),
        );
        check("v.post_layernorm.weight", Some("v.post_ln.weight"));
        check("v.blk.26.layer_norm2.bias", Some("v.blk.26.ln2.bias"));
        check(
            "v.blk.0.attn_output.weight",
            Some("v.blk.0.attn_out.weight"),
        );
        check("v.blk.0.mlp.fc1.weight", Some("v.blk.0.ffn_up.weight"));
        check("v.blk.0.mlp.fc2.bias", Some("v.blk.0.ffn_down.bias"));
        check("v.blk.0.attn_q.weight", None); // the same
        check(
            "mm.mm_input_projection.weight",
            Some("mm.input_projection.weight"),
        );
        check(
            "mm.mm_soft_emb_norm.weight",
            Some("mm.soft_emb_norm.weight"),
        );
        check("blk.0.attn_q.weight", None);
    }

    #[test]
    fn published_names_come_back() {
        for name in [
            "v.patch_embd.bias",
            "v.position_embd.weight",
            "v.blk.3.ffn_up.weight",
            "v.blk.3.ln2.bias",
            "v.post_ln.weight",
            "mm.soft_emb_norm.weight",
        ] {
            let published = published_name(name).expect("it is the tower's");
            assert_eq!(our_name(&published).as_deref(), Some(name), "{published}");
        }
        assert_eq!(published_name("blk.0.attn_q.weight"), None);
    }
}
