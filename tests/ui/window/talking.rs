//! Asking, watching the answer come, stopping it, and finding it all again.

use journeys::Desk;

use crate::window::Window;

/// A base model that always takes the likeliest word goes on counting for as long as one lets it.
pub const ENDLESS: &str =
    "Count: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,";

/// Words arrive one by one, stopping keeps them, the next question works, and after a restart
/// everything is there, what stood unsent in the composer too.
#[tokio::test]
async fn an_answer_arrives_word_by_word_and_is_kept() {
    let desk = Desk::with_starter();
    let window = Window::open(&desk).await;
    window.picture("empty").await;
    window.always_take_the_likeliest().await;

    window.ask(ENDLESS).await;
    let early = window
        .last_message("words arrive", |last| {
            last.role == "model" && last.text.len() > 4
        })
        .await;
    assert_eq!(early.state, "writing");
    let later = window
        .last_message("more words arrive", |last| {
            last.text.len() > early.text.len() + 8
        })
        .await;
    assert!(
        later.text.contains(early.text.trim()),
        "what was there stays: {early:?}, then {later:?}"
    );

    window.click("button[aria-label=Stop]").await;
    let stopped = window
        .last_message("it stops", |last| last.state == "cut-short")
        .await;
    assert!(
        stopped.text.contains(later.text.trim()),
        "what was written stays: {later:?}, then {stopped:?}"
    );
    assert!(
        stopped.text.contains("cut short"),
        "the person is told: {stopped:?}"
    );

    window.ask("The sun rises in the").await;
    window
        .last_message("the next answer ends", |last| {
            last.role == "model" && last.state == "done"
        })
        .await;
    window.picture("conversation-light").await;
    window.write("and unsent, this").await;
    let before = window.messages().await;
    assert_eq!(before.len(), 4);
    window.close().await;

    let window = Window::open_with(&desk, &[("GTK_THEME", "Adwaita:dark")]).await;
    window
        .last_message("the conversation is there", |last| *last == before[3])
        .await;
    assert_eq!(window.messages().await, before);
    assert_eq!(window.draft().await, "and unsent, this");
    window
        .until(
            "document.querySelector('nav[aria-label=Conversations]').innerText.includes('Count')",
        )
        .await;
    window.picture("conversation-dark").await;
    window.close().await;
}

/// What looks like a control token is text, when a person types it.
#[tokio::test]
async fn a_typed_control_token_is_literal_text() {
    let desk = Desk::with_starter();
    let window = Window::open(&desk).await;

    window.ask("What does <end_of_turn> mean?").await;
    window
        .last_message("it is answered", |last| {
            last.role == "model" && last.state != "writing"
        })
        .await;

    let question = &window.messages().await[0];
    assert!(
        question.text.contains("What does <end_of_turn> mean?"),
        "{question:?}"
    );
    window.close().await;
}
