//! Ollama's models: a manifest for each, and blobs named by their SHA-256.
//!
//! `manifests/<host>/<namespace>/<model>/<tag>` is JSON with layers, each of a media type and a digest; the blob of
//! `sha256:<hex>` is `blobs/sha256-<hex>` (`manifest/manifest.go`, `manifest/paths.go`). Since 0.40 it is
//! `manifests-v2`, whose files may be links to blobs, and may list a manifest for each of several engines, which is a
//! blob; what is in `manifests` besides is for going back to an older version. The GGUF that Ollama made itself has the
//! picture tower in it; of models from the hub, and of those for llama.cpp, the tower is a layer of its own.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{MOST_ENTRIES, MOST_MODELS, Search, begins_like_ours, small_file};
use crate::link;
use crate::tuning::{Evidence, tuning};

const MODEL: &str = "application/vnd.ollama.image.model";
const PROJECTOR: &str = "application/vnd.ollama.image.projector";
const TEMPLATE: &str = "application/vnd.ollama.image.template";
/// Weights that are added to a model's: without them it would be another model.
const ADAPTER: &str = "application/vnd.ollama.image.adapter";
/// Host, namespace, model, tag.
const DEPTH: usize = 4;
/// There are three engines.
const MOST_CHILDREN: usize = 16;
/// Where 0.40 keeps what it converted for llama.cpp, for older versions: not models of their own.
const SHADOWS: &str = "library/llamacpp";

/// What a manifest says, as far as it matters.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    pub model: Option<String>,
    projector: Option<String>,
    has_template: bool,
    has_adapter: bool,
    /// Manifests of the same model, one for each engine.
    children: Vec<String>,
}

impl Manifest {
    /// Digests are told as the names of blobs.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let said: Value = serde_json::from_slice(text).ok()?;
        let children = said["manifests"].as_array().into_iter().flatten();
        let children = children.filter_map(|child| child["digest"].as_str().and_then(blob_name));
        let mut manifest = Self {
            children: children.take(MOST_CHILDREN).collect(),
            ..Self::default()
        };
        if !manifest.children.is_empty() {
            return Some(manifest);
        }
        for layer in said["layers"].as_array()? {
            let blob = || layer["digest"].as_str().and_then(blob_name);
            match layer["mediaType"].as_str().unwrap_or_default() {
                // Those of safetensors have many, one a tensor.
                MODEL if manifest.model.is_some() => return None,
                MODEL => manifest.model = Some(blob()?),
                PROJECTOR => manifest.projector = blob(),
                TEMPLATE => manifest.has_template = true,
                ADAPTER => manifest.has_adapter = true,
                _ => {}
            }
        }
        Some(manifest)
    }
}

/// "sha256:…" → "sha256-…"; nothing else becomes part of a path.
fn blob_name(digest: &str) -> Option<String> {
    let hex = digest
        .strip_prefix("sha256:")
        .or(digest.strip_prefix("sha256-"))?;
    let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| format!("sha256-{hex}"))
}

/// "gemma3-4b" for `…/library/gemma3/4b`: what a person types, with the tag that is not the usual one.
fn name(manifest: &Path) -> Option<String> {
    let tag = manifest.file_name()?.to_str()?;
    let model = manifest.parent()?.file_name()?.to_str()?;
    Some(match tag {
        "latest" => model.to_owned(),
        tag => format!("{model}-{tag}"),
    })
}

impl Search<'_> {
    /// The models of which Ollama has a manifest in `folder`.
    pub fn ollama(&mut self, folder: &Path) {
        let mut names = HashSet::new();
        for manifests_folder in ["manifests-v2", "manifests"] {
            for file in manifests(&folder.join(manifests_folder)) {
                let is_shadow = file
                    .parent()
                    .is_some_and(|parent| parent.ends_with(SHADOWS));
                if let Some(name) = name(&file)
                    && !is_shadow
                    && !names.contains(&name)
                    && self.ollama_model(folder, &file, &name).is_some()
                {
                    names.insert(name);
                }
            }
        }
    }

    fn ollama_model(&mut self, folder: &Path, file: &Path, name: &str) -> Option<()> {
        let manifest = Manifest::parse(&small_file(file)?)?;
        let blob = |name: &String| folder.join("blobs").join(name);
        let mut children = manifest.children.iter().filter_map(|child| {
            let child = Manifest::parse(&small_file(&blob(child))?)?;
            child.children.is_empty().then_some(child) // one in one would have no end
        });
        if manifest.children.is_empty() {
            return self.ollama_layers(folder, &manifest, name);
        }
        children.find_map(|child| self.ollama_layers(folder, &child, name))
    }

    fn ollama_layers(&mut self, folder: &Path, manifest: &Manifest, name: &str) -> Option<()> {
        let blob = |name: &String| folder.join("blobs").join(name);
        let model = blob(manifest.model.as_ref().filter(|_| !manifest.has_adapter)?);
        if !model.is_file() || !begins_like_ours(&model) || !self.is_new(&model) {
            return None;
        }
        let tower = manifest.projector.as_ref().map(blob);
        let told = self.models.told(&model).ok()?;
        // What Ollama made says nothing of it in the file; the name does, or else the template.
        let evidence = Evidence {
            name,
            has_chat_template: manifest.has_template,
            ..Evidence::default()
        };
        let tuning = (!told.says_tuning).then(|| tuning(&evidence));
        let found = link::named(&told, name, tower.as_deref(), tuning);
        self.keep("Ollama", found);
        Some(())
    }
}

/// The files four folders deep, by name.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let mut level = vec![folder.to_owned()];
    for _ in 0..DEPTH {
        let entries = level.iter().flat_map(fs::read_dir).flatten().flatten();
        level = entries
            .take(MOST_ENTRIES)
            .map(|entry| entry.path())
            .collect();
    }
    level.sort();
    level.truncate(MOST_MODELS);
    level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_its_blobs_and_nothing_else() {
        #[track_caller]
        fn check(text: &str, expected: Option<Manifest>) {
            assert_eq!(Manifest::parse(text.as_bytes()), expected);
        }
        let hex = "a".repeat(64);
        let layer = |kind: &str, digest: &str| {
            format!(
                r#"{{"mediaType":"application/vnd.ollama.image.{kind}","digest":"{digest}","size":3}}"#
            )
        };
        let manifest =
            |layers: &[String]| format!(r#"{{"schemaVersion":2,"layers":[{}]}}"#, layers.join(","));
        let model = layer("model", &format!("sha256:{hex}"));
        let whole = Manifest {
            model: Some(format!("sha256-{hex}")),
            has_template: true,
            ..Manifest::default()
        };
        check(
            &manifest(&[model.clone(), layer("template", "")]),
            Some(whole),
        );
        check(&manifest(&[model.clone(), model.clone()]), None);
        check(
            &manifest(&[layer("model", "sha256:../../../etc/passwd")]),
            None,
        );
        check(&manifest(&[layer("model", "md5:abc")]), None);
        check(&manifest(&[]), Some(Manifest::default()));
        let listed = format!(
            r#"{{"manifests":[{{"digest":"sha256:{hex}","runner":"llamacpp"}},{{"digest":7}}]}}"#
        );
        let children = Manifest {
            children: vec![format!("sha256-{hex}")],
            ..Manifest::default()
        };
        check(&listed, Some(children));
        check("{}", None);
        check("[", None);
    }

    #[test]
    fn models_are_called_as_one_types_them() {
        #[track_caller]
        fn check(manifest: &str, expected: &str) {
            assert_eq!(name(Path::new(manifest)).as_deref(), Some(expected));
        }
        check(
            "manifests/registry.ollama.ai/library/gemma3/4b",
            "gemma3-4b",
        );
        check(
            "manifests/registry.ollama.ai/library/gemma3/latest",
            "gemma3",
        );
        check(
            "manifests/hf.co/ggml-org/gemma-3-4b-it-GGUF/Q4_K_M",
            "gemma-3-4b-it-GGUF-Q4_K_M",
        );
    }
}
