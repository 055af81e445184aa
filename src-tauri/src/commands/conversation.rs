//! The list of conversations.

use assistant::Assistant;
use tauri::State;

use super::aside;
use crate::contract::{Conversation, Failure};

/// All conversations, the last used first.
#[tauri::command]
#[specta::specta]
pub async fn list_conversations(
    assistant: State<'_, Assistant>,
) -> Result<Vec<Conversation>, Failure> {
    let all = aside(assistant, Assistant::conversations).await?;
    Ok(all.into_iter().map(Conversation::from).collect())
}

/// Begins a conversation.
#[tauri::command]
#[specta::specta]
pub async fn new_conversation(assistant: State<'_, Assistant>) -> Result<Conversation, Failure> {
    Ok(aside(assistant, Assistant::new_conversation).await?.into())
}

/// Gives a conversation another title.
#[tauri::command]
#[specta::specta]
pub async fn rename_conversation(
    assistant: State<'_, Assistant>,
    id: i64,
    title: String,
) -> Result<(), Failure> {
    aside(assistant, move |assistant| {
        assistant.rename_conversation(id, &title)
    })
    .await
}

/// Takes a conversation out of sight; it is gone for good at the next start.
#[tauri::command]
#[specta::specta]
pub async fn delete_conversation(assistant: State<'_, Assistant>, id: i64) -> Result<(), Failure> {
    aside(assistant, move |assistant| {
        assistant.delete_conversation(id)
    })
    .await
}

/// Undoes `delete_conversation`.
#[tauri::command]
#[specta::specta]
pub async fn restore_conversation(assistant: State<'_, Assistant>, id: i64) -> Result<(), Failure> {
    aside(assistant, move |assistant| {
        assistant.restore_conversation(id)
    })
    .await
}
