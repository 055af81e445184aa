//! `lectern models disk`: what lies on the disk, and what of it nothing needs any more.

use std::io::{self, Write};

use assistant::{Assistant, Disk, Kind, ModelOnDisk, Place};
use serde_json::{Value, json};

use crate::failure::Failure;

/// Characters of the longest bar.
const WIDTH: u64 = 40;

pub fn disk(assistant: &Assistant, json: bool) -> Result<(), Failure> {
    let disk = assistant.disk()?;
    let text = match json {
        true => format!("{:#}\n", as_json(&disk)),
        false => as_text(&disk),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).map_err(Failure::Output)
}

fn as_text(disk: &Disk) -> String {
    let most = disk.kinds.iter().map(|kind| kind.bytes).max().unwrap_or(0);
    let mut text = String::new();
    for kind in &disk.kinds {
        let filled = (WIDTH * kind.bytes).div_ceil(most.max(1));
        let bar = "#".repeat(filled as usize);
        let (name, bytes) = (name(kind.kind), size(kind.bytes));
        text.push_str(format!("{name:<13} {bytes:>9}  {bar}").trim_end());
        text.push('\n');
    }
    text.push_str(&format!(
        "\n{} of {} are free on the disk of {}\n",
        size(disk.free_bytes),
        size(disk.total_bytes),
        disk.folder.display(),
    ));
    let width = disk.models.iter().map(|model| model.name.chars().count());
    let width = width.max().unwrap_or(0);
    for model in &disk.models {
        let (name, bytes, remarks) = (&model.name, size(model.bytes), remarks(model).join(", "));
        text.push_str(&format!("\n{name:width$}  {bytes:>9}  {remarks}"));
    }
    if !disk.models.is_empty() {
        text.push('\n');
    }
    if !disk.leftovers.is_empty() {
        text.push_str("\nNothing needs these (`lectern models remove NAME` deletes one):\n");
    }
    for leftover in &disk.leftovers {
        let (name, bytes, what) = (&leftover.name, size(leftover.bytes), &leftover.what);
        text.push_str(&format!("{name}  {bytes}\n    {what}\n"));
    }
    text
}

fn remarks(model: &ModelOnDisk) -> Vec<String> {
    let elsewhere = (model.place == Place::Elsewhere).then(|| "lies elsewhere".to_owned());
    let source = model.source.as_ref().map(|source| format!("from {source}"));
    let files = match model.files.len() {
        1 => None,
        n_files => Some(format!("{n_files} files")),
    };
    let never = model.last_used_ms.is_none();
    let never = never.then(|| "has not answered yet".to_owned());
    let remarks = [Some(model.title.clone()), Some(model.format.clone())];
    let more = [files, source, elsewhere, never];
    remarks.into_iter().chain(more).flatten().collect()
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Models => "models",
        Kind::Partials => "half models",
        Kind::PictureCache => "picture cache",
        Kind::PrefixStore => "prefix store",
        Kind::Library => "library",
        Kind::Trash => "trash",
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn as_json(disk: &Disk) -> Value {
    let kinds = disk.kinds.iter().map(|kind| {
        let name = match kind.kind {
            Kind::Models => "models",
            Kind::Partials => "partials",
            Kind::PictureCache => "picture_cache",
            Kind::PrefixStore => "prefix_store",
            Kind::Library => "library",
            Kind::Trash => "trash",
        };
        json!({ "kind": name, "bytes": kind.bytes })
    });
    let models = disk.models.iter().map(|model| {
        let files = model.files.iter();
        let files = files.map(|(name, bytes)| json!({ "name": name, "bytes": bytes }));
        json!({
            "name": model.name,
            "title": model.title,
            "format": model.format,
            "bytes": model.bytes,
            "files": files.collect::<Vec<_>>(),
            "source": model.source,
            "last_used_ms": model.last_used_ms,
            "place": match model.place {
                Place::Ours => "ours",
                Place::Elsewhere => "elsewhere",
            },
        })
    });
    let leftovers = disk.leftovers.iter();
    let leftovers =
        leftovers.map(|it| json!({ "name": it.name, "bytes": it.bytes, "what": it.what }));
    json!({
        "folder": disk.folder,
        "free_bytes": disk.free_bytes,
        "total_bytes": disk.total_bytes,
        "kinds": kinds.collect::<Vec<_>>(),
        "models": models.collect::<Vec<_>>(),
        "leftovers": leftovers.collect::<Vec<_>>(),
    })
}
