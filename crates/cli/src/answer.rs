//! `lectern ask` and `lectern complete`: an answer, streamed.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use assistant::{
    Ask as Question, AskOutcome, AskPictures, Assistant, Looking, PanAndScan, Sampling,
};
use serde_json::json;

use crate::arguments::{Ask, Complete, Writing};
use crate::failure::Failure;
use crate::interrupt::on_interrupt;

pub fn ask(assistant: &Assistant, ask: &Ask) -> Result<(), Failure> {
    let text = text_of(&ask.text)?;
    let question = question(&text, ask.system.as_deref(), &ask.writing);
    let pictures = AskPictures {
        files: &ask.image,
        pan_and_scan: ask.pan_and_scan.then(PanAndScan::default),
    };
    stream(ask.writing.json, |stop, on_text| {
        assistant.ask_about(&question, &pictures, stop, say_where_it_looks(), on_text)
    })
}

pub fn complete(assistant: &Assistant, complete: &Complete) -> Result<(), Failure> {
    let text = text_of(&complete.text)?;
    let question = question(&text, None, &complete.writing);
    stream(complete.writing.json, |stop, on_text| {
        assistant.complete(&question, stop, on_text)
    })
}

/// One line for each look at a picture, as it begins.
fn say_where_it_looks() -> impl FnMut(Looking) {
    let mut said = 0;
    move |looking| {
        let Looking { view, views, .. } = looking;
        if view > said {
            said = view;
            // Only for who watches; a closed standard error changes no answer.
            let _ = writeln!(io::stderr(), "looking at the picture ({view} of {views})");
        }
    }
}

/// What was typed, or standard input for `-`.
fn text_of(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(Failure::Input)?;
    Ok(text)
}

fn question<'a>(text: &'a str, system: Option<&'a str>, writing: &'a Writing) -> Question<'a> {
    let usual = Sampling::RECOMMENDED;
    Question {
        model: writing.model.as_deref(),
        system,
        text,
        sampling: Sampling {
            temperature: writing.temperature.unwrap_or(usual.temperature),
            top_k: writing.top_k.unwrap_or(usual.top_k),
            top_p: writing.top_p.unwrap_or(usual.top_p),
            min_p: writing.min_p.unwrap_or(usual.min_p),
            seed: writing.seed,
        },
        max_tokens: writing.max_tokens,
    }
}

/// Runs `answer`, printing every piece at once (or all of it as JSON at the end) until Ctrl+C.
fn stream(
    json: bool,
    answer: impl FnOnce(&AtomicBool, &mut dyn FnMut(&str)) -> Result<AskOutcome, assistant::Error>,
) -> Result<(), Failure> {
    let stop = on_interrupt(|| {})?;
    let mut out = io::stdout().lock();
    let mut written = Ok(());

    let outcome = answer(&stop, &mut |piece| {
        if json || written.is_err() {
            return;
        }
        written = out.write_all(piece.as_bytes()).and_then(|()| out.flush());
        if written.is_err() {
            // Nobody reads any more: the rest need not be computed.
            stop.store(true, Ordering::Relaxed);
        }
    });
    written.map_err(Failure::Output)?;
    let outcome = outcome?;

    match json {
        true => writeln!(out, "{}", as_json(&outcome)),
        false => writeln!(out),
    }
    .map_err(Failure::Output)?;
    match stop.load(Ordering::Relaxed) {
        true => Err(Failure::Interrupted),
        false => Ok(()),
    }
}

fn as_json(outcome: &AskOutcome) -> serde_json::Value {
    json!({
        "text": outcome.text,
        "model": outcome.model,
        "prompt_tokens": outcome.prompt_tokens,
        "answer_tokens": outcome.answer_tokens,
        "prompt_seconds": outcome.prompt_seconds,
        "answer_seconds": outcome.answer_seconds,
        "seed": outcome.seed,
        "cut_short": outcome.cut_short,
    })
}
