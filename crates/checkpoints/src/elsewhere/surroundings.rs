//! The folders in which other programs keep models, on Linux, macOS and Windows, each as its own sources name it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::small_file;

/// Where other programs may keep models: what the front found in the environment.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    home: Option<PathBuf>,
    variables: BTreeMap<&'static str, PathBuf>,
}

impl Surroundings {
    /// The variables that programs let people say with where models are, and those that systems say folders with.
    const VARIABLES: [&str; 12] = [
        "APPDATA",
        "HF_HOME",
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
        "JAN_DATA_FOLDER",
        "LLAMA_CACHE",
        "LOCALAPPDATA",
        "OLLAMA_MODELS",
        "PROGRAMDATA",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    ];

    /// A person's home folder, and what `variable` gives for the names it is asked for.
    pub fn new(home: Option<PathBuf>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name| {
            let folder = variable(name).map(PathBuf::from)?;
            // A relative one would be another place for every program.
            folder.is_absolute().then_some((name, folder))
        };
        Self {
            home,
            variables: Self::VARIABLES.into_iter().filter_map(folder).collect(),
        }
    }

    fn home(&self, below: &str) -> Option<PathBuf> {
        Some(self.home.as_ref()?.join(below))
    }

    fn variable(&self, name: &str, below: &str) -> Option<PathBuf> {
        Some(self.variables.get(name)?.join(below))
    }

    /// Where programs keep what is theirs, on each system.
    fn data(&self, below: &str) -> Vec<PathBuf> {
        let linux = self.variable("XDG_DATA_HOME", below);
        let linux = linux.or_else(|| self.home(".local/share").map(|data| data.join(below)));
        let mac = self.home("Library/Application Support");
        let mac = mac.map(|data| data.join(below));
        let places = [linux, mac, self.variable("APPDATA", below)];
        places.into_iter().flatten().collect()
    }

    /// Where they keep what a person has chosen.
    fn config(&self, below: &str) -> Vec<PathBuf> {
        let linux = self.variable("XDG_CONFIG_HOME", below);
        let linux = linux.or_else(|| self.home(".config").map(|config| config.join(below)));
        linux.into_iter().chain(self.data(below)).collect()
    }

    /// Where they keep what can be made again.
    fn cache(&self, below: &str) -> Vec<PathBuf> {
        let linux = self.variable("XDG_CACHE_HOME", below);
        let linux = linux.or_else(|| self.home(".cache").map(|cache| cache.join(below)));
        let mac = self.home("Library/Caches").map(|cache| cache.join(below));
        let places = [linux, mac, self.variable("LOCALAPPDATA", below)];
        places.into_iter().flatten().collect()
    }

    /// `OLLAMA_MODELS`, or `.ollama/models` in the home folder (`envconfig/config.go`, `Models`). As a service on Linux
    /// it has a home of its own (`scripts/install.sh`).
    pub(super) fn ollama(&self) -> Vec<PathBuf> {
        let folders = [
            self.variable("OLLAMA_MODELS", ""),
            self.home(".ollama/models"),
            Some(PathBuf::from("/usr/share/ollama/.ollama/models")),
        ];
        folders.into_iter().flatten().collect()
    }

    /// `downloadsFolder` of its settings, else `models` in its home, which a pointer file names (`lms`:
    /// `src/subcommands/importCmd.ts`, `locateSettingsJson`; `lmstudio.ai/docs/basics/import-model`). Before 0.3.6 its
    /// home was `.cache/lm-studio`.
    pub(super) fn lm_studio(&self) -> Vec<PathBuf> {
        let pointer = self.home(".lmstudio-home-pointer");
        let pointed = pointer.and_then(|pointer| small_file(&pointer));
        let pointed = pointed.and_then(|text| String::from_utf8(text).ok());
        let pointed = pointed.map(|text| PathBuf::from(text.trim()));
        let homes = [
            pointed.filter(|home| home.is_absolute()),
            self.home(".lmstudio"),
            self.home(".cache/lm-studio"),
        ];
        let homes: Vec<PathBuf> = homes.into_iter().flatten().collect();
        let settings = homes.iter().map(|home| home.join("settings.json"));
        let settings = settings.chain(self.config("LM Studio/settings.json"));
        let chosen = settings.filter_map(|settings| folder_in(&settings, "downloadsFolder"));
        let usual = homes.iter().map(|home| home.join("models"));
        chosen.chain(usual).collect()
    }

    /// `llamacpp/models` of its data folder, which is `data_folder` of its settings, else `Jan/data` where the system
    /// has data (`src-tauri/src/core/app/commands.rs`, `resolve_jan_data_folder`); `models` there and `jan` in the home
    /// folder before 0.6.
    pub(super) fn jan(&self) -> Vec<PathBuf> {
        let settings = self.data("Jan/settings.json").into_iter();
        let chosen = settings.filter_map(|settings| folder_in(&settings, "data_folder"));
        let data = self.variable("JAN_DATA_FOLDER", "").into_iter();
        let data = data.chain(chosen).chain(self.data("Jan/data"));
        let data = data.chain(self.home("jan"));
        let below = ["llamacpp/models", "models"];
        data.flat_map(|data| below.map(|below| data.join(below)))
            .collect()
    }

    /// `LLAMA_CACHE`, else `llama.cpp` where the system has caches (`common/common.cpp`, `fs_get_cache_directory`).
    /// Since 2026 it shares the hub's (`common/hf-cache.cpp`).
    pub(super) fn llama_cpp(&self) -> Vec<PathBuf> {
        let chosen = self.variable("LLAMA_CACHE", "").into_iter();
        chosen.chain(self.cache("llama.cpp")).collect()
    }

    /// `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else in `.cache/huggingface` (`huggingface_hub`: `constants.py`).
    pub(super) fn hugging_face(&self) -> Vec<PathBuf> {
        let folders = [
            self.variable("HF_HUB_CACHE", ""),
            self.variable("HUGGINGFACE_HUB_CACHE", ""),
            self.variable("HF_HOME", "hub"),
            self.variable("XDG_CACHE_HOME", "huggingface/hub"),
            self.home(".cache/huggingface/hub"),
        ];
        folders.into_iter().flatten().collect()
    }
}

/// The folder that the setting `key` of the JSON file at `settings` names.
fn folder_in(settings: &Path, key: &str) -> Option<PathBuf> {
    let json: Value = serde_json::from_slice(&small_file(settings)?).ok()?;
    let folder = PathBuf::from(json[key].as_str()?);
    folder.is_absolute().then_some(folder)
}
