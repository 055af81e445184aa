//! `lectern models recommend`: what can be fetched, and what of it suits this machine.

use std::io::{self, Write};

use assistant::{Assistant, Fit, Offer, Offers, Tuning};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::interrupt::on_interrupt;
use crate::progress::Bar;

pub fn recommend(
    assistant: &Assistant,
    context: Option<u32>,
    again: bool,
    json: bool,
) -> Result<(), Failure> {
    if again || !assistant.is_machine_tested() {
        test_machine(assistant)?;
    }
    let offers = assistant.offers(context)?;
    let text = match json {
        true => as_json(&offers).to_string() + "\n",
        false => as_table(&offers),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).map_err(Failure::Output)
}

/// Five seconds, once: speeds are foreseen from it.
fn test_machine(assistant: &Assistant) -> Result<(), Failure> {
    let stop = on_interrupt(|| {})?;
    let mut bar = Bar::new();
    bar.step("Measuring this machine");
    let tested = assistant.test_machine(&stop, |done, all| bar.steps(done, all))?;
    bar.end();
    match tested {
        true => Ok(()),
        false => Err(Failure::Interrupted),
    }
}

fn as_table(offers: &Offers) -> String {
    let width = offers.offers.iter().map(|offer| offer.name.len()).max();
    let width = width.unwrap_or(0);
    let mut table = format!(
        "  {:width$}  {:>9}  {:>9}  {:>8}  {:>8}\n",
        "", "to fetch", "memory", "reads", "writes"
    );
    for offer in &offers.offers {
        let mark = if offer.is_recommended { "*" } else { " " };
        let line = format!(
            "{mark} {:width$}  {:>9}  {:>9}  {:>8}  {:>8}  {}",
            offer.name,
            gigabytes(offer.download_bytes),
            gigabytes(offer.memory_bytes),
            per_second(offer.speed.map(|speed| speed.reading)),
            per_second(offer.speed.map(|speed| speed.writing)),
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
        "\n* to begin with. Memory is told for {} tokens of context and weighed against {machine}; speeds are tokens a second, foreseen from a test of this machine.\n",
        offers.context_tokens,
    ));
    table
}

fn per_second(tokens: Option<f64>) -> String {
    match tokens {
        None => "?".to_owned(),
        Some(tokens) if tokens < 10.0 => format!("{tokens:.1}"),
        Some(tokens) => format!("{tokens:.0}"),
    }
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
            "longest_context_tokens": offer.longest_context_tokens,
            "reading_tokens_per_second": offer.speed.map(|speed| speed.reading),
            "writing_tokens_per_second": offer.speed.map(|speed| speed.writing),
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
