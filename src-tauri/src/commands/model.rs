//! The models on this machine.

use std::sync::atomic::AtomicBool;

use assistant::Assistant;
use tauri::{State, ipc::Channel};

use super::aside;
use crate::contract::{Failure, Model, ModelState, Offers, TestProgress};

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

/// Brings a removed model back.
#[tauri::command]
#[specta::specta]
pub async fn restore_model(
    assistant: State<'_, Assistant>,
    name: String,
) -> Result<Model, Failure> {
    let restored = aside(assistant, move |assistant| assistant.restore_model(&name));
    Ok(restored.await?.into())
}

/// Removes a model until Lectern quits, and then for good; the bytes that will be free.
#[tauri::command]
#[specta::specta]
pub async fn remove_model(assistant: State<'_, Assistant>, name: String) -> Result<u64, Failure> {
    aside(assistant, move |assistant| assistant.remove_model(&name)).await
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
