//! The models that are to come, and the token that some need.

use assistant::Assistant;
use tauri::{State, ipc::Channel};

use super::aside;
use crate::contract::{Failure, Fetch, HubToken};

/// Hears of every change in the queue, now and from now on, and lets go on what was coming when Lectern was closed.
#[tauri::command]
#[specta::specta]
pub async fn watch_fetches(
    assistant: State<'_, Assistant>,
    on_change: Channel<Vec<Fetch>>,
) -> Result<(), Failure> {
    assistant.watch_fetches(move |all| {
        let all: Vec<Fetch> = all.into_iter().map(Fetch::from).collect();
        on_change.send(all).is_ok()
    });
    assistant.carry_on_fetches();
    Ok(())
}

/// Puts a model into the queue: a name of the offers, or `starter`.
#[tauri::command]
#[specta::specta]
pub async fn queue_fetch(assistant: State<'_, Assistant>, name: String) -> Result<(), Failure> {
    aside(assistant, move |assistant| assistant.queue_fetch(&name)).await
}

/// Lets a fetch wait until it is resumed. What came is kept.
#[tauri::command]
#[specta::specta]
pub async fn pause_fetch(assistant: State<'_, Assistant>, name: String) -> Result<(), Failure> {
    aside(assistant, move |assistant| assistant.pause_fetch(&name)).await
}

/// Lets a fetch go on that waits or was given up.
#[tauri::command]
#[specta::specta]
pub async fn resume_fetch(assistant: State<'_, Assistant>, name: String) -> Result<(), Failure> {
    aside(assistant, move |assistant| assistant.resume_fetch(&name)).await
}

/// Takes a model out of the queue and deletes what came of it; the bytes that freed.
#[tauri::command]
#[specta::specta]
pub async fn cancel_fetch(assistant: State<'_, Assistant>, name: String) -> Result<u64, Failure> {
    aside(assistant, move |assistant| assistant.cancel_fetch_of(&name)).await
}

/// The token of an account on the hub, as much of it as may be seen.
#[tauri::command]
#[specta::specta]
pub async fn hub_token(assistant: State<'_, Assistant>) -> Result<Option<HubToken>, Failure> {
    let token = aside(assistant, Assistant::hub_token).await?;
    Ok(token.map(HubToken::from))
}

/// Asks the hub whether it knows the token, and keeps it.
#[tauri::command]
#[specta::specta]
pub async fn keep_hub_token(
    assistant: State<'_, Assistant>,
    token: String,
) -> Result<HubToken, Failure> {
    let kept = aside(assistant, move |assistant| assistant.keep_hub_token(&token));
    Ok(kept.await?.into())
}

/// Deletes it.
#[tauri::command]
#[specta::specta]
pub async fn forget_hub_token(assistant: State<'_, Assistant>) -> Result<(), Failure> {
    aside(assistant, Assistant::forget_hub_token).await
}
