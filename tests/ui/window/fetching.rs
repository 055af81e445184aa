//! A model comes: measured for, fetched over a bad line, taken in from a file; and goes, and comes back.

use std::fs;
use std::path::Path;

use journeys::hub::{Fault, Hub, Repositories};
use journeys::{Desk, golden};
use serde_json::Value;

use crate::window::{Window, soon};

/// A model that fits any machine, whatever is recommended on this one.
const FETCH: &str = "button[aria-label=\"Fetch Gemma 3 1B, Q4_K_M\"]";
const REPOSITORY: &str = "ggml-org/gemma-3-1b-it-GGUF";

/// A hub that has `model` for it, behind a line that breaks.
fn hub(model: &Path) -> Hub {
    let model = fs::read(model).expect("a model");
    let hub = Repositories::default()
        .with(REPOSITORY, "gemma-3-1b-it-Q4_K_M.gguf", model)
        .open();
    hub.plan([
        Some(Fault::HangUpAfter(300_000)),
        Some(Fault::Status(503)),
        Some(Fault::HangUpAfter(200_000)),
    ]);
    hub
}

/// Asks for it on the first screen.
async fn fetch(window: &Window) {
    press(window, "More models…").await;
    window.click(FETCH).await;
}

/// Clicks the button that says `words`, once it is there.
async fn press(window: &Window, words: &str) {
    let button = format!(
        "[...document.querySelectorAll('button')].find((button) => button.innerText.trim() === '{words}')"
    );
    window
        .until(&format!(
            "((button) => button && (button.click(), true))({button}) ?? null"
        ))
        .await;
}

/// The first screen measures this computer, recommends, fetches though the line drops, and a chat begins; the model is
/// removed and put back.
#[tokio::test]
async fn the_first_model_comes_over_a_bad_line() {
    let desk = Desk::new();
    let hub = hub(&journeys::starter()); // which can chat
    let environment = [("HF_ENDPOINT", &*hub.address()), ("LECTERN_HURRY", "20")];
    let window = Window::open_with(&desk, &environment).await;

    window
        .until(
            "/tokens\\/s here/.test(document.querySelector('[data-testid=first-run]').innerText)",
        )
        .await;
    window.picture("recommended").await;
    fetch(&window).await;
    window.picture("queue").await;
    window
        .until("document.querySelector('textarea[aria-label=Message]') !== null")
        .await;
    window.click("dialog button[aria-label=Close]").await;
    assert_eq!(hub.figures().faults, 3, "the line broke");

    window.ask("The sun rises in the").await;
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
        .until("/is removed/.test(document.body.innerText)")
        .await;
    window.picture("model-removed").await;
    let is_listed = |desk: &Desk| {
        let listed = desk.lectern(&["models", "list", "--json"]);
        let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
        listed.as_array().is_some_and(|models| !models.is_empty())
    };
    assert!(!is_listed(&desk));
    press(&window, "Undo").await;
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
    let hub = hub(&golden("tiny-mm/model.gguf"));
    hub.hold_at(600_000);
    let environment = [("HF_ENDPOINT", &*hub.address()), ("LECTERN_HURRY", "20")];
    let window = Window::open_with(&desk, &environment).await;
    fetch(&window).await;
    soon("half of it came", async || hub.is_soon_held().then_some(())).await;
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
            "/page.gguf is neither a GGUF file/.test(document.querySelector('[data-testid=first-run]').innerText)",
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
