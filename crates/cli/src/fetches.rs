//! `lectern models download|pause|resume|cancel`: models on their way here.

use assistant::{Assistant, FetchEvent, FetchState, Model};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::interrupt::on_interrupt;
use crate::models::{as_json, megabytes, say};
use crate::progress::Bar;

/// Progress goes to standard error, so that standard output holds only the result.
pub fn download(assistant: &Assistant, name: &str, json: bool) -> Result<(), Failure> {
    listen(assistant)?;
    let model = follow(assistant, name)?.ok_or(Failure::Interrupted)?;
    let sentence = format!("{} is here and chosen", model.name);
    say(json, &as_json(&model), &sentence)
}

pub fn pause(assistant: &Assistant, name: &str, json: bool) -> Result<(), Failure> {
    assistant.pause_fetch(name)?;
    let sentence = format!("{name} waits; `lectern models resume {name}` lets it go on");
    say(json, &json!({ "name": name, "state": "paused" }), &sentence)
}

/// The one of this name, or all that were coming when Lectern was closed.
pub fn resume(assistant: &Assistant, name: Option<&str>, json: bool) -> Result<(), Failure> {
    if let Some(name) = name {
        assistant.resume_fetch(name)?;
        return download(assistant, name, json);
    }
    listen(assistant)?;
    // Asked before they go on: what fails at once is to be said.
    let coming = assistant.fetches()?.into_iter().filter(|fetch| {
        matches!(
            fetch.state,
            FetchState::Waiting | FetchState::Running { .. }
        )
    });
    assistant.carry_on_fetches();
    let (mut here, mut failed) = (Vec::new(), None);
    for fetch in coming {
        match follow(assistant, &fetch.name) {
            Ok(Some(model)) => here.push(model),
            Ok(None) => return Err(Failure::Interrupted),
            // The others come all the same.
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    let names: Vec<_> = here.iter().map(|model| model.name.as_str()).collect();
    let sentence = match names.as_slice() {
        [] => "nothing was on its way".to_owned(),
        [name] => format!("{name} is here"),
        names => format!("{} are here", names.join(", ")),
    };
    let models = here.iter().map(as_json).collect();
    say(json, &Value::Array(models), &sentence)
}

pub fn cancel(assistant: &Assistant, name: &str, json: bool) -> Result<(), Failure> {
    let freed_bytes = assistant.cancel_fetch_of(name)?;
    let value = json!({ "name": name, "freed_bytes": freed_bytes });
    let freed = megabytes(freed_bytes);
    let sentence = format!("{name} does not come any more, {freed} are free again");
    say(json, &value, &sentence)
}

/// Ctrl+C lets the model wait that is waited for.
fn listen(assistant: &Assistant) -> Result<(), Failure> {
    let cancelling = assistant.clone();
    on_interrupt(move || cancelling.cancel_fetch()).map(drop)
}

/// Waits until it is here; `None` if it is made to wait, by Ctrl+C or by another Lectern.
fn follow(assistant: &Assistant, name: &str) -> Result<Option<Model>, Failure> {
    let (mut bar, mut here) = (Bar::new(), None);
    let outcome = assistant.fetch_model(name, |event| match event {
        FetchEvent::Step(what) => bar.step(&what),
        FetchEvent::Progress {
            done_bytes,
            total_bytes,
            seconds_left,
        } => bar.progress(done_bytes, total_bytes, seconds_left),
        FetchEvent::Done(model) => here = Some(model),
        FetchEvent::Cancelled => {
            bar.step(&format!(
                "It waits; `lectern models resume {name}` lets it go on"
            ));
        }
    });
    bar.end();
    outcome?;
    Ok(here)
}
