//! `lectern models recommend`: what can be fetched, and what of it suits this machine.

use std::io::{self, Write};

use assistant::{Assistant, Fit, Offer, Offers, Tuning};
use serde_json::{Value, json};

use crate::failure::Failure;

pub fn recommend(assistant: &Assistant, json: bool) -> Result<(), Failure> {
    let offers = assistant.offers()?;
    let text = match json {
        true => as_json(&offers).to_string() + "\n",
        false => as_table(&offers),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).map_err(Failure::Output)
}

fn as_table(offers: &Offers) -> String {
    let width = offers.offers.iter().map(|offer| offer.name.len()).max();
    let width = width.unwrap_or(0);
    let mut table = format!("  {:width$}  {:>9}  {:>9}\n", "", "to fetch", "memory");
    for offer in &offers.offers {
        let mark = if offer.is_recommended { "*" } else { " " };
        let line = format!(
            "{mark} {:width$}  {:>9}  {:>9}  {}",
            offer.name,
            gigabytes(offer.download_bytes),
            gigabytes(offer.memory_bytes),
            remarks(offer).join(", "),
        );
        table.push_str(line.trim_end());
        table.push('\n');
    }
    let machine = match offers.machine_bytes {
        0 => "memory that this machine does not tell".to_owned(),
        bytes => format!("the {} of this machine", gigabytes(bytes)),
    };
    table.push_str(&format!(
        "\n* to begin with. Memory is told for {} tokens of context and weighed against {machine}.\n",
        offers.context_tokens,
    ));
    table
}

fn remarks(offer: &Offer) -> Vec<&'static str> {
    let remarks = [
        (offer.is_here, "here"),
        (offer.fit == Fit::Tightly, "only if not much else runs"),
        (offer.fit == Fit::No, "too large for this machine"),
        (offer.has_eyes, "sees pictures"),
        (offer.tuning == Tuning::Pretrained, "continues text"),
        (offer.is_gated, "needs an account on the hub"),
    ];
    let true_ones = remarks.into_iter().filter(|(holds, _)| *holds);
    true_ones.map(|(_, words)| words).collect()
}

fn as_json(offers: &Offers) -> Value {
    let offer = |offer: &Offer| {
        json!({
            "name": offer.name,
            "title": offer.title,
            "format": offer.format,
            "tuning": match offer.tuning {
                Tuning::Pretrained => "pretrained",
                Tuning::Instructed => "instructed",
            },
            "has_eyes": offer.has_eyes,
            "context_tokens": offer.context_tokens,
            "repository": offer.repository,
            "is_gated": offer.is_gated,
            "download_bytes": offer.download_bytes,
            "memory_bytes": offer.memory_bytes,
            "fits": match offer.fit {
                Fit::Well => "well",
                Fit::Tightly => "tightly",
                Fit::No => "no",
            },
            "is_here": offer.is_here,
            "is_recommended": offer.is_recommended,
        })
    };
    json!({
        "machine_bytes": offers.machine_bytes,
        "context_tokens": offers.context_tokens,
        "offers": offers.offers.iter().map(offer).collect::<Vec<_>>(),
    })
}

fn gigabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
