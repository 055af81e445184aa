//! The numbers that make one picture tower differ from another. All published Gemma 3 that see have the same
//! (SigLIP so400m at 896 × 896), but tests have small ones.

use std::path::Path;

use gguf::Header;
use serde::Deserialize;
use serde_json::Value;

use super::LARGEST;
use crate::Error;
use crate::prompt::PICTURE_SIDE;

/// SigLIP has 27 layers; far more than that is a damaged file.
const MOST_LAYERS: usize = 256;
/// A picture of 896 × 896 has 4,096 patches; attention over far more would never end.
const MOST_PATCHES: usize = 1 << 14;

/// The sizes of the tower that turns pixels into soft tokens. Fields keep their published names.
#[derive(Debug, Clone, PartialEq)]
pub struct TowerConfig {
    /// Width of the tower's stream: 1152.
    pub hidden_size: usize,
    /// Width inside the feed-forward block: 4304.
    pub intermediate_size: usize,
    /// 27.
    pub num_hidden_layers: usize,
    /// 16, 72 wide each.
    pub num_attention_heads: usize,
    /// Height and width of a picture in pixels: 896.
    pub image_size: usize,
    /// Height and width of a patch in pixels: 14.
    pub patch_size: usize,
    /// Under the root in every norm.
    pub layer_norm_eps: f32,
}

/// transformers' `SiglipVisionConfig`, with what it takes where the file says nothing.
#[derive(Deserialize)]
#[serde(default)]
struct Vision {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_channels: usize,
    image_size: usize,
    patch_size: usize,
    layer_norm_eps: f32,
    hidden_act: String,
}

impl Default for Vision {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            num_channels: 3,
            image_size: 224,
            patch_size: 16,
            layer_norm_eps: 1e-6,
            hidden_act: "gelu_pytorch_tanh".to_owned(),
        }
    }
}

impl TowerConfig {
    /// What `vision` of the `config.json` at `path` says.
    pub(crate) fn from_json(vision: &Value, path: &Path) -> Result<Self, Error> {
        let vision = Vision::deserialize(vision).map_err(|source| Error::Json {
            path: path.to_owned(),
            source,
        })?;
        let wrong = |key, found, expected| Err(Error::setting(path, key, found, expected));
        if vision.hidden_act != "gelu_pytorch_tanh" {
            return wrong(
                "vision_config.hidden_act",
                &vision.hidden_act,
                "gelu_pytorch_tanh",
            );
        }
        if vision.num_channels != 3 {
            return wrong("vision_config.num_channels", &vision.num_channels, "3");
        }
        Self {
            hidden_size: vision.hidden_size,
            intermediate_size: vision.intermediate_size,
            num_hidden_layers: vision.num_hidden_layers,
            num_attention_heads: vision.num_attention_heads,
            image_size: vision.image_size,
            patch_size: vision.patch_size,
            layer_norm_eps: vision.layer_norm_eps,
        }
        .checked(path)
    }

    /// What the metadata of the `mmproj` file at `path` says; also the width of its rows.
    pub(crate) fn from_gguf(header: &Header, path: &Path) -> Result<(Self, usize), Error> {
        let damaged = |source| Error::Gguf {
            path: path.to_owned(),
            source,
        };
        let text = |key| header.get::<&str>(key).map_err(damaged);
        // Files that hear as well keep the two kinds apart.
        let kind = match text("clip.projector_type")? {
            Some(kind) => Some(kind),
            None => text("clip.vision.projector_type")?,
        };
        if header
            .require::<&str>("general.architecture")
            .map_err(damaged)?
            != "clip"
            || kind != Some("gemma3")
        {
            return Err(Error::NoTower {
                path: path.to_owned(),
                found: kind.unwrap_or("nothing").to_owned(),
            });
        }
        let width: u32 = header
            .require("clip.vision.projection_dim")
            .map_err(damaged)?;
        Ok((Self::under("clip.vision", header, path)?, width as usize))
    }

    /// The sizes in the metadata of the file at `path`, whose keys begin with `prefix`: "clip.vision" in a `mmproj` file,
    /// "gemma3.vision" in one that has both halves of a model.
    pub(crate) fn under(prefix: &str, header: &Header, path: &Path) -> Result<Self, Error> {
        let damaged = |source| Error::Gguf {
            path: path.to_owned(),
            source,
        };
        let size = |key| {
            let size = header.require::<u32>(&format!("{prefix}.{key}"));
            size.map(|size| size as usize).map_err(damaged)
        };
        let epsilon = header.get(&format!("{prefix}.attention.layer_norm_epsilon"));
        Self {
            hidden_size: size("embedding_length")?,
            intermediate_size: size("feed_forward_length")?,
            num_hidden_layers: size("block_count")?,
            num_attention_heads: size("attention.head_count")?,
            image_size: size("image_size")?,
            patch_size: size("patch_size")?,
            layer_norm_eps: epsilon.map_err(damaged)?.unwrap_or(1e-6),
        }
        .checked(path)
    }

    /// Patches along a side of the picture: 64.
    pub fn patches_per_side(&self) -> usize {
        self.image_size / self.patch_size
    }

    /// Patches of a picture: 4096.
    pub fn patches(&self) -> usize {
        self.patches_per_side().pow(2)
    }

    /// Numbers that a picture has: three colours by height by width.
    pub fn pixels_len(&self) -> usize {
        3 * self.image_size.pow(2)
    }

    fn checked(self, path: &Path) -> Result<Self, Error> {
        let wrong = |key, found, expected| Err(Error::setting(path, key, found, expected));
        for (key, size) in [
            ("width of the picture tower", self.hidden_size),
            (
                "feed-forward size of the picture tower",
                self.intermediate_size,
            ),
            ("heads of the picture tower", self.num_attention_heads),
            ("size of a picture", self.image_size),
            ("size of a patch", self.patch_size),
        ] {
            if !(1..=LARGEST).contains(&size) {
                return wrong(key, &size, "a number from 1 to 16777216");
            }
        }
        if !(1..=MOST_LAYERS).contains(&self.num_hidden_layers) {
            let layers = self.num_hidden_layers;
            return wrong("layers of the picture tower", &layers, "from 1 to 256");
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let width = self.hidden_size;
            return wrong(
                "width of the picture tower",
                &width,
                "a multiple of its heads",
            );
        }
        let side = self.patches_per_side();
        let whole = self.image_size == side * self.patch_size;
        if !whole || side == 0 || !side.is_multiple_of(PICTURE_SIDE) || side * side > MOST_PATCHES {
            let expected = "16, 32, 48 and so on up to 128 patches";
            return wrong("size of a picture", &self.image_size, expected);
        }
        if !(self.layer_norm_eps.is_finite() && self.layer_norm_eps > 0.0) {
            let epsilon = self.layer_norm_eps;
            return wrong(
                "norm epsilon of the picture tower",
                &epsilon,
                "a positive number",
            );
        }
        Ok(self)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    /// As published with 4B.
    const SIGLIP: &str = r#"{ "hidden_size": 1152, "image_size": 896, "intermediate_size": 4304,
        "model_type": "siglip_vision_model", "num_attention_heads": 16, "num_hidden_layers": 27,
        "patch_size": 14, "vision_use_head": false }"#;

    fn config(json: &str) -> Result<TowerConfig, Error> {
        TowerConfig::from_json(
            &serde_json::from_str(json).unwrap(),
            Path::new("config.json"),
        )
    }

    #[test]
    fn the_published_tower_has_4096_patches() {
        let config = config(SIGLIP).unwrap();
        assert_eq!((config.patches_per_side(), config.patches()), (64, 4096));
        assert_eq!(config.pixels_len(), 3 * 896 * 896);
        assert_eq!(config.layer_norm_eps, 1e-6);
    }

    #[test]
    fn what_no_tower_has_is_refused() {
        #[track_caller]
        fn check(from: &str, to: &str, expected: &str) {
            let error = config(&SIGLIP.replace(from, to)).unwrap_err();
            assert_eq!(error.to_string(), format!("config.json: {expected}"));
        }
        check(
            "\"image_size\": 896",
            "\"image_size\": 900",
            "size of a picture is 900, expected 16, 32, 48 and so on up to 128 patches",
        );
        check(
            "\"patch_size\": 14",
            "\"patch_size\": 0",
            "size of a patch is 0, expected a number from 1 to 16777216",
        );
        check(
            "\"num_attention_heads\": 16",
            "\"num_attention_heads\": 7",
            "width of the picture tower is 1152, expected a multiple of its heads",
        );
        check(
            "\"patch_size\": 14",
            "\"patch_size\": 14, \"hidden_act\": \"gelu\"",
            "vision_config.hidden_act is gelu, expected gelu_pytorch_tanh",
        );
    }
}
