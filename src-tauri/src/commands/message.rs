//! What is said in a conversation, and what stands unsent.

use std::sync::Arc;

use assistant::{Assistant, Question};
use tauri::{State, ipc::Channel};

use super::aside;
use crate::answers::Answers;
use crate::contract::{Draft, Failure, Message, ReplyEvent, Showing, named};

/// The messages of a conversation, oldest first.
#[tauri::command]
#[specta::specta]
pub async fn list_messages(
    assistant: State<'_, Assistant>,
    conversation: i64,
) -> Result<Vec<Message>, Failure> {
    let all = aside(assistant, move |assistant| assistant.messages(conversation)).await?;
    Ok(all.into_iter().map(Message::from).collect())
}

/// What stands unsent in the composer; null is the composer of a conversation not yet begun.
#[tauri::command]
#[specta::specta]
pub async fn read_draft(
    assistant: State<'_, Assistant>,
    conversation: Option<i64>,
) -> Result<Draft, Failure> {
    let draft = aside(assistant, move |assistant| assistant.draft(conversation)).await?;
    Ok(draft.into())
}

/// Keeps what stands unsent in the composer; a picture that is taken from its last place is forgotten.
#[tauri::command]
#[specta::specta]
pub async fn save_draft(
    assistant: State<'_, Assistant>,
    conversation: Option<i64>,
    text: String,
    pictures: Vec<String>,
) -> Result<(), Failure> {
    let pictures = pictures.iter().map(|id| named(id));
    let pictures = pictures.collect::<Result<Vec<_>, _>>()?;
    aside(assistant, move |assistant| {
        assistant.save_draft(conversation, &text, &pictures)
    })
    .await
}

/// Saves the person's message and streams the model's answer to it; returns when that has ended.
#[tauri::command]
#[specta::specta]
pub async fn send_message(
    assistant: State<'_, Assistant>,
    answers: State<'_, Arc<Answers>>,
    conversation: i64,
    text: String,
    pictures: Vec<Showing>,
    on_event: Channel<ReplyEvent>,
) -> Result<(), Failure> {
    let pictures = pictures
        .iter()
        .map(|it| Ok((named(&it.picture)?, it.pan_and_scan)));
    let pictures = pictures.collect::<Result<Vec<_>, Failure>>()?;
    let answering = answers.begin(conversation);
    let reply = aside(assistant, move |assistant| {
        let _until_saved = answering;
        let question = Question {
            text: &text,
            pictures: &pictures,
        };
        assistant.reply(conversation, question, |event| {
            // The window may be gone before the answer is; the answer is saved all the same.
            let _ = on_event.send(event.into());
        })
    });
    reply.await
}

/// The answer being written in `conversation` ends between two tokens and keeps what it has.
#[tauri::command]
#[specta::specta]
pub async fn stop_reply(assistant: State<'_, Assistant>, conversation: i64) -> Result<(), Failure> {
    assistant.stop_reply(conversation);
    Ok(())
}
