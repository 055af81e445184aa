//! What lies on the disk, and what other programs have there.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use assistant::Assistant;
use tauri::async_runtime::spawn_blocking;
use tauri::{State, WebviewWindow, ipc::Channel};
use tauri_plugin_dialog::DialogExt;

use super::aside;
use crate::contract::{Disk, Failure, FoundModel, Model, Verdict, WorkProgress};

/// The flag that ends the check or the move that runs.
#[derive(Default)]
pub struct LongWork(Mutex<Arc<AtomicBool>>);

impl LongWork {
    /// A new one begins; what ran before may as well end.
    fn begin(&self) -> Arc<AtomicBool> {
        let flag = Arc::new(AtomicBool::new(false));
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.store(true, Ordering::Relaxed);
        *running = flag.clone();
        flag
    }

    fn stop(&self) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.store(true, Ordering::Relaxed);
    }
}

/// Everything that Lectern has on the disk.
#[tauri::command]
#[specta::specta]
pub async fn disk(assistant: State<'_, Assistant>) -> Result<Disk, Failure> {
    Ok(aside(assistant, Assistant::disk).await?.into())
}

/// The Gemma 3 models that other programs have here.
#[tauri::command]
#[specta::specta]
pub async fn found_models(assistant: State<'_, Assistant>) -> Result<Vec<FoundModel>, Failure> {
    let found = aside(assistant, Assistant::found_models).await?;
    Ok(found.into_iter().map(FoundModel::from).collect())
}

/// Makes one of them ours where it is, and chooses it.
#[tauri::command]
#[specta::specta]
pub async fn use_in_place(
    assistant: State<'_, Assistant>,
    path: PathBuf,
) -> Result<Model, Failure> {
    let model = aside(assistant, move |assistant| assistant.use_in_place(&path));
    Ok(model.await?.into())
}

/// Compares the files of a model with what was published; null when `stop_work` was called. Damage is a failure.
#[tauri::command]
#[specta::specta]
pub async fn verify_model(
    assistant: State<'_, Assistant>,
    work: State<'_, LongWork>,
    name: String,
    on_progress: Channel<WorkProgress>,
) -> Result<Option<Verdict>, Failure> {
    let stop = work.begin();
    let verdict = aside(assistant, move |assistant| {
        assistant.verify_model(&name, &stop, |done_bytes, total_bytes| {
            // The window may be gone before it ends.
            let _ = on_progress.send(WorkProgress {
                done_bytes,
                total_bytes,
            });
        })
    });
    verdict.await?.map(Verdict::of).transpose()
}

/// Lets the person choose a folder and moves all models there; null when they choose none, or `stop_work` was called.
#[tauri::command]
#[specta::specta]
pub async fn move_models(
    assistant: State<'_, Assistant>,
    work: State<'_, LongWork>,
    window: WebviewWindow,
    on_progress: Channel<WorkProgress>,
) -> Result<Option<String>, Failure> {
    let dialog = window.dialog().file().set_parent(&window);
    let dialog = dialog.set_title("Where the models are to lie");
    let chosen = spawn_blocking(|| dialog.blocking_pick_folder())
        .await
        .map_err(Failure::crashed)?;
    let Some(Ok(folder)) = chosen.map(|folder| folder.into_path()) else {
        return Ok(None);
    };
    let stop = work.begin();
    let moved = aside(assistant, move |assistant| {
        assistant.move_models(&folder, &stop, |done_bytes, total_bytes| {
            // As above; the move goes on.
            let _ = on_progress.send(WorkProgress {
                done_bytes,
                total_bytes,
            });
        })
    });
    Ok(moved.await?.map(|folder| folder.display().to_string()))
}

/// Ends the check or the move that runs.
#[tauri::command]
#[specta::specta]
pub async fn stop_work(work: State<'_, LongWork>) -> Result<(), Failure> {
    work.stop();
    Ok(())
}

/// Deletes what belongs to nothing any more; the bytes that freed.
#[tauri::command]
#[specta::specta]
pub async fn remove_leftover(
    assistant: State<'_, Assistant>,
    name: String,
) -> Result<u64, Failure> {
    aside(assistant, move |assistant| assistant.remove_leftover(&name)).await
}

/// Forgets what models saw in pictures; the bytes that freed. Pictures stay where they are.
#[tauri::command]
#[specta::specta]
pub async fn clear_picture_cache(assistant: State<'_, Assistant>) -> Result<u64, Failure> {
    aside(assistant, Assistant::clear_picture_cache).await
}
