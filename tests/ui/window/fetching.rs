//! A model comes: measured for, fetched over a bad line, taken in from a file; and goes, and comes back.

use std::fs;
use std::time::Duration;

use journeys::hub::{Fault, Hub, Repositories};
use journeys::{Desk, golden};
use serde_json::Value;

use crate::window::Window;

/// What is recommended on whatever machine this runs.
fn recommended(desk: &Desk) -> (String, String) {
    let output = desk.lectern(&["models", "recommend", "--json"]);
    let offers: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let offers = offers["offers"].as_array().expect("offers").clone();
    let found = offers
        .into_iter()
        .find(|offer| offer["is_recommended"] == true);
    let found = found.expect("one is recommended");
    let text = |key: &str| found[key].as_str().expect("a text").to_owned();
    (text("name"), text("repository"))
}

/// A hub that has the model, small as it may be, behind a line that breaks.
fn hub(name: &str, repository: &str) -> Hub {
    let read = |file: &str| fs::read(golden("tiny-mm").join(file)).expect("the golden model");
    let hub = Repositories::default()
        .with(repository, &format!("{name}.gguf"), read("model.gguf"))
        .with(repository, "mmproj-model-f16.gguf", read("mmproj.gguf"))
        .open();
    hub.plan([
        Some(Fault::HangUpAfter(300_000)),
        Some(Fault::Status(503)),
        Some(Fault::HangUpAfter(200_000)),
    ]);
    hub
}

/// The first screen measures this computer, recommends, fetches though the line drops, and a chat begins; the model is
/// removed and put back.
#[tokio::test]
async fn the_first_model_comes_over_a_bad_line() {
    let desk = Desk::new();
    let (name, repository) = recommended(&desk);
    let hub = hub(&name, &repository);
    let environment = [("HF_ENDPOINT", &*hub.address()), ("LECTERN_HURRY", "20")];
    let window = Window::open_with(&desk, &environment).await;

    window
        .until(
            "/tokens\\/s here/.test(document.querySelector('[data-testid=first-run]').innerText)",
        )
        .await;
    window.picture("recommended").await;
    window.click("[data-testid=first-run] button.primary").await;
    window
        .until("document.querySelector('textarea[aria-label=Message]') !== null")
        .await;
    assert_eq!(hub.figures().faults, 3, "the line broke");

    window.ask("w4 w5").await;
    window
        .last_message("the model says something", |last| {
            last.role == "model" && !last.text.is_empty()
        })
        .await;
    window
        .look("document.querySelector('button[aria-label=Stop]')?.click() ?? true")
        .await;
    window
        .last_message("it ends", |last| last.state != "writing")
        .await;

    window
        .click("button[title^=\"Models on this computer\"]")
        .await;
    window.click("button[aria-label^=\"Remove \"]").await;
    window
        .until("/is removed/.test(document.querySelector('[role=status]').innerText)")
        .await;
    window.picture("model-removed").await;
    let is_listed = |desk: &Desk| {
        let listed = desk.lectern(&["models", "list", "--json"]);
        let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
        listed.as_array().is_some_and(|models| !models.is_empty())
    };
    assert!(!is_listed(&desk));
    window
        .until("[...document.querySelectorAll('button')].find((button) => button.innerText === 'Undo')?.click() ?? true")
        .await;
    window
        .until("document.querySelector('button[aria-label^=\"Remove \"]') !== null")
        .await;
    assert!(is_listed(&desk));
    window.close().await;
}

/// What was coming when the window was killed comes at the next start, without a click.
#[tokio::test]
async fn a_killed_window_goes_on_fetching() {
    let desk = Desk::new();
    let (name, repository) = recommended(&desk);
    let hub = hub(&name, &repository);
    hub.hold_at(600_000);
    let environment = [("HF_ENDPOINT", &*hub.address()), ("LECTERN_HURRY", "20")];
    let window = Window::open_with(&desk, &environment).await;
    window.click("[data-testid=first-run] button.primary").await;
    while !hub.is_soon_held() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    window.kill();

    hub.go_on();
    let window = Window::open_with(&desk, &environment).await;
    window
        .until("document.querySelector('textarea[aria-label=Message]') !== null")
        .await;
    window.close().await;
}

/// A model's file that is dropped on the window becomes a model; another file says what it is.
#[tokio::test]
async fn a_dropped_file_becomes_a_model() {
    let desk = Desk::new();
    let window = Window::open(&desk).await;
    drop_file(
        &window,
        "page.gguf",
        b"<!doctype html><title>Not found</title>",
    )
    .await;
    window
        .until(
            "/not a GGUF file/.test(document.querySelector('[data-testid=first-run]').innerText)",
        )
        .await;
    window.picture("dropped-page").await;
    let model = fs::read(golden("tiny-mm/model.gguf")).expect("the golden model");
    drop_file(&window, "tiny one.gguf", &model).await;
    window
        .until("document.querySelector('textarea[aria-label=Message]') !== null")
        .await;
    let here = desk.home().join("models/tiny one.gguf");
    assert_eq!(fs::read(here).expect("the model"), model);
    window.close().await;
}

/// As a file manager does it: the page is handed a file with these bytes.
async fn drop_file(window: &Window, name: &str, bytes: &[u8]) {
    // In pieces, because a script may not be too long.
    window.look("(window.dropped = []) && true").await;
    for piece in bytes.chunks(200_000) {
        let codes: Vec<String> = piece.iter().map(u8::to_string).collect();
        let codes = codes.join(",");
        window
            .look(&format!(
                "window.dropped.push(new Uint8Array([{codes}])) > 0"
            ))
            .await;
    }
    window
        .look(&format!(
            "(() => {{ const data = new DataTransfer(); \
             data.items.add(new File(window.dropped, '{name}')); \
             const at = document.querySelector('[data-testid=first-run]'); \
             return at.dispatchEvent(new DragEvent('drop', {{ bubbles: true, dataTransfer: data }})) || true; }})()"
        ))
        .await;
}
