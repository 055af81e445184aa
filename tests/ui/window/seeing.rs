//! Pictures, from the clipboard into the conversation.

use journeys::{Desk, golden};

use crate::window::Window;

/// Pictures that have arrived on the screen, by what holds them.
fn drawn(within: &str) -> String {
    format!(
        "[...document.querySelectorAll('{within} img')].filter((img) => img.naturalWidth > 0).length"
    )
}

/// A screenshot is pasted, shown with its pieces and what they cost, looked at by the model, and is
/// there after a restart; the page never gets the file itself, only what Lectern drew of it.
#[tokio::test]
async fn a_pasted_screenshot_is_seen_and_kept() {
    let desk = Desk::with_eyes();
    let window = Window::open(&desk).await;

    window.paste("image/png", &golden("tiny-mm/wide.png")).await;
    window
        .until(&format!("{} === 1", drawn("[data-testid=pictures]")))
        .await;
    window
        .until(
            "document.querySelector('[data-testid=pictures]').innerText.includes('1,280 tokens')",
        )
        .await;
    let pieces = "document.querySelectorAll('[data-testid=pictures] rect:not(.under)').length";
    assert_eq!(window.look(pieces).await, 4);
    window.picture("picture-composer").await;

    window.choose(&golden("tiny-mm/small.png")).await;
    window
        .until(&format!("{} === 2", drawn("[data-testid=pictures]")))
        .await;
    window.picture("picture-two").await;
    window
        .click("button[aria-label=\"Remove picture 2\"]")
        .await;
    window
        .until("document.querySelectorAll('[data-testid=pictures] img').length === 1")
        .await;

    window.ask("w4 w5").await;
    window
        .last_message("the model says something of it", |last| {
            last.role == "model" && !last.text.is_empty()
        })
        .await;
    // It knows no end of a turn; it may have come to one all the same.
    window
        .look("document.querySelector('button[aria-label=Stop]')?.click() ?? true")
        .await;
    window
        .last_message("it ends", |last| last.state != "writing")
        .await;
    let shown = drawn("article[data-role=user]");
    window.until(&format!("{shown} === 1")).await;
    assert_eq!(window.draft().await, "");
    window.picture("picture-conversation").await;

    window.click("article[data-role=user] button").await;
    let large = "document.querySelector('[data-testid=large] img')?.naturalWidth === 1800";
    window.until(large).await;
    window.picture("picture-large").await;
    let sources =
        "[...document.querySelectorAll('img')].every((img) => img.src.startsWith('picture:'))";
    assert_eq!(window.look(sources).await, true);
    window.close().await;

    let window = Window::open(&desk).await;
    window.until(&format!("{shown} === 1")).await;
    window.close().await;
}
