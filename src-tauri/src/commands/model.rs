//! The models on this machine.

use std::sync::atomic::AtomicBool;

use assistant::Assistant;
use tauri::async_runtime::spawn_blocking;
use tauri::{State, WebviewWindow, ipc::Channel};
use tauri_plugin_dialog::DialogExt;

use super::aside;
use crate::contract::{Failure, FetchEvent, Model, ModelState, Offers, TestProgress};

/// Every model in the models folder, by name.
#[tauri::command]
#[specta::specta]
pub async fn list_models(assistant: State<'_, Assistant>) -> Result<Vec<Model>, Failure> {
    let all = aside(assistant, Assistant::models).await?;
    Ok(all.into_iter().map(Model::from).collect())
}

/// Which model answers the next question.
#[tauri::command]
#[specta::specta]
pub async fn model_state(assistant: State<'_, Assistant>) -> Result<ModelState, Failure> {
    Ok(aside(assistant, Assistant::model_state).await?.into())
}

/// Chats use this model from now on.
#[tauri::command]
#[specta::specta]
pub async fn choose_model(
    assistant: State<'_, Assistant>,
    name: String,
) -> Result<ModelState, Failure> {
    Ok(
        aside(assistant, move |assistant| assistant.choose_model(&name))
            .await?
            .into(),
    )
}

/// Loads the chosen model now, so that the first question need not wait for it.
#[tauri::command]
#[specta::specta]
pub async fn load_model(assistant: State<'_, Assistant>) -> Result<ModelState, Failure> {
    Ok(aside(assistant, Assistant::load_model).await?.into())
}

/// Lets the person choose a GGUF file and takes it in; null when they choose none, or cancel (`cancel_fetch`).
#[tauri::command]
#[specta::specta]
pub async fn open_model_file(
    assistant: State<'_, Assistant>,
    window: WebviewWindow,
    on_event: Channel<FetchEvent>,
) -> Result<Option<Model>, Failure> {
    let dialog = window
        .dialog()
        .file()
        .set_parent(&window)
        .set_title("Open a model");
    let dialog = dialog.add_filter("Gemma 3 as GGUF", &["gguf"]);
    let chosen = spawn_blocking(|| dialog.blocking_pick_file())
        .await
        .map_err(Failure::crashed)?;
    let Some(Ok(file)) = chosen.map(|file| file.into_path()) else {
        return Ok(None);
    };
    let opened = aside(assistant, move |assistant| {
        assistant.open_model(&file, None, |event| {
            // The window may be gone before the file is here.
            let _ = on_event.send(event.into());
        })
    });
    Ok(opened.await?.map(Model::from))
}

/// Deletes a model; the bytes that freed.
#[tauri::command]
#[specta::specta]
pub async fn remove_model(assistant: State<'_, Assistant>, name: String) -> Result<u64, Failure> {
    aside(assistant, move |assistant| assistant.remove_model(&name)).await
}

/// Fetches the starter model and tells how far it is; returns when it is there or was cancelled.
#[tauri::command]
#[specta::specta]
pub async fn fetch_starter(
    assistant: State<'_, Assistant>,
    on_event: Channel<FetchEvent>,
) -> Result<(), Failure> {
    let fetch = aside(assistant, move |assistant| {
        assistant.fetch_starter(|event| {
            // The window may be gone before the model is here; what arrived is kept.
            let _ = on_event.send(event.into());
        })
    });
    fetch.await
}

/// What can be fetched, weighed against this machine with a context of so many tokens; null is the usual.
#[tauri::command]
#[specta::specta]
pub async fn list_offers(
    assistant: State<'_, Assistant>,
    context_tokens: Option<u32>,
) -> Result<Offers, Failure> {
    let offers = aside(assistant, move |assistant| assistant.offers(context_tokens));
    Ok(offers.await?.into())
}

/// Measures this machine for about five seconds, so that speeds are known; false if an answer is being written.
#[tauri::command]
#[specta::specta]
pub async fn test_machine(
    assistant: State<'_, Assistant>,
    on_progress: Channel<TestProgress>,
) -> Result<bool, Failure> {
    let never = AtomicBool::new(false);
    let test = aside(assistant, move |assistant| {
        assistant.test_machine(&never, |done, all| {
            let (done, all) = (done as u32, all as u32);
            // The window may be gone before it ends; what was found is kept.
            let _ = on_progress.send(TestProgress { done, all });
        })
    });
    test.await
}

/// Fetches one of them, as `fetch_starter` does.
#[tauri::command]
#[specta::specta]
pub async fn fetch_model(
    assistant: State<'_, Assistant>,
    name: String,
    on_event: Channel<FetchEvent>,
) -> Result<(), Failure> {
    let fetch = aside(assistant, move |assistant| {
        assistant.fetch_model(&name, |event| {
            // As above.
            let _ = on_event.send(event.into());
        })
    });
    fetch.await
}

/// Makes a running fetch end.
#[tauri::command]
#[specta::specta]
pub async fn cancel_fetch(assistant: State<'_, Assistant>) -> Result<(), Failure> {
    assistant.cancel_fetch();
    Ok(())
}
