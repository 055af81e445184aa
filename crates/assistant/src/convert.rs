//! A checkpoint in another format, as a GGUF file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::convert::{Conversion, Format};
use gguf::{Array, Value};
use prompt::{TokenKind, Vocabulary};

use crate::models::{Model, Tuning};
use crate::{Assistant, Error};

/// Between two reports of progress.
const REPORT_EVERY_MS: i64 = 100;
/// Before that the speed is a guess.
const SPEED_AFTER_MS: i64 = 1000;

/// How far a conversion is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Converting {
    /// Bytes that are written.
    pub done_bytes: u64,
    /// Bytes that the file will have.
    pub total_bytes: u64,
    /// At the speed so far; `None` until there is one.
    pub seconds_left: Option<f64>,
}

impl Assistant {
    /// Writes the model `source` (a name in the models folder, or a path) as the GGUF file `out` in the format `to`.
    /// Says how many bytes it has; `None` if it was stopped, and then nothing is left of it.
    ///
    /// No file is replaced, and nothing is begun where the disk has too little room. The part that sees pictures is
    /// not converted.
    pub fn convert_model(
        &self,
        source: &str,
        to: Format,
        out: &Path,
        stop: &AtomicBool,
        mut on_progress: impl FnMut(Converting),
    ) -> Result<Option<u64>, Error> {
        let model = self.model_at(source)?;
        let weights = model.weights()?;
        let metadata = match weights.header() {
            Some(_) => BTreeMap::new(),
            None => metadata_of(&model, weights.config().vocab_size)?,
        };
        let conversion = Conversion::plan(&weights, to, metadata)?;
        let total_bytes = conversion.file_len();
        let (begun_ms, mut told_ms) = (self.now_ms(), None);
        let on_write = |done_bytes, total_bytes| {
            let now_ms = self.now_ms();
            // A clock that was set back is no reason to fall silent.
            let is_due = told_ms.is_none_or(|told: i64| REPORT_EVERY_MS <= (now_ms - told).abs());
            if is_due || done_bytes == total_bytes {
                told_ms = Some(now_ms);
                on_progress(Converting {
                    done_bytes,
                    total_bytes,
                    seconds_left: seconds_left(now_ms - begun_ms, done_bytes, total_bytes),
                });
            }
        };
        let threads = self.compute().threads;
        let is_done = checkpoints::write_file(out, total_bytes, |file| -> Result<bool, Error> {
            let stop = || stop.load(Ordering::Relaxed);
            Ok(conversion.write(file, threads, &stop, on_write)?)
        })?;
        Ok(is_done.then_some(total_bytes))
    }
}

fn seconds_left(passed_ms: i64, done_bytes: u64, total_bytes: u64) -> Option<f64> {
    let is_known = passed_ms >= SPEED_AFTER_MS && done_bytes > 0;
    let ms_per_byte = passed_ms as f64 / done_bytes as f64;
    is_known.then_some((total_bytes - done_bytes) as f64 * ms_per_byte / 1000.0)
}

/// What a GGUF file says of itself and its tokens, by what lies in a Hugging Face folder; `rows` has the table.
fn metadata_of(model: &Model, rows: usize) -> Result<BTreeMap<String, Value>, Error> {
    let path = model.path.join("tokenizer.json");
    if !path.is_file() {
        return Err(Error::NoVocabulary {
            path: model.path.clone(),
        });
    }
    let bytes = fs::read(&path).map_err(|source| Error::io("read", &path, source))?;
    let vocabulary =
        Vocabulary::from_json(&bytes).map_err(|source| Error::vocabulary(&path, source))?;
    let mut metadata = of_vocabulary(vocabulary, rows);
    let finetune = match model.tuning {
        Tuning::Pretrained => "pt",
        Tuning::Instructed => "it",
    };
    let mut say = |key: &str, text: String| metadata.insert(key.to_owned(), Value::Text(text));
    say("general.name", model.name.clone());
    say("general.finetune", finetune.to_owned());
    if let Some(template) = chat_template(&model.path)? {
        say("tokenizer.chat_template", template);
    }
    Ok(metadata)
}

/// As llama.cpp's converter has them: user-defined tokens with real spaces and the score -1000. The table has one
/// row a token, and so the list has a token for every row.
fn of_vocabulary(vocabulary: Vocabulary, rows: usize) -> BTreeMap<String, Value> {
    let Vocabulary {
        tokens,
        mut scores,
        mut kinds,
        bos,
        eos,
        unknown,
    } = vocabulary;
    let padding = tokens.iter().position(|text| text == "<pad>");
    kinds.resize(rows, TokenKind::Unused);
    scores.resize(rows, 0.0);
    let mut texts: Vec<String> = tokens.into_iter().map(|text| text.into_owned()).collect();
    texts.truncate(rows);
    texts.extend((texts.len()..rows).map(|id| format!("[PAD{id}]")));
    for ((text, score), kind) in texts.iter_mut().zip(&mut scores).zip(&kinds) {
        if *kind != TokenKind::Normal {
            *score = -1000.0;
        }
        if *kind == TokenKind::UserDefined {
            *text = text.replace('▁', " ");
        }
    }
    let kinds = kinds.into_iter().map(TokenKind::to_gguf).collect();
    let texts = texts.iter().map(String::as_str).collect();
    let text = |text: &str| Value::Text(text.to_owned());
    let mut all = vec![
        ("tokenizer.ggml.model", text("llama")),
        ("tokenizer.ggml.pre", text("default")),
        ("tokenizer.ggml.tokens", Value::Array(Array::Text(texts))),
        ("tokenizer.ggml.scores", Value::Array(Array::F32(scores))),
        ("tokenizer.ggml.token_type", Value::Array(Array::I32(kinds))),
        ("tokenizer.ggml.add_bos_token", Value::Bool(true)),
        ("tokenizer.ggml.add_eos_token", Value::Bool(false)),
        ("tokenizer.ggml.add_space_prefix", Value::Bool(false)),
    ];
    let padding = padding.and_then(|id| u32::try_from(id).ok());
    let ids = [
        ("tokenizer.ggml.bos_token_id", bos),
        ("tokenizer.ggml.eos_token_id", eos),
        ("tokenizer.ggml.unknown_token_id", unknown),
        ("tokenizer.ggml.padding_token_id", padding),
    ];
    all.extend(
        ids.into_iter()
            .filter_map(|(key, id)| Some((key, Value::U32(id?)))),
    );
    let all = all.into_iter();
    all.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The folder's template, for others who read the file: ours is our own.
fn chat_template(folder: &Path) -> Result<Option<String>, Error> {
    let read = |name: &str| -> Result<Option<String>, Error> {
        let path = folder.join(name);
        match path.is_file() {
            true => fs::read_to_string(&path)
                .map(Some)
                .map_err(|source| Error::io("read", &path, source)),
            false => Ok(None),
        }
    };
    if let Some(template) = read("chat_template.jinja")? {
        return Ok(Some(template));
    }
    for name in ["chat_template.json", "tokenizer_config.json"] {
        // What cannot be understood is as good as not there: nobody needs it here.
        let said: Option<serde_json::Value> =
            read(name)?.and_then(|text| serde_json::from_str(&text).ok());
        if let Some(template) = said
            .as_ref()
            .and_then(|said| said["chat_template"].as_str())
        {
            return Ok(Some(template.to_owned()));
        }
    }
    Ok(None)
}

#[test]
fn the_time_left_follows_the_speed_so_far() {
    assert_eq!(seconds_left(900, 50, 100), None);
    assert_eq!(seconds_left(2000, 25, 100), Some(6.0));
    assert_eq!(seconds_left(2000, 0, 100), None);
}

#[test]
fn every_row_of_the_table_has_a_token() {
    let vocabulary = Vocabulary {
        tokens: ["<pad>", "▁▁", "a"].map(Into::into).to_vec(),
        scores: vec![0.0, 0.0, -3.0],
        kinds: vec![
            TokenKind::Control,
            TokenKind::UserDefined,
            TokenKind::Normal,
        ],
        ..Vocabulary::default()
    };
    let all = of_vocabulary(vocabulary.clone(), 4);
    let texts = Array::Text(["<pad>", "  ", "a", "[PAD3]"].into_iter().collect());
    assert_eq!(all["tokenizer.ggml.tokens"], Value::Array(texts));
    let kinds = Value::Array(Array::I32(vec![3, 4, 1, 5]));
    assert_eq!(all["tokenizer.ggml.token_type"], kinds);
    let fewer = of_vocabulary(vocabulary, 2);
    let scores = Value::Array(Array::F32(vec![-1000.0; 2]));
    assert_eq!(fewer["tokenizer.ggml.scores"], scores);
}
