//! Models that a person has: a file or a folder that is chosen, or a file that is dropped on the page.

use assistant::{Assistant, Taking};
use tauri::async_runtime::spawn_blocking;
use tauri::ipc::{Channel, InvokeBody, Request as Call};
use tauri::{State, WebviewWindow};
use tauri_plugin_dialog::DialogExt;

use super::aside;
use crate::contract::{Failure, FetchEvent, Model, Opening};

/// Lets the person choose a model and takes it in, or uses it where it is; null when they choose none, or cancel
/// (`cancel_opening`).
#[tauri::command]
#[specta::specta]
pub async fn open_model(
    assistant: State<'_, Assistant>,
    window: WebviewWindow,
    opening: Opening,
    in_place: bool,
    on_event: Channel<FetchEvent>,
) -> Result<Option<Model>, Failure> {
    let dialog = window.dialog().file().set_parent(&window);
    let dialog = dialog.set_title("Open a model");
    let chosen = spawn_blocking(move || match opening {
        Opening::File => {
            let dialog = dialog.add_filter("Gemma 3 as GGUF", &["gguf"]);
            dialog.blocking_pick_file()
        }
        Opening::Folder => dialog.blocking_pick_folder(),
    });
    let chosen = chosen.await.map_err(Failure::crashed)?;
    let Some(Ok(path)) = chosen.map(|chosen| chosen.into_path()) else {
        return Ok(None);
    };
    let taking = in_place.then_some(Taking::Link);
    let opened = aside(assistant, move |assistant| {
        assistant.open_model(&path, taking, |event| {
            // The window may be gone before the file is here.
            let _ = on_event.send(event.into());
        })
    });
    Ok(opened.await?.map(Model::from))
}

/// Leaves the file that is being taken in, or was dropped, where it is.
#[tauri::command]
#[specta::specta]
pub async fn cancel_opening(assistant: State<'_, Assistant>) -> Result<(), Failure> {
    assistant.cancel_fetch();
    assistant.leave_dropped();
    Ok(())
}

/// A GGUF file was dropped on the page: so it is called, and so many bytes will come.
#[tauri::command]
#[specta::specta]
pub async fn begin_dropped(
    assistant: State<'_, Assistant>,
    name: String,
    total_bytes: u64,
) -> Result<(), Failure> {
    let begun = aside(assistant, move |assistant| {
        assistant.begin_dropped(&name, total_bytes)
    });
    begun.await
}

/// The next piece of it: the body.
#[tauri::command]
pub async fn take_dropped(assistant: State<'_, Assistant>, call: Call<'_>) -> Result<(), Failure> {
    let InvokeBody::Raw(piece) = call.body() else {
        return Err(Failure::new("a file was sent as something else", None));
    };
    let piece = piece.clone();
    aside(assistant, move |assistant| assistant.take_dropped(&piece)).await
}

/// All of it has come; it is chosen.
#[tauri::command]
#[specta::specta]
pub async fn end_dropped(assistant: State<'_, Assistant>) -> Result<Model, Failure> {
    Ok(aside(assistant, Assistant::end_dropped).await?.into())
}
