//! `lectern models refresh`: the catalogue beside what the hub has now.

use std::io::{self, Write};

use assistant::{Assistant, Refreshed};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::interrupt::on_interrupt;
use crate::models::megabytes;
use crate::progress::Bar;

/// Progress goes to standard error, so that standard output holds only the result.
pub fn refresh(assistant: &Assistant, json: bool) -> Result<(), Failure> {
    let stop = on_interrupt(|| ())?;
    let mut bar = Bar::new();
    let rows = assistant.refresh_catalogue(&stop, |done, all| bar.steps(done, all));
    bar.end();
    let rows = rows?.ok_or(Failure::Interrupted)?;
    let text = match json {
        true => format!("{:#}\n", Value::Array(rows.iter().map(as_json).collect())),
        false => table(&rows),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).map_err(Failure::Output)
}

fn table(rows: &[Refreshed]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut table = String::new();
    for row in rows {
        let mark = if row.is_right { "✓" } else { "✗" };
        let revision = row.revision.as_deref().unwrap_or("").get(..7);
        let line = format!(
            "{mark} {:width$}  {:>9}  {:7}  {}",
            row.name,
            megabytes(row.bytes),
            revision.unwrap_or(""),
            row.remarks.join("; "),
        );
        table.push_str(line.trim_end());
        table.push('\n');
    }
    let right = rows.iter().filter(|row| row.is_right).count();
    table.push_str(&format!(
        "\n{right} of {} are on the hub as the catalogue says.\n",
        rows.len()
    ));
    table
}

fn as_json(row: &Refreshed) -> Value {
    let files = row
        .files
        .iter()
        .map(|file| json!({ "name": file.name, "bytes": file.bytes, "sha256": file.sha256 }));
    json!({
        "name": row.name,
        "repository": row.repository,
        "revision": row.revision,
        "licence": row.licence,
        "bytes": row.bytes,
        "files": files.collect::<Vec<_>>(),
        "is_right": row.is_right,
        "remarks": row.remarks,
    })
}
