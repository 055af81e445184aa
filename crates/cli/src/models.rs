//! `lectern models`: what is here, what comes and goes.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use assistant::{Assistant, Format, FoundModel, Model, Place, Taking, Tuning};
use serde_json::{Value, json};

use crate::arguments::{Models, To};
use crate::disk::disk;
use crate::failure::Failure;
use crate::interrupt::on_interrupt;
use crate::progress::Bar;
use crate::refresh::refresh;
use crate::verify::verify;
use crate::{fetches, offers, token};

pub fn run(assistant: &Assistant, command: &Models) -> Result<(), Failure> {
    match command {
        Models::List { json } => list(assistant, *json),
        Models::Found { json } => found(assistant, *json),
        Models::Import {
            file,
            mmproj,
            link,
            clone,
            copy,
            json,
        } => {
            let wishes = [
                (*link, Taking::Link),
                (*clone, Taking::Clone),
                (*copy, Taking::Copy),
            ];
            let taking = wishes.into_iter().find(|(is_wished, _)| *is_wished);
            let taking = taking.map(|(_, taking)| taking);
            import(assistant, file, mmproj.as_deref(), taking, *json)
        }
        Models::Convert {
            source,
            to,
            out,
            json,
        } => convert(assistant, source, *to, out, *json),
        Models::Disk { json } => disk(assistant, *json),
        Models::Verify { name, json } => verify(assistant, name.as_deref(), *json),
        Models::Remove { name, json } => {
            let freed_bytes = assistant.delete_model(name)?;
            let sentence = format!("{name} is gone, {} are free again", megabytes(freed_bytes));
            say(
                *json,
                &json!({ "name": name, "freed_bytes": freed_bytes }),
                &sentence,
            )
        }
        Models::Move { folder, json } => move_models(assistant, folder, *json),
        Models::Path { json } => {
            let folder = assistant.models_folder()?;
            say(
                *json,
                &json!({ "path": folder }),
                &folder.display().to_string(),
            )
        }
        Models::Recommend {
            context,
            again,
            json,
        } => offers::recommend(assistant, *context, *again, *json),
        Models::Download { name, base, json } => {
            let starter = if *base { "starter-base" } else { "starter" };
            fetches::download(assistant, name.as_deref().unwrap_or(starter), *json)
        }
        Models::Pause { name, json } => fetches::pause(assistant, name, *json),
        Models::Resume { name, json } => fetches::resume(assistant, name.as_deref(), *json),
        Models::Refresh { json } => refresh(assistant, *json),
        Models::Token { command, json } => token::run(assistant, command.as_ref(), *json),
        Models::Cancel { name, json } => fetches::cancel(assistant, name, *json),
    }
}

fn list(assistant: &Assistant, json: bool) -> Result<(), Failure> {
    let models = assistant.models()?;
    if json {
        let models: Vec<Value> = models.iter().map(as_json).collect();
        return say(true, &Value::Array(models), "");
    }
    let width = models
        .iter()
        .map(|model| model.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut out = io::stdout().lock();
    for model in &models {
        let tuning = match model.tuning {
            Tuning::Pretrained => "base",
            Tuning::Instructed => "chat",
        };
        let eyes = if model.has_eyes { "sees" } else { "text" };
        writeln!(
            out,
            "{:width$}  {:>9}  {:<7}  {tuning}  {eyes}  {}{}",
            model.name,
            megabytes(model.size_bytes),
            model.format,
            model.title,
            whose(model),
        )
        .map_err(Failure::Output)?;
    }
    let unusable = assistant.model_names()?.len().saturating_sub(models.len());
    if 0 < unusable {
        // Only for who watches; a closed standard error changes no list.
        let _ = writeln!(
            io::stderr(),
            "not listed: {unusable} that cannot be used; `lectern models disk` says why"
        );
    }
    Ok(())
}

/// Of a model that is used where it is, whose it is.
fn whose(model: &Model) -> String {
    match (&model.place, &model.program) {
        (Place::Ours, _) => String::new(),
        (Place::Elsewhere, Some(program)) => format!(", {program}'s"),
        (Place::Elsewhere, None) => format!(", at {}", model.path.display()),
    }
}

fn found(assistant: &Assistant, json: bool) -> Result<(), Failure> {
    let found = assistant.found_models()?;
    if json {
        let found = found.iter().map(found_as_json).collect();
        return say(true, &Value::Array(found), "");
    }
    let mut out = io::stdout().lock();
    for model in &found {
        let here = if model.is_here { "  (here)" } else { "" };
        writeln!(
            out,
            "{:<12}  {:>9}  {:<7}  {}{here}\n              {}",
            model.program,
            megabytes(model.size_bytes),
            model.format,
            model.title,
            model.path.display(),
        )
        .map_err(Failure::Output)?;
    }
    Ok(())
}

fn found_as_json(model: &FoundModel) -> Value {
    json!({
        "name": model.name,
        "title": model.title,
        "format": model.format,
        "size_bytes": model.size_bytes,
        "path": model.path,
        "program": model.program,
        "has_eyes": model.has_eyes,
        "tuning": tuning(model.tuning),
        "is_here": model.is_here,
    })
}

/// Progress goes to standard error, so that standard output holds only the result.
fn import(
    assistant: &Assistant,
    file: &Path,
    mmproj: Option<&Path>,
    taking: Option<Taking>,
    json: bool,
) -> Result<(), Failure> {
    /// What takes no longer needs no bar.
    const AT_ONCE: Duration = Duration::from_secs(1);
    let stop = on_interrupt(|| ())?;
    let (mut bar, begun) = (Bar::new(), Instant::now());
    let imported =
        assistant.import_model(file, mmproj, taking, &stop, |done_bytes, total_bytes| {
            if AT_ONCE < begun.elapsed() {
                bar.progress(done_bytes, total_bytes, None);
            }
        });
    bar.end();
    let model = imported?.ok_or(Failure::Interrupted)?;
    let sentence = match model.has_eyes {
        true => format!("{} is here and chosen; it sees pictures", model.name),
        false => format!("{} is here and chosen", model.name),
    };
    say(json, &as_json(&model), &sentence)
}

/// Progress goes to standard error, as above.
fn convert(
    assistant: &Assistant,
    source: &str,
    to: To,
    out: &Path,
    json: bool,
) -> Result<(), Failure> {
    let stop = on_interrupt(|| ())?;
    let mut bar = Bar::new();
    let written = assistant.convert_model(source, format(to), out, &stop, |converting| {
        bar.progress(
            converting.done_bytes,
            converting.total_bytes,
            converting.seconds_left,
        );
    });
    bar.end();
    let size_bytes = written?.ok_or(Failure::Interrupted)?;
    say(
        json,
        &json!({ "path": out, "size_bytes": size_bytes }),
        &format!("{} is there, {}", out.display(), megabytes(size_bytes)),
    )
}

/// Progress goes to standard error, as above.
fn move_models(assistant: &Assistant, folder: &Path, json: bool) -> Result<(), Failure> {
    let stop = on_interrupt(|| ())?;
    let mut bar = Bar::new();
    let moved = assistant.move_models(folder, &stop, |done_bytes, total_bytes| {
        bar.progress(done_bytes, total_bytes, None);
    });
    bar.end();
    let folder = moved?.ok_or(Failure::Interrupted)?;
    let sentence = format!("the models are in {}", folder.display());
    say(json, &json!({ "path": folder }), &sentence)
}

fn format(to: To) -> Format {
    match to {
        To::Q4_0 => Format::Q4_0,
        To::Q4_K => Format::Q4_K,
        To::Q6_K => Format::Q6_K,
        To::F8 => Format::F8,
        To::Q8_0 => Format::Q8_0,
        To::Bf16 => Format::BF16,
    }
}

pub fn say(json: bool, value: &Value, sentence: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match json {
        true => writeln!(out, "{value:#}"),
        false => writeln!(out, "{sentence}"),
    }
    .map_err(Failure::Output)
}

pub fn as_json(model: &Model) -> Value {
    json!({
        "name": model.name,
        "title": model.title,
        "path": model.path,
        "size_bytes": model.size_bytes,
        "format": model.format,
        "tuning": tuning(model.tuning),
        "context_tokens": model.context_tokens,
        "has_eyes": model.has_eyes,
        "place": match model.place {
            Place::Ours => "ours",
            Place::Elsewhere => "elsewhere",
        },
        "program": model.program,
    })
}

fn tuning(tuning: Tuning) -> &'static str {
    match tuning {
        Tuning::Pretrained => "pretrained",
        Tuning::Instructed => "instructed",
    }
}

pub fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}
