//! `lectern models verify`: whether the files are what they were.

use std::io::{self, Write};

use assistant::{Assistant, Checked, Verdict};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::interrupt::on_interrupt;
use crate::progress::Bar;

/// Progress goes to standard error, so that standard output holds only the result. One that is damaged does not keep the
/// others from being looked at.
pub fn verify(assistant: &Assistant, name: Option<&str>, json: bool) -> Result<(), Failure> {
    let stop = on_interrupt(|| ())?;
    let names = match name {
        Some(name) => vec![name.to_owned()],
        None => assistant.model_names()?,
    };
    let mut verdicts = Vec::new();
    for name in names {
        let mut bar = Bar::new();
        let verdict = assistant.verify_model(&name, &stop, |done_bytes, total_bytes| {
            bar.progress(done_bytes, total_bytes, None);
        });
        bar.end();
        verdicts.push(verdict?.ok_or(Failure::Interrupted)?);
    }
    let text = match json {
        true => format!(
            "{:#}\n",
            Value::Array(verdicts.iter().map(as_json).collect())
        ),
        false => verdicts.iter().map(as_text).collect(),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).map_err(Failure::Output)?;
    let damaged = verdicts.iter().filter(|verdict| !verdict.is_whole());
    match damaged.map(|it| it.name.clone()).collect::<Vec<_>>() {
        damaged if damaged.is_empty() => Ok(()),
        names => Err(Failure::Damaged {
            names: names.join(", "),
        }),
    }
}

fn as_text(verdict: &Verdict) -> String {
    let mut text = format!("{}: ", verdict.name);
    text.push_str(match (verdict.is_whole(), verdict.checked()) {
        (true, Checked::Hash) => "every byte is as it was published\n",
        (true, Checked::Structure) => "nothing is missing; its hashes are not known\n",
        (false, _) => "damaged\n",
    });
    for file in &verdict.files {
        if let Some(damage) = &file.damage {
            text.push_str(&format!("    {}: {damage}\n", file.name));
        }
    }
    text
}

fn as_json(verdict: &Verdict) -> Value {
    let checked = |checked| match checked {
        Checked::Hash => "hash",
        Checked::Structure => "structure",
    };
    let files = verdict.files.iter().map(|file| {
        json!({ "name": file.name, "checked": checked(file.checked), "damage": file.damage })
    });
    json!({
        "name": verdict.name,
        "bytes": verdict.bytes,
        "is_whole": verdict.is_whole(),
        "checked": checked(verdict.checked()),
        "files": files.collect::<Vec<_>>(),
    })
}
